"""Each channel's program alone over one database; refusals as a page where a person reads them."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urljoin

import httpx
import msgspec
import pytest
from litestar.testing import TestClient
from lxml import html

from runtime.accounts import roles, users
from runtime.kit.settings import CHANNELS, Channel
from runtime.programs import create_app
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY, Patient
from tests.serving import Place, free_port, wait_ready

MARKUP: Any = html  # lxml is untyped
ADDRESSES = {"web": "/s/", "kiosk": "/kiosk/", "miniprogram": "/api/v1/openapi.json"}
PAGE = {"accept": "text/html,*/*"}


@contextmanager
def served(place: Place, *channels: Channel) -> Generator[httpx.Client]:
    """`huisheng serve` of these channels alone, in a process of its own."""
    port = free_port()
    place.environment |= {"HUISHENG_PORT": str(port)}
    process = place.begin("serve", "--channels", ",".join(channels))
    base = f"http://127.0.0.1:{port}"
    try:
        wait_ready(base, process)
        with httpx.Client(base_url=base, timeout=30, headers=PAGE) as client:
            yield client
    finally:
        process.terminate()
        process.communicate(timeout=60)


def send(client: httpx.Client, page: httpx.Response, **chosen: Any) -> httpx.Response:
    """Fill the page's form as a browser without scripts does, and follow where it leads."""
    tree = MARKUP.fromstring(page.content)
    form: Any = next(one for one in tree.forms if one.method.upper() == "POST" and _asks(one))
    body: dict[str, Any] = {}
    for name, value in form.form_values():
        body.setdefault(name, []).append(value)
    action = urljoin(str(page.url), form.action or "")
    return client.post(action, data=body | chosen, follow_redirects=True)


def _asks(form: Any) -> bool:
    """Whether a form is the survey's own, not one beside it such as the language's."""
    return bool(form.xpath('.//button[@name="do"]'))


def fill_by_page(client: httpx.Client, front: str) -> httpx.Response:
    """The usual survey from its first page to its ending."""
    begun = send(client, client.get(f"{front}s/visit" if "kiosk" in front else f"{front}visit"),
                 do="start")  # fmt: skip
    second = send(client, begun, do="next", **{"q.overall": "5"})
    return send(client, second, do="submit", **{"q.nurse": "4"})


@pytest.mark.slow
def test_each_program_is_deployed_alone_over_one_database(
    place: Place, deployment: Deployment
) -> None:
    """Web site, kiosk, mini-program API and console as four processes on ports of their own: each
    takes its patients' answers and none of the others' pages; the console shows them all.

    # R0.2, and so a part of others: # R1.1.2 (part) # R1.1.3 (part)
    """
    store_survey(deployment.db, msgspec.json.encode(SURVEY), publish=True)
    with ExitStack() as opened:
        programs = {one: opened.enter_context(served(place, one)) for one in CHANNELS}
        for name, client in programs.items():
            for other, address in ADDRESSES.items():
                if other != "miniprogram":
                    expected = 200 if other == name else 404
                    assert client.get(address).status_code == expected, (name, other)
            assert (client.get("/staff/sign-in").status_code == 200) == (name == "staff")
        assert "感谢您" in fill_by_page(programs["web"], "/s/").text
        assert "感谢您" in fill_by_page(programs["kiosk"], "/kiosk/").text
        body = {"survey": "visit", "channel": "miniprogram"}
        begun = programs["miniprogram"].post("/api/v1/sessions", json=body)
        patient = Patient(programs["miniprogram"], begun.json())  # type: ignore[arg-type]
        patient.post("next", {"overall": 5})
        assert patient.post("submit", {"nurse": 4}).status_code == 201
        with deployment.db.begin() as connection:
            user = users.ensure(connection, "reader", "读者")
            roles.grant(connection, user, "analyst")
            link = users.give_link(connection, user, "look")
        console = programs["staff"]
        assert console.post(f"/staff/sign-in/{link}").status_code == 303
        listed = console.get("/staff/responses", headers={"accept-language": "zh"}).text
        assert all(word in listed for word in ("网页</td>", "自助机</td>", "小程序</td>"))


@pytest.mark.parametrize(
    ("address", "words"),
    [("/staff/nothing/here", "没有找到"), ("/s/-/nothing", "没有"), ("/nothing", "没有")],
)
def test_an_address_that_is_none_is_told_on_a_page(
    address: str, words: str, client: TestClient[Any]
) -> None:
    """People read a page, programs read problem+json."""
    headers = {"accept": "text/html", "accept-language": "zh-CN"}
    page = client.get(address, headers=headers)
    assert page.status_code == 404 and words in page.text
    assert page.headers["content-type"].startswith("text/html")
    assert "unsafe" not in page.headers["content-security-policy"]
    plain = client.get("/staff/nothing/here", headers={"accept": "*/*"})
    assert plain.headers["content-type"] == "application/problem+json"


def test_a_burst_of_a_person_is_told_on_a_page(client: TestClient[Any]) -> None:
    """Who signs in too often reads when to come again."""
    headers = {"accept": "text/html", "accept-language": "zh-CN"}
    for _ in range(600):
        client.post("/staff/sign-in", headers=headers)
    answer = client.post("/staff/sign-in", headers=headers)
    assert answer.status_code == 429 and "操作太频繁" in answer.text
    assert int(answer.headers["retry-after"]) >= 1


def test_a_database_that_is_away_is_told_on_a_page(deployment: Deployment) -> None:
    """Neither a patient nor staff read JSON."""
    away = Deployment(
        deployment.settings,
        database_url="postgresql://nobody@127.0.0.1:1/nowhere",
        redis_url=deployment.redis_url,
    )
    headers = {"accept": "text/html", "accept-language": "zh-CN"}
    with TestClient(create_app(away, CHANNELS), raise_server_exceptions=False) as client:
        client.cookies.set("staff", "hst_anything")
        for address in ("/staff/", "/s/"):
            answer = client.get(address, headers=headers)
            assert answer.status_code == 503, address
            assert answer.headers["content-type"].startswith("text/html"), address
            assert answer.headers["retry-after"]
