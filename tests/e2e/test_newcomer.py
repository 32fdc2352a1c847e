"""Somebody who never saw the tool makes the outpatient survey of ten questions with two branches.

Walked by mouse, by keyboard alone, and on a phone, from the empty form to a patient's answer with
its score. Set SCREENS_DIR to keep a picture of each step.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.e2e.test_builder import Author
from tests.e2e.test_web_journey import DESKTOP, PHONE, Screen
from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

LOGIN = "newcomer"
TITLE = "门诊就诊体验调查"
QUESTIONS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("department", "科室", "您这次在哪个科室就诊？", ()),
    ("date", "日期", "您是哪一天来看病的？", ()),
    ("single_choice", "单选", "您是怎样挂号的？", ("手机", "窗口", "自助机")),
    ("rating", "评分题", "您对候诊时间满意吗？", ()),
    ("matrix", "矩阵", "请评价工作人员的态度", ("医生", "护士")),
    ("nps", "推荐", "您愿意把我们医院推荐给亲友吗？", ()),
    ("text", "文字题", "是什么让您不愿意推荐？", ()),
    ("multi_choice", "多选", "哪些方面最需要改进？", ("候诊时间", "就诊环境", "费用说明")),
    ("yes_no", "是非", "需要我们给您回电话吗？", ()),
    ("text", "文字题", "您的手机号码", ()),
)
"""Type, the word that finds it in the palette, what it asks, its options or rows."""
BRANCHES = {6: "6 分", 9: "是"}
"""The questions that are asked only if the one before them was answered so."""

ASKS_BEFORE_LEAVING = (
    "const leaving = new Event('beforeunload', { cancelable: true });"
    "window.dispatchEvent(leaving); return leaving.defaultPrevented"
)


class Newcomer(Author):
    """A designer's first hour; `steps` counts presses, words and keys."""

    steps = 0

    def press(self, selector: str) -> None:
        self.steps += 1
        self.screen.wait(lambda: self.screen.press(selector) is None)

    def keys(self, *pressed: str) -> None:
        """Keys, or words, wherever the keyboard is."""
        self.steps += len(pressed)
        ActionChains(self.driver).send_keys(*pressed).perform()

    def at(self, selector: str) -> bool:
        """Whether the keyboard is there."""
        script = "return document.activeElement.matches(arguments[0])"
        return self.driver.execute_script(script, selector)

    def tab_to(self, selector: str, back: bool = False) -> None:
        """Tab until there."""
        for _ in range(60):
            if self.at(selector):
                return
            self.steps += 1
            chain = ActionChains(self.driver)
            chain = chain.key_down(Keys.SHIFT) if back else chain
            chain.send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
        raise AssertionError(f"Tab does not lead to {selector}, but to {self.focus()}")

    def told(self, words: str) -> None:
        """A screen reader is told."""
        live = self.screen.find("#live")
        self.screen.wait(lambda: words in live.get_property("textContent"))

    def asks(self, words: str, seen: int) -> None:
        """Word the question that was just made."""
        self.screen.wait(lambda: len(self.questions()) == seen + 1)
        self.screen.wait(lambda: self.focus() == "p-m:text/zh-CN")
        self.keys(words)

    def entries(self, words: tuple[str, ...]) -> None:
        """Options one after another from the first, with Enter between them."""
        for n, word in enumerate(words):
            self.screen.wait(lambda n=n: self.focus() == self.fields()[n])
            self.keys(word)
            if n + 1 < len(words):
                self.keys(Keys.ENTER)
                self.screen.wait(lambda n=n: len(self.fields()) > n + 1)

    def fields(self) -> list[str]:
        """The inputs of the options or rows."""
        return self.input_ids("#panel .inner-line .texts input")

    def is_kept(self) -> bool:
        """Whether the condition is in the draft."""
        return self.screen.has("#rule-body:not([data-unkept])")

    def survey(self) -> str:
        return self.driver.current_url.split("/")[5]


