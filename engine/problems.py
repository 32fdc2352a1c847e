"""What is wrong with a document or with an answer, as a value: a code, a place, parameters."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, Literal, cast

import msgspec

Severity = Literal["error", "warning"]
LANGUAGES = ("zh-CN", "en")
MAX_PROBLEMS = 1000


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault; its wording lives in the message catalogue (`word`).

    `at` is a JSON pointer: into the document for problems of a document, into the answers for
    problems of an evaluation.
    """

    code: str
    at: str
    params: dict[str, Any] = {}
    severity: Severity = "error"


class Rejected(ValueError):
    """Raised by `engine.load` for a document with errors; `problems` holds all of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.code} at {p.at or '/'}" for p in problems))
        self.problems = problems


@cache
def _catalogue(lang: str) -> Mapping[str, str]:
    name = lang if lang in LANGUAGES else "en"
    return json.loads((files("engine") / "messages" / f"{name}.json").read_text("utf-8"))


def at_most(problems: Iterable[Problem], most: int = MAX_PROBLEMS) -> tuple[Problem, ...]:
    """The first problems, and one that says so where there are more."""
    found = tuple(islice(problems, most + 1))
    if len(found) <= most:
        return found
    return (*found[:most], Problem("too_many_problems", "", {"max": most}))


def word(problem: Problem, lang: str = "zh-CN") -> str:
    """The sentence for a problem in a language: what is wrong and what to do next."""
    catalogue = _catalogue(lang)
    text = catalogue.get(_variant(problem), catalogue.get(problem.code, problem.code))
    for name, value in problem.params.items():
        text = text.replace("{" + name + "}", _shown(value))
    return text


def _variant(problem: Problem) -> str:
    """The key of the wording where it is told otherwise: of a range that is open on one side, of a
    word with one that was probably meant, of an answer, whose problem names nothing."""
    if "nearest" in problem.params:
        return f"{problem.code}.nearest"
    if not problem.params:
        return f"{problem.code}.answer"
    for member, open_side in (("min", "max"), ("max", "min")):
        if member in problem.params and problem.params[member] in (None, ""):
            return f"{problem.code}.{open_side}"
    return problem.code


def phrase(code: str, lang: str, **params: object) -> str:
    """A sentence of the catalogue that is not a problem (explanations, view texts)."""
    return word(Problem(code, "", dict(params)), lang)


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, cast(Sequence[object], value)))
    return str(value)


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901) from its unescaped parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
