"""Renders page views, and the screens around them, for the kiosk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import segno
from markupsafe import Markup

from renderers import web
from renderers.kiosk.frame import KioskFrame
from renderers.web.environment import environment
from renderers.web.render import ErrorKind, Introduction, Listed
from renderers.web.words import NAMES, wording

TEMPLATES = Path(__file__).parent / "templates"
_OWN = (TEMPLATES,)


class SelfTest(msgspec.Struct, frozen=True, kw_only=True):
    """What the server knows of a kiosk that tests itself."""

    user_agent: str
    address: str
    server_time: str
    """ISO 8601 with offset; the page compares its own clock with it."""
    secure: bool
    """Whether the page came over TLS or from the machine itself."""


def render_page(view: Any, frame: KioskFrame | None = None, *, fragment: bool = False) -> str:
    """One page of a survey: all its questions, which the browser shows one after another."""
    return web.render_page(view, frame or KioskFrame(), fragment=fragment, own=_OWN)


def render_attract(surveys: Sequence[Listed], frame: KioskFrame) -> str:
    """The start screen: the open surveys as large cards."""
    return _render("surveys.html", frame, surveys=surveys)


def render_start(introduction: Introduction, frame: KioskFrame) -> str:
    """What a survey is about, before anything is stored."""
    return web.render_start(introduction, frame, own=_OWN)


def render_ending(
    view: Any, frame: KioskFrame, *, open_form: Listed | None = None, fragment: bool = False
) -> str:
    """The thanks, which return to the start screen by themselves."""
    return web.render_ending(view, frame, open_form=open_form, fragment=fragment, own=_OWN)


def render_error(kind: ErrorKind, frame: KioskFrame, *, fragment: bool = False) -> str:
    """What went wrong and the way back to the start screen."""
    return web.render_error(kind, frame, fragment=fragment, own=_OWN)


def render_leave(frame: KioskFrame) -> str:
    """Asks before everything typed is wiped, for browsers without scripts."""
    return _render("leave.html", frame)


def render_handover(code: str, url: str, frame: KioskFrame, *, fragment: bool = False) -> str:
    """The QR code with which a phone goes on where the kiosk stopped."""
    name = "partials/handover.html" if fragment else "handover.html"
    return _render(name, frame, code=code, qr=qr_svg(url))


def render_selftest(facts: SelfTest, frame: KioskFrame) -> str:
    """A page for the technician who sets a kiosk up."""
    return _render("selftest.html", frame, facts=facts)


def qr_svg(text: str) -> Markup:
    """A QR code as inline SVG without styles or scripts, as a strict policy allows it."""
    # Safe as markup: segno writes paths from modules, never the text itself.
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=1, border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    return Markup(drawn)  # nosec B704


def _render(name: str, frame: KioskFrame, **values: Any) -> str:
    return (
        environment(*_OWN)
        .get_template(name)
        .render(frame=frame, links=frame.links, t=wording(frame.lang), names=NAMES, **values)
    )
