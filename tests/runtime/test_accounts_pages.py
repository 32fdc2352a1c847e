"""The pages to sign in and for one's own account, called as a browser without JavaScript would."""

import base64
import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from runtime.accounts import browser, passwords, roles, totp, users
from runtime.kit.addresses import client_address
from runtime.kit.clock import system_clock
from runtime.kit.http import Http
from runtime.wiring import Deployment
from tests.lent import lent_app

GOOD = "Lm7#tarvoqie"
OTHER = "Kd4!wuzepnif"


@pytest.fixture
def visitor(deployment: Deployment) -> Iterator[TestClient[Any]]:
    """A browser that keeps cookies and does not follow redirects."""
    app = lent_app(deployment, ("staff",))
    with TestClient(app, raise_server_exceptions=False) as made:
        made.follow_redirects = False
        yield made


@pytest.fixture
def nurse(deployment: Deployment) -> str:
    """An account with the password GOOD."""
    with deployment.db.begin() as connection:
        user = users.create(connection, "nurse.li", "李护士")
        passwords.store(connection, user, passwords.hash_password(GOOD))
    return user


def field(page: str, name: str) -> str:
    """A hidden field's value."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return found[1]


def sign_in(visitor: TestClient[Any], password: str = GOOD, **more: str) -> Any:
    """Fill in the form and send it."""
    page = visitor.get("/staff/sign-in").text
    data = {"_csrf": field(page, "_csrf"), "login": "nurse.li", "password": password} | more
    return visitor.post("/staff/sign-in", data=data)


def form(visitor: TestClient[Any], page: str, action: str, **fields: str) -> Any:
    """Send a form of a page of one's own."""
    token = field(visitor.get(page).text, "_csrf")
    return visitor.post(action, data={"_csrf": token} | fields)


def code_of(page: str) -> str:
    """The code now of the secret that the page shows."""
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert found is not None
    secret = base64.b32decode(found[1].replace(" ", ""))
    return totp.code_at(secret, int(system_clock().timestamp()) // totp.STEP_SECONDS)


def led(visitor: TestClient[Any], path: str) -> str:
    """Where a browser that wants to read this page is led."""
    answer = visitor.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 303, path
    return answer.headers["location"]


def test_a_nurse_signs_in_and_out(visitor: TestClient[Any], nurse: str) -> None:
    """The cookie is hidden from scripts, dies with the browser; the sign-out clears. # S17 # S18"""
    answer = sign_in(visitor)
    assert answer.status_code == 303 and answer.headers["location"] == "/staff/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "max-age" not in cookie
    assert visitor.get("/staff/me").status_code == 200
    out = form(visitor, "/staff/me", "/staff/sign-out")
    assert out.status_code == 200 and '"cookies"' in out.headers["clear-site-data"]
    assert led(visitor, "/staff/me") == "/staff/sign-in?next=%2Fstaff%2Fme"


def test_a_cookie_from_elsewhere_is_never_adopted(visitor: TestClient[Any], nurse: str) -> None:
    """The session's name is always a new one. # S15"""
    visitor.cookies.set("staff", "attackerchosen")
    answer = sign_in(visitor)
    assert answer.cookies["staff"] != "attackerchosen"
    visitor.cookies.clear()
    visitor.cookies.set("staff", "attackerchosen")
    assert visitor.get("/staff/").status_code == 401


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil",
        "https://evil",
        "javascript:alert(1)",
        "/\\evil",
        "/staff//evil",
        "/s/x",
        "",
        "/staffx",
    ],
)
def test_a_redirect_never_leaves_the_console(
    visitor: TestClient[Any], nurse: str, wanted: str
) -> None:
    """# S46"""
    assert sign_in(visitor, next=wanted).headers["location"] == "/staff/"


def test_the_page_that_was_wanted_follows(visitor: TestClient[Any], nurse: str) -> None:
    """# S46 (part)"""
    first = led(visitor, "/staff/me")
    assert first == "/staff/sign-in?next=%2Fstaff%2Fme"
    wanted = field(visitor.get(first).text, "next")
    assert sign_in(visitor, next=wanted).headers["location"] == "/staff/me"


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/staff/users?q=%E9%99%88", "/staff/users?q=%E9%99%88"),
        ("//evil.example/staff/", "/staff/"),
        ("https://evil.example/staff/me", "/staff/"),
        ("/staff/\\evil.example", "/staff/"),
    ],
)
def test_the_page_that_was_wanted_follows_over_every_step(
    visitor: TestClient[Any], nurse: str, deployment: Deployment, wanted: str, reached: str
) -> None:
    """Initial password and second factor between; never out of the console. # S46"""
    with deployment.db.begin() as connection:
        roles.grant(connection, nurse, "auditor")
        first = users.give_initial_password(connection, nurse, actor=users.SYSTEM)
    good = "Ward7!stairs-Lamp"
    at = sign_in(visitor, first, next=wanted).headers["location"]
    assert at == reached
    for step, fields in (
        ("password", {"current": first, "new": good, "again": good}),
        ("enrol", {}),
    ):
        at = led(visitor, led(visitor, at))
        assert at.split("?")[0] == f"/staff/sign-in/{step}"
        page = visitor.get(at).text
        if step == "enrol":
            code = code_of(page)
            fields = {"code": code}
        answer = form(visitor, at, f"/staff/sign-in/{step}", next=field(page, "next"), **fields)
        at = answer.headers.get("location", "")
    codes = re.search(r'class="button" href="([^"]+)"', answer.text)
    assert codes is not None and html.unescape(codes[1]) == reached
    visitor.cookies.clear()
    at = led(visitor, led(visitor, sign_in(visitor, good, next=wanted).headers["location"]))
    assert at.split("?")[0] == "/staff/sign-in/second"
    kept = field(visitor.get(at).text, "next")
    code = re.search(r"<code>([0-9A-Z]{5}-[0-9A-Z]{5})</code>", answer.text)
    assert code is not None
    done = form(visitor, at, "/staff/sign-in/second", code=code[1], next=kept)
    assert done.headers["location"] == reached


