"""The matrices of SurveyJS: one choice a row stays a matrix, other cells become questions."""

from typing import Any, NamedTuple

from engine.questions.matrix import MAX_ROWS
from interchange.expression import Unreadable
from interchange.names import Names, source_id
from interchange.node import Node, is_list, is_object
from interchange.refs import Ref
from interchange.surveyjs.asked import Asked, Made, joined
from interchange.surveyjs.choices import listed, read_options, value_and_text
from interchange.surveyjs.members import ASIDE
from interchange.surveyjs.questions import SIMPLE
from interchange.truth import NEVER, Rule, both, within_limits

MAX_CELLS = 300
_CHOICES = frozenset(("dropdown", "radiogroup", "buttongroup"))


class Row(NamedTuple):
    """A row: its id, its text, and its value in the source."""

    id: str
    text: Any
    value: Any
    at: str


def matrix(asked: Asked) -> list[Made]:
    """One choice a row."""
    node = asked.node
    if node.word("cellType") not in ("", "radio"):
        raise Unreadable("matrix_cells", node.word("cellType"))
    made = asked.head("matrix")
    rows = _rows(asked)
    options, values = _columns(asked)
    if not rows:
        return _one_row(asked, options, values)
    made["rows"] = [
        {"id": row.id, "text": row.text, **source_id(row.value, row.id)} for row in rows
    ]
    made["options"] = options
    for row, made_row in zip(rows, made["rows"], strict=True):
        _row_rule(asked, row, made_row)
        asked.context.refs[f"{asked.name}.{row.value}"] = Ref(
            f"{asked.id}.{row.id}", "choice", values
        )
    if any("points" in option for option in options):
        asked.context.scored.append(asked.id)
    asked.know(Ref(asked.id, "opaque"))
    _required_rows(asked, made)
    node.skip("rowsOrder", "columnsOrder", "showHeader")
    if node.word("rowsOrder") == "random":
        asked.lose("member", "rowsOrder")
    return [made]


def _required_rows(asked: Asked, made: Made) -> None:
    """A required matrix there wants one row, ours wants every row unless told otherwise."""
    each = asked.node.flag("isAllRowRequired") or asked.node.flag("eachRowRequired")
    if each:
        made["required"] = True
    else:
        made["rows_required"] = False


def _rows(asked: Asked) -> list[Row]:
    names = Names(("count",), "r")
    found: list[Row] = []
    for at, item in listed(asked.node, "rows"):
        value, words, row = value_and_text(item, at)
        if not isinstance(value, (str, int, float)) or value == "":
            asked.context.report.lose("option_value", at, value)
            continue
        if len(found) >= MAX_ROWS:
            asked.context.report.lose("row_count", at, value, max=MAX_ROWS)
            continue
        made_id = names.take(value)
        found.append(Row(made_id, asked.context.say(words, str(value), at), value, at))
        for member in row.unread(("visibleIf",)):
            asked.context.report.lose("member", row.place(member), member)
    return found


def _row_rule(asked: Asked, row: Row, made_row: Made) -> None:
    node = asked.node
    index = int(row.at.rsplit("/", 1)[1])
    raw: Any = node.items("rows")[index]
    rule: Rule | None = None
    if is_object(raw) and raw.get("visibleIf"):
        rule = asked.context.rule_of(str(raw["visibleIf"]), f"{row.at}/visibleIf")
    elif node.word("rowsVisibleIf"):
        rule = asked.context.rule(node, "rowsVisibleIf", item=row.value)
    if rule is not None:
        made_row["show_if"] = rule


def _columns(asked: Asked) -> tuple[list[Made], tuple[tuple[Any, str], ...]]:
    names = Names((), "c")
    options: list[Made] = []
    values: list[tuple[Any, str]] = []
    for at, item in listed(asked.node, "columns"):
        value, words, column = value_and_text(item, at)
        if not isinstance(value, (str, int, float)) or value == "":
            asked.context.report.lose("option_value", at, value)
            continue
        made_id = names.take(value)
        values.append((value, made_id))
        option: Made = {"id": made_id, "text": asked.context.say(words, str(value), at)}
        option |= source_id(value, made_id)
        points = column.number("score") if column.has("score") else column.number("points")
        if points is not None:
            option["points"] = points
        options.append(option)
        for member in column.unread(("visibleIf",)):
            asked.context.report.lose("member", column.place(member), member)
        if column.word("visibleIf"):
            asked.context.report.lose("column_rule", column.place("visibleIf"))
    if asked.node.word("columnsVisibleIf"):
        asked.lose("column_rule", "columnsVisibleIf")
    if not options:
        raise Unreadable("no_choices", asked.name)
    return options, tuple(values)


def _one_row(asked: Asked, options: list[Made], values: Any) -> list[Made]:
    made = asked.head("single_choice") | {"options": options, "appearance": "buttons"}
    asked.know(Ref(asked.id, "choice", values))
    asked.node.skip("isAllRowRequired", "eachRowRequired", "rowsVisibleIf")
    return [made]


