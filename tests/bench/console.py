"""The console's list of responses over a million of them: each page and filter, three readers.

python -m tests.bench.console            # a million; about three minutes
python -m tests.bench.console --responses 200000

The baseline of a line is the same page over the demo hospital's few hundred, in the same run.
"""

import argparse
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
import psycopg

from runtime.accounts import roles, users
from runtime.kit.embedded import ensure_services
from runtime.kit.settings import read_settings
from runtime.wiring import Deployment
from tests.serving import Running, running

REPEATS = 5
GOAL_MS = 300
DAYS = 360
MULTIPLY = """
INSERT INTO responses (site, month, id, session_id, survey_id, survey_version, department, channel,
    lang, started_at, submitted_at, context, answers, path, asked, computed, scores, lowest_band,
    ending, times)
SELECT site, date_trunc('month', at)::date, gen_random_uuid(), gen_random_uuid(), survey_id,
       survey_version, department, channel, lang, at - interval '3 minutes', at, context, answers,
       path, asked, computed, scores, coalesce(lowest_band, floor(random() * 5)::int), ending, times
FROM (SELECT r.*, now() - random() * %(days)s * interval '1 day' AS at
      FROM responses r, generate_series(1, %(times)s)) many
"""
"""Copies of the stored responses at other moments of the last year."""

PAGES = {
    "first page": "",
    "last page": "order=oldest",
    "a survey": "survey={survey}",
    "a site": "site={site}",
    "a department": "department={department}",
    "a channel": "channel=kiosk",
    "a channel without any": "channel=miniprogram",
    "a low score": "score=1",
    "a score at a site": "score=3&site={site}",
    "a month": "since={since}&until={until}",
    "a survey at a site": "survey={survey}&site={site}",
    "a site's channel, oldest": "site={site}&channel=kiosk&order=oldest",
    "a department's month": "department={department}&since={since}&until={until}",
}
SEARCHES = ("门诊", "13800138000", "0190d5f0-0000-7000-8000-000000000000")
"""Words, a contact that nobody gave, and a number that nobody has."""

READERS: dict[str, dict[str, tuple[str, ...]]] = {
    "everything": {},
    "one site": {"sites": ("{site}",)},
    "one department": {"departments": ("{department}",)},
}


def main() -> None:
    """Seeds, measures, prints one table."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--responses", type=int, default=1_000_000)
    wanted = reader.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        with running(Path(folder), HUISHENG_LOG_LEVEL="warning") as program:
            measure_all(program, wanted.responses)


def measure_all(program: Running, wanted: int) -> None:
    """The table, small and large."""
    with ensure_services(read_settings(program.environment)) as services:
        facts = usual(services.owner_url)
        small = {name: measure(program, facts, name) for name in READERS}
        began = time.perf_counter()
        stored = multiply(services.owner_url, wanted)
        print(f"{stored:,} responses stored in {time.perf_counter() - began:.0f} s")
        for name in READERS:
            print(f"\n{name:<28}{'ms':>8}{'few':>8}{'ratio':>8}")
            for page, spent in measure(program, facts, name).items():
                before = small[name][page]
                late = "  over the goal" if spent > GOAL_MS else ""
                print(f"  {page:<26}{spent:>8.0f}{before:>8.0f}{spent / before:>8.2f}{late}")


def usual(owner_url: str) -> dict[str, str]:
    """The most usual survey, site and department, and a month of the last year."""
    with psycopg.connect(owner_url) as connection:
        facts: dict[str, str] = {}
        for name, column in (("survey", "survey_id"), ("site", "site"), ("department",) * 2):
            row = connection.execute(
                (
                    f"SELECT {column} FROM responses WHERE {column} IS NOT NULL "
                    "GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
                ).encode()
            ).fetchone()
            assert row is not None, f"no response has a {name}"
            facts[name] = row[0]
        row = connection.execute(
            "SELECT (now() - interval '90 days')::date::text, "
            "(now() - interval '60 days')::date::text"
        ).fetchone()
        assert row is not None
        return facts | {"since": row[0], "until": row[1]}


def multiply(owner_url: str, wanted: int) -> int:
    """Store copies until there are about so many responses; how many there are."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(
            "SELECT ensure_month_partitions((now() - interval '12 months')::date, 14)"
        )
        row = connection.execute("SELECT count(*) FROM responses").fetchone()
        assert row is not None and row[0], "the demo hospital has responses"
        connection.execute(MULTIPLY, {"days": DAYS, "times": max(1, wanted // row[0] - 1)})
        connection.execute("VACUUM ANALYZE responses")
        row = connection.execute("SELECT count(*) FROM responses").fetchone()
        assert row is not None
        return int(row[0])


def measure(program: Running, facts: dict[str, str], reader: str) -> dict[str, float]:
    """Milliseconds of each page over HTTP, the median of a few, for one reader."""
    with signed_in(program, facts, reader) as http:
        listed = {
            page: _timed(lambda query=query: http.get(f"/staff/responses?{query.format(**facts)}"))
            for page, query in PAGES.items()
        }
        token = re.search(r'name="_csrf" value="(\w+)"', http.get("/staff/search").text)
        assert token is not None
        forms = [{"_csrf": token[1], "q": text} for text in SEARCHES]
        found = [_timed(lambda form=form: http.post("/staff/search", data=form)) for form in forms]
        return listed | {f"search {one}": ms for one, ms in zip(SEARCHES, found, strict=True)}


def _timed(ask: Callable[[], httpx.Response]) -> float:
    times: list[float] = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text[:500]
    return median(times)


@contextmanager
def signed_in(program: Running, facts: dict[str, str], reader: str) -> Iterator[httpx.Client]:
    """A browser of somebody who may read responses so far."""
    settings = read_settings(program.environment)
    held = {
        name: tuple(one.format(**facts) for one in wanted)
        for name, wanted in READERS[reader].items()
    }
    login = f"bench_{reader.replace(' ', '_')}"
    with ensure_services(settings) as services:
        deployment = Deployment(
            settings, database_url=services.app_url, redis_url=services.redis_url
        )
        with deployment.db.begin() as connection:
            user = users.ensure(connection, login, reader)
            roles.grant(connection, user, "analyst", **held)
            link = users.give_link(connection, user, "look")
        deployment.close()
    with httpx.Client(base_url=program.base, timeout=60) as http:
        assert http.post(f"/staff/sign-in/{link}").status_code == 303
        yield http


if __name__ == "__main__":
    main()
