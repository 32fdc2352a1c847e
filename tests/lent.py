"""One application a process, lent to each test in turn with the services of that test.

To build the application takes a quarter of a second, in which four hundred handlers are read; a
test's own part in it, the database and the files, takes none. Tests of how it is built, or of other
settings than the usual ones, call `create_app` themselves.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from litestar import Litestar
from litestar.concurrency import get_asyncio_executor, set_asyncio_executor

from runtime.kit.executor import BoundedExecutor
from runtime.kit.settings import CHANNELS, Channel, Settings
from runtime.programs import create_app
from runtime.wiring import Deployment

_Key = tuple[tuple[Channel, ...], Settings, str]


class Lent(Deployment):
    """The services of whichever test has the application now; the application keeps this alone."""

    def __init__(self, deployment: Deployment) -> None:
        self.stand_for(deployment)

    def stand_for(self, deployment: Deployment) -> None:
        """Hold what this deployment holds, now and whatever is changed in it later."""
        self.__dict__ = deployment.__dict__


_built: dict[_Key, tuple[Lent, Litestar, BoundedExecutor]] = {}


def lent_app(deployment: Deployment, channels: Sequence[Channel] = CHANNELS) -> Litestar:
    """The application of these channels over this deployment, until the next test asks for it."""
    settings = msgspec.structs.replace(deployment.settings, data_dir=Path())
    key = (tuple(channels), settings, deployment.redis_url)
    if key not in _built:
        lent = Lent(deployment)
        app = create_app(lent, channels)
        executor = get_asyncio_executor()
        assert isinstance(executor, BoundedExecutor)
        _built[key] = (lent, app, executor)
    lent, app, executor = _built[key]
    lent.stand_for(deployment)
    set_asyncio_executor(executor)
    return app
