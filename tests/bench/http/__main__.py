"""HTTP figures: the page step against a bare INSERT, and many people filling surveys at once.

python -m tests.bench.http                 # the step and 1,000 people for 60 s
python -m tests.bench.http --people 1000 --people 3000 --people 5000
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psycopg

from runtime.kit.embedded import ensure_services
from runtime.kit.settings import read_settings
from tests.serving import Running, free_port, running

HERE = Path(__file__).parent
K6 = Path(sys.executable).parent / "k6"
CLIENTS = (16, 32, 64)
STEP_SURVEY: dict[str, Any] = {
    "format": "huisheng.survey/1",
    "id": "bench_step",
    "title": "两页",
    "languages": ["zh-CN"],
    "kind": "survey",
    "pages": [
        {
            "id": "first",
            "questions": [
                {"id": "overall", "type": "rating", "text": "总体", "required": True},
                {"id": "wait", "type": "rating", "text": "等候", "required": True},
                {"id": "clean", "type": "yes_no", "text": "干净吗"},
            ],
        },
        {"id": "second", "questions": [{"id": "note", "type": "text", "text": "意见"}]},
    ],
}


def main() -> None:
    """Runs what was asked for and prints one table."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--people", type=int, action="append")
    reader.add_argument("--seconds", type=int, default=60)
    reader.add_argument("--survey", default="outpatient_satisfaction")
    reader.add_argument("--no-step", action="store_true")
    wanted = reader.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        with running(Path(folder), HUISHENG_LOG_LEVEL="warning") as program:
            if not wanted.no_step:
                page_step(program)
            for people in wanted.people or [1000]:
                crowd(program, people, wanted.seconds, wanted.survey)


def k6(script: str, **settings: object) -> dict[str, Any]:
    """Runs a k6 script; its summary."""
    with tempfile.NamedTemporaryFile(suffix=".json") as summary:
        environment = os.environ | {k: str(v) for k, v in settings.items()}
        environment["SUMMARY"] = summary.name
        command = [str(K6), "run", "--quiet", "--no-usage-report", str(HERE / script)]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        text = Path(summary.name).read_text("utf-8")
        if not text:
            raise RuntimeError(done.stderr.decode()[-2000:])
        if settings.get("TELL"):
            sys.stderr.write(done.stderr.decode()[-3000:])
        return dict(json.loads(text)["metrics"])


def count(metrics: dict[str, Any], name: str) -> int:
    """A counter of a summary; 0 where nothing was counted."""
    return int(metrics.get(name, {"values": {"count": 0}})["values"]["count"])


def page_step(program: Running) -> None:
    """Page steps a second against a bare handler's INSERTs a second, side by side at each number
    of clients; the ratio is the median of the pairs, since a machine's speed wanders."""
    program.publish(STEP_SURVEY)
    with psycopg.connect(database_url(program)) as connection:
        connection.execute("CREATE TABLE bench_bare (id bigserial PRIMARY KEY, body bytea)")
    pairs: list[tuple[float, float]] = []
    with bare_server(program) as base:
        for clients in CLIENTS * 3:
            ours, bare = (
                count(
                    k6("step.js", BASE=url, KIND=kind, SECONDS=4, CLIENTS=clients,
                       SURVEY="bench_step"),
                    "acknowledged",
                ) / 4
                for kind, url in (("ours", program.base), ("bare", base))
            )  # fmt: skip
            pairs.append((ours, bare))
    ratios = sorted(ours / bare for ours, bare in pairs)
    print(
        f"page step with its write: at most {max(ours for ours, _ in pairs):.0f}/s; bare handler"
        f" with one INSERT: {max(bare for _, bare in pairs):.0f}/s; ratio"
        f" {median(ratios):.2f}, from {ratios[0]:.2f} to {ratios[-1]:.2f} (goal 0.60)",
        flush=True,
    )


class bare_server:  # noqa: N801 - used like a function
    """The bare handler under granian, with as many workers as the program has."""

    def __init__(self, program: Running) -> None:
        self.url = database_url(program)
        self.workers = program.environment.get("HUISHENG_WORKERS", "1")
        self.port = free_port()

    def __enter__(self) -> str:
        environment = os.environ | {"BARE_DATABASE_URL": self.url}
        granian = str(Path(sys.executable).parent / "granian")
        words = [granian, "--interface", "asgi", "--port", str(self.port), "--no-access-log"]
        words += ["--workers", self.workers, "--log-level", "error", "tests.bench.http.bare:app"]
        self.process = subprocess.Popen(words, env=environment)
        base = f"http://127.0.0.1:{self.port}"
        for _ in range(200):
            try:
                httpx.get(base)
                return base
            except httpx.HTTPError:
                time.sleep(0.1)
        raise RuntimeError("the bare server did not start")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)


def crowd(program: Running, people: int, seconds: int, survey: str) -> None:
    """So many people at once; what they saw, and whether the database holds what they were told."""
    before = stored(program, survey)
    found = k6("walk.js", BASE=program.base, SURVEY=survey, PEOPLE=people, SECONDS=seconds,
               TELL=os.environ.get("TELL", ""))  # fmt: skip
    kept = stored(program, survey) - before
    told = count(found, "responses_acknowledged")
    times = found["step_ms"]["values"]
    duration = found["http_reqs"]["values"]
    think = found["think_seconds"]["values"]
    steps = count(found, "page_steps") / max(1, count(found, "sessions_started"))
    parts = ", ".join(
        f"{name} p50 {found[f'{name}_ms']['values']['med']:.0f}"
        f" p95 {found[f'{name}_ms']['values']['p(95)']:.0f}"
        for name in ("start", "turn", "submit")
    )
    print(
        f"{people} people, think 2-6 s (median drawn {think['med']:.1f} s), {steps:.1f} steps a"
        f" survey: {duration['rate']:.0f} requests/s, failed {count(found, 'requests_failed')},"
        f" turned away {count(found, 'turned_away')}, p50 {times['med']:.0f} p95"
        f" {times['p(95)']:.0f} p99 {times['p(99)']:.0f} ms ({parts}); responses acknowledged"
        f" {told},"
        f" in the database {kept}{'' if told == kept else '  <-- NOT EQUAL'}",
        flush=True,
    )


def stored(program: Running, survey: str) -> int:
    """How many responses of a survey the database holds."""
    with psycopg.connect(database_url(program)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM responses WHERE survey_id = %s", (survey,)
        ).fetchone()
    return int(row[0]) if row else 0


def database_url(program: Running) -> str:
    """The owner's address of the program's embedded database."""
    with ensure_services(read_settings(program.environment)) as services:
        return services.owner_url


if __name__ == "__main__":
    main()
