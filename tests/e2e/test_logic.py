"""A designer without code branches a survey by the editor, by mouse, by keyboard and by drawing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.e2e.test_builder import Author
from tests.e2e.test_web_journey import AXE, DESKTOP, PHONE, Screen
from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

LOGIN = "logician"
OUTPATIENT = "/staff/surveys/outpatient_satisfaction/edit"


class Logician(Author):
    """A designer at conditions and the flow."""

    def pick(self, name: str, words: str) -> None:
        """Choose from a select by its words; the page follows."""
        Select(self.screen.find(f'[name="{name}"]')).select_by_visible_text(words)
        self.settle()

    def settle(self) -> None:
        """Until the page has answered."""
        self.screen.wait(lambda: not self.screen.has(".htmx-request"))

    def condition(self, path: str, question: str, how: str, value: str) -> None:
        """One row of the editor."""
        self.pick(f"c.{path}.ref", question)
        self.screen.wait(lambda: self.screen.has(f'[name="c.{path}.op"]'))
        self.pick(f"c.{path}.op", how)
        self.pick(f"c.{path}.value.0", value)

    def sentence(self) -> str:
        return self.screen.find(".sentence").text

    def says(self, sentence: str) -> None:
        self.screen.wait(lambda: self.sentence() == sentence)

    def save(self) -> None:
        """And back to where one came from."""
        self.screen.wait(lambda: self.screen.has(".standing"))
        self.screen.press('button[value="save"]')
        self.screen.wait(lambda: not self.screen.has("#rule"))

    def titled(self, part: str, title: str, member: str = "text") -> None:
        """Choose a part and word it."""
        self.choose(part)
        self.settle()
        self.screen.wait(lambda: self.write(f"m:{member}/zh-CN", title) is None)
        self.screen.wait(lambda: title in self.text_of(part))

    def draw(self, source: str, target: str) -> None:
        """Drag from a page's handle to another step of the picture."""
        handle = self.screen.find(f'[data-handle="{source}"]')
        end = self.screen.find(f'[data-step="{target}"] rect')
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", end)
        hand: Any = ActionBuilder(self.driver, duration=100)
        hand.pointer_action.move_to(handle).pointer_down().pause(0.1)
        hand.pointer_action.move_to(end, -60, 0).pause(0.1).pointer_up()
        hand.perform()

    def faults_of_access(self) -> list[str]:
        """What axe finds."""
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
        return self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then(r => done(r.violations.map("
            "v => v.id + ' ' + v.nodes.map(n => n.html.slice(0, 160)).join(' | '))))"
        )


@pytest.fixture(scope="module")
def opened(program: Running) -> Iterator[Callable[..., Logician]]:
    """Browsers of one designer; the first uses up the link."""
    made = program.command("user", "create", LOGIN, "--role", "survey_designer")
    link = made.strip().splitlines()[-1]
    screens: list[Screen] = []

    def start(size: tuple[int, int] = DESKTOP) -> Logician:
        screens.append(Screen(program, size))
        author = Logician(screens[-1])
        author.sign_in(link) if len(screens) == 1 else author.come_back(LOGIN)
        return author

    yield start
    for one in screens:
        one.driver.quit()


def branch(author: Logician) -> str:
    """A survey of three pages: two branches by conditions, and a jump that is drawn."""
    screen = author.screen
    survey = author.begin("复诊小调查")
    rating = author.add("rating")
    author.titled(rating, "您对护士满意吗？")
    why = author.add("text")
    author.titled(why, "哪里不满意？")
    first = screen.find("[data-page]").get_attribute("data-page")
    assert first is not None
    for number in (2, 3):
        screen.press("#b-add-page")
        screen.wait(
            lambda n=number: len(author.driver.find_elements("css selector", "[data-page]")) == n
        )
        author.titled(author.add("yes_no"), f"第 {number} 页的问题？")
    pages = [
        one.get_attribute("data-page")
        for one in author.driver.find_elements("css selector", "[data-page]")
    ]
    author.choose(why)
    screen.press(f'#props a[href*="at={why}&member=show_if"]')
    author.condition("0", "1. 您对护士满意吗", "不超过", "2 分")
    author.says("「您对护士满意吗」不超过 2 分")
    screen.wait(lambda: "有的患者符合，有的不符合" in screen.find("#standing").text)
    author.save()
    assert "「您对护士满意吗」不超过 2 分" in screen.find(f'[data-question="{why}"]').text
    screen.press(f'#props a[href*="at={why}&member=required"]')
    author.condition("0", "1. 您对护士满意吗", "是", "1 分（非常不满意）")
    author.save()
    screen.open(f"/staff/surveys/{survey}/edit/flow")
    author.draw(str(pages[0]), str(pages[2]))
    screen.wait(lambda: screen.has("#rule"))
    author.condition("0", "1. 您对护士满意吗", "是", "5 分（非常满意）")
    author.save()
    screen.wait(lambda: "如果「您对护士满意吗」是 5 分" in screen.find("#leads").text)
    return survey


def test_a_designer_without_code_makes_two_branches_and_a_jump(
    opened: Callable[..., Logician],
) -> None:
    """By the editor and by drawing; published, a patient is asked accordingly. # R0.4 (part)"""
    author = opened()
    screen = author.screen
    survey = branch(author)
    assert screen.faults() == []
    screen.open(f"/staff/surveys/{survey}/publish")
    screen.press("main form button")
    screen.wait(lambda: screen.has(".way-in"))
    screen.open(f"/s/{survey}")
    screen.press("main button")
    screen.wait(lambda: screen.has("#q-rating"))
    assert not screen.has("#q-text")
    screen.press("label[for=q-rating-2]")
    screen.wait(lambda: screen.has("#q-text"))
    screen.press("label[for=q-rating-5]")
    screen.wait(lambda: not screen.has("#q-text"))
    screen.press(".actions button[value=next]")
    screen.wait(lambda: screen.has("#q-yes_no_2"))
    assert not screen.has("#q-yes_no")


def test_a_condition_is_made_by_the_keyboard_alone(opened: Callable[..., Logician]) -> None:
    """Tab, arrows and Enter; the focus goes to what a button made. # R0.4 (part)"""
    author = opened()
    driver, screen = author.driver, author.screen
    screen.open(f"{OUTPATIENT}/rule?at=followup_page&member=show_if")

    def focused() -> str:
        return driver.execute_script(
            "const e = document.activeElement; return e.tagName === 'BUTTON' ? e.value : e.name"
        )

    def tab_to(name: str) -> None:
        for _ in range(60):
            if focused() == name:
                return
            ActionChains(driver).send_keys(Keys.TAB).perform()
        raise AssertionError(f"{name} is out of reach, at {focused()}")

    def type_keys(*keys: str) -> None:
        ActionChains(driver).send_keys(*keys).perform()

    tab_to("c.0.ref")
    type_keys(Keys.ARROW_DOWN)
    screen.wait(lambda: screen.has('[name="c.0.op"]'))
    tab_to("c.0.op")
    type_keys(Keys.ARROW_DOWN)
    tab_to("add")
    type_keys(Keys.ENTER)
    screen.wait(lambda: focused() == "c.1.ref")
    type_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    screen.wait(lambda: screen.has('[name="c.1.op"]'))
    tab_to("remove 1")
    type_keys(Keys.ENTER)
    screen.wait(lambda: not screen.has('[name="c.1.ref"]'))
    screen.wait(lambda: focused() == "add")
    tab_to("save")
    type_keys(Keys.ENTER)
    screen.wait(lambda: not screen.has("#rule"))
    assert author.driver.current_url.endswith("/edit?at=followup_page#b-show-if")
    for _ in range(9):
        if "与已发布的一致" in screen.find("#saved").text:
            break
        screen.press("#b-undo")
        Author.settle(author)
    assert "与已发布的一致" in screen.find("#saved").text, "each finished state was one edit"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_of_logic_are_open_to_all(
    opened: Callable[..., Logician], size: tuple[int, int]
) -> None:
    """Axe finds nothing, and no page is wider than the screen. # R0.4 (part)"""
    author = opened(size)
    for path in (
        "rules",
        "rules?of=overall",
        "flow",
        "flow?at=closing_page",
        "rule?at=doctor_wish",
        "rule?at=pharmacy_page&member=show_if",
        "rule?at=closing_page&member=next&n=1",
        "rule?at=contact_wanted",
    ):
        author.screen.open(f"{OUTPATIENT}/{path}")
        if path.startswith("rule?"):
            author.screen.press('button[value="group"]')
            author.screen.wait(lambda: author.screen.has(".cond-nested"))
            author.driver.execute_script(
                "for (const one of document.querySelectorAll('details')) one.open = true"
            )
            author.settle()
        assert author.faults_of_access() == [], path
        wide = author.driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= size[0], path
    faults = author.screen.faults()
    assert faults == []
