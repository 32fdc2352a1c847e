"""Turns the engine's operators round one at a time; a conformance file must fail for each.

    python -m tests.mutation.run [--all | --count N] [--seconds S] [--only TEXT]

Each mutant lives in a forked process that imports the engine with one module changed and replays
the conformance folder until something differs. A mutant that nothing tells apart is printed and
makes the run fail, unless `equivalent.toml` lists it with the reason why no survey can show it.
"""

import argparse
import ast
import os
import random
import resource
import select
import signal
import sys
import time
import tomllib
from dataclasses import dataclass, field
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType

from tests.mutation.mutants import Mutant, mutants

PRELOADED = ("fractions", "importlib.resources", "json", "msgspec", "re2")
"""Imported before forking, so that a mutant imports nothing but the engine itself."""
ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
MODULES = (
    "arithmetic",
    "context",
    "derivation",
    "journey",
    "numbers",
    "points",
    "reach",
    "ruletree",
    "scope",
    "survey",
    "text",
    "view",
)
PACKAGES = ("check", "compile", "questions")
GENERATORS = {"base", "single_choice", "multi_choice", "rating", "nps", "number", "yes_no"}
"""Types of question that write the test of a good answer themselves; so does all of `compile`."""
SEED = 20260115
MUTANT_SECONDS = 20
MUTANT_BYTES = 2 * 1024**3


@dataclass
class Outcome:
    """What a run found."""

    killed: int = 0
    survivors: list[Mutant] = field(default_factory=list[Mutant])
    left: int = 0


@dataclass(frozen=True)
class Target:
    """One mutant and the module it changes."""

    name: str
    path: Path
    tree: ast.Module
    mutant: Mutant


def targets() -> list[Target]:
    """Every mutant of the modules that hold the semantics."""
    folder = ROOT / "engine"
    paths = [folder / f"{name}.py" for name in MODULES]
    paths += [path for name in PACKAGES for path in sorted((folder / name).glob("*.py"))]
    found: list[Target] = []
    for path in paths:
        tree = ast.parse(path.read_text("utf-8"))
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        generates_code = path.parent.name == "compile" or path.stem in GENERATORS
        for mutant in mutants(tree, path, name.removeprefix("engine."), generates_code):
            found.append(Target(name, path, tree, mutant))
    return found


def equivalent() -> dict[str, str]:
    """Mutants that no survey can tell apart, each with its reason."""
    if not EQUIVALENT.exists():
        return {}
    return {e["mutant"]: e["reason"] for e in tomllib.loads(EQUIVALENT.read_text())["equivalent"]}


def run(chosen: list[Target], seconds: float, jobs: int) -> Outcome:
    """Runs mutants until all are done or the time is up."""
    outcome = Outcome()
    killers: list[str] = []
    running: dict[int, tuple[int, Target]] = {}
    waiting = list(reversed(chosen))
    end = time.monotonic() + seconds
    while waiting or running:
        if waiting and time.monotonic() > end:
            outcome.left = len(waiting)
            waiting = []
        while waiting and len(running) < jobs:
            target = waiting.pop()
            reader, pid = _start(target, killers)
            running[reader] = (pid, target)
        for reader in select.select(list(running), [], [], 1)[0]:
            pid, target = running.pop(reader)
            told = os.read(reader, 10_000).decode()
            os.close(reader)
            _, status = os.waitpid(pid, 0)
            if told == "survived" and status == 0:
                outcome.survivors.append(target.mutant)
            else:
                outcome.killed += 1
                if told in killers:
                    killers.remove(told)
                killers.insert(0, told)
    return outcome


def _start(target: Target, killers: list[str]) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return reader, pid
    os.close(reader)
    told = "crashed"
    try:
        told = _live(target, killers)
    finally:
        os.write(writer, told.encode()[:9_000])
        os._exit(0)


def _live(target: Target, killers: list[str]) -> str:
    """In the child: imports the changed engine and returns the case that differs first."""
    signal.setitimer(signal.ITIMER_PROF, MUTANT_SECONDS)  # of the processor, not of the wall
    resource.setrlimit(resource.RLIMIT_AS, (MUTANT_BYTES, MUTANT_BYTES))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    target.mutant.apply()
    code = compile(target.tree, str(target.path), "exec")
    sys.meta_path.insert(0, _Finder(target.name, target.path, code))
    try:
        from tests.conformance import replay
    except Exception:
        return "import"
    place = {name: i for i, name in enumerate(killers)}
    cases = sorted(replay.cases(), key=lambda case: place.get(str(case), len(place)))
    for case, _ in replay.failing(cases):
        return str(case)
    return "survived"


class _Finder:
    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        return spec_from_file_location(
            name, self.path, loader=_Loader(name, str(self.path), self.code)
        )


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        return self.code


def choose(everything: list[Target], count: int | None, only: str) -> list[Target]:
    """The mutants of this run, in a fixed random order; those listed as equivalent left out."""
    known = equivalent()
    chosen = [t for t in everything if t.mutant.key not in known and only in t.mutant.key]
    random.Random(SEED).shuffle(chosen)
    return chosen if count is None else chosen[:count]


def main(arguments: list[str] | None = None) -> int:
    """Prints the survivors; 1 if there is one, 2 if the list names what is not there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every mutant, however long it takes")
    parser.add_argument("--count", type=int, help="so many, chosen by a fixed seed")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutants whose name holds this text")
    given = parser.parse_args(arguments)
    everything = targets()
    chosen = choose(everything, given.count, given.only)
    for name in PRELOADED:
        import_module(name)
    started = time.monotonic()
    outcome = run(chosen, float("inf") if given.all else given.seconds, given.jobs)
    for mutant in sorted(outcome.survivors, key=lambda m: (m.key.split(".")[0], m.line)):
        print(f"{mutant.line:5} {mutant.key}")
    listed = equivalent()
    stale = listed.keys() - {t.mutant.key for t in everything}
    for key in sorted(stale):
        print(f"listed but not there: {key}")
    print(
        f"{outcome.killed} killed, {len(outcome.survivors)} survived, {len(listed)} listed as"
        f" equivalent, {outcome.left} not run, of {len(everything)},"
        f" in {time.monotonic() - started:.0f} s"
    )
    return 1 if outcome.survivors else 2 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
