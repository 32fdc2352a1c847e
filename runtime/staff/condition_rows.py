"""The condition editor as its page shows it: rows with what can be chosen, groups in groups."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from builder.choices import COMPARED, LISTED, RefChoice, literal_text
from builder.conditions import Fault, Group, Part, Path, Row
from builder.names import catalogue as phrases
from engine.definition import MAX_RULE_DEPTH
from runtime.kit.words import LANGUAGES, catalogue
from runtime.staff.building import Desk

DEEPEST = MAX_RULE_DEPTH - 2
"""In a group so deep no other is offered."""


UNITS = {phrases(lang)[f"unit_{unit}"]: unit for lang in LANGUAGES for unit in ("points", "count")}
"""Units that values are spoken of in a way of their own."""


class Choice(Struct, frozen=True):
    """Something to choose or to tick."""

    value: str
    words: str
    is_on: bool = False


class RowShown(Struct, frozen=True):
    """A row: its fields' prefix and path, what can be chosen in it, and what it lacks.

    `control` is how its value is given: `none`, `select`, `ticks`, or typed as `number`, `date`,
    `time`, `text`; of `typed` the last is empty where more may be given.
    """

    name: str
    path: str
    ref: str
    op: str
    ops: tuple[Choice, ...]
    control: str
    values: tuple[Choice, ...]
    typed: tuple[str, ...]
    unit: str
    limits: str
    other: str
    others: tuple[Choice, ...]
    is_not: bool
    fault: str
    is_focus: bool
    is_first: bool
    is_last: bool
    unknown: str = ""
    hints: str = ""
    kind: str = "row"


class GroupShown(Struct, frozen=True):
    """A group with its parts."""

    name: str
    path: str
    how: str
    is_not: bool
    parts: "tuple[RowShown | GroupShown, ...]"
    fault: str
    is_focus: bool
    is_first: bool
    is_last: bool
    may_nest: bool
    may_open: bool
    kind: str = "group"


Offered = Sequence[tuple[str, Sequence[RefChoice]]]


def offered(desk: Desk, refs: Sequence[RefChoice]) -> Offered:
    """What a condition may be about, page by page, then scores, computed values, the visit."""
    pages = {one.id: (n, one) for n, one in enumerate(desk.document.pages, 1)}

    def label(group: str) -> str:
        if group not in pages:
            return desk.label("refs", group)
        number, page = pages[group]
        title = desk.text(page.title)
        return desk.say("page_n", n=number) + (f" {title}" if title else "")

    shown = [one for one in refs if one.is_offered]
    return [(label(group), list(found)) for group, found in groupby(shown, lambda one: one.group)]


def show(
    desk: Desk,
    group: Group,
    refs: Sequence[RefChoice],
    faults: Mapping[Path, Fault],
    focus: Path | None,
) -> GroupShown:
    """The tree as the page shows it; the keyboard starts at `focus`."""
    return _Shower(desk, refs, faults, focus).group(group, (), True, True)


class _Shower:
    def __init__(
        self,
        desk: Desk,
        refs: Sequence[RefChoice],
        faults: Mapping[Path, Fault],
        focus: Path | None,
    ) -> None:
        self.desk = desk
        self.refs = {one.name: one for one in refs}
        self.faults = faults
        self.focus = focus

    def part(self, part: Part, path: Path, is_first: bool, is_last: bool) -> RowShown | GroupShown:
        if isinstance(part, Group):
            return self.group(part, path, is_first, is_last)
        return self.row(part, path, is_first, is_last)

    def fault(self, path: Path) -> str:
        code = self.faults.get(path)
        return self.desk.label("fault", code) if code is not None else ""

    def group(self, group: Group, path: Path, is_first: bool, is_last: bool) -> GroupShown:
        last = len(group.parts) - 1
        parts = tuple(
            self.part(part, (*path, i), i == 0, i == last) for i, part in enumerate(group.parts)
        )
        return GroupShown(
            _name(path),
            _dotted(path),
            group.how,
            group.is_not,
            parts,
            self.fault(path),
            path == self.focus,
            is_first,
            is_last,
            len(path) < DEEPEST,
            bool(path) and not group.is_not,
        )

    def row(self, row: Row, path: Path, is_first: bool, is_last: bool) -> RowShown:
        choice = self.refs.get(row.ref)
        control = self.control(row, choice)
        return RowShown(
            _name(path),
            _dotted(path),
            row.ref,
            row.op,
            self.ops(row, choice),
            control,
            self.values(row, choice) if control in ("select", "ticks") else (),
            self.typed(row) if control not in ("none", "select", "ticks") else (),
            choice.unit if choice is not None else "",
            self.limits(choice),
            row.other,
            self.others(row, choice),
            row.is_not,
            self.fault(path),
            path == self.focus,
            is_first,
            is_last,
            self.unknown(row),
            row.ref if choice is not None and choice.hints else "",
        )

    def unknown(self, row: Row) -> str:
        """What a row is about and nobody may choose here any more."""
        choice = self.refs.get(row.ref)
        if not row.ref or (choice is not None and choice.is_offered):
            return ""
        return choice.label if choice is not None else row.ref

    def control(self, row: Row, choice: RefChoice | None) -> str:
        if choice is None or row.op not in (*COMPARED, *LISTED) or row.other:
            return "none"
        if choice.values:
            return "ticks" if row.op in LISTED else "select"
        return choice.kind if choice.kind in ("number", "date", "time") else "text"

    def ops(self, row: Row, choice: RefChoice | None) -> tuple[Choice, ...]:
        if choice is None:
            return ()
        known = tuple(choice.ops) if row.op in ("", *choice.ops) else (*choice.ops, row.op)
        return tuple(Choice(op, self.op_words(op, choice), op == row.op) for op in known)

    def op_words(self, op: str, choice: RefChoice) -> str:
        words = catalogue(self.desk.lang)
        unit = UNITS.get(choice.unit, "") if choice.kind == "number" else ""
        kind = "choice" if choice.values and choice.kind == "text" else choice.kind
        kinds = (choice.group, unit, kind)
        codes = (*(f"build_op_{kind}.{op}" for kind in kinds), f"build_op_{op}")
        return next((words[code] for code in codes if code in words), op)

    def values(self, row: Row, choice: RefChoice | None) -> tuple[Choice, ...]:
        assert choice is not None
        chosen = {*map(literal_text, row.values), *row.typed}
        known = {text for text, _ in choice.values}
        return (
            *(Choice(text, words, text in chosen) for text, words in choice.values),
            *(Choice(text, text, True) for text in sorted(chosen - known)),
        )

    def typed(self, row: Row) -> tuple[str, ...]:
        given = (*map(literal_text, row.values), *row.typed)
        return (*given, "") if row.op in LISTED else given[:1] or ("",)

    def limits(self, choice: RefChoice | None) -> str:
        if choice is None or choice.values or choice.kind != "number":
            return ""
        low, high = choice.minimum, choice.maximum
        if low is None and high is None:
            return ""
        code = (
            "between" if low is not None and high is not None else "from" if high is None else "to"
        )
        return self.desk.say(f"limit_{code}", low=low, high=high)

    def others(self, row: Row, choice: RefChoice | None) -> tuple[Choice, ...]:
        if choice is None or row.op not in COMPARED:
            return ()
        names = choice.others if row.other in ("", *choice.others) else (*choice.others, row.other)
        return tuple(
            Choice(name, self.refs[name].label if name in self.refs else name, name == row.other)
            for name in names
        )


def _name(path: Path) -> str:
    return ".".join(("c", *map(str, path)))


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
