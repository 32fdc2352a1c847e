"""Patients at a kiosk, in a real browser at both screen sizes, with a finger only."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from runtime import migrations
from runtime.kit.db import Database
from runtime.kit.embedded import Services
from runtime.kit.postgres import APPLICATION, OWNER
from runtime.responses.personal import open_answers
from runtime.secrets.envelope import Envelope
from runtime.secrets.vault import Vault
from runtime.surveys.service import store_survey
from runtime.wiring import local_secret
from tests.serving import answers, free_port

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("kiosk")]

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
PORTRAIT, LANDSCAPE = (1080, 1920), (1920, 1080)
LEAST = 95.5  # 96 CSS pixels, less what rounding takes


def both(chinese: str, english: str) -> dict[str, str]:
    return {"zh-CN": chinese, "en": english}


def options(**words: str) -> list[dict[str, Any]]:
    return [{"id": name, "text": both(text, name)} for name, text in words.items()]


QUESTIONS: list[dict[str, Any]] = [
    {"id": "hello", "type": "statement", "text": both("感谢您来就诊。", "Thank you for coming.")},
    {"id": "overall", "type": "rating", "required": True, "max": 5, "style": "faces",
     "text": both("您对本次就诊的总体感受如何？", "How was it?")},
    {"id": "why", "type": "multi_choice", "text": both("哪些方面不满意？", "What was not good?"),
     "show_if": {"op": "le", "ref": "overall", "value": 3},
     "options": [*options(wait="等候太久", attitude="服务态度"),
                 {"id": "other", "text": both("其他", "Other"), "text_entry": "optional"},
                 {"id": "none", "text": both("以上都没有", "None"), "exclusive": True}]},
    {"id": "came", "type": "single_choice", "appearance": "buttons", "required": True,
     "text": both("您怎样来医院？", "How did you come?"),
     "options": options(bus="公共交通", car="自驾车", walk="步行")},
    {"id": "nps", "type": "nps", "text": both("您会推荐本院吗？", "Would you recommend us?")},
    {"id": "parts", "type": "matrix", "text": both("请评价各环节", "Rate each part"),
     "rows": options(desk="挂号收费", nurse="分诊护士", doctor="接诊医生"), "not_applicable": True,
     "scale": {"min": 1, "max": 5}},
    {"id": "order", "type": "ranking", "text": both("请按重要程度排序", "Rank"),
     "options": options(skill="医疗技术", manner="服务态度", cost="费用")},
    {"id": "named", "type": "yes_no", "text": both("核对姓名了吗？", "Was your name checked?")},
    {"id": "age", "type": "number", "text": both("您的年龄？", "Your age?"),
     "min": 0, "max": 120, "step": 1},
    {"id": "heat", "type": "number", "text": both("您的体温？", "Temperature?"),
     "min": 34, "max": 43, "step": 0.1, "unit": "℃"},
    {"id": "mobile", "type": "text", "format": "phone_cn", "text": both("手机号码", "Mobile")},
    {"id": "card", "type": "text", "format": "id_card_cn", "text": both("身份证号码", "ID")},
    {"id": "say", "type": "text", "lines": 3, "text": both("您的建议？", "Anything else?")},
    {"id": "day", "type": "date", "text": both("就诊日期", "Which day?"),
     "min": "1920-01-01", "max": "today"},
    {"id": "clock", "type": "time", "text": both("几点到院？", "When?")},
    {"id": "home", "type": "cascade", "leaf_only": True, "text": both("住在哪里？", "Where?"),
     "nodes": [{"id": "gz", "text": both("广州", "Guangzhou"), "nodes": options(yx="越秀区")},
               *options(else_where="外地")]},
    {"id": "school", "type": "single_choice", "appearance": "dropdown",
     "text": both("文化程度", "Education"), "options": options(low="小学", high="高中")},
    {"id": "photo", "type": "picture_upload", "text": both("现场照片", "Photos")},
    {"id": "name", "type": "signature", "text": both("请签名", "Please sign")},
    {"id": "agree", "type": "consent", "document": "privacy", "version": 1, "required": True,
     "text": both("我同意与我联系。", "You may contact me.")},
]  # fmt: skip
SURVEY: dict[str, Any] = {
    "format": "huisheng.survey/1",
    "id": "kiosk_all",
    "title": both("门诊患者满意度调查", "Outpatient satisfaction"),
    "languages": ["zh-CN", "en"],
    "kind": "survey",
    "pages": [
        {"id": "first", "title": both("就诊过程", "Your visit"), "questions": QUESTIONS[:7]},
        {"id": "second", "title": both("关于您", "About you"), "questions": QUESTIONS[7:]},
    ],
    "endings": [{"id": "thanks", "text": both("祝您早日康复。", "Get well soon.")}],
}


class Place:
    """A kiosk's program with a database of its own."""

    def __init__(self, base: str, db: Database, folder: Path) -> None:
        self.base = base
        self.db = db
        self.vault = Vault(db, Envelope(local_secret(folder, "envelope.key")))

    def count(self, table: str) -> int:
        """How many rows a table holds."""
        with self.db.begin_everywhere() as connection:
            return connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()

    def answers(self) -> dict[str, Any]:
        """The answers of the newest response, personal ones too."""
        with self.db.begin_everywhere() as connection:
            row = connection.execute(
                sa.text(
                    "SELECT r.id, r.answers, p.sealed FROM responses r "
                    "LEFT JOIN response_personal p ON p.id = r.id "
                    "ORDER BY submitted_at DESC LIMIT 1"
                )
            ).one()
        return row.answers | open_answers(self.vault, row.id, row.sealed)


