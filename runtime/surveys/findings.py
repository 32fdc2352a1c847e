"""What stands between a document and its publication: errors, findings to confirm, walks."""

import hashlib
from collections.abc import Iterable

import msgspec

import engine
from engine import prove as prover
from engine.prove import Findings
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


def prove(document: engine.Document, seconds: float, about: str = "") -> Findings:
    """What holds of every complete response of a document without errors; with responses for and
    against the rule at `about`."""
    return prover.prove(document, seconds, about)


def digest_of(problems: Iterable[SurveyProblem]) -> str:
    """What a publisher repeats in `confirm`; it changes when the findings do, not their words."""
    seen = sorted({(problem.code, problem.at) for problem in problems})
    return hashlib.sha256(msgspec.json.encode(seen)).hexdigest()[:32]
