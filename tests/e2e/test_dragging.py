"""What is dragged in the builder, by mouse and by finger, is stored where it was let go; a drag
that is broken off changes nothing and says so."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
import psycopg
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from runtime.kit.embedded import ensure_services
from runtime.kit.settings import read_settings
from tests.e2e.test_logic import Logician
from tests.e2e.test_web_journey import DESKTOP, PHONE, WAIT_SECONDS, Screen
from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

SURVEY: dict[str, Any] = {
    "format": "huisheng.survey/1",
    "id": "drag_tests",
    "title": "拖动",
    "languages": ["zh-CN"],
    "kind": "survey",
    "pages": [
        {
            "id": "one",
            "title": "第一页",
            "questions": [
                {"id": "mood", "type": "rating", "text": "心情如何？"},
                {
                    "id": "wait",
                    "type": "single_choice",
                    "text": "等了多久？",
                    "options": [
                        {"id": "short", "text": "不久", "points": 2},
                        {"id": "long", "text": "很久", "points": 1},
                        {"id": "none", "text": "没有等", "points": 3},
                    ],
                },
                {"id": "note", "type": "text", "text": "还想说什么？"},
            ],
        },
        {
            "id": "two",
            "title": "第二页",
            "questions": [{"id": "clean", "type": "rating", "text": "干净吗？"}],
        },
        {
            "id": "three",
            "title": "第三页",
            "questions": [{"id": "again", "type": "yes_no", "text": "还来吗？"}],
        },
    ],
    "scores": [{"id": "total", "title": "总分", "of": ["mood", "wait"], "method": "mean"}],
}
EDIT = "/staff/surveys/drag_tests/edit"
UNTOUCHED = {"one": ["mood", "wait", "note"], "two": ["clean"], "three": ["again"]}
NOTHING = "这次拖动没有改动任何内容。"
AT_REST_SECONDS = 0.2
"""Longer than a list of Sortable takes to come to rest (`CALM` in dragging.js)."""
Point = tuple[int, int]


def nth(page: str, place: int) -> str:
    """A place among the questions of a page, whichever stands there."""
    return f'[data-questions="{page}"] > li:nth-child({place})'


class Pointer(Protocol):
    """What a person drags with; the browser is given its events, not a script's."""

    def press(self, at: Point) -> None:
        """Put it down, as long as a drag wants it."""
        ...

    def move(self, at: Point) -> None:
        """Move it while it is down."""
        ...

    def lift(self, at: Point) -> None:
        """Let go."""
        ...


