"""What each value of a response can be, folded into the classes that the document tells apart."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from engine.definition import ContextField
from engine.numbers import exact
from engine.prove.formula import Node
from engine.prove.lattice import UNIT, Lattice
from engine.prove.samples import Samples, plain, samples
from engine.prove.uses import Uses
from engine.questions import Question
from engine.questions.base import NOT_APPLICABLE, Bounds, clean_text
from engine.questions.cascade import Cascade
from engine.questions.consent import Consent
from engine.questions.matrix import Matrix
from engine.questions.moments import DateQuestion, TimeQuestion
from engine.questions.number import NumberQuestion
from engine.questions.pickers import PickerQuestion
from engine.questions.single_choice import SingleChoice
from engine.questions.text import TextQuestion

FIRST_DAY = date(1900, 1, 1).toordinal()
LAST_DAY = date(2100, 12, 31).toordinal()
LARGEST = (10**15 - 1) * UNIT
DEFAULT_TODAY = "2026-01-15"


class Choice(NamedTuple):
    """One value: as an answer, as rules see it, its points, and the option it names."""

    answer: Any
    seen: Any
    points: Fraction | None = None
    option: str = ""


class State(NamedTuple):
    """Values that nothing in the document tells apart; `node` is true where one is chosen."""

    node: Node
    choices: tuple[Choice, ...]

    @property
    def seen(self) -> Any:
        """What rules see of the first value."""
        return self.choices[0].seen

    @property
    def points(self) -> Fraction | None:
        """The points of the first value."""
        return self.choices[0].points


class Finite(NamedTuple):
    """A value from a few; none of the states holds where there is no value."""

    name: str
    states: tuple[State, ...]
    is_certain: bool = True
    """Whether the texts in it stand for all texts there are."""


class Piece(NamedTuple):
    """The elements of a lattice from `low` to `high`, which no constant separates."""

    node: Node
    low: int
    high: int


class Line(NamedTuple):
    """A value from an ordered lattice."""

    name: str
    kind: str
    lattice: Lattice
    pieces: tuple[Piece, ...]
    variable: str | None
    """The integer that counts its units, where values are compared with one another."""

    def answer(self, unit: int) -> Any:
        """An element as an answer."""
        return unit_answer(self.kind, unit)

    def seen(self, unit: int) -> Any:
        """An element as rules see it."""
        if self.kind != "number":
            return self.answer(unit)
        return Fraction(unit, UNIT) if unit % UNIT else unit // UNIT


def unit_answer(kind: str, unit: int) -> Any:
    """Units as an answer: a number, a day, a minute of the day."""
    match kind:
        case "number":
            value = Fraction(unit, UNIT)
            return value.numerator if value.denominator == 1 else float(value)
        case "date":
            return date.fromordinal(unit).isoformat()
        case _:
            return f"{unit // 60:02}:{unit % 60:02}"


def answer_unit(kind: str, value: Any) -> int:
    """The units of an answer or literal that is exact to six decimals."""
    match kind:
        case "number":
            scaled = value * UNIT if isinstance(value, Fraction) else exact(value) * UNIT
            return int(scaled)
        case "date":
            return date.fromisoformat(value).toordinal()
        case _:
            return int(value[:2]) * 60 + int(value[3:])


class Domains:
    """Builds the domain of every value of a document."""

    def __init__(self, uses: Uses, prefix: str = "") -> None:
        self.uses = uses
        self.prefix = prefix
        self.scope = uses.scope
        self._pools: dict[str, tuple[list[str], bool]] = {}

    # -- few values -------------------------------------------------------------------------

    def finite(self, name: str, question: Question | None, choices: Iterable[Choice]) -> Finite:
        """A domain of listed values, folded."""
        groups: dict[Any, list[Choice]] = {}
        own = {} if question is None else {c.id: i for i, c in _ruled(question)}
        scored = question is not None and question.id in self.uses.ruled_points
        for choice in choices:
            points = choice.points if scored else choice.points is None
            key = (self.signature(name, choice.seen), points, own.get(choice.option))
            groups.setdefault(key, []).append(choice)
        start = f"{self.prefix}{name}!"
        states = (State(f"{start}{i}", tuple(group)) for i, group in enumerate(groups.values()))
        return Finite(name, tuple(states))

    def signature(self, name: str, seen: Any) -> Any:
        """What tells this value of a ref from its others."""
        if name in self.uses.split:
            return seen
        if seen is None:
            return None
        return tuple([test(seen) for test in self.uses.tests.get(name, ())])

    def cell(self, question: Matrix, row: str) -> Finite:
        """One row of a matrix."""
        scale = question.scale
        values: Sequence[Any] = (
            range(scale.min, scale.max + 1) if scale else [o.id for o in question.options]
        )
        choices = [Choice(v, Fraction(v) if scale else v, question.cell_points(v)) for v in values]
        if question.not_applicable:
            choices.append(Choice(NOT_APPLICABLE, None))
        return self.finite(f"{question.id}.{row}", question, choices)

    # -- lattices ---------------------------------------------------------------------------

    def line(self, name: str, kind: str, lattice: Lattice, needs_variable: bool) -> Line:
        """A domain of ordered values, cut at the constants it is compared with."""
        cuts = sorted(answer_unit(kind, c) for c in self.uses.constants(name))
        pieces: list[Piece] = []
        start = lattice.low
        for cut in dict.fromkeys(cuts):
            for low, high in ((start, cut - 1), (cut, cut)):
                if found := lattice.piece(low, high):
                    pieces.append(Piece(f"{self.prefix}{name}!{len(pieces)}", *found))
            start = max(start, cut + 1)
        if found := lattice.piece(start, lattice.high):
            pieces.append(Piece(f"{self.prefix}{name}!{len(pieces)}", *found))
        variable = f"{self.prefix}{name}!x" if needs_variable or name in self.uses.split else None
        return Line(name, kind, lattice, tuple(pieces), variable)

    # -- texts ------------------------------------------------------------------------------

    def text(self, name: str) -> Finite:
        """A text: the constants that it can equal, and others where there are any."""
        component = self.uses.component(name)
        accepts = self.accepts(name)
        constants = [c for n in component for c in self.uses.constants(n)]
        pool, is_certain = self.pool(component)
        known = dict.fromkeys((*constants, *pool))
        choices = [Choice(t, t) for t in known if accepts(t)]
        others = [c for c in choices if c.answer not in constants]
        folded = self.finite(name, None, choices)
        states = folded.states
        question = self.scope.questions.get(name)
        if not others and isinstance(question, TextQuestion):
            found = self.samples(name, question)
            if not found.complete:
                states = (*states, State(f"{self.prefix}{name}!?", (Choice(None, OTHER),)))
        return Finite(name, states, is_certain)

    def accepts(self, name: str) -> Callable[[str], bool]:
        """Which texts a ref can hold exactly as they stand."""
        question = self.scope.questions.get(name)
        if isinstance(question, TextQuestion):
            return question.accepts
        if isinstance(question, PickerQuestion):
            picker = question
            return lambda text: picker.read(text, Bounds()).value == text
        return lambda text: bool(text) and clean_text(text) == text

    def samples(self, name: str, question: TextQuestion) -> Samples:
        """Texts that a question accepts."""
        return samples(question)

    def pool(self, component: list[str]) -> tuple[list[str], bool]:
        """Texts beside the constants: for every set of refs that can hold a common text, as many
        as there are refs; and whether these stand for all texts there are."""
        if component[0] in self._pools:
            return self._pools[component[0]]
        constants = {c for name in component for c in self.uses.constants(name)}
        tests = [self.accepts(name) for name in component]
        is_certain = len(component) == 1 or all(self._is_plain(name) for name in component)
        taken: dict[tuple[bool, ...], list[str]] = {}
        for text in self._candidates(component):
            vector = tuple(test(text) for test in tests)
            group = taken.setdefault(vector, [])
            if any(vector) and text not in constants and len(group) < len(component):
                if text not in group:
                    group.append(text)
                if len(component) == 1:
                    break
        found = ([t for group in taken.values() for t in group], is_certain)
        for name in component:
            self._pools[name] = found
        return found

    def _is_plain(self, name: str) -> bool:
        question = self.scope.questions.get(name)
        if isinstance(question, TextQuestion):
            return question.pattern is None and question.format is None
        return True

    def _candidates(self, component: list[str]) -> Iterable[str]:
        lengths: list[int] = []
        for name in component:
            question = self.scope.questions.get(name)
            if isinstance(question, TextQuestion):
                lengths += [max(1, question.min_length), question.max_length]
        if len(component) == 1:
            lengths = lengths[:1]
        inner = [n + d for n in lengths for d in (-1, 1) if n + d > 0]
        yield from plain((*lengths[:1], 1, 2, *lengths, *inner, 65))
        for name in component:
            question = self.scope.questions.get(name)
            if isinstance(question, TextQuestion) and not self._is_plain(name):
                yield from self.samples(name, question).texts

    # -- questions and context --------------------------------------------------------------

    def of_question(self, question: Question) -> Finite | Line | None:
        """The domain of a question with one value; None for those with parts or none."""
        match question:
            case SingleChoice():
                choices = [
                    Choice(entered(o), o.id, question.points(o.id), o.id) for o in question.options
                ]
                return self.finite(question.id, question, choices)
            case Cascade():
                choices = [Choice(n, n, None, n) for n in question.selectable()]
                return self.finite(question.id, question, choices)
            case Consent():
                choices = [
                    Choice({"agreed": agreed, "version": question.version}, agreed)
                    for agreed in (True, False)
                ]
                return self.finite(f"{question.id}", None, choices)
            case NumberQuestion():
                return self.line(question.id, "number", number_lattice(question), False)
            case DateQuestion():
                moving = "today" in (question.min, question.max)
                return self.line(question.id, "date", date_lattice(question), moving)
            case TimeQuestion():
                low = answer_unit("time", question.min) if question.min else 0
                high = answer_unit("time", question.max) if question.max else 24 * 60 - 1
                return self.line(question.id, "time", Lattice(low, high), False)
            case TextQuestion() | PickerQuestion():
                return self.text(question.id)
            case _ if (values := question.point_values()) is not None:
                choices = [Choice(v, v, question.points(v)) for v in values]
                if getattr(question, "not_applicable", False):
                    choices.append(Choice(NOT_APPLICABLE, None))
                return self.finite(question.id, question, choices)
            case _:
                return None

    def of_context(self, name: str, field: ContextField) -> Finite | Line:
        """The domain of a context value."""
        match field.type:
            case "choice":
                return self.finite(name, None, [Choice(v, v) for v in field.values])
            case "boolean":
                return self.finite(name, None, [Choice(v, v) for v in (True, False)])
            case "text":
                return self.text(name)
            case "number":
                low, high = _number_limits(field.min, field.max)
                return self.line(name, "number", Lattice(low, high, decimal=True), False)
            case "date":
                return self.line(name, "date", Lattice(FIRST_DAY, LAST_DAY), False)

    def today(self) -> Line:
        """The day of the response."""
        moving = any(
            "today" in (q.min, q.max)
            for q in self.scope.questions.values()
            if isinstance(q, DateQuestion)
        )
        return self.line("today", "date", Lattice(FIRST_DAY, LAST_DAY), moving)


class _Other:
    """Stands for a text that is accepted but that no search found."""


OTHER = _Other()


def entered(option: Any) -> Any:
    """An option as an answer, with a text where one must be entered."""
    if option.text_entry == "required":
        return {"choice": option.id, "text": "…"}
    return option.id


def _ruled(question: Question) -> list[tuple[int, Any]]:
    """The options that have a rule of their own."""
    if question.type == "matrix":
        return []
    return [(i, c) for i, c in enumerate(question.choices()) if c.show_if is not None]


def _number_limits(low: Any, high: Any) -> tuple[int, int]:
    return (
        -LARGEST if low is None else answer_unit("number", low),
        LARGEST if high is None else answer_unit("number", high),
    )


def number_lattice(question: NumberQuestion) -> Lattice:
    """The numbers that a question accepts."""
    low, high = _number_limits(question.min, question.max)
    if question.step is None:
        return Lattice(low, high, decimal=True)
    step = answer_unit("number", question.step)
    return Lattice(low, high, step, int(question.origin() * UNIT), decimal=True)


def date_lattice(question: DateQuestion) -> Lattice:
    """The days that a question accepts, whatever today is."""
    limits = [
        None if limit in (None, "today") else answer_unit("date", limit)
        for limit in (question.min, question.max)
    ]
    return Lattice(
        FIRST_DAY if limits[0] is None else limits[0], LAST_DAY if limits[1] is None else limits[1]
    )
