"""What an uploaded file really is, whatever its name says, and pictures without their metadata."""

import io
import re
import threading
import warnings
import zipfile
from typing import Literal

from PIL import Image, ImageOps

from runtime.kit.problems import Overloaded, TooLarge, UnsupportedMedia

MediaType = Literal[
    "image/jpeg",
    "image/png",
    "image/webp",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
]
DOCX: MediaType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: MediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

MAX_PIXELS = 40_000_000
MAX_ENTRIES = 2_000
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_RATIO = 200
PICTURES_AT_ONCE = 2
WAIT_SECONDS = 5.0

_FORMATS: dict[str, MediaType] = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_slots = threading.BoundedSemaphore(PICTURES_AT_ONCE)


def recognise(content: bytes) -> MediaType:
    """The type by magic bytes and structure.

    Raises:
        UnsupportedMedia: none of the accepted types, or damaged.
        TooLarge: an archive that unpacks to too much.
    """
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if re.match(rb"%PDF-[12]\.\d", content) and b"%%EOF" in content[-2048:]:
        return "application/pdf"
    if content.startswith(b"PK\x03\x04"):
        return _office_type(content)
    raise _unsupported()


def _unsupported() -> UnsupportedMedia:
    return UnsupportedMedia(
        "file_type", "Only JPEG, PNG, WebP, PDF, DOCX and XLSX files are accepted."
    )


def _office_type(content: bytes) -> MediaType:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise _unsupported() from None
    unpacked = sum(entry.file_size for entry in entries)
    if (
        len(entries) > MAX_ENTRIES
        or unpacked > MAX_UNPACKED_BYTES
        or unpacked > MAX_RATIO * max(len(content), 1024)
    ):
        raise TooLarge("unpacked_size", "The document unpacks to more than is accepted.")
    names = {entry.filename for entry in entries}
    if any("vbaproject" in name.lower() or _is_outside(name) for name in names):
        raise _unsupported()
    if "[Content_Types].xml" in names and "word/document.xml" in names:
        return DOCX
    if "[Content_Types].xml" in names and "xl/workbook.xml" in names:
        return XLSX
    raise _unsupported()


def _is_outside(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/")


def clean_picture(content: bytes, media_type: MediaType) -> bytes:
    """The picture drawn anew: upright, without EXIF, GPS, comments or anything behind its end.

    Raises:
        UnsupportedMedia: the content is no picture of the type that it seems to be.
        TooLarge: more pixels than are accepted.
        Overloaded: too many pictures are being drawn already.
    """
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise Overloaded(wait_seconds=5)
    try:
        return _redraw(content, media_type)
    finally:
        _slots.release()


def _redraw(content: bytes, media_type: MediaType) -> bytes:
    formats = [name for name, kind in _FORMATS.items() if kind == media_type]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=formats) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise TooLarge("pixels", "The picture has too many pixels.")
                upright = ImageOps.exif_transpose(picture)
                return _encode(upright, formats[0])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLarge("pixels", "The picture has too many pixels.") from None
    except TooLarge:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError):
        raise _unsupported() from None


def _encode(picture: Image.Image, name: str) -> bytes:
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    plain = picture.convert("RGBA" if has_alpha and name != "JPEG" else "RGB")
    plain.info = {}
    out = io.BytesIO()
    if name == "JPEG":
        plain.save(out, "JPEG", quality=88, optimize=True)
    elif name == "PNG":
        plain.save(out, "PNG")
    else:
        plain.save(out, "WEBP", quality=88)
    return out.getvalue()


def is_picture(media_type: str) -> bool:
    """Whether `clean_picture` takes this type."""
    return media_type in _FORMATS.values()


_ENDINGS: dict[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
}


def name_to_save(name: str, media_type: str) -> str:
    """The name with the ending of what the file is, so that no desktop takes it for a program."""
    cleaned = clean_name(name)
    endings = _ENDINGS.get(media_type, (".bin",))
    return cleaned if cleaned.lower().endswith(endings) else cleaned + endings[0]


def clean_name(name: str) -> str:
    """A file name fit to show: the last part only, no control characters, at most 120 long."""
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(c for c in last if c.isprintable()).strip(" .")
    return printable[-120:] or "file"
