"""What kiosk screens show beside the page view: cards, pickers, stored files, addresses."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from renderers.kiosk import KioskFrame, KioskLinks, KioskTimes
from renderers.web.controls import kind
from renderers.web.frame import Pick, StoredFile
from renderers.web.render import Introduction, Listed
from renderers.web.words import LANGUAGES, Language, closest
from runtime.org.service import find_departments, find_staff
from runtime.responses.results import AttachmentInfo
from runtime.surveys.cache import Form
from runtime.surveys.queries import list_surveys
from runtime.wiring import Deployment

ROOT = "/kiosk"


def home(site: str) -> str:
    """The start screen's address; a kiosk's place travels in it."""
    return f"{ROOT}/?site={quote(site)}" if site else f"{ROOT}/"


def links(site: str, survey: str = "") -> KioskLinks:
    """The addresses that templates print."""
    start = f"{ROOT}/s/{survey}" + (f"?site={quote(site)}" if site else "")
    return KioskLinks(home=home(site), start=start, static=f"{ROOT}/static")


def plain_frame(
    lang: str, times: KioskTimes, site: str, *, survey: str = "", watched: bool = True
) -> KioskFrame:
    """The frame of a screen outside a session."""
    return KioskFrame(
        lang=closest(lang),
        languages=LANGUAGES,
        links=links(site, survey),
        times=times,
        watched=watched,
    )


def session_frame(
    deployment: Deployment,
    times: KioskTimes,
    view: Any,
    files: Sequence[AttachmentInfo],
    site: str,
) -> KioskFrame:
    """The frame of a page inside a session."""
    form = deployment.surveys.get(view.survey.id, view.survey.version)
    document = form.survey.document
    spoken: list[Language] = [lang for lang in LANGUAGES if lang in document.languages]
    return KioskFrame(
        lang=closest(view.lang),
        languages=tuple(spoken),
        links=links(site),
        times=times,
        picks=picks(deployment, view),
        files={f.id: StoredFile(id=f.id, name=f.name, bytes=f.bytes, type=f.type) for f in files},
    )


def cards(deployment: Deployment, lang: Language, site: str) -> list[Listed]:
    """The surveys that anybody may start here; those that need a known patient are left out."""
    found: list[Listed] = []
    for line in list_surveys(deployment.db, public_only=True):
        form = deployment.surveys.get(line.id, line.version or 0)
        if form.survey.document.identity == "required":
            continue
        found.append(listed(form, lang, site))
    return found


def listed(form: Form, lang: str, site: str) -> Listed:
    """A survey as a card."""
    document = form.survey.document
    return Listed(
        id=form.id,
        title=in_words(document.title, lang),
        description=in_words(document.description, lang),
        url=links(site, form.id).start,
        kind=document.kind,
    )


def introduction(form: Form, lang: str) -> Introduction:
    """What a survey's first screen says."""
    document = form.survey.document
    return Introduction(
        title=in_words(document.title, lang),
        description=in_words(document.description, lang),
        identity=document.identity,
    )


def in_words(text: str | Mapping[str, str] | None, lang: str) -> str:
    """A document's text in one language, else in the first it has."""
    if text is None or isinstance(text, str):
        return text or ""
    return text.get(lang) or next(iter(text.values()), "")


def picks(deployment: Deployment, view: Any) -> dict[str, tuple[Pick, ...]]:
    """Dictionary entries of the page's department and staff questions."""
    values = {question.id: question.value for question in view.questions}
    return {
        question.id: _picks_of(deployment, question, values, view.lang)
        for question in view.questions
        if kind(question) in ("department", "staff")
    }


def _picks_of(
    deployment: Deployment, question: Any, values: Mapping[str, Any], lang: str
) -> tuple[Pick, ...]:
    sites: list[str] = question.within.sites if question.within else []
    site = sites[0] if len(sites) == 1 else None
    subtree = question.within.subtree if question.within else None
    if kind(question) == "department":
        found = find_departments(deployment.db, site=site, subtree=subtree, lang=lang)
        parents = {entry.parent for entry in found}
        found = [e for e in found if e.id not in parents or e.id == question.value]
    else:
        named = values.get(question.of) if question.of else None
        department = named if isinstance(named, str) else None
        found = find_staff(
            deployment.db, site=site, department=department, subtree=subtree, lang=lang
        )
    kept = [e for e in found if not sites or not e.sites or set(e.sites) & set(sites)]
    return tuple(Pick(id=e.id, text=e.text, group=e.under) for e in kept)
