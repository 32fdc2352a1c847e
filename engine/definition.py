"""The survey document, `huisheng.survey/1`, as frozen values (design section 3)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from engine.parts import Code, Ext, Text
from engine.questions import Question
from engine.ruletree import Rule, Scalar

FORMAT = "huisheng.survey/1"
RESERVED = frozenset(
    [
        "end",
        "score",
        "visit",
        "context",
        "answers",
        "count",
        "and",
        "or",
        "not",
        "in",
        "all",
        "any",
        "true",
        "false",
        "answered",
        "has_any",
        "has_all",
        "has_none",
        "today",
    ]
)
MAX_BYTES = 2 * 1024 * 1024
MAX_RULE_DEPTH = 8
MAX_COMPARISONS = 64
MAX_RULES = 500
MAX_QUESTIONS = 1000
MAX_ENTRIES = 500
"""Computed values, scores, endings, alerts, walks, languages: so many of each."""
MAX_EXT_BYTES = 64 * 1024

Kind = Literal[
    "survey", "praise", "suggestion", "complaint", "consultation", "whistleblow", "intake"
]


class Part(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What every object of the document shares: unknown members are errors."""


class Audience(Part, frozen=True, kw_only=True):
    """Whom a survey is for; an empty list does not restrict."""

    visit_types: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()


class ContextField(Part, frozen=True, kw_only=True):
    """A value that the caller gives with a session; `values` belong to `choice`."""

    type: Literal["choice", "text", "number", "boolean", "date"]
    values: tuple[str, ...] = ()
    min: int | float | None = None
    max: int | float | None = None
    title: Text | None = None


class Jump(Part, frozen=True, kw_only=True):
    """Where the walk goes after a page: a later page, `end`, or `end:<ending>`."""

    to: str
    if_: Rule | None = field(default=None, name="if")


class Page(Part, frozen=True, kw_only=True):
    """A page: its questions in order, whether it is shown, and where it leads."""

    id: str
    title: Text | None = None
    description: Text | None = None
    show_if: Rule | None = None
    questions: tuple[Question, ...]
    next: tuple[Jump, ...] = ()
    codes: tuple[Code, ...] = ()
    ext: Ext = {}


class Operation(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="op",
):
    """What the operations of computed values share: the tag `op`."""


Operand = str | int | float


class Aggregate(Operation, frozen=True, kw_only=True):
    """An operation over any number of operands; unknown ones are skipped."""

    of: tuple[Operand, ...]


class Sum(Aggregate, frozen=True, kw_only=True, tag="sum"):
    """Of the known operands; unknown when none is known."""


class Mean(Aggregate, frozen=True, kw_only=True, tag="mean"):
    """Of the known operands; unknown when none is known."""


class Min(Aggregate, frozen=True, kw_only=True, tag="min"):
    """Of the known operands; unknown when none is known."""


class Max(Aggregate, frozen=True, kw_only=True, tag="max"):
    """Of the known operands; unknown when none is known."""


class Count(Aggregate, frozen=True, kw_only=True, tag="count"):
    """How many operands are known; 0 for none."""


class Binary(Operation, frozen=True, kw_only=True):
    """An operation over two operands; unknown when one is."""

    of: Annotated[tuple[Operand, ...], Meta(min_length=2, max_length=2)]


class Sub(Binary, frozen=True, kw_only=True, tag="sub"):
    """The first less the second."""


class Mul(Binary, frozen=True, kw_only=True, tag="mul"):
    """A ref times a literal, in either order."""


class Div(Binary, frozen=True, kw_only=True, tag="div"):
    """A ref by a literal or a literal by a ref; by zero is unknown."""


class If(Operation, frozen=True, kw_only=True, tag="if"):
    """`then` where `when` is true, else `else` (also where `when` is unknown)."""

    when: Rule
    then: Operand
    else_: Operand = field(name="else")


ComputedValue = Sum | Mean | Min | Max | Count | Sub | Mul | Div | If


class Computed(Part, frozen=True, kw_only=True):
    """A named number that rules, texts and exports may use."""

    id: str
    title: Text | None = None
    value: ComputedValue


class Score(Part, frozen=True, kw_only=True):
    """A score over questions and other scores (`score.<id>`)."""

    id: str
    title: Text | None = None
    dimension: str | None = None
    of: tuple[str, ...]
    method: Literal["mean", "sum", "min", "max"] = "mean"
    weights: dict[str, int | float] = {}
    min_answered: Annotated[int, Meta(ge=1)] | None = None
    codes: tuple[Code, ...] = ()
    ext: Ext = {}


class Ending(Part, frozen=True, kw_only=True):
    """What a patient reads at the end, and which form opens next."""

    id: str
    title: Text | None = None
    text: Text
    open_form: str | None = None


class Within(Part, frozen=True, kw_only=True):
    """How soon an alert wants an answer."""

    working_hours: Annotated[int, Meta(ge=1)]


class Alert(Part, frozen=True, kw_only=True):
    """Something to be done when a submitted response matches; exactly one of the two actions."""

    id: str
    when: Rule
    title: Text | None = None
    open_case: str | None = None
    notify: str | None = None
    within: Within | None = None


class Expectation(Part, frozen=True, kw_only=True):
    """What a walk must come to; each member that is given is compared whole."""

    asked: tuple[str, ...] | None = None
    scores: dict[str, int | float | None] | None = None
    ending: str | None = None


class Walk(Part, frozen=True, kw_only=True):
    """A test patient that is stored with the form and replayed when it is published."""

    id: str
    title: Text | None = None
    answers: dict[str, Any] = {}
    context: dict[str, Any] = {}
    today: str | None = None
    expect: Expectation = Expectation()


class Document(Part, frozen=True, kw_only=True):
    """A survey or feedback form as its author wrote it."""

    format: Literal["huisheng.survey/1"]
    id: str
    title: Text
    languages: Annotated[tuple[str, ...], Meta(min_length=1)]
    kind: Kind
    pages: Annotated[tuple[Page, ...], Meta(min_length=1)]
    url: str | None = None
    description: Text | None = None
    tags: tuple[str, ...] = ()
    category: str | None = None
    identity: Literal["anonymous", "optional", "required"] = "optional"
    audience: Audience = Audience()
    context: dict[str, ContextField] = {}
    computed: tuple[Computed, ...] = ()
    scores: tuple[Score, ...] = ()
    endings: tuple[Ending, ...] = ()
    alerts: tuple[Alert, ...] = ()
    walks: tuple[Walk, ...] = ()
    codes: tuple[Code, ...] = ()
    ext: Ext = {}


__all__ = ["FORMAT", "Document", "Page", "Rule", "Scalar"]
