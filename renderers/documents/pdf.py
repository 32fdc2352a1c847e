"""HTML to PDF by WeasyPrint, which may load only what the program hands it by name (S25)."""

from collections.abc import Mapping
from typing import Any

OWN = "own:"
"""The only addresses that a document may name: `own:<name>` of the files it is given."""


class Refused(ValueError):
    """The document names something that the program did not hand over."""


def render_pdf(
    html: str, style: str, files: Mapping[str, tuple[bytes, str]] | None = None
) -> bytes:
    """The pages of a document, A4 unless its style says otherwise.

    Args:
        html: the document; what it names by `own:<name>` is taken from `files`.
        style: its style sheet.
        files: content and media type by name.

    Raises:
        Refused: it names anything else, or a name that is not there; nothing was looked up.
        OSError: the system's libraries for text on pages (Pango) are missing.
    """
    import weasyprint  # slow, and needs libraries of the system: only where a page is wanted
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    given = files or {}

    class OwnFiles(URLFetcher):
        """Gives what is in `files`; opens no file, no address, no data of the document."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            found = given.get(url.removeprefix(OWN)) if url.startswith(OWN) else None
            if found is None:
                raise FatalURLFetchingError(url)
            return URLFetcherResponse(url, found[0], {"Content-Type": found[1]})

    fetcher = OwnFiles(allowed_protocols=("own",), allow_redirects=False)
    try:
        sheet = weasyprint.CSS(string=style, url_fetcher=fetcher, base_url=OWN)
        document: Any = weasyprint.HTML(string=html, url_fetcher=fetcher, base_url=OWN)
        return document.write_pdf(stylesheets=[sheet], pdf_tags=True)
    except FatalURLFetchingError as error:
        raise Refused(str(error)[:200]) from None
