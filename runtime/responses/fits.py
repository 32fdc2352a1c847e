"""How many of a survey's stored answers a question no longer takes as it is now.

Only counts leave this module. Answers of personal questions are sealed and never looked at.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from engine.questions import Question
from engine.questions.base import Bounds
from runtime.kit.db import Database

MOST = 10_000
"""So many responses are looked at, the newest first."""


class Tally(Struct, frozen=True):
    """How many responses were looked at, whether there are more, and in how many of them the
    answer to a question is no longer good."""

    looked_at: int
    has_more: bool
    unfit: dict[str, int]


def tally(
    db: Database, survey_id: str, questions: Mapping[str, Question | None], *, most: int = MOST
) -> Tally:
    """Read the stored answers to these questions as they are now; None takes no answer any more.

    Responses of every site count: a survey is changed for all of them at once.
    """
    unfit = dict.fromkeys(questions, 0)
    looked_at = 0
    with db.begin_everywhere() as connection:
        rows = connection.execution_options(yield_per=1000).execute(
            _ANSWERS, {"id": survey_id, "names": list(questions), "most": most + 1}
        )
        for (answers,) in rows:
            looked_at += 1
            if looked_at > most:
                break
            found: dict[str, Any] = answers or {}
            for name, value in found.items():
                unfit[name] += not _is_good(questions[name], value)
    return Tally(min(looked_at, most), looked_at > most, unfit)


def _is_good(question: Question | None, value: Any) -> bool:
    if question is None:
        return False
    read = question.read(value, Bounds())
    return read.problem is None and read.value is not None


_ANSWERS = sa.text(
    "SELECT (SELECT jsonb_object_agg(key, value) FROM jsonb_each(r.answers) "
    "WHERE key = ANY(:names)) FROM responses r WHERE r.survey_id = :id "
    "ORDER BY r.submitted_at DESC, r.id DESC LIMIT :most"
)