@pytest.fixture(scope="module")
def open_place(
    services: Services, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Place]]:
    """Starts a kiosk program with settings; all are stopped at the end."""
    postgres = services.postgres
    assert postgres is not None
    running: list[subprocess.Popen[bytes]] = []
    opened: list[tuple[Database, str]] = []

    def start(**settings: str) -> Place:
        name = f"kiosk_{len(opened)}_{os.getpid()}"
        postgres.create_database(name)
        migrations.upgrade(postgres.url(OWNER, name))
        db = Database(postgres.url(APPLICATION, name), pool_size=2, name="kiosk-tests")
        opened.append((db, name))
        store_survey(db, msgspec.json.encode(SURVEY), publish=True)
        port, folder = free_port(), tmp_path_factory.mktemp("kiosk")
        env = {k: v for k, v in os.environ.items() if not k.startswith("HUISHENG_")} | {
            "HUISHENG_ENVIRONMENT": "test",
            "HUISHENG_DATA_DIR": str(folder),
            "HUISHENG_PORT": str(port),
            "HUISHENG_DATABASE_URL": postgres.url(APPLICATION, name),
            "HUISHENG_DATABASE_OWNER_URL": postgres.url(OWNER, name),
            "HUISHENG_REDIS_URL": services.redis_url,
            "HUISHENG_POOL_SIZE": "2",
            **settings,
        }
        command = [Path(sys.executable).parent / "huisheng", "serve", "--channels", "kiosk"]
        with (folder / "log").open("wb") as log:
            running.append(subprocess.Popen(command, env=env, stdout=log, stderr=log))
        base = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(base, "/health/live"), 180)
        return Place(base, db, folder)

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        process.wait(30)
    for db, name in opened:
        db.close()
        postgres.drop_database(name)


def wait_until(holds: Callable[[], Any], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def place(open_place: Callable[..., Place]) -> Place:
    """A kiosk with its usual clocks."""
    return open_place()


@pytest.fixture(scope="module")
def hasty(open_place: Callable[..., Place]) -> Place:
    """A kiosk that asks after two seconds."""
    return open_place(
        HUISHENG_KIOSK_IDLE_SECONDS="2",
        HUISHENG_KIOSK_WARNING_SECONDS="2",
        HUISHENG_KIOSK_ENDING_SECONDS="2",
    )


@pytest.fixture(scope="module")
def brief(open_place: Callable[..., Place]) -> Place:
    """A kiosk whose longest time is over soon."""
    return open_place(HUISHENG_KIOSK_ABSOLUTE_SECONDS="8")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chosen = webdriver.ChromeOptions()
    profile = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        chosen.add_argument(flag)
    chosen.binary_location = shutil.which("chromium") or "chromium"
    chosen.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=chosen, service=service)
    yield driver
    driver.quit()


