"""The baseline of the page step: a bare Litestar handler that does one INSERT."""

import os

import msgspec
from litestar import Litestar, post
from psycopg_pool import ConnectionPool

pool = ConnectionPool(
    os.environ["BARE_DATABASE_URL"],
    min_size=8,
    max_size=8,
    open=False,
    kwargs={"autocommit": True, "prepare_threshold": 0},
)


class Body(msgspec.Struct):
    """What the load sends: of the size of a page's answers."""

    answers: dict[str, int]
    page: str


@post("/bare", sync_to_thread=True, status_code=200)
def insert(data: Body) -> dict[str, bool]:
    """Stores the body as one row."""
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO bench_bare (body) VALUES (%s)", (msgspec.json.encode(data.answers),)
        )
    return {"stored": True}


def _start(_: Litestar) -> None:
    pool.open(wait=True)


app = Litestar([insert], on_startup=[_start], openapi_config=None)
