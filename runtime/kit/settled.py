"""What was worked out of a document, kept while the same is asked for again."""

import hashlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Settled(Generic[Found]):
    """Answers by the content they were worked out of, the oldest given up first.

    Only what is final is kept: what the time did not allow is looked for again.
    """

    def __init__(self, most: int = 32) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: dict[bytes, Found] = {}

    def get(
        self, content: bytes, work: Callable[[], Found], is_final: Callable[[Found], bool]
    ) -> Found:
        """The known answer, else the one that `work` gives."""
        key = hashlib.sha256(content).digest()
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        found = work()
        if is_final(found):
            with self._lock:
                while len(self._known) >= self._most:
                    del self._known[next(iter(self._known))]
                self._known[key] = found
        return found
