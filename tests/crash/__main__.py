"""Kills the program's processes at random moments while fifty people fill surveys.

    python -m tests.crash --kills 100

Every acknowledged step and submission goes into a ledger; at the end ledger and database are
compared row by row. A person who gets no answer repeats the request, as a browser would.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import psutil
import psycopg

from runtime.cli._services import deployment_of
from runtime.kit.embedded import ensure_services
from runtime.kit.settings import read_settings
from runtime.responses.personal import open_answers, open_draft
from runtime.responses.state import State
from tests.serving import Running, running

PAGES = 5
TARGETS = ("server", "worker", "postgres", "valkey")
SURVEY: dict[str, Any] = {
    "format": "huisheng.survey/1",
    "id": "crash_walk",
    "title": "五页",
    "languages": ["zh-CN"],
    "kind": "survey",
    "pages": [
        {
            "id": f"page{n}",
            "questions": [
                {
                    "id": f"mark{n}",
                    "type": "text",
                    "text": "印",
                    "required": True,
                    "privacy": "none",
                },
                {"id": f"name{n}", "type": "text", "text": "名", "privacy": "personal"},
                {"id": f"rate{n}", "type": "rating", "text": "分", "required": True},
            ],
        }
        for n in range(PAGES)
    ],
    "scores": [{"id": "all_in", "title": "总分", "of": [f"rate{n}" for n in range(PAGES)]}],
}


@dataclass
class Entry:
    """What one person was told: answers that were acknowledged, and the response."""

    session: str
    answers: dict[str, Any] = field(default_factory=dict)
    response: str | None = None


class Crowd:
    """People who fill the survey again and again until they are told to stop."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.ledger: list[Entry] = []
        self.repeats = 0
        self.refusals: list[str] = []
        self.stopping = False

    async def run(self, people: int) -> None:
        """So many people at once, until `stopping`."""
        async with httpx.AsyncClient(base_url=self.base, timeout=10) as client:
            await asyncio.gather(*(self.person(client, n) for n in range(people)))

    async def person(self, client: httpx.AsyncClient, number: int) -> None:
        dice = random.Random(number)
        while not self.stopping:
            await self.walk(client, dice)

    async def walk(self, client: httpx.AsyncClient, dice: random.Random) -> None:
        begun = await self.send(
            client, "POST", "/sessions", {"survey": SURVEY["id"], "channel": "web"}
        )
        if begun is None:
            return
        entry = Entry(begun["session"])
        self.ledger.append(entry)
        headers = {"Authorization": f"Bearer {begun['token']}"}
        place = f"/sessions/{entry.session}"
        for n in range(PAGES):
            if self.stopping:
                return
            await asyncio.sleep(dice.uniform(0.02, 0.3))
            answers = {
                f"mark{n}": f"{entry.session}-{n}",
                f"name{n}": f"张{n}",
                f"rate{n}": dice.randint(1, 5),
            }
            body = {"answers": answers, "page": f"page{n}"}
            if n == PAGES - 1:
                done = await self.send(client, "PUT", f"{place}/answers", body, headers)
            else:
                done = await self.send(client, "POST", f"{place}/next", body, headers)
            if done is None:
                return
            entry.answers.update(answers)
        key = {**headers, "Idempotency-Key": f"{entry.session}-once"}
        done = await self.send(client, "POST", f"{place}/submit", {"answers": {}}, key)
        if done is not None:
            entry.response = done["response"]

    async def send(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any] | None:
        """The answer's body, after as many repeats as it takes; None where it was refused."""
        while True:
            try:
                url = f"/api/v1{path}"
                answer = await client.request(method, url, json=body, headers=headers)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                if answer.is_success:
                    return dict(answer.json())
                self.refusals.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
                return None
            self.repeats += 1
            await asyncio.sleep(0.2)
            if self.stopping and path == "/sessions":
                return None


def processes(program: Running) -> dict[str, list[psutil.Process]]:
    """The program's processes by what they do."""
    assert program.process is not None
    found: dict[str, list[psutil.Process]] = {target: [] for target in TARGETS}
    data = program.environment["HUISHENG_DATA_DIR"]
    family = psutil.Process(program.process.pid).children(recursive=True)
    for process in {*family, *_servers(data)}:
        kind = kind_of(process)
        if kind is not None:
            found[kind].append(process)
    return found


def _servers(data: str) -> Iterable[psutil.Process]:
    """Database and broker processes of this data directory, whoever their parent is."""
    for process in psutil.process_iter(["cmdline", "name", "cwd"]):
        words = " ".join(process.info["cmdline"] or ())
        if data in words or (process.info["cwd"] or "").startswith(data):
            yield process


def kind_of(process: psutil.Process) -> str | None:
    """Which target a process is; None for the supervisor and helpers."""
    try:
        words = " ".join(process.cmdline())
    except psutil.Error:
        return None
    if "postgres" in words and " -D " in words:
        return "postgres"
    if "valkey" in words or "redis-server" in words:
        return "valkey"
    if words.endswith("runtime.cli worker"):
        return "worker"
    return "server" if words.endswith("runtime.cli serve") else None


