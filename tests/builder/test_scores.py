"""Scores, points, dimensions and computed values as an author makes them."""

import json
from typing import Any

import pytest

from builder import computations, scores
from builder.apply import apply
from builder.edits import AnyEdit, Refused, Several
from builder.tree import to_tree, write
from engine import Document, check, parse


def _option(name: str, points: Any = None) -> dict[str, Any]:
    return {"id": name, "text": name} | ({} if points is None else {"points": points})


QUESTIONS: list[dict[str, Any]] = [
    {"id": "overall", "type": "rating", "text": "总体？", "dimension": "overall"},
    {"id": "wait", "type": "single_choice", "text": "等候？", "dimension": "waiting",
     "options": [_option("short"), _option("middle"), _option("long")]},
    {"id": "told", "type": "yes_no", "text": "告知？", "dimension": "waiting"},
    {"id": "trouble", "type": "multi_choice", "text": "不便？",
     "options": [_option("queue", 40), _option("noise")]},
    {"id": "care", "type": "matrix", "text": "照顾？", "dimension": "Nursing Care",
     "rows": [_option("night")], "scale": {"min": 1, "max": 3}},
    {"id": "again", "type": "nps", "text": "推荐？"},
    {"id": "note", "type": "text", "text": "其他？"},
]  # fmt: skip


def _document(**rest: Any) -> Document:
    tree = {
        "format": "huisheng.survey/1", "id": "sample", "title": "样例", "languages": ["zh-CN"],
        "kind": "survey", "pages": [{"id": "first", "questions": QUESTIONS}],
    } | rest  # fmt: skip
    document = parse(json.dumps(tree).encode()).document
    assert document is not None and not check(document)
    return document


def _done(document: Document, edit: AnyEdit | None) -> Document:
    """After the edit, which can be taken back to the byte."""
    assert edit is not None
    edited = apply(document, edit)
    assert write(apply(edited.document, edited.inverse).document) == write(document)
    return edited.document


def _question(document: Document, name: str) -> Any:
    return next(one for one in document.pages[0].questions if one.id == name)


TWO = [{"id": "a", "of": ["overall"]}, {"id": "b", "of": ["score.a", "told"]}]


def test_only_what_can_be_scored_is_offered_and_nothing_in_a_circle() -> None:
    """Questions with points, scores that are not made of this one. # R0.4 (part)"""
    document = _document(scores=TWO)
    offered = scores.candidates(document, document.scores[0])
    assert offered == ("wait", "told", "trouble", "care", "again")
    assert scores.candidates(document, document.scores[1])[-1] == "again"
    third = _document(scores=[*TWO, {"id": "c", "of": ["again"]}])
    assert scores.candidates(third, third.scores[0])[-1] == "score.c"


def test_members_are_put_in_anywhere_moved_weighted_and_taken_out() -> None:
    """A member goes with its weight; a weight of 1 is none. # R0.4 (part)"""
    document = _done(_document(scores=TWO), scores.adding(_document(scores=TWO).scores[1], "wait"))
    document = _done(document, scores.adding(document.scores[1], "care", "told"))
    assert document.scores[1].of == ("score.a", "care", "told", "wait")
    document = _done(document, scores.weighing(document.scores[1], "score.a", 2.5))
    document = _done(document, scores.weighing(document.scores[1], "wait", 3))
    assert document.scores[1].weights == {"score.a": 2.5, "wait": 3}
    document = _done(document, scores.shifting(document.scores[1], "score.a", 1))
    document = _done(document, scores.dropping(document.scores[1], "score.a"))
    assert document.scores[1].of == ("care", "told", "wait")
    assert document.scores[1].weights == {"wait": 3}
    document = _done(document, scores.weighing(document.scores[1], "wait", 1))
    assert document.scores[1].weights == {}
    last = document.scores[1]
    assert scores.weighing(last, "wait", 1) is None and scores.weighing(last, "ghost", 2) is None
    assert scores.adding(last, "wait") is None and scores.shifting(last, "wait", 1) is None
    assert scores.dropping(last, "ghost") is None and scores.shifting(last, "ghost", 1) is None


@pytest.mark.parametrize("weight", [0, -1, 0.00001])
def test_a_weight_that_no_score_takes_is_refused(weight: float) -> None:
    """Above nothing, four decimals at the most."""
    document = _document(scores=TWO)
    edit = scores.weighing(document.scores[0], "overall", weight)
    assert edit is not None
    with pytest.raises(Refused):
        apply(document, edit)


@pytest.mark.parametrize(
    ("name", "keys", "points"),
    [
        ("overall", "1 2 3 4 5", [0, 25, 50, 75, 100]),
        ("wait", "short middle long", [None, None, None]),
        ("told", "yes no", [None, None]),
        ("trouble", "queue noise", [40, None]),
        ("care", "1 2 3", [0, 50, 100]),
        ("again", "0 1 2 3 4 5 6 7 8 9 10", [n * 10 for n in range(11)]),
    ],
)
def test_the_points_of_each_answer_are_told(name: str, keys: str, points: list[Any]) -> None:
    """Those of a scale too; each that can be set says where. # R0.4 (part)"""
    lines = scores.point_lines(_question(_document(), name))
    assert [one.key for one in lines] == keys.split()
    assert [one.points for one in lines] == points
    assert all(one.member for one in lines) == (name not in ("care", "again"))


