"""What stands around a page: its addresses, its look, and what the engine does not know."""

from collections.abc import Mapping

import msgspec

from renderers.web.words import Language


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses that templates print; all on our own origin."""

    step: str = ""
    """Where the page's form is posted."""
    start: str = ""
    """The survey's first page."""
    look: str = ""
    """Where large text and language are switched outside a session."""
    home: str = ""
    static: str = "/static"
    asset: str = "/api/v1/assets/"
    """Prefix of a picture's address; its digest follows."""


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a dictionary that a department or staff question offers."""

    id: str
    text: str
    group: str = ""
    """The heading it stands under, e.g. the site."""
    under: str = ""
    """For staff: the department they belong to."""


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment of this session, as a page names it."""

    id: str
    name: str
    bytes: int
    type: str


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Everything beside the page view that a rendered page depends on."""

    lang: Language = "zh-CN"
    languages: tuple[Language, ...] = ()
    """Languages to switch to; with fewer than two there is no switch."""
    large_text: bool = False
    brand: str = ""
    """The hospital's name; the product's own where it is empty."""
    links: Links = Links()
    csrf: str = ""
    notice: str = ""
    """A message key that is announced once, above the page (e.g. `saved`)."""
    resume_url: str = ""
    """Shown after saving: the address that goes on with this session elsewhere."""
    picks: Mapping[str, tuple[Pick, ...]] = {}
    """Dictionary entries by question id."""
    files: Mapping[str, StoredFile] = {}
    """This session's attachments by id."""
    carried: Mapping[str, str] = {}
    """Hidden fields that the step form sends along."""
    target: str = ""
    """The window that forms and links open in, e.g. `_top` for a page shown inside a frame."""
    is_still: bool = False
    """Whether the page does without scripts, as inside a frame that allows none."""
