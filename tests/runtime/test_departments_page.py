"""The console's pages of departments: the tree, one department, changes asked about and told."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from runtime.accounts import roles, users
from runtime.org.models import Department, Site
from runtime.org.service import store_organisation
from runtime.wiring import Deployment

HERE = "/staff/departments"
EDITORS = "department_editor"


@pytest.fixture
def hospital(deployment: Deployment) -> None:
    """Two sites; medicine at both, a ward at the main one, an eye clinic at the other."""
    store_organisation(
        deployment.db,
        sites=[Site(id="main", name={"zh-CN": "总院"}), Site(id="island", name={"zh-CN": "岛院"})],
        departments=[
            Department(id="medicine", name={"zh-CN": "内科"}, sites=("main", "island"), code="100"),
            Department(id="lung", name={"zh-CN": "呼吸科"}, parent="medicine", sites=("main",)),
            Department(id="eye", name={"zh-CN": "眼科"}, sites=("island",), code="200"),
        ],
        staff=[],
        dictionaries={},
    )


def editor(
    deployment: Deployment, client: TestClient[Any], *permissions: str, site: str | None = None
) -> str:
    """Signed in with these permissions, everywhere or at one site; the token of forms."""
    with deployment.db.begin() as connection:
        user = users.ensure(connection, "org.editor", "组织管理员")
        connection.execute(
            sa.text(
                "INSERT INTO roles (id, name, permissions) VALUES (:id, CAST(:name AS jsonb), :may)"
            ),
            {"id": EDITORS, "name": '{"zh-CN": "科室维护"}', "may": list(permissions)},
        )
        roles.grant(connection, user, EDITORS, sites=None if site is None else (site,))
        link = users.give_link(connection, user, "look")
    signed = client.post(f"/staff/sign-in/{link}", follow_redirects=False)
    client.cookies.clear()
    client.cookies.update(signed.cookies)
    found = re.search(r'name="_csrf" value="(\w+)"', client.get("/staff/").text)
    assert found is not None
    return found[1]


def change(client: TestClient[Any], csrf: str, department: str, act: str, **fields: str) -> Any:
    """Post one change as the page's form does, with the revision that the page shows."""
    shown = client.get(f"{HERE}/{department}").text
    found = re.search(r'name="revision" value="(\d+)"', shown)
    values = {"_csrf": csrf, "revision": found[1] if found else "0"} | fields
    return client.post(f"{HERE}/{department}/{act}", data=values, follow_redirects=False)


WRITER = ("departments:read", "departments:write")


@pytest.mark.usefixtures("hospital")
def test_the_tree_is_searched_by_a_piece_of_a_chinese_name(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """R1.2.1.1 (part)"""
    editor(deployment, client, "departments:read")
    shown = client.get(HERE).text
    assert all(name in shown for name in ("内科", "呼吸科", "眼科"))
    found = client.get(HERE, params={"q": "呼吸"}).text
    assert "呼吸科" in found and "眼科" not in found
    assert client.get(HERE, params={"q": "<script>\0" + "长" * 5_000}).status_code == 200


@pytest.mark.usefixtures("hospital")
def test_a_department_is_renamed_and_the_second_of_two_editors_is_told(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """R1.2.1.1 (part)"""
    csrf = editor(deployment, client, *WRITER)
    assert change(client, csrf, "eye", "rename", name_zh="眼科中心").status_code == 303
    assert "眼科中心" in client.get(f"{HERE}/eye").text
    late = {"_csrf": csrf, "revision": "0", "name_zh": "五官科"}
    refused = client.post(f"{HERE}/eye/rename", data=late, follow_redirects=False)
    assert refused.status_code == 409
    assert "五官科" in refused.text and 'role="alert"' in refused.text


@pytest.mark.usefixtures("hospital")
def test_a_merge_says_what_it_means_before_it_is_done(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """R1.2.1.1 (part)"""
    csrf = editor(deployment, client, *WRITER)
    asked = change(client, csrf, "eye", "merge", into="100", on="2026-01-01")
    assert asked.status_code == 200 and "内科" in asked.text
    assert "眼科" in client.get(HERE).text
    done = change(client, csrf, "eye", "merge", into="100", on="2026-01-01", sure="yes")
    assert done.status_code == 303
    assert "眼科" not in client.get(HERE).text
    assert "眼科" in client.get(HERE, params={"closed": "1"}).text


@pytest.mark.usefixtures("hospital")
def test_who_answers_is_chosen_and_ended(deployment: Deployment, client: TestClient[Any]) -> None:
    """R1.2.1.1 (part)"""
    csrf = editor(deployment, client, *WRITER)
    given = change(
        client, csrf, "lung", "give-duty", account="org.editor", duty="head", since="2026-01-01"
    )
    assert given.status_code == 303
    shown = client.get(f"{HERE}/lung").text
    assert "组织管理员" in shown
    found = re.search(r'name="duty_id" value="([^"]+)"', shown)
    assert found is not None
    assert change(client, csrf, "lung", "end-duty", duty_id=found[1]).status_code == 303
    nobody = change(
        client, csrf, "lung", "give-duty", account="谁", duty="head", since="2026-01-01"
    )
    assert nobody.status_code == 422 and "谁" in nobody.text


@pytest.mark.usefixtures("hospital")
def test_a_site_manager_sees_and_changes_the_departments_of_that_site_only(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """R1.2.4.2 (part)"""
    csrf = editor(deployment, client, *WRITER, site="main")
    shown = client.get(HERE).text
    assert "呼吸科" in shown and "眼科" not in shown
    assert client.get(f"{HERE}/eye").status_code == 404
    assert change(client, csrf, "eye", "rename", name_zh="x").status_code == 404
    assert change(client, csrf, "lung", "rename", name_zh="呼吸内科").status_code == 303
    at_both = change(client, csrf, "medicine", "rename", name_zh="大内科")
    assert at_both.status_code == 403


@pytest.mark.usefixtures("hospital")
def test_every_change_of_a_department_is_in_the_trail(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """S20 (part)"""
    csrf = editor(deployment, client, *WRITER)
    change(client, csrf, "eye", "rename", name_zh="眼科中心")
    with deployment.db.begin() as connection:
        found = connection.execute(
            sa.text(
                "SELECT count(*) FROM audit_lines WHERE object_id = 'eye' AND actor_kind = 'staff'"
            )
        ).scalar()
    assert found == 1


@pytest.mark.usefixtures("hospital")
def test_a_reader_is_offered_no_change(deployment: Deployment, client: TestClient[Any]) -> None:
    """R1.2.4.1 (part)"""
    csrf = editor(deployment, client, "departments:read")
    assert "<form" not in client.get(f"{HERE}/eye").text.split("<main")[1].split("</main>")[0]
    assert change(client, csrf, "eye", "rename", name_zh="x").status_code == 403
