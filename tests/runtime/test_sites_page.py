"""Sites and dictionaries on the console's pages."""

from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.accounts import roles, users
from runtime.org.entries import entries_of
from runtime.org.models import Department, Entry, Site
from runtime.org.service import list_sites, store_organisation
from runtime.org.sites import read_sites
from runtime.wiring import Deployment
from tests.runtime.test_users_page import sign_in

SITES, TAGS = "/staff/sites", "/staff/dictionaries/tags"
CHINESE = {"accept-language": "zh-CN"}
STRANGE = ("", "名" * 10_000, "a\0b", "<script>alert(1)</script>", "=1+1")


@pytest.fixture
def hospital(deployment: Deployment) -> Deployment:
    """Two sites, a department at one of them, a dictionary of three."""
    store_organisation(
        deployment.db,
        sites=[Site(id="main", name={"zh-CN": "总院"}), Site(id="island", name={"zh-CN": "岛院"})],
        departments=[Department(id="heart", name={"zh-CN": "心血管科"}, sites=("main",))],
        staff=[],
        dictionaries={"tags": [Entry(id=key, name={"zh-CN": key * 3}) for key in "abc"]},
    )
    return deployment


def send(client: TestClient[Any], csrf: str, path: str, **form: str) -> Any:
    data = {"_csrf": csrf, **form}
    return client.post(path, data=data, headers=CHINESE, follow_redirects=False)


def test_a_site_is_added_renamed_and_closed_by_one_editor_at_a_time(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """The slower one keeps what was typed; a closed one is not offered. # R1.2.1.1 (part)"""
    csrf = sign_in(hospital, client, "admin", "system_administrator")
    assert "心血管科" in client.get(f"{SITES}/main", headers=CHINESE).text
    made = send(client, csrf, f"{SITES}/new", name_zh="新院", name_en="New", code="N1")
    assert made.headers["location"].startswith(f"{SITES}/s_n1")
    assert send(client, csrf, f"{SITES}/new", name_zh="又", code="N1").status_code == 409
    change = {"revision": "1", "name_zh": "江院", "closed_on": "2026-01-01"}
    assert send(client, csrf, f"{SITES}/island", **change).status_code == 303
    late = send(client, csrf, f"{SITES}/island", **change | {"name_zh": "湖院"})
    assert late.status_code == 409 and 'value="湖院"' in late.text
    assert [one.id for one in list_sites(hospital.db)] == ["main", "s_n1"]
    assert "2026-01-01" in client.get(SITES, headers=CHINESE).text
    assert send(client, csrf, f"{SITES}/island", revision="2", name_zh="江院").status_code == 303
    assert len(list_sites(hospital.db)) == 3


def test_a_site_manager_sees_the_own_site_only(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """And changes none. # R2.2.3 (part), S36"""
    with hospital.db.begin() as connection:
        user = users.ensure(connection, "manager", "院长")
        roles.grant(connection, user, "site_manager", sites=("main",))
    csrf = sign_in(hospital, client, "manager")
    shown = client.get(SITES, headers=CHINESE).text
    assert "总院" in shown and "岛院" not in shown
    assert client.get(f"{SITES}/island").status_code == 404
    assert "<form" not in client.get(f"{SITES}/main").text.split("<main")[1].split("</main>")[0]
    assert send(client, csrf, f"{SITES}/main", revision="1", name_zh="x").status_code == 403


def test_entries_are_added_ordered_renamed_closed_and_reopened(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """Each by one editor at a time. # R1.2.1.1 (part)"""
    csrf = sign_in(hospital, client, "admin", "system_administrator")
    assert "tags" in client.get("/staff/dictionaries").text
    assert send(client, csrf, TAGS, do="add", name_zh="丁").status_code == 303
    assert send(client, csrf, TAGS, do="up", entry="c").status_code == 303
    assert [one.id for one in entries_of(hospital.db, "tags")][:3] == ["a", "c", "b"]
    change = {"do": "change", "entry": "a", "revision": "1", "name_zh": "甲"}
    assert send(client, csrf, TAGS, **change, closed_on="2026-01-01").status_code == 303
    late = send(client, csrf, TAGS, **change | {"name_zh": "乙"})
    assert late.status_code == 409 and 'value="乙"' in late.text
    assert "2026-01-01 起" in client.get(TAGS, headers=CHINESE).text
    assert send(client, csrf, TAGS, **change | {"revision": "2"}).status_code == 303
    assert entries_of(hospital.db, "tags")[0].closed_on is None
    assert send(client, csrf, TAGS, do="change", entry="z", name_zh="x").status_code == 404
    assert client.get("/staff/dictionaries/nothing").status_code == 404


@pytest.mark.parametrize("typed", STRANGE)
def test_strange_words_about_sites_and_entries_are_only_words(
    hospital: Deployment, client: TestClient[Any], typed: str
) -> None:
    """Nothing typed runs, breaks a page, or changes a place. # S21 (part)"""
    csrf = sign_in(hospital, client, "admin", "system_administrator")
    for path, form in (
        (f"{SITES}/new", {"name_zh": typed, "code": typed}),
        (f"{SITES}/main", {"name_zh": "总院", "revision": "1", "closed_on": typed or "x"}),
        (f"{SITES}/main", {"name_zh": typed, "revision": typed}),
        (TAGS, {"do": "add", "name_zh": typed, "name_en": typed}),
        (TAGS, {"do": "change", "entry": typed, "revision": "1", "name_zh": typed}),
        (TAGS, {"do": typed}),
    ):
        answer = send(client, csrf, path, **form)
        assert answer.status_code < 500 and "<script>alert" not in answer.text, (path, form)
    for path in (SITES, TAGS):
        assert "<script>alert" not in client.get(path).text
    assert read_sites(hospital.db)[0].revision == 1
    assert send(client, "0" * 40, f"{SITES}/main", revision="1", name_zh="x").status_code == 403
