"""Proposed test patients, publishing, and a second person's approval, in two browsers."""

import base64
import time
from collections.abc import Iterator

import pytest

from runtime.accounts import totp
from tests.e2e.test_builder import PHRASE, Author
from tests.e2e.test_web_journey import DESKTOP, Screen
from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

TEMPLATE = "discharge_followup"


def _person(program: Running, login: str, role: str) -> Author:
    made = program.command("user", "create", login, "--role", role)
    author = Author(Screen(program, DESKTOP))
    author.sign_in(made.strip().splitlines()[-1])
    return author


@pytest.fixture
def pair(program: Running) -> Iterator[tuple[Author, Author]]:
    """An author and a colleague who may publish too, each at a browser of their own."""
    both = (
        _person(program, "proposer", "survey_designer"),
        _person(program, "approver", "survey_designer"),
    )
    yield both
    for one in both:
        one.driver.quit()


@pytest.fixture
def strict(program: Running) -> Iterator[None]:
    """Where surveys need a second person: a system administrator has said so."""
    made = program.command("user", "create", "keeper", "--role", "system_administrator")
    screen = Screen(program, DESKTOP)
    try:
        _enrol(screen, made.strip().splitlines()[-1])
        _require_approval(screen, True)
        yield
        _require_approval(screen, False)
    finally:
        screen.driver.quit()


def _enrol(screen: Screen, link: str) -> None:
    """Set the password and the second factor that administrators must have."""
    screen.driver.get(link)
    screen.press("main button, form button")
    for name in ("new", "again"):
        screen.find(f"#{name}").send_keys(PHRASE)
    screen.press("form button:not(.plain)")
    screen.wait(lambda: screen.has("ol code"))
    secret = base64.b32decode(screen.find("ol code").text.replace(" ", ""))
    code = totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS)
    screen.find("#code").send_keys(code)
    screen.press("form button:not(.plain)")
    screen.wait(lambda: screen.has(".codes code"))


def _require_approval(screen: Screen, value: bool) -> None:
    screen.open("/staff/parameters/publishing.approve_surveys")
    box = screen.find("main input[type=checkbox]")
    if box.is_selected() != value:
        box.click()
    screen.press("main button[name=act][value=set]")
    screen.wait(lambda: screen.find("main input[type=checkbox]").is_selected() == value)
    screen.wait(lambda: ("是" if value else "否") in screen.find("dl.facts strong").text)


def test_from_a_template_to_an_approved_survey(
    pair: tuple[Author, Author], strict: None, program: Running
) -> None:
    """Begun from a template, covered by proposals, asked for, approved, answered. # R0.4 (part)"""
    author, reviewer = pair
    author.screen.open("/staff/surveys/new")
    author.screen.press(f'a[href$="?template={TEMPLATE}"]')
    author.screen.wait(lambda: author.screen.has("input[name=template]"))
    author.screen.press('main form[action="/staff/surveys/new"] button')
    author.screen.wait(lambda: author.screen.has("#builder"))
    survey = author.driver.current_url.split("/")[5]
    here = f"/staff/surveys/{survey}"

    author.screen.open(f"{here}/edit/walks")
    assert "已覆盖 0/" in author.screen.find("#covered").text
    assert author.screen.faults() == []
    author.screen.press('button[value="add_all"]')
    author.screen.wait(lambda: author.screen.has("li[id^=walk-]"))
    share = author.screen.find("#covered").text.split()[1].split("/")
    assert share[0] == share[1] and share[0] != "0"

    author.screen.open(f"{here}/publish")
    assert author.screen.faults() == []
    author.screen.find("#notes").send_keys("第一次试用")
    author.screen.press('button[formaction$="/publish/ask"]')
    author.screen.wait(lambda: author.screen.has(".asked"))
    assert not author.screen.has('main form[action$="/publish"] button')

    reviewer.screen.open("/staff/")
    reviewer.screen.press(f'a[href="{here}/publish"]')
    reviewer.screen.wait(lambda: reviewer.screen.has(".asked"))
    assert "第一次试用" in reviewer.screen.find(".asked").text
    assert reviewer.screen.faults() == []
    reviewer.screen.press(f'main form[action="{here}/publish"] button')
    reviewer.screen.wait(lambda: reviewer.screen.has(".way-in"))
    page = reviewer.driver.page_source
    assert "第一次试用" in page and "approver" in page and "proposer" in page
    reviewer.screen.open(f"/s/{survey}")
    reviewer.screen.wait(lambda: "出院随访" in reviewer.driver.page_source)
