"""An answer in words, for people who compare two answers to the same question."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from renderers.web.controls import cascade_paths, kind, listed, plain

Wording = Callable[..., str]
SEPARATOR = "、"


def spoken(question: Any, value: object, t: Wording, picks: Sequence[Any] = ()) -> str:
    """The answer as a reader would say it; "" for no answer.

    Args:
        question: its view, in the reader's language.
        value: the answer, good or bad.
        t: the interface's wording in the reader's language.
        picks: dictionary entries where the question offers some.
    """
    if value in (None, "", [], {}):
        return ""
    if value == {"not_applicable": True}:
        return t("not_applicable")
    match kind(question):
        case "single_choice":
            return _choice(question, value)
        case "multi_choice" | "ranking":
            return SEPARATOR.join(_choice(question, one) for one in _each(value))
        case "rating":
            label = question.labels.get(plain(value))
            return label or t("points", n=plain(value))
        case "matrix":
            return "\n".join(_rows(question, cast("Mapping[str, object]", value), t))
        case "yes_no" | "consent":
            return _yes_no(question, value, t)
        case "cascade":
            paths = cascade_paths(question.nodes)
            return next((" / ".join(p.names) for p in paths if p.id == value), plain(value))
        case "department" | "staff":
            return next((pick.text for pick in picks if pick.id == value), plain(value))
        case "picture_upload" | "file_upload" | "signature":
            return t("value_files", n=len(listed(value)))
        case _:
            return plain(value)


def _each(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()


def _choice(question: Any, value: object) -> str:
    match value:
        case {"choice": str(choice), "text": str(text)}:
            return f"{_option(question, choice)}（{text}）"
        case _:
            return _option(question, plain(value))


def _option(question: Any, id_: str) -> str:
    return next((option.text for option in question.options if option.id == id_), id_)


def _rows(question: Any, value: Mapping[str, object], t: Wording) -> list[str]:
    rows = [(row, value.get(row.id)) for row in question.rows]
    return [f"{row.text}: {_cell(question, cell, t)}" for row, cell in rows if cell is not None]


def _cell(question: Any, cell: object, t: Wording) -> str:
    if cell == {"not_applicable": True}:
        return t("not_applicable")
    if question.scale:
        return question.scale.labels.get(plain(cell)) or plain(cell)
    return _option(question, plain(cell))


def _yes_no(question: Any, value: object, t: Wording) -> str:
    match value:
        case {"agreed": bool(agreed)}:
            return t("agree" if agreed else "disagree")
        case bool():
            name = "yes" if value else "no"
            return question.labels.get(name) or t(name)
        case _:
            return plain(value)
