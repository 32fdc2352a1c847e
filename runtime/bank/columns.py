"""The columns of a table of questions, and a question as the cells of one row and back.

What no column can say stands in the last one as JSON, so that every question of every type comes
back as it went: a row is read again as it is written, and what differs goes there.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, get_args

import msgspec
from msgspec import Struct

from engine.questions import Question
from runtime.bank.lines import (
    BadCell,
    number_of,
    options_of,
    pairs_of,
    shown_option,
    shown_text,
    text_of,
)
from runtime.kit.words import LANGUAGES, say

Tree = dict[str, Any]
OPTION_COLUMNS = 20
MAX_CELL = 20_000


class Column(Struct, frozen=True):
    """A column by its id and the headings it may stand under: Chinese, English, others."""

    id: str
    headings: tuple[str, ...]
    is_required: bool = False
    width: int = 12


COLUMNS = (
    Column("id", ("编号", "ID")),
    Column("scene", ("场景", "Scene"), True),
    Column("category", ("类别", "Category")),
    Column("subcategory", ("子类别", "Sub-category", "子类", "小类")),
    Column("type", ("题型", "Type"), True),
    Column("text", ("题目", "Question", "题干", "问题"), True, 44),
    Column("text_en", ("英文题目", "Question in English", "题目英文"), width=32),
    Column("hint", ("提示", "Hint"), width=20),
    Column("hint_en", ("英文提示", "Hint in English"), width=20),
    Column("options", ("选项", "Options"), width=36),
    Column("rows", ("矩阵行", "Matrix rows"), width=30),
    Column("points", ("分值", "Points"), width=16),
    Column("required", ("必答", "Required"), width=8),
    Column("min", ("最小值", "Min"), width=8),
    Column("max", ("最大值", "Max"), width=8),
    Column("labels", ("刻度文字", "Labels"), width=24),
    Column("reverse", ("反向计分", "Reverse"), width=8),
    Column("dimension", ("维度", "Dimension")),
    Column("tags", ("标签", "Tags"), width=20),
    Column("state", ("状态", "State"), width=8),
    Column("more", ("其他", "More"), width=24),
)
TYPES: tuple[str, ...] = tuple(str(k.__struct_config__.tag) for k in get_args(Question))
BOUNDS: Mapping[str, tuple[str, str]] = {
    "rating": ("min", "max"),
    "number": ("min", "max"),
    "date": ("min", "max"),
    "time": ("min", "max"),
    "text": ("min_length", "max_length"),
    "multi_choice": ("min_selected", "max_selected"),
    "ranking": ("", "max"),
    "picture_upload": ("", "max_files"),
    "file_upload": ("", "max_files"),
}
"""The members that the columns of the smallest and the greatest value mean, by type; a matrix has
them in its scale."""
YES = frozenset("是 y yes true 1 必答 √ ✓".split())
NO = frozenset(["", *"否 n no false 0 选答".split()])
_OPTION = re.compile(r"(?:选项|option)\s*(\d{1,2})", re.IGNORECASE)
_NOTE = re.compile(r"[（(][^（()）]*+[)）]|\*|\s")


class Badly(Exception):
    """A row that cannot be read as a question: each column with what is wrong in it."""

    def __init__(self, found: list[tuple[str, BadCell]]) -> None:
        super().__init__()
        self.found = found


def column_of(heading: str) -> str | None:
    """The column that a heading means: its id, or `option 3`; None for none."""
    option = _OPTION.fullmatch(_NOTE.sub("", heading))
    if option and 0 < int(option[1]) <= OPTION_COLUMNS:
        return f"option {int(option[1])}"
    return _headings().get(_plain(heading))


@cache
def _headings() -> Mapping[str, str]:
    return {_plain(name): one.id for one in COLUMNS for name in (one.id, *one.headings)}


def _plain(heading: str) -> str:
    return _NOTE.sub("", heading).lower()


def heading_of(column: str, lang: str) -> str:
    """The heading of a column in a language."""
    found = next((one for one in COLUMNS if one.id == column), None)
    if found is None:
        return column.replace("option ", "选项" if lang == LANGUAGES[0] else "Option ")
    return found.headings[0 if lang == LANGUAGES[0] else 1]


@cache
def type_names() -> Mapping[str, str]:
    """What may be written for each type: its name in each language, and its tag."""
    found = {_plain(tag): tag for tag in TYPES}
    for lang in LANGUAGES:
        found |= {_plain(say(f"build_type_{tag}", lang)): tag for tag in TYPES}
    short = {"单选": "single_choice", "多选": "multi_choice", "评分": "rating", "填空": "text",
             "填空题": "text", "矩阵": "matrix", "排序": "ranking", "判断题": "yes_no"}  # fmt: skip
    return found | short


# From cells to a question


def question_of(cells: Mapping[str, str]) -> Tree:
    """The question that a row says, not yet checked by the engine, its id perhaps empty.

    Raises:
        Badly: with every cell that cannot be read.
    """
    return _Row(cells).read()


class _Row:
    """One row being read."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self.cells = cells
        self.bad: list[tuple[str, BadCell]] = []

    def read(self) -> Tree:
        """The question."""
        self.type = self.attempt("type", self._type) or ""
        made: Tree = {"id": self.cells.get("id", ""), "type": self.type}
        made["text"] = self._text("text") or {}
        if not made["text"].get("zh-CN"):
            self.bad.append(("text", BadCell("missing")))
        hint = self._text("hint")
        if hint:
            made["hint"] = hint
        parts: dict[str, Callable[[Tree], None]] = {
            "required": self._required,
            "options": self._options,
            "rows": self._rows,
            "min": self._bounds,
            "labels": self._labels,
            "points": self._points,
            "reverse": self._reverse,
            "more": self._more,
        }
        for column, part in parts.items():
            self.attempt(column, partial(part, made))
        if self.cells.get("dimension"):
            made["dimension"] = self.cells["dimension"]
        if self.bad:
            raise Badly(self.bad)
        more: Tree = made.pop("more", {})
        made |= more
        return {name: value for name, value in made.items() if value is not None}

    def attempt(self, column: str, part: Callable[[], Any]) -> Any:
        """What a part gives; None where its cell is bad, which is noted."""
        try:
            return part()
        except BadCell as bad:
            self.bad.append((str(bad.params.pop("column", column)), bad))
            return None

    def _type(self) -> str:
        written = self.cells.get("type", "")
        if not written:
            raise BadCell("missing")
        found = type_names().get(_plain(written))
        if found is None:
            raise BadCell("type", value=written)
        return found

    def _text(self, column: str) -> dict[str, str]:
        chinese, english = self.cells.get(column, ""), self.cells.get(f"{column}_en", "")
        found = {"zh-CN": chinese, "en": english}
        return {lang: text for lang, text in found.items() if text}

    def _flag(self, column: str) -> bool:
        written = self.cells.get(column, "").strip().lower()
        if written not in YES and written not in NO:
            raise BadCell("yes_no", value=written)
        return written in YES

    def _required(self, made: Tree) -> None:
        if self._flag("required"):
            made["required"] = True

    def _reverse(self, made: Tree) -> None:
        if self._flag("reverse"):
            if self.type == "matrix":
                made.setdefault("scale", {})["reverse"] = True
            else:
                made["reverse"] = True

    def _options(self, made: Tree) -> None:
        lines = [one for one in self.cells.get("options", "").split("\n") if one.strip()]
        for number in range(1, OPTION_COLUMNS + 1):
            cell = self.cells.get(f"option {number}", "")
            lines += [" ".join(cell.split())] if cell else []
        if lines:
            made["options"] = options_of([one.strip() for one in lines])

    def _rows(self, made: Tree) -> None:
        lines = [one.strip() for one in self.cells.get("rows", "").split("\n") if one.strip()]
        if lines:
            made["rows"] = options_of(lines)

    def _bounds(self, made: Tree) -> None:
        for column, place in (("min", 0), ("max", 1)):
            written = self.cells.get(column, "")
            if not written or not self.type:
                continue
            if self.type == "matrix":
                made.setdefault("scale", {})[column] = number_of(written)
                continue
            member = BOUNDS.get(self.type, ("", ""))[place]
            if not member:
                raise BadCell("not_of_type", column=column)
            is_moment = self.type in ("date", "time")
            made[member] = written if is_moment else number_of(written)

    def _labels(self, made: Tree) -> None:
        found = {
            key: text_of(value) for key, value in pairs_of(self.cells.get("labels", "")).items()
        }
        if found and self.type == "matrix":
            made.setdefault("scale", {})["labels"] = found
        elif found:
            made["labels"] = found

    def _points(self, made: Tree) -> None:
        written = self.cells.get("points", "").replace("＝", "=")
        if not written:
            return
        if "=" in written:
            made["points"] = {k: number_of(v) for k, v in pairs_of(written).items()}
            return
        numbers = [one.strip() for one in re.split(r"[,，、;；\n]", written)]
        options = made.get("options", [])
        if len(numbers) != len(options):
            raise BadCell("points_count", points=len(numbers), options=len(options))
        for option, number in zip(options, numbers, strict=True):
            if number:
                option["points"] = number_of(number)

    def _more(self, made: Tree) -> None:
        written = self.cells.get("more", "")
        if not written:
            return
        try:
            found = msgspec.json.decode(written)
        except (msgspec.DecodeError, RecursionError):
            raise BadCell("json") from None
        if not isinstance(found, dict) or not {"id", "type"}.isdisjoint(found):  # pyright: ignore[reportUnknownArgumentType] - JSON
            raise BadCell("json")
        made["more"] = found