@pytest.fixture(scope="module")
def opened(program: Running) -> Iterator[Callable[..., Newcomer]]:
    """Browsers of one newcomer; the first uses up the link."""
    made = program.command("user", "create", LOGIN, "--role", "survey_designer")
    link = made.strip().splitlines()[-1]
    screens: list[Screen] = []

    def start(size: tuple[int, int] = DESKTOP) -> Newcomer:
        screens.append(Screen(program, size))
        author = Newcomer(screens[-1])
        author.sign_in(link) if len(screens) == 1 else author.come_back(LOGIN)
        author.screen.open("/staff/surveys/new")
        author.screen.wait(lambda: author.focus() == "title")
        return author

    yield start
    for one in screens:
        one.driver.quit()


def begin(author: Newcomer, name: str) -> str:
    """The survey is named; the keyboard stands in its name already."""
    author.keys(TITLE, Keys.ENTER)
    author.screen.wait(lambda: author.screen.has("body.has-script #builder"))
    doctor = author.screen.find("#doctor")
    author.screen.wait(lambda: "第一步" in doctor.get_property("textContent"))
    author.screen.shot(f"{name}-00-empty")
    return author.survey()


def answered(screen: Screen, program: Running, survey: str) -> Any:
    """A patient opens it on a phone, sees both branches, and answers; the stored response."""
    metrics = {"width": PHONE[0], "height": PHONE[1], "deviceScaleFactor": 1, "mobile": False}
    screen.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    screen.open(f"/s/{survey}").press("main button")
    screen.wait(lambda: screen.has("#q-rating"))
    assert not screen.has("#q-text") and not screen.has("#q-text_2")
    screen.press("label[for=q-rating-4]")
    screen.press("label[for=q-matrix-row_1-5]")
    screen.press("label[for=q-nps-3]")
    screen.wait(lambda: screen.has("#q-text"))
    screen.press("label[for=q-yes_no-yes]")
    screen.wait(lambda: screen.has("#q-text_2"))
    screen.find("#q-text_2-c").send_keys("13800138000")
    screen.shot("patient")
    screen.press(".actions button[value=submit]")
    screen.wait(lambda: screen.has("[data-done]"))
    token = program.token("responses:read")
    url = f"{program.base}/api/v1/responses?survey={survey}"
    found = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    (response,) = found.json()["responses"]
    return response


def check(response: Any) -> None:
    """The mean of 75 points for the waiting and 100 for the doctor."""
    assert response["answers"]["nps"] == 3 and response["answers"]["yes_no"] is True
    (score,) = response["scores"].values()
    assert (score["value"], score["answered"], score["of"]) == (87.5, 2, 2)


def branch(author: Newcomer, value: str, name: str) -> None:
    """「只在某些情况下才问」: the question before is chosen already; it saves itself."""
    author.press("#b-show-if")
    author.screen.wait(lambda: author.screen.has("#rule"))
    author.steps += 1
    Select(author.screen.find('[name="c.0.value.0"]')).select_by_visible_text(value)
    author.screen.wait(author.is_kept)
    author.screen.shot(name)
    author.press('button[value="save"]')
    author.screen.wait(lambda: author.focus() == "b-show-if")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_newcomer_makes_the_outpatient_survey(
    opened: Callable[..., Newcomer], program: Running, size: tuple[int, int]
) -> None:
    """By mouse, or by finger on a phone: every press leads on without a search. # R0.4 (part)"""
    author = opened(size)
    screen, is_phone = author.screen, size == PHONE
    name = "phone" if is_phone else "mouse"
    survey = begin(author, name)
    for n, (kind, _, words, options) in enumerate(QUESTIONS):
        if is_phone:
            author.press('.pane-switch a[href="#palette"]')
        author.press(f'[data-type="{kind}"] button')
        author.asks(words, n)
        if options:
            author.press("#panel .inner-line .texts input")
            author.entries(options)
        screen.shot(f"{name}-{n + 1:02}-{kind}")
        if n in BRANCHES:
            branch(author, BRANCHES[n], f"{name}-{n + 1:02}-rule")
    wide = author.driver.execute_script("return document.documentElement.scrollWidth")
    assert wide <= size[0]
    if is_phone:
        author.press('.pane-switch a[href="#canvas"]')
    screen.wait(lambda: screen.has(".next-step"))
    screen.shot(f"{name}-11-all")
    author.press('.next-step a[href$="/scores"]')
    author.press("#b-new")
    screen.wait(lambda: author.at(".score-head input"))
    screen.shot(f"{name}-12-score")
    author.press(".build-acts a.button")
    screen.shot(f"{name}-13-publish")
    author.press("main form.panel .actions button")
    screen.wait(lambda: screen.has(".way-in"))
    screen.shot(f"{name}-14-way-in")
    print(f"{name}: {author.steps} steps")
    assert screen.faults() == []
    check(answered(screen, program, survey))


