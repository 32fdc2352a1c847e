"""The console's pages of responses."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from litestar.testing import TestClient

from runtime.audit.queries import Filters, search
from runtime.wiring import Deployment
from tests.runtime.test_secrets_responses import (
    SEEDED,
    fill,  # noqa: F401 # pyright: ignore[reportUnusedImport] - a fixture
)
from tests.runtime.test_users_page import sign_in

HERE = "/staff/responses"


def test_personal_answers_are_masked_until_a_reason_is_given(
    fill: Callable[[], UUID],  # noqa: F811 - the fixture
    deployment: Deployment,
    client: TestClient[Any],
) -> None:
    """Shown once, never stored; a short reason shows nothing. # S51 (part)"""
    response = fill()
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    url = f"{HERE}/{response}"
    page = client.get(url).text
    assert "139****5678" in page and SEEDED["phone"] not in page
    form = {"_csrf": csrf, "reason": " x "}
    short = client.post(f"{url}/personal", data=form)
    assert short.status_code == 422 and SEEDED["phone"] not in short.text
    shown = client.post(f"{url}/personal", data=form | {"reason": "<b>患者来电核对</b>"})
    assert shown.status_code == 200 and SEEDED["phone"] in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert SEEDED["phone"] not in client.get(url).text
    with deployment.db.begin() as connection:
        looks = search(connection, Filters(action="personal.unmasked")).lines
    assert [(line.object_id, line.outcome) for line in looks] == [(str(response), "ok")]
    assert "患者来电核对" in looks[0].facts
    assert client.post(f"{url}/personal", data={"reason": "患者来电核对"}).status_code == 403


def test_who_may_not_unmask_finds_no_form(
    fill: Callable[[], UUID],  # noqa: F811 - the fixture
    deployment: Deployment,
    client: TestClient[Any],
) -> None:
    """Nor does sending it help. # S51 (part)"""
    url = f"{HERE}/{fill()}"
    csrf = sign_in(deployment, client, "reader", "analyst")
    page = client.get(url)
    assert page.status_code == 200 and 'name="reason"' not in page.text
    refused = client.post(f"{url}/personal", data={"_csrf": csrf, "reason": "患者来电核对"})
    assert refused.status_code == 403 and SEEDED["phone"] not in refused.text


def test_the_list_runs_from_either_end(
    fill: Callable[[], UUID],  # noqa: F811 - the fixture
    deployment: Deployment,
    client: TestClient[Any],
) -> None:
    """Newest first, or oldest first. # R1.2.1.1 (part)"""
    made = [str(fill()) for _ in range(3)]
    sign_in(deployment, client, "reader", "analyst")

    def listed(query: str) -> list[str]:
        return re.findall(r'href="/staff/responses/([0-9a-f-]{36})"', client.get(HERE + query).text)

    assert listed("") == made[::-1]
    assert listed("?order=oldest") == made
