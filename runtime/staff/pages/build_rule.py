"""The condition editor: one rule of a draft in rows and groups, its sentence, what the check says.

The tree lives in the page's form; every button sends the form and shows the tree after it. With
scripts each state of it that is finished is saved at once, and whoever leaves an unfinished one is
warned; without them a button saves.
"""

from typing import Any, cast

import msgspec
from litestar import Response
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from builder.choices import RefChoice
from builder.condition_acts import NoSuchPart, act, landing
from builder.condition_forms import from_form
from builder.conditions import Group, faults, from_rule, to_rule
from builder.decisions import Decisions
from builder.edits import Refused
from builder.rules import LASTING, Where, held, set_rule, targets, where
from engine.notation import NotationError, parse_rule
from engine.problems import Problem, word
from engine.ruletree import Rule
from engine.scope import Scope
from runtime.kit.problems import NotFound
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, Sent, shows, takes
from runtime.staff.building_typed import carried
from runtime.staff.fields import Fields
from runtime.staff.frame import redirect
from runtime.staff.rule_editing import (
    Editing,
    beginning,
    draw,
    keep,
    refs_of,
    rule_of,
    way_back,
)

HERE = "/edit/rule"
MAX_NOTATION = 20_000


@shows(HERE)
def show_rule(
    desk: OnDesk,
    at: FromQuery[str] = "",
    member: FromQuery[str] = "",
    n: FromQuery[str] = "",
    to: FromQuery[str] = "",
    back: FromQuery[str] = "",
) -> Answer:
    """A rule to edit, or an empty one: `?at=PART&member=show_if`; `&member=next&n=1` a jump's, and
    `&member=next&to=PAGE` that of a jump still to be made."""
    place = _place(desk, at, member, n)
    if place.member == "next" and place.n is None and to not in targets(desk.document, place.of):
        raise NotFound("target", "A jump cannot lead there.")
    tree = from_rule(rule_of(desk, place))
    refs = refs_of(desk, place)
    if not tree.parts:
        tree = Group(parts=(beginning(refs, desk.document),))
    return draw(desk, Editing(place, tree, held(desk.document, place), back, to), refs=refs)


def _place(desk: Desk, at: str, member: str, n: str) -> Where:
    number = int(n) if n.isascii() and n.isdecimal() and len(n) < 5 else None
    found = where(desk.document, at, member, number)
    if found is None:
        raise NotFound("rule", "There is no such place for a rule.")
    return found


@takes(HERE)
def act_on_rule(desk: OnDesk, fields: Sent) -> Answer:
    """What a button asks for; the tree after it. Saving leads back to where one came from."""
    editing, refs = _editing(desk, fields)
    asked = fields["act"]
    match asked:
        case "check":
            return draw(desk, editing, refs=refs)
        case "":
            return _keep(desk, editing, refs)
        case "save":
            return _save(desk, editing, refs)
        case "remove" | "always":
            return _clear(desk, editing, asked == "always", refs)
        case "type":
            return _type(desk, editing, fields["notation"], refs)
        case _:
            return _press(desk, editing, asked, refs)


def _editing(desk: Desk, fields: Fields) -> tuple[Editing, tuple[RefChoice, ...]]:
    """What the form says; a jump that somebody removed meanwhile is one still to be made."""
    was, to = carried(fields["was"], dict[str, Any] | bool | None, "rule"), fields["to"]
    try:
        place = _place(desk, fields["at"], fields["member"], fields["n"])
    except NotFound:
        if not isinstance(was, dict) or fields["member"] != "next":
            raise
        place = _place(desk, fields["at"], "next", "")
        to, was = str(cast(dict[str, Any], was).get("to")), None
    refs = refs_of(desk, place)
    typed = None if fields["notation"] == fields["noted"] else fields["notation"]
    tree = from_form(fields, refs)
    return Editing(place, tree, was, fields["back"], to, typed), refs


def _press(desk: Desk, editing: Editing, asked: str, refs: tuple[RefChoice, ...]) -> Response[Any]:
    """A button of the tree."""
    try:
        tree = act(editing.tree, asked)
    except NoSuchPart:
        return draw(desk, editing, status=409, refs=refs)
    changed = msgspec.structs.replace(editing, tree=tree, focus=landing(tree, asked))
    return _keep(desk, changed, refs)


