"""One response as a FHIR R4 QuestionnaireResponse to the Questionnaire that `write` makes.

Source: hl7.org/fhir/R4/questionnaireresponse.html. Items nest as in the Questionnaire and only
those with an answer are there; what has no answer of its own type is left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.definition import Document
from engine.questions import Question
from engine.questions.base import is_not_applicable
from engine.questions.matrix import Matrix
from engine.text import localize
from interchange.fhir.codings import coding, fits_integer, is_whole
from interchange.fhir.writer import canonical
from interchange.node import is_list, is_object

Made = dict[str, Any]
NO_VALUES: Mapping[str, int | float | None] = {}


def questionnaire_response(
    document: Document,
    answers: dict[str, Any],
    *,
    response_id: str,
    version: int,
    authored: str,
    language: str,
    calculated: Sequence[tuple[int, str]] = (),
    values: Mapping[str, int | float | None] = NO_VALUES,
) -> Made:
    """The response as R4 writes it.

    Args:
        answers: normal values by question.
        calculated: what of `values` (computed values and scores by linkId) the Questionnaire has
            as items, as `calculated_items` tells.
        authored: when it was submitted, with its time zone.
    """
    items: list[Made] = []
    for p, page in enumerate(document.pages):
        inner = [
            item
            for question in page.questions
            if (item := _item(question, answers.get(question.id), language)) is not None
        ]
        if inner:
            items.append({"linkId": page.id, "item": inner})
        for place, link in calculated:
            if place == p and (value := values.get(link)) is not None:
                items.append({"linkId": link, "answer": [{"valueDecimal": value}]})
    made: Made = {
        "resourceType": "QuestionnaireResponse",
        "id": response_id,
        "language": language,
        "questionnaire": f"{canonical(document)}|{version}",
        "status": "completed",
        "authored": authored,
    }
    return made | ({"item": items} if items else {})


def _item(question: Question, value: Any, language: str) -> Made | None:
    if value is None or question.valueless or is_not_applicable(value):
        return None
    if isinstance(question, Matrix):
        rows = [
            {"linkId": f"{question.id}.{row}", "answer": [_cell(question, cell, language)]}
            for row, cell in value.items()
            if not is_not_applicable(cell)
        ]
        return {"linkId": question.id, "item": rows} if rows else None
    values: list[Any] = value if is_list(value) else [value]
    return {
        "linkId": question.id,
        "answer": [_answer(question, one, language) for one in values],
    }


def _cell(question: Matrix, value: Any, language: str) -> Made:
    if question.scale is not None:
        return {"valueInteger": value}
    return {"valueCoding": _option(question, value, language)}


def _option(question: Question, option_id: str, language: str) -> Made:
    options: Any = getattr(question, "options", ())
    text = next((o.text for o in options if o.id == option_id), None)
    return coding(question, option_id, localize(text, language) or None)


def _answer(question: Question, value: Any, language: str) -> Made:
    match question.type:
        case "single_choice" | "multi_choice" | "ranking":
            return _chosen(question, value, language)
        case "cascade":
            return {"valueCoding": {"code": value}}
        case "department" | "staff":
            kind = "Organization" if question.type == "department" else "Practitioner"
            return {"valueReference": {"type": kind, "identifier": {"value": value}}}
        case "consent":
            return {"valueBoolean": value["agreed"]}
        case "picture_upload" | "file_upload" | "signature":
            return {"valueAttachment": {"title": value}}
        case "yes_no":
            return {"valueBoolean": value}
        case "date":
            return {"valueDate": value}
        case "time":
            return {"valueTime": f"{value}:00"}
        case "rating" | "nps" | "number":
            if is_whole(question) and fits_integer(value):
                return {"valueInteger": int(value)}
            return {"valueDecimal": value}
        case _:
            return {"valueString": value}


def _chosen(question: Question, value: Any, language: str) -> Made:
    """An option, or the text that was entered in its place (open-choice)."""
    if is_object(value):
        if value.get("text") and value["choice"] == "other":
            return {"valueString": value["text"]}
        made = _option(question, value["choice"], language)
        return {"valueCoding": made | {"display": value.get("text") or made.get("display", "")}}
    options: Any = getattr(question, "options", ())
    option: Any = next((o for o in options if o.id == value), None)
    if option is not None and "fhir_value" in option.ext:
        kind = option.ext["fhir_value"]
        plain: Any = option.ext.get("source_id", option.id)
        return {kind: int(plain) if kind == "valueInteger" else plain}
    return {"valueCoding": _option(question, value, language)}