def test_a_newcomer_makes_the_same_with_the_keyboard_alone(
    opened: Callable[..., Newcomer], program: Running
) -> None:
    """Alt+N and a word add a question, Tab and Enter do the rest; what was done is announced.

    # R0.4 (part)
    """
    author = opened()
    screen = author.screen
    survey = begin(author, "keys")
    for n, (_, sought, words, options) in enumerate(QUESTIONS):
        author.steps += 1
        ActionChains(author.driver).key_down(Keys.ALT).send_keys("n").key_up(Keys.ALT).perform()
        assert author.focus() == "seek"
        author.keys(sought, Keys.ENTER)
        author.asks(words, n)
        author.told(f"第 {n + 1} 题")
        if options:
            author.tab_to("#panel .inner-line .texts input")
            author.entries(options)
        if n in BRANCHES:
            author.tab_to("#b-show-if")
            author.keys(Keys.ENTER)
            screen.wait(lambda: screen.has("#rule"))
            author.tab_to('[name="c.0.value.0"]')
            author.keys(BRANCHES[n][0])
            screen.wait(author.is_kept)
            assert "已自动保存" in screen.find("#kept").text
            author.tab_to('button[value="save"]')
            author.keys(Keys.ENTER)
            screen.wait(lambda: author.focus() == "b-show-if")
    screen.wait(lambda: screen.has(".next-step"))
    author.tab_to('.next-step a[href$="/scores"]', back=True)
    author.keys(Keys.ENTER)
    screen.wait(lambda: screen.has("#b-new"))
    author.tab_to("#b-new")
    author.keys(Keys.ENTER)
    screen.wait(lambda: author.at(".score-head input"))
    author.told("已加一个得分")
    author.tab_to(".build-acts a.button", back=True)
    author.keys(Keys.ENTER)
    screen.wait(lambda: screen.has("main form.panel .actions button"))
    author.tab_to("main form.panel .actions button")
    author.keys(Keys.ENTER)
    screen.wait(lambda: screen.has(".way-in"))
    print(f"keyboard: {author.steps} steps")
    assert screen.faults() == []
    check(answered(screen, program, survey))


def test_whoever_leaves_an_unfinished_condition_is_warned(
    opened: Callable[..., Newcomer],
) -> None:
    """What is finished is kept without a button; what is not asks first. # R0.4 (part)"""
    author = opened()
    screen = author.screen
    begin(author, "leave")
    for n, kind in enumerate(("rating", "text")):
        author.press(f'[data-type="{kind}"] button')
        author.asks("满意吗？", n)
    author.press("#b-show-if")
    screen.wait(lambda: screen.has("#rule"))
    Select(screen.find('[name="c.0.value.0"]')).select_by_visible_text("2 分")
    screen.wait(author.is_kept)
    author.press('button[value="add"]')
    screen.wait(lambda: not author.is_kept())
    assert author.driver.execute_script(ASKS_BEFORE_LEAVING)
    author.press('button[value="remove 1"]')
    screen.wait(author.is_kept)
    screen.wait(lambda: not author.driver.execute_script(ASKS_BEFORE_LEAVING))
    author.press("main .trail a[href*='at=text']")
    screen.wait(lambda: "不超过 2 分" in screen.find("#shown-when").text)
