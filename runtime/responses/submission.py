"""The end of a session: the response, its personal part and its events, in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from engine.definition import Score
from engine.derivation import Values, truth
from engine.evaluation import ScoreValue
from runtime.audit.service import record
from runtime.events.models import Event
from runtime.events.service import new_event, write_events
from runtime.kit.db import Database
from runtime.kit.ids import new_id
from runtime.responses import queries
from runtime.responses.personal import seal_outcome, store_personal
from runtime.responses.state import Session, State, patient_of, state_encoder
from runtime.responses.turn import FinalView, Turn
from runtime.secrets.vault import Vault


def submit(
    db: Database,
    vault: Vault,
    turn: Turn,
    month: date,
    idempotency_key: str | None,
    department: str | None,
) -> FinalView | None:
    """Store the response; None if the session changed meanwhile or was submitted by another.

    Once-only is decided on the session row: only one transaction finds it without a response.
    `department` is the dictionary's, by which staff reach the response.
    """
    session, response = turn.session, new_id()
    view = turn.draw_end()
    scores = {name: msgspec.structs.asdict(s) for name, s in turn.evaluation.scores.items()}
    final = FinalView(str(response), scores, view.done, view)
    with db.begin_everywhere() as connection:
        won = connection.execute(
            queries.SUBMIT_SESSION,
            {
                "response": response,
                "outcome": seal_outcome(vault, session.id, msgspec.json.encode(final)),
                "state": state_encoder.encode(State()),
                "now": turn.now,
                "key": (idempotency_key or "").replace("\0", "")[:200] or None,
                "id": session.id,
                "rev": turn.old_rev,
            },
        ).one_or_none()
        if won is None:
            return None
        row = _response_row(turn, month, final) | {"department": department}
        connection.execute(queries.INSERT_RESPONSE, row)
        store_personal(connection, vault, turn, row)
        connection.execute(queries.INSERT_FEED_PENDING, row)
        connection.execute(queries.FORGET_PERSONAL, {"id": session.id})
        write_events(connection, _events(turn, final.response))
        _record(connection, turn, final.response)
    return final


def _record(connection: sa.Connection, turn: Turn, response: str) -> None:
    """What the patient did and how long each page took, never what was answered."""
    session = turn.session
    record(
        connection,
        patient_of(session),
        "response.submitted",
        "response",
        response,
        site=session.site,
        facts={
            "survey": session.survey_id,
            "version": session.survey_version,
            "seconds": turn.seconds_by_page(),
        },
        clock=lambda: turn.now,
    )


def _response_row(turn: Turn, month: date, final: FinalView) -> dict[str, Any]:
    session, found = turn.session, turn.evaluation
    plain, personal = turn.split_answers(found.answers)
    return {
        "site": session.site,
        "month": month,
        "id": final.response,
        "session": session.id,
        "survey": session.survey_id,
        "version": session.survey_version,
        "channel": session.channel,
        "lang": session.lang,
        "started": session.started_at,
        "now": turn.now,
        "context": _json(session.context),
        "answers": _json(plain),
        "personal": personal,
        "path": list(found.path),
        "asked": list(found.asked),
        "computed": _json(found.computed),
        "scores": _json(final.scores),
        "lowest_band": lowest_band(turn.survey.document.scores, found.scores),
        "ending": found.ending,
        "times": _json(turn.seconds_by_page()),
    }


BANDS = 5
"""Of 20 points each; the last one holds 100 too."""


def lowest_band(scores: Sequence[Score], values: Mapping[str, ScoreValue]) -> int | None:
    """Where the lowest score of a response lies, 0 to 4, by which staff find it.

    Sums count points of several questions and say nothing beside the others; None without a score.
    """
    found = [
        value.value
        for score in scores
        if score.method != "sum" and (value := values[score.id]).value is not None
    ]
    return min(BANDS - 1, max(0, int(min(found) // (100 / BANDS)))) if found else None


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _events(turn: Turn, response: str) -> list[Event]:
    session, document = turn.session, turn.survey.document
    common = {
        "survey": session.survey_id,
        "version": session.survey_version,
        "channel": session.channel,
        "lang": session.lang,
    }
    events = [
        new_event(
            "response.submitted",
            subject=response,
            site=session.site,
            happened_at=turn.now,
            facts=common | {"kind": document.kind},
        )
    ]
    values = Values(turn.survey, turn.evaluation, session.context, turn.today)
    for alert in document.alerts:
        if truth(alert.when, values) is True:
            events.append(
                new_event(
                    "alert.raised",
                    subject=response,
                    site=session.site,
                    happened_at=turn.now,
                    facts=common
                    | {
                        "alert": alert.id,
                        "open_case": alert.open_case,
                        "notify": alert.notify,
                        "within_hours": alert.within and alert.within.working_hours,
                    },
                )
            )
    return events


def forget_session(db: Database, session: Session, token_hash: bytes, now: datetime) -> None:
    """Remove a session that was not submitted, with its answers; its token is gone for good."""
    with db.begin() as connection:
        removed = connection.execute(
            sa.text("DELETE FROM sessions WHERE id = :id AND response_id IS NULL"),
            {"id": session.id},
        ).rowcount
        if removed:
            connection.execute(
                sa.text("DELETE FROM attachments WHERE session_id = :id"), {"id": session.id}
            )
            connection.execute(
                sa.text(
                    "INSERT INTO session_ended_tokens (token_hash, reason, ended_at) "
                    "VALUES (:hash, 'abandoned', :now) ON CONFLICT DO NOTHING"
                ),
                {"hash": token_hash, "now": now},
            )
