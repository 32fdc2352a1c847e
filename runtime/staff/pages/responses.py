"""Submitted responses: filtered, a page at a time; one with its answers and how it was scored."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct, structs

from engine.derivation import Values, derive_scores
from engine.text import localize
from runtime.accounts.access import Principal, needs
from runtime.audit.service import record
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.http import Http
from runtime.kit.problems import Unprocessable
from runtime.kit.settings import CHANNELS
from runtime.kit.words import say
from runtime.responses import personal
from runtime.responses.submission import BANDS
from runtime.staff import queries
from runtime.staff.answers import answer_text, question_text, score_values
from runtime.staff.frame import language_of, page
from runtime.staff.pages.sign_in import Fields
from runtime.surveys.cache import Form
from runtime.surveys.service import list_surveys
from runtime.wiring import Deployment

HERE = "/staff/responses"
MAX_REASON = 500
SCORES_SHOWN = 3
SCORES = tuple(str(band) for band in range(BANDS))
PATIENT_CHANNELS = tuple(name for name in CHANNELS if name != "staff")


def _form(deployment: Deployment, line: queries.Line) -> Form:
    return deployment.surveys.get(line.survey, line.version)


def _lowest(scores: list[tuple[str, Any]]) -> tuple[list[tuple[str, Any]], int]:
    """The lowest few of a response's scores, and how many there are beside them."""
    found = sorted(((t, v) for t, v in scores if v is not None), key=lambda one: one[1])
    return found[:SCORES_SHOWN], max(0, len(found) - SCORES_SHOWN)


class Asked(Struct, frozen=True, kw_only=True):
    """What the list or a file was narrowed to, as it stood in the address."""

    survey: str = ""
    site: str = ""
    department: str = ""
    channel: str = ""
    score: str = ""
    since: str = ""
    until: str = ""
    order: str = ""


def asked_of(request: Http) -> Asked:
    """What an address asks for; what is nonsense is left out."""
    given = {name: request.query_params.get(name, "") for name in Asked.__struct_fields__}
    return Asked(
        survey=_plain(given["survey"]),
        site=_plain(given["site"]),
        department=_plain(given["department"]),
        channel=given["channel"] if given["channel"] in PATIENT_CHANNELS else "",
        score=given["score"] if given["score"] in SCORES else "",
        since=given["since"] if _day(given["since"]) else "",
        until=given["until"] if _day(given["until"]) else "",
        order="oldest" if given["order"] == "oldest" else "",
    )


