"""Codes of other systems on the console's pages: settled, set aside, changed within reach."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from runtime.accounts import role_editing, roles, users
from runtime.accounts.role_editing import Draft
from runtime.audit.models import SYSTEM
from runtime.org.aliases import add_alias, list_aliases
from runtime.org.models import AliasSearch, Department, Site
from runtime.org.resolving import resolve
from runtime.org.service import store_organisation
from runtime.org.settling import list_unmapped
from runtime.wiring import Deployment
from tests.runtime.test_users_page import sign_in

PAGE = "/staff/aliases"
CHINESE = {"accept-language": "zh-CN"}


@pytest.fixture
def hospital(deployment: Deployment) -> Deployment:
    """Two sites, three departments; two codes of the HIS wait, one of them from the island."""
    store_organisation(
        deployment.db,
        sites=[Site(id="main", name={"zh-CN": "总院"}), Site(id="island", name={"zh-CN": "岛院"})],
        departments=[
            Department(id=key, name={"zh-CN": words}, code=code, sites=sites)
            for key, words, code, sites in (
                ("heart", "心血管科", "101", ("main",)),
                ("lung", "肺病科", "102", ("island",)),
                ("medicine", "内科", "1", ("main", "island")),
            )
        ],
        staff=[],
        dictionaries={},
    )
    for _ in range(3):
        arrive(deployment, "0199", "心血管门诊", "main")
    arrive(deployment, "0299", "肺病门诊", "island")
    return deployment


def arrive(deployment: Deployment, code: str, name: str, site: str | None) -> None:
    resolve(deployment.db, "HIS", code, date(2026, 3, 1), site=site, name=name, source="hl7")


def editor_of(deployment: Deployment, client: TestClient[Any], site: str) -> str:
    """Somebody who settles codes of one site."""
    with deployment.db.begin() as connection:
        draft = Draft(
            name={"zh-CN": "院区代码"},
            permissions=("aliases:settle", "departments:read"),
            widest="sites",
        )
        role = role_editing.create_role(connection, draft)
        user = users.ensure(connection, "codes", "院区科员")
        roles.grant(connection, user, role, sites=(site,))
    return sign_in(deployment, client, "codes")


def send(client: TestClient[Any], csrf: str, path: str, **form: str) -> Any:
    data = {"_csrf": csrf, **form}
    return client.post(f"{PAGE}{path}", data=data, headers=CHINESE, follow_redirects=False)


def waiting(deployment: Deployment) -> set[str]:
    return {one.code for one in list_unmapped(deployment.db)}


def test_a_code_is_settled_with_one_press_on_what_is_suggested(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """It says how often the code had come, and the next one is recognised. # R1.2.1.1 (part)"""
    csrf = sign_in(hospital, client, "handler", "service_centre_handler")
    shown = client.get(PAGE, headers=CHINESE).text
    assert "来过 3 次" in shown and 'name="suggested" value="heart"' in shown
    assert shown.index("0199") < shown.index("0299")
    assert '<span class="count" aria-hidden="true">2</span>' in client.get("/staff/").text
    form = {"system": "HIS", "code": "0199", "suggested": "heart"}
    sent = send(client, csrf, "/settle", **form)
    done = client.get(sent.headers["location"], headers=CHINESE)
    assert "代码 0199 对应到“心血管科”" in done.text and "来过 3 次" in done.text
    found = resolve(hospital.db, "HIS", "0199", date(2026, 4, 1))
    assert found is not None and found.department == "heart"
    again = send(client, csrf, "/settle", **form | {"suggested": "lung"})
    assert again.status_code == 404 and "刚刚处理" in again.text
    assert waiting(hospital) == {"0299"}