def dropdown_matrix(asked: Asked) -> list[Made]:
    """A matrix whose cells are questions: a matrix a column of choices, else a question a cell."""
    node = asked.node
    rows = _rows(asked)
    columns = list(node.nodes("columns"))
    if not rows or not columns:
        raise Unreadable("no_choices", asked.name)
    if len(rows) * len(columns) > MAX_CELLS:
        raise Unreadable("matrix_cells", f"{len(rows)} × {len(columns)}")
    head = asked.context.say(node.raw("title"), asked.name, node.place("title"))
    default_kind = node.word("cellType") or "dropdown"
    shared = node.items("choices")
    node.skip("choices", "columnLayout", "transposeData", "detailPanelMode", "optionsCaption")
    found: list[Made] = []
    for column in columns:
        found += _column(asked, column, rows, head, default_kind, shared)
    if not found:
        raise Unreadable("matrix_cells", asked.name)
    parts = tuple(made["id"] for made in found)
    asked.know(Ref(parts[0], "opaque", parts=parts))
    if len(found) > 1:
        asked.context.report.note("split", node.at, ", ".join(made["id"] for made in found))
    return found


def _column(
    asked: Asked, column: Node, rows: list[Row], head: Any, default_kind: str, shared: list[Any]
) -> list[Made]:
    context = asked.context
    kind = column.word("cellType")
    kind = default_kind if kind in ("", "default") else kind
    name = column.word("name")
    column.value.setdefault("title", name)
    if not is_list(column.value.get("choices")) and kind in (*_CHOICES, "checkbox", "tagbox"):
        column.value["choices"] = shared
    for member in ("enableIf", "totalType", "totalExpression"):
        if column.has(member):
            context.report.lose("column_rule", column.place(member), column.raw(member))
            column.value.pop(member)
    if column.raw("visible") is False and not column.word("visibleIf"):
        context.report.refuse("column_hidden", column.at, name)
        return []
    column.value["type"] = kind
    if kind in _CHOICES and not column.has("showOtherItem") and not column.has("hasOther"):
        found = [_choice_column(asked, column, rows, head, name)]
    else:
        found = _cells(asked, column, rows, head, kind, name)
    _column_rules(asked, column, found)
    return found


def _column_rules(asked: Asked, column: Node, found: list[Made]) -> None:
    """A column's own rules, where they read nothing of the row that they are tried for."""
    for member, ours in (("visibleIf", "show_if"), ("requiredIf", "required")):
        if not column.word(member):
            continue
        rule = asked.context.rule(column, member)
        for made in found if rule is not None else ():
            own = [made[ours]] if isinstance(made.get(ours), dict) else []
            made[ours] = within_limits(both(*own, rule or NEVER))


def _cells(
    asked: Asked, column: Node, rows: list[Row], head: Any, kind: str, name: str
) -> list[Made]:
    context = asked.context
    reader = SIMPLE.get(kind)
    if reader is None or kind in ("html", "image", "expression"):
        context.report.refuse("matrix_cells", column.at, kind)
        return []
    found: list[Made] = []
    for row in rows:
        source = f"{asked.name}.{row.value}.{name}"
        made_id = context.names.take(f"{asked.id}_{row.id}_{name}"[:120])
        part = Asked(context, Node(dict(column.value), column.at), made_id, source)
        for made in reader(part):
            made["text"] = joined(joined(head, row.text), made["text"])
            made["ext"] = made.get("ext", {}) | {"source_id": source}
            if column.flag("isRequired"):
                made["required"] = True
            _row_rule(asked, row, made)
            context.report.made(made["id"], column.at)
            found.append(made)
    _say_unread(asked, column)
    return found


def _choice_column(asked: Asked, column: Node, rows: list[Row], head: Any, name: str) -> Made:
    context = asked.context
    made_id = context.names.take(f"{asked.id}_{name}"[:120])
    options = read_options(context, column, special=False)
    for option in options.options:
        for member in ("show_if", "image", "text_entry", "exclusive", "fixed"):
            if option.pop(member, None) is not None and member == "show_if":
                context.report.lose("column_rule", column.place("choices"), option["id"])
    made: Made = {"id": made_id, "type": "matrix"}
    made["text"] = joined(head, context.say(column.raw("title"), name, column.place("title")))
    made["rows"] = [
        {"id": row.id, "text": row.text, **source_id(row.value, row.id)} for row in rows
    ]
    made["options"] = options.options
    made["ext"] = {"source_id": f"{asked.name}.*.{name}"}
    if column.flag("isRequired"):
        made["required"] = True
    for row, made_row in zip(rows, made["rows"], strict=True):
        _row_rule(asked, row, made_row)
        ref = Ref(f"{made_id}.{row.id}", "choice", options.values)
        context.refs[f"{asked.name}.{row.value}.{name}"] = ref
    context.report.made(made_id, column.at)
    _say_unread(asked, column)
    return made


def _say_unread(asked: Asked, column: Node) -> None:
    for member in column.unread(ASIDE | {"cellType", "choices"}):
        asked.context.report.lose("member", column.place(member), member)


def refused(asked: Asked) -> list[Made]:
    """Rows or panels that the patient adds: a survey asks each question once."""
    raise Unreadable("repeats", asked.name)
