"""The kiosk's addresses: one patient after another, and nothing of the one before."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from renderers.kiosk import KioskTimes
from runtime.kiosk.passes import Pass, seal, unseal
from runtime.kit.clock import system_clock
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.lent import lent_app
from tests.runtime.conftest import SURVEY, survey_with

COOKIE = "huisheng_kiosk"


class MovingClock:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.ahead

    def go(self, seconds: float) -> None:
        """Let so much time pass."""
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture
def clock(deployment: Deployment) -> MovingClock:
    moving = MovingClock()
    deployment.clock = moving
    deployment.sessions.clock = moving
    return moving


@pytest.fixture
def kiosk(deployment: Deployment, clock: MovingClock) -> Iterator[TestClient[Any]]:
    import msgspec

    store_survey(deployment.db, msgspec.json.encode(SURVEY), publish=True)
    with TestClient(lent_app(deployment, ("kiosk",)), raise_server_exceptions=False) as client:
        client.follow_redirects = False
        yield client


def begin(kiosk: TestClient[Any]) -> str:
    answer = kiosk.post("/kiosk/s/visit", data={"lang": "zh-CN"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/kiosk/fill")
    return kiosk.cookies[COOKIE]


def fill(kiosk: TestClient[Any], page: str, do: str, **fields: Any) -> Any:
    shown = [f"{name.split('.')[1]}:" for name in fields]
    return kiosk.post("/kiosk/fill", data={"page": page, "do": do, "shown": shown, **fields})


def answered(**values: Any) -> dict[str, Any]:
    return {f"q.{name}": value for name, value in values.items()}


def count(deployment: Deployment, table: str) -> int:
    import sqlalchemy as sa

    with deployment.db.begin_everywhere() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_the_start_screen_lists_open_surveys_but_none_that_needs_a_known_patient(
    kiosk: TestClient[Any], deployment: Deployment
) -> None:
    import msgspec

    known = survey_with(id="known", identity="required")
    store_survey(deployment.db, msgspec.json.encode(known), publish=True)
    html = kiosk.get("/kiosk/").text
    assert 'href="/kiosk/s/visit"' in html
    assert "/kiosk/s/known" not in html


def test_a_survey_is_filled_to_its_ending_by_plain_posts(
    kiosk: TestClient[Any], deployment: Deployment
) -> None:
    begin(kiosk)
    assert 'data-question="overall"' in kiosk.get("/kiosk/fill").text
    assert fill(kiosk, "arrival", "next", **answered(overall="5")).status_code == 303
    assert fill(kiosk, "detail", "submit", **answered(nurse="4")).status_code == 303
    assert 'data-ending="thanks"' in kiosk.get("/kiosk/fill").text
    assert count(deployment, "responses") == 1


def test_a_missing_answer_comes_back_with_its_problem(kiosk: TestClient[Any]) -> None:
    begin(kiosk)
    answer = fill(kiosk, "arrival", "next", **{"q.overall": ""})
    assert answer.status_code == 422
    assert 'data-problem="required"' in answer.text


def test_an_answer_that_changes_the_page_brings_the_form_alone(kiosk: TestClient[Any]) -> None:
    begin(kiosk)
    fields = {"page": "arrival", "do": "refresh", "shown": "overall:", "q.overall": "2"}
    answer = kiosk.post("/kiosk/fill", data=fields, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'data-question="why"' in answer.text


def test_while_a_session_lives_every_address_leads_to_it(kiosk: TestClient[Any]) -> None:
    begin(kiosk)
    for address in ("/kiosk/", "/kiosk/s/visit"):
        assert kiosk.get(address).headers["location"] == "/kiosk/fill"
    before = kiosk.cookies[COOKIE]
    assert kiosk.post("/kiosk/s/visit").headers["location"] == "/kiosk/fill"
    assert kiosk.cookies[COOKIE] == before


def test_an_ending_lets_the_same_patient_open_another_form(
    kiosk: TestClient[Any], deployment: Deployment
) -> None:
    begin(kiosk)
    fill(kiosk, "arrival", "next", **answered(overall="5"))
    fill(kiosk, "detail", "submit", **answered(nurse="4"))
    assert 'data-survey="visit"' in kiosk.get("/kiosk/").text
    before = begin(kiosk)
    assert 'data-question="overall"' in kiosk.get("/kiosk/fill").text
    assert before
    assert count(deployment, "sessions") == 2


def test_a_phone_that_took_over_leaves_the_kiosk_at_its_start_screen(
    kiosk: TestClient[Any], deployment: Deployment
) -> None:
    begin(kiosk)
    fill(kiosk, "arrival", "handover", **answered(overall="4"))
    kept = unseal(kiosk.cookies[COOKIE], deployment.secret)
    assert kept is not None
    code = deployment.sessions.hand_over(kept.token).code
    deployment.sessions.resume(code, "web")
    assert kiosk.get("/kiosk/fill").status_code == 410
    assert 'data-survey="visit"' in kiosk.get("/kiosk/").text


def test_without_a_session_every_address_leads_to_the_start_screen(kiosk: TestClient[Any]) -> None:
    for address in ("/kiosk/fill", "/kiosk/leave"):
        assert kiosk.get(address).headers["location"] == "/kiosk/"


def test_leaving_ends_the_session_and_clears_the_browser(
    kiosk: TestClient[Any], deployment: Deployment
) -> None:
    """# S62"""
    cookie = begin(kiosk)
    answer = kiosk.post("/kiosk/leave", headers={"kiosk-wipe": "1"})
    assert answer.status_code == 204
    assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    assert count(deployment, "sessions") == 0
    kiosk.cookies.set(COOKIE, cookie, path="/kiosk")
    assert kiosk.get("/kiosk/fill").status_code == 410