class Machine:
    """A kiosk as a patient meets it."""

    def __init__(self, browser: Any, place: Place, size: tuple[int, int]) -> None:
        self.browser, self.place = browser, place
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
        )
        browser.get_log("browser")
        browser.get(f"{place.base}/kiosk/")

    def one(self, selector: str) -> WebElement:
        """The first visible element, waited for."""
        return WebDriverWait(self.browser, 8).until(lambda _: self.visible(selector))[0]

    def visible(self, selector: str) -> list[WebElement]:
        """Every visible element."""
        found = self.browser.find_elements(By.CSS_SELECTOR, selector)
        try:
            return [element for element in found if element.is_displayed()]
        except StaleElementReferenceException:  # the form was put in place of the one before
            return self.visible(selector)

    def touch(self, selector: str) -> None:
        """Touch the first visible element."""
        self.one(selector).click()

    def begin(self, lang: str = "zh-CN") -> None:
        """From the start screen to the first question."""
        if lang == "en":
            self.touch(".tool[lang=en]")
        self.touch("[data-survey=kiosk_all]")
        self.touch("button[value=start]")
        self.one(".is-current")

    def here(self) -> str:
        """The question on screen, or "" where there is none."""
        found = "return (document.querySelector('.is-current') || {dataset: {}}).dataset.question"
        return self.browser.execute_script(found) or ""

    @property
    def current(self) -> str:
        """The question on screen, waited for."""
        wait_until(self.here)
        return self.here()

    def next(self) -> str:
        """Touch "next" and wait for what comes."""
        before = self.current
        self.touch("[data-next]")
        wait_until(lambda: self.here() != before)
        return self.here()

    def go_to(self, question: str) -> None:
        """Touch "next" until a question comes, answering what must be answered."""
        while self.current != question:
            self.answer_if_needed()
            self.next()

    def answer_if_needed(self) -> None:
        """The least that lets a patient go on."""
        match self.current:
            case "overall" if not self.visible(".is-current input:checked + label"):
                self.touch("[data-question=overall] label[data-option='5']")
                self.settled()
            case "came":
                self.touch(".is-current [data-option=bus] label")
            case "agree":
                self.touch(".is-current [data-option=yes] label")
            case _:
                pass

    def settled(self) -> None:
        """Wait until no request is under way."""
        time.sleep(0.05)
        wait_until(lambda: "is-busy" not in self.root_class())

    def root_class(self) -> str:
        return str(self.browser.execute_script("return document.documentElement.className"))

    def small_targets(self) -> list[Any]:
        """Everything to touch that is less than 96 pixels wide or high."""
        return self.browser.execute_script(SMALL_TARGETS, LEAST)

    def overflow(self) -> list[str]:
        """Whether more than one question is on screen, or one does not fit."""
        return self.browser.execute_script(OVERFLOW)

    def axe(self) -> list[str]:
        """What axe finds serious or critical."""
        self.browser.execute_script(AXE)
        return self.browser.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})"
            ".then((r) => done(r.violations.filter((v) => ['serious', 'critical'].includes("
            "v.impact)).map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' ')"
            ".slice(0, 300))));"
        )

    def cookies(self) -> list[Any]:
        """Every cookie the browser holds, those closed to scripts too."""
        return self.browser.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]

    def errors(self) -> list[str]:
        """What the console holds against our pages."""
        lines = [line["message"] for line in self.browser.get_log("browser")]
        return [line for line in lines if "favicon" not in line]


SMALL_TARGETS = """
const isShown = (e) => e.getClientRects().length && getComputedStyle(e).visibility !== 'hidden'
  && getComputedStyle(e).pointerEvents !== 'none' && !e.closest('[aria-hidden=true]')
  && !e.closest('.visually-hidden') && !e.matches('.skip, .scale-input, .matrix-input');
return Array.from(document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, .control label'))
  .filter(isShown)
  .filter((e) => !e.matches('.choice-entry-label'))
  .map((e) => [e.tagName, e.className, e.getBoundingClientRect()])
  .filter(([, , box]) => box.width < arguments[0] || box.height < arguments[0])
  .map(([tag, name, box]) => `${tag}.${name} ${box.width}x${box.height}`);
"""
OVERFLOW = """
const body = document.querySelector('[data-step-body]');
if (!body) return [];
const shown = document.querySelectorAll('[data-questions] > .is-current').length;
return [shown !== 1 && `${shown} questions`, body.scrollHeight > body.clientHeight && 'too tall',
  body.scrollWidth > body.clientWidth && 'too wide'].filter(Boolean);
"""
SIZES = pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])


