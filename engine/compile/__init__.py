"""Turns a checked document into one generated Python function that evaluates it.

The function is written from the validated structs alone: ids reach it as constants, never as text
of the document, so nothing an author writes is ever executed. `function` writes the whole, into a
`source`, out of its `questions`, `rules` and `sums`, which share the function's `variables`.
"""

from engine.compile.function import Evaluate, Function
from engine.definition import Document

__all__ = ["Evaluate", "compile_evaluate"]


def compile_evaluate(document: Document) -> Evaluate:
    """The evaluation function of a document without errors."""
    return Function(document).compiled()