class Mouse:
    """A mouse with its left button."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def _send(self, kind: str, at: Point, buttons: int) -> None:
        is_down = buttons or kind == "mouseReleased"
        event = {"type": kind, "x": at[0], "y": at[1], "buttons": buttons, "clickCount": 1}
        button = {"button": "left" if is_down else "none"}
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event | button)

    def press(self, at: Point) -> None:
        self._send("mouseMoved", at, 0)
        self._send("mousePressed", at, 1)

    def move(self, at: Point) -> None:
        self._send("mouseMoved", at, 1)

    def lift(self, at: Point) -> None:
        self._send("mouseReleased", at, 0)


class Finger:
    """A finger on a touch screen; a drag begins where it rests for a moment."""

    def __init__(self, driver: Any, rest_seconds: float = 0.35) -> None:
        self.driver = driver
        self.rest_seconds = rest_seconds

    def send(self, kind: str, *at: Point) -> None:
        """One event of the touch screen."""
        points = [{"x": x, "y": y, "id": 1} for x, y in at]
        self.driver.execute_cdp_cmd(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
        )

    def press(self, at: Point) -> None:
        self.send("touchStart", at)
        time.sleep(self.rest_seconds)

    def move(self, at: Point) -> None:
        self.send("touchMove", at)

    def lift(self, at: Point) -> None:
        self.send("touchEnd")


class Desk:
    """A designer's browser on one survey, and what the program has stored of it."""

    def __init__(self, author: Logician, program: Running) -> None:
        self.author = author
        self.screen = author.screen
        self.driver = author.driver
        headers = {"Authorization": f"Bearer {program.token('surveys:write', 'surveys:read')}"}
        self.api = httpx.Client(base_url=f"{program.base}/api/v1/surveys", headers=headers)
        self.last: Point = (0, 0)

    def store(self, document: dict[str, Any] = SURVEY) -> None:
        """The document as the draft, whatever was done to it."""
        now = self.api.get("/drag_tests")
        if now.status_code == 404:
            now = self.api.post("", json=document)
        seen = {"if-match": now.headers["etag"]}
        self.api.put("/drag_tests/draft", json=document, headers=seen).raise_for_status()

    def stored(self) -> dict[str, Any]:
        return self.api.get("/drag_tests").raise_for_status().json()["document"]

    def order(self) -> dict[str, list[str]]:
        """The stored questions of each stored page."""
        return {one["id"]: [q["id"] for q in one["questions"]] for one in self.stored()["pages"]}

    def becomes(self, what: Callable[[], Any], wanted: object) -> None:
        """Wait for it to be stored."""
        end = time.monotonic() + WAIT_SECONDS
        while what() != wanted and time.monotonic() < end:
            time.sleep(0.1)
        assert what() == wanted

    def open(self, path: str = "", size: tuple[int, int] = DESKTOP) -> None:
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.screen.open(EDIT + path)
        if path.partition("?")[0] == "":
            self.screen.wait(lambda: self.screen.has("body.has-script"))

    def said(self, words: str) -> None:
        """Wait until screen readers are told so."""
        text = "return document.getElementById('live').textContent"
        self.screen.wait(lambda: words in self.driver.execute_script(text))

    def changed_nothing(self, *, shown: dict[str, list[str]] = UNTOUCHED) -> None:
        """On the screen, in the store, and in words."""
        self.screen.wait(lambda: self.screen.find("#drag-told").text == NOTHING)
        self.author.settle()
        assert self.order() == UNTOUCHED
        assert self.shown() == shown

    def shown(self) -> dict[str, list[str]]:
        """The questions of each page as they stand on the screen."""
        return self.driver.execute_script(
            "return Object.fromEntries([...document.querySelectorAll('#pages > li')].map(p => ["
            "p.dataset.page, [...p.querySelectorAll('[data-question]')].map("
            "q => q.dataset.question)]))"
        )

    def spot(self, selector: str, down: float = 0.5, along: float = 0.5) -> Point:
        """A point of an element as it stands now."""
        x, y, width, height = self.driver.execute_script(
            "const b = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [b.x, b.y, b.width, b.height]",
            selector,
        )
        return int(x + width * along), int(y + height * down)

    def carry(self, pointer: Pointer, source: str, target: str, down: float = 0.3) -> None:
        """Press on one thing and go to a place of a list, which may move; it is still held."""
        self.bring_up(target)
        self.last = self.spot(source, along=0.3)
        pointer.press(self.last)
        self.nudge(pointer)
        self.reach(pointer, target, down)

    def bring_up(self, target: str) -> None:
        """Scroll to a place."""
        self.screen.find(target)
        middle = "document.querySelector(arguments[0]).scrollIntoView({block: 'center'})"
        self.driver.execute_script(middle, target)

    def nudge(self, pointer: Pointer) -> None:
        """As little as makes a drag of a press."""
        for _ in range(2):
            self.last = (self.last[0] + 2, self.last[1] + 6)
            pointer.move(self.last)
            time.sleep(0.1)

    def reach(self, pointer: Pointer, target: str, down: float) -> None:
        """Go on until the place of a list is where it would be dropped, and stays so: a list that
        still moves may put another entry below the pointer.
        """
        place, is_place, _ = target.partition(")")
        for _ in range(5):
            self.go(pointer, target, down)
            if not is_place:
                return
            time.sleep(AT_REST_SECONDS)
            if self.screen.has(f"{place}).sortable-ghost"):
                return
        raise AssertionError(f"nothing would be dropped at {target}")

    def go(self, pointer: Pointer, target: str, down: float) -> None:
        """Move there as a hand does, following what moves, slowly enough for lists to follow."""
        for share in (0.3, 0.6, 1, 1):
            (x, y), (to_x, to_y) = self.last, self.spot(target, down, along=0.4)
            self.last = (round(x + (to_x - x) * share), round(y + (to_y - y) * share))
            pointer.move(self.last)
            time.sleep(0.1)

    def drag(self, pointer: Pointer, source: str, target: str, down: float = 0.3) -> None:
        """And let go there."""
        self.carry(pointer, source, target, down)
        pointer.lift(self.last)


