"""A walk through every page of the console in every role, by HTTP and in Chromium."""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from selenium import webdriver

from runtime.surveys.service import store_survey
from tests.runtime.conftest import survey_with
from tests.security.hospital import Hospital, Page, links_of, walk
from tests.security.test_pages import TRACES, assert_page_is_guarded

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("crawl")]

ROOT = Path(__file__).resolve().parents[2]
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
PHONE, DESKTOP = (390, 844), (1280, 800)
PLANTED = {
    "name": "慕容晓慧",
    "phone": "13987654321",
    "card": "11010519491231002X",
    "mail": "murong.xh@example.cn",
    "note": "护士台排队的那天下着大雨",
}
FORMATS = {"phone": "phone_cn", "card": "id_card_cn", "mail": "email"}
FORBIDDEN_IN_POLICY = ("unsafe-inline", "unsafe-eval", "unsafe-hashes", "http:", " *")


def plant(hospital: Hospital) -> None:
    """A response whose every answer tells something about a person."""
    questions: list[dict[str, Any]] = [
        {"id": name, "type": "text", "text": {"zh-CN": name, "en": name}}
        | ({"format": FORMATS[name]} if name in FORMATS else {})
        for name in PLANTED
    ]
    page = {"id": "me", "title": {"zh-CN": "您", "en": "You"}, "questions": questions}
    document = survey_with(id="planted", pages=[page], scores=[], alerts=[])
    store_survey(hospital.deployment.db, msgspec.json.encode(document), publish=True)
    with httpx.Client(base_url=hospital.base) as http:
        began = http.post("/api/v1/sessions", json={"survey": "planted", "channel": "web"}).json()
        headers = {"authorization": f"Bearer {began['token']}"}
        url = f"/api/v1/sessions/{began['session']}"
        done = http.post(f"{url}/submit", json={"answers": PLANTED}, headers=headers)
        assert done.status_code == 201, done.text
        again = http.put(f"{url}/answers", json={"answers": PLANTED}, headers=headers)
        assert again.status_code >= 400


@pytest.fixture(scope="module")
def walked(hospital: Hospital) -> list[Page]:
    """Every page in every role."""
    plant(hospital)
    pages: list[Page] = []
    for role in hospital.presets():
        with hospital.sign_in(role) as http:
            pages += walk(hospital, role, http)
    return pages


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    chosen = webdriver.ChromeOptions()
    for flag in FLAGS:
        chosen.add_argument(flag)
    chosen.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=chosen, service=service)
    driver.set_script_timeout(120)
    yield driver
    driver.quit()


def test_the_walk_reaches_every_page_of_the_route_table(
    walked: list[Page], hospital: Hospital
) -> None:
    """Each route below /staff/ that answers GET was read by somebody. # S20 (part)"""
    read = {page.route for page in walked if page.status == 200}
    unread = [path for path in hospital.plain_pages if path not in read]
    assert [path for path in unread if not path.startswith("/staff/sign-in")] == []
    assert len({page.role for page in walked}) >= 10
    for role in {page.role for page in walked}:
        assert sum(page.status == 200 for page in walked if page.role == role) >= 2, role


def test_every_page_in_every_role_carries_the_headers_and_a_strict_policy(
    walked: list[Page],
) -> None:
    """Also refusals, redirects and downloads; nothing inline. # S20 S62 (part)"""
    for page in walked:
        assert page.status < 500, page.where
        assert_page_is_guarded(_Answer(page))
        policy = page.headers.get("content-security-policy", "")
        if page.is_html:
            assert not [word for word in FORBIDDEN_IN_POLICY if word in policy], page.where
        assert not TRACES.search(page.text) or not page.is_html, page.where


class _Answer:
    """A page of the walk as the other crawl reads answers."""

    def __init__(self, page: Page) -> None:
        self.status_code, self.url = page.status, page.where
        self.headers, self.text = page.headers, page.text


def test_every_link_leads_to_a_page_that_the_role_may_see(
    walked: list[Page], hospital: Hospital
) -> None:
    """A link, a fragment or a form that looks: 200, or a redirect to what is 200; outside the
    console only to where patients answer a survey. # S35 (part)"""
    own = ("/", "data:", f"{hospital.base}/s/")
    linked = [page for page in walked if page.came_from != "the route table"]
    astray = [page.where for page in linked if page.status not in (200, 303)]
    assert astray == []
    for page in walked:
        if page.is_html:
            outside = [one for one in links_of(page) if not one.startswith(own)]
            assert outside == [], page.where
    for page in linked:
        if page.status == 303:
            assert not page.headers["location"].startswith("/staff/sign-in"), page.where


