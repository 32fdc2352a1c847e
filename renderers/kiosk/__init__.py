"""The kiosk channel: the web's pages with one question a screen, large targets, a clean wipe."""

from renderers.kiosk.frame import KioskFrame, KioskLinks, KioskTimes
from renderers.kiosk.render import (
    TEMPLATES,
    SelfTest,
    render_attract,
    render_ending,
    render_error,
    render_handover,
    render_leave,
    render_page,
    render_selftest,
    render_start,
)

__all__ = [
    "TEMPLATES",
    "KioskFrame",
    "KioskLinks",
    "KioskTimes",
    "SelfTest",
    "render_attract",
    "render_ending",
    "render_error",
    "render_handover",
    "render_leave",
    "render_page",
    "render_selftest",
    "render_start",
]
