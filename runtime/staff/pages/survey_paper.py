"""The survey as a paper form: tick boxes, lines to write on, its rules in words, a code to scan."""

import io
from collections.abc import Mapping
from pathlib import Path

import segno
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from engine.definition import Document
from engine.parse import parse
from renderers.documents import render_pdf
from runtime.accounts.access import needs
from runtime.kit.clock import hospital_day
from runtime.kit.problems import NotFound, Overloaded, Unprocessable
from runtime.kit.words import nearest_language
from runtime.org.service import list_sites
from runtime.staff.frame import HEADERS, TEMPLATES, draw
from runtime.staff.paper import Paper
from runtime.surveys import queries
from runtime.surveys.queries import read_version
from runtime.wiring import Deployment

HERE = "/staff/surveys/{survey:str}"
STYLE = (Path(TEMPLATES) / "survey_paper/paper.css").read_text("utf-8")
MAX_QUESTIONS = 300


@get(f"{HERE}/paper.pdf", sync_to_thread=True, guards=[needs("surveys:read")])
def show(
    survey: FromPath[str],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
    lang: FromQuery[str] = "zh-CN",
) -> Response[bytes]:
    """The published version as a PDF, A4; nothing of the draft."""
    line = queries.get_line(deployment.db, survey)
    if line.version is None:
        raise NotFound("survey", "This survey was never published.")
    return _version(deployment, survey, line.version, lang)


@get(
    f"{HERE}/versions/{{version:int}}/paper.pdf",
    sync_to_thread=True,
    guards=[needs("surveys:read")],
)
def show_version(
    survey: FromPath[str],
    version: FromPath[int],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
    lang: FromQuery[str] = "zh-CN",
) -> Response[bytes]:
    """Any published version."""
    if not 0 < version < 2**31:
        raise NotFound("survey", "There is no such version of this survey.")
    return _version(deployment, survey, version, lang)


@get(
    f"{HERE}/edit/paper.pdf",
    sync_to_thread=True,
    guards=[needs("surveys:read", "surveys:write")],
)
def show_draft(
    survey: FromPath[str],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
    lang: FromQuery[str] = "zh-CN",
) -> Response[bytes]:
    """The newest document, said to be a draft where it is one, and then without a code."""
    detail = queries.get_survey(deployment.db, survey)
    version = None if detail.is_draft else detail.version
    return _pdf(deployment, bytes(detail.document), version, lang)


def _version(deployment: Deployment, survey: str, version: int, lang: str) -> Response[bytes]:
    return _pdf(deployment, read_version(deployment.db, survey, version), version, lang)


def _pdf(deployment: Deployment, data: bytes, version: int | None, lang: str) -> Response[bytes]:
    document = parse(data).document
    assert document is not None, "only what can be read is stored"
    address = f"{deployment.settings.public_url}/s/{document.id}"
    day = hospital_day(deployment.clock()).isoformat()
    sites = {one.id: one.text for one in list_sites(deployment.db, nearest_language(lang))}
    pdf = print_paper(document, lang, address, version, day, sites)
    headers = {"content-disposition": f'inline; filename="{document.id}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=dict(HEADERS) | headers)


def print_paper(
    document: Document,
    lang: str,
    address: str,
    version: int | None,
    day: str,
    sites: Mapping[str, str],
) -> bytes:
    """The form as PDF.

    Raises:
        Unprocessable: more questions than a form of paper can hold.
        Overloaded: the system has no libraries for it.
    """
    if sum(len(one.questions) for one in document.pages) > MAX_QUESTIONS:
        raise Unprocessable("paper_too_long", "The survey has too many questions for paper.")
    html = paper_html(document, lang, address, version, day, sites)
    try:
        own = {} if version is None else {"code.svg": (code_of(address), "image/svg+xml")}
        return render_pdf(html, STYLE, own)
    except OSError as error:
        raise Overloaded("paper", "Pango is missing: install libpango-1.0-0.") from error


def code_of(address: str) -> bytes:
    """The address as a QR code."""
    file = io.BytesIO()
    segno.make(address, micro=False, error="m").save(file, kind="svg", scale=4, border=2)
    return file.getvalue()


def paper_html(
    document: Document,
    lang: str,
    address: str,
    version: int | None,
    day: str,
    sites: Mapping[str, str],
) -> str:
    """The form as HTML."""
    paper = Paper(document, language_on_paper(document, lang), sites)
    return draw(
        "survey_paper/paper.html",
        lang=paper.lang,
        title=paper.text(document.title),
        about=paper.text(document.description),
        address=address,
        survey=document.id,
        version=version,
        day=day,
        visit=paper.visit(),
        sheets=paper.sheets(),
        thanks=paper.text(document.endings[0].text) if document.endings else paper.say("thanks"),
        p=paper.say,
    )


def language_on_paper(document: Document, lang: str) -> str:
    """The document's language nearest to the wanted one."""
    languages = document.languages
    base = lang.split("-")[0]
    near = next((one for one in languages if one.split("-")[0] == base), languages[0])
    return lang if lang in languages else near


handlers: tuple[ControllerRouterHandler, ...] = (show, show_version, show_draft)
