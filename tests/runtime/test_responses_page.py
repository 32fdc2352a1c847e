"""The console's pages of responses."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from litestar.testing import TestClient
from openpyxl import load_workbook

from engine.definition import Score
from engine.evaluation import ScoreValue
from runtime.audit.queries import Filters, search
from runtime.responses.submission import lowest_band
from runtime.staff.pages import response_files
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.test_secrets_responses import (
    SEEDED,
    fill,  # noqa: F401 # pyright: ignore[reportUnusedImport] - a fixture
)
from tests.runtime.test_users_page import sign_in
from tests.security.test_console_crawl import survey_with

HERE = "/staff/responses"


def test_personal_answers_are_masked_until_a_reason_is_given(
    fill: Callable[[], UUID],  # noqa: F811 - the fixture
    deployment: Deployment,
    client: TestClient[Any],
) -> None:
    """Shown once, never stored; a short reason shows nothing. # S51 (part)"""
    response = fill()
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    url = f"{HERE}/{response}"
    page = client.get(url).text
    assert "139****5678" in page and SEEDED["phone"] not in page
    form = {"_csrf": csrf, "reason": " x "}
    short = client.post(f"{url}/personal", data=form)
    assert short.status_code == 422 and SEEDED["phone"] not in short.text
    shown = client.post(f"{url}/personal", data=form | {"reason": "<b>患者来电核对</b>"})
    assert shown.status_code == 200 and SEEDED["phone"] in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert SEEDED["phone"] not in client.get(url).text
    with deployment.db.begin() as connection:
        looks = search(connection, Filters(action="personal.unmasked")).lines
    assert [(line.object_id, line.outcome) for line in looks] == [(str(response), "ok")]
    assert "患者来电核对" in looks[0].facts
    assert client.post(f"{url}/personal", data={"reason": "患者来电核对"}).status_code == 403


def test_who_may_not_unmask_finds_no_form(
    fill: Callable[[], UUID],  # noqa: F811 - the fixture
    deployment: Deployment,
    client: TestClient[Any],
) -> None:
    """Nor does sending it help. # S51 (part)"""
    url = f"{HERE}/{fill()}"
    csrf = sign_in(deployment, client, "reader", "analyst")
    page = client.get(url)
    assert page.status_code == 200 and 'name="reason"' not in page.text
    refused = client.post(f"{url}/personal", data={"_csrf": csrf, "reason": "患者来电核对"})
    assert refused.status_code == 403 and SEEDED["phone"] not in refused.text


def test_the_list_runs_from_either_end(
    fill: Callable[[], UUID],  # noqa: F811 - the fixture
    deployment: Deployment,
    client: TestClient[Any],
) -> None:
    """Newest first, or oldest first. # R1.2.1.1 (part)"""
    made = [str(fill()) for _ in range(3)]
    sign_in(deployment, client, "reader", "analyst")

    def listed(query: str) -> list[str]:
        return re.findall(r'href="/staff/responses/([0-9a-f-]{36})"', client.get(HERE + query).text)

    assert listed("") == made[::-1]
    assert listed("?order=oldest") == made


FORMULAS = ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "＝1+1", '=HYPERLINK("http://x")')


def test_programs_get_lines_of_json_and_a_bundle_without_personal_answers(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """The same responses as the table, for who goes on with them by program. # S60 (part)"""
    secret = {"id": "secret", "type": "text", "text": {"zh-CN": "电话", "en": "Phone"}}
    rate = {"id": "rate", "type": "rating", "text": {"zh-CN": "总体", "en": "Overall"}}
    pages = [{"id": "one", "title": {"zh-CN": "一", "en": "One"}, "questions": [rate, secret]}]
    document = survey_with(id="lines", pages=pages, scores=[], alerts=[])
    store_survey(deployment.db, msgspec.json.encode(document), publish=True)
    for value in (4, 5):
        begun = deployment.sessions.start("lines", "web")
        done = deployment.sessions.submit(begun.token, {"rate": value, "secret": "13912345678"})
        assert done.submitted is not None
    sign_in(deployment, client, "reader", "analyst")
    lines = client.get(f"{HERE}.jsonl?survey=lines")
    bundle = client.get(f"{HERE}.fhir.json?survey=lines")
    assert [msgspec.json.decode(line)["answers"] for line in lines.text.splitlines()] == [
        {"rate": 5}, {"rate": 4},
    ]  # fmt: skip
    first = bundle.json()["entry"][0]["resource"]
    assert first["item"][0]["item"] == [{"linkId": "rate", "answer": [{"valueInteger": 5}]}]
    assert QuestionnaireResponse.model_validate(first).status == "completed"
    assert "13912345678" not in lines.text + bundle.text


def _rows_of(client: TestClient[Any], query: str = "") -> tuple[list[list[str]], list[list[Any]]]:
    """The same export as CSV and as a workbook."""
    text = client.get(f"{HERE}.csv{query}")
    book = client.get(f"{HERE}.xlsx{query}")
    assert (text.status_code, book.status_code) == (200, 200), text.text
    assert "attachment" in text.headers["content-disposition"]
    assert text.headers["cache-control"] == book.headers["cache-control"] == "no-store"
    assert text.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(book.content)).worksheets[0]
    cells = list(sheet.iter_rows())
    assert not [cell for row in cells for cell in row if cell.data_type == "f"]
    return lines, [[cell.value for cell in row] for row in cells]


