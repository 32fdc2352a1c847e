"""The parts of a survey that are not questions, as their pages list them; how each begins."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET, Struct

from builder import computations, scores
from builder.decisions import Decisions
from builder.edits import AnyEdit, Insert, SetMember, Several
from builder.references import uses
from builder.tree import Tree, to_tree
from builder.typed import BadValue
from engine import check
from engine.definition import Alert, Computed, ContextField, Ending, Score
from engine.scope import Scope
from runtime.kit.problems import NotFound
from runtime.kit.words import joined, say
from runtime.org.entries import entries_of
from runtime.staff.building import Desk
from runtime.staff.building_places import problems_by_owner
from runtime.staff.building_typed import carried, typed_edit
from runtime.staff.fields import Fields

USUAL = ("visit.type", "visit.site", "visit.department", "visit.date")
"""What the hospital's systems say of a visit."""
NEVER: Tree = {"op": "any", "of": []}
"""The condition of a new alert, until one is written: never true."""


class Entry(Struct, frozen=True):
    """A part in the list of its page: its address, its name, what it does, what is wrong."""

    at: str
    name: str
    about: tuple[str, ...]
    problems: tuple[str, ...]


def addresses(desk: Desk, kind: str) -> list[str]:
    """The parts of a kind in their order."""
    found = getattr(desk.document, kind)
    if kind == "context":
        return [f"context/{name}" for name in found]
    return [one.id for one in found]


def entries(desk: Desk, kind: str) -> list[Entry]:
    """The parts of a kind with what they do, in words."""
    found = problems_by_owner(desk.document, check(desk.document))
    words = words_for(desk)
    return [
        Entry(
            at,
            _name(desk, words, at),
            tuple(_about(desk, words, at)),
            desk.words(found.get(at, ())),
        )
        for at in addresses(desk, kind)
    ]


def words_for(desk: Desk) -> Decisions:
    """The words for the document's rules and values."""
    names = {one.code: one.words for m in ("notify", "audience/sites") for one in desk.offers.of(m)}
    names |= {one.code: one.words for one in desk.offers.of("open_case")}
    return Decisions(Scope(desk.document), desk.lang, names=names)


def _name(desk: Desk, words: Decisions, at: str) -> str:
    if at.startswith("context/"):
        return words.context_name(at.partition("/")[2])
    part: Any = desk.part(at)
    return words.text(part.title) or words.short(getattr(part, "text", None)) or at


def _about(desk: Desk, words: Decisions, at: str) -> list[str]:
    part = desk.part(at)
    match part:
        case Ending():
            form = desk.offers.told("open_form", part.open_form) if part.open_form else ""
            opens = [desk.say("opens", form=form)] if form else []
            return [*([words.text(part.text)] if part.title else []), *opens]
        case Alert():
            return [desk.say("condition_is", rule=words.sentence(part.when)), _action(desk, part)]
        case Computed():
            return [words.computed(part)]
        case ContextField():
            kind = desk.label("value", f"type.{part.type}")
            name = at.partition("/")[2]
            values = [words.value(name, one).strip("「」“”") for one in part.values]
            return [kind, joined(values, desk.lang)] if values else [kind]
        case Score():
            return [desk.label("value", f"method.{part.method}")]
        case _:
            return []


def _action(desk: Desk, alert: Alert) -> str:
    if alert.open_case is None and alert.notify is None:
        return desk.say("alert_none")
    code, member = ("case", "open_case") if alert.open_case else ("notify", "notify")
    what = desk.offers.told(member, alert.open_case or alert.notify or "")
    told = desk.say(f"alert_{code}", what=what)
    soon = desk.say("alert_hours", n=alert.within.working_hours) if alert.within else ""
    return " · ".join(one for one in (told, soon) if one)


def used_by(desk: Desk, at: str) -> list[tuple[str, str]]:
    """The parts that name this one, each with its address and its name."""
    owners = dict.fromkeys(mention.owner for mention in uses(desk.document, at))
    return [(desk.address(owner), desk.name_of(owner)) for owner in owners]


def own_tree(desk: Desk, at: str) -> Tree:
    """A part as JSON values; the document's own members for none."""
    tree = to_tree(desk.document)
    home, _, name = at.partition("/")
    if name:
        return tree["context"][name]
    if not at:
        return {key: value for key, value in tree.items() if key != "pages"}
    kind = desk.home_of(home)
    return next(one for one in tree[kind] if one["id"] == home)


# New parts


