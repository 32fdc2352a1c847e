"""A designer who never saw the builder makes a survey in it, by mouse and by keyboard."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.e2e.test_web_journey import DESKTOP, Screen
from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

PHRASE = "Vb5!mupadrek-Yo"
Opened = Callable[..., "Author"]


class Author:
    """A designer's browser."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.driver = screen.driver

    def sign_in(self, link: str) -> None:
        self.driver.get(link)
        self.screen.press("main button, form button")
        for name in ("new", "again"):
            self.screen.find(f"#{name}").send_keys(PHRASE)
        self.screen.press("form button:not(.plain)")
        self.screen.wait(lambda: self.screen.has("nav.sections"))

    def come_back(self, login: str) -> None:
        self.screen.open("/staff/")
        self.screen.find("#login").send_keys(login)
        self.screen.find("#password").send_keys(PHRASE)
        self.screen.press("form button:not(.plain)")
        self.screen.wait(lambda: self.screen.has("nav.sections"))

    def begin(self, title: str) -> str:
        """A new survey; its id."""
        self.screen.open("/staff/surveys/new")
        self.screen.find("#title").send_keys(title)
        self.screen.press("main form button")
        self.screen.wait(lambda: self.screen.has("#builder"))
        return self.driver.current_url.split("/")[5]

    def add(self, kind: str) -> str:
        """A question of a type, by its button; its id."""
        self.screen.wait(lambda: self.screen.has("body.has-script"))
        before = set(self.questions())
        self.screen.press(f'[data-type="{kind}"] button')
        self.screen.wait(lambda: len(self.questions()) == len(before) + 1)
        self.screen.wait(lambda: self.focus().startswith("p-m:text"))
        return next(one for one in self.questions() if one not in before)

    def focus(self) -> str:
        """The id of what has the focus."""
        return self.driver.execute_script("return document.activeElement.id")

    def choose(self, part: str) -> None:
        self.screen.press(f"#q-{part}")
        self.screen.wait(
            lambda: self.screen.find("#panel input[name=at]").get_property("value") == part
        )

    def write(self, name: str, text: str) -> None:
        """Type into a field of the panel and leave it; it is saved then."""
        field = self.screen.find(f'[name="{name}"]')
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text, Keys.TAB)

    def append(self, selector: str, text: str) -> None:
        """Type at the end of a field and leave it."""
        self.screen.find(selector).send_keys(Keys.CONTROL, Keys.END)
        self.screen.find(selector).send_keys(text, Keys.TAB)

    def input_ids(self, selector: str) -> list[str]:
        return self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.id)", selector
        )

    def settle(self) -> None:
        """Until the server answered all that was asked of it."""
        busy = "return document.body.dataset.busy"
        self.screen.wait(lambda: self.driver.execute_script(busy) == "false")

    def slow(self, milliseconds: int) -> None:
        """Let the server's answers come so late."""
        line = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd(
            "Network.emulateNetworkConditions", line | {"latency": milliseconds}
        )

    def questions(self) -> list[str]:
        script = (
            "return [...document.querySelectorAll('[data-question]')].map(e => e.dataset.question)"
        )
        return self.driver.execute_script(script)

    def text_of(self, part: str) -> str:
        return self.screen.find(f"#q-{part}").text

    def drag(self, source: str, target: str) -> None:
        """Drag with the mouse, slowly, to where the upper half of the target is now."""
        self.screen.wait(lambda: not self.screen.has(".htmx-request"))
        start, end = self.screen.find(source), self.screen.find(target)
        for one, block in ((end, "center"), (start, "nearest")):
            self.driver.execute_script(f"arguments[0].scrollIntoView({{block: '{block}'}})", one)
        box = "const b = arguments[0].getBoundingClientRect(); return [b.x + b.width / 2, b.y]"
        x, y = self.driver.execute_script(box, end)
        hand: Any = ActionBuilder(self.driver, duration=120)  # its stubs are partly untyped
        hand.pointer_action.move_to(start, 60, 0).pointer_down().pause(0.3)
        for step in (30, 20, 12):
            hand.pointer_action.move_to_location(int(x), int(y) + step).pause(0.2)
        hand.pointer_action.pointer_up()
        hand.perform()


