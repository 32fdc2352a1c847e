"""The API of sessions and of the responses feed (design section 9)."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Response, Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, RawBody

from runtime.accounts.service import API_PREFIX, caller_of, require_scope
from runtime.kit.addresses import client_address
from runtime.kit.http import (
    Http,
    bearer_token,
    json_response,
    problem_response,
    read_form,
    read_json,
)
from runtime.kit.openapi import documented
from runtime.kit.problems import BadRequest, Forbidden, NotSignedIn
from runtime.kit.settings import Settings
from runtime.responses import feed, shapes
from runtime.responses.results import AttachmentInfo, Step, Submitted
from runtime.responses.service import Sessions
from runtime.wiring import Deployment

SESSION_BODY_BYTES = 512 * 1024
MULTIPART_SLACK_BYTES = 64 * 1024


class NewSession(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of `POST /sessions`."""

    survey: str
    channel: Literal["web", "kiosk", "miniprogram"]
    lang: str | None = None
    invitation: str | None = None
    context: dict[str, Any] | None = None


class SessionBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The members of every session body; `page` is what the client shows, `rev` what it saw."""

    answers: dict[str, Any] = {}
    page: str | None = None
    rev: int | None = None


class ResumeBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of `POST /sessions/resume`."""

    code: str
    channel: Literal["web", "kiosk", "miniprogram"] = "web"


class HandoverAnswer(msgspec.Struct, frozen=True):
    """A code, the address for a QR code, and until when."""

    code: str
    url: str
    expires_at: datetime


def handover_url(settings: Settings, code: str) -> str:
    """Where a phone goes on with a handed-over session."""
    return f"{settings.public_url}/s/resume/{code}"


def session_token(request: Http) -> str:
    """The token of the request.

    Raises:
        NotSignedIn: there is none.
    """
    token = bearer_token(request)
    if token is None:
        raise NotSignedIn("token", "Send the session's token as Authorization: Bearer <token>.")
    return token


def step_response(step: Step) -> Response[bytes]:
    """A step as the API answers it: the view, or problem+json with the view in `view`."""
    if step.outcome == "ok":
        return json_response(step.view)
    title = "The answers have problems" if step.outcome == "invalid" else "Not possible now"
    return problem_response(step.status, title, step.problems, view=step.view)


def _started(view: Any, token: str, status: int) -> Response[bytes]:
    body = msgspec.json.encode({"token": token})[:-1] + b"," + msgspec.json.encode(view)[1:]
    return json_response(msgspec.Raw(body), status, location=f"/api/v1/sessions/{view.session}")


