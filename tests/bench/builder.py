"""The builder with a survey of 200 questions: how long each act of a designer takes on the server.

python -m tests.bench.builder            # about a minute

Over HTTP, as the page with scripts asks: milliseconds until the answer is here (half and nineteen
in twenty of the acts), and what the program's processes computed for one. The baseline of a line is
the same act in a survey of ten questions, in the same run.
"""

import argparse
import html
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any

import httpx
from msgspec import Struct

from runtime.accounts import roles, users
from runtime.kit.embedded import ensure_services
from runtime.kit.settings import read_settings
from runtime.wiring import Deployment
from tests.bench.engine_form import build
from tests.form import Form
from tests.serving import Running, running

REPEATS = 20
GOAL_MS = 100
TICKS = os.sysconf("SC_CLK_TCK")
HTMX = {"hx-request": "true"}


class Spent(Struct, frozen=True):
    """What an act took: each answer's milliseconds, and the processor's for one."""

    answers: list[float]
    computed: float

    @property
    def half(self) -> float:
        """Half of the answers were here by then."""
        return median(self.answers)

    @property
    def most(self) -> float:
        """Nineteen in twenty were."""
        return quantiles(self.answers, n=20)[-1]


class Designer:
    """Somebody at the builder of one survey, as its scripts speak to the server."""

    def __init__(self, http: httpx.Client, csrf: str, survey: str, page: int) -> None:
        self.http = http
        self.csrf = csrf
        self.edit = f"/staff/surveys/{survey}/edit"
        self.rating, self.choice = f"q{page}_0", f"q{page}_3"
        self.score, self.page, self.other = f"s{page}", f"p{page}", f"q{page}_4"
        self.count = 0
        self.seen = {"was": "", "seq": ""}

    def open(self, at: str) -> str:
        """The whole page with a part chosen."""
        text = self._checked(self.http.get(f"{self.edit}?at={at}")).text
        self._see(text, at)
        return text

    def act(self, act: str, at: str, **fields: str) -> str:
        """A button of the canvas or the panel."""
        form = {"_csrf": self.csrf, "act": act, "at": at, **self.seen, **fields}
        answer = self._checked(self.http.post(self.edit, data=form, headers=HTMX))
        self._see(answer.text, at)
        return answer.text

    def shown(self, at: str) -> str:
        """The panel's hidden copy of a part."""
        return html.unescape(_found(r'name="shown" value="([^"]*)"', self.open(at)))

    def look(self, at: str) -> None:
        """The properties of another part, on the page that stands."""
        query = {"at": at, **self.seen}
        self._checked(self.http.get(self.edit, params=query, headers=HTMX))

    def send(self, path: str, **fields: str) -> None:
        """A form of another page of the builder."""
        answer = self.http.post(f"{self.edit}/{path}", data={"_csrf": self.csrf, **fields})
        assert answer.status_code == 303, f"{answer.status_code}: {answer.text[:500]}"

    def fields_of(self, path: str, form: str) -> dict[str, str]:
        """What stands in a form of another page."""
        return Form(self.http.get(f"{self.edit}/{path}").text, form).fields

    def next(self) -> int:
        """A number that was not there before."""
        self.count += 1
        return self.count

    def _see(self, text: str, at: str) -> None:
        found = re.search(r'name="seq" value="(\d+)"', text)
        self.seen = {"was": at, "seq": found[1] if found else self.seen["seq"]}

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        assert answer.status_code in (200, 303), f"{answer.status_code}: {answer.text[:500]}"
        return answer


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, pattern
    return found[1]


# The acts; what a step needs before it is prepared outside the measured time

Step = Callable[[], object]


def reword(designer: Designer) -> Step:
    """Type another text into the panel."""
    at = designer.rating
    shown, text = designer.shown(at), f"换了说法 {designer.next()}"
    return lambda: designer.act("", at, shown=shown, **{"m:text": text})


def insert(designer: Designer) -> Step:
    """A question more."""
    designer.open(designer.rating)
    return lambda: designer.act("insert rating", designer.rating)


def remove(designer: Designer) -> Step:
    """The question that was put there goes again."""
    designer.open(designer.rating)
    made = _found(r'name="at" value="(\w+)"', designer.act("insert rating", designer.rating))
    designer.open(made)
    return lambda: designer.act(f"remove {made}", made)


def move(designer: Designer) -> Step:
    """A question one place down, and the next time up."""
    designer.open(designer.other)
    way = "down" if designer.next() % 2 else "up"
    return lambda: designer.act(f"{way} {designer.other}", designer.other)


def add_option(designer: Designer) -> Step:
    """One option more."""
    designer.open(designer.choice)
    return lambda: designer.act("add options", designer.choice)


def rename(designer: Designer) -> Step:
    """Another id for a question that rules and scores name."""
    old, new = designer.rating, f"renamed_{designer.next()}"
    designer.open(old)
    designer.rating = new
    return lambda: designer.act("word", old, verb="rename", word=new)


