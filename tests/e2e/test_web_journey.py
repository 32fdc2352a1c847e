"""Patients on the web pages in real browsers: phone and desktop, with and without scripts."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8")
PHONE, DESKTOP = (390, 844), (1280, 800)
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
WAIT_SECONDS = 60


class Screen:
    """One browser window on the program."""

    def __init__(
        self,
        program: Running,
        size: tuple[int, int],
        *,
        scripts: bool = True,
        lang: str = "zh-CN",
        dark: bool = False,
    ) -> None:
        self.base = program.base
        options: Any = webdriver.ChromeOptions()
        for flag in [*FLAGS, f"--window-size={size[0]},{size[1]}"]:
            options.add_argument(flag)
        preferences: dict[str, Any] = {"intl.accept_languages": lang}
        if not scripts:
            preferences["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", preferences)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        self.driver: Any = webdriver.Chrome(options=options, service=service)
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        if dark:
            scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})

    def open(self, path: str) -> "Screen":
        """Load a page."""
        self.driver.get(self.base + path)
        return self

    def wait(self, what: Callable[[], Any]) -> Any:
        """Until something is true; a page that is just being replaced is looked at again."""

        def look(_: Any) -> Any:
            try:
                return what()
            except (StaleElementReferenceException, WebDriverException):
                return False

        return WebDriverWait(self.driver, WAIT_SECONDS, 0.05).until(look)

    def find(self, selector: str) -> Any:
        """The first element; a page that is still on its way is waited for."""
        found = expected_conditions.presence_of_element_located((By.CSS_SELECTOR, selector))
        return WebDriverWait(self.driver, WAIT_SECONDS, 0.05).until(found, selector)

    def has(self, selector: str) -> bool:
        """Whether there is one."""
        return bool(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def press(self, selector: str) -> None:
        """Click where it is."""
        element = self.find(selector)
        self.driver.execute_cdp_cmd(
            "Runtime.evaluate",
            {
                "expression": f"document.querySelector({json.dumps(selector)})"
                ".scrollIntoView({block: 'center'})"
            },
        )
        element.click()

    def shot(self, name: str) -> None:
        """A picture of the window, where SCREENS_DIR names a directory for them."""
        if folder := os.environ.get("SCREENS_DIR"):
            size = self.driver.execute_script("return `${innerWidth}x${innerHeight}`")
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(Path(folder) / f"{name}-{size}.png"))

    def title(self) -> str:
        """The page's heading."""
        return self.find("h1").text

    def focus(self) -> Any:
        """What has the focus."""
        return self.driver.switch_to.active_element

    def faults(self) -> list[str]:
        """What the browser complained about, but for statuses that a step may have, and for its
        report that it cleared what we asked it to clear."""
        lines: list[Any] = self.driver.get_log("browser")
        told = (" 422 ", "Clear-Site-Data header")
        return [one["message"] for one in lines if not any(part in one["message"] for part in told)]


