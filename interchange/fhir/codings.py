"""How an option and a number of ours are written in FHIR: codings, plain values, whole or not."""

from typing import Any

from engine.questions import Question
from engine.questions.matrix import Matrix

MOST_INTEGER = 2**31 - 1


def is_whole(question: Question) -> bool:
    """Whether a question's answers are written as integers."""
    step = getattr(question, "step", None)
    if question.type == "number":
        least, most = getattr(question, "min", None) or 0, getattr(question, "max", None) or 0
        if not fits_integer(least) or not fits_integer(most):
            return False
        return step is not None and float(step).is_integer() and float(least).is_integer()
    return question.type in ("rating", "nps", "matrix")


def fits_integer(number: float) -> bool:
    """Whether FHIR's integer, of 32 bits, holds a number."""
    return -MOST_INTEGER - 1 <= number <= MOST_INTEGER


def coding(question: Any, option_id: str, text: str | None = None) -> dict[str, Any]:
    """An option as a Coding: its own foreign code where it carries one."""
    if question.type in ("department", "staff", "cascade"):
        return {"code": option_id} | ({"display": text} if text else {})
    options: Any = question.options if isinstance(question, Matrix) else getattr(
        question, "options", ())  # fmt: skip
    option: Any = next((o for o in options if o.id == option_id), None)
    made: dict[str, Any] = {}
    if option is not None and option.codes:
        made = {"system": option.codes[0].system, "code": option.codes[0].code}
    else:
        source = option.ext.get("source_id", option_id) if option is not None else option_id
        made = {"code": str(source)}
    return made | ({"display": text} if text else {})