@pytest.fixture(scope="module")
def only_desk(program: Running) -> Iterator[Desk]:
    """One browser and one sign-in for all tests here."""
    made = program.command("user", "create", "mover", "--role", "survey_designer")
    screen = Screen(program, DESKTOP)
    try:
        author = Logician(screen)
        author.sign_in(made.strip().splitlines()[-1])
        yield Desk(author, program)
    finally:
        screen.driver.quit()


@pytest.fixture
def desk(only_desk: Desk) -> Desk:
    """The desk with the survey as it is above."""
    only_desk.store()
    return only_desk


@pytest.fixture(params=["mouse", "finger"])
def pointer(request: pytest.FixtureRequest, only_desk: Desk) -> Iterator[Pointer]:
    """Both, one after the other; the screen is a touch screen for the finger."""
    is_finger = request.param == "finger"
    touch: dict[str, Any] = {"enabled": is_finger} | ({"maxTouchPoints": 1} if is_finger else {})
    only_desk.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", touch)
    yield Finger(only_desk.driver) if is_finger else Mouse(only_desk.driver)
    only_desk.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_a_type_of_the_palette_becomes_a_question_where_it_is_dropped(
    desk: Desk, pointer: Pointer
) -> None:
    """R0.4 (part)"""
    desk.open()
    desk.drag(pointer, '[data-type="yes_no"]', nth("one", 3))
    desk.becomes(desk.order, UNTOUCHED | {"one": ["mood", "wait", "yes_no", "note"]})
    desk.said("是第 3 题，在第 1 页")


def test_a_question_is_dropped_on_another_page(desk: Desk, pointer: Pointer) -> None:
    """R0.4 (part)"""
    desk.open()
    desk.drag(pointer, "#line-wait", nth("two", 1))
    desk.becomes(desk.order, UNTOUCHED | {"one": ["mood", "note"], "two": ["wait", "clean"]})
    desk.said("「等了多久？」现在是第 3 题，在第 2 页")


def test_a_question_is_dropped_on_a_page_that_is_empty(desk: Desk, pointer: Pointer) -> None:
    """R0.4 (part)"""
    bare = [*SURVEY["pages"][:2], SURVEY["pages"][2] | {"questions": []}]
    desk.store(SURVEY | {"pages": bare})
    desk.open()
    desk.drag(pointer, "#line-clean", '[data-questions="three"]', 0.5)
    desk.becomes(desk.order, UNTOUCHED | {"two": [], "three": ["clean"]})


def test_an_option_is_dragged_by_its_grip(desk: Desk, pointer: Pointer) -> None:
    """R0.4 (part)"""
    desk.open("?at=wait")
    desk.drag(pointer, "#inner-none .grip", "[data-inner] > li:nth-child(1)")
    desk.becomes(
        lambda: [one["id"] for one in desk.stored()["pages"][0]["questions"][1]["options"]],
        ["none", "short", "long"],
    )
    desk.said("「没有等」现在排第 1")


def test_a_page_is_dragged_by_its_heading(desk: Desk, pointer: Pointer) -> None:
    """R0.4 (part)"""
    desk.open()
    desk.drag(pointer, "#sheet-three .sheet-head", "#pages > li:nth-child(1) .sheet-head")
    desk.becomes(lambda: list(desk.order()), ["three", "one", "two"])
    desk.said("「第三页」现在是第 1 页")


def test_a_question_of_the_bank_is_dropped_at_a_place(desk: Desk, pointer: Pointer) -> None:
    """From the second half of the left pane; it names where it came from. # R0.4 (part)"""
    desk.open()
    desk.screen.press('[data-side="side-bank"]')
    desk.screen.wait(lambda: desk.screen.has("#bank-pane [data-act]"))
    item = desk.screen.find("#bank-pane [data-act]").get_attribute("data-act").split()[1]
    desk.drag(pointer, f'#bank-pane [data-act="bank {item}"]', nth("one", 2))
    desk.becomes(lambda: len(desk.order()["one"]), 4)
    made = desk.stored()["pages"][0]["questions"][1]
    assert made["bank"]["id"] == item
    desk.said("是第 2 题，在第 1 页")


