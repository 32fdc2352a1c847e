"""Staff who never touch a mouse: the first administrator, a colleague, their sessions."""

import base64
import json
import time
from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from runtime.accounts import totp
from runtime.staff.sections import SECTIONS
from tests.e2e.test_web_journey import DESKTOP, PHONE, Screen
from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

FIRST, LATER = "Lm7#tarvoqie-Zu", "Kd4!wuzepnif-Bo"
MOST_STOPS = 150


class Keyboard:
    """A browser that is driven by keys alone, as who cannot use a mouse drives it."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.driver = screen.driver

    def visit(self, address: str) -> None:
        """Type an address."""
        self.driver.get(address)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def reach(self, selector: str) -> None:
        """Tab on until the element has the focus; it is in view then, with a visible mark."""
        for _ in range(MOST_STOPS):
            if self._is_on(selector):
                assert self._is_marked(), f"no visible focus on {selector}"
                return
            self.press(Keys.TAB)
        raise AssertionError(f"{selector} is not reached by Tab on {self.driver.current_url}")

    def _is_on(self, selector: str) -> bool:
        script = "return document.activeElement.matches(arguments[0])"
        return bool(self.driver.execute_script(script, selector))

    def _is_marked(self) -> bool:
        script = (
            "const e = document.activeElement, s = getComputedStyle(e);"
            "const b = e.getBoundingClientRect();"
            "return (s.outlineStyle !== 'none' || s.boxShadow !== 'none')"
            " && b.bottom > 0 && b.top < innerHeight && b.width > 0"
        )
        return bool(self.driver.execute_script(script))

    def fill(self, **values: str) -> None:
        """Write into fields by their ids, one after another."""
        for name, text in values.items():
            self.reach(f"#{name}")
            self.press(text)

    def enter(self, selector: str = "main form:not([action*=sign-out]) button") -> None:
        """Press Enter on a button or link, and wait for the next page."""
        self.reach(selector)
        before = self.screen.find("html").id
        self.press(Keys.ENTER)
        self.screen.wait(lambda: self.screen.find("html").id != before)

    def choose(self, selector: str, value: str) -> None:
        """Go down a list until the value is chosen."""
        self.reach(selector)
        for _ in range(MOST_STOPS):
            if self.screen.find(selector).get_property("value") == value:
                return
            self.press(Keys.DOWN)
        raise AssertionError(f"{value} is not in {selector}")

    def enter_menu(self, link: str) -> None:
        """Press Enter on something of the frame, on a phone after opening its drawer."""
        if self.screen.find(".menu").is_displayed():
            self.reach(".menu")
            self.press(Keys.ENTER)
            self.screen.wait(lambda: self.screen.find("nav.sections").is_displayed())
            self.enter(f"nav.sections {link}")
        else:
            self.enter(link)

    def path(self) -> str:
        """Where the browser is."""
        return self.driver.current_url.removeprefix(self.screen.base)

    def sections(self) -> list[str]:
        """The navigation's addresses."""
        links = self.driver.find_elements(By.CSS_SELECTOR, "nav.sections a")
        return [link.get_attribute("href").removeprefix(self.screen.base) for link in links]


@pytest.fixture
def keyboard(program: Running) -> Iterator[Callable[[tuple[int, int]], Keyboard]]:
    opened: list[Screen] = []

    def start(size: tuple[int, int]) -> Keyboard:
        opened.append(Screen(program, size))
        return Keyboard(opened[-1])

    yield start
    for one in opened:
        one.driver.quit()


def _sections_of(program: Running, role: str) -> list[str]:
    roles = json.loads(program.command("roles", "export"))["roles"]
    may = next(one["permissions"] for one in roles if one["id"] == role)
    return [one.path for one in SECTIONS if one.permission is None or one.permission in may]


def _enrol(on: Keyboard) -> list[str]:
    """Put the shown secret into an authenticator; gives the recovery codes."""
    shown = on.screen.find("ol code").text.replace(" ", "")
    secret = base64.b32decode(shown)
    on.fill(code=totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS))
    on.enter()
    return [one.text for one in on.driver.find_elements(By.CSS_SELECTOR, ".codes code")]


def _set_password(on: Keyboard, link: str, password: str) -> None:
    on.visit(link)
    on.enter()
    on.fill(new=password, again=password)
    on.enter()


def _sign_in(on: Keyboard, login: str, password: str) -> None:
    on.visit(f"{on.screen.base}/staff/")
    on.fill(login=login, password=password)
    on.enter()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_people_come_in_and_go_by_the_keyboard_alone(
    program: Running, keyboard: Callable[[tuple[int, int]], Keyboard], size: tuple[int, int]
) -> None:
    """From an empty list of accounts to a colleague who ended a session left open elsewhere.

    # S05 (part): recovery codes open the door once
    # S17 (part): another session ends at once
    # R1.2.4.1 (part)
    """
    chief, designer = f"chief{size[0]}", f"designer{size[0]}"
    made = program.command("user", "create", chief, "--role", "security_administrator")
    admin = keyboard(size)

    _set_password(admin, made.strip().splitlines()[-1], FIRST)
    codes = _enrol(admin)
    assert len(codes) == totp.RECOVERY_CODES
    admin.enter("a.button")
    assert admin.path() == "/staff/"
    assert admin.sections() == _sections_of(program, "security_administrator")
    admin.enter("a[href='/staff/users']")
    admin.enter("a[href='/staff/users/new']")
    admin.fill(name="王设计", login=designer)
    admin.enter()
    link = admin.screen.find(".toast code").text
    admin.choose("#role", "survey_designer")
    admin.enter("main form[method=get] button")
    admin.reach("input[name=where]")
    admin.press(Keys.SPACE)
    admin.enter("main .actions button")
    assert "survey_designer" in admin.driver.page_source

    person, elsewhere = keyboard(size), keyboard(size)
    _set_password(person, link, LATER)
    assert person.path() == "/staff/"
    assert person.sections() == _sections_of(program, "survey_designer")
    assert "/staff/users" not in person.sections()
    person.visit(f"{person.screen.base}/staff/users")
    assert not person.screen.has("main form") and person.screen.has("nav.sections")
    assert ["403" in one for one in person.screen.faults()] == [True]

    _sign_in(elsewhere, designer, LATER)
    assert elsewhere.path() == "/staff/"
    person.visit(f"{person.screen.base}/staff/")
    person.enter_menu("a[href='/staff/me']")
    person.enter("form[action='/staff/me/sessions'] button[name=session]")
    assert not person.screen.has("button[name=session]")
    elsewhere.enter("a[href='/staff/surveys']")
    assert elsewhere.path().startswith("/staff/sign-in")

    person.enter_menu("form[action='/staff/sign-out'] button")
    person.visit(f"{person.screen.base}/staff/surveys")
    assert person.path().startswith("/staff/sign-in")

    admin.enter_menu("form[action='/staff/sign-out'] button")
    for attempt, lands in (("second", True), ("again", False)):
        _sign_in(admin, chief, FIRST)
        assert admin.path().startswith("/staff/sign-in/second"), attempt
        admin.fill(code=codes[0])
        admin.enter()
        assert (admin.path() == "/staff/") is lands, attempt
        if lands:
            admin.enter_menu("form[action='/staff/sign-out'] button")
    assert [one for on in (admin, person, elsewhere) for one in on.screen.faults()] == []