def test_a_code_is_settled_for_some_days_that_hold_its_use(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """What was typed stays in the form that was refused. # R1.2.1.1 (part)"""
    csrf = sign_in(hospital, client, "handler", "service_centre_handler")
    form = {"system": "HIS", "code": "0199", "department": "心血管科 · 101"}
    missed = send(client, csrf, "/settle", **form, since="2026-03-02")
    assert missed.status_code == 422
    assert "业务日期" in missed.text and 'value="2026-03-02"' in missed.text
    nowhere = send(client, csrf, "/settle", **form | {"department": "无此科"})
    assert nowhere.status_code == 422 and 'value="无此科"' in nowhere.text
    days = {"since": "2026-01-01", "until": "2026-12-31"}
    assert send(client, csrf, "/settle", **form, **days).status_code == 303
    (kept,) = list_aliases(hospital.db)
    assert (kept.valid_from, kept.valid_to) == (date(2026, 1, 1), date(2026, 12, 31))
    assert resolve(hospital.db, "HIS", "0199", date(2027, 1, 1)) is None


def test_a_code_is_set_aside_for_a_reason_and_taken_up_again(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """Counted on, but not shown among those that wait. # R1.2.1.1 (part) S20 (part)"""
    csrf = sign_in(hospital, client, "handler", "service_centre_handler")
    form = {"system": "HIS", "code": "0199"}
    assert send(client, csrf, "/dismiss", **form, why=" ").status_code == 422
    assert send(client, csrf, "/dismiss", **form, why="测试用的代码").status_code == 303
    arrive(hospital, "0199", "", "main")
    assert "0199" not in client.get(PAGE, headers=CHINESE).text
    aside = client.get(f"{PAGE}?show=dismissed", headers=CHINESE).text
    assert "测试用的代码" in aside and "来过 4 次" in aside
    assert send(client, csrf, "/take-up", **form).status_code == 303
    assert waiting(hospital) == {"0199", "0299"}
    with hospital.db.begin() as connection:
        told = connection.execute(
            sa.text("SELECT action FROM audit_lines WHERE action LIKE 'alias.%' ORDER BY at")
        )
        assert list(told.scalars()) == ["alias.dismissed", "alias.taken_up"]


def test_the_lists_are_searched_by_text_and_system_and_turned(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """Twenty on a page; a per cent sign is only a per cent sign. # R1.2.1.1 (part)"""
    for number in range(24):
        arrive(hospital, f"X{number:02}", "", None)
        add_alias(hospital.db, SYSTEM, system="LIS", code=f"L{number:02}", name="", valid_from=None,
                  department="heart", valid_to=None)  # fmt: skip
    sign_in(hospital, client, "handler", "service_centre_handler")
    first = client.get(PAGE, headers=CHINESE).text
    second = client.get(f"{PAGE}?p=2", headers=CHINESE).text
    assert "第 1 页，共 2 页" in first and "p=2" in first
    assert "X00" not in first and "X00" in second
    assert client.get(f"{PAGE}?p=99999999999", headers=CHINESE).status_code == 200
    for query, code, hidden in (("q=0299", "0299", "0199"), ("q=%E8%82%BA", "0299", "0199")):
        found = client.get(f"{PAGE}?{query}", headers=CHINESE).text
        assert code in found and hidden not in found
    for query in ("q=%25", "q=_", "system=LIS"):
        assert "没有符合条件" in client.get(f"{PAGE}?{query}", headers=CHINESE).text, query
    known = client.get(f"{PAGE}/known?q=%E5%BF%83%E8%A1%80&p=2", headers=CHINESE).text
    assert "共 24 个代码" in known and "L23" in known and "L00" not in known


def test_a_known_code_is_changed_by_one_editor_at_a_time(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """Added, moved to another department, ended on a day. # R1.2.1.1 (part)"""
    csrf = sign_in(hospital, client, "handler", "service_centre_handler")
    form = {"system": "EMR", "code": "E1", "name": "心内", "department": "心血管科"}
    made = send(client, csrf, "/new", **form)
    assert made.status_code == 303
    twice = send(client, csrf, "/new", **form)
    assert twice.status_code == 409 and 'value="E1"' in twice.text
    (one,) = list_aliases(hospital.db, AliasSearch(text="E1"))
    path = f"/known/{one.id}"
    change = {"revision": "1", "department": "内科 · 1", "until": "2026-12-31"}
    assert send(client, csrf, path, **change).status_code == 303
    late = send(client, csrf, path, **change | {"department": "肺病科"})
    assert late.status_code == 409 and "另一位同事" in late.text
    (one,) = list_aliases(hospital.db, AliasSearch(text="E1"))
    assert (one.department, one.valid_to) == ("medicine", date(2026, 12, 31))
    wrong = change | {"revision": "2", "since": "2027-01-01"}
    assert send(client, csrf, path, **wrong).status_code == 422
    for nothing in ("0", "x", "9" * 30):
        assert client.get(f"{PAGE}/known/{nothing}").status_code == 404


def test_whoever_settles_for_one_site_sees_and_settles_that_site_only(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """Foreign codes are gone, foreign departments are not offered. # R2.2.3 (part), S36"""
    arrive(hospital, "0399", "", None)
    csrf = editor_of(hospital, client, "main")
    shown = client.get(PAGE, headers=CHINESE).text
    assert "0199" in shown and "0299" not in shown and "0399" not in shown
    assert "肺病科" not in shown
    for code in ("0299", "0399"):
        form = {"system": "HIS", "code": code, "department": "内科"}
        assert send(client, csrf, "/settle", **form).status_code == 404
        assert send(client, csrf, "/dismiss", **form, why="x").status_code == 404
    mine = {"system": "HIS", "code": "0199"}
    assert send(client, csrf, "/settle", **mine, department="肺病科").status_code == 422
    assert send(client, csrf, "/settle", **mine, suggested="medicine").status_code == 303
    (shared,) = list_aliases(hospital.db)
    change = {"revision": "1", "department": "心血管科"}
    assert send(client, csrf, f"/known/{shared.id}", **change).status_code == 403
    add_alias(hospital.db, SYSTEM, system="LIS", code="L1", name="", department="lung",
              valid_from=None, valid_to=None)  # fmt: skip
    foreign = list_aliases(hospital.db, AliasSearch(text="L1"))[0].id
    assert "L1" not in client.get(f"{PAGE}/known").text
    assert client.get(f"{PAGE}/known/{foreign}").status_code == 404
    assert client.get(f"{PAGE}?settled={foreign}", headers=CHINESE).text.count("L1") == 0


@pytest.mark.parametrize("typed", ["", "名" * 10_000, "a\0b", "<script>alert(1)</script>", "=1+1"])
def test_strange_words_about_codes_are_only_words(
    hospital: Deployment, client: TestClient[Any], typed: str
) -> None:
    """Nothing typed runs, breaks a page, or counts as a place. # S21 (part)"""
    csrf = sign_in(hospital, client, "admin", "system_administrator")
    arrive(hospital, typed or "?", typed, None)
    assert "<script>alert" not in client.get(PAGE).text
    for path, form in (
        ("/settle", {"system": "HIS", "code": typed, "department": typed}),
        ("/settle", {"system": "HIS", "code": "0199", "department": "内科", "since": typed}),
        ("/dismiss", {"system": typed, "code": "0199", "why": typed}),
        ("/new", {"system": "H" + typed, "code": "C" + typed, "department": "内科", "name": typed}),
        ("/nothing", {"system": typed}),
    ):
        answer = send(client, csrf, path, **form)
        assert answer.status_code < 500 and "<script>alert" not in answer.text, path
    asked = {"q": typed[:500], "system": typed[:500], "show": typed[:500], "p": typed[:500]}
    for path in ("", "/known"):
        assert client.get(f"{PAGE}{path}", params=asked).status_code == 200
    assert send(client, "0" * 40, "/settle", system="HIS", code="0299").status_code == 403
