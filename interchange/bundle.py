"""A document with the pictures that it shows, as one zip: `survey.json` and `assets/<sha256>`."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping

from engine.definition import MAX_BYTES

DOCUMENT_NAME = "survey.json"
MAX_ENTRIES = 300
MAX_UNPACKED = 100 * 1024 * 1024


class NoBundle(ValueError):
    """The bytes are no readable bundle, or unpack to too much; carries the code of the loss."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def bundled(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The document and its pictures by asset id; bytes that are no zip are the document alone.

    Raises:
        NoBundle: damaged, without a document, or more than is accepted.
    """
    if not data.startswith(b"PK\x03\x04"):
        return data, {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            document = next((e for e in entries if e.filename == DOCUMENT_NAME), None)
            unpacked = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
                raise NoBundle("too_large")
            if document is None or document.file_size > MAX_BYTES:
                raise NoBundle("no_bundle")
            pictures = [archive.read(e) for e in entries if e.filename.startswith("assets/")]
            return archive.read(document), {_asset(picture): picture for picture in pictures}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
        raise NoBundle("no_bundle") from None


def _asset(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def packed(document: bytes, assets: Mapping[str, bytes]) -> bytes:
    """A document with its pictures as one zip, the same bytes for the same content."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(DOCUMENT_NAME), document)
        for name, content in sorted(assets.items()):
            archive.writestr(zipfile.ZipInfo(f"assets/{name.removeprefix('sha256:')}"), content)
    return out.getvalue()
