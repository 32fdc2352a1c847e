"""The question bank as staff use it: a question saved, asked elsewhere, reworded; a file taken by a
worker while its asker looks on."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver.support.select import Select

from tests.bank.many import jsonl
from tests.e2e.test_logic import Logician
from tests.e2e.test_web_journey import DESKTOP, Screen
from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

ROWS = 12_000
NO_SCENE = b'{"scene": "", "question": {"type": "rating", "text": "?"}}\n'


@pytest.fixture(scope="module")
def author(program: Running) -> Iterator[Logician]:
    """One designer's browser."""
    made = program.command("user", "create", "librarian", "--role", "survey_designer")
    screen = Screen(program, DESKTOP)
    try:
        found = Logician(screen)
        found.sign_in(made.strip().splitlines()[-1])
        yield found
    finally:
        screen.driver.quit()


def asked(program: Running, survey: str) -> dict[str, Any]:
    """The stored first question of a survey."""
    headers = {"Authorization": f"Bearer {program.token('surveys:read')}"}
    answer = httpx.get(f"{program.base}/api/v1/surveys/{survey}", headers=headers)
    return answer.raise_for_status().json()["document"]["pages"][0]["questions"][0]


def to_bank(author: Logician, survey: str, question: str) -> None:
    """From the builder to the form that puts its question into the bank."""
    author.screen.open(f"/staff/surveys/{survey}/edit?at={question}")
    author.screen.press('#props a[href*="/staff/bank/new"]')
    author.screen.wait(lambda: author.screen.has(".bank-edit"))


def test_a_question_is_saved_to_the_bank_asked_elsewhere_and_reworded(
    author: Logician, program: Running
) -> None:
    """Its twin is found, its place chosen; both surveys are among its uses and take the new words.

    # R1.2.1.3 (part)
    """
    screen = author.screen
    first = author.begin("存题的问卷")
    rating = author.add("rating")
    author.titled(rating, "您对陪检护士的照顾满意吗？")
    author.settle()
    to_bank(author, first, rating)
    Select(screen.find("#place")).select_by_index(1)
    place = screen.find("#place").get_property("value")
    screen.press(".bank-edit .actions button")
    screen.wait(lambda: "/items/" in author.driver.current_url)
    item = author.driver.current_url.rsplit("/", 1)[-1].partition("?")[0]
    assert screen.find("#place").get_property("value") == place
    assert asked(program, first)["bank"] == {"id": item, "version": 1}
    to_bank(author, first, rating)
    Select(screen.find("#place")).select_by_value(place)
    screen.press(".bank-edit .actions button")
    screen.wait(lambda: screen.has("[role=alert]"))
    assert "同样" in screen.find("[role=alert]").text
    assert screen.find("#place").get_property("value") == place
    second = author.begin("用题的问卷")
    screen.wait(lambda: screen.has("body.has-script"))
    screen.press('[data-side="side-bank"]')
    screen.wait(lambda: screen.has("#bank-words"))
    screen.find("#bank-words").send_keys("陪检护士")
    screen.press(".bank-seek button")
    screen.wait(lambda: screen.has(f"#b-bank-{item}"))
    screen.press(f"#b-bank-{item}")
    screen.wait(lambda: author.questions() != [])
    author.settle()
    assert asked(program, second)["bank"]["id"] == item
    screen.open(f"/staff/bank/items/{item}")
    page = screen.find("main").text
    assert "存题的问卷" in page and "用题的问卷" in page
    screen.open(f"/staff/bank/items/{item}/edit")
    author.write("m:text/zh-CN", "陪检的护士照顾得好吗？")
    screen.press(".bank-edit .actions button")
    screen.wait(lambda: screen.has('form[action$="/offer"]'))
    screen.press('form[action$="/offer"] .actions button')
    screen.wait(lambda: screen.has(".toast"))
    for survey in (first, second):
        now = asked(program, survey)
        assert now["bank"] == {"id": item, "version": 2}
        assert "陪检的护士照顾得好吗？" in str(now["text"])
    assert [one for one in screen.faults() if " 409 " not in one] == []


def bars(author: Logician, file: Path) -> list[int]:
    """Send a file to be tried out; what the bar showed until it was gone."""
    screen = author.screen
    screen.open("/staff/bank/imports")
    screen.find("#file").send_keys(str(file))
    screen.press("[name=dry_run]")
    screen.press("main form .actions button")
    screen.wait(lambda: screen.has("#job"))
    seen: list[int] = []
    end = time.monotonic() + 300
    while screen.has("#bar"):
        script = "return document.querySelector('#bar')?.value ?? 100"
        seen.append(int(author.driver.execute_script(script)))
        assert time.monotonic() < end, seen
        time.sleep(0.1)
    return seen


def test_whoever_sends_a_file_sees_the_worker_take_it(author: Logician, tmp_path: Path) -> None:
    """The bar moves by itself, and what came of each row stands there in the end. # R0.5 (part)"""
    file = tmp_path / "many.jsonl"
    screen = author.screen
    for rows in (ROWS, 2 * ROWS, 4 * ROWS):  # more, where the worker was done before two looks
        file.write_bytes(jsonl(rows) + NO_SCENE)
        seen = bars(author, file)
        assert seen == sorted(seen), seen
        if len({one for one in seen if 0 < one < 100}) >= 2:
            break
    else:
        raise AssertionError(seen)
    told = screen.find("#job").text
    assert "完成" in told and f"新增 {rows}" in told and "有误 1" in told
    assert screen.has("#job table tbody tr") and screen.faults() == []
