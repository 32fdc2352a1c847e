"""Options, rows and nodes made many at once: from lines, ready words, a scale, and back."""

import re
from collections.abc import Sequence

from msgspec import Struct

from builder.edits import AnyEdit, Insert, Put, SetMember, Several
from builder.tree import Tree, fresh, inner_by_id, tree_of

MAX_LINES = 100
_MARK = re.compile(r"(?:[（(]?(?:\d{1,2}|[A-Za-z])[)）.、．](?!\d)|[•·●○□☐▪*-]\s)")
"""What numbers a line that comes from a paper form: `1.`, `A、`, `（2）`, `□`."""
_OTHER = re.compile(r"(其他|其它|others?)\s*(?:[(（:：_＿….。\s].*)?", re.IGNORECASE)
_BLANK_TO_FILL = " \t\u3000:：_＿"
"""What stands where a patient is to write; nothing of it is part of the words."""

MEMBERS = {
    "single_choice": ("points", "text_entry", "fixed"),
    "multi_choice": ("text_entry", "fixed"),
    "ranking": ("fixed",),
    "matrix": ("points",),
}
"""What options may hold beside their words, where those are made many at once."""


class Entry(Struct, frozen=True):
    """What a new option, row or node says, by language, and the points it may bring."""

    text: dict[str, str]
    points: int | None = None
    is_other: bool = False


def read_lines(typed: str, language: str) -> list[Entry]:
    """One entry a line, without the numbers of a paper form; 「其他：____」 asks for words."""
    found: list[Entry] = []
    for line in typed.replace("\0", "").splitlines():
        said = line.strip()
        mark = _MARK.match(said)
        marked = (said[mark.end() :].strip() if mark else said) or said
        text = marked.rstrip(_BLANK_TO_FILL)
        if text:
            other = _OTHER.fullmatch(marked)
            words = {language: other[1] if other else text}
            found.append(Entry(words, is_other=other is not None))
    return found


def adding(part: Struct, member: str, entries: Sequence[Entry]) -> AnyEdit | None:
    """The entries at the end of a question's list; those that are still blank are filled first."""
    of = str(getattr(part, "id", ""))
    kept = members_of(part, member)
    home: list[Tree] = tree_of(part).get(member, [])
    blank = [one["id"] for one in home if not _says(one)]
    taken = {name for name, _ in inner_by_id(home)}
    edits: list[AnyEdit] = []
    for entry in entries:
        more = {key: value for key, value in _more(entry).items() if key in kept}
        if blank:
            at = f"{of}/{member}/{blank.pop(0)}"
            said = {f"text/{language}": text for language, text in entry.text.items()} | more
            edits += [SetMember(of=at, member=key, value=value) for key, value in said.items()]
        else:
            name = fresh(member.removesuffix("s"), taken)
            taken.add(name)
            value = {"id": name, "text": dict(entry.text), **more}
            edits.append(Insert(into=of, list=member, value=value))
    return Several(edits=tuple(edits)) if edits else None


def _more(entry: Entry) -> Tree:
    other: Tree = {"text_entry": "optional", "fixed": True} if entry.is_other else {}
    return other | ({} if entry.points is None else {"points": entry.points})


def _says(one: Tree) -> bool:
    text: str | dict[str, str] = one["text"]
    return bool(text if isinstance(text, str) else any(text.values()))


def members_of(part: Struct, member: str) -> frozenset[str]:
    """What an entry of this list of a question may hold beside its id and text."""
    kept = MEMBERS.get(str(part.__struct_config__.tag), ()) if member == "options" else ()
    return frozenset(kept)


# The answers of a matrix


def as_options(matrix: Tree, language: str) -> Put:
    """A matrix whose rows are answered by options in place of its scale; they say what the steps of
    the scale were called, with the points that those had."""
    value = dict(matrix)
    scale: Tree = value.pop("scale", {"min": 1, "max": 5})
    steps = range(int(scale["min"]), int(scale["max"]) + 1)
    value["options"] = [
        {
            "id": f"option_{n}",
            "text": scale.get("labels", {}).get(str(step)) or {language: str(step)},
            "points": _points(n - 1, len(steps), is_reversed=bool(scale.get("reverse"))),
        }
        for n, step in enumerate(steps, 1)
    ]
    return Put(of=value["id"], value=value, was=matrix)


def _points(place: int, count: int, *, is_reversed: bool) -> int | float:
    share = 100 * (count - 1 - place if is_reversed else place) / max(1, count - 1)
    return int(share) if share.is_integer() else round(share, 2)


def as_scale(matrix: Tree) -> Put:
    """A matrix whose rows are answered on a scale in place of its options, one step for each."""
    value = dict(matrix)
    options: list[Tree] = value.pop("options", [])
    labels = {str(n): one["text"] for n, one in enumerate(options, 1) if _says(one)}
    value["scale"] = {"min": 1, "max": max(2, len(options))} | (
        {"labels": labels} if labels else {}
    )
    return Put(of=value["id"], value=value, was=matrix)
