"""From a file of questions to a patient who is asked them: every type, by scene and category."""

from typing import Any, get_args

from litestar.testing import TestClient

from engine.questions import Question
from runtime.surveys.service import put_draft
from runtime.wiring import Deployment
from tests.bank.test_import import every_type, jsonl_of, take
from tests.runtime.test_users_page import sign_in

TYPES = tuple(str(kind.__struct_config__.tag) for kind in get_args(Question))
SURVEY = (
    b'{"format": "huisheng.survey/1", "id": "all", "title": "\xe5\x85\xa8", "kind": "survey",'
    b' "languages": ["zh-CN", "en"], "pages": [{"id": "p", "questions": []}]}'
)


def test_every_type_is_found_by_its_place_and_asked_by_a_survey(
    deployment: Deployment, client: TestClient[Any], staff: dict[str, str]
) -> None:
    """Business scene, category and sub-category lead to each of them. # R1.2.1.3"""
    questions = every_type()[: len(TYPES)]
    lines = [
        {
            "scene": "门诊" if number % 2 else "住院",
            "category": "服务",
            "subcategory": f"第{number}类",
            "question": one,
        }
        for number, one in enumerate(questions)
    ]
    outcome, problems = take(deployment.db, jsonl_of(*lines))
    assert problems == [] and outcome.counts.new == len(TYPES)

    places = client.get("/api/v1/question_bank/places", headers=staff).json()["places"]
    assert len(places) == 2 + 2 + len(TYPES)

    def found(**query: Any) -> set[str]:
        answer = client.get("/api/v1/question_bank", params=query, headers=staff).json()
        return {one["id"] for one in answer["items"]}

    by_id = {one["id"]: one for one in places}
    for one in places:
        below = {n for n, line in enumerate(lines) if _stands(line, one, by_id)}
        assert found(place=one["id"]) == {questions[n]["id"] for n in below}, one
    for one in questions:
        assert one["id"] in found(type=one["type"])

    put_draft(deployment.db, "all", SURVEY, if_match=None)
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    for one in questions:
        form = {"_csrf": csrf, "at": "", "act": f"bank {one['id']}"}
        done = client.post("/staff/surveys/all/edit", data=form, follow_redirects=True)
        assert done.status_code == 200, one["type"]
    published = client.post("/api/v1/surveys/all/publish", headers=staff)
    assert published.status_code == 200, published.text
    session = client.post("/api/v1/sessions", json={"survey": "all", "channel": "web"}).json()
    assert {one["type"] for one in session["questions"]} == set(TYPES)


def _stands(line: dict[str, Any], place: dict[str, Any], places: dict[int, Any]) -> bool:
    """Whether a line of the file stands at a place or below it."""
    names: list[str] = []
    at: dict[str, Any] | None = place
    while at is not None:
        names.insert(0, at["name"]["zh-CN"])
        at = places[at["parent"]] if at["parent"] is not None else None
    return [line["scene"], line["category"], line["subcategory"]][: len(names)] == names
