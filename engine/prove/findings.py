"""What a proof found, as one value; as warnings for authors; as a digest to confirm."""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from engine.problems import Problem


class Unreachable(msgspec.Struct, frozen=True):
    """What no complete response reaches: ids, `question.option`, and pointers of jumps."""

    pages: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    jumps: tuple[str, ...] = ()


class Undecided(msgspec.Struct, frozen=True):
    """A place that was not settled: for want of `time`, or because the `theory` does not reach."""

    at: str
    reason: str


class Findings(msgspec.Struct, frozen=True):
    """What holds of every complete response of a document.

    `never` and `always` are pointers of rules, each where it is looked at: a page's where no jump
    skipped it, a question's and a jump's where the page is on the path, an option's and a
    `required` where the question is asked, others in every response. Rules of places that nobody
    reaches are in neither. `scores` and `computed` have the lowest and highest value as
    evaluations print them, None where there never is one. `unsatisfiable` are required questions
    that no answer ever satisfies, `dead_ends` those that some patients cannot answer.
    `every_path_ends` is None where that was not settled. `witnesses` has responses
    (`{"answers", "context", "today"}`) by `pages.<id>`, `endings.<id>`, `jumps.<pointer>`,
    `scores.<id>.low`, `computed.<id>.high`, `dead_ends.<id>`, `false.<pointer>` of a rule that is
    never true, `true.<pointer>` of one that always is, and by the pointer of such a rule or
    `unreachable.<kind>.<id>` the rules that exclude each other (`{"because": [pointers]}`).
    `places` has the pointer of each id.
    """

    unreachable: Unreachable
    never: tuple[str, ...]
    always: tuple[str, ...]
    scores: dict[str, tuple[float | None, float | None]]
    computed: dict[str, tuple[float | None, float | None]]
    unsatisfiable: tuple[str, ...]
    dead_ends: tuple[str, ...]
    constants: tuple[str, ...]
    every_path_ends: bool | None
    undecided: tuple[Undecided, ...]
    witnesses: dict[str, Any]
    places: dict[str, str] = {}

    def public(self) -> dict[str, Any]:
        """The findings as JSON values (design section 8)."""
        value: dict[str, Any] = msgspec.to_builtins(self)
        del value["places"]
        return value


def warnings(findings: Findings) -> tuple[Problem, ...]:
    """One warning for each finding that an author should look at, in the document's order.

    What is unreachable only because its page or question is, is not told again.
    """
    found = [*_unreachable(findings), *_rules(findings)]
    return tuple(sorted(found, key=lambda problem: _order(problem.at)))


def _warn(code: str, at: str, **params: Any) -> Problem:
    return Problem(code, at, params, "warning")


def _unreachable(findings: Findings) -> Iterator[Problem]:
    lost, places = findings.unreachable, findings.places
    pages = {places[page] for page in lost.pages}
    questions = set(lost.questions)
    for page in lost.pages:
        yield _warn("unreachable_page", places[page], page=page)
    for question in lost.questions:
        if not _inside(places[question], pages):
            yield _warn("unreachable_question", places[question], question=question)
    for name in lost.options:
        question, option = name.split(".", 1)
        if question not in questions:
            yield _warn("unreachable_option", places[name], question=question, option=option)
    for ending in lost.endings:
        yield _warn("unreachable_ending", places[ending], ending=ending)
    for jump in lost.jumps:
        if not _inside(jump, pages):
            yield _warn("dead_jump", jump)


def _rules(findings: Findings) -> Iterator[Problem]:
    for at in findings.never:
        yield _warn("never_true", at)
    for at in findings.always:
        yield _warn("always_true", at)
    for at in findings.constants:
        yield _warn("constant_out_of_range", at)
    for question in findings.dead_ends:
        if question in findings.unsatisfiable:
            code = "unsatisfiable_required"
        else:
            code = "sometimes_unsatisfiable"
        yield _warn(code, findings.places[question], question=question)
    for place in findings.undecided:
        yield _warn("undecided", place.at, reason=place.reason)


def _inside(at: str, places: set[str]) -> bool:
    return any(at.startswith(place + "/") for place in places)


def _order(at: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in at.split("/")]


def digest(findings: Findings) -> str:
    """A short name for exactly these warnings: who confirms it has seen them."""
    told = [(problem.code, problem.at) for problem in warnings(findings)]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]
