"""The flow of a survey: what leads where, what the proof marks, and that no line crosses a word."""

import itertools
import re
from typing import Any

import msgspec
import pytest

from builder.drawing import LEFT, TEXT_WIDE, TEXT_X, WIDE, Picture, draw, wrapped
from builder.flow import Step, steps_of
from builder.tree import write
from engine import Document, parse
from engine.prove import prove
from tests.builder.test_edits import SURVEYS, document_of


def page(name: str, **more: Any) -> dict[str, Any]:
    question = {"id": f"q_{name}", "type": "yes_no", "text": f"问题{name}？", "required": True}
    return {"id": name, "title": f"页{name}", "questions": [question]} | more


def said(name: str, wanted: bool) -> dict[str, Any]:
    return {"op": "eq", "ref": f"q_{name}", "value": wanted}


def maze() -> Document:
    """Two ways out of the first page, one of them never; a page nobody comes to; a dead end."""
    never = {"op": "all", "of": [said("a", True), said("a", False)]}
    stuck = {
        "id": "stuck",
        "type": "single_choice",
        "text": "选不了",
        "required": True,
        "options": [{"id": "one", "text": "一", "show_if": said("a", True)}],
    }
    return document_of(
        pages=[
            page("a", next=[{"if": said("a", False), "to": "c"}, {"if": never, "to": "d"}]),
            page("b", next=[{"to": "end:bye"}]),
            page("c", show_if=said("a", False)),
            page("d", show_if=never),
            {"id": "e", "questions": [stuck]},
        ],
        endings=[{"id": "thanks", "text": "谢谢"}, {"id": "bye", "text": "再见"}],
    )


def steps(document: Document) -> dict[str, Step]:
    return {one.id: one for one in steps_of(document, "zh-CN", prove(document))}


def test_the_flow_says_where_each_page_leads_and_when() -> None:
    """Jumps with their sentences, what follows otherwise, when a page is passed over.
    # R0.4 (part)"""
    found = steps(maze())
    assert list(found) == ["a", "b", "c", "d", "e", "end:thanks", "end:bye"]
    first, second = found["a"].arrows
    assert (first.to, first.target) == ("c", "跳到第 3 页「页c」")
    assert first.rule == "「问题a」回答「否」"
    assert found["a"].goes_on == "b" and found["b"].goes_on == ""
    assert found["b"].arrows[0].is_always and found["b"].arrows[0].to == "end:bye"
    assert found["c"].only == "只在「问题a」回答「否」时出现，否则跳过这一页"
    assert found["e"].goes_on == "end:thanks"
    assert second.to == "d"


def test_dead_ends_and_what_nobody_reaches_are_said_in_words() -> None:
    """From the proof; without it nothing is claimed. # R0.4 (part)"""
    found = steps(maze())
    assert found["c"].warnings == ("没有患者能经过这里走到最后",), "they get stuck at e"
    assert found["a"].arrows[1].warning == "没有患者能经过这里走到最后"
    assert found["e"].warnings == ("有的患者会卡在「选不了」，走不下去",)
    tree = msgspec.json.decode(write(maze()))
    tree["pages"][4]["questions"][0]["required"] = False
    found = steps(msgspec.convert(tree, Document))
    assert found["d"].warnings == ("没有患者会走到这里",)
    assert found["a"].arrows[1].warning == "这条跳转不会执行" and found["a"].arrows[1].is_dead
    assert found["c"].warnings == found["e"].warnings == () and not found["a"].arrows[0].warning
    silent = steps_of(maze(), "zh-CN", None)
    assert not any(one.warnings for one in silent)


def test_an_end_without_endings_is_a_step_of_its_own() -> None:
    """`end` is the first ending where there is one."""
    plain = document_of(pages=[page("a", next=[{"if": said("a", True), "to": "end"}]), page("b")])
    assert steps(plain)["a"].arrows[0].to == "end" and steps(plain)["b"].goes_on == "end"
    ended = document_of(
        pages=[page("a", next=[{"to": "end"}])], endings=[{"id": "thanks", "text": "谢谢"}]
    )
    assert steps(ended)["a"].arrows[0].to == "end:thanks"


# The drawing


def segments(path: str) -> list[tuple[int, int, int, int]]:
    """The straight pieces of a path of absolute M, H and V."""
    x = y = 0
    found: list[tuple[int, int, int, int]] = []
    for letter, rest in re.findall(r"([MHV])([0-9 ]+)", path):
        numbers = [int(one) for one in rest.split()]
        new = {
            "M": (numbers[0], numbers[-1]),
            "H": (numbers[0], y),
            "V": (x, numbers[0]),
        }[letter]
        if letter != "M":
            found.append((min(x, new[0]), min(y, new[1]), max(x, new[0]), max(y, new[1])))
        x, y = new
    return found


def assert_legible(picture: Picture) -> None:
    """No line runs through a box or through the words beside it, and nothing sticks out."""
    rects = [(b.x, b.y, b.x + b.wide, b.y + b.height) for b in picture.boxes]
    words = [
        (t.x, t.y - 11, t.x + TEXT_WIDE, t.y + 2 + t.apart * (len(t.lines) - 1))
        for t in picture.texts
        if t.x == TEXT_X
    ]
    for upper, lower in itertools.pairwise(rects):
        assert upper[3] < lower[1]
    for line in picture.lines:
        for x1, y1, x2, y2 in segments(line.path):
            assert x1 >= 0 and x2 < picture.width and y1 >= 0 and y2 < picture.height
            for left, top, right, bottom in (*rects, *words):
                inside = x1 < right - 1 and x2 > left + 1 and y1 < bottom - 1 and y2 > top + 1
                assert not inside, (line, (left, top, right, bottom))


def wide_survey(pages: int) -> Document:
    """Each page leads to three others that come later."""
    made = [
        page(
            f"p{n}",
            next=[
                {"if": said(f"p{n}", True), "to": f"p{min(pages - 1, n + step)}"}
                for step in (2, 5, 11)
                if n + 1 < pages
            ],
        )
        for n in range(pages)
    ]
    return document_of(pages=made)


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: path.stem)
def test_no_line_crosses_a_word_in_the_demo_surveys(path: Any) -> None:
    """Each of them."""
    document = parse(path.read_bytes()).document
    assert document is not None
    assert_legible(draw(steps_of(document, "zh-CN", None), "其余情况"))


def test_thirty_pages_with_three_jumps_each_stay_legible() -> None:
    """And no wider than a screen of a desk."""
    picture = draw(steps_of(wide_survey(30), "zh-CN", None), "其余情况")
    assert_legible(picture)
    assert picture.width < 1100
    assert_legible(draw(steps_of(maze(), "en", prove(maze())), "Otherwise"))


def test_words_are_broken_where_a_reader_would() -> None:
    """No line is too wide, none begins with what closes, Latin words stay whole."""
    told = "「您对本次就诊的总体感受」不超过 3 分，并且（「waiting in the hall」选了「等候太久」）"
    lines = wrapped(told, 140)
    assert "".join(lines).replace(" ", "") == told.replace(" ", "")
    assert len(lines) > 3
    assert not any(line[0] in "，。」）" for line in lines)
    assert any("waiting" in line for line in lines)
    assert wrapped("", 100) == []
    assert LEFT + WIDE < TEXT_X
