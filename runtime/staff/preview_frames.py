"""The page of a survey on the devices of the preview: each channel's own renderer, whose forms come
back to the preview."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import engine
from renderers import miniprogram
from renderers.kiosk.frame import KioskFrame, KioskLinks
from renderers.kiosk.render import render_ending as render_kiosk_ending
from renderers.kiosk.render import render_page as render_kiosk_page
from renderers.web.controls import FILTERS
from renderers.web.frame import Frame, Links, StoredFile
from renderers.web.render import render_ending, render_page
from renderers.web.words import LANGUAGES as INTERFACE
from renderers.web.words import closest, wording
from runtime.staff.building import Desk
from runtime.staff.frame import TEMPLATES
from runtime.staff.rehearsal import State, write_state
from runtime.web.pickers import Pickers

DEVICES = ("phone", "miniprogram", "kiosk", "desktop")


class Devices:
    """The devices on one desk; their forms are sent to `address`."""

    def __init__(self, desk: Desk, languages: Sequence[str], address: str) -> None:
        self.desk = desk
        self.languages = languages
        self.address = address

    def framed(self, device: str, view: engine.PageView, state: State) -> str:
        """The page as a whole document for a frame."""
        common: dict[str, Any] = {
            "lang": closest(view.lang),
            "languages": tuple(one for one in INTERFACE if one in self.languages),
            "large_text": state.large_text,
            "csrf": "",
            "picks": Pickers(self.desk.deployment.db).for_view(view),
            "files": {
                one: StoredFile(id=one, name=name, bytes=0, type="")
                for one, name in state.files.items()
            },
            "carried": {"_csrf": self.desk.principal.csrf, "state": write_state(state)},
            "target": "_top",
            "is_still": True,
        }
        links: dict[str, Any] = {"step": self.address, "start": self.address, "home": self.address}
        if device == "miniprogram":
            return self._mini(view, common)
        if device == "kiosk":
            kiosk_links = KioskLinks(**links, leave=self.address, alive="")
            kiosk = KioskFrame(**common, links=kiosk_links, watched=False)
            draw = render_kiosk_page if view.done is None else render_kiosk_ending
            return draw(view, kiosk)
        frame = Frame(**common, links=Links(**links))
        return render_page(view, frame) if view.done is None else render_ending(view, frame)

    def _mini(self, view: engine.PageView, common: dict[str, Any]) -> str:
        """Drawn from the renderer's own JSON, which is all that the mini program gets."""
        wire: dict[str, Any] = msgspec.json.decode(miniprogram.render(view))
        return (
            _environment()
            .get_template("build_preview/mini.html")
            .render(wire=wire, nodes=_nodes, t=wording(common["lang"]), step=self.address, **common)
        )


def _nodes(
    nodes: Sequence[dict[str, Any]], leaf_only: bool, above: str = ""
) -> list[tuple[str, str, bool]]:
    """A cascade's nodes with the names that lead to them, and whether they cannot be chosen."""
    found: list[tuple[str, str, bool]] = []
    for node in nodes:
        name = f"{above} / {node['text']}" if above else str(node["text"])
        below: Sequence[dict[str, Any]] = node.get("nodes", ())
        found += [(node["id"], name, leaf_only and bool(below)), *_nodes(below, leaf_only, name)]
    return found


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= FILTERS
    return made
