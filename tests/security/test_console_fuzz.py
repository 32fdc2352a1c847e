"""schemathesis over the forms of the console and of the patients' pages: never a 5xx."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from tests.security.forms import description_of
from tests.security.hospital import Hospital, Page, walk

pytestmark = pytest.mark.xdist_group("fuzz")

EXAMPLES = 4
ROLES = (
    "system_administrator",
    "auditor",
    "service_centre_handler",
    "survey_designer",
    "security_administrator",  # the last, since it changes roles
)
WIRE = {"method", "url", "headers", "params", "json", "data", "files"}


def failed(http: httpx.Client, case: Any, hospital: Hospital) -> Iterator[str]:
    """Send a generated case, as a browser does and as htmx does; what went wrong."""
    wire = case.as_transport_kwargs(base_url=hospital.base)
    wire = {name: wire[name] for name in wire.keys() & WIRE}
    made: Any = requests.Request(**wire).prepare()
    for more in ({}, {"hx-request": "true"}):
        kind = {"content-type": made.headers["content-type"]} if made.body else {}
        answer = http.request(
            made.method or "", made.url or "", headers=kind | more, content=made.body
        )
        is_late = answer.elapsed.total_seconds() > 8
        if answer.status_code >= 500 or is_late:
            yield f"{made.method} {made.url} {made.body!r}: {answer.status_code}"[:900]


def ask_all(document: dict[str, Any], ask: Callable[[Any], None]) -> int:
    """Every operation of a document with generated requests; how many operations there are."""
    count = 0
    schema: Any = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis.seed(5)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
        )
        @hypothesis.given(case=operation.as_strategy())
        def asked(case: Any) -> None:
            ask(case)

        asked()
        count += 1
    return count


@pytest.fixture(scope="module")
def papers() -> set[str]:
    """The routes that gave a document to be printed: nothing in one is filled in."""
    return set()


@pytest.mark.parametrize("role", ROLES)
def test_no_form_of_the_console_makes_the_server_fail(
    hospital: Hospital, papers: set[str], role: str
) -> None:
    """Every form of every page, and every query; afterwards every page still stands.

    Statements of SQL are among the values, in filters, sorts and pages too: none fails, none waits.
    # S22 S28 (part) S65 (part)
    """
    with hospital.sign_in(role, login=f"fuzz_{role}"[:30]) as http:
        pages = list(walk(hospital, role, http, papers))
        document = description_of(pages, hospital)
        wrong: list[str] = []

        def ask(case: Any) -> None:
            wrong.extend(failed(http, case, hospital))

        assert ask_all(document, ask) >= 3
        again = {page.route: page.path for page in pages if page.is_html}
        wrong += [path for path in again.values() if http.get(path).status_code >= 500]
    assert wrong == [], "\n".join([*dict.fromkeys(wrong), *bugs(hospital)])


def bugs(hospital: Hospital) -> list[str]:
    """Where the program failed, as its log has it."""
    lines = hospital.log.read_text("utf-8", "replace").splitlines()
    told = [json.loads(one) for one in lines if one.startswith("{") and '"bug"' in one]
    return list(dict.fromkeys(f"{one['error']}: {' '.join(one['where'][-3:])}" for one in told))


def _patients_pages(http: httpx.Client, hospital: Hospital) -> Iterator[Page]:
    """The pages of a survey that was begun on each of the two channels."""
    for path in ("/s/", "/s/outpatient_satisfaction", "/s/outpatient_satisfaction/fill",
                 "/kiosk/", "/kiosk/s/outpatient_satisfaction", "/kiosk/fill"):  # fmt: skip
        answer = http.get(path, follow_redirects=True)
        yield Page("patient", path, hospital.route_of(path), "the list", answer.status_code,
                   answer.headers, answer.text)  # fmt: skip
        if path.endswith("outpatient_satisfaction"):
            fields: Any = __import__("lxml.html").html.fromstring(answer.text.encode()).forms
            begin = next(one for one in fields if str(one.action or "").endswith("satisfaction"))
            http.post(path, data=dict(begin.fields))


def test_no_form_of_the_patients_pages_makes_the_server_fail(hospital: Hospital) -> None:
    """Starting, filling, looking, leaving, on the web and at the kiosk. # S28 (part)"""
    wrong: list[str] = []
    with ExitStack() as stack:
        http = stack.enter_context(httpx.Client(base_url=hospital.base, timeout=30))
        document = description_of(list(_patients_pages(http, hospital)), hospital)

        def ask(case: Any) -> None:
            wrong.extend(failed(http, case, hospital))

        assert ask_all(document, ask) >= 4
    assert wrong == [], "\n".join([*dict.fromkeys(wrong), *bugs(hospital)])
