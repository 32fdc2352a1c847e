"""The form engine: parses, checks, proves, compiles and evaluates surveys. Pure, no I/O."""

from engine.check import check, check_parsed
from engine.definition import Document
from engine.derivation import Values, derive_scores, explain
from engine.evaluation import Evaluation, ScoreValue
from engine.parse import Parsed, parse
from engine.problems import LANGUAGES, Problem, Rejected, word
from engine.survey import Survey, compile_survey, load
from engine.view import Frame, PageView, done_view, page_view
from engine.walks import run_walks

__all__ = [
    "LANGUAGES",
    "Document",
    "Evaluation",
    "Frame",
    "PageView",
    "Parsed",
    "Problem",
    "Rejected",
    "ScoreValue",
    "Survey",
    "Values",
    "check",
    "check_parsed",
    "compile_survey",
    "derive_scores",
    "done_view",
    "explain",
    "load",
    "page_view",
    "parse",
    "run_walks",
    "word",
]