async def kill_at_random(program: Running, kills: int, seed: int) -> Counter[str]:
    """Ends processes with SIGKILL, one after another, each at a random moment."""
    dice = random.Random(seed)
    done: Counter[str] = Counter()
    limit = time.monotonic() + kills * 15
    while sum(done.values()) < kills and time.monotonic() < limit:
        await asyncio.sleep(dice.uniform(0.2, 1.5))
        target = TARGETS[sum(done.values()) % len(TARGETS)]
        victims = await asyncio.to_thread(lambda wanted=target: processes(program)[wanted])
        if not victims:
            victims = await _appeared(program, target)
        try:
            os.kill(dice.choice(victims).pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        done[target] += 1
        if dice.random() < 0.7:
            await asyncio.to_thread(program.wait_ready)
    return done


async def _appeared(program: Running, target: str) -> list[psutil.Process]:
    """The processes of a target, waited for: it may be starting again."""
    for _ in range(300):
        found = await asyncio.to_thread(lambda: processes(program)[target])
        if found:
            return found
        await asyncio.sleep(0.1)
    raise RuntimeError(f"{target} did not come back")


def compare(program: Running, ledger: list[Entry]) -> list[str]:
    """What the ledger says and the database does not; empty where they agree."""
    settings = read_settings(program.environment)
    with (
        ensure_services(settings) as services,
        deployment_of(settings, services, "crash-tests") as deployment,
        psycopg.connect(services.owner_url) as connection,
    ):
        states = {
            str(row[0]): msgspec.json.decode(row[1], type=State).answers
            for row in connection.execute("SELECT id, state FROM sessions")
        }
        personal = {
            str(row[0]): open_draft(deployment.vault, row[0], row[1])
            for row in connection.execute("SELECT session_id, answers FROM session_personal")
        }
        responses: dict[str, list[str]] = {}
        for row in connection.execute(
            "SELECT session_id, id, r.answers, p.sealed FROM responses r"
            " LEFT JOIN response_personal p USING (site, month, id) WHERE survey_id = %s",
            (SURVEY["id"],),
        ):
            responses.setdefault(str(row[0]), []).append(str(row[1]))
            states[str(row[0])] = row[2] | open_answers(deployment.vault, row[1], row[3])
            personal.pop(str(row[0]), None)
    fed = feed(program)
    return [fault for entry in ledger for fault in _faults(entry, states, personal, responses, fed)]


def _faults(
    entry: Entry,
    states: dict[str, dict[str, Any]],
    personal: dict[str, dict[str, Any]],
    responses: dict[str, list[str]],
    fed: Counter[str],
) -> Iterable[str]:
    found = responses.get(entry.session, [])
    if len(found) > 1:
        yield f"{entry.session}: {len(found)} responses"
    if entry.response is not None:
        if [str(UUID(entry.response))] != found:
            yield f"{entry.session}: told {entry.response}, stored {found}"
        if fed[entry.response] != 1:
            yield f"{entry.session}: {fed[entry.response]} times in the feed"
    kept = {**states.get(entry.session, {}), **personal.get(entry.session, {})}
    for name, value in entry.answers.items():
        if kept.get(name) != value:
            yield f"{entry.session}: {name} was told {value!r}, stored {kept.get(name)!r}"


def feed(program: Running) -> Counter[str]:
    """How often each response came, following the feed's cursor to its end."""
    headers = {"Authorization": f"Bearer {program.token('responses:read')}"}
    seen: Counter[str] = Counter()
    cursor = ""
    for _ in range(100_000):
        params = {"survey": SURVEY["id"], "cursor": cursor}
        url = f"{program.base}/api/v1/responses"
        page = httpx.get(url, params=params, headers=headers, timeout=30).json()
        if not page["responses"]:
            return seen
        seen.update(str(item["id"]) for item in page["responses"])
        cursor = page["cursor"]
    raise RuntimeError("the feed has no end")


async def battle(
    program: Running, people: int, kills: int, seed: int
) -> tuple[Crowd, Counter[str]]:
    """People and kills at once; returns when the kills are done and the people have stopped."""
    crowd = Crowd(program.base)
    filling = asyncio.create_task(crowd.run(people))
    done = await kill_at_random(program, kills, seed)
    await asyncio.to_thread(program.wait_ready)
    await asyncio.sleep(2)
    crowd.stopping = True
    await asyncio.wait_for(filling, 120)
    return crowd, done


def trial(people: int, kills: int, seed: int, keep: str | None = None) -> int:
    """One run in a directory of its own; prints what happened. Returns how many rows differ."""
    place = nullcontext(keep) if keep else tempfile.TemporaryDirectory(dir="/var/tmp")
    with place as folder:
        os.chmod(folder, 0o755)
        with running(Path(folder), HUISHENG_LOG_LEVEL="warning") as program:
            program.publish(SURVEY)
            crowd, done = asyncio.run(battle(program, people, kills, seed))
            time.sleep(3)
            faults = compare(program, crowd.ledger)
            steps = sum(len(entry.answers) for entry in crowd.ledger)
            submitted = sum(entry.response is not None for entry in crowd.ledger)
            print(
                f"{sum(done.values())} kills {dict(done)}; {len(crowd.ledger)} sessions,"
                f" {steps} acknowledged answers, {submitted} acknowledged submissions,"
                f" {crowd.repeats} repeats, {len(crowd.refusals)} refusals; differences:"
                f" {len(faults)}",
                flush=True,
            )
            for line in (*faults[:20], *crowd.refusals[:10]):
                print("  ", line, flush=True)
            return len(faults) + len(crowd.refusals)


def main() -> None:
    """Reads the words of the command line and runs one trial."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--kills", type=int, default=100)
    reader.add_argument("--people", type=int, default=50)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--keep", help="Run in this folder and leave its logs there.")
    wanted = reader.parse_args()
    sys.exit(1 if trial(wanted.people, wanted.kills, wanted.seed, wanted.keep) else 0)


if __name__ == "__main__":
    main()