def inserting(desk: Desk, kind: str, name: str) -> AnyEdit:
    """A new part of a kind, last in its list; a declaration bears the name that was chosen.

    Raises:
        NotFound: there is no such kind.
        BadValue: the name is taken, or none.
    """
    begin = BEGINNINGS.get(kind)
    if begin is None:
        raise NotFound("part", "There is no such part.")
    if kind == "context" and not name:
        raise BadValue("name", "needed")
    if kind == "context" and name in desk.document.context:
        raise BadValue("name", "taken")
    return Insert(into="", list=kind, value=begin(desk, name))


def _begin(desk: Desk, kind: str) -> str:
    """The words that a new part begins with, in the survey's first language where we speak it."""
    return say(f"build_begin_{kind}", "en" if desk.first.startswith("en") else "zh-CN")


def _ending(desk: Desk, _name: str) -> Tree:
    return {"id": "ending_1", "text": {desk.first: _begin(desk, "endings")}}


def _alert(desk: Desk, _name: str) -> Tree:
    title = {desk.first: _begin(desk, "alerts")}
    roles = desk.offers.of("notify")
    named = [one.code for one in roles if one.code == "service_centre_handler"]
    who = [*named, *(one.code for one in roles)]
    return {"id": "alert_1", "title": title, "when": NEVER} | ({"notify": who[0]} if who else {})


def _score(desk: Desk, _name: str) -> Tree:
    title = _begin(desk, "scores" if desk.document.scores else "first_score")
    return scores.new_score(desk.document, title)


def _declaration(desk: Desk, name: str) -> Tree:
    """What is known of a visit's usual facts, else text."""
    values = {"visit.type": "visit_types"}.get(name)
    if values is not None:
        found = entries_of(desk.deployment.db, values)
        codes = [one.id for one in found if one.closed_on is None]
        if codes:
            return {"id": name, "type": "choice", "values": codes}
    if name == "visit.site" and (sites := desk.offers.of("audience/sites")):
        return {"id": name, "type": "choice", "values": [one.code for one in sites]}
    return {"id": name, "type": "date" if name == "visit.date" else "text"}


BEGINNINGS: dict[str, Callable[[Desk, str], Tree]] = {
    "endings": _ending,
    "alerts": _alert,
    "context": _declaration,
    "computed": lambda desk, _: computations.new_computed(desk.document, _begin(desk, "computed")),
    "scores": _score,
}


# What was typed


def typed_part(desk: Desk, at: str, fields: Fields) -> AnyEdit | None:
    """The edit that a part's panel asks for, with what hangs together changed together."""
    if not fields["shown"]:
        return None
    edit = typed_edit(desk, at, fields)
    part = desk.part(at)
    edits = [one for one in (edit, *_with(desk, at, part, fields, edit)) if one is not None]
    if not edits:
        return None
    flat = [one for edit in edits for one in (edit.edits if isinstance(edit, Several) else [edit])]
    return flat[0] if len(flat) == 1 else Several(edits=tuple(flat))


def _with(desk: Desk, at: str, part: Any, fields: Fields, edit: AnyEdit | None) -> list[Any]:
    match part:
        case Computed() if fields["op"]:
            return [_formula(at, fields)]
        case Alert():
            return [_other_action(part, edit)]
        case Score():
            return [scores.unweighing(part) if _sets(edit, "method") in scores.UNWEIGHTED else None]
        case _:
            return []


def _formula(at: str, fields: Fields) -> AnyEdit | None:
    was = read_shown(fields)["value"]
    try:
        value = computations.read(fields, was)
    except computations.BadOperand:
        raise BadValue("value", "operand") from None
    return None if value == was else SetMember(of=at, member="value", value=value, was=was)


def read_shown(fields: Fields) -> Tree:
    """The part as its author saw it."""
    return carried(fields["shown"], dict[str, Any], "part")


def _other_action(alert: Alert, edit: AnyEdit | None) -> AnyEdit | None:
    """An alert does one thing: who chooses the other takes back the one."""
    case, notify = _sets(edit, "open_case"), _sets(edit, "notify")
    if case and not notify and alert.notify:
        return SetMember(of=alert.id, member="notify", was=alert.notify)
    if notify and not case and alert.open_case:
        return SetMember(of=alert.id, member="open_case", was=alert.open_case)
    return None


def _sets(edit: AnyEdit | None, member: str) -> Any:
    """What an edit sets a member to; None where it leaves it."""
    for one in edit.edits if isinstance(edit, Several) else (edit,):
        if isinstance(one, SetMember) and one.member == member and one.value is not UNSET:
            return one.value
    return None
