"""Files kept by the hash of their content, outside every web root, safe on disk before any row."""

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ContentStore:
    """A folder of files named by SHA-256; the same content is kept once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep the content and give its name; it is on the disk when this returns."""
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)  # a file in new use counts as young to whoever clears old ones away
            return name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _sync_folder(path.parent)
        return name

    def get(self, name: str) -> bytes | None:
        """The content, or None where nothing of this name is kept."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Forget the content; nothing happens where it is not kept."""
        if _NAME.fullmatch(name):
            self._path(name).unlink(missing_ok=True)

    def names_older_than(self, seconds: float) -> Iterator[str]:
        """The names of files that were written so many seconds ago or earlier."""
        limit = time.time() - seconds
        for path in self.folder.glob("??/*"):
            if _NAME.fullmatch(path.name) and path.stat().st_mtime < limit:
                yield path.name

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