def test_a_patient_fills_every_type_with_a_finger(browser: Any, place: Place) -> None:
    machine = Machine(browser, place, PORTRAIT)
    machine.begin()
    assert machine.next() == "overall"
    machine.touch("label[data-option='2']")
    machine.settled()
    assert machine.current == "overall"
    assert machine.next() == "why"
    machine.touch(".is-current [data-option=none] label")
    machine.touch(".is-current [data-option=wait] label")
    assert machine.next() == "came"
    machine.touch(".is-current [data-option=car] label")
    machine.next()
    machine.touch(".is-current label[data-option='9']")
    machine.next()
    for row, value in (("desk", "4"), ("nurse", "not-applicable"), ("doctor", "5")):
        machine.touch(f".is-current [data-row={row}] [data-option='{value}']")
    machine.next()
    for option in ("cost", "skill", "manner"):
        machine.touch(f".is-current [data-option={option}] .ranking-tap")
    assert machine.next() == "named"
    machine.touch(".is-current [data-option=yes] label")
    machine.next()
    type_in(machine, "72")
    machine.next()
    type_in(machine, "36.5")
    machine.next()
    type_in(machine, "13800138000")
    machine.next()
    type_in(machine, "11010519491231002X")
    machine.next()
    machine.one(".is-current textarea").send_keys("都很好")
    assert machine.next() == "day"
    choose_date(machine)
    machine.next()
    machine.one(".is-current [aria-label='时'] button:nth-child(9)").click()
    machine.one(".is-current [aria-label='分'] button:nth-child(7)").click()
    machine.next()
    machine.touch(".is-current .drill-item.has-more")
    machine.touch(".is-current .drill-item")
    machine.next()
    machine.touch(".is-current .drill-item:nth-child(2)")
    assert machine.next() == "photo"
    assert machine.next() == "name"
    sign(machine)
    assert machine.next() == "agree"
    machine.answer_if_needed()
    machine.touch("[data-next]")
    machine.one("[data-ending=thanks]")
    answers = place.answers()
    signature = answers.pop("name")
    assert isinstance(signature, str)
    assert signature
    assert answers == {
        "overall": 2, "why": ["wait"], "came": "car", "nps": 9,
        "parts": {"desk": 4, "nurse": {"not_applicable": True}, "doctor": 5},
        "order": ["cost", "skill", "manner"], "named": True, "age": 72, "heat": 36.5,
        "mobile": "13800138000", "card": "11010519491231002X", "say": "都很好",
        "day": "1949-12-31", "clock": "08:30", "home": "yx", "school": "high",
        "agree": {"agreed": True, "version": 1},
    }  # fmt: skip
    assert machine.errors() == []


def type_in(machine: Machine, text: str) -> None:
    for key in text:
        machine.touch(f".is-current [data-key='{key}']")


def choose_date(machine: Machine) -> None:
    """31 December 1949, as a patient born then would."""
    machine.touch(".is-current .pad-head .cell:nth-child(2)")
    while not machine.browser.find_elements(By.XPATH, "//button[text()='1949年']"):
        machine.touch(".is-current .pad-step[aria-label='往前']")
    machine.browser.find_element(By.XPATH, "//button[text()='1949年']").click()
    machine.browser.find_element(By.XPATH, "//button[text()='12月']").click()
    machine.touch(".is-current [aria-label='1949年12月31日']")


def sign(machine: Machine) -> None:
    pad = machine.one(".is-current canvas")
    actions = webdriver.ActionChains(machine.browser)
    actions.move_to_element_with_offset(pad, -100, 0).click_and_hold().move_by_offset(150, 60)
    actions.move_by_offset(80, -90).release().perform()
    machine.touch(".is-current [data-pad-done]")
    machine.one(".is-current .upload-item")


