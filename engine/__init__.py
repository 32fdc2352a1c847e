"""The form engine: parses, checks, proves, compiles and evaluates surveys. Pure, no I/O."""

from engine.check import check, check_parsed
from engine.definition import Document
from engine.evaluation import Evaluation, ScoreValue
from engine.parse import Parsed, parse
from engine.problems import LANGUAGES, Problem, Rejected, word
from engine.survey import Survey, compile_survey, load

__all__ = [
    "LANGUAGES",
    "Document",
    "Evaluation",
    "Parsed",
    "Problem",
    "Rejected",
    "ScoreValue",
    "Survey",
    "check",
    "check_parsed",
    "compile_survey",
    "load",
    "parse",
    "word",
]