def test_a_form_without_its_token_or_from_another_site_is_refused(
    visitor: TestClient[Any], nurse: str
) -> None:
    """Before and after the sign-in. # S19"""
    data = {"login": "nurse.li", "password": GOOD}
    assert visitor.post("/staff/sign-in", data=data).status_code == 403
    page = visitor.get("/staff/sign-in").text
    data["_csrf"] = field(page, "_csrf")
    foreign = {"origin": "https://evil.example"}
    assert visitor.post("/staff/sign-in", data=data, headers=foreign).status_code == 403
    assert sign_in(visitor).status_code == 303
    for path in (
        "/staff/me/password",
        "/staff/me/second",
        "/staff/me/sessions",
        "/staff/me/language",
        "/staff/sign-in/enrol",
        "/staff/sign-out",
    ):
        assert visitor.post(path, data={"_csrf": "0" * 40}).status_code == 403, path


def test_a_half_session_reaches_its_own_page_alone(visitor: TestClient[Any], nurse: str) -> None:
    """With the second factor set up, the password alone opens nothing. # S05 (part) # S15"""
    sign_in(visitor)
    page = visitor.get("/staff/sign-in/enrol").text
    code = code_of(page)
    enrolled = visitor.post(
        "/staff/sign-in/enrol",
        data={"_csrf": field(page, "_csrf"), "code": code, "current": GOOD},
    )
    codes = re.findall(r"<code>([0-9A-Z]{5}-[0-9A-Z]{5})</code>", enrolled.text)
    assert len(codes) == 10
    visitor.cookies.clear()
    half = sign_in(visitor)
    for path in ("/staff/", "/staff/responses/x"):
        assert visitor.get(path).status_code == 401
    for path in ("/staff/sign-in", "/staff/sign-in/enrol", "/staff/sign-in/password"):
        assert visitor.get(path).headers["location"] == "/staff/sign-in/second", path
    assert visitor.get("/staff/me").status_code == 401
    second = form(visitor, "/staff/sign-in/second", "/staff/sign-in/second", code=code)
    assert second.status_code == 422
    second = form(visitor, "/staff/sign-in/second", "/staff/sign-in/second", code=codes[0])
    assert second.status_code == 303
    assert second.cookies["staff"] != half.cookies["staff"]
    assert visitor.get("/staff/").status_code == 200


def test_a_session_left_open_sets_no_second_factor_up(
    visitor: TestClient[Any], nurse: str, deployment: Deployment
) -> None:
    """Whoever is in already shows the password once more; tries of it are counted. # S05 (part)

    # S12 (part)
    """
    sign_in(visitor)
    page = visitor.get("/staff/sign-in/enrol").text
    assert 'name="current"' in page
    form = {"_csrf": field(page, "_csrf"), "code": code_of(page)}
    for wrong in ("", "guess", "Guess1!xyz"):
        refused = visitor.post("/staff/sign-in/enrol", data=form | {"current": wrong})
        assert refused.status_code == 422 and "<code>" in refused.text
    with deployment.db.begin() as connection:
        assert not totp.is_enrolled(connection, nurse)
    tries = [visitor.post("/staff/sign-in/enrol", data=form | {"current": "x"}) for _ in range(3)]
    assert tries[-1].status_code == 429 and int(tries[-1].headers["retry-after"]) > 0