@SIZES
def test_every_screen_has_large_targets_nothing_to_scroll_and_nothing_serious_for_axe(
    browser: Any, place: Place, size: tuple[int, int]
) -> None:
    machine = Machine(browser, place, size)
    found: dict[str, list[Any]] = {}

    def look(name: str) -> None:
        # What axe judges is the same at both sizes, but for what it calls a target's size.
        found[name] = machine.small_targets() + machine.overflow()
        if size == PORTRAIT:
            found[name] += machine.axe()

    look("start")
    machine.touch("[data-survey=kiosk_all]")
    machine.one("button[value=start]")
    look("survey")
    machine.touch("button[value=start]")
    while machine.current != "agree":
        if machine.current == "overall":
            machine.touch("label[data-option='1']")
            machine.settled()
        machine.answer_if_needed()
        look(machine.current)
        machine.next()
    machine.answer_if_needed()
    look("agree")
    machine.touch("[data-exit]")
    look("exit")
    machine.touch("[data-overlay=exit] [data-stay]")
    machine.touch("[data-next]")
    machine.one("[data-ending]")
    look("ending")
    assert {name: what for name, what in found.items() if what} == {}
    assert len(found) == len(QUESTIONS) + 4


def test_an_answer_that_opens_a_question_keeps_the_place(browser: Any, place: Place) -> None:
    machine = Machine(browser, place, PORTRAIT)
    machine.begin()
    machine.next()
    for value, following in (("1", "why"), ("5", "came"), ("3", "why")):
        machine.touch(f"label[data-option='{value}']")
        machine.settled()
        assert machine.current == "overall"
        assert machine.next() == following
        machine.touch("[data-back]")
        wait_until(lambda: machine.current == "overall")


def test_a_choice_may_be_undone(browser: Any, place: Place) -> None:
    machine = Machine(browser, place, PORTRAIT)
    machine.begin()
    machine.go_to("nps")
    assert not machine.visible(".is-current [data-clear]")
    machine.touch(".is-current label[data-option='9']")
    machine.touch(".is-current [data-clear]")
    assert not browser.find_elements(By.CSS_SELECTOR, "[data-question=nps] input:checked")
    assert not machine.visible(".is-current [data-clear]")


def test_a_required_question_asks_once_and_the_server_decides(browser: Any, place: Place) -> None:
    machine = Machine(browser, place, PORTRAIT)
    machine.begin()
    machine.next()
    machine.touch("[data-next]")
    first = machine.current
    assert first == "overall"
    assert machine.visible("[data-needed]")
    while machine.current != "order":
        machine.touch("[data-next]")
    machine.touch("[data-next]")
    machine.one(".is-current [data-problem=required]")
    assert machine.current == "overall"


def test_going_back_to_a_page_shows_its_last_question(browser: Any, place: Place) -> None:
    machine = Machine(browser, place, PORTRAIT)
    machine.begin()
    machine.go_to("named")
    machine.touch("[data-back]")
    wait_until(lambda: machine.current == "order")


def test_the_language_changes_in_the_middle(browser: Any, place: Place) -> None:
    machine = Machine(browser, place, LANDSCAPE)
    machine.begin()
    machine.go_to("came")
    machine.touch(".tool[lang=en]")
    machine.settled()
    assert "How did you come?" in machine.one(".is-current").text
    assert machine.current == "came"


def test_a_phone_goes_on_where_the_kiosk_stopped(browser: Any, place: Place) -> None:
    machine = Machine(browser, place, PORTRAIT)
    machine.begin()
    machine.go_to("came")
    before = place.count("session_handovers")
    machine.touch("[data-handover]")
    machine.one(".handover-code svg.qr")
    assert machine.small_targets() == []
    assert machine.axe() == []
    assert place.count("session_handovers") == before + 1
    machine.touch("[data-stay-link]")
    machine.one(".is-current")


def assert_nothing_is_left(machine: Machine) -> None:
    """No cookie, no storage, and neither Back nor Forward nor reloading shows an answer."""
    browser = machine.browser
    assert machine.cookies() == []
    stores = browser.execute_script(
        "return [localStorage.length, sessionStorage.length, document.cookie]"
    )
    assert stores == [0, 0, ""]
    back, forward, reload = browser.back, browser.forward, browser.refresh
    for move in (back, forward, reload, back, back, back, forward, reload):
        move()
        wait_until(lambda: machine.visible("[data-attract], button[value=start]"))
        assert "data-question" not in browser.page_source
    browser.execute_script("history.go(-5)")
    time.sleep(0.2)
    assert "data-question" not in browser.page_source
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.ALT, Keys.ARROW_LEFT)
    time.sleep(0.2)
    assert "data-question" not in browser.page_source