def test_members_of_a_score_are_dragged_in_and_out(desk: Desk, pointer: Pointer) -> None:
    """R0.4 (part)"""
    desk.open("/scores?at=total")
    first = "[data-members] > li:nth-child(1)"
    desk.drag(pointer, '[data-candidates] [data-ref="clean"] span', first)
    desk.becomes(lambda: desk.stored()["scores"][0]["of"], ["clean", "mood", "wait"])
    desk.said("干净吗")
    desk.screen.wait(lambda: not desk.screen.has(".htmx-request"))
    desk.drag(pointer, '[data-members] [data-ref="mood"] .member-name', "[data-candidates]", 0.8)
    desk.becomes(lambda: desk.stored()["scores"][0]["of"], ["clean", "wait"])


def test_a_question_is_dragged_into_a_dimension(desk: Desk, pointer: Pointer) -> None:
    """R0.4 (part)"""
    desk.open("/dimensions")
    boards = desk.driver.find_elements(By.CSS_SELECTOR, "[data-dimension]")
    code = boards[1].get_attribute("data-dimension")
    desk.drag(pointer, '[data-question="mood"] p', f'[data-dimension="{code}"]', 0.5)
    desk.becomes(lambda: desk.stored()["pages"][0]["questions"][0].get("dimension"), code)
    desk.said("心情如何")


def test_a_jump_is_drawn_in_the_picture_of_the_flow(desk: Desk, pointer: Pointer) -> None:
    """From a page's handle to a later page; its condition is asked for, then it is stored.

    # R0.4 (part)
    """
    desk.open("/flow")
    desk.drag(pointer, '[data-handle="one"]', '[data-step="three"] rect', 0.5)
    desk.screen.wait(lambda: desk.screen.has("#rule"))
    desk.author.condition("0", "1. 心情如何", "是", "5 分")
    desk.author.save()
    jump = {"if": {"op": "eq", "ref": "mood", "value": 5}, "to": "three"}
    desk.becomes(lambda: desk.stored()["pages"][0].get("next"), [jump])


def test_escape_puts_back_what_is_being_drawn_in_the_flow(desk: Desk) -> None:
    desk.open("/flow")
    mouse = Mouse(desk.driver)
    desk.carry(mouse, '[data-handle="one"]', '[data-step="three"] rect', 0.5)
    assert desk.screen.has(".drawn") and desk.screen.has(".is-aim")
    ActionChains(desk.driver).send_keys(Keys.ESCAPE).perform()
    assert not desk.screen.has(".drawn") and not desk.screen.has(".is-aim")
    mouse.lift(desk.last)
    desk.screen.wait(lambda: desk.screen.find("#drag-told").text == NOTHING)
    assert desk.driver.current_url.endswith("/flow")


@pytest.mark.parametrize("source", ['[data-type="yes_no"]', "#line-mood", "#sheet-one .sheet-head"])
def test_escape_puts_back_what_is_being_dragged(desk: Desk, source: str) -> None:
    """R0.4 (part)"""
    desk.open()
    mouse = Mouse(desk.driver)
    is_page = source.startswith("#sheet")
    target = "#pages > li:nth-child(3) .sheet-head" if is_page else nth("two", 1)
    desk.carry(mouse, source, target)
    assert desk.screen.has(f"{target.removesuffix(' .sheet-head')}.sortable-ghost")
    ActionChains(desk.driver).send_keys(Keys.ESCAPE).perform()
    mouse.lift(desk.last)
    desk.changed_nothing()


def test_what_is_dropped_outside_goes_back(desk: Desk, pointer: Pointer) -> None:
    """A question let go above its survey, and a type let go over the palette again."""
    desk.open()
    desk.carry(pointer, "#line-wait", nth("two", 1))
    pointer.move(desk.spot("#props-title"))
    pointer.lift(desk.spot("#props-title"))
    desk.changed_nothing()
    desk.carry(pointer, '[data-type="yes_no"]', nth("one", 3))
    desk.last = desk.spot("#palette-title")
    pointer.move(desk.last)
    pointer.lift(desk.last)
    desk.changed_nothing()
    assert desk.screen.has('#palette [data-type="yes_no"] button')


def test_a_finger_that_the_system_takes_away_changes_nothing(desk: Desk) -> None:
    """A call comes in, say, while a question is held."""
    desk.open()
    finger = Finger(desk.driver)
    desk.carry(finger, "#line-wait", nth("two", 1))
    finger.send("touchCancel")
    desk.changed_nothing()


