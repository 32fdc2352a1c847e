"""A rule on the desk of its author: what is edited so far, and the page that shows it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response
from msgspec import Struct

from builder.choices import RefChoice, refs_for
from builder.conditions import Group, Path, Row, faults, finished, to_rule
from builder.decisions import Decisions
from builder.edits import Refused
from builder.rules import (
    LASTING,
    Where,
    held,
    jumps_of,
    pointer_of,
    rule_at,
    set_rule,
    targets,
)
from engine.definition import Document
from engine.notation import print_rule
from engine.problems import Problem
from engine.ruletree import Rule
from engine.scope import Scope
from runtime.staff.building import LISTED, SURVEYS, Desk
from runtime.staff.building_tabs import framed, path_of
from runtime.staff.condition_rows import offered, show
from runtime.staff.frame import page
from runtime.staff.offered import Offer, Offers
from runtime.staff.standing import Standing, standing_of


class Editing(Struct, frozen=True):
    """A rule on the desk: where, the tree so far, what its author saw there, and where they came
    from. `to` is where a new jump leads; `typed` is the notation as it was typed."""

    at: Where
    tree: Group
    was: Any
    back: str = ""
    to: str = ""
    typed: str | None = None
    told: tuple[str, ...] = ()
    now: str = ""
    focus: Path | None = None


def rule_of(desk: Desk, place: Where) -> Rule | None:
    """The rule that stands there; none for a jump still to be made."""
    return None if place.member == "next" and place.n is None else rule_at(desk.document, place)


def way_back(desk: Desk, editing: Editing) -> str:
    """The page one came from, at the part that the rule belongs to."""
    owner = editing.at.of.partition("/")[0]
    tab = f"{SURVEYS}/{desk.survey}{path_of(editing.back)}"
    if editing.back == "flow":
        return f"{tab}?at={owner}"
    if editing.back == "rules":
        return tab
    is_in_panel = editing.at == Where(owner, "show_if")
    return desk.address(owner) + ("#b-show-if" if is_in_panel else "")


def keep(desk: Desk, editing: Editing, rule: Rule | None) -> Editing:
    """Put the rule into the draft, if it says anything new; a new jump is one of its page's now.

    Raises:
        Refused: somebody else changed it meanwhile, or the jump cannot lead there.
    """
    at, to = editing.at, editing.to
    if to and to not in targets(desk.document, at.of):
        raise Refused(Problem("unknown_reference", "", {"ref": to}))
    edit = set_rule(desk.document, at, rule, editing.was, to)
    if edit.value != (msgspec.UNSET if edit.was is None else edit.was):
        desk.apply(edit)
    if at.member == "next" and at.n is None:
        after = jumps_of(desk.document, at.of)
        made = after.index(next(one for one in after if one not in (edit.was or ())))
        at = msgspec.structs.replace(at, n=made)
    return msgspec.structs.replace(editing, at=at, was=held(desk.document, at), to="")


def refs_of(desk: Desk, place: Where) -> tuple[RefChoice, ...]:
    """What a rule there may be about; departments and staff by the hospital's lists."""
    asked = {kind: member for kind, member in LISTED.items() if desk.asks_for(kind)}
    entries = {kind: _spaced(desk.offers.of(member)) for kind, member in asked.items()}
    facts = {name.rpartition(".")[2] for name in desk.document.context}
    told = Offers(desk.deployment, desk.first)
    if "department" in facts:
        names = dict.fromkeys(one.words for one in told.of("within/subtree"))
        entries[".department"] = tuple((name, name) for name in names)
    if "site" in facts:
        entries[".site"] = tuple((one.code, one.words) for one in told.of("within/sites"))
    return refs_for(desk.document, place.of, place.member, desk.lang, desk.names, entries)


def _spaced(found: Sequence[Offer]) -> tuple[tuple[str, str], ...]:
    return tuple((one.code, "\u2003" * one.depth + one.words) for one in found)


def beginning(refs: Sequence[RefChoice], document: Document) -> Row:
    """The row that a new condition begins with: about the last question before it that is answered
    by choosing, which is what most conditions are about."""
    questions = {question.id for page in document.pages for question in page.questions}
    near = [one for one in refs if one.is_offered and one.values and one.name in questions]
    return Row(near[-1].name, near[-1].ops[0]) if near else Row()


def draw(
    desk: Desk,
    editing: Editing,
    *,
    status: int = 200,
    refs: tuple[RefChoice, ...] | None = None,
) -> Response[Any]:
    """The editor's page; the check speaks at once but where the page asks for it afterwards."""
    at = editing.at
    refs = refs_of(desk, at) if refs is None else refs
    missing = faults(editing.tree, refs)
    rule = to_rule(finished(editing.tree, missing))
    words = Decisions(Scope(desk.document), desk.lang, names=desk.names)
    pointer = pointer_of(desk.document, at)
    is_new = at.member == "next" and at.n is None
    is_whole = rule is not None and not missing
    is_live = bool(desk.request.headers.get("hx-request"))
    is_checked = not is_live or desk.request.headers.get("hx-target") == "standing"
    standing = _standing(desk, editing, rule) if is_whole and is_checked else None
    return page(
        desk.request,
        desk.principal,
        "build/rule.html",
        status=status,
        **framed(desk, "rules"),
        at=at.of,
        editing=editing,
        place=at,
        heading=_heading(desk, words, at, editing.to, pointer),
        focuses="data-focus" if is_live else "autofocus",
        tree=show(desk, editing.tree, refs, missing, editing.focus),
        offered=offered(desk, refs),
        has_refs=any(one.is_offered for one in refs),
        missing=len(missing),
        sentence="" if rule is None else words.sentence(rule),
        notation=print_rule(rule) if rule is not None else "",
        was=msgspec.json.encode(editing.was).decode(),
        holds=held(desk.document, at),
        is_lasting=at.member in LASTING,
        is_new=is_new,
        standing=standing,
        faults_of=desk.words(standing.problems[:5]) if standing is not None else (),
        is_whole=is_whole,
        is_kept=is_whole and rule == rule_of(desk, at),
        hinted={one.name: one.hints for one in refs if one.hints},
        way_back=way_back(desk, editing),
    )


def _heading(desk: Desk, words: Decisions, at: Where, to: str, pointer: str) -> str:
    if at.member != "next":
        return words.decides(pointer)
    p = next(p for p, one in enumerate(desk.document.pages) if one.id == at.of)
    jump = to if at.n is None else desk.document.pages[p].next[at.n].to
    return words.say("decides_jump", page=words.page(p), target=words.target(jump))


def _standing(desk: Desk, editing: Editing, rule: Rule | None) -> Standing | None:
    assert rule is not None
    try:
        now = held(desk.document, editing.at)
        edit = set_rule(desk.document, editing.at, rule, now, editing.to)
    except Refused:
        return None
    return standing_of(desk.document, editing.at, edit, rule, desk.lang, desk.names)
