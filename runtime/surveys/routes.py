"""The API of surveys and their pictures (design section 9)."""

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, RawBody

import engine
from interchange.fhir import NotEqual
from runtime.accounts.models import Caller
from runtime.accounts.service import caller_of, require_scope
from runtime.audit.models import Actor
from runtime.kit.addresses import client_address
from runtime.kit.http import (
    JSON,
    MULTIPART,
    Http,
    bearer_token,
    is_too_deep,
    json_response,
    media_of,
    read_form,
)
from runtime.kit.openapi import documented
from runtime.kit.problems import BadRequest, NotFound, TooLarge, UnsupportedMedia
from runtime.kit.words import nearest_language
from runtime.surveys import assets, findings, interchange, queries, service
from runtime.surveys.models import AssetInfo, SurveyLine, SurveyProblem
from runtime.surveys.queries import read_version
from runtime.wiring import Deployment

DOCUMENT_BYTES = 2 * 1024 * 1024
BUNDLE_BYTES = 64 * 1024 * 1024
ZIP = "application/zip"


class StoredAnswer(msgspec.Struct):
    """What storing a document answers."""

    id: str
    version: int
    state: str
    problems: list[SurveyProblem]


class SurveyList(msgspec.Struct):
    """All surveys that the caller may see."""

    surveys: list[SurveyLine]


def _caller(request: Http, deployment: Deployment) -> Caller | None:
    token = bearer_token(request)
    return None if token is None else caller_of(deployment.db, token)


def _require(request: Http, deployment: Deployment, scope: str) -> Actor:
    """Who calls, as the audit trail names them."""
    address = client_address(request, deployment.settings.trusted_proxies)
    caller = require_scope(deployment.db, _caller(request, deployment), scope, address=address)
    return caller.actor(address)


def _language(request: Http) -> str:
    return nearest_language(request.headers.get("accept-language"))


def _measured(body: bytes, request: Http) -> bytes:
    """A document's bytes, if they are few and shallow enough to be decoded.

    Raises:
        BadRequest, UnsupportedMedia: too deep; empty; not JSON by its own word.
    """
    if media_of(request, JSON) != JSON:
        raise UnsupportedMedia("media_type", "Send the document as application/json.")
    return _readable(body)


def _readable(document: bytes) -> bytes:
    if is_too_deep(document):
        raise BadRequest("too_deep", "The document nests deeper than 32 levels.")
    try:
        msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("unreadable", "The document is not JSON.") from None
    return document


def _stored(stored: Any) -> Response[bytes]:
    headers = {"etag": f'"{stored.etag}"', "location": f"/api/v1/surveys/{stored.id}"}
    return json_response(stored.as_answer(), 201 if stored.is_new else 200, **headers)


