"""A new session: whom it belongs to, how long it lives, and its first row."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from engine.context import read_context
from engine.view import session_language
from runtime.audit.service import line_values
from runtime.kit.db import Database
from runtime.kit.ids import hash_token, new_id
from runtime.kit.logging import logger
from runtime.org.cache import KnownIds
from runtime.responses import queries
from runtime.responses.state import Session, State, patient_of, state_encoder
from runtime.surveys.cache import Form

NO_SITE = "-"
KIOSK_LIFE = timedelta(hours=1)


def new_session(
    form: Form,
    channel: str,
    lang: str | None,
    facts: Mapping[str, Any],
    site: str | None,
    *,
    known: KnownIds,
    hours: int,
    now: datetime,
) -> Session:
    """A session in which nothing is answered yet; undeclared facts are left out."""
    survey = form.survey
    values, problems = read_context(survey.document.context, facts)
    if problems:
        names = [problem.at.removeprefix("/")[:64] for problem in problems[:50]]
        logger().info("context_left_out", survey=form.id, names=names)
    life = KIOSK_LIFE if channel == "kiosk" else timedelta(hours=hours)
    return Session(
        id=new_id(),
        survey_id=form.id,
        survey_version=form.version,
        channel=channel,
        site=_site(site, facts, known),
        lang=session_language(survey, lang or survey.document.languages[0]),
        seed=secrets.randbits(32),
        context=values,
        state=State(),
        answers={},
        rev=0,
        started_at=now,
        expires_at=now + life,
        response_id=None,
        outcome=None,
    )


def insert(db: Database, session: Session, token: str, now: datetime) -> None:
    """Store a new session under its token, with its line of the audit trail."""
    line = line_values(
        patient_of(session),
        "session.started",
        "session",
        str(session.id),
        site=session.site,
        facts={"survey": session.survey_id, "version": session.survey_version},
        clock=lambda: now,
    )
    with db.autocommit() as connection:
        connection.execute(
            queries.INSERT_SESSION,
            (
                session.id,
                hash_token(token),
                session.survey_id,
                session.survey_version,
                session.channel,
                session.site,
                session.lang,
                session.seed,
                msgspec.json.encode(session.context),
                state_encoder.encode(session.state),
                session.started_at,
                now,
                session.expires_at,
                *line.values(),
            ),
        )


def _site(site: str | None, facts: Mapping[str, Any], known: KnownIds) -> str:
    """The site that the response will belong to, if it is one of ours."""
    named = site or facts.get("visit.site")
    return named if isinstance(named, str) and named in known.sites else NO_SITE
