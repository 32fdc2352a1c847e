"""Rules and jumps set by address: what the edits make, keep and refuse."""

from typing import Any

import msgspec
import pytest

from builder.apply import apply
from builder.choices import slots
from builder.edits import Refused, SetMember
from builder.rules import (
    Where,
    address_of,
    held,
    jumps_of,
    otherwise,
    pointer_of,
    reorder,
    retarget,
    rule_at,
    set_rule,
    targets,
    unjump,
    where,
)
from builder.tree import write
from engine import Document
from engine.notation import parse_rule, print_rule
from engine.scope import Scope
from tests.builder.test_conditions import sample
from tests.builder.test_edits import branching

LOW = parse_rule("overall <= 2")


def forking() -> Document:
    """`branching` with two jumps and another page."""
    page: Any = {"id": "third", "questions": [{"id": "more", "type": "text", "text": "还有吗"}]}
    tree = msgspec.json.decode(write(branching()))
    tree["pages"].append(page)
    tree["pages"][0]["next"].append({"to": "third"})
    return msgspec.convert(tree, Document)


def notations(document: Document, page: str = "first") -> list[tuple[str, str]]:
    """A page's jumps as (target, rule in notation)."""
    found = next(one.next for one in document.pages if one.id == page)
    return [(one.to, print_rule(one.if_) if one.if_ is not None else "") for one in found]


def test_every_rule_has_an_address_and_every_place_a_pointer() -> None:
    """There and back; a part alone means its first place; what does not exist has none."""
    for document in (sample(), forking()):
        for placed in Scope(document).rules():
            at = address_of(document, placed.at)
            assert pointer_of(document, at) == placed.at
            assert rule_at(document, at) == placed.rule
            assert where(document, at.of, at.member, at.n) == at
        for slot in slots(document):
            assert where(document, slot.of, slot.member) is not None
    assert where(sample(), "alarm") == Where("alarm", "when")
    assert where(sample(), "c1") == Where("c1", "value/when")
    assert where(sample(), "first") == Where("first", "show_if")
    nowhere = [("nobody", ""), ("c2", ""), ("day", "next"), ("why/options/zz", "show_if")]
    for of, member in nowhere:
        assert where(sample(), of, member) is None
    for n in (-1, 2, 10**9):
        assert where(forking(), "first", "next", n) is None


@pytest.mark.parametrize(
    "at",
    [
        Where("why", "show_if"),
        Where("why", "required"),
        Where("why/options/o1", "show_if"),
        Where("note", "show_if"),
        Where("first", "next", None),
    ],
)
def test_a_rule_is_set_changed_and_taken_away_each_by_one_edit(at: Where) -> None:
    """And each is undone to the same bytes. # R0.4 (part)"""
    document = sample()
    before = write(document)
    done = apply(document, set_rule(document, at, LOW, None, "end"))
    placed = Where(at.of, at.member, 0) if at.member == "next" else at
    assert rule_at(done.document, placed) == LOW
    assert write(apply(done.document, done.inverse).document) == before
    was = held(done.document, placed)
    gone = apply(done.document, set_rule(done.document, placed, None, was))
    assert rule_at(gone.document, placed) is None
    again = apply(gone.document, gone.inverse).document
    assert write(again) == write(done.document)


def test_a_rule_of_an_alert_and_of_a_computed_value_is_changed() -> None:
    """By the same edit."""
    document = sample()
    for at in (Where("alarm", "when"), Where("c1", "value/when")):
        document = apply(document, set_rule(document, at, LOW, held(document, at))).document
        assert rule_at(document, at) == LOW


def test_what_somebody_else_set_meanwhile_is_refused_and_told() -> None:
    """A rule where there was none, another rule, and none where there was one."""
    document, at = sample(), Where("note", "show_if")
    other = apply(document, set_rule(document, at, LOW, None)).document
    with pytest.raises(Refused) as refused:
        apply(other, set_rule(other, at, parse_rule("answered(why)"), None))
    assert refused.value.problems[0].code == "changed_meanwhile"
    assert refused.value.now == {"op": "le", "ref": "overall", "value": 2}
    with pytest.raises(Refused):
        apply(document, set_rule(document, at, None, held(other, at)))


def test_taking_back_a_removal_does_not_overwrite_what_was_set_since() -> None:
    """The undone edit saw nothing there."""
    document, at = sample(), Where("note", "show_if")
    mine = apply(document, set_rule(document, at, LOW, None))
    gone = apply(mine.document, SetMember(of="note", member="show_if"))
    theirs = apply(gone.document, set_rule(gone.document, at, parse_rule("answered(why)"), None))
    with pytest.raises(Refused):
        apply(theirs.document, gone.inverse)


# Jumps


def test_a_new_jump_comes_before_what_holds_otherwise() -> None:
    """A conditional one last of those; an unconditional one in place of the other."""
    document = forking()
    new = Where("first", "next")
    asked = apply(document, set_rule(document, new, LOW, None, "second")).document
    assert [to for to, _ in notations(asked)] == ["end:sorry", "second", "third"]
    plain = apply(document, set_rule(document, new, None, None, "second")).document
    assert [to for to, _ in notations(plain)] == ["end:sorry", "second"]


def test_a_jump_is_moved_retargeted_and_removed() -> None:
    """The last entry goes with the member; what holds otherwise is chosen or given up."""
    document = forking()
    first, second = jumps_of(document, "first")
    up = apply(document, reorder(document, "first", 1, second, -1)).document
    assert notations(up)[0] == ("third", "")
    aimed = apply(document, retarget(document, "first", 0, first, "second")).document
    assert notations(aimed)[0] == ("second", "why has_any (wait)")
    onward = apply(document, otherwise(document, "first", "")).document
    assert notations(onward) == [("end:sorry", "why has_any (wait)")]
    none = apply(onward, unjump(onward, "first", 0, first)).document
    assert none.pages[0].next == () and b'"next"' not in write(none)
    back = apply(none, otherwise(none, "first", "end")).document
    assert notations(back) == [("end", "")]


def test_a_jump_is_found_again_behind_those_that_others_made() -> None:
    """A changed or removed one is refused."""
    document = forking()
    seen = jumps_of(document, "first")[0]
    more = apply(document, set_rule(document, Where("first", "next"), LOW, None, "second")).document
    moved = apply(more, reorder(more, "first", 0, seen, 1)).document
    changed = apply(moved, set_rule(moved, Where("first", "next", 0), LOW, seen, "third")).document
    assert notations(changed)[1] == ("third", "overall <= 2")
    with pytest.raises(Refused):
        unjump(changed, "first", 0, seen)
    with pytest.raises(Refused):
        set_rule(changed, Where("first", "next", 0), LOW, seen)


def test_a_jump_leads_only_to_what_comes_later() -> None:
    """Later pages, endings, the end; anything else is refused when it is done."""
    document = forking()
    assert targets(document, "first") == ["second", "third", "end:sorry", "end"]
    assert targets(document, "third") == ["end:sorry", "end"]
    for to in ("first", "nowhere", "end:nobody"):
        with pytest.raises(Refused):
            apply(document, set_rule(document, Where("second", "next"), LOW, None, to))
