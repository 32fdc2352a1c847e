"""Rules, jumps, options' rules and scores go out as FHIR says them, and come back the same."""

import json
from fractions import Fraction
from functools import cache
from typing import Any, cast

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

import engine
from engine.text import localize
from interchange import Conversion, convert
from interchange.fhir import calculated_items, questionnaire_response, read, write
from interchange.node import is_list, is_object
from tests.interchange.fhirpath import Resource
from tests.interchange.forms import Writer, surveys
from tests.interchange.r4 import broken_invariants

Made = dict[str, Any]
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
SURVEYS = 60
FILLINGS = 12


@cache
def drawn() -> tuple[tuple[Writer, engine.Document, Conversion], ...]:
    """Random surveys with what they are in FHIR."""
    return tuple((writer, document, write(document)) for writer, document in surveys(SURVEYS))


class Filled:
    """A Questionnaire with a response to it, as a renderer that knows SDC sees them."""

    def __init__(self, resource: Made, response: Made) -> None:
        self.resource = resource
        self.response = json.loads(json.dumps(response))
        self.response.setdefault("item", [])
        self.paths = Resource(self.response, dict(_weights(resource)))
        self.values: dict[str, Fraction] = {}
        for item in cast(list[Made], resource["item"]):
            expression = _extension(item, "calculatedExpression")
            if expression:
                found = self.paths.evaluate(expression)
                if found:
                    self.values[item["linkId"]] = Fraction(found[0])
                    answer = [{"valueDecimal": Fraction(found[0])}]
                    self.response["item"].append({"linkId": item["linkId"], "answer": answer})

    def asked(self) -> set[str]:
        """The links that are enabled, in pages that are."""
        found: set[str] = set()
        for page in cast(list[Made], self.resource["item"]):
            if page["type"] == "group" and self._is_enabled(page):
                found |= {item["linkId"] for item in page["item"] if self._is_enabled(item)}
        return found

    def hidden_options(self, item: Made) -> set[str]:
        """The codes that a question does not offer."""
        found: set[str] = set()
        for extension in item.get("extension", []):
            if not extension["url"].endswith("answerOptionsToggleExpression"):
                continue
            *options, rule = extension["extension"]
            if not self.paths.truth(rule["valueExpression"]["expression"]):
                found |= {one["valueCoding"]["code"] for one in options}
        return found

    def _is_enabled(self, item: Made) -> bool:
        expression = _extension(item, "enableWhenExpression")
        if expression:
            return self.paths.truth(expression)
        conditions: list[Made] = item.get("enableWhen", [])
        held = [self._holds(one) for one in conditions]
        return any(held) if item.get("enableBehavior") == "any" else all(held)

    def _holds(self, condition: Made) -> bool:
        path = f"%resource.repeat(item).where(linkId='{condition['question']}').answer.value"
        found = self.paths.evaluate(path)
        key = next(key for key in condition if key.startswith("answer"))
        wanted, operator = condition[key], condition["operator"]
        if operator == "exists":
            return bool(found) == wanted
        wanted = wanted["code"] if key == "answerCoding" else wanted
        given: list[Any] = [one.get("code") if is_object(one) else one for one in found]
        if operator == "!=":
            return wanted not in given
        signs = {"=": "__eq__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}
        value = Fraction(str(wanted)) if type(wanted) in (int, float) else wanted
        return any(getattr(one, signs[operator])(value) is True for one in given)


def _extension(item: Made, name: str) -> str:
    for extension in item.get("extension", []):
        if extension["url"] == SDC + name:
            return extension["valueExpression"]["expression"]
    return ""


def _weights(resource: Made) -> list[tuple[str, Any]]:
    return [(name, n * 30) for n, name in enumerate("abc")]


def filled(document: engine.Document, resource: Made, answers: Made) -> Filled:
    response = questionnaire_response(
        document, answers, response_id="r", version=1, authored="2026-01-01", language="zh-CN"
    )
    return Filled(resource, response)


def test_what_goes_out_asks_the_same_questions() -> None:
    """Jumps, nested rules, rules over scores: enableWhen and enableWhenExpression together are
    true for exactly the questions that are asked. # R1.1.1.1c (part)"""
    expressions = 0
    for writer, document, made in drawn():
        resource = cast(Made, made.resource)
        assert {loss.code for loss in made.losses if loss.kind == "lost"} <= {"member_out"}
        survey = engine.compile_survey(document)
        expressions += json.dumps(resource).count("enableWhenExpression")
        for _ in range(FILLINGS):
            evaluation = survey.evaluate(writer.answers(document))
            there = filled(document, resource, evaluation.answers)
            assert there.asked() == set(evaluation.asked), (document.pages, evaluation.answers)
    assert expressions > 50


def test_scores_and_computed_values_are_worked_out_the_same() -> None:
    """Weights, reversed scales, matrices, cut sums, means of means. # R1.1.1.1e (part)"""
    compared = 0
    for writer, document, made in drawn():
        survey = engine.compile_survey(document)
        for _ in range(FILLINGS):
            evaluation = survey.evaluate(writer.answers(document))
            there = filled(document, cast(Made, made.resource), evaluation.answers)
            values = {f"score.{name}": score.value for name, score in evaluation.scores.items()}
            for name, value in (values | evaluation.computed).items():
                found = there.values.get(name)
                assert (found is None) == (value is None), (name, value, evaluation.answers)
                assert found is None or abs(found - Fraction(str(value))) <= Fraction(1, 200)
                compared += 1
    assert compared > 500


def test_a_response_holds_its_scores_where_the_questionnaire_has_them() -> None:
    """In the order of the Questionnaire's items, what is null left out. # R1.1.1.1e (part)"""
    written = 0
    for writer, document, made in drawn():
        order = [item["linkId"] for item in cast(Made, made.resource)["item"]]
        evaluation = engine.compile_survey(document).evaluate(writer.answers(document))
        values = {f"score.{name}": score.value for name, score in evaluation.scores.items()}
        values |= evaluation.computed
        response = questionnaire_response(
            document, evaluation.answers, response_id="r", version=1, authored="2026-01-01",
            language="zh-CN", calculated=calculated_items(document), values=values,
        )  # fmt: skip
        QuestionnaireResponse.model_validate(response)
        links = [item["linkId"] for item in response.get("item", ())]
        assert links == [link for link in order if link in links]
        there = {name for name, value in values.items() if value is not None}
        assert set(links) & values.keys() == there
        written += len(there)
    assert written > 20


def test_options_are_offered_for_the_same_answers() -> None:
    """# R1.1.1.1b (part)"""
    toggles = 0
    for writer, document, made in drawn():
        survey = engine.compile_survey(document)
        for _ in range(FILLINGS):
            answers = writer.answers(document)
            evaluation = survey.evaluate(answers)
            there = filled(document, cast(Made, made.resource), evaluation.answers)
            for page in cast(Made, made.resource)["item"]:
                for item in page.get("item", ()):
                    hidden = there.hidden_options(item)
                    toggles += len(hidden)
                    kept: Any = evaluation.answers.get(item["linkId"]) or ()
                    assert not hidden & set(map(str, kept if is_list(kept) else [kept]))
    assert toggles > 20


def test_what_is_written_is_what_r4_defines() -> None:
    for _, _, made in drawn():
        Questionnaire.model_validate(made.resource)
        assert broken_invariants(cast(Made, made.resource)) == []


def test_a_form_that_went_out_and_came_back_asks_and_scores_the_same() -> None:
    """But for rules too deep for ours; scores have their members, points and weights again.
    # R1.1.1.1c (part) R1.1.1.1e (part)"""
    compared = scored = 0
    for writer, document, made in drawn():
        again = read(json.loads(json.dumps(made.resource)))
        lost = {loss.code for loss in again.losses if loss.kind in ("lost", "refused")}
        assert again.document is not None and lost <= {"rule_too_deep"}
        if lost:
            continue
        survey, other = engine.compile_survey(document), engine.compile_survey(again.document)
        for _ in range(FILLINGS):
            answers = writer.answers(document)
            before = survey.evaluate(answers)
            after = other.evaluate(_as_rows(answers, again.document))
            here = {name for name in before.asked if name[0] != "g"}
            assert {name for name in after.asked if name[0] not in "gq"} == here, answers
            for name, score in before.scores.items():
                assert after.scores[name].value == score.value, (name, answers)
                scored += score.value is not None
        compared += 1
    assert compared > SURVEYS * 0.8 and scored > 100


def _as_rows(answers: Made, document: engine.Document) -> Made:
    """Answers with those of a matrix under the questions that its rows have become."""
    names = {q.ext.get("source_id"): q.id for page in document.pages for q in page.questions}
    found: Made = {}
    for name, value in answers.items():
        if name[0] != "g":
            found[name] = value
            continue
        for row, cell in value.items():
            found[str(names[f"{name}.{row}"])] = cell
    return found


def questionnaire(rule: str, *more: Made) -> bytes:
    options = [{"valueCoding": {"system": "s", "code": code}} for code in ("x", "y", "z")]
    items: list[Made] = [
        {"linkId": "n", "type": "integer", "text": "n"},
        {"linkId": "k", "type": "integer", "text": "k"},
        {"linkId": "b", "type": "boolean", "text": "b"},
        {"linkId": "c", "type": "choice", "text": "c", "answerOption": options},
        {"linkId": "m", "type": "choice", "repeats": True, "text": "m", "answerOption": options},
        {"linkId": "d", "type": "date", "text": "d"},
        {"linkId": "t", "type": "string", "text": "t"},
    ]
    last = {"linkId": "last", "type": "string", "text": "l", "extension": [
        {"url": f"{SDC}enableWhenExpression",
         "valueExpression": {"language": "text/fhirpath", "expression": rule}}]}  # fmt: skip
    made = {"resourceType": "Questionnaire", "status": "active", "item": [*items, *more, last]}
    return json.dumps(made).encode()


N = "%resource.item.where(linkId='n').answer.value"
C = "%resource.descendants().where(linkId = 'c').answer.value"
M = "%resource.repeat(item).where(linkId='m').answer.value"
B = "%resource.item.where(linkId='b').answer.value"


@pytest.mark.parametrize(
    ("rule", "answers", "shown"),
    [
        (f"{N} = 3", {"n": 3}, True),
        (f"{N} = 3", {}, False),
        (f"({N} = 3).not()", {}, False),  # nothing is not false
        (f"({N} = 3).not()", {"n": 4}, True),
        (f"{N} != 3", {}, False),
        (f"({N} ~ 3).not()", {}, True),  # `~` is never nothing
        (f"{N} > 2 and {N} <= 5", {"n": 5}, True),
        (f"3 < {N}", {"n": 4}, True),
        (f"{N}.exists().not() or {N} > 9", {}, True),
        (f"{N}.empty()", {}, True),
        (f"{C}.code = 'x'", {"c": "x"}, True),
        (f"{C}.code = 'x'", {"c": "y"}, False),
        (f"({C}.code = 'x').not()", {}, False),
        (f"({C}.code ~ 'x').not()", {}, True),
        (f"{C}.where(system='s' and code='y').exists()", {"c": "y"}, True),
        (f"{C}.where(system='other' and code='y').exists()", {"c": "y"}, False),
        (f"{M}.where(code='x' or code='y').exists()", {"m": ["z", "y"]}, True),
        (f"'z' in {M}.code", {"m": ["x", "z"]}, True),
        (f"('z' in {M}.code).not()", {}, True),
        (f"{M}.code contains 'z'", {"m": ["x"]}, False),
        (f"{M}.count() > 1", {"m": ["x", "y"]}, True),
        (f"{M}.count() = 0", {}, True),
        (f"{M}.code = 'x'", {"m": ["x", "y"]}, False),
        (f"{M}.code = 'x'", {"m": ["x"]}, True),
        (f"{B}", {"b": True}, True),
        (f"{B}.not()", {}, False),
        (f"{B} = false", {"b": False}, True),
        (f"{B} implies {N} > 3", {"b": False}, True),
        (f"{B} xor {N} > 3", {"b": True, "n": 1}, True),
        (f"iif({B}, {N} > 3, true)", {}, True),
        (f"({N}.exists()) = false", {}, True),
        (f"{N} < %resource.item.where(linkId='k').answer.value", {"n": 1, "k": 2}, True),
        ("%resource.item.where(linkId='d').answer.value >= @2026-01-02", {"d": "2026-01-02"}, True),
        ("%resource.item.where(linkId='t').answer.value = 'it\\'s'", {"t": "it's"}, True),
        (f"{N} + %resource.item.where(linkId='k').answer.value > 4", {"n": 2, "k": 3}, True),
        ("%resource.item.where(linkId='n').answer.where(value > 2).exists()", {"n": 3}, True),
    ],
)
def test_an_expression_keeps_its_truth_value(rule: str, answers: Made, shown: bool) -> None:
    """Nothing stays nothing until the whole is looked at (FHIRPath N1, 6.5). # R1.1.1.1c (part)"""
    made = convert(questionnaire(rule), "fhir", "huisheng")
    assert made.document is not None and made.is_lossless, made.losses
    asked = engine.compile_survey(made.document).evaluate(answers).asked
    assert ("last" in asked) == shown


@pytest.mark.parametrize(
    "rule",
    [
        "%resource.item.where(linkId='nobody').answer.value = 1", f"{N}.toString() = '3'",
        f"{N} = 'three'", f"{C} = 'x'.lower()", "%patient.gender = 'male'", f"{N} =", "((((",
        f"{M}.code > 'x'", "%resource.item[0].answer.value = 1", f"{N} is Integer", f"{N} < {{}}1",
    ],
)  # fmt: skip
def test_an_expression_that_rules_cannot_say_is_lost_with_its_place(rule: str) -> None:
    made = convert(questionnaire(rule), "fhir", "huisheng")
    (loss,) = [one for one in made.losses if one.kind == "lost"]
    assert loss.at == "/item/7/extension/0"


@pytest.mark.parametrize(
    "rule",
    [" xor ".join([f"{N} = {n}" for n in range(60)]), "(" * 900 + "true" + ")" * 900,
     "iif(" * 30 + f"{N} = 1" + ", true, false)" * 30, "%v0 and %v0", "true" + ".not()" * 700],
)  # fmt: skip
def test_an_expression_that_grows_without_end_is_answered(rule: str) -> None:
    resource = json.loads(questionnaire(rule))
    resource["extension"] = [
        {"url": "http://hl7.org/fhir/StructureDefinition/variable", "valueExpression": {
            "name": f"v{n}", "expression": f"(%v{n + 1} and %v{n + 1}) or %v{n + 1}"}}
        for n in range(18)
    ]  # fmt: skip
    made = convert(json.dumps(resource).encode(), "fhir", "huisheng")
    assert made.document is not None and len(made.losses) < 10


def test_a_page_that_a_jump_passes_over_stands_under_a_condition() -> None:
    """Four or five stars end the survey: the page of reasons is for everybody else."""
    rule = {"op": "ge", "ref": "r", "value": 4}
    pages = [
        {"id": "a", "questions": [{"id": "r", "type": "rating", "text": "r"}],
         "next": [{"if": rule, "to": "end"}]},
        {"id": "b", "questions": [{"id": "t", "type": "text", "text": "t"}]},
    ]  # fmt: skip
    head = {"format": "huisheng.survey/1", "id": "f", "title": "t", "languages": ["zh-CN"]}
    document = json.dumps(head | {"kind": "survey", "pages": pages}).encode()
    made = convert(document, "huisheng", "fhir")
    assert made.is_lossless and [loss.code for loss in made.losses] == ["jump_conditions"]
    page = cast(Made, made.resource)["item"][1]
    assert page["enableBehavior"] == "any"
    assert page["enableWhen"] == [
        {"question": "r", "operator": "exists", "answerBoolean": False},
        {"question": "r", "operator": "<", "answerInteger": 4},
    ]


def test_a_jump_that_reads_the_context_is_lost_with_the_page_that_it_passes_over() -> None:
    rule = {"op": "eq", "ref": "visit.type", "value": "emergency"}
    question = {"id": "t", "type": "text", "text": "t"}
    pages = [{"id": "a", "questions": [question], "next": [{"if": rule, "to": "end"}]},
             {"id": "b", "questions": [question | {"id": "u"}]}]  # fmt: skip
    head = {"format": "huisheng.survey/1", "id": "f", "title": "t", "languages": ["zh-CN"]}
    context = {"visit.type": {"type": "choice", "values": ["emergency"]}}
    whole = head | {"kind": "survey", "pages": pages, "context": context}
    made = convert(json.dumps(whole).encode(), "huisheng", "fhir")
    found = [(loss.code, loss.at, loss.about) for loss in made.losses]
    assert ("jump", "/pages/0/next", "a → b") in found


def test_the_words_at_the_ends_of_a_scale_go_out_and_come_back() -> None:
    labels = {"1": {"zh-CN": "差", "en": "bad"}, "3": {"zh-CN": "中", "en": "fair"},
              "5": {"zh-CN": "好", "en": "good"}}  # fmt: skip
    text = {"zh-CN": "问", "en": "Q"}
    pages = [
        {"id": "a", "questions": [{"id": "r", "type": "rating", "text": text, "labels": labels}]}
    ]
    document = json.dumps({
        "format": "huisheng.survey/1", "id": "f", "title": text, "languages": ["zh-CN", "en"],
        "kind": "survey", "pages": pages,
    }).encode()  # fmt: skip
    out = convert(document, "huisheng", "fhir")
    assert [(loss.code, loss.at) for loss in out.losses] == [
        ("labels_out", "/pages/0/questions/0/labels/3")
    ]
    back = convert(json.dumps(out.resource).encode(), "fhir", "huisheng").document
    assert back is not None
    rating: Any = back.pages[0].questions[0]
    assert {key: localize(one, "en") for key, one in rating.labels.items()} == {
        "1": "bad",
        "5": "good",
    }
    assert rating.hint is None
