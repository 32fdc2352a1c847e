"""Budgets of requests: over them 429, never because of Redis, never for a crowd at one address."""

import subprocess
import sys
from typing import Any

import pytest
from litestar.testing import RequestFactory, TestClient

from runtime.kit.addresses import client_address
from runtime.kit.http import Http
from runtime.kit.limits import BUDGETS, Budget, Limits
from runtime.kit.settings import CHANNELS
from runtime.programs import create_app
from runtime.wiring import Deployment


def test_a_burst_of_one_caller_is_told_when_to_come_again(
    client: TestClient[Any], published: str, staff: dict[str, str]
) -> None:
    """More starts with one token than its budget: 429 with Retry-After. # S31 (part)"""
    body = {"survey": "no_such_survey", "channel": "web"}
    url = "/api/v1/sessions"
    answers = [client.post(url, json=body, headers=staff).status_code for _ in range(300)]
    assert set(answers) == {404}
    refused = client.post(url, json=body, headers=staff)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["problems"][0]["code"] == "too_many"
    other = client.post(url, json={"survey": published, "channel": "web"})
    assert other.status_code == 201, "another caller at the same address goes on"


def test_a_thousand_people_behind_one_address_are_let_in(
    client: TestClient[Any], published: str
) -> None:
    """A thousand starts without a token within a minute are all served. # S31 (part)"""
    body = {"survey": "no_such_survey", "channel": "web"}
    answers = {client.post("/api/v1/sessions", json=body).status_code for _ in range(1000)}
    assert answers == {404}


async def _waits(limits: Limits, budget: Budget, times: int) -> list[int]:
    from litestar.testing import RequestFactory

    request: Any = RequestFactory().get("/", headers={"authorization": "Bearer one"})
    waits = [await limits.wait_seconds(budget, request) for _ in range(times)]
    await limits.close()
    return waits


def test_two_processes_share_the_counters(redis_url: str) -> None:
    """What one process counted, another sees. # S31 (part)"""
    import asyncio

    budget = Budget("shared", each=3, address=100)
    first = asyncio.run(_waits(Limits(redis_url, ()), budget, 3))
    assert first == [0, 0, 0]
    assert asyncio.run(_waits(Limits(redis_url, ()), budget, 1))[0] > 0


COUNTER = """
import asyncio, sys
from litestar.testing import RequestFactory
from runtime.kit.limits import Budget, Limits

async def count():
    limits = Limits(sys.argv[1], ())
    request = RequestFactory().get("/", headers={"authorization": "Bearer one"})
    budget = Budget("two_processes", each=5, address=100)
    print([await limits.wait_seconds(budget, request) for _ in range(5)].count(0))
    await limits.close()

asyncio.run(count())
"""


def test_two_worker_processes_give_one_budget(redis_url: str) -> None:
    """Each asks five times; five are let in altogether. # S31 (part)"""
    words = [sys.executable, "-c", COUNTER, redis_url]
    asked = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(one.communicate(timeout=60)[0]) for one in asked) == 5


def test_nobody_is_refused_while_redis_is_away(deployment: Deployment) -> None:
    """With no Redis at its address requests go on uncounted. # S31 (part) S56 (part)"""
    deployment.redis_url = "redis://127.0.0.1:1"
    with TestClient(create_app(deployment, ("staff",)), raise_server_exceptions=False) as lonely:
        answer = lonely.post("/api/v1/sessions", json={"survey": "none", "channel": "web"})
    assert answer.status_code == 404


def test_every_budget_is_of_a_route_that_is_there(deployment: Deployment) -> None:
    """A route that is renamed takes its budget along, or this fails. # S31 (part)"""
    app = create_app(deployment, CHANNELS)
    routes = {
        (method, str(getattr(route, "path_format", "")))
        for route in app.routes
        for method in getattr(route, "methods", ())
    }
    assert set(BUDGETS) <= routes, set(BUDGETS) - routes


@pytest.mark.parametrize(
    ("route", "path"),
    [(("GET", "/staff/responses.csv"), "/staff/responses.csv"),
     (("POST", "/staff/search"), "/staff/search"),
     (("POST", "/staff/sign-in"), "/staff/sign-in")],
)  # fmt: skip
def test_a_burst_on_the_console_is_told_to_wait(
    route: tuple[str, str], path: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """Exports, searches and sign-ins of one address end in 429 with Retry-After. # S31 (part)"""
    method, budget = route[0], BUDGETS[route]
    statuses: list[int] = []
    for _ in range(budget.address + 1):
        answer = client.request(method, path, headers={"accept": "application/json"})
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
            break
    assert statuses[-1] == 429 and 429 not in statuses[:-1]
    assert len(statuses) == budget.address + 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("10.0.0.1", "203.0.113.7:x", None),
        ("10.0.0.1", "<script>", None),
        ("10.0.0.1", "", "10.0.0.1"),
        ("192.0.2.9", "203.0.113.7", "192.0.2.9"),
    ],
)
def test_counters_go_by_the_address_that_our_own_proxies_tell(
    peer: str, forwarded: str, address: str | None
) -> None:
    """What a stranger writes into the header moves nobody into another bucket. # S44 (part)"""
    scope: Any = RequestFactory().get("/", headers={"x-forwarded-for": forwarded}).scope
    scope["client"] = (peer, 4711)
    found = client_address(Http(scope), ("10.0.0.0/8",))
    assert found == (peer if address is None else address)
