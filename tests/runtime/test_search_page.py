"""The search over the console."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from litestar.testing import TestClient

from runtime.audit.queries import Filters, search
from runtime.org.models import Department, Site
from runtime.org.service import store_organisation
from runtime.staff.pages.search import contact_kind
from runtime.wiring import Deployment
from tests.runtime.test_secrets_responses import (
    SEEDED,
    fill,  # noqa: F401 # pyright: ignore[reportUnusedImport] - a fixture
)
from tests.runtime.test_users_page import sign_in

HERE = "/staff/search"
SKIN = {"zh-CN": "皮肤科", "en": "Dermatology"}


def _find(client: TestClient[Any], csrf: str, text: str) -> str:
    answer = client.post(HERE, data={"_csrf": csrf, "q": text}, headers={"accept-language": "zh"})
    assert answer.status_code == 200
    return answer.text


def test_a_patients_responses_are_found_by_their_contact(
    fill: Callable[[], UUID],  # noqa: F811 - the fixture
    deployment: Deployment,
    client: TestClient[Any],
) -> None:
    """By phone, card and mail however they are spelled; each search leaves a line. # S61 (part)"""
    response = str(fill())
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    phone = SEEDED["phone"]
    for text in (phone, f"+86 {phone[:3]} {phone[3:]}", SEEDED["card"], SEEDED["mail"].upper()):
        assert f"/staff/responses/{response}" in _find(client, csrf, text), text
    assert response not in _find(client, csrf, phone[:-1] + "0")
    assert f"/staff/responses/{response}" in _find(client, csrf, response)
    with deployment.db.begin() as connection:
        lines = search(connection, Filters(action="responses.searched")).lines
    assert [line.object_id for line in lines] == ["phone", "email", "id_card", "phone", "phone"]
    assert not any(phone in line.facts for line in lines)


def test_who_may_not_see_personal_data_finds_nobody_by_it(
    fill: Callable[[], UUID],  # noqa: F811 - the fixture
    deployment: Deployment,
    client: TestClient[Any],
) -> None:
    """A reader finds a response by its number alone; nobody else finds even that."""
    response = str(fill())
    csrf = sign_in(deployment, client, "reader", "analyst")
    assert response not in _find(client, csrf, SEEDED["phone"])
    assert response in _find(client, csrf, response)
    csrf = sign_in(deployment, client, "keeper", "system_administrator")
    assert f"/staff/responses/{response}" not in _find(client, csrf, response)


def test_each_finds_what_they_may_open(
    deployment: Deployment, client: TestClient[Any], published: str
) -> None:
    """Departments, surveys, accounts and pages, by their Chinese or English names or codes."""
    store_organisation(
        deployment.db,
        sites=[Site(id="north", name={"zh-CN": "北院", "en": "North"})],
        departments=[Department(id="skin", name=SKIN, code="D-7")],
        staff=[],
        dictionaries={},
    )
    csrf = sign_in(deployment, client, "zhang_designer", "survey_designer")
    assert "/staff/departments/skin" in _find(client, csrf, "皮肤")
    assert "/staff/departments/skin" in _find(client, csrf, "dermat")
    assert "/staff/departments/skin" in _find(client, csrf, "d-7")
    assert f"/staff/surveys/{published}" in _find(client, csrf, "就诊")
    assert 'href="/staff/users/' not in _find(client, csrf, "zhang")
    csrf = sign_in(deployment, client, "li_security", "security_administrator")
    assert 'href="/staff/users/' in _find(client, csrf, "zhang")
    assert f"/staff/surveys/{published}" not in _find(client, csrf, "就诊")
    assert 'href="/staff/roles"' in _find(client, csrf, "角色")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "%_%", "\0", "=1+1", "语" * 4000])
def test_nonsense_finds_nothing_and_says_so(
    text: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """What was typed comes back as text; nothing typed asks again."""
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    page = _find(client, csrf, text)
    assert "<script>alert" not in page
    assert ("没有找到" in page) == bool(text.strip("\0"))
    assert client.post(HERE, data={"q": "x"}).status_code == 403
    assert client.get(HERE).status_code == 200


def test_contacts_are_told_from_other_words() -> None:
    """A number of a department is no phone number."""
    kinds = {
        "13912345678": "phone",
        "+86 139-1234-5678": "phone",
        "020-81234567": "phone",
        "11010519491231002x": "id_card",
        "１３９１２３４５６７８": "phone",
        "a@b.cn": "email",
        "@": None,
        "12345": None,
        "皮肤科": None,
        "D-7": None,
    }
    assert {text: contact_kind(text) for text in kinds} == kinds
