"""What holds of every survey and whatever is answered to it."""

from datetime import date
from functools import cache
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import engine
from engine.prove import Findings, prove
from tests.engine.oracle import generator
from tests.engine.oracle.forms import compiled, form

TODAY = date(2024, 2, 29)
FORMS = 400

seeds = st.integers(0, FORMS - 1)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["o0", "o1", "r0", "c0", "n1", "red", "2024-02-29", "09:00"])
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choice", "text", "r0", "r1", "agreed", "not_applicable"])
            | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@cache
def survey_of(seed: int) -> tuple[dict[str, Any], engine.Survey]:
    _, document = form(seed, wide=seed % 2 == 0)
    return document, compiled(document)


@st.composite
def filled(draw: st.DrawFn) -> tuple[engine.Survey, dict[str, Any], dict[str, Any]]:
    """A survey with answers, most of which fit, and context."""
    document, survey = survey_of(draw(seeds))
    rng = draw(st.randoms(use_true_random=False))
    answers = generator.answers(rng, document, 0.9)
    for name in draw(st.lists(st.sampled_from(question_ids(document)), max_size=3)):
        answers[name] = draw(json_values)
    return survey, answers, generator.context(rng, document)


def question_ids(document: dict[str, Any]) -> list[str]:
    return [q["id"] for page in document["pages"] for q in page["questions"]]


def without_dropped(said: engine.Evaluation) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__struct_fields__ if name != "dropped"}


@given(filled())
def test_a_path_never_goes_back_and_asks_in_the_order_of_the_document(case: Any) -> None:
    survey, answers, context = case
    said = survey.evaluate(answers, context, TODAY)
    pages = [page.id for page in survey.document.pages]
    places = [pages.index(page) for page in said.path]
    assert places == sorted(set(places))
    in_order = [q.id for page in survey.document.pages for q in page.questions]
    asked = [in_order.index(name) for name in said.asked]
    assert asked == sorted(set(asked))
    assert all(survey.page_of[name] in said.path for name in said.asked)


@given(filled(), json_values, st.data())
def test_a_question_that_is_not_asked_influences_nothing(
    case: Any, value: Any, data: st.DataObject
) -> None:
    survey, answers, context = case
    said = survey.evaluate(answers, context, TODAY)
    not_asked = sorted(survey.page_of.keys() - set(said.asked))
    assume(not_asked)
    name = data.draw(st.sampled_from(not_asked))
    other = survey.evaluate(answers | {name: value}, context, TODAY)
    assert without_dropped(other) == without_dropped(said)
    assert set(other.dropped) ^ set(said.dropped) <= {name}


@given(filled(), st.text(max_size=10), json_values)
def test_an_answer_to_an_unknown_id_changes_nothing_but_dropped(
    case: Any, name: str, value: Any
) -> None:
    survey, answers, context = case
    assume(name not in survey.page_of)
    said = survey.evaluate(answers, context, TODAY)
    other = survey.evaluate(answers | {name: value}, context, TODAY)
    assert without_dropped(other) == without_dropped(said)
    assert set(other.dropped) - {name} == set(said.dropped) - {name}


@given(filled(), json_values)
def test_an_undeclared_context_name_changes_nothing_but_its_problem(case: Any, value: Any) -> None:
    survey, answers, context = case
    said = survey.evaluate(answers, context, TODAY)
    other = survey.evaluate(answers, context | {"visit.undeclared": value}, TODAY)
    assert other.complete == said.complete
    assert (other.path, other.asked, other.answers) == (said.path, said.asked, said.answers)
    assert (other.scores, other.problems) == (said.scores, said.problems)


@given(filled())
def test_evaluating_what_an_evaluation_kept_says_the_same(case: Any) -> None:
    survey, answers, context = case
    said = survey.evaluate(answers, context, TODAY)
    again = survey.evaluate(said.answers, context, TODAY)
    assert (again.path, again.asked, again.answers) == (said.path, said.asked, said.answers)
    assert (again.scores, again.computed, again.ending) == (said.scores, said.computed, said.ending)
    assert again.dropped == ()
    assert {p.code for p in again.problems} <= {"required"}


@given(filled())
def test_the_same_input_gives_the_same_evaluation_and_is_left_as_it_was(case: Any) -> None:
    survey, answers, context = case
    before = repr((answers, context))
    assert survey.evaluate(answers, context, TODAY) == survey.evaluate(answers, context, TODAY)
    assert repr((answers, context)) == before


@given(seeds, st.dictionaries(st.text(max_size=5), json_values, max_size=4), json_values)
@settings(max_examples=200)
def test_any_json_value_is_a_good_answer_or_a_problem_of_its_question(
    seed: int, context: dict[str, Any], value: Any
) -> None:
    document, survey = survey_of(seed)
    answers = dict.fromkeys(question_ids(document), value)
    said = survey.evaluate(answers, context, TODAY)
    bad = {p.at.split("/")[1] for p in said.problems if p.code != "required"}
    assert bad.isdisjoint(said.answers)
    assert bad | set(said.answers) <= set(said.asked)
    assert said.complete == (not said.problems)


@cache
def proof_of(seed: int) -> Findings:
    return prove(survey_of(seed)[1].document, 10.0)


@given(st.integers(0, 40), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_scores_of_complete_responses_lie_within_the_proved_bounds(seed: int, rng: Any) -> None:
    document, survey = survey_of(seed)
    given_context = generator.context(rng, document)
    said = survey.evaluate(generator.answers(rng, document, 0.97), given_context, TODAY)
    assume(said.complete)
    undecided = {place.at for place in proof_of(seed).undecided}
    for i, (name, score) in enumerate(said.scores.items()):
        low, high = proof_of(seed).scores[name]
        if score.value is not None and f"/scores/{i}" not in undecided:
            assert low is not None
            assert high is not None
            assert low <= score.value <= high