@post(
    "/surveys",
    sync_to_thread=True,
    request_max_body_size=BUNDLE_BYTES,
    operation_class=documented(body=engine.Document, answer=StoredAnswer, also=200),
    opt={"scope": "surveys:write"},
)
def create_survey(
    request: Http,
    body: RawBody,
    deployment: NamedDependency[Deployment],
    publish: FromQuery[bool] = False,
    confirm: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Store a document (or a bundle of it and its pictures), with `publish=true` publish it.

    422 lists all problems; 409 lists findings that `confirm` has to repeat.
    """
    actor = _require(request, deployment, "surveys:write")
    if media_of(request) == ZIP:
        bundle = assets.unpack(body, DOCUMENT_BYTES)
        document = _readable(bundle.document)
        service.require_sound(document, _language(request))
        for picture in bundle.pictures:
            assets.store_asset(deployment.db, deployment.assets, picture, actor=actor)
    else:
        document = _measured(_small(body), request)
    return _stored(
        service.store_survey(
            deployment.db,
            document,
            publish=publish,
            confirm=confirm,
            lang=_language(request),
            actor=actor,
            clock=deployment.clock,
        )
    )


def _small(body: bytes) -> bytes:
    if len(body) > DOCUMENT_BYTES:
        raise TooLarge("too_large", "A document is 2 MiB at most.")
    return body


@put(
    "/surveys/{survey_id:str}/draft",
    sync_to_thread=True,
    request_max_body_size=DOCUMENT_BYTES,
    operation_class=documented(body=engine.Document, answer=StoredAnswer, also=201),
    opt={"scope": "surveys:write"},
)
def put_draft(
    request: Http, survey_id: FromPath[str], body: RawBody, deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Store whatever parses as the draft, with its problems; `If-Match` names what was read."""
    actor = _require(request, deployment, "surveys:write")
    return _stored(
        service.put_draft(
            deployment.db,
            survey_id,
            _measured(body, request),
            if_match=request.headers.get("if-match"),
            lang=_language(request),
            actor=actor,
            clock=deployment.clock,
        )
    )


@post(
    "/surveys/check",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=DOCUMENT_BYTES,
    operation_class=documented(body=engine.Document),
    opt={"scope": "surveys:write"},
)
def check_survey(
    request: Http, body: RawBody, deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Problems and proofs of a document; nothing is stored."""
    _require(request, deployment, "surveys:write")
    examined = findings.examine(_measured(body, request))
    problems, proof = examined.problems, None
    if examined.document is not None and not examined.errors:
        proof = findings.prove(examined.document, findings.PUBLISH_SECONDS)
        problems = (*problems, *findings.warnings(proof))
    worded = findings.words(problems, _language(request))
    return json_response(
        {
            "problems": worded,
            "findings": proof and proof.public(),
            "confirm": findings.digest_of(worded),
        }
    )


@post(
    "/surveys/convert",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=interchange.BODY_BYTES,
    operation_class=documented(body=dict[str, Any], answer=interchange.ConvertedForm),
    opt={"scope": "surveys:write"},
)
def convert_survey(
    request: Http,
    body: RawBody,
    deployment: NamedDependency[Deployment],
    source: Annotated[interchange.Source, QueryParameter(name="from")],
    target: Annotated[interchange.Target, QueryParameter(name="to")] = "huisheng",
    strict: FromQuery[bool] = False,
    not_equal: FromQuery[NotEqual] = "lforms",
) -> Response[bytes]:
    """A form of another system as a survey document (or as a FHIR Questionnaire), with a report of
    what was lost and where; nothing is stored. The body is the file as it is.

    422 lists what was lost where nothing could be made, or with `strict` where anything was.
    """
    _require(request, deployment, "surveys:write")
    return json_response(
        interchange.converted(
            body, source, target, strict=strict, not_equal=not_equal, lang=_language(request)
        )
    )


@post(
    "/surveys/{survey_id:str}/publish",
    status_code=200,
    sync_to_thread=True,
    operation_class=documented(answer=StoredAnswer),
    opt={"scope": "surveys:write"},
)
def publish_survey(
    request: Http,
    survey_id: FromPath[str],
    deployment: NamedDependency[Deployment],
    confirm: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Publish the draft as the next version; published versions never change."""
    actor = _require(request, deployment, "surveys:write")
    stored = service.publish_survey(
        deployment.db,
        survey_id,
        confirm=confirm,
        lang=_language(request),
        actor=actor,
        clock=deployment.clock,
    )
    return json_response(stored.as_answer(), 200, etag=f'"{stored.etag}"')


@post(
    "/surveys/{survey_id:str}/close",
    status_code=200,
    sync_to_thread=True,
    operation_class=documented(answer=SurveyLine),
    opt={"scope": "surveys:write"},
)
def close_survey(
    request: Http, survey_id: FromPath[str], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Take no new sessions; open ones may finish for 24 hours."""
    actor = _require(request, deployment, "surveys:write")
    closed = service.close_survey(deployment.db, survey_id, actor=actor, clock=deployment.clock)
    return json_response(closed)


@post(
    "/surveys/{survey_id:str}/reopen",
    status_code=200,
    sync_to_thread=True,
    operation_class=documented(answer=SurveyLine),
    opt={"scope": "surveys:write"},
)
def reopen_survey(
    request: Http, survey_id: FromPath[str], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Take sessions again."""
    actor = _require(request, deployment, "surveys:write")
    opened = service.reopen_survey(
        deployment.db,
        survey_id,
        session_hours=deployment.settings.session_hours,
        actor=actor,
        clock=deployment.clock,
    )
    return json_response(opened)


@get(
    "/surveys",
    sync_to_thread=True,
    operation_class=documented(answer=SurveyList),
    opt={"public": True},
)
def list_surveys(request: Http, deployment: NamedDependency[Deployment]) -> Response[bytes]:
    """All surveys for tokens with `surveys:read`; without a token those that can be started."""
    caller = _caller(request, deployment)
    if caller is not None:
        _require(request, deployment, "surveys:read")
    lines = queries.list_surveys(deployment.db, public_only=caller is None)
    return json_response(SurveyList(lines))


@get("/surveys/{survey_id:str}", sync_to_thread=True, opt={"scope": "surveys:read"})
def show_survey(
    request: Http, survey_id: FromPath[str], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """A survey with its newest document."""
    _require(request, deployment, "surveys:read")
    detail = queries.get_survey(deployment.db, survey_id)
    return json_response(detail, etag=f'"{detail.etag}"')


@get(
    "/surveys/{survey_id:str}/versions/{version:int}",
    sync_to_thread=True,
    opt={"scope": "surveys:read"},
)
def show_version(
    request: Http,
    survey_id: FromPath[str],
    version: FromPath[int],
    deployment: NamedDependency[Deployment],
) -> Response[bytes]:
    """A published document byte for byte; with `Accept: application/zip` and its pictures, with
    `Accept: application/fhir+json` as a FHIR R4 Questionnaire."""
    _require(request, deployment, "surveys:read")
    if not 0 < version < 2**31:
        raise NotFound("survey", "There is no such version of this survey; they count from 1.")
    document = read_version(deployment.db, survey_id, version)
    if ZIP in request.headers.get("accept", ""):
        bundle = assets.pack(deployment.db, deployment.assets, document)
        name = f'attachment; filename="{survey_id}-{version}.zip"'
        return Response(bundle, media_type=ZIP, headers={"content-disposition": name})
    if interchange.FHIR_JSON in request.headers.get("accept", ""):
        pictures = f"{deployment.settings.public_url}/api/v1/assets"
        resource = interchange.as_questionnaire(document, version, pictures)
        return Response(resource, media_type=interchange.FHIR_JSON)
    return Response(document, media_type="application/json")


@get("/assets/{name:str}", sync_to_thread=True, opt={"public": True})
def show_asset(name: FromPath[str], deployment: NamedDependency[Deployment]) -> Response[bytes]:
    """A picture of a question; it never changes."""
    media_type, content = assets.read_asset(deployment.db, deployment.assets, name)
    return Response(
        content,
        media_type=media_type,
        headers={
            "cache-control": "public, max-age=31536000, immutable",
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )


async def _picture(request: Http) -> bytes:
    """The picture of a request: the body itself, or the one file of a multipart form."""
    if media_of(request) != MULTIPART:
        return await request.body()
    _, files = await read_form(request, frozenset())
    if len(files) != 1:
        raise BadRequest("multipart", "Send one file.")
    return await files[0].read(assets.MAX_BYTES + 1)


@post(
    "/assets",
    sync_to_thread=True,
    request_max_body_size=assets.MAX_BYTES + 64 * 1024,
    operation_class=documented(answer=AssetInfo, multipart=("file",)),
    opt={"scope": "surveys:write"},
    dependencies={"picture": _picture},
)
def create_asset(
    request: Http, picture: NamedDependency[bytes], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Keep a picture (as the body, or as one file of a form); documents name it by its SHA-256."""
    actor = _require(request, deployment, "surveys:write")
    stored = assets.store_asset(deployment.db, deployment.assets, picture, actor=actor)
    return json_response(stored, 201, location=f"/api/v1/assets/{stored.sha256}")


def survey_router() -> Router:
    """The routes that integrators call."""
    return Router(
        "/",
        route_handlers=[
            create_survey,
            put_draft,
            check_survey,
            convert_survey,
            publish_survey,
            close_survey,
            reopen_survey,
            show_survey,
            show_version,
            create_asset,
        ],
    )
