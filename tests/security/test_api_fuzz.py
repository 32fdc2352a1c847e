"""schemathesis over the whole API, with a token of every scope and without: never a 5xx."""

from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from litestar.testing import TestClient

EXAMPLES = 8
WIRE = {"method", "url", "headers", "params", "json", "data", "files"}


@pytest.mark.parametrize("with_token", [True, False], ids=["token", "no_token"])
def test_no_generated_request_makes_the_server_fail(
    client: TestClient[Any], staff: dict[str, str], published: str, with_token: bool
) -> None:
    """Every operation that is published, good and bad requests. # S28 (part) S65 (part)"""
    headers = staff if with_token else {}
    document = client.get("/api/v1/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    asked: set[str] = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis.seed(3)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            wire = case.as_transport_kwargs(base_url="http://testserver", headers=headers)
            wire = {name: wire[name] for name in wire.keys() & WIRE}
            sent = requests.Request(**wire).prepare()
            answer = client.request(
                sent.method or "", sent.url or "", headers=dict(sent.headers), content=sent.body
            )
            asked.add(f"{case.method} {case.path}")
            assert answer.status_code < 500, f"{case.method} {answer.url}: {answer.text}"

        ask()
    assert len(asked) >= 20
