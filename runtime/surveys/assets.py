"""The pictures that questions show: named by their content, travelling with documents in a zip."""

import hashlib
import io
import zipfile

import msgspec
import sqlalchemy as sa

import engine
from interchange.bundle import DOCUMENT_NAME, packed
from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.content import clean_picture, is_picture, recognise
from runtime.kit.db import Database
from runtime.kit.files import ContentStore
from runtime.kit.problems import BadRequest, NotFound, TooLarge, UnsupportedMedia
from runtime.surveys.models import AssetInfo
from runtime.surveys.pictures import pictures_of

MAX_BYTES = 5 * 1024 * 1024
MAX_BUNDLE_ENTRIES = 300
MAX_BUNDLE_UNPACKED = 100 * 1024 * 1024


def store_asset(
    db: Database,
    files: ContentStore,
    content: bytes,
    *,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> AssetInfo:
    """Keep a picture as it came, since documents name it by its content; the same again is fine.

    Raises:
        UnsupportedMedia, TooLarge: no JPEG, PNG or WebP that can be drawn; too many bytes, pixels.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge("file_size", f"Pictures are {MAX_BYTES // 1024 // 1024} MB at most.")
    try:
        media_type = recognise(content)
    except UnsupportedMedia:
        media_type = None
    if media_type is None or not is_picture(media_type):
        raise UnsupportedMedia("file_type", "Pictures are JPEG, PNG or WebP.")
    clean_picture(content, media_type)
    sha256 = files.put(content)
    with db.begin() as connection:
        added = connection.execute(
            sa.text(
                "INSERT INTO assets (sha256, media_type, bytes, created_at) "
                "VALUES (:sha256, :type, :bytes, :now) ON CONFLICT DO NOTHING"
            ),
            {"sha256": sha256, "type": media_type, "bytes": len(content), "now": clock()},
        )
        if added.rowcount:
            record(connection, actor, "asset.stored", "asset", sha256, clock=clock)
    return AssetInfo(sha256, media_type, len(content))


def read_asset(db: Database, files: ContentStore, name: str) -> tuple[str, bytes]:
    """A picture's media type and content.

    Raises:
        NotFound: there is none of this name.
    """
    sha256 = name.removeprefix("sha256:").lower()
    content = files.get(sha256)
    if content is not None:
        with db.begin() as connection:
            media_type = connection.execute(
                sa.text("SELECT media_type FROM assets WHERE sha256 = :name"), {"name": sha256}
            ).scalar()
        if media_type is not None:
            return media_type, content
    raise NotFound("asset", "There is no such picture.")


def pack(db: Database, files: ContentStore, document: bytes) -> bytes:
    """A document with its pictures as one zip, the same bytes for the same content."""
    parsed = engine.parse(document).document
    names = sorted(pictures_of(parsed)) if parsed is not None else []
    pictures: dict[str, bytes] = {name: read_asset(db, files, name)[1] for name in names}
    return packed(document, pictures)


class Bundle(msgspec.Struct, frozen=True):
    """A document and its pictures out of a zip."""

    document: bytes
    pictures: tuple[bytes, ...]


def unpack(data: bytes, max_document_bytes: int) -> Bundle:
    """Read a bundle without ever unpacking more than is accepted.

    Raises:
        BadRequest: no zip, no document in it, or a picture that is not what its name says.
        TooLarge: it holds too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            unpacked = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_BUNDLE_ENTRIES or unpacked > MAX_BUNDLE_UNPACKED:
                raise TooLarge("unpacked_size", "The bundle unpacks to more than is accepted.")
            if DOCUMENT_NAME not in archive.namelist():
                raise BadRequest("bundle", f"The bundle holds no {DOCUMENT_NAME}.")
            if archive.getinfo(DOCUMENT_NAME).file_size > max_document_bytes:
                raise TooLarge("too_large", "The document is too large.")
            document = archive.read(DOCUMENT_NAME)
            pictures = tuple(
                _picture(archive, entry) for entry in entries if entry.filename != DOCUMENT_NAME
            )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError):
        raise BadRequest("bundle", "The bundle is no readable zip file.") from None
    return Bundle(document, pictures)


def _picture(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    content = archive.read(entry)
    named = entry.filename.rsplit("/", 1)[-1].split(".")[0].lower()
    if len(named) == 64 and hashlib.sha256(content).hexdigest() != named:
        raise BadRequest("bundle", "A picture of the bundle is not what its name says.")
    return content
