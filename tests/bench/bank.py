"""The question bank: 50,000 new questions in and out, and a search of two characters in 100,000.

python -m tests.bench.bank               # about two minutes

Seconds and the memory that each took beside the file itself. The baseline of a line is the same
with a tenth of the questions, in the same run.
"""

import os
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from msgspec import Struct

from runtime import migrations
from runtime.audit.models import SYSTEM
from runtime.bank.exporting import export
from runtime.bank.places import read_tree
from runtime.bank.queries import Search, every_item, find_items
from runtime.bank.service import Wanted, import_file
from runtime.kit.db import Database
from runtime.kit.embedded import Services, ensure_services
from runtime.kit.postgres import APPLICATION, OWNER
from runtime.kit.settings import read_settings
from tests.bank.many import jsonl

MANY, FEW = 50_000, 5_000
GOAL_SECONDS, GOAL_MS = 30, 100
SEARCHES = 21
WORDS = "态度"


class Spent(Struct, frozen=True):
    """How long it took, and how far the memory of this process rose above where it stood."""

    seconds: float
    megabytes: float


def main() -> None:
    """Fills, measures, prints one table."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        environ = {"HUISHENG_DATA_DIR": folder}
        with ensure_services(read_settings(environ)) as services:
            few, many = measured(services, FEW), measured(services, MANY)
            print(f"{MANY:,} questions{'s':>16}{'MB':>8}{'of a tenth':>12}{'ratio':>8}")
            for what, spent in many.items():
                small = few[what].seconds
                late = "  over the goal" if spent.seconds > GOAL_SECONDS else ""
                figures = f"{spent.seconds:>8.1f}{spent.megabytes:>8.0f}{small:>12.1f}"
                print(f"  {what:<22}{figures}{spent.seconds / small:>8.2f}{late}")
            with bank(services) as db:
                take(db, jsonl(FEW), FEW)
                quick = searched(db)
                take(db, jsonl(2 * MANY), 2 * MANY - FEW)
                slow = searched(db)
            late = "  over the goal" if slow > GOAL_MS else ""
            print(f"{WORDS} in {2 * MANY:,}: {slow:.1f} ms, in {FEW:,}: {quick:.1f} ms{late}")


def measured(services: Services, count: int) -> dict[str, Spent]:
    """The same questions in as JSONL, out as XLSX, and in again as that."""
    found: dict[str, Spent] = {}
    lines = jsonl(count)
    with bank(services) as db:
        found["JSONL in"] = watched(lambda: take(db, lines, count))
        book: list[bytes] = []
        found["XLSX out"] = watched(lambda: book.append(workbook(db)))
    with bank(services) as db:
        found["XLSX in"] = watched(lambda: take(db, book[0], count))
        found["XLSX in once more"] = watched(lambda: take(db, book[0], 0))
    return found


@contextmanager
def bank(services: Services) -> Generator[Database]:
    """An empty bank."""
    postgres = services.postgres
    assert postgres is not None
    name = f"bank_{time.monotonic_ns()}"
    postgres.create_database(name)
    migrations.upgrade(postgres.url(OWNER, name))
    db = Database(postgres.url(APPLICATION, name))
    try:
        yield db
    finally:
        db.close()
        postgres.drop_database(name)


def take(db: Database, content: bytes, new: int) -> None:
    """Import a file of which so many questions are new."""
    outcome = import_file(db, SYSTEM, content, Wanted())
    assert (outcome.counts.new, outcome.counts.bad) == (new, 0), outcome.counts


def workbook(db: Database) -> bytes:
    """The whole bank as a table."""
    with db.begin() as connection:
        tree = {one.id: one for one in read_tree(connection)}
        items = every_item(connection, Search(with_retired=True))
        return b"".join(export(items, tree, "xlsx", "zh-CN"))


def searched(db: Database) -> float:
    """Milliseconds of a search, the middle of several."""
    with db.begin() as connection:
        times: list[float] = []
        for _ in range(SEARCHES):
            began = time.perf_counter()
            found, _ = find_items(connection, Search(words=WORDS))
            times.append((time.perf_counter() - began) * 1000)
            assert found
    return median(times)


def watched(do: Callable[[], object]) -> Spent:
    """What it took."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak begins anew
    before, began = memory("VmRSS"), time.perf_counter()
    do()
    return Spent(time.perf_counter() - began, memory("VmHWM") - before)


def memory(what: str) -> float:
    """Megabytes of this process, now (`VmRSS`) or at most (`VmHWM`)."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    line = next(one for one in lines if one.startswith(what))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