def test_a_session_left_alone_ends_by_the_servers_clock(
    kiosk: TestClient[Any], deployment: Deployment, clock: MovingClock
) -> None:
    """# S16 (part)"""
    begin(kiosk)
    clock.go(KioskTimes().unseen_seconds + 1)
    assert kiosk.get("/kiosk/fill").headers["location"] == "/kiosk/"
    assert count(deployment, "sessions") == 0


def test_a_touch_keeps_a_session_but_not_for_ever(
    kiosk: TestClient[Any], clock: MovingClock
) -> None:
    """# S16 (part)"""
    begin(kiosk)
    for _ in range(9):
        clock.go(60)
        assert kiosk.post("/kiosk/alive").status_code == 204
    clock.go(61)
    assert kiosk.post("/kiosk/alive").status_code == 410


def test_a_patient_who_needs_more_time_gets_it(kiosk: TestClient[Any], clock: MovingClock) -> None:
    """The page is told how long it may still last, and asks for as long again. # S71"""
    begin(kiosk)
    for _ in range(9):
        clock.go(60)
        assert kiosk.post("/kiosk/alive").status_code == 204
    assert int(kiosk.post("/kiosk/alive").headers["kiosk-seconds-left"]) in (59, 60)
    more = kiosk.post("/kiosk/alive", headers={"Kiosk-Extend": "1"})
    assert int(more.headers["kiosk-seconds-left"]) in (599, 600)
    clock.go(61)
    assert kiosk.post("/kiosk/alive").status_code == 204
    assert kiosk.get("/kiosk/fill").status_code == 200


def test_an_old_cookie_is_worth_nothing(kiosk: TestClient[Any], clock: MovingClock) -> None:
    old = begin(kiosk)
    clock.go(80)
    kiosk.post("/kiosk/alive")
    clock.go(80)
    kiosk.cookies.set(COOKIE, old, path="/kiosk")
    assert kiosk.get("/kiosk/fill").headers["location"] == "/kiosk/"


def test_a_forged_cookie_opens_nothing(deployment: Deployment) -> None:
    now = system_clock()
    kept = Pass(token="hss_x", started_at=now, seen_at=now)
    assert unseal(seal(kept, deployment.secret), deployment.secret) == kept
    assert unseal(seal(kept, b"another secret of ours, no doubt"), deployment.secret) is None
    for forged in ("", "x", "%%%", "AAAA" * 20, "é"):
        assert unseal(forged, deployment.secret) is None


def test_a_handed_over_session_outlives_the_kiosk(
    kiosk: TestClient[Any], deployment: Deployment
) -> None:
    begin(kiosk)
    answer = fill(kiosk, "arrival", "handover", **answered(overall="4"))
    assert "<svg" in answer.text
    kiosk.post("/kiosk/leave", headers={"kiosk-wipe": "1"})
    assert count(deployment, "sessions") == 1


def test_going_back_to_the_kiosk_makes_the_session_its_own_again(
    kiosk: TestClient[Any], deployment: Deployment
) -> None:
    begin(kiosk)
    fill(kiosk, "arrival", "handover", **answered(overall="4"))
    kiosk.get("/kiosk/fill")
    kiosk.post("/kiosk/leave")
    assert count(deployment, "sessions") == 0


def test_the_language_changes_and_keeps_what_was_typed(kiosk: TestClient[Any]) -> None:
    begin(kiosk)
    assert fill(kiosk, "arrival", "lang.en", **answered(overall="4")).status_code == 303
    html = kiosk.get("/kiosk/fill").text
    assert 'lang="en"' in html
    assert "Overall?" in html
    assert 'value="4" checked' in html


def test_another_sites_page_cannot_post(kiosk: TestClient[Any]) -> None:
    foreign = {"origin": "https://elsewhere.example"}
    assert kiosk.post("/kiosk/s/visit", headers=foreign).status_code == 403
    assert kiosk.post("/kiosk/leave", headers={"sec-fetch-site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    "address", ["/kiosk/", "/kiosk/s/visit", "/kiosk/fill", "/kiosk/selftest", "/kiosk/s/none"]
)
def test_no_screen_is_kept_by_the_browser(kiosk: TestClient[Any], address: str) -> None:
    """# S62"""
    begin(kiosk)
    answer = kiosk.get(address)
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_a_kiosk_takes_no_files(kiosk: TestClient[Any]) -> None:
    begin(kiosk)
    fill(kiosk, "arrival", "next", **answered(overall="5"))
    sent = kiosk.post(
        "/kiosk/fill",
        data={"page": "detail", "do": "upload.photo"},
        files={"upload.photo": ("x.png", b"\x89PNG\r\n", "image/png")},
    )
    assert sent.status_code == 404


def test_the_cookie_is_closed_to_scripts_and_other_sites(kiosk: TestClient[Any]) -> None:
    answer = kiosk.post("/kiosk/s/visit")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/kiosk" in cookie


def test_the_program_serves_the_kiosks_own_files(kiosk: TestClient[Any]) -> None:
    answer = kiosk.get("/kiosk/static/kiosk/js/kiosk.js")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
