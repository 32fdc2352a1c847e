"""matrix: the same scale or options asked of several rows."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, ClassVar

import msgspec

from engine.numbers import exact
from engine.parts import MatrixOption, MatrixRow, Scale
from engine.problems import Problem, pointer
from engine.questions.base import (
    NOT_APPLICABLE,
    Bounds,
    Facet,
    QuestionBase,
    QuestionView,
    Read,
    Scene,
    fault,
    is_not_applicable,
    is_unanswered,
    whole,
)
from engine.text import Text

MAX_ROWS = 50
MAX_STEPS = 100


class RowView(msgspec.Struct):
    """One row as a channel shows it."""

    id: str
    text: str
    required: bool


class ColumnView(msgspec.Struct):
    """One column of options."""

    id: str
    text: str


class ScaleView(msgspec.Struct):
    """The columns as whole numbers."""

    min: int
    max: int
    labels: dict[str, str]


class MatrixView(QuestionView, kw_only=True, tag="matrix"):
    """What a channel is shown of it; exactly one of `scale` and `options` is there."""

    rows: list[RowView]
    scale: ScaleView | None
    options: list[ColumnView] | None
    not_applicable: bool


class Matrix(QuestionBase, frozen=True, kw_only=True, tag="matrix"):
    """Value: `{row: integer or option id}`; a row that is left out is unanswered.

    `rows_required` loosens what `required` asks for: a list names the rows that must be answered,
    a number says how many shown rows at the least, `false` means one at the least.
    """

    scored: ClassVar[bool] = True
    rows: tuple[MatrixRow, ...]
    scale: Scale | None = None
    options: tuple[MatrixOption, ...] = ()
    rows_required: bool | int | tuple[str, ...] = True
    not_applicable: bool = False

    def facets(self) -> dict[str, Facet]:
        cell = Facet("number") if self.scale else Facet("choice", tuple(o.id for o in self.options))
        return {"": Facet("opaque")} | {row.id: cell for row in self.rows}

    def choices(self) -> tuple[Any, ...]:
        return self.rows

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not dict:
            return self.bad("wrong_type")
        unknown = raw.keys() - {row.id for row in self.rows}
        if unknown:
            return self.bad("unknown_row", min(unknown))
        value: dict[str, Any] = {}
        dropped: list[str] = []
        for row in self.rows:
            cell = raw.get(row.id)
            if is_unanswered(cell):
                continue
            if row.id in bounds.hidden:
                dropped.append(f"{self.id}.{row.id}")
                continue
            reading = self._read_cell(row.id, cell)
            if reading.problem:
                return Read(None, reading.problem, ())
            value[row.id] = reading.value
        return Read(value or None, None, tuple(dropped))

    def _read_cell(self, row: str, raw: Any) -> Read:
        if is_not_applicable(raw):
            return Read(NOT_APPLICABLE) if self.not_applicable else self.bad("not_allowed", row)
        if self.scale is None:
            if raw.__class__ is not str:
                return self.bad("wrong_type", row)
            return (
                Read(raw)
                if any(o.id == raw for o in self.options)
                else self.bad("unknown_option", row)
            )
        number = whole(raw)
        if number is None:
            return self.bad("wrong_type", row)
        if not self.scale.min <= number <= self.scale.max:
            return self.bad("out_of_range", row, min=self.scale.min, max=self.scale.max)
        return Read(number)

    def rule_value(self, value: Any) -> Any:
        return {row: cell for row, cell in value.items() if cell != NOT_APPLICABLE}

    def needed_rows(self, hidden: frozenset[str]) -> tuple[str, ...]:
        """The shown rows that must each be answered where the question is required."""
        shown = tuple(row.id for row in self.rows if row.id not in hidden)
        if self.rows_required is True:
            return shown
        if isinstance(self.rows_required, tuple):
            return tuple(row for row in shown if row in self.rows_required)
        return ()

    def least_rows(self, hidden: frozenset[str]) -> int:
        """How many shown rows must be answered where `rows_required` is a number or false."""
        if self.rows_required is True or isinstance(self.rows_required, tuple):
            return 0
        shown = sum(row.id not in hidden for row in self.rows)
        return min(shown, self.rows_required or 1)

    def missing(self, value: Any, bounds: Bounds) -> Iterator[Problem]:
        answered: dict[str, Any] = value or {}
        for row in self.needed_rows(bounds.hidden):
            if row not in answered:
                yield Problem("required", pointer(self.id, row))
        if len(answered) < self.least_rows(bounds.hidden):
            yield Problem("required", pointer(self.id))

    def cell_points(self, cell: Any) -> Fraction | None:
        """Points of one answered row."""
        if cell == NOT_APPLICABLE:
            return None
        if self.scale is None:
            points = next((o.points for o in self.options if o.id == cell), None)
            return None if points is None else exact(points)
        share = Fraction(100 * (cell - self.scale.min), self.scale.max - self.scale.min)
        return 100 - share if self.scale.reverse else share

    def points(self, value: Any) -> Fraction | None:
        scored = [p for p in map(self.cell_points, value.values()) if p is not None]
        return sum(scored, Fraction(0)) / len(scored) if scored else None

    def faults(self, at: str) -> Iterator[Problem]:
        if not 0 < len(self.rows) <= MAX_ROWS:
            yield fault("row_count", at, "rows", max=MAX_ROWS)
        if (self.scale is None) == (not self.options):
            yield fault("scale_or_options", at)
        if self.scale and not 0 < self.scale.max - self.scale.min <= MAX_STEPS:
            yield fault("bad_range", at, "scale", "max")
        for i, option in enumerate(self.options):
            if option.points is not None and not 0 <= option.points <= 100:
                yield fault("points_range", at, "options", i, "points", low=0, high=100)
        yield from self._label_faults(at)
        if isinstance(self.rows_required, tuple):
            for i, row in enumerate(self.rows_required):
                if all(row != r.id for r in self.rows):
                    yield fault("unknown_reference", at, "rows_required", i, ref=row)
        elif not isinstance(self.rows_required, bool) and not (
            1 <= self.rows_required <= len(self.rows)
        ):
            yield fault("bad_range", at, "rows_required")

    def _label_faults(self, at: str) -> Iterator[Problem]:
        if self.scale is None:
            return
        top = min(self.scale.max, self.scale.min + MAX_STEPS)
        steps = {str(v) for v in range(self.scale.min, top + 1)}
        for name in self.scale.labels.keys() - steps:
            yield fault("unknown_value", at, "scale", "labels", name, value=name)

    def texts(self) -> Iterator[tuple[str, Text]]:
        for i, row in enumerate(self.rows):
            yield f"/rows/{i}/text", row.text
        for i, option in enumerate(self.options):
            yield f"/options/{i}/text", option.text
        for name, label in (self.scale.labels if self.scale else {}).items():
            yield f"/scale/labels/{name}", label

    def view(self, scene: Scene) -> QuestionView:
        needed = self.needed_rows(scene.hidden) if scene.common["required"] else ()
        return MatrixView(
            **scene.common,
            rows=[
                RowView(r.id, scene.say(r.text), r.id in needed)
                for r in self.rows
                if r.id not in scene.hidden
            ],
            scale=self.scale
            and ScaleView(
                self.scale.min,
                self.scale.max,
                {k: scene.say(v) for k, v in self.scale.labels.items()},
            ),
            options=[ColumnView(o.id, scene.say(o.text)) for o in self.options] or None,
            not_applicable=self.not_applicable,
        )

    def cells(self, value: Any) -> dict[str, Any]:
        answered: dict[str, Any] = value or {}
        cells = {row.id: answered.get(row.id) for row in self.rows}
        return {
            f"{self.id}.{row}": None if cell == NOT_APPLICABLE else cell
            for row, cell in cells.items()
        }
