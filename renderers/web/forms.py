"""Reads a plain HTML form post back into an answers object."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from renderers.web.controls import NOT_APPLICABLE, digest, field_name, kind

Posted = Mapping[str, Sequence[str]]
"""Every form field by name, with all its values in order."""

_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?")


def read_answers(questions: Iterable[Any], posted: Posted) -> dict[str, object]:
    """The answers of those of `questions` that the posted form showed.

    The questions are a page view's or the document's own: both carry options, rows and the like
    under the same names.

    What cannot be read as the question's type stays as typed, for the engine to name;
    a question left empty is `None`.
    """
    shown = _shown(posted)
    return {
        question.id: _READERS[kind(question)](question, posted)
        for question in questions
        if question.id in shown and kind(question) in _READERS
    }


def changed_answers(questions: Iterable[Any], posted: Posted) -> dict[str, object]:
    """Those of `read_answers` that differ from what the posted form showed when it was rendered."""
    shown = _shown(posted)
    answers = read_answers(questions, posted)
    return {id_: answer for id_, answer in answers.items() if digest(answer) != shown[id_]}


def _shown(posted: Posted) -> dict[str, str]:
    """Question id → mark of the value it was rendered with, from the `shown` fields."""
    return {
        id_: mark for id_, _, mark in (entry.partition(":") for entry in posted.get("shown", ()))
    }


def _first(posted: Posted, name: str) -> str:
    return next(iter(posted.get(name, ())), "")


def _own(question: Any, posted: Posted, *parts: str) -> str:
    return _first(posted, field_name(question.id, *parts))


def _text(question: Any, posted: Posted) -> object:
    return _own(question, posted).replace("\r\n", "\n") or None


def _number(question: Any, posted: Posted) -> object:
    typed = unicodedata.normalize("NFKC", _own(question, posted)).strip()
    return _as_number(typed) if typed else None


def _as_number(typed: str) -> object:
    if not _NUMBER.fullmatch(typed):
        return typed
    return float(typed) if "." in typed else int(typed)


def _whole(question: Any, posted: Posted) -> object:
    return _scale_value(_own(question, posted))


def _scale_value(posted: str) -> object:
    if not posted:
        return None
    if posted == NOT_APPLICABLE:
        return {"not_applicable": True}
    return int(posted) if re.fullmatch(r"-?\d{1,9}", posted) else posted


def _yes_no(question: Any, posted: Posted) -> object:
    typed = _own(question, posted)
    return {"": None, "yes": True, "no": False}.get(typed, typed)


def _single_choice(question: Any, posted: Posted) -> object:
    texts = _entered_texts(question, posted)
    choice = _own(question, posted)
    return _with_text(choice, texts) if choice else None


def _multi_choice(question: Any, posted: Posted) -> object:
    texts = _entered_texts(question, posted)
    choices = [choice for choice in posted.get(field_name(question.id), ()) if choice]
    return [_with_text(choice, texts) for choice in choices] or None


def _entered_texts(question: Any, posted: Posted) -> dict[str, str]:
    """Option id → what was typed beside it; it counts only where the option is chosen."""
    typed = {
        option.id: _own(question, posted, option.id, "text")
        for option in question.options
        if option.text_entry
    }
    return {option: text for option, text in typed.items() if text.strip()}


def _with_text(choice: str, texts: Mapping[str, str]) -> object:
    return {"choice": choice, "text": texts[choice]} if choice in texts else choice


def _matrix(question: Any, posted: Posted) -> object:
    read = _scale_value if question.scale else _option_value
    rows = {row.id: read(_own(question, posted, row.id)) for row in question.rows}
    return {row: value for row, value in rows.items() if value is not None} or None


def _option_value(posted: str) -> object:
    return {"not_applicable": True} if posted == NOT_APPLICABLE else posted or None


def _ranking(question: Any, posted: Posted) -> object:
    """Option ids by their places; the places themselves where two options claim the same."""
    typed = {option.id: _own(question, posted, option.id) for option in question.options}
    places = {option: _as_number(text) for option, text in typed.items() if text}
    numbers = [n for n in places.values() if isinstance(n, int)]
    if len(numbers) < len(places) or len(set(numbers)) < len(numbers):
        return places
    return sorted(places, key=lambda option: numbers[list(places).index(option)]) or None


def _attachments(question: Any, posted: Posted) -> object:
    return [id_ for id_ in posted.get(field_name(question.id), ()) if id_] or None


def _attachment(question: Any, posted: Posted) -> object:
    return _own(question, posted) or None


def _consent(question: Any, posted: Posted) -> object:
    agreed = _yes_no(question, posted)
    return {"agreed": agreed, "version": question.version} if isinstance(agreed, bool) else agreed


_READERS: Mapping[str, Callable[[Any, Posted], object]] = {
    "single_choice": _single_choice,
    "multi_choice": _multi_choice,
    "rating": _whole,
    "nps": _whole,
    "matrix": _matrix,
    "ranking": _ranking,
    "yes_no": _yes_no,
    "text": _text,
    "number": _number,
    "date": _text,
    "time": _text,
    "department": _text,
    "staff": _text,
    "cascade": _text,
    "picture_upload": _attachments,
    "file_upload": _attachments,
    "signature": _attachment,
    "consent": _consent,
}
