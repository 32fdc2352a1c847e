"""Writing a line of the audit trail beside the change or the look that it tells of."""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec
import sqlalchemy as sa

from runtime.audit.models import Actor, Outcome, accountable
from runtime.kit.clock import Clock, month_of, system_clock
from runtime.kit.ids import new_id

MAX_TEXT = 500
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_COLUMNS = (
    "INSERT INTO audit_lines (month, id, at, actor_kind, actor_id, actor_name, address, channel, "
    "session, action, object_type, object_id, outcome, site, facts) "
)
_INSERT = sa.text(
    _COLUMNS + "VALUES (:month, :id, :at, :actor_kind, :actor_id, :actor_name, :address, :channel, "
    ":session, :action, :object_type, :object_id, :outcome, :site, CAST(:facts AS jsonb))"
)
INSERT_LINE = (_COLUMNS + "VALUES (" + "%s, " * 14 + "CAST(%s AS jsonb))").encode()
"""For a driver connection, and behind a `WITH`; the values are those of `line_values` in order."""


def record(
    connection: sa.Connection,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    *,
    outcome: Outcome = "ok",
    site: str | None = None,
    facts: Mapping[str, Any] = {},
    clock: Clock = system_clock,
) -> None:
    """Write one line in the caller's transaction: it stays exactly if the change stays.

    `action` is `area.verb`, such as `account.signed_in`. `facts` hold no personal data and no
    answers; the old and new value of a setting may stand there.
    """
    row = line_values(
        actor, action, object_type, object_id, outcome=outcome, site=site, facts=facts, clock=clock
    )
    connection.execute(_INSERT, row)


def line_values(
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    *,
    outcome: Outcome = "ok",
    site: str | None = None,
    facts: Mapping[str, Any] = {},
    clock: Clock = system_clock,
) -> dict[str, Any]:
    """The columns of one line, every text on one line and without control characters."""
    at, actor = clock(), accountable(actor)
    return {
        "month": month_of(at),
        "id": new_id(),
        "at": at,
        "actor_kind": actor.kind,
        "actor_id": one_line(actor.id),
        "actor_name": one_line(actor.name),
        "address": None if actor.address is None else one_line(actor.address),
        "channel": one_line(actor.channel),
        "session": None if actor.session is None else one_line(actor.session),
        "action": one_line(action),
        "object_type": one_line(object_type),
        "object_id": one_line(object_id),
        "outcome": outcome,
        "site": None if site is None else one_line(site),
        "facts": msgspec.json.encode(_without_controls(msgspec.to_builtins(facts))).decode(),
    }


def one_line(text: str) -> str:
    """The text with control characters and line ends written as escapes, at most 500 characters."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)[:MAX_TEXT]


def _without_controls(value: Any) -> Any:
    match value:
        case str():
            return one_line(value)
        case dict():
            members = cast(dict[str, Any], value).items()
            return {one_line(str(name)): _without_controls(item) for name, item in members}
        case list():
            return [_without_controls(item) for item in cast(list[Any], value)]
        case _:
            return value
