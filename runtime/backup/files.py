"""The files beside the database: packed as one stream, and put back without writing over records.

Attachments and pictures are named by their content. The folder `audit` holds anchors and archives
of the trail; what stands there already is newer than any backup and stays.
"""

import io
import os
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from runtime.backup.sealed import CHUNK_BYTES, BackupRefused

BY_CONTENT = ("attachments", "assets")
RECORDS = "audit"
ANCHORS = f"{RECORDS}/anchors.jsonl"
_CONTENT_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RECORD_NAME = re.compile(r"audit-\d{4}-\d{2}\.json(l\.gz)?", re.ASCII)


def read_first(data_dir: Path) -> dict[str, bytes]:
    """What must be older than the database in the backup: an anchor of a later line would lie."""
    path = data_dir / ANCHORS
    return {ANCHORS: path.read_bytes()} if path.exists() else {}


class Packed:
    """The files as one tar stream; `count` tells how many, once it was read to its end."""

    def __init__(self, data_dir: Path, first: Mapping[str, bytes]) -> None:
        self.count = 0
        self._data_dir = data_dir
        self._first = first

    def __iter__(self) -> Iterator[bytes]:
        for name, content in self._first.items():
            self.count += 1
            yield _head(name, len(content)) + content + _padding(len(content))
        for path in _stored(self._data_dir):
            try:
                file = path.open("rb")
            except FileNotFoundError:  # cleared away since the folder was read
                continue
            with file:
                self.count += 1
                yield from _member(file, str(path.relative_to(self._data_dir)))
        yield tarfile.NUL * tarfile.BLOCKSIZE * 2


def _stored(data_dir: Path) -> list[Path]:
    named = [(name, "*/*", _CONTENT_NAME) for name in BY_CONTENT]
    return [
        path
        for folder, below, name in [*named, (RECORDS, "*", _RECORD_NAME)]
        for path in sorted((data_dir / folder).glob(below))
        if name.fullmatch(path.name) and path.is_file()
    ]


def _member(file: io.BufferedReader, name: str) -> Iterator[bytes]:
    size = left = os.fstat(file.fileno()).st_size
    yield _head(name, size)
    while left:
        content = file.read(min(left, CHUNK_BYTES))
        if not content:
            raise BackupRefused(f"{name} became shorter while it was read; try again.")
        left -= len(content)
        yield content
    yield _padding(size)


def _head(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf()


def _padding(size: int) -> bytes:
    return tarfile.NUL * (-size % tarfile.BLOCKSIZE)


def unpack(pieces: Iterator[bytes], data_dir: Path) -> None:
    """Put the files back; each takes its name only when it is whole and on the disk."""
    data_dir.mkdir(parents=True, exist_ok=True)
    for folder in (*BY_CONTENT, RECORDS):
        for rest in (data_dir / folder).glob("**/.*.part"):  # of a restore that was killed
            rest.unlink(missing_ok=True)
    with tarfile.open(fileobj=_Pieces(pieces), mode="r|") as archive:
        for member in archive:
            place = data_dir / tarfile.data_filter(member, str(data_dir)).name
            content = archive.extractfile(member)
            is_kept = place.parent.name == RECORDS and place.exists()
            if content is not None and not is_kept:
                _put(place, content)


def _put(place: Path, content: IO[bytes]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            shutil.copyfileobj(content, file, CHUNK_BYTES)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


class _Pieces(io.RawIOBase):
    """A reader over chunks, for tarfile."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = bytearray()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        taken = bytes(self._rest[:size])
        del self._rest[:size]
        return taken