# From a question to cells


def cells_of(question: Tree) -> dict[str, str]:
    """The cells of a question; reading them gives it back."""
    kind = question["type"]
    scale: Tree = question.get("scale", {}) if kind == "matrix" else question
    low, high = ("min", "max") if kind == "matrix" else BOUNDS.get(kind, ("", ""))
    cells = {
        "id": question["id"],
        "type": say(f"build_type_{kind}", LANGUAGES[0]),
        "required": "是" if question.get("required") is True else "",
        "min": _shown(scale.get(low)),
        "max": _shown(scale.get(high)),
        "labels": "\n".join(f"{k} = {shown_text(v)}" for k, v in scale.get("labels", {}).items()),
        "reverse": "是" if scale.get("reverse") else "",
        "dimension": _shown(question.get("dimension")),
        "options": "\n".join(map(shown_option, question.get("options", []))),
        "rows": "\n".join(map(shown_option, question.get("rows", []))),
        "points": _shown_points(question),
    }
    for member in ("text", "hint"):
        text = question.get(member)
        spelled: Mapping[str, str] = {"zh-CN": text} if isinstance(text, str) else text or {}
        cells[member], cells[f"{member}_en"] = spelled.get("zh-CN", ""), spelled.get("en", "")
    cells["text"] = cells["text"] or cells["text_en"]
    cells = {name: cell.replace("\r\n", "\n").strip() for name, cell in cells.items()}
    cells["more"] = _more_of(question, cells)
    return cells


def _more_of(question: Tree, cells: Mapping[str, str]) -> str:
    """What the other cells do not say, as JSON; null takes a member away."""
    try:
        back = question_of(cells)
    except Badly:
        back = {"id": question["id"], "type": question["type"]}
    names = dict.fromkeys([*question, *back])
    differing: Tree = {
        name: question.get(name) for name in names if question.get(name) != back.get(name)
    }
    return msgspec.json.encode(differing).decode() if differing else ""


def _shown(value: Any) -> str:
    return "" if value is None or isinstance(value, dict) else str(value)


def _shown_points(question: Tree) -> str:
    points = question.get("points")
    if isinstance(points, dict):
        return "\n".join(f"{key} = {value}" for key, value in points.items())  # pyright: ignore[reportUnknownVariableType] - JSON
    given = [_shown(one.get("points")) for one in question.get("options", [])]
    return "，".join(given) if any(given) else ""