def test_what_a_role_may_not_see_is_refused_and_nowhere_linked(walked: list[Page]) -> None:
    """The route table holds pages that each role is refused with 403, never worse. # S35 (part)"""
    refused = [page for page in walked if page.status == 403]
    assert len(refused) >= 10
    assert {page.came_from for page in refused} == {"the route table"}


def test_no_personal_answer_stands_on_a_page_in_clear_or_in_an_address(
    walked: list[Page],
) -> None:
    """What was planted is masked or absent in every role's pages. # S37 (part) S61 (part)"""
    for page in walked:
        for name in ("name", "phone", "card", "mail"):
            assert PLANTED[name] not in page.text, f"{name} on {page.where}"
        for name, value in PLANTED.items():
            assert value not in page.path, f"{name} in {page.where}"


def test_the_logs_of_the_whole_walk_hold_no_personal_data(
    walked: list[Page], hospital: Hospital
) -> None:
    """Neither what was answered nor what staff searched for or mistyped. # S60 S61 (part)"""
    searched = "13711112222"
    with hospital.sign_in("service_centre_handler", login="searcher") as http:
        for route in sorted({page.route for page in walked if "{" not in page.route}):
            http.get(route, params={"q": searched, "person": searched, "after": searched})
        http.get(f"/staff/responses/{searched}")
        http.get(f"/staff/nowhere/{searched}%0d%0aforged")
        http.post("/staff/sign-in", data={"login": searched, "password": PLANTED["note"]})
    written = hospital.log.read_text("utf-8", "replace")
    assert written.strip(), "the program logs something"
    for value in (*PLANTED.values(), searched, "forged"):
        assert value not in written


def test_every_kind_of_page_is_sound_in_a_browser(
    walked: list[Page], hospital: Hospital, chromium: Any
) -> None:
    """axe: nothing serious, light and dark; nothing wider than a phone; the console silent.

    Pages that one route shows in several roles and that hold the same elements are looked at once.
    # S20 (part) S71 (part)
    """
    shown: dict[str, set[frozenset[str]]] = defaultdict(set)
    wrong: list[str] = []
    visited = 0
    for role in hospital.presets():
        mine = [p for p in walked if p.role == role and p.is_html and p.status == 200]
        shaped = [(page, page.shape) for page in mine]
        fresh = [(p, shape) for p, shape in shaped if not shape <= union(shown[p.route])]
        if not fresh:
            continue
        with hospital.sign_in(role) as http:
            take_over(chromium, http, hospital.base)
        for page, shape in fresh:
            if shape <= union(shown[page.route]):
                continue
            shown[page.route].add(shape)
            visited += 1
            wrong += [f"{page.where}: {fault}" for fault in _faults(chromium, hospital, page)]
    assert wrong == [], "\n".join(wrong)
    assert visited >= len(shown) >= 5


def union(shapes: set[frozenset[str]]) -> frozenset[str]:
    """What stands in any of them."""
    return frozenset[str]().union(*shapes)


def take_over(chromium: Any, http: httpx.Client, base: str) -> None:
    """The browser goes on with the session of another client."""
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    for one in http.cookies.jar:
        cookie = {"name": one.name, "value": one.value, "url": base, "sameSite": "Strict"}
        chromium.execute_cdp_cmd("Network.setCookie", cookie)


def _faults(chromium: Any, hospital: Hospital, page: Page) -> Iterator[str]:
    """What is wrong with one page as a browser shows it."""
    chromium.get_log("browser")
    _size(chromium, PHONE)
    _scheme(chromium, "light")
    chromium.get(hospital.base + page.path)
    yield from _too_wide(chromium, PHONE)
    yield from _axe(chromium, {})
    _scheme(chromium, "dark")
    yield from (f"dark: {one}" for one in _axe(chromium, {"runOnly": ["color-contrast"]}))
    _size(chromium, DESKTOP)
    yield from _too_wide(chromium, DESKTOP)
    yield from (f"console: {one['message'][:200]}" for one in chromium.get_log("browser"))


def _size(chromium: Any, size: tuple[int, int]) -> None:
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def _scheme(chromium: Any, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def _too_wide(chromium: Any, size: tuple[int, int]) -> Iterator[str]:
    width = chromium.execute_script("return document.documentElement.scrollWidth")
    if width > size[0]:
        yield f"{width} px wide on a screen of {size[0]}"


def _axe(chromium: Any, options: dict[str, Any]) -> list[str]:
    """Findings of weight, in axe's words."""
    if not chromium.execute_script("return typeof axe === 'object'"):
        chromium.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
    return chromium.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        f"axe.run(document, {json.dumps(options)}).then(r => done(r.violations"
        ".filter(v => v.impact === 'serious' || v.impact === 'critical').map("
        "v => v.id + ' ' + v.nodes.map(n => n.html.slice(0, 160)).join(' | '))))"
    )
