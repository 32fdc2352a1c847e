"""One response: the path it took, each answer with its time, how every score came about."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from engine.derivation import Values, derive_scores
from engine.text import localize
from runtime.accounts.access import Principal, needs
from runtime.audit.service import record
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.http import Http
from runtime.kit.problems import Unprocessable
from runtime.kit.words import say
from runtime.responses import personal
from runtime.responses.given_files import GivenFile, give_pass, list_files
from runtime.staff import queries
from runtime.staff.answers import answer_text, dictionary_names, question_text, score_values
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page
from runtime.staff.pages.response_attachments import file_line
from runtime.staff.pages.responses import HERE
from runtime.surveys.cache import Form
from runtime.wiring import Deployment

MAX_REASON = 500


class Step(Struct, frozen=True):
    """A page of the path: its title, the seconds spent on it, and each question that was asked.

    An answer is None where it is kept apart, and "" where there is none.
    """

    title: str
    seconds: float | None
    answers: tuple[tuple[str, str | None], ...]


class Shown(Struct, frozen=True):
    """What the page shows of the personal answers: masked, or in clear this once with the files.

    `reason` is one that was too short; `given` opens the files for a while.
    """

    answers: Mapping[str, Any]
    is_clear: bool = False
    reason: str | None = None
    files: Sequence[GivenFile] = ()
    given: str = ""


@get(f"{HERE}/{{response:str}}", sync_to_thread=True, guards=[needs("responses:read")])
def show_one(
    request: Http,
    response: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """One response; answers of personal questions are masked here."""
    with deployment.db.begin_for(principal.reach) as connection:
        detail = queries.get_response(connection, principal.reach, response)
        record(
            connection,
            principal.actor(),
            "response.viewed",
            "response",
            detail.line.id,
            site=detail.line.site,
            clock=deployment.clock,
        )
        hidden = _masked(connection, principal, deployment, detail)
    return _one(request, principal, deployment, detail, Shown(hidden))


@post(
    f"{HERE}/{{response:str}}/personal",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("responses:read", "personal:unmask")],
)
def show_personal(
    request: Http,
    response: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """The personal answers themselves, once, for a reason that is kept in the audit trail."""
    with deployment.db.begin_for(principal.reach) as connection:
        detail = queries.get_response(connection, principal.reach, response)
        hidden = _masked(connection, principal, deployment, detail)
    reason = fields.get("reason", "").replace("\0", "")[:MAX_REASON]
    try:
        shown = _clear(principal, deployment, UUID(detail.line.id), reason)
    except Unprocessable:
        refused = Shown(hidden, reason=reason)
        return _one(request, principal, deployment, detail, refused, status=422)
    return _one(request, principal, deployment, detail, shown)


def _clear(principal: Principal, deployment: Deployment, response: UUID, reason: str) -> Shown:
    """The personal answers and the files, the look being recorded."""
    db, vault, surveys, clock = (
        deployment.db, deployment.vault, deployment.surveys, deployment.clock,
    )  # fmt: skip
    answers = personal.unmask(db, vault, surveys, principal, response, reason, clock=clock)
    with db.begin_for(principal.reach) as connection:
        files = list_files(connection, vault, surveys, principal, response)
    given = give_pass(vault, principal, response, reason, clock=clock)
    return Shown(answers, is_clear=True, files=files, given=given)


def _masked(
    connection: sa.Connection, principal: Principal, deployment: Deployment, detail: queries.Detail
) -> dict[str, str]:
    if not detail.has_personal:
        return {}
    return personal.read_masked(
        connection, deployment.vault, deployment.surveys, principal, UUID(detail.line.id)
    )


def _one(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    detail: queries.Detail,
    shown: Shown,
    *,
    status: int = 200,
) -> Response[Any]:
    """The page of one response."""
    lang = language_of(request, principal)
    form = deployment.surveys.get(detail.line.survey, detail.line.version)
    with deployment.db.begin() as connection:
        names = dictionary_names(connection, lang)

    listed = {one.question for one in shown.files}

    def told(name: str, value: Any) -> str:
        first = form.survey.document.languages[0]
        return answer_text(value, form.questions.get(name), lang, first, names)

    return page(
        request,
        principal,
        "responses/detail.html",
        section="responses",
        status=status,
        detail=detail,
        line=detail.line,
        steps=_steps(detail, form, lang, told),
        scores=_derived(detail, form, lang),
        personal=[
            (question_text(form, name, lang), told(name, value))
            for name, value in shown.answers.items()
            if name not in listed
        ],
        files=[file_line(one, detail.line.id, shown.given, form, lang) for one in shown.files],
        is_clear=shown.is_clear,
        reason=shown.reason,
        may_unmask=detail.has_personal and not shown.is_clear and _may_unmask(principal, detail),
        ending=_ending(detail, form, lang),
    )


def _may_unmask(principal: Principal, detail: queries.Detail) -> bool:
    """Whether one of the asker's roles unmasks something at this place."""
    site, department = detail.line.site, detail.department
    return bool(principal.fields_at(site, department, is_whistleblow=detail.is_whistleblow))


def _steps(detail: queries.Detail, form: Form, lang: str, told: Any) -> list[Step]:
    """The pages of the path, in the order in which they were walked."""
    document = form.survey.document
    pages = {one.id: one for one in document.pages}
    asked = set(detail.asked)
    steps: list[Step] = []
    for number, name in enumerate(detail.path, start=1):
        here = pages[name]
        if not any(one.id in asked for one in here.questions):
            continue
        plain = say("responses_page", lang, n=number)
        title = localize(here.title, lang, document.languages[0]) if here.title else plain
        answers = tuple(
            (question_text(form, one.id, lang), _answer(detail, form, one.id, told))
            for one in here.questions
            if one.id in asked and not one.valueless
        )
        steps.append(Step(title, detail.times.get(name), answers))
    return steps


def _answer(detail: queries.Detail, form: Form, name: str, told: Any) -> str | None:
    if name in form.personal_ids or name in form.upload_ids:
        return None
    return told(name, detail.answers[name]) if name in detail.answers else ""


def _ending(detail: queries.Detail, form: Form, lang: str) -> str:
    document = form.survey.document
    found = next((one for one in document.endings if one.id == detail.line.ending), None)
    return localize(found.text, lang, document.languages[0]) if found else ""


def _derived(
    detail: queries.Detail, form: Form, lang: str
) -> list[tuple[str, float | None, list[str]]]:
    """Each score with its stored value and a sentence for each question that counted."""
    survey = form.survey
    today = detail.line.submitted_at.astimezone(HOSPITAL_ZONE).date()
    evaluation = survey.evaluate(detail.answers, detail.context, today)
    values = Values(survey, evaluation, detail.context, today.isoformat())
    derived = {one.score: one for one in derive_scores(survey, values)}
    shown = score_values(detail.line, form, lang)
    return [
        (title, value, _sentences(derived[score.id], form, lang))
        for (title, value), score in zip(shown, survey.document.scores, strict=True)
    ]


def _sentences(derived: Any, form: Form, lang: str) -> list[str]:
    """How a score was reached: its method, then each member."""
    members = [
        say(
            "responses_member" if one.points is not None else "responses_member_none",
            lang,
            name=question_text(form, one.question, lang),
            points=one.points,
            weight=f"{one.weight:g}",
        )
        for one in derived.members
    ]
    return [say(f"responses_method_{derived.method}", lang), *members]


handlers: tuple[ControllerRouterHandler, ...] = (show_one, show_personal)
