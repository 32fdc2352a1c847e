"""Offering the newest wording of a question of the bank to the surveys that ask an older one.

What a survey changed of its question stays as the survey has it: a member is taken from the new
version only where the survey still says what its own version said.
"""

from typing import Any, cast

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from builder.edits import Put, Refused
from builder.tree import find, to_tree
from runtime.audit.models import Actor
from runtime.bank.items import get_item, question_of
from runtime.bank.uses import uses_of
from runtime.drafts.service import apply_edit, read_draft
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import AppError

Tree = dict[str, Any]
OF_SURVEY = frozenset(("id", "type", "show_if", "bank", "tags"))


class Older(Struct, frozen=True):
    """A question of a survey that is not the newest of the bank, as it is and as it would be.

    `version` is the one that the survey's newest document says; `kept` are members that the survey
    changed itself and keeps.
    """

    survey: str
    title: Any
    question: str
    version: int
    old: Tree
    new: Tree
    kept: tuple[str, ...]


def older_uses(db: Database, item: str) -> list[Older]:
    """Every question of a survey's newest document that names an older version of the item."""
    with db.begin() as connection:
        newest = get_item(connection, item)
        found = dict.fromkeys((one.survey, one.question) for one in uses_of(connection, item))
        states = dict(
            connection.execute(
                sa.text("SELECT id, state FROM surveys WHERE id = ANY(:ids)"),
                {"ids": [survey for survey, _ in found]},
            ).all()
        )
    listed: list[Older] = []
    for survey, question in found:
        if states.get(survey) != "archived":
            one = _older(db, survey, question, newest.id, newest.version, newest.question)
            listed += [one] if one is not None else []
    return listed


def _older(
    db: Database, survey: str, question: str, item: str, version: int, data: bytes
) -> Older | None:
    draft = read_draft(db, survey)
    place = find(to_tree(draft.document), question)
    now = place.part if place is not None else {}
    named: Tree = now.get("bank") or {}
    if named.get("id") != item or named.get("version") == version:
        return None
    with db.begin() as connection:
        base = question_of(connection, item, int(named["version"]))
    if base is None:
        return None
    made, kept = merged(msgspec.json.decode(base), now, msgspec.json.decode(data))
    made["bank"] = {"id": item, "version": version}
    return Older(
        survey, draft.document.title, question, int(named["version"]), now, made, tuple(kept)
    )


def merged(base: Tree, own: Tree, new: Tree) -> tuple[Tree, list[str]]:
    """The survey's question with what the bank changed, and the members that the survey keeps."""
    made: Tree = {}
    kept: list[str] = []
    for name in dict.fromkeys([*own, *new]):
        if name in OF_SURVEY:
            value = own.get(name)
        else:
            value, is_kept = _value(base.get(name), own.get(name), new.get(name))
            kept += [name] if is_kept else []
        if value is not None:
            made[name] = value
    return made, kept


def _value(base: Any, own: Any, new: Any) -> tuple[Any, bool]:
    """The survey's own value where it differs from what the bank once gave, else the new one."""
    if own in (base, new) or (not own and not base):
        return new, False
    if base == new:
        return own, False
    if all(isinstance(one, dict) for one in (base, own, new)):
        parts: Tree = {}
        is_kept = False
        for key in dict.fromkeys([*own, *new]):
            value, kept = _value(base.get(key), own.get(key), new.get(key))
            is_kept = is_kept or kept
            if value is not None:
                parts[key] = value
        return parts, is_kept
    if all(_is_named(one) for one in (base, own, new)):
        return _parts(base, own, new)
    return own, True


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and "id" in one for one in cast(list[Any], value)
    )


def _parts(base: list[Tree], own: list[Tree], new: list[Tree]) -> tuple[list[Tree], bool]:
    """Options and rows by their ids: the survey's conditions on them stay."""
    before = {one["id"]: one for one in base}
    mine = {one["id"]: one for one in own}
    is_kept = False
    made: list[Tree] = []
    for one in new:
        if one["id"] in mine:
            value, kept = merged(before.get(one["id"], {}), mine[one["id"]], one)
            is_kept = is_kept or bool(kept)
            made.append(value)
        elif one["id"] not in before:
            made.append(one)
        else:
            is_kept = True  # the survey took it out
    ids = {one["id"] for one in new}
    added = [one for one in own if one["id"] not in ids and one["id"] not in before]
    return made + added, is_kept or bool(added)


class Offered(Struct, frozen=True):
    """What became of an offer: surveys whose draft has the new wording, others with the reason."""

    done: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def reword(
    db: Database, item: str, surveys: frozenset[str], actor: Actor, *, clock: Clock = system_clock
) -> Offered:
    """Put the newest wording into the drafts of these surveys, each as an edit that can be undone.
    A refusal of one holds up no other."""
    done: list[str] = []
    refused: list[tuple[str, str]] = []
    for one in older_uses(db, item):
        if one.survey not in surveys:
            continue
        edit = Put(of=one.question, value=one.new, was=one.old)
        try:
            apply_edit(db, one.survey, edit, actor, clock=clock)
            done.append(one.survey)
        except Refused as error:
            refused.append((one.survey, error.problems[0].code))
        except AppError as error:
            refused.append((one.survey, error.code))
    return Offered(tuple(dict.fromkeys(done)), tuple(refused))
