"""What was asked and answered, in words, for the console's pages and files."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import sqlalchemy as sa

from engine.questions.cascade import Cascade
from engine.questions.pickers import DepartmentQuestion, StaffQuestion
from engine.text import fill, localize
from runtime.kit.words import joined, say
from runtime.org.service import in_language
from runtime.staff.queries import Line
from runtime.surveys.cache import Form

MAX_REPEATED = 20


def question_text(form: Form, name: str, lang: str) -> str:
    """A question's text; what it would repeat from elsewhere stands as 「its own question」."""
    question = form.questions.get(name)
    if question is None:
        return name
    first = form.survey.document.languages[0]

    def shorten(ref: str) -> str:
        other = form.questions.get(ref.removesuffix(".score").split(".")[0])
        told = "…" if other is None else fill(localize(other.text, lang, first), lambda _: "…")
        return f"「{told if len(told) <= MAX_REPEATED else told[:MAX_REPEATED] + '…'}」"

    return fill(localize(question.text, lang, first), shorten)


def part_text(part: Any, lang: str, first: str) -> str:
    """The text of an option or a row, with what it would repeat from elsewhere left open."""
    return fill(localize(part.text, lang, first), lambda _: "…")


def score_values(line: Line, form: Form, lang: str) -> list[tuple[str, Any]]:
    """Each score's title and value, in the document's order."""
    document = form.survey.document
    first = document.languages[0]
    return [
        (
            localize(score.title, lang, first) if score.title is not None else score.id,
            _value(line.scores.get(score.id)),
        )
        for score in document.scores
    ]


def _value(score: Any) -> float | None:
    """The number of a stored score; none where nothing was answered."""
    return score and score["value"]


def answer_text(
    value: Any, question: Any, lang: str, first: str, names: Mapping[str, str] = {}
) -> str:
    """An answer in words: option texts for option ids, what a label says of a number, `names` for
    ids of dictionaries, the plain value for others.
    """
    is_listed = isinstance(question, (DepartmentQuestion, StaffQuestion))
    texts = names if is_listed else dict(_texts(question, lang, first))
    match value:
        case bool():
            own = texts.get("yes" if value else "no")
            return own or say("staff_yes" if value else "staff_no", lang)
        case int() if str(value) in texts:
            return f"{value} {texts[str(value)]}"
        case list():
            several = cast(list[Any], value)
            return joined((answer_text(one, question, lang, first, names) for one in several), lang)
        case {"choice": choice, **rest}:
            return f"{texts.get(choice, choice)} {rest.get('text', '')}".strip()
        case {"not_applicable": True}:
            return say("staff_not_applicable", lang)
        case {"agreed": bool() as agreed}:
            return answer_text(agreed, question, lang, first)
        case dict():
            return "；".join(
                f"{texts.get(row, row)}: {answer_text(cell, question, lang, first)}"
                for row, cell in cast(dict[str, Any], value).items()
            )
        case _:
            return texts.get(str(value), str(value))


def _texts(question: Any, lang: str, first: str) -> Iterator[tuple[str, str]]:
    """What a question calls its options, rows, nodes and the values that have a label."""
    for part in (*getattr(question, "options", ()), *getattr(question, "rows", ())):
        yield part.id, part_text(part, lang, first)
    scale = getattr(question, "scale", None)
    labels: Mapping[str, Any] = getattr(scale or question, "labels", {})
    for value, label in labels.items():
        yield value, fill(localize(label, lang, first), lambda _: "…")
    if isinstance(question, Cascade):
        yield from _nodes(question.nodes, lang, first, "")


def _nodes(nodes: Any, lang: str, first: str, above: str) -> Iterator[tuple[str, str]]:
    """Each node behind those above it."""
    for node in nodes:
        told = above + part_text(node, lang, first)
        yield node.id, told
        yield from _nodes(node.nodes, lang, first, f"{told} › ")


def dictionary_names(connection: sa.Connection, lang: str) -> dict[str, str]:
    """What departments and the staff that patients may name are called, closed ones too."""
    rows = connection.execute(
        sa.text("SELECT id, name FROM departments UNION ALL SELECT id, name FROM staff_members")
    )
    return {row.id: in_language(row.name, lang) for row in rows}