def test_a_patient_who_needs_more_time_is_asked_and_gets_it(browser: Any, brief: Place) -> None:
    """A minute before the longest time is over the page asks; one touch gives it again. # S71"""
    machine = Machine(browser, brief, (1080, 1920))
    machine.begin()
    machine.one("[data-overlay=long]")
    assert machine.axe() == []
    for _ in range(3):
        machine.touch("[data-overlay=long] [data-stay]")
        machine.one("[data-overlay=long]")
        time.sleep(3)
    assert machine.here()
    wait_until(lambda: machine.visible("[data-survey=kiosk_all]"))
    assert machine.cookies() == []


def test_a_patient_who_walks_away_leaves_nothing(browser: Any, hasty: Place) -> None:
    """# S16 (part), S62"""
    machine = Machine(browser, hasty, PORTRAIT)
    machine.begin()
    machine.next()
    machine.touch("label[data-option='1']")
    browser.execute_script("localStorage.setItem('x', '1'); sessionStorage.setItem('y', '1')")
    assert hasty.count("sessions") == 1
    machine.one("[data-overlay=idle]")
    assert machine.axe() == []
    assert machine.small_targets() == []
    machine.one("[data-attract]")
    wait_until(lambda: hasty.count("sessions") == 0)
    assert_nothing_is_left(machine)


def test_a_patient_who_is_still_there_goes_on(browser: Any, hasty: Place) -> None:
    machine = Machine(browser, hasty, LANDSCAPE)
    machine.begin()
    machine.touch("[data-overlay=idle] [data-stay]")
    assert machine.current == "hello"
    assert not machine.visible("[data-overlay]")
    machine.touch("[data-exit]")
    machine.touch("[data-overlay=exit] [data-wipe]")
    machine.one("[data-attract]")
    assert_nothing_is_left(machine)


def test_the_ending_returns_to_the_start_screen_by_itself(browser: Any, hasty: Place) -> None:
    machine = Machine(browser, hasty, PORTRAIT)
    machine.begin()
    machine.go_to("agree")
    machine.answer_if_needed()
    machine.touch("[data-next]")
    machine.one("[data-ending=thanks]")
    machine.one("[data-attract]")
    assert_nothing_is_left(machine)


def test_without_scripts_every_question_of_a_page_stands_there_and_works(
    browser: Any, place: Place
) -> None:
    machine = Machine(browser, place, PORTRAIT)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        machine.touch("[data-survey=kiosk_all]")
        machine.touch("button[value=start]")
        machine.one("[data-question=overall]")
        assert len(machine.visible("[data-question]")) == 6
        for name in ("overall-5", "came-bus"):
            browser.find_element(By.CSS_SELECTOR, f"label[for=q-{name}]").click()
        machine.touch("button[data-next]")
        machine.one("[data-question=agree]")
        browser.find_element(By.CSS_SELECTOR, "label[for=q-agree-yes]").click()
        machine.touch("button[data-next]")
        machine.one("[data-ending=thanks]")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert place.answers()["overall"] == 5


def test_the_selftest_names_what_the_browser_can_do(browser: Any, place: Place) -> None:
    machine = Machine(browser, place, LANDSCAPE)
    browser.get(f"{place.base}/kiosk/selftest")
    states = [
        element.get_attribute("data-state")
        for element in machine.visible("[data-fact]")
        if element.get_attribute("data-fact") != "secure"
    ]
    assert states == ["good"] * 9
    assert "1920 × 1080" in machine.one("[data-fact=viewport]").text
    assert machine.axe() == []


def test_the_menu_and_selection_are_off(browser: Any, place: Place) -> None:
    machine = Machine(browser, place, PORTRAIT)
    held = browser.execute_script(
        "const e = new MouseEvent('contextmenu', {bubbles: true, cancelable: true});"
        "document.body.dispatchEvent(e); return e.defaultPrevented"
    )
    assert held is True
    style = "const s = getComputedStyle(document.body); return [s.userSelect, s.touchAction]"
    assert browser.execute_script(style) == ["none", "manipulation"]
    assert machine.errors() == []


def test_the_survey_of_these_tests_has_every_type_a_kiosk_draws_itself() -> None:
    drawn = {path.stem for path in (ROOT / "renderers/kiosk/templates/questions").glob("*.html")}
    assert drawn <= {question["type"] for question in QUESTIONS}
    assert json.dumps(SURVEY)
