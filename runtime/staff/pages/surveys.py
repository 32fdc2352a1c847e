"""The surveys: found by name, state and kind; one with its versions, its use and its way in."""

import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import segno
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from builder.edits import Refused, Replace
from builder.tree import to_tree
from engine.parse import parse
from runtime.accounts.access import Principal, needs
from runtime.drafts import service as drafts
from runtime.kit.http import Http
from runtime.kit.problems import NotFound, StateConflict
from runtime.staff import queries
from runtime.staff.choices import choices
from runtime.staff.fields import Fields
from runtime.staff.frame import HEADERS, language_of, page, redirect
from runtime.staff.outline import outline
from runtime.surveys import approvals, service
from runtime.surveys.models import SurveyLine
from runtime.surveys.queries import (
    get_line,
    has_draft,
    list_surveys,
    list_versions,
    read_version,
)
from runtime.wiring import Deployment

HERE = "/staff/surveys"
STATES = ("draft", "published", "closed")
KINDS = ("survey", "praise", "suggestion", "complaint", "consultation", "whistleblow", "intake")
MAX_ASKED = 100


@get(HERE, sync_to_thread=True, guards=[needs("surveys:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    q: FromQuery[str] = "",
    survey_state: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    order: FromQuery[str] = "",
) -> Response[Any]:
    """The surveys that fit, with how many answered them, by name unless another order is asked."""
    wanted = " ".join(q.replace("\0", "").split())[:MAX_ASKED]
    lines = [
        line
        for line in list_surveys(deployment.db)
        if _is_named(line, wanted) and survey_state in ("", line.state) and kind in ("", line.kind)
    ]
    uses = _uses(deployment, principal)
    asked = {"q": wanted, "survey_state": survey_state, "kind": kind}
    return page(
        request,
        principal,
        "surveys/list.html",
        section="surveys",
        lines=_ordered(lines, uses or {}, order),
        uses=uses,
        asked=asked,
        order=order,
        address=f"{HERE}?{urlencode({name: text for name, text in asked.items() if text})}",
        waiting_ids={one.survey_id for one in approvals.waiting(deployment.db)},
        is_narrowed=bool(wanted or survey_state or kind),
        states=STATES,
        kinds=KINDS,
    )


def _ordered(
    lines: list[SurveyLine], uses: Mapping[str, queries.Use], order: str
) -> list[SurveyLine]:
    """By what a column's heading asks for, the greatest first; else as they are listed."""
    none = queries.Use(0, 0)
    match order:
        case "changed":
            return sorted(lines, key=lambda line: line.updated_at, reverse=True)
        case "responses":
            return sorted(lines, key=lambda line: uses.get(line.id, none).total, reverse=True)
        case "lately":
            return sorted(lines, key=lambda line: uses.get(line.id, none).lately, reverse=True)
        case _:
            return lines


def _is_named(line: SurveyLine, wanted: str) -> bool:
    spelled = (*line.title.values(), line.id)
    return any(wanted.lower() in text.lower() for text in spelled)


def _uses(deployment: Deployment, principal: Principal) -> dict[str, queries.Use] | None:
    """How often each survey was answered; None for who sees no responses or some departments'."""
    is_part = principal.reach.departments is not None or principal.reach.parts
    if not principal.may("responses:read") or is_part:
        return None
    with deployment.db.begin_for(principal.reach) as connection:
        return queries.count_by_survey(connection, deployment.clock())


@get(f"{HERE}/{{survey:str}}", sync_to_thread=True, guards=[needs("surveys:read")])
def show_one(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """A survey: state, versions, use, and the address with its code."""
    return _one(request, principal, deployment, survey)


def _one(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    survey: str,
    *,
    refused: str | None = None,
    status: int = 200,
) -> Response[Any]:
    line = get_line(deployment.db, survey)
    uses = _uses(deployment, principal)
    return page(
        request,
        principal,
        "surveys/one.html",
        section="surveys",
        status=status,
        line=line,
        versions=list_versions(deployment.db, survey),
        use=None if uses is None else uses.get(survey, queries.Use(0, 0)),
        has_draft=has_draft(deployment.db, survey),
        seq=drafts.seq_of(deployment.db, survey),
        **_own(deployment, survey),
        address=_address(deployment, survey),
        may_publish=principal.may("surveys:publish"),
        may_read_responses=principal.may("responses:read"),
        refused=refused,
    )


def _own(deployment: Deployment, survey: str) -> dict[str, Any]:
    """What the form of a new template begins with."""
    document = drafts.read_draft(deployment.db, survey).document
    visits = document.audience.visit_types
    return {**choices(deployment), "own_category": document.category, "own_visits": visits}


def _address(deployment: Deployment, survey: str) -> str:
    """Where patients open it in a browser."""
    return f"{deployment.settings.public_url}/s/{survey}"


@get(f"{HERE}/{{survey:str}}/code.svg", sync_to_thread=True, guards=[needs("surveys:read")])
def show_code(survey: FromPath[str], deployment: NamedDependency[Deployment]) -> Response[bytes]:
    """The address as a QR code, for posters and doors."""
    get_line(deployment.db, survey)
    file = io.BytesIO()
    code = segno.make(_address(deployment, survey), micro=False, error="m")
    code.save(file, kind="svg", scale=8, light="white")
    headers = dict(HEADERS) | {"content-disposition": f'inline; filename="{survey}.svg"'}
    return Response(file.getvalue(), media_type="image/svg+xml", headers=headers)


@post(
    f"{HERE}/{{survey:str}}/close",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("surveys:publish")],
)
def close(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Take no new sessions; whoever has begun may finish within a day."""
    try:
        service.close_survey(deployment.db, survey, actor=principal.actor(), clock=deployment.clock)
    except StateConflict:
        return _one(request, principal, deployment, survey, refused="state", status=409)
    return redirect(f"{HERE}/{survey}", toast="saved")


@post(
    f"{HERE}/{{survey:str}}/reopen",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("surveys:publish")],
)
def reopen(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Take sessions again."""
    try:
        service.reopen_survey(
            deployment.db,
            survey,
            session_hours=deployment.settings.session_hours,
            actor=principal.actor(),
            clock=deployment.clock,
        )
    except StateConflict:
        return _one(request, principal, deployment, survey, refused="state", status=409)
    return redirect(f"{HERE}/{survey}", toast="saved")


# One version


@get(
    f"{HERE}/{{survey:str}}/versions/{{version:int}}",
    sync_to_thread=True,
    guards=[needs("surveys:read")],
)
def show_version(
    request: Http,
    survey: FromPath[str],
    version: FromPath[int],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """What a published version asks, page by page."""
    line = get_line(deployment.db, survey)
    form = deployment.surveys.get(survey, _counted(version))
    lang = language_of(request, principal)
    return page(
        request,
        principal,
        "surveys/version.html",
        section="surveys",
        line=line,
        version=version,
        sheets=outline(form.survey.document, lang),
        languages_asked=form.survey.document.languages,
    )


@get(
    f"{HERE}/{{survey:str}}/versions/{{version:int}}/document.json",
    sync_to_thread=True,
    guards=[needs("surveys:read")],
)
def download_version(
    survey: FromPath[str], version: FromPath[int], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """A published document byte for byte, as a file."""
    data = read_version(deployment.db, survey, _counted(version))
    name = f'attachment; filename="{survey}-{version}.json"'
    headers = dict(HEADERS) | {"content-disposition": name}
    return Response(data, media_type="application/json", headers=headers)


@post(
    f"{HERE}/{{survey:str}}/versions/{{version:int}}/restore",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("surveys:read", "surveys:write")],
)
def restore_version(
    request: Http,
    survey: FromPath[str],
    version: FromPath[int],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Make an old version the draft, by an edit that its author can take back."""
    old = parse(read_version(deployment.db, survey, _counted(version))).document
    assert old is not None, "only what can be read is published"
    if fields["seq"] != str(drafts.seq_of(deployment.db, survey)):
        return _one(request, principal, deployment, survey, refused="changed", status=409)
    try:
        drafts.apply_edit(
            deployment.db,
            survey,
            Replace(document=to_tree(old)),
            principal.actor(),
            clock=deployment.clock,
        )
    except Refused:
        return _one(request, principal, deployment, survey, refused="restore", status=409)
    return redirect(f"{HERE}/{survey}/edit", toast="saved")


def _counted(version: int) -> int:
    if not 0 < version < 2**31:
        raise NotFound("survey", "There is no such version of this survey.")
    return version


handlers: tuple[ControllerRouterHandler, ...] = (
    show_list, show_code, show_version, download_version, restore_version, show_one, close, reopen,
)  # fmt: skip
