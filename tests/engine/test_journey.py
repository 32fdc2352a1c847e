"""Where next and back lead, said with tiny surveys."""

import json

import engine
from engine import journey
from engine.journey import Journey


def survey_of(*pages, **more):
    document = {
        "format": "huisheng.survey/1",
        "id": "tiny",
        "title": "小问卷",
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": list(pages),
        **more,
    }
    return engine.load(json.dumps(document).encode())


def page(name, *questions, **more):
    return {"id": name, "questions": list(questions), **more}


def yes_no(name, **more):
    return {"id": name, "type": "yes_no", "text": name, **more}


HAPPY = {"op": "eq", "ref": "happy", "value": True}
BRANCHING = survey_of(
    page("first", yes_no("happy", required=True), yes_no("why", show_if=HAPPY)),
    page("only_happy", yes_no("again"), show_if=HAPPY),
    page("last", yes_no("bye", required=True)),
)


def step(survey, answers, at, answered_now=()):
    return journey.advance(survey, survey.evaluate(answers), at, answered_now)


def test_a_session_starts_on_the_first_page_that_shows_anything():
    survey = survey_of(
        page("hidden", yes_no("a", show_if={"op": "answered", "ref": "visit.type"})),
        page("seen", yes_no("b")),
        context={"visit.type": {"type": "text"}},
    )
    start = journey.start(survey, survey.evaluate({}))
    assert start == Journey("seen", (), frozenset({"b"}))


def test_next_stays_where_a_question_was_never_shown_and_shows_it_without_a_mark():
    start = journey.start(BRANCHING, BRANCHING.evaluate({}))
    again = step(BRANCHING, {"happy": True}, start, {"happy"})
    assert again.outcome == "again"
    assert again.problems == ()
    assert "why" in again.journey.shown
    assert step(BRANCHING, {"happy": True}, again.journey).journey.page == "only_happy"


def test_next_does_not_ask_again_for_a_question_that_the_request_answered():
    start = journey.start(BRANCHING, BRANCHING.evaluate({}))
    moved = step(BRANCHING, {"happy": True, "why": False}, start, {"happy", "why"})
    assert moved.outcome == "moved"


def test_next_is_held_by_the_problems_of_its_own_page_alone():
    start = journey.start(BRANCHING, BRANCHING.evaluate({}))
    held = step(BRANCHING, {}, start)
    assert held.outcome == "problems"
    assert [p.at for p in held.problems] == ["/happy"]


def test_the_last_page_is_the_end():
    start = journey.start(BRANCHING, BRANCHING.evaluate({}))
    last = step(BRANCHING, {"happy": False}, start).journey
    assert last.page == "last"
    assert journey.is_last(BRANCHING, BRANCHING.evaluate({"happy": False}), last)
    assert step(BRANCHING, {"happy": False, "bye": True}, last).outcome == "at_end"


def test_back_goes_to_the_page_shown_before_and_not_to_one_that_was_never_shown():
    start = journey.start(BRANCHING, BRANCHING.evaluate({}))
    last = step(BRANCHING, {"happy": False}, start).journey
    back = journey.back(BRANCHING, BRANCHING.evaluate({"happy": True}), last)
    assert back.page == "first"
    assert journey.back(BRANCHING, BRANCHING.evaluate({"happy": True}), back).page == "first"


def test_a_page_that_left_the_path_gives_way_to_the_last_one_before_it():
    at = Journey("only_happy", ("first",), frozenset({"happy", "again"}))
    settled = journey.settle(BRANCHING, BRANCHING.evaluate({"happy": False}), at)
    assert settled.page == "first"
    assert settled.passed == ()


def test_a_survey_that_asks_nothing_stands_on_no_page_and_can_be_submitted():
    survey = survey_of(
        page("hidden", yes_no("a", show_if={"op": "answered", "ref": "visit.type"})),
        context={"visit.type": {"type": "text"}},
    )
    evaluation = survey.evaluate({})
    start = journey.start(survey, evaluation)
    assert start.page is None
    assert journey.is_last(survey, evaluation, start)
    view = engine.page_view(survey, evaluation, start, {}, frame=engine.Frame())
    assert (view.page, view.questions, view.action) == (None, [], "submit")


def test_progress_never_falls_going_forward_whatever_is_answered():
    survey = survey_of(
        page("a", yes_no("happy"), next=[{"if": HAPPY, "to": "d"}]),
        page("b", yes_no("b1")),
        page("c", yes_no("c1"), show_if={"op": "not", "of": HAPPY}),
        page("d", yes_no("d1")),
    )
    for answers in ({}, {"happy": True}, {"happy": False}):
        evaluation = survey.evaluate(answers)
        at = journey.start(survey, evaluation)
        seen = []
        while True:
            view = engine.page_view(survey, evaluation, at, answers, frame=engine.Frame())
            seen.append(view.progress)
            moved = journey.advance(survey, evaluation, at)
            if moved.outcome == "at_end":
                break
            at = moved.journey
        assert seen == sorted(seen)
        assert seen[0] == 0