def test_an_export_holds_no_personal_answer_and_no_formula(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """CSV and workbook of a survey: questions as columns, numbers as numbers. # S27 # S60 (part)"""
    note = {"id": "note", "type": "text", "privacy": "none", "text": {"zh-CN": "=意见", "en": "N"}}
    secret = {"id": "secret", "type": "text", "text": {"zh-CN": "电话", "en": "Phone"}}
    rate = {"id": "rate", "type": "rating", "text": {"zh-CN": "总体", "en": "Overall"}}
    title = {"zh-CN": "一", "en": "One"}
    pages = [{"id": "one", "title": title, "questions": [rate, note, secret]}]
    document = survey_with(id="files", pages=pages, scores=[], alerts=[])
    store_survey(deployment.db, msgspec.json.encode(document), publish=True)
    for text in FORMULAS:
        begun = deployment.sessions.start("files", "web")
        answers = {"rate": 4, "note": text, "secret": "13912345678"}
        assert deployment.sessions.submit(begun.token, answers).submitted is not None
    sign_in(deployment, client, "reader", "analyst")
    lines, cells = _rows_of(client, "?survey=files")
    assert len(lines) == len(cells) == 1 + len(FORMULAS)
    assert lines[0][-2:] == cells[0][-2:] == ["总体", "'=意见"]
    assert {row[-1] for row in lines[1:]} >= {"'=1+1", "'@SUM(A1)", "'＝1+1"}
    assert not [cell for row in lines for cell in row if cell[:1] in tuple("=+-@\t＝")]
    assert {row[-2] for row in cells[1:]} == {4}
    assert "13912345678" not in str(lines) + str(cells)
    everything, _ = _rows_of(client)
    assert len(everything) == 1 + len(FORMULAS) and len(everything[0]) == 8
    nothing, _ = _rows_of(client, "?survey=none&site=%00&department=x&since=never")
    assert len(nothing) == 1
    with deployment.db.begin() as connection:
        exports = search(connection, Filters(action="responses.exported")).lines
    assert len(exports) == 6 and '"responses": 7' in exports[-1].facts.replace(":7", ": 7")


def test_an_export_that_is_too_large_is_refused_in_words(
    fill: Callable[[], UUID],  # noqa: F811 - the fixture
    deployment: Deployment,
    client: TestClient[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says what to do, and no part of a file is given."""
    assert fill() != fill()
    sign_in(deployment, client, "reader", "analyst")
    monkeypatch.setattr(response_files, "MOST_EXPORTED", 2)
    assert client.get(f"{HERE}.csv").status_code == 200
    monkeypatch.setattr(response_files, "MOST_EXPORTED", 1)
    refused = client.get(f"{HERE}.csv", headers={"accept": "text/html", "accept-language": "zh"})
    assert refused.status_code == 422 and "请缩短日期范围" in refused.text


def test_low_scores_are_found(deployment: Deployment, client: TestClient[Any]) -> None:
    """By the lowest score of a response, in the list and in its file. # R1.2.1.1 (part)"""
    rates = [
        {"id": name, "type": "rating", "text": {"zh-CN": name, "en": name}, "required": False}
        for name in ("doctor", "nurse")
    ]
    scores = [
        {"id": f"{name}_score", "of": [name], "title": {"zh-CN": f"{name}分", "en": name}}
        for name in ("doctor", "nurse")
    ]
    pages = [{"id": "one", "title": {"zh-CN": "一", "en": "One"}, "questions": rates}]
    document = survey_with(id="rated", pages=pages, scores=scores, alerts=[])
    store_survey(deployment.db, msgspec.json.encode(document), publish=True)
    made: dict[str, str] = {}
    for name, answers in {
        "bad nurse": {"doctor": 5, "nurse": 1},
        "middle": {"doctor": 3, "nurse": 5},
        "best": {"doctor": 5},
        "nothing": {},
    }.items():
        begun = deployment.sessions.start("rated", "web")
        submitted = deployment.sessions.submit(begun.token, answers).submitted
        assert submitted is not None
        made[name] = submitted.response
    sign_in(deployment, client, "reader", "analyst")

    def listed(query: str) -> set[str]:
        text = client.get(f"{HERE}?{query}").text
        return {name for name, response in made.items() if f"{HERE}/{response}" in text}

    assert listed("score=0") == {"bad nurse"}
    assert listed("score=2&survey=rated") == {"middle"}
    assert listed("score=4") == {"best"}
    assert listed("score=1") == set()
    assert listed("score=7") == listed("score=") == set(made)
    lines, _ = _rows_of(client, "?score=0")
    assert [line[1] for line in lines[1:]] == [made["bad nurse"]]


def test_the_lowest_score_lies_in_one_of_five_bands() -> None:
    """Sums are left out, a hundred is in the highest band, nothing is in none."""
    scores = [Score(id="mean", of=("a",)), Score(id="sum", of=("a",), method="sum")]

    def band(mean: float | None, total: float | None = 3.0) -> int | None:
        values = {"mean": ScoreValue(mean, 1, 1), "sum": ScoreValue(total, 1, 1)}
        return lowest_band(scores, values)

    assert [band(value) for value in (0.0, 19.99, 20.0, 59.99, 79.99, 80.0, 100.0)] == [
        0, 0, 1, 2, 3, 4, 4,
    ]  # fmt: skip
    assert band(None) is None
