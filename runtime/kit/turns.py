"""Heavy work takes turns: few at once, the others wait without holding a thread of the handlers.

A file of twenty thousand responses or a form set for paper takes seconds of the processor. Were
they to fill the handlers' threads, a patient's next page would wait behind them (S66).
"""

import asyncio
from collections.abc import AsyncGenerator

from runtime.kit.problems import Overloaded

MOST_WAITING = 20
WAIT_SECONDS = 20.0


class Turns:
    """The turns of one process; an instance is a dependency of the handlers that need one."""

    def __init__(
        self, at_once: int, most_waiting: int = MOST_WAITING, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._room = asyncio.Semaphore(at_once)
        self._most_waiting = most_waiting
        self._wait_seconds = wait_seconds
        self._waiting = 0

    async def take(self) -> AsyncGenerator[None]:
        """Lasts as long as the request.

        Raises:
            Overloaded: too many wait already, or the turn did not come in time.
        """
        if self._room.locked() and self._waiting >= self._most_waiting:
            raise Overloaded("busy", "Others are making files; try again shortly.", wait_seconds=10)
        self._waiting += 1
        try:
            await asyncio.wait_for(self._room.acquire(), self._wait_seconds)
        except TimeoutError:
            raise Overloaded("busy", "Others are making files.", wait_seconds=10) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._room.release()