def test_the_offered_secret_stays_the_same_and_reading_changes_nothing(
    visitor: TestClient[Any], nurse: str, deployment: Deployment
) -> None:
    """Its picture too. # S19 (part)"""
    sign_in(visitor)
    pages = [visitor.get("/staff/sign-in/enrol").text for _ in range(2)]
    assert code_of(pages[0]) == code_of(pages[1])
    picture = visitor.get("/staff/sign-in/enrol/code.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    with deployment.db.begin() as connection:
        assert not totp.is_enrolled(connection, nurse)


def test_an_initial_password_blocks_everything_until_it_is_changed(
    visitor: TestClient[Any], nurse: str, deployment: Deployment
) -> None:
    """# S11"""
    with deployment.db.begin() as connection:
        first = users.give_initial_password(connection, nurse, actor=users.SYSTEM)
    sign_in(visitor, first)
    assert visitor.get("/staff/").status_code == 401
    here = "/staff/sign-in/password"
    assert visitor.get("/staff/sign-in").headers["location"] == here
    weak = form(visitor, here, here, current=first, new="Password@123", again="Password@123")
    assert weak.status_code == 422 and "常见" in weak.text
    unlike = form(visitor, here, here, current=first, new=OTHER, again=GOOD)
    assert unlike.status_code == 422
    done = form(visitor, here, here, current=first, new=OTHER, again=OTHER)
    assert done.status_code == 303
    assert visitor.get("/staff/").status_code == 200


def test_a_captcha_appears_with_its_picture_and_its_question(
    visitor: TestClient[Any], nurse: str
) -> None:
    """Whoever cannot see the picture works out the question in the page. # S04 # S71 (part)"""
    answer = [sign_in(visitor, "wrong") for _ in range(3)][-1]
    assert answer.status_code == 422
    captcha = field(answer.text, "captcha")
    picture = visitor.get(f"/staff/sign-in/captcha/{captcha}")
    assert picture.headers["content-type"] == "image/png" and len(picture.content) > 1000
    question = re.search(r'<p id="question">([^<]*)</p>', answer.text)
    assert question is not None
    numbers = [int(number) for number in re.findall(r"\d+", question[1])]
    total = str(max(numbers) + min(numbers))
    assert sign_in(visitor, captcha=captcha, answer=total).status_code == 303
    assert visitor.get(f"/staff/sign-in/captcha/{captcha}").status_code == 404


def test_my_sessions_are_listed_and_ended(
    visitor: TestClient[Any], nurse: str, deployment: Deployment
) -> None:
    """# S17"""
    sign_in(visitor)
    elsewhere = {"staff": visitor.cookies["staff"]}
    visitor.cookies.clear()
    sign_in(visitor)
    page = visitor.get("/staff/me").text
    other = re.search(r'name="session" value="([^"]+)"', page)
    assert other is not None
    assert form(visitor, "/staff/me", "/staff/me/sessions", session=other[1]).status_code == 303
    mine = dict(visitor.cookies)
    visitor.cookies.clear()
    visitor.cookies.update(elsewhere)
    assert visitor.get("/staff/").status_code == 401
    visitor.cookies.clear()
    visitor.cookies.update(mine)
    assert visitor.get("/staff/").status_code == 200


def test_the_language_is_the_users_own(visitor: TestClient[Any], nurse: str) -> None:
    """Chinese first; English once chosen. # R2.2.1 (part)"""
    sign_in(visitor)
    assert "我的账号" in visitor.get("/staff/me").text
    form(visitor, "/staff/me", "/staff/me/language", lang="en")
    assert "My account" in visitor.get("/staff/me").text


def test_every_page_forbids_what_is_inline_and_is_not_kept(
    visitor: TestClient[Any], nurse: str
) -> None:
    """# S20 (part) # S62 (part)"""
    pages = [visitor.get("/staff/sign-in"), sign_in(visitor)]
    pages += [visitor.get(path) for path in ("/staff/me", "/staff/sign-in/enrol")]
    for page in pages:
        assert "unsafe-inline" not in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text and "style=" not in page.text


def test_over_https_the_cookie_carries_the_host_prefix(deployment: Deployment) -> None:
    """# S18"""
    import msgspec

    settings = msgspec.structs.replace(deployment.settings, public_url="https://x.example.cn")
    cookie = browser.cookie(settings, "t")
    assert cookie.key == "__Host-staff" and cookie.secure and cookie.path == "/"


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ((), "6.6.6.6", "testclient"),
        (("10.0.0.0/8",), "6.6.6.6", "testclient"),
    ],
)
def test_an_address_is_not_believed_from_a_stranger(
    trusted: tuple[str, ...], forwarded: str, address: str
) -> None:
    """# S44"""
    assert _seen(trusted, forwarded) == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("not an address", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_the_right_most_stranger_is_the_client(forwarded: str, address: str) -> None:
    """What stands left of it was written by somebody we do not know. # S44"""
    assert _seen(("10.0.0.0/8",), forwarded, peer="10.0.0.1") == address


def _seen(trusted: tuple[str, ...], forwarded: str, peer: str = "testclient") -> str:
    @get("/", sync_to_thread=False)
    def show(request: Http) -> str:
        request.scope["client"] = (peer, 1)
        return client_address(request, trusted) or ""

    with TestClient(Litestar([show])) as client:
        return client.get("/", headers={"x-forwarded-for": forwarded}).text
