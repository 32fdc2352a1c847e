"""What a draft still lacks, told apart from what is wrong: it is being written, not broken."""

from collections import Counter

from engine.problems import Problem
from runtime.kit.words import joined
from runtime.staff.building import LISTS, Desk

LACKING = frozenset(("missing_text", "empty_page"))
"""Problems of what nobody has written yet."""


def is_lacking(problem: Problem) -> bool:
    """Whether it says only that something is not written yet."""
    return problem.code in LACKING


def told_one_by_one(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The problems of what stands there."""
    return tuple(one for one in problems if not is_lacking(one))


def unwritten(desk: Desk, problems: tuple[Problem, ...]) -> str:
    """What of a question is still to be written, in one line; "" for nothing.

    Another language than the first counts once for each text, whatever text it is.
    """
    missing = [one for one in problems if one.code == "missing_text"]
    kinds = Counter(_kind(desk, one) for one in missing)
    told = (
        desk.say(f"unwritten_{code}", n=count, language=desk.label("language", language))
        for (code, language), count in kinds.items()
    )
    return joined(told, desk.lang)


def _kind(desk: Desk, problem: Problem) -> tuple[str, str]:
    """What is missing, as the sentences call it, and the language if it is not the first."""
    language = str(problem.params.get("language", ""))
    if language not in ("*", desk.first):
        return "translation", language
    member = problem.at.partition("/questions/")[2].split("/")[1:2]
    found = member[0] if member else ""
    return (found if found in ("text", *LISTS) else "other"), desk.first
