"""A crawl of every page that needs no account, and what the programs refuse as a whole."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from runtime.kit.settings import read_settings
from runtime.programs import create_app
from runtime.web.routes import _own_path  # pyright: ignore[reportPrivateUsage]
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls

STARTS = ("/", "/s", "/kiosk", "/kiosk/selftest", "/staff/sign-in", "/staff", "/nowhere", "/s/none")
LINK = re.compile(r"(?:href|hx-get)=\"(/[^\"#]*)")
FORBIDDEN = ("'unsafe-inline'", "'unsafe-eval'", "*", "http:")
TRACES = re.compile(r"Traceback|psycopg|sqlalchemy|SELECT .* FROM|File \"|/runtime/|\.py\b", re.I)
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style[\s>]|<[a-z][^<>]*\sstyle=\"|\son[a-z]+=\"", re.I
)


def crawl(client: TestClient[Any], starts: tuple[str, ...], most: int = 150) -> Iterator[Any]:
    """Every answer that links of ours lead to, by GET alone."""
    waiting, seen = list(starts), set(starts)
    while waiting and len(seen) < most:
        answer = client.get(waiting.pop(0), follow_redirects=False)
        yield answer
        links = [answer.headers["location"]] if "location" in answer.headers else []
        if answer.headers.get("content-type", "").startswith("text/html"):
            links += [link.replace("&amp;", "&") for link in LINK.findall(answer.text)]
        new = [link for link in dict.fromkeys(links) if link.startswith("/") and link not in seen]
        waiting += new
        seen.update(new)


def policy_of(answer: Any) -> dict[str, str]:
    """The parts of the answer's content policy."""
    parts = answer.headers.get("content-security-policy", "").split(";")
    return {part.split()[0]: " ".join(part.split()[1:]) for part in parts if part.strip()}


def assert_page_is_guarded(answer: Any) -> None:
    """The headers of one page, its policy, and nothing inline in it."""
    where = f"{answer.status_code} {answer.url}"
    assert answer.headers.get("x-content-type-options") == "nosniff", where
    assert answer.headers.get("referrer-policy") in ("same-origin", "no-referrer"), where
    assert "permissions-policy" in answer.headers, where
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return
    policy = policy_of(answer)
    assert {"default-src", "base-uri", "form-action", "frame-ancestors"} <= policy.keys(), where
    assert not [word for word in FORBIDDEN if word in " ".join(policy.values()).split()], where
    assert answer.headers.get("cache-control") == "no-store", where
    assert not INLINE.search(answer.text), where


def test_every_public_page_carries_the_headers_and_nothing_inline(
    client: TestClient[Any], published: str
) -> None:
    """Headers, a policy without unsafe-inline, no-store. # S20 (part) S62 (part)"""
    answers = list(crawl(client, (*STARTS, f"/s/{published}", f"/kiosk/s/{published}")))
    assert len([one for one in answers if one.status_code == 200]) >= 10
    for answer in answers:
        assert answer.status_code < 500, answer.url
        assert_page_is_guarded(answer)


def test_cookies_are_kept_from_scripts_and_other_sites(
    deployment: Deployment, published: str
) -> None:
    """Behind https every cookie is __Host-, Secure, HttpOnly and SameSite. # S18 (part)"""
    deployment.settings = read_settings(
        {"HUISHENG_ENVIRONMENT": "test", "HUISHENG_PUBLIC_URL": "https://voice.hospital.test"}
    )
    with TestClient(
        create_app(deployment, ("web", "kiosk", "staff")), base_url="https://voice.hospital.test"
    ) as secure:
        answers = list(crawl(secure, (*STARTS, f"/s/{published}")))
    cookies = [line for one in answers for line in one.headers.get_list("set-cookie")]
    assert cookies
    for line in [one for one in cookies if "max-age=0" not in one.lower()]:
        flags = {part.strip().lower() for part in line.split(";")[1:]}
        assert line.startswith("__Host-"), line
        assert {"secure", "httponly", "path=/"} <= flags, line
        assert flags & {"samesite=lax", "samesite=strict"}, line


def database_sum(url: str) -> str:
    """A checksum over every row of every table."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    total = hashlib.sha256()
    with engine.connect() as connection:
        names = connection.execute(
            sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ).scalars()
        for name in list(names):
            rows = connection.execute(sa.text(f'SELECT t::text FROM "{name}" t ORDER BY 1'))
            total.update(name.encode() + "\n".join(rows.scalars()).encode())
    engine.dispose()
    return total.hexdigest()


def test_looking_changes_nothing(
    client: TestClient[Any], published: str, database_urls: DatabaseUrls, staff: dict[str, str]
) -> None:
    """The database is the same, row by row, after a crawl by GET. # S19 (part)"""
    before = database_sum(database_urls.owner_url)
    answers = list(crawl(client, (*STARTS, f"/s/{published}", f"/kiosk/s/{published}")))
    answers.append(client.get(f"/api/v1/surveys/{published}", headers=staff))
    assert answers[-1].status_code == 200
    assert database_sum(database_urls.owner_url) == before
    client.post("/api/v1/sessions", json={"survey": published, "channel": "web"})
    assert database_sum(database_urls.owner_url) != before, "the checksum sees a new session"


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("GET", "/s/%00", {}, None),
        ("GET", "/api/v1/sessions/x", {}, 401),
        ("GET", "/api/v1/responses?limit=x", {}, None),
        ("POST", "/api/v1/sessions", {"content": b"{"}, 400),
        ("POST", "/api/v1/sessions", {"content": b"[" * 5000}, 400),
        ("DELETE", "/api/v1/surveys", {}, 405),
        ("TRACE", "/s", {}, 405),
        ("GET", "/.git/config", {}, 404),
        ("GET", "/.env", {}, 404),
        ("GET", "/static/../pyproject.toml", {}, 404),
        ("GET", "/static/%2e%2e/%2e%2e/pyproject.toml", {}, 404),
    ],
)
def test_a_refusal_tells_nothing_of_our_insides(
    client: TestClient[Any], method: str, path: str, options: dict[str, Any], status: int | None
) -> None:
    """No trace, statement or path; TRACE and hidden files refused. # S54 (part) S55 (part)"""
    answer = client.request(method, path, **options)
    assert 400 <= answer.status_code < 500
    assert status in (None, answer.status_code)
    assert not TRACES.search(answer.text), answer.text


