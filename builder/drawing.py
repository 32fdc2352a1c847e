"""Where everything of a flow picture stands: boxes in a column, what leads elsewhere beside them.

A jump runs from its words to the right, down in a lane that all jumps to one step share, and back
through the gap above that step, so that no line crosses a word. Lengths are pixels.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct

from builder.flow import Arrow, Step

LEFT, WIDE, GUTTER = 44, 300, 20
TEXT_X = LEFT + WIDE + GUTTER
TEXT_WIDE = 264
LANES = TEXT_X + TEXT_WIDE + 18
LANE, LINE, PAD, GAP = 16, 20, 12, 44
EM = 14
"""The size of the letters; a Chinese character is as wide, a Latin one about half."""


class Text(Struct, frozen=True):
    """A text in lines that are `apart` pixels apart, with the baseline of the first."""

    x: int
    y: int
    lines: tuple[str, ...]
    kind: str
    apart: int = LINE


class Box(Struct, frozen=True):
    """A step: its frame and the lines in it."""

    step: Step
    x: int
    y: int
    height: int
    texts: tuple[Text, ...]
    wide: int = WIDE


class Line(Struct, frozen=True):
    """A line with a head at its end: `next`, `jump`, `skip`, or `dead` for what never happens."""

    path: str
    kind: str


class Picture(Struct, frozen=True):
    """A flow picture."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    texts: tuple[Text, ...]


class _Exit(Struct, frozen=True):
    """Where a jump leaves its words."""

    arrow: Arrow
    y: int


def draw(steps: Sequence[Step], otherwise: str) -> Picture:
    """The picture of these steps; `otherwise` is said of what follows when no jump applies."""
    boxes: list[Box] = []
    exits: list[_Exit] = []
    texts: list[Text] = []
    y = PAD - GAP
    for step in steps:
        y += GAP
        box = _box(step, y, _beside(step, y, exits, texts))
        y += box.height
        boxes.append(box)
    lanes = _lanes(boxes, exits)
    lines = [*_straight(boxes, texts, otherwise), *_round(boxes), *_jumps(boxes, exits, lanes)]
    width = LANES + LANE * (max(lanes.values(), default=-1) + 1) + PAD
    return Picture(width, y + PAD, tuple(boxes), tuple(lines), tuple(texts))


def _box(step: Step, y: int, below: int) -> Box:
    """A step's frame; it reaches as far down as the words of its jumps (`below`)."""
    said = [
        (step.title, "title", WIDE - 2 * PAD - 24),
        (step.note, "note", WIDE - 2 * PAD),
        (step.only, "only", WIDE - 2 * PAD),
        *((f"⚠ {one}", "warn", WIDE - 2 * PAD) for one in step.warnings),
    ]
    texts, bottom = _stacked(said, LEFT + PAD, y + PAD)
    return Box(step, LEFT, y, max(below - y, bottom - y + PAD), tuple(texts))


def _stacked(said: Iterable[tuple[str, str, int]], x: int, y: int) -> tuple[list[Text], int]:
    """Texts one below the other, each with its kind and width; where the last one ends."""
    texts: list[Text] = []
    for words, kind, width in said:
        lines = tuple(wrapped(words, width))
        if lines:
            texts.append(Text(x, y + EM, lines, kind))
            y += LINE * len(lines)
    return texts, y


def _beside(step: Step, y: int, exits: list[_Exit], texts: list[Text]) -> int:
    """The words of a step's jumps; how far down they reach."""
    for arrow in step.arrows:
        said = [
            (arrow.target, "target", TEXT_WIDE),
            (arrow.rule, "rule", TEXT_WIDE),
            (f"⚠ {arrow.warning}" if arrow.warning else "", "warn", TEXT_WIDE),
        ]
        more, y = _stacked(said, TEXT_X, y)
        texts += more
        exits.append(_Exit(arrow, y + 2))
        y += PAD
    return y


def wrapped(words: str, width: int) -> list[str]:
    """A text in lines of at most this width but for blanks at their ends; Latin words stay whole
    where they can."""
    lines: list[str] = []
    line, room = "", float(width)
    for piece in _pieces(words):
        wide = sum(map(_wide, piece))
        if wide > room and line:
            begin = len(piece) - len(piece.lstrip())
            lines.append(line + piece[:begin])
            line, room = "", float(width)
            piece = piece[begin:]
        line += piece
        room -= wide
    return [*lines, line] if line.strip() else lines


def _pieces(words: str) -> Iterable[str]:
    """What may not be torn apart: Latin words, a sign with what it closes."""
    piece = ""
    for one in words:
        is_closing = one in "，。、；：」）？！”"
        is_latin = one.isascii() and one != " "
        glued = (
            is_closing
            or piece[-1:] in ("「", "（", "“", "")
            or (is_latin and piece[-1:].isascii() and not piece.endswith(" ") and len(piece) < 30)
        )
        if glued:
            piece += one
        else:
            yield piece
            piece = one
    if piece:
        yield piece


def _wide(one: str) -> float:
    return EM if unicodedata.east_asian_width(one) in "WFA" else 0.58 * EM


# Lines


def _straight(boxes: Sequence[Box], texts: list[Text], otherwise: str) -> Iterable[Line]:
    """From each page to the one that follows it."""
    for box, following in pairwise(boxes):
        if box.step.goes_on != following.step.id:
            continue
        x, bottom = LEFT + WIDE // 2, box.y + box.height
        yield Line(f"M{x} {bottom}V{following.y}", "next")
        if box.step.arrows:
            texts.append(Text(x + 10, bottom + 18, (otherwise,), "rule"))


def _round(boxes: Sequence[Box]) -> Iterable[Line]:
    """Past each page that is not always shown."""
    for box, following in pairwise(boxes):
        if box.step.only:
            y, left = box.y + PAD + EM // 2, LEFT - 24
            below = following.y - 14
            yield Line(f"M{LEFT} {y}H{left}V{below}H{LEFT + 40}V{following.y}", "skip")


def _lanes(boxes: Sequence[Box], exits: Sequence[_Exit]) -> dict[str, int]:
    """A lane for each step that jumps lead to, short ways inside."""
    tops = {box.step.id: box.y for box in boxes}
    first: dict[str, int] = {}
    for one in exits:
        first.setdefault(one.arrow.to, one.y)
    taken: list[list[tuple[int, int]]] = []
    lanes: dict[str, int] = {}
    for to in sorted(first, key=lambda to: (tops[to] - first[to], first[to])):
        span = (first[to], tops[to])
        lane = next((i for i, spans in enumerate(taken) if _is_free(spans, span)), len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append(span)
        lanes[to] = lane
    return lanes


def _is_free(spans: Sequence[tuple[int, int]], span: tuple[int, int]) -> bool:
    return all(span[0] > bottom or span[1] < top for top, bottom in spans)


def _jumps(boxes: Sequence[Box], exits: Sequence[_Exit], lanes: dict[str, int]) -> Iterable[Line]:
    tops = {box.step.id: box.y for box in boxes}
    for one in exits:
        top = tops[one.arrow.to]
        x, lane = LEFT + WIDE - 40, LANES + LANE * lanes[one.arrow.to]
        kind = "dead" if one.arrow.is_dead else "jump"
        yield Line(f"M{LEFT + WIDE} {one.y}H{lane}V{top - 22}H{x}V{top}", kind)
