"""Form posts of kiosk pages: read once, and only from the kiosk's own pages."""

from urllib.parse import urlsplit

import msgspec
from litestar.datastructures import UploadFile

from runtime.kit.bodies import form_of
from runtime.kit.http import Http
from runtime.kit.problems import Forbidden


class Posted(msgspec.Struct, frozen=True):
    """Fields with all their values in order, and files as (name, content)."""

    fields: dict[str, list[str]]
    files: dict[str, tuple[str, bytes]]

    @property
    def action(self) -> str:
        """The button that sent the form; where scripts added one, the last one counts."""
        return self.fields.get("do", ["next"])[-1]

    def first(self, name: str) -> str | None:
        """A field's first value, or None."""
        return next(iter(self.fields.get(name, ())), None)


async def read_posted(request: Http) -> Posted:
    """The body as form fields and files.

    Raises:
        Forbidden: another site's page sent it.
    """
    require_own_page(request)
    fields: dict[str, list[str]] = {}
    files: dict[str, tuple[str, bytes]] = {}
    form = await form_of(request)
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            files[name] = (value.filename, await value.read())
        else:
            fields.setdefault(name, []).append(str(value))
    return Posted(fields, files)


def require_own_page(request: Http) -> None:
    """Refuse a post that another site's page made (the cookie's SameSite does so too).

    Raises:
        Forbidden: the browser says that it came from elsewhere.
    """
    fetched = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    is_foreign = fetched not in (None, "same-origin", "none")
    if is_foreign or (origin is not None and urlsplit(origin).netloc != host):
        raise Forbidden("origin", "This form was not sent from the kiosk's own page.")
