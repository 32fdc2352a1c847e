"""What stands between a document and its publication: errors, findings to confirm, walks."""

import hashlib
from collections.abc import Iterable

import msgspec

import engine
from engine import prove as prover
from engine.prove import Findings
from engine.prove.coverage import Ways, ways_through
from runtime.kit.settled import Settled
from runtime.surveys.models import SurveyProblem

PUBLISH_SECONDS = 5.0
EDIT_SECONDS = 0.5


class Examined(msgspec.Struct, frozen=True):
    """A document that was read: `document` is None where nothing could be made of it."""

    document: engine.Document | None
    problems: tuple[engine.Problem, ...]

    @property
    def errors(self) -> tuple[engine.Problem, ...]:
        """The problems that forbid publication."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def examine(data: bytes) -> Examined:
    """Everything that is wrong with a document, structure and meaning, at once."""
    parsed = engine.parse(data)
    return Examined(parsed.document, engine.check_parsed(parsed))


def words(problems: Iterable[engine.Problem], lang: str) -> tuple[SurveyProblem, ...]:
    """Problems as the wire carries them."""
    return tuple(SurveyProblem(p.code, p.at, engine.word(p, lang), p.severity) for p in problems)


def warnings(found: Findings) -> tuple[engine.Problem, ...]:
    """What the proof says against a document, as problems to confirm."""
    return prover.warnings(found)


_proofs: Settled[Findings] = Settled()
_ways: Settled[Ways] = Settled()


def prove(document: engine.Document, seconds: float, about: str = "") -> Findings:
    """What holds of every complete response of a document without errors; with responses for and
    against the rule at `about`."""
    return _proofs.get(
        b"\0".join((_bytes(document), about.encode())),
        lambda: prover.prove(document, seconds, about),
        lambda one: not one.undecided,
    )


def ways(document: engine.Document, seconds: float) -> Ways:
    """Which branches a document without errors has, whatever test patients are stored with it."""
    return _ways.get(
        _bytes(document), lambda: ways_through(document, seconds), lambda one: not one.undecided
    )


def _bytes(document: engine.Document) -> bytes:
    """What a proof depends on: all but the test patients."""
    return msgspec.json.encode(msgspec.structs.replace(document, walks=()))


def digest_of(problems: Iterable[SurveyProblem]) -> str:
    """What a publisher repeats in `confirm`; it changes when the findings do, not their words."""
    seen = sorted({(problem.code, problem.at) for problem in problems})
    return hashlib.sha256(msgspec.json.encode(seen)).hexdigest()[:32]
