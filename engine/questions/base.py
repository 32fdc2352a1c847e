"""What every question type shares, and what each must say of itself."""

import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping
from fractions import Fraction
from typing import Any, ClassVar, Literal, NamedTuple

import msgspec

from engine.parts import BankRef, Code, Ext, Media
from engine.problems import Problem, pointer
from engine.ruletree import Rule
from engine.text import Text

Privacy = Literal["none", "personal", "sensitive"]
FacetKind = Literal["choice", "set", "number", "boolean", "text", "date", "time", "opaque"]
NOT_APPLICABLE: dict[str, bool] = {"not_applicable": True}
NO_IDS: frozenset[str] = frozenset()


class Facet(NamedTuple):
    """A value that rules may read off a question: its kind and, for choices, its members."""

    kind: FacetKind
    members: tuple[str, ...] = ()


class Read(NamedTuple):
    """An answer after reading: the normal value (None: unanswered or bad), what is wrong with it,
    and the options taken out because they do not exist for this response (`question.option`)."""

    value: Any
    problem: Problem | None = None
    dropped: tuple[str, ...] = ()


UNANSWERED = Read(None)


class Bounds(NamedTuple):
    """What reading an answer needs beside the question: hidden options, today, allowed ids."""

    hidden: frozenset[str] = NO_IDS
    today: str | None = None
    known: Container[str] | None = None


class QuestionView(msgspec.Struct, kw_only=True, tag_field="type"):
    """What a channel is shown of a question of any type (design section 7)."""

    id: str
    text: str
    hint: str | None
    required: bool
    value: Any
    refresh: bool
    problem: "ProblemView | None"
    media: "list[MediaView]" = []


class ProblemView(msgspec.Struct):
    """What is wrong with an answer, in the session's language."""

    code: str
    message: str


class MediaView(msgspec.Struct):
    """A picture by its asset id, with its alternative text."""

    asset: str
    alt: str


class Scene:
    """How a question is drawn: language, hidden and ordered options, what was answered."""

    def __init__(
        self,
        *,
        say: Any,
        hidden: frozenset[str] = NO_IDS,
        order: Any = None,
        common: Mapping[str, Any],
        today: str | None = None,
    ) -> None:
        self.say = say
        self.hidden = hidden
        self.order = order
        self.common = common
        self.today = today


class QuestionBase(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
):
    """The members that every question may carry, and the questions asked of every type."""

    personal: ClassVar[bool] = False
    """Whether answers are personal unless the author says otherwise."""
    scored: ClassVar[bool] = False
    """Whether answers can have points."""
    valueless: ClassVar[bool] = False
    """Whether nothing is asked (statement)."""

    id: str
    text: Text
    hint: Text | None = None
    media: tuple[Media, ...] = ()
    bank: BankRef | None = None
    show_if: Rule | None = None
    required: bool | Rule = False
    dimension: str | None = None
    tags: tuple[str, ...] = ()
    privacy: Privacy | None = None
    codes: tuple[Code, ...] = ()
    ext: Ext = {}

    @property
    def type(self) -> str:
        """The type's tag in the document."""
        return str(self.__struct_config__.tag)

    @property
    def effective_privacy(self) -> Privacy:
        """The author's word, else the type's default."""
        return self.privacy or ("personal" if self.personal else "none")

    def facets(self) -> dict[str, Facet]:
        """The values that rules may read: "" is the question itself, others its parts."""
        raise NotImplementedError

    def read(self, raw: Any, bounds: Bounds) -> Read:
        """The normal form of an answer that is neither null, "", [] nor blank text."""
        raise NotImplementedError

    def reader(self) -> Callable[[Any, Bounds], Read]:
        """`read`, prepared for many calls."""
        return self.read

    def fast(self) -> tuple[str, dict[str, Any]] | None:
        """A Python test over `r` that is true only where `r` is its own normal form and own rule
        value, with the names it uses; None where there is none."""
        return None

    def rule_value(self, value: Any) -> Any:
        """What comparisons see of a normal value; None is unknown."""
        return None if value == NOT_APPLICABLE else value

    def missing(self, value: Any, bounds: Bounds) -> Iterator[Problem]:
        """What a required question still lacks, given its normal value (None: unanswered)."""
        if value is None:
            yield Problem("required", pointer(self.id))

    def points(self, value: Any) -> Fraction | None:
        """Points of a normal value, 0 to 100; None where the answer has none."""
        return None

    def point_values(self) -> tuple[Any, ...] | None:
        """Every value that can have points where they are few, else None."""
        return None

    def faults(self, at: str) -> Iterator[Problem]:
        """What is wrong with the type's own members; `at` points to the question."""
        return iter(())

    def texts(self) -> Iterator[tuple[str, Text]]:
        """The type's own texts with their pointers relative to the question."""
        return iter(())

    def choices(self) -> tuple[Any, ...]:
        """The parts with a `show_if` of their own (options, matrix rows)."""
        return ()

    def view(self, scene: Scene) -> QuestionView:
        """What a channel is shown."""
        raise NotImplementedError

    def cells(self, value: Any) -> dict[str, Any]:
        """Export cells by column; every column is always there, None where unanswered."""
        return {self.id: None if value == NOT_APPLICABLE else value}

    def bad(self, code: str, *path: str | int, **params: Any) -> Read:
        """A reading that found the answer unusable."""
        return Read(None, Problem(code, pointer(self.id, *path), params))


def fault(code: str, at: str, /, *path: str | int, **params: Any) -> Problem:
    """A problem of a document below `at`."""
    return Problem(code, at + pointer(*path), params)


def clean_text(raw: str) -> str | None:
    """The text as NFC without surrounding white space; None where it holds control characters
    (line break and tab are fine) or cannot be written as UTF-8."""
    text = unicodedata.normalize("NFC", raw.replace("\r\n", "\n")).strip()
    if text.isprintable():
        return text
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
        return None
    return text


def is_not_applicable(raw: Any) -> bool:
    """Whether the patient said that the question does not apply."""
    return raw.__class__ is dict and len(raw) == 1 and raw.get("not_applicable") is True


def is_unanswered(raw: Any, is_matrix: bool = False) -> bool:
    """Null, "", [], text of white space only; for a matrix also {} and rows that are all so."""
    if raw is None:
        return True
    kind = raw.__class__
    if kind is str:
        return not raw or raw.isspace()
    if is_matrix and kind is dict:
        return all(map(is_unanswered, raw.values()))
    return kind is list and not raw


def whole(raw: Any) -> int | None:
    """An integer, also when written `2.0`; None for anything else."""
    if raw.__class__ is int:
        return raw
    if raw.__class__ is float and raw.is_integer():
        return int(raw)
    return None
