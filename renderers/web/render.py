"""Renders page views, and the pages around them, as HTML."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from engine import PageView
from renderers.web.environment import environment
from renderers.web.frame import Frame
from renderers.web.words import NAMES, wording

ErrorKind = Literal[
    "not_found", "conflict", "gone", "closed", "forbidden", "too_large", "too_many", "invalid",
    "unavailable", "failed", "identity",
]  # fmt: skip


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One open survey in the list of surveys."""

    id: str
    title: str
    description: str = ""
    url: str
    kind: str = "survey"


class Introduction(msgspec.Struct, frozen=True, kw_only=True):
    """What a survey's first page says."""

    title: str
    description: str = ""
    identity: Literal["anonymous", "optional", "required"] = "optional"
    continues: bool = False
    """True where this browser holds an unfinished session of the survey."""
    invitation: str = ""
    """The signed invitation that the patient came with; it is posted with the start."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One question that two tabs answered differently, both values in words."""

    question: str
    text: str
    theirs: str
    ours: str


def render_page(
    view: PageView,
    frame: Frame | None = None,
    *,
    fragment: bool = False,
    own: tuple[Path, ...] = (),
) -> str:
    """One page of a survey as HTML.

    Args:
        view: the engine's page view; its language is the page's.
        frame: addresses, look, and dictionary entries; all may be left out for a preview.
        fragment: only the form, for htmx to put in place of the one it posted.
        own: template folders of a channel that overrides the web's files.
    """
    name = "partials/step.html" if fragment else "page.html"
    return _render(name, frame or Frame(), own, view=view)


def render_ending(
    view: PageView,
    frame: Frame,
    *,
    open_form: Listed | None = None,
    fragment: bool = False,
    own: tuple[Path, ...] = (),
) -> str:
    """What a patient reads after submitting; `open_form` is the form the ending offers."""
    name = "partials/done.html" if fragment else "ending.html"
    return _render(name, frame, own, view=view, open_form=open_form)


def render_start(introduction: Introduction, frame: Frame, own: tuple[Path, ...] = ()) -> str:
    """A survey's first page, where nothing has been stored yet."""
    return _render("start.html", frame, own, introduction=introduction)


def render_list(surveys: Sequence[Listed], frame: Frame, own: tuple[Path, ...] = ()) -> str:
    """The list of open surveys and feedback forms."""
    return _render("surveys.html", frame, own, surveys=surveys)


def render_resume(introduction: Introduction, frame: Frame, own: tuple[Path, ...] = ()) -> str:
    """Asks before a resume link is used, because a link is good only once."""
    return _render("resume.html", frame, own, introduction=introduction)


def render_conflict(
    view: PageView,
    differences: Sequence[Difference],
    kept: Sequence[tuple[str, str]],
    frame: Frame,
    then: str,
    *,
    fragment: bool = False,
    own: tuple[Path, ...] = (),
) -> str:
    """Shows both values of each question that two tabs answered differently.

    Args:
        view: the current page view.
        differences: the questions with both values.
        kept: the posted form's fields, carried so that nothing typed is lost.
        frame: as for `render_page`.
        then: what the patient had asked for, done after the choice.
        fragment: only the form, for htmx.
        own: as for `render_page`.
    """
    name = "partials/differences.html" if fragment else "conflict.html"
    return _render(name, frame, own, view=view, differences=differences, kept=kept, then=then)


def render_error(
    kind: ErrorKind,
    frame: Frame,
    *,
    fragment: bool = False,
    own: tuple[Path, ...] = (),
    number: str = "",
) -> str:
    """A page that says what went wrong and what can be done, in both languages' words; `number`
    is that of the request in the log, where it has one."""
    name = "partials/trouble.html" if fragment else "error.html"
    return _render(name, frame, own, kind=kind, number=number)


def _render(name: str, frame: Frame, own: tuple[Path, ...], **values: Any) -> str:
    return (
        environment(*own)
        .get_template(name)
        .render(frame=frame, links=frame.links, t=wording(frame.lang), names=NAMES, **values)
    )
