"""The threads that run handlers: as many as connections, with a bounded line before them."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from runtime.kit.problems import Overloaded

P = ParamSpec("P")
T = TypeVar("T")

WAIT_SECONDS = 2.0


class BoundedExecutor(ThreadPoolExecutor):
    """A thread pool that refuses work it could not begin soon.

    A request is refused (503 with Retry-After) at once when the line is full, and when its turn
    comes only after the longest wait, since its sender may have given up by then.
    """

    def __init__(self, threads: int, max_waiting: int, wait_seconds: float = WAIT_SECONDS) -> None:
        super().__init__(max_workers=threads, thread_name_prefix="handler")
        self.room = threads + max_waiting
        self.wait_seconds = wait_seconds
        self.inside = 0
        self._lock = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with self._lock:
            if self.inside >= self.room:
                raise Overloaded(wait_seconds=2)
            self.inside += 1
        arrived = time.monotonic()

        def run() -> T:
            if time.monotonic() - arrived > self.wait_seconds:
                raise Overloaded(wait_seconds=3)
            return fn(*args, **kwargs)

        try:
            future = super().submit(run)
        except BaseException:
            self._leave()
            raise
        future.add_done_callback(self._leave)
        return future

    def _leave(self, _future: object = None) -> None:
        with self._lock:
            self.inside -= 1
