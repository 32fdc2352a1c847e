"""What templates ask about a question's value: which option is chosen, what was typed where."""

import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

NOT_APPLICABLE = "not-applicable"
"""The form value of "not applicable"; the hyphen keeps it apart from every id."""

GROUPED = frozenset(
    "single_choice multi_choice rating nps matrix ranking yes_no picture_upload file_upload "
    "signature consent".split()
)
"""Types of several controls, which stand in a fieldset; the others have one labelled control."""


class CascadePath(msgspec.Struct, frozen=True):
    """A node of a cascade with the names that lead to it."""

    id: str
    text: str
    names: tuple[str, ...]
    leaf: bool


RADIOS = frozenset(("rating", "nps", "yes_no", "consent"))
UPLOADS = frozenset(("picture_upload", "file_upload", "signature"))


def kind(question: msgspec.Struct) -> str:
    """The question's type by name, which is also its template's name."""
    return str(question.__struct_config__.tag)


def field_name(question_id: str, *parts: str) -> str:
    """The form field's name, e.g. `q.grid.row1`."""
    return ".".join(("q", question_id, *parts))


def chosen(value: object) -> frozenset[str]:
    """The form values that stand for an answer, of whatever type it is."""
    match value:
        case bool():
            return frozenset(("yes" if value else "no",))
        case int() | float() | str():
            return frozenset((plain(value),))
        case list() | tuple():
            each = (chosen(entry) for entry in cast("Sequence[object]", value))
            return frozenset[str]().union(*each)
        case {"choice": str(choice)}:
            return frozenset((choice,))
        case {"agreed": bool(agreed)}:
            return frozenset(("yes" if agreed else "no",))
        case {"not_applicable": True}:
            return frozenset((NOT_APPLICABLE,))
        case _:
            return frozenset()


def entered(value: object, option_id: str) -> str:
    """What was typed beside an option; "" for nothing."""
    match value:
        case {"choice": str(choice), "text": str(text)} if choice == option_id:
            return text
        case list() | tuple():
            texts = (entered(entry, option_id) for entry in cast("Sequence[object]", value))
            return next((text for text in texts if text), "")
        case _:
            return ""


def member(value: object, key: str) -> object:
    """One row of a matrix's value, or one option's place in a ranking that cannot be read."""
    return cast("Mapping[str, object]", value).get(key) if isinstance(value, Mapping) else None


def place(value: object, option_id: str) -> str:
    """The place (from 1) that an option has in a ranking; "" for none."""
    if isinstance(value, list | tuple):
        order = cast("Sequence[object]", value)
        return str(order.index(option_id) + 1) if option_id in order else ""
    return plain(member(value, option_id))


def plain(value: object) -> str:
    """A value as it stands in a text field; "" for what no text field can hold."""
    match value:
        case str():
            return value
        case bool() | None:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
        case _:
            return ""


def listed(value: object) -> tuple[str, ...]:
    """The attachment ids of an upload's or signature's value."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(v for v in cast("Sequence[object]", value) if isinstance(v, str))
    return ()


def cascade_paths(nodes: Sequence[Any], above: tuple[str, ...] = ()) -> Iterator[CascadePath]:
    """Every node of a cascade in document order."""
    for node in nodes:
        names = (*above, node.text)
        yield CascadePath(node.id, node.text, names, not node.nodes)
        yield from cascade_paths(node.nodes, names)


def group_picks(picks: Sequence[Any]) -> Sequence[tuple[str, list[Any]]]:
    """Dictionary entries under their headings, both in the order given."""
    groups: dict[str, list[Any]] = {}
    for pick in picks:
        groups.setdefault(pick.group, []).append(pick)
    return list(groups.items())


def megabytes(count: int) -> str:
    """A size in MB for people, e.g. `10`, `0.5`."""
    return f"{count / 1_048_576:.1f}".removesuffix(".0")


def accept(types: Sequence[str] | None, fallback: str) -> str:
    """The `accept` attribute of a file input, from media types or file name endings."""
    named = [t if "/" in t or t.startswith(".") else f".{t}" for t in types or ()]
    return ",".join(named) or fallback


def digest(value: object) -> str:
    """A short mark of a value, so that a form can tell which answers were changed in it."""
    content = msgspec.json.encode(None if value in (None, "", [], {}) else value, order="sorted")
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def shape(question: msgspec.Struct, picks: object = None) -> str:
    """A short mark of all that a question shows but its value: the same mark, the same controls."""
    members = msgspec.to_builtins(question)
    members.pop("value", None)
    return digest([members, picks])


def narrowing(questions: Sequence[Any]) -> frozenset[str]:
    """The department questions whose answer decides which staff another question offers."""
    return frozenset(q.of for q in questions if kind(q) == "staff" and q.of)


def is_iso_date(value: object) -> bool:
    """True for what a date control can show: nothing, or a date as `YYYY-MM-DD`."""
    if value is None or value == "":
        return True
    try:
        return isinstance(value, str) and datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def is_clock_time(value: object) -> bool:
    """True for what a time control can show: nothing, or a time as `HH:MM`."""
    if value is None or value == "":
        return True
    try:
        return isinstance(value, str) and f"{datetime.time.fromisoformat(value):%H:%M}" == value
    except ValueError:
        return False


def is_grouped(question: Any) -> bool:
    """True where a question has several controls, which then stand in a fieldset."""
    if kind(question) == "single_choice":
        return question.appearance != "dropdown"
    return kind(question) in GROUPED


def is_upload(question: Any) -> bool:
    """True where the answer is files."""
    return kind(question) in UPLOADS


def is_radio_group(question: Any) -> bool:
    """True where all the controls are radio buttons of one group."""
    if kind(question) == "single_choice":
        return question.appearance != "dropdown"
    return kind(question) in RADIOS


FILTERS: Mapping[str, Callable[..., object]] = {
    "accept": accept,
    "cascade_paths": cascade_paths,
    "chosen": chosen,
    "digest": digest,
    "entered": entered,
    "field": field_name,
    "group_picks": group_picks,
    "kind": kind,
    "listed": listed,
    "megabytes": megabytes,
    "member": member,
    "narrowing": narrowing,
    "place": place,
    "plain": plain,
    "shape": shape,
}
TESTS: Mapping[str, Callable[..., bool]] = {
    "clock_time": is_clock_time,
    "grouped": is_grouped,
    "iso_date": is_iso_date,
    "radio_group": is_radio_group,
    "upload": is_upload,
}