@get(HERE, sync_to_thread=True, guards=[needs("responses:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    after: FromQuery[str] = "",
) -> Response[Any]:
    """The responses that fit, newest first unless the oldest are asked for."""
    asked = asked_of(request)
    with deployment.db.begin_for(principal.reach) as connection:
        departments = queries.list_departments(connection, principal.reach)
        lines, following = queries.list_responses(
            connection,
            principal.reach,
            filters_of(departments, asked),
            _place(after),
            oldest_first=asked.order == "oldest",
        )
        sites = queries.list_sites(connection, principal.reach)
    kept = {name: value for name, value in structs.asdict(asked).items() if value}
    lang = language_of(request, principal)
    behind = following and f"{following.at.isoformat()}~{following.id}"
    return page(
        request,
        principal,
        "responses/list.html",
        section="responses",
        lines=[
            (line, _lowest(score_values(line, _form(deployment, line), lang))) for line in lines
        ],
        surveys=[
            one
            for one in list_surveys(deployment.db)
            if one.kind != "whistleblow" or principal.reach.whistleblow
        ],
        sites=sites,
        departments=departments,
        channels=PATIENT_CHANNELS,
        scores=SCORES,
        asked=asked,
        is_first=not after,
        newest=urlencode(kept),
        may_export=principal.may("responses:export"),
        other_end=urlencode(kept | {"order": "" if asked.order else "oldest"}),
        following=behind and urlencode(kept | {"after": behind}),
    )


def filters_of(departments: Sequence[queries.DepartmentChoice], asked: Asked) -> queries.Filters:
    """Filters of what was asked; days are the hospital's, both included."""
    last = _day(asked.until)
    chosen = next((one for one in departments if one.id == asked.department), None)
    return queries.Filters(
        survey=asked.survey,
        site=asked.site,
        departments=chosen.subtree if chosen else (),
        channel=asked.channel,
        band=int(asked.score) if asked.score else None,
        since=_day(asked.since),
        until=last and last + timedelta(days=1),
    )


def _plain(text: str) -> str:
    return text.replace("\0", "")[:200]


def _day(text: str) -> datetime | None:
    """The first moment of a day at the hospital; None for what is no day of this century."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    in_reach = date(2000, 1, 1) <= day <= date(2099, 12, 31)
    return datetime.combine(day, time.min, HOSPITAL_ZONE) if in_reach else None


def _place(text: str) -> queries.Place | None:
    at, _, identity = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return queries.Place(moment, UUID(identity)) if moment.tzinfo else None
    except ValueError:
        return None


@get(f"{HERE}/{{response:str}}", sync_to_thread=True, guards=[needs("responses:read")])
def show_one(
    request: Http,
    response: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """One response; answers of personal questions are not shown here."""
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
    return _one(request, principal, deployment, detail, hidden)


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
        shown = personal.unmask(
            deployment.db,
            deployment.vault,
            deployment.surveys,
            principal,
            UUID(detail.line.id),
            reason,
            clock=deployment.clock,
        )
    except Unprocessable:
        return _one(request, principal, deployment, detail, hidden, reason=reason, status=422)
    return _one(request, principal, deployment, detail, shown, is_clear=True)


def _masked(
    connection: Any, principal: Principal, deployment: Deployment, detail: queries.Detail
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
    hidden: Mapping[str, Any],
    *,
    is_clear: bool = False,
    reason: str | None = None,
    status: int = 200,
) -> Response[Any]:
    """The page of one response; `reason` is one that was too short."""
    lang = language_of(request, principal)
    form = _form(deployment, detail.line)
    document = form.survey.document
    first = document.languages[0]
    titles = {p.id: localize(p.title, lang, first) for p in document.pages if p.title is not None}
    return page(
        request,
        principal,
        "responses/detail.html",
        section="responses",
        status=status,
        detail=detail,
        personal=[
            (
                question_text(form, name, lang),
                answer_text(value, form.questions.get(name), lang, first),
            )
            for name, value in hidden.items()
        ],
        is_clear=is_clear,
        reason=reason,
        may_unmask=principal.may("personal:unmask") and bool(hidden) and not is_clear,
        line=detail.line,
        scores=_derived(detail, deployment, lang),
        answers=[
            (question_text(form, name, lang), answer_text(detail.answers[name], q, lang, first))
            for name, q in form.questions.items()
            if name in detail.answers
        ],
        times=[(titles.get(name, name), seconds) for name, seconds in detail.times.items()],
    )


def _derived(
    detail: queries.Detail, deployment: Deployment, lang: str
) -> list[tuple[str, float | None, list[str]]]:
    """Each score with its stored value and a sentence for each question that counted."""
    form = _form(deployment, detail.line)
    survey = form.survey
    today = detail.line.submitted_at.astimezone(HOSPITAL_ZONE).date()
    evaluation = survey.evaluate(detail.answers, detail.context, today)
    values = Values(survey, evaluation, detail.context, today.isoformat())
    derived = {one.score: one for one in derive_scores(survey, values)}

    def name(part: Any) -> str:
        return question_text(form, part, lang)

    found: list[tuple[str, float | None, list[str]]] = []
    for (title, value), score in zip(
        score_values(detail.line, form, lang), survey.document.scores, strict=True
    ):
        members = derived[score.id].members
        told = [
            say(
                "responses_member" if one.points is not None else "responses_member_none",
                lang,
                name=name(one.question),
                points=one.points,
                weight=f"{one.weight:g}",
            )
            for one in members
        ]
        method = say(f"responses_method_{derived[score.id].method}", lang)
        found.append((title, value, [method, *told]))
    return found


handlers: tuple[ControllerRouterHandler, ...] = (show_list, show_one, show_personal)