def test_a_question_counts_the_other_way_round_and_back() -> None:
    """By its switch, or point by point where points are written. # R0.4 (part)"""
    document = _document()
    for name in ("overall", "care"):
        turned = _done(document, scores.reversing(_question(document, name)))
        assert scores.is_reversed(_question(turned, name))
        assert scores.point_lines(_question(turned, name))[0].points == 100
        assert _done(turned, scores.reversing(_question(turned, name))) == document
    assert scores.is_worth_nothing(_question(document, "wait"))
    assert scores.reversing(_question(document, "wait")) is None
    spread = _done(document, scores.spreading(_question(document, "wait"), best_first=True))
    assert [one.points for one in _question(spread, "wait").options] == [100, 50, 0]
    turned = _done(spread, scores.reversing(_question(spread, "wait")))
    assert [one.points for one in _question(turned, "wait").options] == [0, 50, 100]
    for name in ("again", "trouble", "note"):
        assert scores.reversing(_question(document, name)) is None
    assert scores.spreading(_question(document, "care"), best_first=True) is None


def test_there_is_a_score_for_each_dimension_in_one_press() -> None:
    """Named and ordered as in the dictionary; one that is there is left. # R0.4 (part)"""
    names = {"waiting": {"zh-CN": "等候", "en": "Waiting"}, "overall": {"zh-CN": "总体"}}
    edit, count = scores.one_per_dimension(_document(), names)
    document = _done(_document(), edit)
    assert count == 3 and isinstance(edit, Several)
    made = [(one.id, one.title, one.dimension, one.of) for one in document.scores]
    assert made == [
        ("waiting", {"zh-CN": "等候"}, "waiting", ("wait", "told")),
        ("overall_2", {"zh-CN": "总体"}, "overall", ("overall",)),
        ("dimension", {"zh-CN": "Nursing Care"}, "Nursing Care", ("care",)),
    ]
    assert scores.one_per_dimension(document, names) == (None, 0)


# Computed values


def test_every_operation_of_the_schema_has_its_form() -> None:
    """What a form shows is read back as the same value. # R0.4 (part)"""
    shapes = computations.operations()
    assert list(shapes) == ["sum", "mean", "min", "max", "count", "sub", "mul", "div", "if"]
    for op, shape in shapes.items():
        of = ["overall", 2] if op in ("mul", "div") else ["overall", "again"]
        value: dict[str, Any] = {"op": op, "of": of}
        if shape == "choice":
            value = {"op": op, "when": computations.ALWAYS, "then": "overall", "else": 0.5}
        document = _document(computed=[{"id": "c", "value": value}])
        shown = computations.shown(document.computed[0])
        form = {"op": shown.op}
        for n, (ref, number) in enumerate(shown.parts):
            form |= {f"ref:{n}": ref, f"number:{n}": number}
        assert computations.read(form, to_tree(document)["computed"][0]["value"]) == value


def test_an_operation_may_be_changed_with_the_operands_that_are_there() -> None:
    """Two operands where two are needed; a condition stays, or is always true. # R0.4 (part)"""
    form = {"ref:0": "overall", "number:0": "", "ref:1": "", "ref:2": "#", "number:2": " 1.50 "}
    now = {"op": "sum", "of": ["overall"]}
    assert computations.read(form | {"op": "sum"}, now) == {"op": "sum", "of": ["overall", 1.5]}
    assert computations.read(form | {"op": "mul"}, now)["of"] == ["overall", 1.5]
    assert computations.read({"op": "div", "ref:0": "overall"}, now)["of"] == ["overall", 1]
    chosen = computations.read(form | {"op": "if"}, now)
    assert chosen == {"op": "if", "when": computations.ALWAYS, "then": "overall", "else": 1.5}
    rule = {"op": "answered", "ref": "overall"}
    assert computations.read(form | {"op": "if"}, {"when": rule})["when"] == rule


@pytest.mark.parametrize("typed", ["", "x", "1e400", "nan", "9" * 21, "一"])
def test_an_operand_that_is_no_number_is_told(typed: str) -> None:
    """Before anything is changed."""
    with pytest.raises(computations.BadOperand):
        computations.read({"op": "sum", "ref:0": "#", "number:0": typed}, {})
    with pytest.raises(computations.BadOperand):
        computations.read({"op": "power", "ref:0": "overall"}, {})


def test_a_computed_value_is_never_offered_what_is_made_of_it() -> None:
    """Nor itself; numbers only."""
    document = _document(
        computed=[
            {"id": "a", "value": {"op": "sum", "of": ["overall"]}},
            {"id": "b", "value": {"op": "sum", "of": ["a"]}},
        ],
        scores=[{"id": "s", "of": ["overall"]}],
    )
    names = [name for name, _ in computations.numeric_refs(document, "a", "zh-CN")]
    assert {"a", "b", "note", "told", "wait"}.isdisjoint(names)
    assert {"overall", "again", "care.night", "trouble.count", "score.s"} <= set(names)
    made = computations.new_computed(document, "新的")
    assert made["value"] == {"op": "mean", "of": ["overall"]}