@pytest.mark.parametrize(
    "address",
    ["//evil.test/s", "https://evil.test/", "javascript:alert(1)//s", "/\\evil.test", "////s", ""],
)
def test_a_foreign_address_is_never_gone_back_to(address: str) -> None:
    """What a Referer says leads to our own pages only. # S46 (part)"""
    to = _own_path(address)
    assert to.startswith("/s")
    assert not to.startswith(("//", "/\\"))


def test_a_session_id_of_somebody_elses_choice_is_never_adopted(
    client: TestClient[Any], published: str
) -> None:
    """A planted session cookie opens nothing and is replaced at the start. # S15 (part)"""
    planted = "hss_chosen_by_another"
    client.cookies.set("hs-session-visit", planted, domain="testserver.local", path="/")
    page = client.get(f"/s/{published}")
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert token
    client.post(f"/s/{published}", data={"csrf": token[1]}, follow_redirects=False)
    assert planted not in [one.value for one in client.cookies.jar]
    assert client.get(f"/s/{published}/fill", follow_redirects=False).status_code == 200


def test_production_wants_its_secrets_from_outside(tmp_path: Path) -> None:
    """Production refuses to start on anything made up. # S53 (part)"""
    from runtime.kit.settings import SettingsError

    with pytest.raises(SettingsError) as refused:
        read_settings({"HUISHENG_ENVIRONMENT": "production", "HUISHENG_DATA_DIR": str(tmp_path)})
    assert {fault.split()[0] for fault in refused.value.faults} >= {
        "HUISHENG_SECRET_KEY",
        "HUISHENG_DATABASE_URL",
    }


def test_the_frameworks_own_description_is_not_served(client: TestClient[Any]) -> None:
    """Only the published one, without pages that load from elsewhere. # S54 (part)"""
    for path in ("/schema", "/schema/", "/schema/openapi.json", "/schema/scalar", "/docs"):
        assert client.get(path).status_code == 404, path
    published = client.get("/api/v1/openapi.json")
    assert published.status_code == 200 and published.json()["openapi"].startswith("3.1")
    assert not [path for path in published.json()["paths"] if path.startswith("/staff")]


def test_browsers_are_held_to_https_where_there_is_https(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """For a year, on every answer, refusals too; never where there is none. # S20 (part)"""
    assert "strict-transport-security" not in client.get("/staff/sign-in").headers
    deployment.settings = read_settings(
        {"HUISHENG_ENVIRONMENT": "test", "HUISHENG_PUBLIC_URL": "https://voice.hospital.test"}
    )
    with TestClient(
        create_app(deployment, ("web", "staff")), base_url="https://voice.hospital.test"
    ) as secure:
        for path in ("/staff/sign-in", "/s", "/nowhere", "/static/nothing.css", "/api/v1/surveys"):
            kept = secure.get(path, follow_redirects=False).headers["strict-transport-security"]
            assert kept == "max-age=31536000", path


def test_the_kiosks_pass_is_bound_to_this_host_behind_https(
    deployment: Deployment, published: str
) -> None:
    """`__Host-`, Secure, HttpOnly, strict; it opens its session and leaving removes it. # S18"""
    deployment.settings = read_settings(
        {"HUISHENG_ENVIRONMENT": "test", "HUISHENG_PUBLIC_URL": "https://voice.hospital.test"}
    )
    base = "https://voice.hospital.test"
    with TestClient(create_app(deployment, ("kiosk",)), base_url=base) as kiosk:
        own = {"origin": base, "sec-fetch-site": "same-origin"}
        begun = kiosk.post(f"/kiosk/s/{published}", headers=own, follow_redirects=False)
        line = begun.headers["set-cookie"]
        flags = {part.strip().lower() for part in line.split(";")[1:]}
        assert line.startswith("__Host-kiosk=")
        assert {"secure", "httponly", "path=/", "samesite=strict"} <= flags
        assert kiosk.get("/kiosk/fill").status_code == 200
        left = kiosk.post("/kiosk/leave", headers=own, follow_redirects=False)
        assert "__Host-kiosk" in left.headers["set-cookie"]
        assert "max-age=0" in left.headers["set-cookie"].lower()
        assert "__Host-kiosk" not in kiosk.cookies
