"""Inside a session at a kiosk: the page, its buttons, and that somebody is still there."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency

from renderers import kiosk
from renderers.web.render import Listed
from runtime.kiosk import screens
from runtime.kiosk.desk import (
    EXTEND_HEADER,
    HEADERS,
    LEFT_HEADER,
    Desk,
    Page,
    go,
    is_fragment,
    page,
)
from runtime.kiosk.passes import Pass
from runtime.kiosk.posted import Posted, require_own_page
from runtime.kit.http import Http
from runtime.kit.problems import Gone, NotFound, StateConflict
from runtime.responses.results import Step
from runtime.responses.routes import handover_url
from runtime.surveys.queries import published_version


@get("/fill", sync_to_thread=True)
def show_page(request: Http, desk: NamedDependency[Desk]) -> Page:
    """The current page of this machine's session, or the start screen."""
    kept = desk.read(request)
    if kept is None:
        return go(screens.home(""))
    return _shown(request, desk, kept, desk.sessions.current(kept.token))


@post("/fill", sync_to_thread=True)
def take_step(request: Http, desk: NamedDependency[Desk], posted: NamedDependency[Posted]) -> Page:
    """One button of a page: go on, go back, refresh, clear, attach, change language, hand over."""
    kept = desk.read(request)
    if kept is None:
        raise Gone("session_expired", "This session has ended.")
    if posted.action == "handover":
        return _handed_over(request, desk, kept, posted)
    step = _act(desk, kept.token, posted)
    if is_fragment(request) or step.outcome != "ok" or not _is_new_page(step, posted):
        return _shown(request, desk, kept, step)
    answer = go(f"{screens.ROOT}/fill")
    desk.stamp(answer, kept)
    return answer


def _is_new_page(step: Step, posted: Posted) -> bool:
    """Whether a browser without scripts should be sent on, so that reloading sends nothing."""
    return bool(step.submitted) or step.view.moved or posted.action not in ("next", "submit")


def _act(desk: Desk, token: str, posted: Posted) -> Step:
    sessions, answers = desk.sessions, desk.read_answers(token, posted)
    shown = posted.first("page")
    verb, _, rest = posted.action.partition(".")
    match verb:
        case "next":
            return sessions.next_page(token, answers, page=shown)
        case "submit":
            return sessions.submit(token, answers, page=shown)
        case "back":
            return sessions.back(token, answers, page=shown)
        case "lang":
            sessions.save(token, answers, page=shown)
            return sessions.change_language(token, rest)
        case "clear" if rest in answers:
            return sessions.save(token, answers | {rest: None}, page=shown)
        case "upload":
            sessions.save(token, answers, page=shown)
            return _attach(desk, token, rest, posted)
        case "remove":
            sessions.detach(token, rest.rpartition(".")[2])
            return sessions.current(token)
        case _:
            return sessions.save(token, answers, page=shown)


def _attach(desk: Desk, token: str, question: str, posted: Posted) -> Step:
    """A kiosk takes pictures of signatures only; files go by the phone."""
    step = desk.sessions.current(token)
    named = next((q for q in step.view.questions if q.id == question), None)
    sent = posted.files.get(f"upload.{question}")
    if named is None or sent is None or screens.kind(named) != "signature":
        raise NotFound("upload", "This question takes no file at a kiosk.")
    desk.sessions.attach(token, question, *sent)
    return desk.sessions.current(token)


def _shown(request: Http, desk: Desk, kept: Pass, step: Step) -> Page:
    frame, view = desk.frame_of(step, kept.site), step.view
    if view.done is not None:
        html = kiosk.render_ending(
            view,
            frame,
            open_form=_open_form(desk, view.done.open_form, frame.lang, kept.site),
            fragment=is_fragment(request),
        )
    else:
        html = kiosk.render_page(view, frame, fragment=is_fragment(request))
    answer = page(html, 200 if step.submitted or view.done else step.status)
    desk.stamp(answer, kept)
    return answer


def _open_form(desk: Desk, survey: str | None, lang: str, site: str) -> Listed | None:
    """The form that an ending offers, where it may be started here."""
    if survey is None:
        return None
    try:
        version = published_version(desk.deployment.db, survey)
    except (NotFound, StateConflict):
        return None
    form = desk.deployment.surveys.get(survey, version)
    if form.survey.document.identity == "required":
        return None
    return screens.listed(form, lang, site)


def _handed_over(request: Http, desk: Desk, kept: Pass, posted: Posted) -> Page:
    """Keep what was typed and show the code; leaving now must not end what the phone goes on."""
    answers = desk.read_answers(kept.token, posted)
    step = desk.sessions.save(kept.token, answers, page=posted.first("page"))
    code = desk.sessions.hand_over(kept.token).code
    url = handover_url(desk.deployment.settings, code)
    frame = desk.frame_of(step, kept.site)
    answer = page(kiosk.render_handover(code, url, frame, fragment=is_fragment(request)))
    desk.stamp(answer, kept, is_handed=True)
    return answer


@post("/alive", sync_to_thread=False)
def stay_alive(request: Http, desk: NamedDependency[Desk]) -> Response[None]:
    """Somebody touched the screen, or asked for more time; 410 where the session is over.

    The answer tells how many seconds the session may still last. A patient who says so gets the
    longest time again, from now on (WCAG 2.2.1); a stored session that is as old as one may become
    ends all the same.
    """
    require_own_page(request)
    kept = desk.peek(request)
    if kept is None:
        return Response(None, status_code=410, headers=HEADERS)
    now = desk.deployment.clock()
    if request.headers.get(EXTEND_HEADER):
        kept = msgspec.structs.replace(kept, started_at=now)
    left = {LEFT_HEADER: str(kept.seconds_left(now, desk.times))}
    answer: Response[None] = Response(None, status_code=204, headers=HEADERS | left)
    desk.stamp(answer, kept, is_handed=kept.is_handed)
    return answer