@pytest.fixture
def screen(program: Running) -> Iterator[Callable[..., Screen]]:
    opened: list[Screen] = []

    def start(size: tuple[int, int], **more: Any) -> Screen:
        opened.append(Screen(program, size, **more))
        return opened[-1]

    yield start
    for one in opened:
        one.driver.quit()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_patient_fills_a_survey(screen: Callable[..., Screen], size: tuple[int, int]) -> None:
    """R1.1.2: branching in the page, problems with the focus, ranking, cascade, picker, ending.

    # R1.1.2 (part)
    """
    on = screen(size).open("/s/web_tests")
    on.press("button[value=start]")
    on.wait(lambda: on.title() == "就诊")
    on.press(".actions button[value=next]")
    on.wait(lambda: on.focus().get_attribute("data-problems") is not None)
    on.press("[data-goto=overall]")
    on.wait(lambda: on.focus().get_attribute("name") == "q.overall")
    on.find("#q-note-c").send_keys("正在写")
    on.press("label[for=q-overall-2]")
    on.wait(lambda: on.has("#q-why"))
    assert not on.has("[data-problems]") and not on.has("#q-overall .problem")
    assert on.find("#q-note-c").get_attribute("value") == "正在写"
    on.press("label[for=q-why-wait]")
    on.press("label[for=q-why-none]")
    assert not on.find("#q-why-wait").is_selected()
    on.press(".actions button[value=next]")
    on.wait(lambda: on.title() == "其他")
    assert on.focus().get_attribute("data-page-title") is not None
    on.press("#q-rank-kind-tap")
    on.press("#q-rank-skill-tap")
    on.find("#q-place-c-1").send_keys("广州")
    on.wait(lambda: on.has("#q-place-c-2"))
    on.find("#q-place-c-2").send_keys("越秀")
    on.press("#q-dept-c")
    on.find("#q-dept-c").send_keys("骨" + Keys.ARROW_DOWN + Keys.ENTER)
    chosen = on.find("#q-dept-c").get_attribute("value")
    assert "骨" in chosen
    on.press(".actions button[value=back]")
    on.wait(lambda: on.title() == "就诊")
    assert on.find("#q-why-none").is_selected()
    on.press(".actions button[value=next]")
    on.wait(lambda: on.title() == "其他")
    assert on.find("#q-rank-kind-tap").get_attribute("aria-pressed") == "true"
    assert on.find("#q-dept-c").get_attribute("value") == chosen
    assert on.find("#q-place-c-2").get_attribute("value") == "yx"
    on.press(".actions button[value=submit]")
    on.wait(lambda: on.has("[data-done]"))
    assert "多谢您" in on.find("[data-done]").text
    assert on.faults() == []


def test_a_signature_is_drawn_with_a_finger(screen: Callable[..., Screen]) -> None:
    on = screen(PHONE).open("/s/web_tests")
    on.press("button[value=start]")
    on.wait(lambda: on.title() == "就诊")
    on.press("label[for=q-overall-5]")
    on.press(".actions button[value=next]")
    on.wait(lambda: on.has(".signature-pad"))
    pad = on.find(".signature-pad")
    actions: Any = webdriver.ActionChains(on.driver).move_to_element(pad).click_and_hold()
    actions.move_by_offset(60, 20).move_by_offset(-90, 15).release().perform()
    on.press(".signature-actions .button")
    on.wait(lambda: on.has("input[type=hidden][name='q.sign']"))
    on.press(".actions button[value=submit]")
    on.wait(lambda: on.has("[data-done]"))


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_survey_is_filled_with_scripts_off(
    screen: Callable[..., Screen], size: tuple[int, int]
) -> None:
    """R1.1.2"""
    on = screen(size, scripts=False).open("/s/web_tests")
    on.press("button[value=start]")
    on.wait(lambda: on.title() == "就诊")
    on.press("label[for=q-overall-2]")
    on.press(".actions button[value=next]")
    on.wait(lambda: on.has("#q-why"))
    on.press("label[for=q-why-wait]")
    on.press(".actions button[value=next]")
    on.wait(lambda: on.title() == "其他")
    on.find("#q-rank-kind").send_keys("第 1 名")
    on.find("#q-rank-skill").send_keys("第 2 名")
    on.press(".actions button[value=submit]")
    on.wait(lambda: on.has("[data-done]"))


