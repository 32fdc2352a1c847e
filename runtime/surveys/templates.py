"""Surveys kept to begin others from: found by category and kind of visit, kept and given up."""

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct

import engine
from builder.tree import fresh
from engine.text import Text
from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, Unprocessable

MAX_TEMPLATES = 1000


class Template(Struct, frozen=True):
    """A template in a list; an empty `visit_types` is for every kind of visit."""

    id: str
    title: dict[str, str]
    description: dict[str, str]
    kind: str
    category: str
    visit_types: tuple[str, ...]
    questions: int
    kept_at: datetime
    kept_by: str
    kept_by_name: str


def keep(
    db: Database,
    document: engine.Document,
    data: bytes,
    *,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> str:
    """Keep a document as a template under its own id, or under the first free one behind it.

    Raises:
        Unprocessable: there are as many templates as there may be.
    """
    with db.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(4801012)"))
        taken = set(connection.execute(sa.text("SELECT id FROM survey_templates")).scalars())
        name = fresh(document.id, taken)
        if len(taken) >= MAX_TEMPLATES:
            raise Unprocessable("too_many_templates", "Remove a template first.")
        connection.execute(
            _KEEP,
            {
                "id": name,
                "title": _json(_words(document.title, document)),
                "description": _json(_words(document.description, document)),
                "kind": document.kind,
                "category": document.category or "",
                "visits": list(document.audience.visit_types),
                "questions": sum(not q.valueless for p in document.pages for q in p.questions),
                "data": data,
                "now": clock(),
                "actor": actor.id,
                "name": actor.name,
            },
        )
        record(connection, actor, "survey_template.kept", "survey_template", name, clock=clock)
    return name


def list_templates(db: Database, *, category: str = "", visit: str = "") -> list[Template]:
    """The templates of a category and for a kind of visit; "" asks for nothing."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                f"{_SELECT} WHERE (:category = '' OR category = :category) "
                "AND (:visit = '' OR visit_types = '{}' OR :visit = ANY(visit_types)) "
                "ORDER BY kind <> 'survey', category, id"
            ),
            {"category": category, "visit": visit},
        ).all()
    return [_template(row) for row in rows]


def get_template(db: Database, template: str) -> tuple[Template, bytes]:
    """A template with its document.

    Raises:
        NotFound: there is none of this id.
    """
    with db.begin() as connection:
        query = sa.text(f"{_SELECT} WHERE id = :id".replace(" FROM", ", document FROM", 1))
        row = connection.execute(query, {"id": template}).one_or_none()
    if row is None:
        raise NotFound("template", "There is no such template.")
    return _template(row), bytes(row.document)


def remove(db: Database, template: str, *, actor: Actor, clock: Clock = system_clock) -> None:
    """Give a template up; surveys that began from it stay as they are.

    Raises:
        NotFound: there is none of this id.
    """
    with db.begin() as connection:
        gone = connection.execute(
            sa.text("DELETE FROM survey_templates WHERE id = :id RETURNING id"), {"id": template}
        ).scalar_one_or_none()
        if gone is None:
            raise NotFound("template", "There is no such template.")
        record(
            connection, actor, "survey_template.removed", "survey_template", template, clock=clock
        )


def _words(text: Text | None, document: engine.Document) -> dict[str, str]:
    """A text by language; a plain one serves every language."""
    if text is None:
        return {}
    return text if isinstance(text, dict) else dict.fromkeys(document.languages, text)


def _json(words: dict[str, str]) -> str:
    return msgspec.json.encode(words).decode().replace("\\u0000", "")


def _template(row: Any) -> Template:
    return Template(
        row.id, row.title, row.description, row.kind, row.category, tuple(row.visit_types),
        row.questions, row.kept_at, row.kept_by, row.kept_by_name,
    )  # fmt: skip


_SELECT = (
    "SELECT id, title, description, kind, category, visit_types, questions, kept_at, kept_by, "
    "kept_by_name FROM survey_templates"
)
_KEEP = sa.text(
    "INSERT INTO survey_templates (id, title, description, kind, category, visit_types, questions, "
    "document, kept_at, kept_by, kept_by_name) VALUES (:id, CAST(:title AS jsonb), "
    "CAST(:description AS jsonb), :kind, :category, :visits, :questions, :data, :now, :actor, "
    ":name)"
)