def test_a_drop_where_nothing_stands_any_more_is_refused_and_explained(desk: Desk) -> None:
    """A colleague took the page away meanwhile: the screen shows the survey as it is now."""
    desk.open()
    mouse = Mouse(desk.driver)
    desk.carry(mouse, "#line-wait", nth("two", 1))
    desk.store(SURVEY | {"pages": [SURVEY["pages"][0], SURVEY["pages"][2]]})
    mouse.lift(desk.last)
    desk.screen.wait(lambda: desk.screen.has("#told [role=alert]"))
    left = {"one": ["mood", "wait", "note"], "three": ["again"]}
    assert desk.order() == left
    assert desk.shown() == left


@contextmanager
def locked_draft(program: Running) -> Generator[None]:
    """Somebody holds the draft for longer than the server waits: it answers 503."""
    with (
        ensure_services(read_settings(program.environment)) as services,
        psycopg.connect(services.owner_url) as holder,
    ):
        holder.execute("SELECT FROM surveys WHERE id = 'drag_tests' FOR UPDATE")
        yield


@contextmanager
def cut_off(driver: Any) -> Generator[None]:
    """The network is away."""
    away = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    back = away | {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", away)
    yield
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", back)


def test_what_the_server_did_not_store_goes_back(desk: Desk, program: Running) -> None:
    """It answers 503 in the middle: the question stands where it stood, and the screen says why."""
    desk.open()
    with locked_draft(program):
        desk.drag(Mouse(desk.driver), "#line-wait", nth("two", 1))
        desk.screen.wait(lambda: desk.screen.find("#not-saved").is_displayed())
    assert desk.shown() == UNTOUCHED
    assert desk.order() == UNTOUCHED
    desk.drag(Mouse(desk.driver), "#line-wait", nth("two", 1))
    desk.becomes(desk.order, UNTOUCHED | {"one": ["mood", "note"], "two": ["wait", "clean"]})
    desk.screen.wait(lambda: not desk.screen.find("#not-saved").is_displayed())


def test_members_that_could_not_be_stored_go_back(desk: Desk) -> None:
    """The network fails as a score's member is dropped, and as a question leaves its dimension."""
    desk.open("/scores?at=total")
    mouse = Mouse(desk.driver)
    with cut_off(desk.driver):
        desk.drag(mouse, '[data-ref="mood"] .member-name', "[data-members] > li:nth-child(2)")
        desk.screen.wait(lambda: desk.screen.find("#not-saved").is_displayed())
    members = "return [...document.querySelectorAll('[data-members] > li')].map(e => e.dataset.ref)"
    assert desk.driver.execute_script(members) == ["mood", "wait"]
    desk.open("/dimensions")
    with cut_off(desk.driver):
        desk.drag(mouse, '[data-question="mood"] p', ".board-columns [data-dimension]", 0.5)
        desk.screen.wait(lambda: desk.screen.find("#not-saved").is_displayed())
    assert desk.screen.has('[data-dimension="-"] [data-question="mood"]')
    assert desk.stored() | {"ext": {}} == SURVEY | {"ext": {}}


def test_a_finger_scrolls_the_canvas_and_moves_nothing(desk: Desk) -> None:
    """Who does not rest on a question scrolls, wherever the finger lands."""
    desk.open(size=PHONE)
    finger = Finger(desk.driver, rest_seconds=0)
    x, y = desk.spot("#line-note")
    finger.press((x, y))
    for step in range(1, 9):
        finger.move((x, y - 40 * step))
        time.sleep(0.02)
    finger.lift((x, y))
    desk.screen.wait(lambda: desk.driver.execute_script("return scrollY") > 100)
    assert desk.shown() == UNTOUCHED
    assert desk.order() == UNTOUCHED


def test_a_finger_brings_a_type_from_the_palette_to_the_canvas_of_a_phone(desk: Desk) -> None:
    """Only one pane is seen there: the canvas comes up as soon as the type is held."""
    desk.open(size=PHONE)
    desk.screen.press('.pane-switch [href="#palette"]')
    finger = Finger(desk.driver)
    desk.last = desk.spot('[data-type="yes_no"]')
    finger.press(desk.last)
    desk.nudge(finger)
    assert desk.screen.find("#canvas").is_displayed()
    desk.bring_up(nth("one", 2))
    desk.reach(finger, nth("one", 2), 0.3)
    finger.lift(desk.last)
    desk.becomes(desk.order, UNTOUCHED | {"one": ["mood", "yes_no", "wait", "note"]})
