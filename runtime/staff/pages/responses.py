"""Submitted responses: filtered, a page at a time; one with its answers and how it was scored."""

from datetime import date, datetime, time, timedelta
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from engine.derivation import Values, derive_scores
from engine.text import localize
from runtime.accounts.access import Principal, needs
from runtime.audit.service import record
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.http import Http
from runtime.kit.settings import CHANNELS
from runtime.kit.words import say
from runtime.staff import queries
from runtime.staff.frame import language_of, page
from runtime.surveys.service import list_surveys
from runtime.wiring import Deployment

HERE = "/staff/responses"
PATIENT_CHANNELS = tuple(name for name in CHANNELS if name != "staff")


@get(HERE, sync_to_thread=True, guards=[needs("responses:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    survey: FromQuery[str] = "",
    site: FromQuery[str] = "",
    channel: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[Any]:
    """The newest responses that fit."""
    last = _day(until)
    filters = queries.Filters(
        survey=_plain(survey),
        site=_plain(site),
        channel=channel if channel in PATIENT_CHANNELS else "",
        since=_day(since),
        until=last and last + timedelta(days=1),
    )
    with deployment.db.begin() as connection:
        lines, following = queries.list_responses(
            connection, principal.reach, filters, _place(after)
        )
        sites = queries.list_sites(connection, principal.reach)
    asked = {
        "survey": filters.survey,
        "site": filters.site,
        "channel": filters.channel,
        "since": since if filters.since else "",
        "until": until if last else "",
    }
    kept = {name: value for name, value in asked.items() if value}
    lang = language_of(request, principal)
    behind = following and f"{following.at.isoformat()}~{following.id}"
    return page(
        request,
        principal,
        "responses/list.html",
        section="responses",
        lines=[(line, _scores(line, deployment, lang)) for line in lines],
        surveys=[
            one
            for one in list_surveys(deployment.db)
            if one.kind != "whistleblow" or principal.reach.whistleblow
        ],
        sites=sites,
        channels=PATIENT_CHANNELS,
        asked=asked,
        is_first=not after,
        newest=urlencode(kept),
        following=behind and urlencode(kept | {"after": behind}),
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


def _scores(line: queries.Line, deployment: Deployment, lang: str) -> list[tuple[str, Any]]:
    """Each score's title and value, in the document's order."""
    document = deployment.surveys.get(line.survey, line.version).survey.document
    first = document.languages[0]
    return [
        (
            localize(score.title, lang, first) if score.title is not None else score.id,
            _value(line.scores.get(score.id)),
        )
        for score in document.scores
    ]


def _value(score: Any) -> float | None:
    """The number of a stored score; none where nothing was answered."""
    return score and score["value"]


@get(f"{HERE}/{{response:str}}", sync_to_thread=True, guards=[needs("responses:read")])
def show_one(
    request: Http,
    response: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """One response; answers of personal questions are not shown here."""
    with deployment.db.begin() as connection:
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
    lang = language_of(request, principal)
    form = deployment.surveys.get(detail.line.survey, detail.line.version)
    document = form.survey.document
    first = document.languages[0]
    titles = {p.id: localize(p.title, lang, first) for p in document.pages if p.title is not None}
    return page(
        request,
        principal,
        "responses/detail.html",
        section="responses",
        detail=detail,
        line=detail.line,
        scores=_derived(detail, deployment, lang),
        answers=[
            (localize(q.text, lang, first), _shown(detail.answers[name], q, lang, first))
            for name, q in form.questions.items()
            if name in detail.answers
        ],
        times=[(titles.get(name, name), seconds) for name, seconds in detail.times.items()],
    )


def _derived(
    detail: queries.Detail, deployment: Deployment, lang: str
) -> list[tuple[str, float | None, list[str]]]:
    """Each score with its stored value and a sentence for each question that counted."""
    form = deployment.surveys.get(detail.line.survey, detail.line.version)
    survey = form.survey
    today = detail.line.submitted_at.astimezone(HOSPITAL_ZONE).date()
    evaluation = survey.evaluate(detail.answers, detail.context, today)
    values = Values(survey, evaluation, detail.context, today.isoformat())
    derived = {one.score: one for one in derive_scores(survey, values)}
    first = survey.document.languages[0]

    def name(part: Any) -> str:
        question = form.questions.get(part)
        return localize(question.text, lang, first) if question is not None else part

    found: list[tuple[str, float | None, list[str]]] = []
    for (title, value), score in zip(
        _scores(detail.line, deployment, lang), survey.document.scores, strict=True
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


def _shown(value: Any, question: Any, lang: str, first: str) -> str:
    """An answer in words: option texts for option ids, the plain value for others."""
    parts = (*getattr(question, "options", ()), *getattr(question, "rows", ()))
    texts = {part.id: localize(part.text, lang, first) for part in parts}
    match value:
        case bool():
            return say("staff_yes" if value else "staff_no", lang)
        case list():
            return "、".join(_shown(one, question, lang, first) for one in cast(list[Any], value))
        case {"choice": choice, **rest}:
            return f"{texts.get(choice, choice)} {rest.get('text', '')}".strip()
        case {"not_applicable": True}:
            return say("staff_not_applicable", lang)
        case {"agreed": bool() as agreed}:
            return _shown(agreed, question, lang, first)
        case dict():
            return "；".join(
                f"{texts.get(row, row)}: {_shown(cell, question, lang, first)}"
                for row, cell in cast(dict[str, Any], value).items()
            )
        case _:
            return texts.get(str(value), str(value))


handlers: tuple[ControllerRouterHandler, ...] = (show_list, show_one)