@post(
    "/sessions",
    sync_to_thread=True,
    request_max_body_size=SESSION_BODY_BYTES,
    operation_class=documented(body=NewSession),
    opt={"public": True},
)
def start_session(
    request: Http, body: RawBody, deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Begin a session; the answer is its first page view and, only here, its `token`.

    Without a bearer token: surveys that are open to all, no `context`. With the scope
    `sessions:write` the caller may give `context`.
    """
    wanted = read_json(request, body, NewSession)
    token = bearer_token(request)
    if token is not None:
        require_scope(deployment.db, caller_of(deployment.db, token), "sessions:write")
    elif wanted.context is not None:
        raise Forbidden(
            "context",
            "Only a token with the scope sessions:write may give a context.",
            at="/context",
        )
    started = deployment.sessions.start(
        wanted.survey,
        wanted.channel,
        lang=wanted.lang,
        context=wanted.context,
        invitation=wanted.invitation,
        is_trusted=token is not None,
    )
    return _started(started.view, started.token, 201)


@post(
    "/sessions/resume",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SESSION_BODY_BYTES,
    operation_class=documented(body=ResumeBody),
    opt={"public": True},
)
def resume_session(
    request: Http, body: RawBody, deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Go on with a handed-over session: its page view and a new `token`; the old one ends."""
    wanted = read_json(request, body, ResumeBody)
    started = deployment.sessions.resume(wanted.code, wanted.channel)
    return _started(started.view, started.token, 200)


@get("/sessions/{sid:str}", sync_to_thread=True, opt={"public": True})
def show_session(
    request: Http, sid: FromPath[str], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """The current page view; with `done` once the session is submitted."""
    return step_response(deployment.sessions.current(session_token(request), session_id=sid))


def _step(request: Http, body: bytes, sid: str, act: Any) -> Step:
    """Call one of the step methods with what every session body holds."""
    given = read_json(request, body, SessionBody)
    return act(
        session_token(request),
        given.answers,
        page=given.page,
        rev=given.rev,
        session_id=sid,
    )


def _save(request: Http, sid: str, body: bytes, deployment: Deployment) -> Response[bytes]:
    return step_response(_step(request, body, sid, deployment.sessions.save))


@put(
    "/sessions/{sid:str}/answers",
    sync_to_thread=True,
    request_max_body_size=SESSION_BODY_BYTES,
    operation_class=documented(body=SessionBody),
    opt={"public": True},
)
def save_answers(
    request: Http, sid: FromPath[str], body: RawBody, deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Merge answers key by key; `null` clears; bad values are kept and shown with their problem."""
    return _save(request, sid, body, deployment)


@patch(
    "/sessions/{sid:str}",
    sync_to_thread=True,
    request_max_body_size=SESSION_BODY_BYTES,
    operation_class=documented(body=SessionBody),
    opt={"public": True},
)
def patch_session(
    request: Http, sid: FromPath[str], body: RawBody, deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """The same as `PUT /sessions/{sid}/answers`."""
    return _save(request, sid, body, deployment)


@post(
    "/sessions/{sid:str}/next",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SESSION_BODY_BYTES,
    operation_class=documented(body=SessionBody),
    opt={"public": True},
)
def next_page(
    request: Http, sid: FromPath[str], body: RawBody, deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Merge answers and go to the next page; 422 with the problems of this one."""
    return step_response(_step(request, body, sid, deployment.sessions.next_page))


@post(
    "/sessions/{sid:str}/back",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=SESSION_BODY_BYTES,
    operation_class=documented(body=SessionBody),
    opt={"public": True},
)
def previous_page(
    request: Http, sid: FromPath[str], body: RawBody, deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Merge answers and go to the page that was shown before."""
    return step_response(_step(request, body, sid, deployment.sessions.back))


@post(
    "/sessions/{sid:str}/submit",
    sync_to_thread=True,
    request_max_body_size=SESSION_BODY_BYTES,
    operation_class=documented(body=SessionBody, answer=Submitted),
    opt={"public": True},
)
def submit_session(
    request: Http, sid: FromPath[str], body: RawBody, deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Store the response once; every repetition answers the same."""
    given = read_json(request, body, SessionBody)
    step = deployment.sessions.submit(
        session_token(request),
        given.answers,
        page=given.page,
        rev=given.rev,
        session_id=sid,
        idempotency_key=request.headers.get("idempotency-key"),
    )
    return json_response(step.submitted, 201) if step.submitted else step_response(step)


@post(
    "/sessions/{sid:str}/handover",
    sync_to_thread=True,
    request_max_body_size=SESSION_BODY_BYTES,
    operation_class=documented(answer=HandoverAnswer),
    opt={"public": True},
)
def hand_over_session(
    request: Http, sid: FromPath[str], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """A code of one use and ten minutes, and the address for its QR code."""
    offered = deployment.sessions.hand_over(session_token(request), session_id=sid)
    url = handover_url(deployment.settings, offered.code)
    return json_response(HandoverAnswer(offered.code, url, offered.expires_at), 201)


class Upload(msgspec.Struct, frozen=True):
    """One file out of a multipart body."""

    question: str
    name: str
    content: bytes


async def read_upload(request: Http, max_bytes: int) -> Upload:
    """The `question` and the one file of a multipart body.

    Raises:
        UnsupportedMedia: the body is no form.
        BadRequest: a part is missing, or there are others.
    """
    form, files = await read_form(request, {"question"})
    question = form.get("question")
    if len(files) != 1 or not isinstance(question, str):
        raise BadRequest("multipart", "Send one file and the member question as multipart.")
    content = await files[0].read(max_bytes + 1)
    return Upload(question, files[0].filename or "", content)


async def _upload_dependency(request: Http, deployment: NamedDependency[Deployment]) -> Upload:
    return await read_upload(request, deployment.settings.max_upload_bytes)


def _attach(request: Http, sid: str, upload: Upload, deployment: Deployment) -> Response[bytes]:
    sessions: Sessions = deployment.sessions
    shown = sessions.attach(
        session_token(request), upload.question, upload.name, upload.content, session_id=sid
    )
    return json_response(shown, 201)


@delete(
    "/sessions/{sid:str}/attachments/{attachment:str}",
    status_code=204,
    sync_to_thread=True,
    opt={"public": True},
)
def remove_attachment(
    request: Http,
    sid: FromPath[str],
    attachment: FromPath[str],
    deployment: NamedDependency[Deployment],
) -> None:
    """Take a file off its question."""
    deployment.sessions.detach(session_token(request), attachment, session_id=sid)


@get(
    "/responses",
    sync_to_thread=True,
    operation_class=documented(answer=feed.Feed),
    opt={"scope": "responses:read"},
)
def list_responses(
    request: Http,
    deployment: NamedDependency[Deployment],
    survey: FromQuery[str | None] = None,
    since: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> Response[bytes]:
    """Responses in the order of their numbers; following `cursor` gives each exactly once.

    `since` is a day at the hospital (`2026-03-01`) or a time with its zone (RFC 3339).

    By `Accept`: JSON; `application/fhir+json`, a Bundle of QuestionnaireResponse;
    `application/jsonl`, a response a line; of one survey also `text/csv` and a workbook (XLSX),
    with the same columns in every piece. The header `huisheng-cursor` holds the cursor too, `link`
    the address of the next piece. Answers of personal questions are there for tokens with the
    scope `responses:personal` only.
    """
    token = bearer_token(request)
    if token is None or not token.startswith(API_PREFIX):
        raise NotSignedIn("token", "Send Authorization: Bearer <token>.")
    caller = require_scope(deployment.db, caller_of(deployment.db, token), "responses:read")
    moment = None if since is None else feed.read_since(since)
    found = feed.read_feed(
        deployment.db,
        survey=survey,
        since=moment,
        cursor=cursor,
        limit=limit,
        vault=deployment.vault if "responses:personal" in caller.scopes else None,
        reader=caller.actor(client_address(request, deployment.settings.trusted_proxies)),
        clock=deployment.clock,
    )
    asked = shapes.Asked(survey, moment, limit)
    shape = shapes.shape_of(request.headers.get("accept"))
    return Response(
        shapes.shaped(found, asked, shape, deployment.surveys),
        media_type=shape,
        headers={
            "cache-control": "no-store",
            "vary": "accept",
            "huisheng-cursor": found.cursor,
            "link": f'<{asked.following(found)}>; rel="next"',
        },
    )


def attachment_handler(settings: Settings) -> HTTPRouteHandler:
    """The upload route, whose measure of a body depends on the settings."""

    @post(
        "/sessions/{sid:str}/attachments",
        request_max_body_size=settings.max_upload_bytes + MULTIPART_SLACK_BYTES,
        operation_class=documented(answer=AttachmentInfo, multipart=("question", "file")),
        opt={"public": True},
        dependencies={"upload": _upload_dependency},
        sync_to_thread=True,
    )
    def add_attachment(
        request: Http,
        sid: FromPath[str],
        upload: NamedDependency[Upload],
        deployment: NamedDependency[Deployment],
    ) -> Response[bytes]:
        """Store one picture or document for an upload or signature question that is asked."""
        return _attach(request, sid, upload, deployment)

    return add_attachment


def session_router(settings: Settings) -> Router:
    """The routes that patients' clients call."""
    return Router(
        "/",
        route_handlers=[
            start_session,
            resume_session,
            show_session,
            save_answers,
            patch_session,
            next_page,
            previous_page,
            submit_session,
            hand_over_session,
            attachment_handler(settings),
            remove_attachment,
        ],
    )
