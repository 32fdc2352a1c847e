"""Reads questions back out of rendered HTML with an HTML parser, as a browser would."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import msgspec


class Shown(msgspec.Struct, frozen=True):
    """One question as it stands in the HTML."""

    id: str
    type: str
    text: str
    required: bool
    options: tuple[str, ...]
    option_texts: tuple[str, ...]
    rows: tuple[str, ...]
    problem: str | None
    message: str | None


def parsed(html: str) -> Element:
    """The document or fragment as a tree."""
    read: Any = getattr(html5lib, "parse")  # noqa: B009 - its stubs are partial
    return read(html, namespaceHTMLElements=False)


def words(element: Element | None) -> str | None:
    """All text below an element."""
    return None if element is None else "".join(element.itertext())


def with_data(element: Element, name: str) -> list[Element]:
    """The elements below that carry a data attribute, in document order."""
    return [one for one in element.iter() if one.get(f"data-{name}") is not None]


def shown_questions(html: str) -> list[Shown]:
    """Every question, in the order it is shown."""
    return [_shown(element) for element in with_data(parsed(html), "question")]


def _shown(element: Element) -> Shown:
    is_marked = bool(with_data(element, "required-mark"))
    assert is_marked == (element.get("data-required") == "true"), "mark and attribute differ"
    problems = with_data(element, "problem")
    options: list[str] = [str(one.get("data-option")) for one in with_data(element, "option")]
    return Shown(
        id=str(element.get("data-question")),
        type=str(element.get("data-type")),
        text=words(with_data(element, "text")[0]) or "",
        required=is_marked,
        options=tuple(dict.fromkeys(options)),
        option_texts=tuple(words(one) or "" for one in with_data(element, "option-text")),
        rows=tuple(str(one.get("data-row")) for one in with_data(element, "row")),
        problem=problems[0].get("data-problem") if problems else None,
        message=words(with_data(element, "problem-message")[0]) if problems else None,
    )


def posted(html: str) -> dict[str, list[str]]:
    """What a browser would post: every successful control by name."""
    fields: dict[str, list[str]] = {}
    for name, value in _successful(parsed(html)):
        fields.setdefault(name, []).append(value)
    return fields


def _successful(tree: Element) -> Iterator[tuple[str, str]]:
    for control in tree.iter():
        name = control.get("name")
        if not name or control.get("disabled") is not None:
            continue
        match control.tag:
            case "input":
                yield from ((name, value) for value in _input_values(control))
            case "textarea":
                yield name, (control.text or "").replace("\n", "\r\n")
            case "select":
                yield name, _selected(control)
            case _:
                pass


def _input_values(control: Element) -> list[str]:
    match control.get("type"):
        case "radio" | "checkbox":
            return [control.get("value", "on")] if control.get("checked") is not None else []
        case "submit" | "button" | "file":
            return []
        case _:
            return [control.get("value", "")]


def _selected(select: Element) -> str:
    options = [one for one in select.iter("option") if one.get("disabled") is None]
    chosen = [one for one in options if one.get("selected") is not None]
    return (chosen or options)[-1 if chosen else 0].get("value", "")


def named_controls(tree: Any) -> list[Any]:
    """Controls that a person can use."""
    return [
        one
        for one in tree.iter()
        if one.tag in ("input", "select", "textarea", "button") and one.get("type") != "hidden"
    ]