def _keep(desk: Desk, editing: Editing, refs: tuple[RefChoice, ...]) -> Response[Any]:
    """What is finished is saved as it is made, where a script asks; the page as it is then."""
    rule = to_rule(editing.tree)
    is_live = bool(desk.request.headers.get("hx-request"))
    if not is_live or rule is None or faults(editing.tree, refs):
        return draw(desk, editing, refs=refs)
    try:
        kept = keep(desk, editing, rule)
    except Refused as refused:
        return _refused(desk, editing, refused, refs)
    return draw(desk, kept, refs=refs)


def _type(desk: Desk, editing: Editing, typed: str, refs: tuple[RefChoice, ...]) -> Response[Any]:
    """The tree of what was typed in notation."""
    try:
        rule = parse_rule(typed[:MAX_NOTATION])
    except NotationError as error:
        params = {"column": error.column, **error.params}
        told = desk.say("notation_bad", column=error.column) + word(
            Problem(error.code, "", cast(dict[str, Any], params)), desk.lang
        )
        changed = msgspec.structs.replace(editing, told=(told,))
        return draw(desk, changed, status=422, refs=refs)
    changed = msgspec.structs.replace(editing, tree=from_rule(rule), typed=None)
    return _keep(desk, changed, refs)


def _save(desk: Desk, editing: Editing, refs: tuple[RefChoice, ...]) -> Response[Any]:
    """One edit of the draft, if every row is finished."""
    rule = to_rule(editing.tree)
    missing = faults(editing.tree, refs)
    is_new_jump = editing.at.member == "next" and editing.at.n is None
    if missing or (rule is None and not is_new_jump):
        told = desk.say("rule_unfinished", n=len(missing)) if missing else desk.say("rule_empty")
        focus = next(iter(missing), ())
        changed = msgspec.structs.replace(editing, told=(told,), focus=focus)
        return draw(desk, changed, status=422, refs=refs)
    return _apply(desk, editing, rule, refs)


def _clear(
    desk: Desk, editing: Editing, is_always: bool, refs: tuple[RefChoice, ...]
) -> Response[Any]:
    """Without the rule; a question's `required` may also become plain."""
    if editing.at.member in LASTING:
        raise NotFound("rule", "There is always a rule here.")
    if is_always and editing.at.member == "required":
        try:
            edit = set_rule(desk.document, editing.at, None, editing.was)
            desk.apply(msgspec.structs.replace(edit, value=True))
        except Refused as refused:
            return _refused(desk, editing, refused, refs)
        return redirect(way_back(desk, editing))
    return _apply(desk, editing, None, refs)


def _apply(
    desk: Desk, editing: Editing, rule: Rule | None, refs: tuple[RefChoice, ...]
) -> Response[Any]:
    try:
        keep(desk, editing, rule)
    except Refused as refused:
        return _refused(desk, editing, refused, refs)
    return redirect(way_back(desk, editing))


def _refused(
    desk: Desk, editing: Editing, refused: Refused, refs: tuple[RefChoice, ...]
) -> Response[Any]:
    """Nothing of the tree is lost; what stands there now counts as seen, so that one may insist."""
    told = desk.words(refused.problems)
    changed = msgspec.structs.replace(editing, told=tuple(dict.fromkeys(told)))
    if any(one.code == "changed_meanwhile" for one in refused.problems):
        newest = Desk(desk.request, desk.principal, desk.deployment, desk.survey)
        rule = rule_of(newest, editing.at)
        words = Decisions(Scope(newest.document), desk.lang, names=newest.names)
        now = newest.say("rule_none") if rule is None else words.sentence(rule)
        was = held(newest.document, editing.at)
        changed = msgspec.structs.replace(changed, now=now, was=was)
        return draw(newest, changed, status=409, refs=refs)
    return draw(desk, changed, status=409, refs=refs)


handlers: tuple[ControllerRouterHandler, ...] = (show_rule, act_on_rule)