def test_a_survey_is_filled_with_the_keyboard_alone(screen: Callable[..., Screen]) -> None:
    """R1.1.2, WCAG 2.1.1: nothing but Tab, arrows, space and Enter."""
    on = screen(DESKTOP).open("/s/web_tests")

    def keys(*pressed: str) -> None:
        for key in pressed:
            webdriver.ActionChains(on.driver).send_keys(key).perform()

    def tab_to(selector: str) -> None:
        for _ in range(60):
            keys(Keys.TAB)
            if on.driver.execute_script(
                "return document.activeElement.matches(arguments[0])", selector
            ):
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    keys(Keys.TAB)
    assert on.focus().get_attribute("class") == "skip"
    tab_to("button[value=start]")
    keys(Keys.ENTER)
    on.wait(lambda: on.title() == "就诊")
    tab_to("[name='q.overall']")
    keys(Keys.SPACE, Keys.ARROW_RIGHT)
    on.wait(lambda: on.has("#q-why"))
    assert on.focus().get_attribute("id") == "q-overall-2"
    tab_to("#q-why-wait")
    keys(Keys.SPACE)
    tab_to("#q-note-c")
    keys("好")
    tab_to(".actions button[value=next]")
    keys(Keys.ENTER)
    on.wait(lambda: on.title() == "其他")
    tab_to("#q-rank-skill-tap")
    keys(Keys.ENTER)
    tab_to(".actions button[value=submit]")
    keys(Keys.ENTER)
    on.wait(lambda: on.has("[data-done]"))


def test_what_was_typed_stays_when_the_network_fails(screen: Callable[..., Screen]) -> None:
    on = screen(PHONE).open("/s/web_tests")
    on.press("button[value=start]")
    on.wait(lambda: on.title() == "就诊")
    on.find("#q-note-c").send_keys("别丢了")
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    on.driver.execute_cdp_cmd("Network.enable", {})
    on.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    on.press(".actions button[value=next]")
    on.wait(lambda: on.find("[data-trouble]").is_displayed())
    assert on.find("#q-note-c").get_attribute("value") == "别丢了"


SURVEYS = ("outpatient_satisfaction", "inpatient_satisfaction", "suggestion", "praise", "web_tests")
LOOKS = {
    "phone": {"size": PHONE},
    "english-dark": {"size": DESKTOP, "lang": "en", "dark": True},
    "small-large-text": {"size": (320, 640), "large": True},
}
SMALL_TARGETS = """
return Array.from(document.querySelectorAll('.main button, .main label, .main select, .main a'))
  .filter(e => e.offsetParent && !e.matches('.default-button, .question-text, .visually-hidden,'
    + ' .choice-entry-label, .cascade-label, label.how, .ranking-text'))
  .filter(e => e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 120));
"""


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_are_accessible(screen: Callable[..., Screen], look: str) -> None:
    """R1.1.2: axe finds nothing, nothing overflows, targets are 44 px, in every look.

    # S71 (part)
    """
    wanted: dict[str, Any] = dict(LOOKS[look])
    large, size = wanted.pop("large", False), wanted.pop("size")
    on = screen(size, **wanted)
    if large:
        on.open("/s/").press("button[value='text.large']")
    look_at(on, "/s/", size)
    for survey in SURVEYS:
        look_at(on, f"/s/{survey}", size)
        on.press("button[value=start]")
        on.wait(lambda: on.has("[data-questions]"))
        look_at(on, None, size)
        on.press(".actions .button-main")
        on.wait(lambda: on.has("[data-problems]"))
        look_at(on, None, size)


def look_at(on: Screen, path: str | None, size: tuple[int, int]) -> None:
    if path is not None:
        on.open(path)
    where = on.driver.current_url
    on.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
    found = on.driver.execute_async_script(
        "const done = arguments[0]; axe.run().then(r => done(r.violations.map("
        "v => v.id + ' ' + v.nodes.map(n => n.html.slice(0, 120)).join(' | '))))"
    )
    assert found == [], where
    assert on.driver.execute_script("return document.documentElement.scrollWidth") <= size[0], where
    assert on.driver.execute_script(SMALL_TARGETS) == [], where


def test_firefox_fills_a_survey_too(program: Running) -> None:
    """R2.3: one journey in Firefox beside Chromium."""
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    node = shutil.which("node")
    if firefox is None or node is None:
        pytest.skip("Firefox or Node.js is missing: install firefox-esr and nodejs.")
    script = Path(__file__).parent / "firefox_journey.mjs"
    done = subprocess.run(
        [node, str(script), firefox, program.base], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert json.loads(done.stdout) == {"title": "其他", "ending": "thanks", "faults": []}
