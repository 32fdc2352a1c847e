"""Options and rows made many at once, and a matrix that is answered another way."""

from typing import Any

import msgspec
import pytest

from builder.apply import apply
from builder.blanks import new_question, new_survey
from builder.edits import Insert, SetMember
from builder.entries import Entry, adding, as_options, as_scale, read_lines
from builder.tree import find, to_tree
from engine import check, parse
from engine.definition import Document
from tests.builder.test_panel import TYPES


def _with(kind: str) -> Document:
    """A survey with one question of a type, its options still blank."""
    made = parse(msgspec.json.encode(new_survey("a", "一", "survey", ("zh-CN",)))).document
    assert made is not None
    found = next(one for one in TYPES if one.__struct_config__.tag == kind)
    value = new_question(found, "privacy") | {"id": "q"}
    return apply(made, Insert(into="page", list="questions", value=value)).document


def _question(document: Document) -> dict[str, Any]:
    found = find(to_tree(document), "q")
    assert found is not None
    return found.part


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("门诊\n急诊\r\n\n 住院 ", ["门诊", "急诊", "住院"]),
        (
            "1. 门诊\n2、急诊\n（3）住院\nD) 体检\n□ 其它科",
            ["门诊", "急诊", "住院", "体检", "其它科"],
        ),
        ("3.5 小时\n24小时以上", ["3.5 小时", "24小时以上"]),
        ("A", ["A"]),
        ("\0\n \t\n", []),
    ],
)
def test_a_line_is_an_option_without_the_number_of_a_paper_form(
    typed: str, said: list[str]
) -> None:
    assert [one.text["zh-CN"] for one in read_lines(typed, "zh-CN")] == said


@pytest.mark.parametrize(
    "typed", ["其他：____", "其他", "5. 其它（请注明）", "Other: ___", "其他＿＿"]
)
def test_a_line_that_says_other_asks_for_words(typed: str) -> None:
    """As on paper; 「其他科室」 is an option like the others."""
    (found,) = read_lines(typed, "zh-CN")
    assert found.is_other and found.text["zh-CN"] in ("其他", "其它", "Other")
    assert not read_lines("其他科室", "zh-CN")[0].is_other


def test_blank_options_are_filled_before_others_are_made() -> None:
    """One press undoes it; nothing blank is left over. # R0.4 (part)"""
    document = _with("single_choice")
    question = document.pages[0].questions[0]
    edit = adding(question, "options", read_lines("门诊\n急诊\n其他：__", "zh-CN"))
    assert edit is not None
    done = apply(document, edit)
    options = _question(done.document)["options"]
    assert [one["text"]["zh-CN"] for one in options] == ["门诊", "急诊", "其他"]
    assert [one["id"] for one in options] == ["option_1", "option_2", "option"]
    assert options[2]["text_entry"] == "optional" and options[2]["fixed"] is True
    assert to_tree(apply(done.document, done.inverse).document) == to_tree(document)


@pytest.mark.parametrize("kind", ["ranking", "multi_choice", "matrix", "cascade"])
def test_what_a_list_cannot_hold_is_left_out(kind: str) -> None:
    """No option asks for words in a ranking, no row of a matrix has points."""
    document = _with(kind)
    question = document.pages[0].questions[0]
    member = {"matrix": "rows", "cascade": "nodes"}.get(kind, "options")
    edit = adding(question, member, [Entry({"zh-CN": "其他"}, 100, is_other=True)] * 3)
    assert edit is not None
    assert {one.code for one in check(apply(document, edit).document)} <= {"missing_text"}


def test_a_matrix_is_answered_by_options_and_again_on_a_scale() -> None:
    """The steps keep their names and points; a text that is cleared stays, to be written."""
    document = _with("matrix")
    named = SetMember(of="q", member="scale/labels/5/zh-CN", value="好")
    document = apply(document, named).document
    by_options = apply(document, as_options(_question(document), "zh-CN")).document
    options = _question(by_options)["options"]
    assert [one["points"] for one in options] == [0, 25, 50, 75, 100]
    assert [one["text"]["zh-CN"] for one in options] == ["1", "2", "3", "4", "好"]
    on_a_scale = _question(apply(by_options, as_scale(_question(by_options))).document)
    assert (on_a_scale["scale"]["max"], on_a_scale["scale"]["labels"]["5"]["zh-CN"]) == (5, "好")
    assert "options" not in on_a_scale


def test_a_text_that_is_taken_back_is_still_to_be_written() -> None:
    """Undoing the first words of a question leaves it as it began."""
    document = _with("rating")
    worded = apply(document, SetMember(of="q", member="text/zh-CN", value="满意吗？"))
    assert to_tree(apply(worded.document, worded.inverse).document) == to_tree(document)
    assert [one.code for one in check(document)] == ["missing_text"]
