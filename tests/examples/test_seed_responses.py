"""Plausible responses are complete, repeatable, and spread as a hospital's would be."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random
from statistics import mean

import pytest

import engine
from examples.seed_responses import PlausibleResponse, plausible_responses, random_answers

SURVEYS = Path(__file__).parents[2] / "examples" / "surveys"
TODAY = date(2026, 11, 23)
DOCUMENTS = [json.loads(path.read_bytes()) for path in sorted(SURVEYS.glob("*.json"))]


@pytest.fixture(scope="module")
def responses() -> list[PlausibleResponse]:
    return list(plausible_responses(DOCUMENTS, 500, Random(5), TODAY))


def test_every_response_is_complete_and_answers_only_what_is_asked(
    responses: list[PlausibleResponse],
) -> None:
    surveys = {d["id"]: engine.load(json.dumps(d).encode()) for d in DOCUMENTS}
    for response in responses:
        survey, day = surveys[response.survey_id], response.visit_time.date()
        evaluation = survey.evaluate(response.answers, response.context, day)
        assert evaluation.complete, (response, evaluation.problems)
        assert evaluation.dropped == ()
        assert evaluation.context_problems == ()


def test_the_same_chance_gives_the_same_responses(responses: list[PlausibleResponse]) -> None:
    assert list(plausible_responses(DOCUMENTS, 500, Random(5), TODAY)) == responses


def test_responses_lie_in_the_ninety_days_before_today_in_order(
    responses: list[PlausibleResponse],
) -> None:
    times = [response.visit_time for response in responses]
    assert times == sorted(times)
    assert all(1 <= (TODAY - moment.date()).days <= 90 for moment in times)


def test_every_survey_site_and_channel_occurs(responses: list[PlausibleResponse]) -> None:
    assert {r.survey_id for r in responses} == {document["id"] for document in DOCUMENTS}
    assert len({r.site for r in responses}) == 7
    assert {r.channel for r in responses} == {"miniprogram", "web", "kiosk"}


def test_most_patients_are_content_and_some_are_not(responses: list[PlausibleResponse]) -> None:
    ratings = Counter(r.answers["overall"] for r in responses if "overall" in r.answers)
    assert ratings.keys() == {1, 2, 3, 4, 5}
    assert ratings[4] + ratings[5] > 3 * (ratings[1] + ratings[2])


def test_a_content_patient_recommends_more(responses: list[PlausibleResponse]) -> None:
    def recommended(*overall: int) -> float:
        return mean(
            r.answers["recommend"] for r in responses if r.answers.get("overall") in overall
        )

    assert recommended(5) > recommended(3, 4) > recommended(1, 2)


def test_answers_can_be_drawn_for_a_single_document() -> None:
    document = next(d for d in DOCUMENTS if d["id"] == "inpatient_satisfaction")
    answers, context = random_answers(document, Random(1))
    assert answers["overall"] in range(1, 6)
    assert context["visit.site"]