@pytest.fixture(scope="module")
def designer(program: Running) -> str:
    """The sign-in name of a designer whose first link is used up by `opened`."""
    made = program.command("user", "create", "bauhaus", "--role", "survey_designer")
    return made.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def opened(program: Running, designer: str) -> Iterator[Opened]:
    screens: list[Screen] = []

    def start(size: tuple[int, int] = DESKTOP, *, scripts: bool = True) -> Author:
        screens.append(Screen(program, size, scripts=scripts))
        author = Author(screens[-1])
        author.sign_in(designer) if len(screens) == 1 else author.come_back("bauhaus")
        return author

    yield start
    for one in screens:
        one.driver.quit()


def test_a_survey_is_made_with_the_mouse_and_answered(opened: Opened, program: Running) -> None:
    """Added, worded, dragged, checked and published; a patient sees it. # R0.4 (part)"""
    author = opened()
    survey = author.begin("出院小调查")
    rating, many = author.add("rating"), author.add("multi_choice")
    author.choose(rating)
    author.write("m:text/zh-CN", "您对护士的照顾满意吗？")
    author.screen.wait(lambda: "护士的照顾" in author.text_of(rating))
    author.choose(many)
    author.write("m:text/zh-CN", "哪些方面需要改进？")
    author.write("o:options/option_1:text/zh-CN", "等候太久")
    author.write("o:options/option_2:text/zh-CN", "态度不好")
    author.settle()
    author.screen.press('button[value="add options"]')
    author.screen.wait(lambda: author.screen.has('[name="o:options/option:text/zh-CN"]'))
    author.write("o:options/option:text/zh-CN", "环境不好")
    author.settle()
    assert "需要改进" in author.text_of(many)
    values = [
        one.get_property("value")
        for one in author.driver.find_elements(By.CSS_SELECTOR, "#panel [name$='text/zh-CN']")
    ]
    assert "等候太久" in values and "哪些方面需要改进？" in values
    author.drag(f'[data-question="{many}"]', f'[data-question="{rating}"]')
    author.screen.wait(lambda: author.questions() == [many, rating])
    author.drag('[data-type="text"]', f'[data-question="{rating}"]')
    author.screen.wait(lambda: author.questions() == [many, "text", rating])
    author.screen.press("#b-undo")
    author.screen.wait(lambda: author.questions() == [many, rating])
    author.screen.press("#b-redo")
    author.screen.wait(lambda: len(author.questions()) == 3)
    author.screen.wait(lambda: "还没写完" in author.screen.find("#doctor").text)
    author.choose("text")
    author.write("m:text/zh-CN", "还想说什么？")
    author.screen.wait(lambda: "每道题都有人能答到" in author.screen.find("#doctor").text)
    author.screen.open(f"/staff/surveys/{survey}/publish")
    author.screen.press("main form button")
    author.screen.wait(lambda: author.screen.has(".way-in"))
    assert author.screen.faults() == []
    author.screen.open(f"/s/{survey}")
    author.screen.press("main button")
    author.screen.wait(lambda: "护士的照顾" in author.driver.page_source)


def test_a_question_moves_by_the_keyboard_and_keeps_the_focus(opened: Opened) -> None:
    """Alt with an arrow, and the buttons; screen readers are told where it stands. # R0.4 (part)"""
    author = opened()
    author.begin("键盘")
    first, second = author.add("rating"), author.add("text")
    author.driver.execute_script(f"document.getElementById('q-{first}').focus()")
    ActionChains(author.driver).key_down(Keys.ALT).send_keys(Keys.ARROW_DOWN).key_up(
        Keys.ALT
    ).perform()
    author.screen.wait(lambda: author.questions() == [second, first])
    author.screen.wait(lambda: author.focus() == f"q-{first}")
    live = "第 2 题，在第 1 页"
    author.screen.wait(lambda: live in author.screen.find("#live").get_property("textContent"))
    author.driver.execute_script(f"document.getElementById('b-up-{first}').focus()")
    ActionChains(author.driver).send_keys(Keys.ENTER).perform()
    author.screen.wait(lambda: author.questions() == [first, second])
    author.screen.wait(lambda: author.focus() == f"b-up-{first}")


