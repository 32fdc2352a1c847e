"""What patients write goes through to staff as text, in pages, answers and logs; never as code."""

import io
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.kit.logging import logger, set_up_logging
from tests.runtime.conftest import Patient

SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "{{ cycler.__init__.__globals__ }}",
    "javascript:alert(1)",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    '=HYPERLINK("http://evil.test")',
)
STATEMENTS = (
    "' OR '1'='1",
    "'; DROP TABLE surveys; --",
    "1) UNION SELECT 1 --",
    "%' AND pg_sleep(5) --",
    "\\'; SELECT 1",
    "$$; SELECT 1; $$",
    "\x00",
)
PARAMETERS = (
    "/api/v1/responses?survey={}",
    "/api/v1/responses?cursor={}",
    "/api/v1/responses?since={}",
    "/api/v1/responses?limit={}",
    "/api/v1/surveys?state={}",
    "/api/v1/surveys/{}",
    "/api/v1/dictionaries/departments?q={}",
    "/api/v1/dictionaries/staff?q={}",
    "/api/v1/dictionaries/staff?department={}",
    "/api/v1/sessions/{}",
    "/s/{}",
    "/s/visit?i={}",
)


def test_a_survey_whose_texts_are_markup_shows_them_as_text(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    """Titles and questions of surveys are escaped on every public page. # S21 (part)"""
    from tests.runtime.conftest import survey_with

    bad = {"zh-CN": SCRIPTS[0], "en": SCRIPTS[1]}
    document = survey_with(title=bad)
    document["pages"][0]["title"] = bad
    document["pages"][0]["questions"][0]["text"] = bad
    made = client.post("/api/v1/surveys?publish=true", json=document, headers=staff)
    assert made.status_code == 201, made.text
    for address in ("/s", "/s/visit", "/kiosk", "/kiosk/s/visit"):
        for lang in ("zh-CN", "en"):
            page = client.get(address, headers={"accept-language": lang}).text
            assert SCRIPTS[0] not in page
            assert SCRIPTS[1] not in page


@pytest.mark.parametrize("address", PARAMETERS)
def test_statements_in_parameters_are_values(
    client: TestClient[Any], published: str, staff: dict[str, str], address: str
) -> None:
    """Each parameter takes SQL as a value: no 5xx, nothing dropped, nobody waits. # S22 (part)"""
    from urllib.parse import quote

    for statement in STATEMENTS:
        answer = client.get(address.format(quote(statement, safe="")), headers=staff)
        assert answer.status_code < 500, f"{answer.url}: {answer.text}"
        assert answer.elapsed.total_seconds() < 4
    assert client.get(f"/api/v1/surveys/{published}", headers=staff).status_code == 200


def test_logs_hold_no_answers_and_one_line_an_event(
    client: TestClient[Any], patient: Patient, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a patient wrote is in no log, and a line break stays inside its line. # S60 (part)"""
    seeded = "张秀英 13912345678"
    patient.put({"overall": 5})
    patient.post("next", {"overall": 5})
    patient.put({"nurse": 5, "note": seeded})
    patient.post("submit", {"nurse": 5, "note": seeded + "\x00"})
    client.get("/s/" + "13912345678%0d%0aforged")
    written = "".join(capfd.readouterr())
    assert "13912345678" not in written
    assert "张秀英" not in written
    out = io.StringIO()
    set_up_logging("info", stream=out)
    logger().bind().warning("seen", value="first\r\nforged {}")
    assert len(out.getvalue().strip().splitlines()) <= 1