def undo(designer: Designer) -> Step:
    """Take back a move."""
    move(designer)()
    return lambda: designer.act("undo", designer.other)


def redo(designer: Designer) -> Step:
    """Do it again."""
    undo(designer)()
    return lambda: designer.act("redo", designer.other)


def condition(designer: Designer) -> Step:
    """Save a condition of one row."""
    form = designer.fields_of(f"rule?at={designer.choice}&member=show_if", "rule")
    value = str(1 + designer.next() % 4)
    row = {"c.0.ref": designer.rating, "c.0.op": "le", "c.0.value.0": value}
    return lambda: designer.send("rule", **form | row | {"act": "save"})


def add_member(designer: Designer) -> Step:
    """A question more in a score, and the next time out of it."""
    words = "add" if designer.next() % 2 else "drop"
    form = {"at": designer.score, "act": f"member {words} {designer.other}"}
    return lambda: designer.send("scores", **form)


def choose(designer: Designer) -> Step:
    """Look at the properties of another question."""
    designer.open(designer.rating)
    return lambda: designer.look(designer.choice)


def look(designer: Designer) -> Step:
    """The whole page, as when the builder is opened."""
    return lambda: designer.open(designer.rating)


ACTS: dict[str, Callable[[Designer], Step]] = {
    "reword a question": reword,
    "add a question": insert,
    "remove a question": remove,
    "move a question": move,
    "add an option": add_option,
    "save a condition": condition,
    "add a member of a score": add_member,
    "rename a question": rename,
    "undo": undo,
    "redo": redo,
    "choose a question": choose,
    "open the builder": look,
}


# Measuring


def main() -> None:
    """Serves, measures, prints one table."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--repeats", type=int, default=REPEATS)
    wanted = reader.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        with running(Path(folder), HUISHENG_LOG_LEVEL="warning") as program:
            token = program.token("surveys:write")
            for document in surveys():
                store(program, token, document)
            with signed_in(program) as http:
                print_table(program, http, wanted.repeats)


def surveys() -> Iterator[dict[str, Any]]:
    """The survey of 200 questions, and its eleventh page alone."""
    whole = build()
    yield whole
    page = json.loads(json.dumps(whole["pages"][10]))
    for part in (page, *page["questions"]):
        part.pop("show_if", None)
        if isinstance(part.get("required"), dict):
            del part["required"]
    yield whole | {"id": "few", "pages": [page], "scores": whole["scores"][10:11]}


def store(program: Running, token: str, document: dict[str, Any]) -> None:
    """Keep a survey as a draft."""
    answer = httpx.post(
        f"{program.base}/api/v1/surveys",
        content=json.dumps(document),
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text


@contextmanager
def signed_in(program: Running) -> Generator[httpx.Client]:
    """A designer's browser."""
    settings = read_settings(program.environment)
    with ensure_services(settings) as services:
        deployment = Deployment(
            settings, database_url=services.app_url, redis_url=services.redis_url
        )
        with deployment.db.begin() as connection:
            user = users.ensure(connection, "bench_designer", "设计员")
            roles.grant(connection, user, "survey_designer")
            link = users.give_link(connection, user, "look")
        deployment.close()
    headers = {"accept-language": "zh-CN"}
    with httpx.Client(base_url=program.base, timeout=60, headers=headers) as http:
        assert http.post(f"/staff/sign-in/{link}").status_code == 303
        yield http


def print_table(program: Running, http: httpx.Client, repeats: int) -> None:
    """A line an act."""
    csrf = _found(r'name="_csrf" value="(\w+)"', http.get("/staff/surveys/new").text)
    many, few = Designer(http, csrf, "bench", 10), Designer(http, csrf, "few", 10)
    print(f"{'200 questions':<28}{'p50 ms':>8}{'p95 ms':>8}{'CPU ms':>8}{'of 10':>8}{'ratio':>8}")
    for name, prepare in ACTS.items():
        small, large = (measure(program, prepare, one, repeats) for one in (few, many))
        late = "  over the goal" if large.half > GOAL_MS else ""
        figures = f"{large.half:>8.0f}{large.most:>8.0f}{large.computed:>8.0f}{small.half:>8.0f}"
        print(f"  {name:<26}{figures}{large.half / small.half:>8.2f}{late}", flush=True)


def measure(
    program: Running, prepare: Callable[[Designer], Step], designer: Designer, repeats: int
) -> Spent:
    """An act again and again; the first is thrown away."""
    answers: list[float] = []
    computed: list[float] = []
    for _ in range(repeats + 1):
        step = prepare(designer)
        before, began = processor_ms(program), time.perf_counter()
        step()
        answers.append((time.perf_counter() - began) * 1000)
        computed.append(processor_ms(program) - before)
    return Spent(answers[1:], mean(computed[1:]))


def processor_ms(program: Running) -> float:
    """What the program and the processes below it have computed so far."""
    assert program.process is not None
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid], ticks[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    ours = {program.process.pid}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(ticks[pid] for pid in ours if pid in ticks) * 1000 / TICKS


if __name__ == "__main__":
    main()