def test_two_who_edit_one_question_see_each_other_and_lose_nothing(opened: Opened) -> None:
    """Other members are both kept; of one member the second is told what stands there now.

    # R0.4 (part)
    """
    one = opened()
    survey = one.begin("两个人")
    rating = one.add("rating")
    other = opened()
    other.screen.open(f"/staff/surveys/{survey}/edit?at={rating}")
    for turn in range(6):
        one.write("m:text/zh-CN", f"题目 {turn}？")
        other.write("m:hint/zh-CN", f"提示 {turn}")
    one.settle()
    other.settle()
    other.screen.open(f"/staff/surveys/{survey}/edit?at={rating}")
    fields = {
        name: other.screen.find(f'[name="m:{name}/zh-CN"]').get_property("value")
        for name in ("text", "hint")
    }
    assert fields == {"text": "题目 5？", "hint": "提示 5"}
    one.write("m:text/zh-CN", "一个人写的")
    one.screen.wait(lambda: "一个人写的" in one.text_of(rating))
    other.write("m:text/zh-CN", "另一个人写的")
    other.screen.wait(lambda: other.screen.has("#told [role=alert]"))
    assert "一个人写的" in other.screen.find("#told").text
    assert other.screen.find('[name="m:text/zh-CN"]').get_property("value") == "另一个人写的"


def edit_until(author: Author, part: str, name: str, end: float) -> tuple[list[str], int]:
    """Go on adding marks to a question's text; those that were accepted, and how many were not."""
    accepted: list[str] = []
    refused = 0
    text = '[name="m:text/zh-CN"]'
    while time.monotonic() < end:
        mark = f"{name}{len(accepted) + refused};"
        author.screen.wait(lambda: author.screen.press(f"#q-{part}") is None)
        author.settle()
        author.screen.wait(lambda mark=mark: author.append(text, mark) is None)
        author.settle()
        if author.screen.has("#told [role=alert]"):
            refused += 1
            assert "现在的内容是" in author.screen.find("#told").text
            assert author.screen.find(text).get_property("value").endswith(mark)
        else:
            accepted.append(mark)
    return accepted, refused


def test_what_two_write_at_once_is_there_or_was_told_to_be_refused(
    opened: Opened, program: Running
) -> None:
    """No accepted edit is missing; a refused one is shown with what was typed kept.

    For 10 s, or as many as EDITING_SECONDS says. # R0.4 (part)
    """
    one = opened()
    survey = one.begin("同时写")
    rating = one.add("rating")
    made = program.command("user", "create", "gropius", "--role", "survey_designer")
    other = Author(Screen(program, DESKTOP))
    try:
        other.sign_in(made.strip().splitlines()[-1])
        other.screen.open(f"/staff/surveys/{survey}/edit?at={rating}")
        one.screen.wait(lambda: "gropius" in one.screen.find("#news").text)
        end = time.monotonic() + float(os.environ.get("EDITING_SECONDS", "10"))
        with ThreadPoolExecutor(2) as pool:
            told = pool.map(edit_until, (one, other), (rating,) * 2, ("甲", "乙"), (end,) * 2)
            outcomes = list(told)
    finally:
        other.driver.quit()
    one.screen.open(f"/staff/surveys/{survey}/edit?at={rating}")
    text = one.screen.find('[name="m:text/zh-CN"]').get_property("value")
    marks = [mark for accepted, _ in outcomes for mark in accepted]
    assert all(accepted for accepted, _ in outcomes)
    assert [mark for mark in marks if mark not in text] == []
    assert text.count(";") == len(marks)
    print(f"accepted {len(marks)}, refused {sum(refused for _, refused in outcomes)}")


