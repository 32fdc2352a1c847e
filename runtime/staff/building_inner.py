"""What stands inside a question: one more option, many at once, a scale in place of options."""

from collections.abc import Mapping
from typing import Any

from builder.edits import Insert
from builder.entries import MAX_LINES, Entry, adding, as_options, as_scale, read_lines
from builder.tree import Tree, find, fresh, inner_by_id, to_tree, tree_of
from builder.typed import BadValue
from runtime.kit.problems import NotFound
from runtime.staff.building import LISTS, READY, Act, Desk, in_its_languages
from runtime.staff.fields import Fields

STEPS = 5
"""How many answers stand in ready words."""
MANY = "many:"
"""The field of a list in which entries are typed one a line."""


def _list_of(desk: Desk, at: str, words: list[str]) -> tuple[Any, str, str]:
    """The question, the list that the words name, and the node of it that they name."""
    member, _, above = (words[0] if words else "").partition("/")
    part: Any = desk.part(at)
    if member not in LISTS or not hasattr(part, member):
        raise NotFound("part", "There is no such list.")
    return part, member, above


def _add(desk: Desk, at: str, words: list[str]) -> str:
    """`add LIST`, `add nodes/NODE`: one more option, row or node at the end of the chosen question,
    or below a node of it."""
    part, member, above = _list_of(desk, at, words)
    names = [name for name, _ in inner_by_id(tree_of(part).get(member, []))]
    if above and (member != "nodes" or above not in names):
        raise NotFound("part", "There is no such part.")
    value: Tree = {"id": fresh(member.removesuffix("s"), set(names)), "text": {}}
    into = f"{at}/nodes/{above}" if above else at
    return desk.apply(Insert(into=into, list=member, value=value)) or at


def _add_other(desk: Desk, at: str, _words: list[str]) -> str:
    """`other`: 「其他」 with room for words, last in the list."""
    return _put(desk, at, ["options"], [Entry(_called(desk, "other", 0), is_other=True)])


def _add_ready(desk: Desk, at: str, words: list[str]) -> str:
    """`ready LIST WORDS`: answers in ready words, with even points from the best to the worst."""
    if len(words) != 2 or words[1] not in READY:
        raise NotFound("part", "There are no such words.")
    said = [_called(desk, words[1], n) for n in range(STEPS)]
    points = [round(100 * (STEPS - 1 - n) / (STEPS - 1)) for n in range(STEPS)]
    return _put(desk, at, words[:1], [Entry(*one) for one in zip(said, points, strict=True)])


def many(fields: Fields) -> Act:
    """`many LIST`: an option for each line that was typed."""

    def add_lines(desk: Desk, at: str, words: list[str]) -> str:
        typed = read_lines(fields[MANY + (words[0] if words else "")], desk.first)
        if len(typed) > MAX_LINES:
            raise BadValue(words[0], "too_many")
        return _put(desk, at, words, typed)

    return add_lines


def _put(desk: Desk, at: str, words: list[str], entries: list[Entry]) -> str:
    part, member, _ = _list_of(desk, at, words)
    edit = adding(part, member, entries)
    if edit is not None:
        desk.apply(edit)
    return at


def _called(desk: Desk, code: str, n: int) -> dict[str, str]:
    """The n-th of some ready words in the languages of the survey that we speak."""
    return {
        language: said.split("|")[n] for language, said in in_its_languages(desk, f"ready_{code}")
    }


def _answer_by(desk: Desk, at: str, words: list[str]) -> str:
    """`answers options|scale`: how the rows of a matrix are answered."""
    place = find(to_tree(desk.document), at)
    if place is None or place.part.get("type") != "matrix" or words not in (["options"], ["scale"]):
        raise NotFound("part", "There is no such matrix.")
    to_options = words == ["options"]
    if to_options == ("scale" in place.part):
        desk.apply(as_options(place.part, desk.first) if to_options else as_scale(place.part))
    return at


INNER_ACTS: Mapping[str, Act] = {
    "add": _add,
    "other": _add_other,
    "ready": _add_ready,
    "answers": _answer_by,
}
