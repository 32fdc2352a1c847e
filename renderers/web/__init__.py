"""The responsive HTML channel: templates over page views, and forms read back into answers."""

from renderers.web.forms import changed_answers, read_answers
from renderers.web.frame import Frame, Links, Pick, StoredFile
from renderers.web.render import (
    render_conflict,
    render_ending,
    render_error,
    render_list,
    render_page,
    render_resume,
    render_start,
)

__all__ = [
    "Frame",
    "Links",
    "Pick",
    "StoredFile",
    "changed_answers",
    "read_answers",
    "render_conflict",
    "render_ending",
    "render_error",
    "render_list",
    "render_page",
    "render_resume",
    "render_start",
]