def test_options_are_typed_one_after_another(opened: Opened) -> None:
    """Enter goes on, and makes one more behind the last; nothing typed meanwhile is lost."""
    author = opened()
    author.begin("选项")
    question = author.add("single_choice")
    inputs = "#panel .inner-line .texts input"
    for n, word in enumerate(("门诊", "急诊", "住院", "体检", "其他")):
        author.screen.wait(
            lambda n=n: len(author.driver.find_elements(By.CSS_SELECTOR, inputs)) > n
        )
        if not n:
            author.screen.press(inputs)
        author.screen.wait(lambda n=n: author.focus() == author.input_ids(inputs)[n])
        keys = ActionChains(author.driver)
        keys.key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL)
        keys.send_keys(word, Keys.ENTER if word != "其他" else Keys.TAB).perform()
    line = f"#line-{question}"
    author.screen.wait(lambda: "门诊 / 急诊 / 住院 / 体检 / 其他" in author.screen.find(line).text)


def test_what_is_typed_before_the_next_option_is_there_stands_in_it(opened: Opened) -> None:
    """Whoever types faster than the server answers loses nothing, and goes on where they are."""
    author = opened()
    author.begin("快手")
    question = author.add("single_choice")
    inputs = "#panel .inner-line .texts input"
    author.driver.find_elements(By.CSS_SELECTOR, inputs)[-1].click()
    author.slow(700)
    ActionChains(author.driver).send_keys(
        "门诊", Keys.ENTER, "急诊", Keys.ENTER, "住院", Keys.ENTER, "体"
    ).perform()
    author.screen.wait(lambda: len(author.input_ids(inputs)) == 5 and all(author.input_ids(inputs)))
    author.screen.wait(lambda: author.focus() == author.input_ids(inputs)[-1])
    ActionChains(author.driver).send_keys("检", Keys.TAB).perform()
    author.slow(0)
    line = f"#line-{question}"
    author.screen.wait(lambda: "门诊 / 急诊 / 住院 / 体检" in author.screen.find(line).text)


def test_a_word_of_an_input_method_outlasts_the_server_answer(opened: Opened) -> None:
    """The panel is drawn again once the word is put in, and the word stands in the new option."""
    author = opened()
    author.begin("拼音")
    question = author.add("single_choice")
    inputs = "#panel .inner-line .texts input"
    author.driver.find_elements(By.CSS_SELECTOR, inputs)[-1].click()
    author.slow(500)
    ActionChains(author.driver).send_keys("门诊", Keys.ENTER).perform()
    word = {"text": "ji zhen", "selectionStart": 7, "selectionEnd": 7}
    author.driver.execute_cdp_cmd("Input.imeSetComposition", word)
    author.settle()
    place = author.driver.switch_to.active_element
    assert (place.get_property("value"), place.get_attribute("data-place")) == ("ji zhen", "")
    author.slow(0)
    author.driver.execute_cdp_cmd("Input.insertText", {"text": "急诊"})
    author.screen.wait(lambda: author.focus() == author.input_ids(inputs)[-1] != "")
    ActionChains(author.driver).send_keys("科", Keys.TAB).perform()
    line = f"#line-{question}"
    author.screen.wait(lambda: "门诊 / 急诊科" in author.screen.find(line).text)


def test_without_scripts_the_builder_does_the_same(opened: Opened) -> None:
    """Every act is a form."""
    author = opened(scripts=False)
    screen = author.screen
    author.begin("不用脚本")

    def shown() -> list[str | None]:
        found = author.driver.find_elements(By.CSS_SELECTOR, "[data-question]")
        return [one.get_attribute("data-question") for one in found]

    def write() -> bool:
        field = screen.find('[name="m:text/zh-CN"]')
        field.clear()
        field.send_keys("想说什么？")
        return field.get_property("value") == "想说什么？"

    screen.wait(lambda: screen.press("#b-insert-yes_no") is None)
    screen.wait(lambda: shown() == ["yes_no"])
    screen.wait(lambda: screen.press("#b-insert-text") is None)
    screen.wait(lambda: shown() == ["yes_no", "text"])
    screen.wait(write)
    screen.wait(lambda: screen.press("#panel .actions button") is None)
    screen.wait(lambda: "想说什么？" in author.text_of("text"))
