"""A feedback form of every type of question, dragged together, worded and published by mouse."""

from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from engine.questions import Question
from tests.e2e.test_builder import Author
from tests.e2e.test_web_journey import DESKTOP, Screen
from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("web")]

TYPES = [str(kind.__struct_config__.tag) for kind in get_args(Question)]


@pytest.fixture
def author(program: Running) -> Iterator[Author]:
    """A designer who has just signed in for the first time."""
    made = program.command("user", "create", "everyform", "--role", "survey_designer")
    found = Author(Screen(program, DESKTOP))
    found.sign_in(made.strip().splitlines()[-1])
    yield found
    found.driver.quit()


def _drag_all(author: Author) -> None:
    """Each type from the palette onto the question that was put down before it."""
    author.add(TYPES[0])
    for number, kind in enumerate(TYPES[1:], 1):
        first = author.questions()[0]
        author.drag(f'[data-type="{kind}"]', f'[data-question="{first}"]')
        author.screen.wait(lambda many=number: len(author.questions()) == many + 1)
        author.settle()


def _word_all(author: Author, survey: str) -> None:
    """Every text that is still to be written, on the page that lists them."""
    author.screen.open(f"/staff/surveys/{survey}/edit/texts?of=all&only=missing")
    fields = author.driver.find_elements(By.CSS_SELECTOR, "main textarea[id^='t:']")
    for number, name in enumerate([field.get_attribute("id") for field in fields]):
        field = author.driver.find_element(By.ID, name)
        if not field.get_property("value"):
            field.send_keys(f"第 {number} 处", Keys.TAB)
    author.screen.wait(lambda: "所有文字都已写好" in author.screen.find("#left").text)


def test_a_complaint_form_of_every_type_is_made_by_dragging(
    author: Author, program: Running
) -> None:
    """Nineteen types put where they were dropped, worded, published, asked. # R0.4"""
    survey = author.begin("什么都问的投诉表")
    _drag_all(author)
    assert len(author.questions()) == len(TYPES)
    _word_all(author, survey)
    author.screen.open(f"/staff/surveys/{survey}/edit/settings")
    Select(author.screen.find('[name="m:kind"]')).select_by_value("complaint")
    token = program.token("surveys:read")
    url, headers = f"{program.base}/api/v1", {"Authorization": f"Bearer {token}"}

    def stored() -> Any:
        return httpx.get(f"{url}/surveys/{survey}", headers=headers, timeout=30).json()

    author.screen.wait(lambda: stored()["document"]["kind"] == "complaint")
    author.screen.open(f"/staff/surveys/{survey}/publish")
    author.screen.press("main form button")
    author.screen.wait(lambda: author.screen.has(".way-in"))
    assert author.screen.faults() == []
    assert (stored()["kind"], stored()["state"]) == ("complaint", "published")
    begun = httpx.post(f"{url}/sessions", json={"survey": survey, "channel": "web"}, timeout=30)
    asked = [question["type"] for question in begun.json()["questions"]]
    assert asked == [*reversed(TYPES[1:]), TYPES[0]]
