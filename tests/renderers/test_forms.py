"""A form says what its page showed: rendering and reading back are inverse."""

from typing import Any, get_args

import pytest

from engine.questions import Question
from renderers.web import changed_answers, read_answers, render_page
from renderers.web.frame import Frame, Pick
from tests.renderers.readback import posted
from tests.renderers.samples import QUESTIONS, VALUES, questions_of, sample_survey, view_of

SURVEY = sample_survey()
FRAME = Frame(
    picks={"dept": (Pick(id="fei", text="肺病科"),), "doctor": (Pick(id="d1", text="王"),)}
)
CASES = [(id_, value) for id_, values in VALUES.items() for value in values]


def rendered(answers: dict[str, Any]) -> tuple[Any, dict[str, list[str]]]:
    view = view_of(SURVEY, answers)
    return view, posted(render_page(view, FRAME))


@pytest.mark.parametrize(("question", "value"), CASES)
def test_what_a_page_shows_is_what_its_form_posts(question: str, value: Any) -> None:
    view, fields = rendered({} if value is None else {question: value})
    shown = next(q.value for q in view.questions if q.id == question)
    assert read_answers(questions_of(SURVEY), fields)[question] == shown
    if value is not None and not isinstance(value, str):
        assert shown == value


@pytest.mark.parametrize(("question", "value"), CASES)
def test_a_form_that_nobody_touched_changes_nothing(question: str, value: Any) -> None:
    """Two windows conflict only where both changed the same answer."""
    _, fields = rendered({} if value is None else {question: value})
    assert changed_answers(questions_of(SURVEY), fields) == {}


def test_every_type_with_a_value_is_sampled() -> None:
    types = {body["type"] for id_, body in QUESTIONS.items() if id_ in VALUES}
    assert types == {kind.__struct_config__.tag for kind in get_args(Question)} - {"statement"}


def test_an_emptied_field_clears_the_answer() -> None:
    _, fields = rendered({"line": "你好", "multi": ["a"]})
    fields["q.line"] = [""]
    del fields["q.multi"]
    assert changed_answers(questions_of(SURVEY), fields) == {"line": None, "multi": None}


def test_a_question_that_was_not_on_the_page_is_not_cleared() -> None:
    _, fields = rendered({"line": "你好"})
    fields["shown"] = [entry for entry in fields["shown"] if not entry.startswith("line:")]
    assert "line" not in read_answers(questions_of(SURVEY), fields)


@pytest.mark.parametrize(
    ("question", "typed", "kept"),
    [
        ("wait", "很久", "很久"),
        ("wait", "１２", 12),
        ("wait", "1e400", "1e400"),
        ("wait", "9" * 400, "9" * 400),
        ("stars", "7", 7),
        ("stars", "x", "x"),
        ("yes", "maybe", "maybe"),
        ("day", "昨天", "昨天"),
        ("area", "nowhere", "nowhere"),
    ],
)
def test_what_was_typed_is_kept_even_when_it_is_bad(question: str, typed: str, kept: Any) -> None:
    _, fields = rendered({})
    fields[f"q.{question}"] = [typed]
    assert changed_answers(questions_of(SURVEY), fields) == {question: kept}


def test_two_options_in_one_place_of_a_ranking_come_back_as_they_were_chosen() -> None:
    view, fields = rendered({})
    fields["q.rank.a"] = fields["q.rank.c"] = ["1"]
    answer = changed_answers(questions_of(SURVEY), fields)
    assert answer == {"rank": {"a": 1, "c": 1}}
    view, fields = rendered(answer)
    assert next(q.problem for q in view.questions if q.id == "rank") is not None
    assert fields["q.rank.a"] == fields["q.rank.c"] == ["1"]


def test_text_beside_an_option_that_is_not_chosen_does_not_count() -> None:
    _, fields = rendered({"single": "a"})
    fields["q.single.b.text"] = ["x"]
    assert changed_answers(questions_of(SURVEY), fields) == {}


def test_a_forged_post_never_raises() -> None:
    """Whatever the fields hold, reading gives something that the engine can judge."""
    fields = {f"q.{id_}": ["\0", "<x>", "9" * 5000] for id_ in QUESTIONS}
    fields |= {"shown": [*(f"{id_}:x" for id_ in QUESTIONS), "ghost:1", ":", ""]}
    answers = read_answers(questions_of(SURVEY), fields)
    assert SURVEY.evaluate(answers, {}, "2026-11-23").problems
