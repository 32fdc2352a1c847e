"""The page of the audit trail: who may see it, what it finds, what it leaves behind."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient
from litestar.types import ASGIApp, Receive, Scope, Send

from runtime.accounts import roles, users
from runtime.accounts.access import Permission, Principal
from runtime.audit.models import SYSTEM, Actor, typed_by
from runtime.audit.queries import Filters, search
from runtime.audit.service import record
from runtime.kit.problems import AppError
from runtime.kit.reach import NOTHING
from runtime.kit.turns import Turns
from runtime.kit.words import LANGUAGES, catalogue
from runtime.programs import _on_app_error  # pyright: ignore[reportPrivateUsage] - the app's own
from runtime.staff.audit_words import action_groups
from runtime.staff.pages import audit
from runtime.wiring import Deployment

XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
NURSE = Actor("staff", "u1", "王护士", "10.0.0.7", "staff", "s1")

SignedIn = Callable[..., TestClient[Any]]


@pytest.fixture
def signed_in(deployment: Deployment) -> Iterator[SignedIn]:
    """A client of somebody with these permissions, as the console's router tells the guards."""
    with ExitStack() as opened:

        def sign_in(*permissions: Permission) -> TestClient[Any]:
            who = Principal(
                "u9", "审计员", frozenset(permissions), NOTHING, NOTHING, (), "s9", "zh-CN",
                "full", "c", "10.0.0.9",
            )  # fmt: skip

            def knows(app: ASGIApp) -> ASGIApp:
                async def call(scope: Scope, receive: Receive, send: Send) -> None:
                    scope.setdefault("state", {})["principal"] = who  # type: ignore[misc]
                    await app(scope, receive, send)

                return call

            app = Litestar(
                list(audit.handlers),
                dependencies={
                    "principal": Provide(lambda: who, sync_to_thread=False),
                    "turn": Provide(Turns(1).take),
                    "deployment": Provide(lambda: deployment, sync_to_thread=False),
                },
                middleware=[knows],
                exception_handlers={AppError: _on_app_error},
                openapi_config=None,
            )
            return opened.enter_context(TestClient(app))

        yield sign_in


def write(deployment: Deployment, count: int, name: str = "王护士") -> None:
    with deployment.db.begin() as connection:
        for number in range(count):
            actor = Actor("staff", "u1", name, "10.0.0.7", "staff", "s1")
            record(connection, actor, "role.changed", "role", f"r{number}")


def actions(deployment: Deployment) -> list[str]:
    with deployment.db.begin() as connection:
        return [line.action for line in search(connection, Filters(person="u9")).lines]


def test_the_page_needs_its_permission_and_the_export_another(
    signed_in: SignedIn, deployment: Deployment
) -> None:
    """audit:read shows, audit:export exports; neither stands for the other. # S57 (part)"""
    write(deployment, 1)
    nobody, reader, exporter = signed_in(), signed_in("audit:read"), signed_in("audit:export")
    assert [one.get("/staff/audit").status_code for one in (nobody, reader, exporter)] == [
        403, 200, 403,
    ]  # fmt: skip
    csv_codes = [
        one.get("/staff/audit/lines.csv").status_code for one in (nobody, reader, exporter)
    ]
    assert csv_codes == [403, 403, 200]
    assert "lines.csv" not in reader.get("/staff/audit").text


def test_each_look_and_each_export_leaves_a_line(
    signed_in: SignedIn, deployment: Deployment
) -> None:
    """The line names the filters, not what was typed into them. # S57 (part)"""
    client = signed_in("audit:read", "audit:export")
    client.get("/staff/audit", params={"person": "13800001111"})
    client.get("/staff/audit/lines.csv")
    assert actions(deployment) == ["audit.exported", "audit.viewed"]
    with deployment.db.begin() as connection:
        facts = [line.facts for line in search(connection, Filters(person="u9")).lines]
    assert facts[1] == '{"by": ["person"], "lines": 0}'


def test_filters_and_pages_reach_every_line_once(
    signed_in: SignedIn, deployment: Deployment
) -> None:
    """120 lines in three pages; filters stay while paging; days are the hospital's. # S57 (part)"""
    write(deployment, 120)
    with deployment.db.begin() as connection:
        record(connection, SYSTEM, "job.ran", "job", "backup", outcome="failed")
    client = signed_in("audit:read")
    seen: list[str] = []
    address = "/staff/audit?action=role.&person=u1"
    for _ in range(3):
        text = client.get(address).text
        seen += re.findall(r"<code>(r\d+)</code>", text)
        found = re.search(r'href="([^"]+)" rel="next"', text)
        address = found[1].replace("&amp;", "&") if found else ""
    assert address == "" and sorted(seen) == sorted(f"r{number}" for number in range(120))
    day = (datetime.now(UTC) + timedelta(hours=8)).date()
    text = client.get(f"/staff/audit?outcome=failed&since={day}&until={day}").text
    assert "<code>backup</code>" in text and "<code>r0</code>" not in text
    gone = day - timedelta(days=1)
    assert "没有符合条件的记录" in client.get(f"/staff/audit?until={gone}").text


@pytest.mark.parametrize(
    "query",
    ["since=x", "until=9999-12-31", "after=1~2", "after=2026-01-01T00:00:00~x", "outcome=x",
     "person=%00", "person=%27%20OR%201=1--", "since=0001-01-01", "action=%25"],
)  # fmt: skip
def test_nonsense_in_the_address_is_no_error(signed_in: SignedIn, query: str) -> None:
    """What is no filter is left out; what is one is bound, never SQL."""
    assert signed_in("audit:read").get(f"/staff/audit?{query}").status_code == 200


def test_a_command_is_told_with_whoever_typed_it(
    signed_in: SignedIn, deployment: Deployment
) -> None:
    """By the sign-in to the machine; what programs do by themselves has no name. # R2.2.5 (part)"""
    with deployment.db.begin() as connection:
        record(connection, SYSTEM, "backup.made", "backup", "by_night")
        with typed_by("li.gong"):
            record(connection, SYSTEM, "keys.rewrapped", "keys", "data_keys")
    page = signed_in("audit:read").get("/staff/audit", headers={"accept-language": "zh-CN"}).text
    typed, own = re.split(r"(?=<tr>)", page)[-2:]
    assert "li.gong" in typed and "命令行" in typed and "data_keys" in typed
    assert "by_night" in own and "命令行" not in own


def test_markup_in_a_line_stays_text(signed_in: SignedIn, deployment: Deployment) -> None:
    """Names and filters are escaped; the page allows no inline script. # S60 (part)"""
    write(deployment, 1, name=XSS)
    client = signed_in("audit:read")
    answer = client.get("/staff/audit", params={"person": XSS})
    assert "&lt;script&gt;" in answer.text and "<script" not in answer.text
    assert "<img src=x" not in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_the_export_is_neutral_csv(signed_in: SignedIn, deployment: Deployment) -> None:
    """A formula in a name comes out as text. # S60 (part)"""
    write(deployment, 2, name='=HYPERLINK("http://evil.example","x")')
    answer = signed_in("audit:export").get("/staff/audit/lines.csv?action=role.changed")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 3 and {row[3] for row in rows[1:]} == {
        '\'=HYPERLINK("http://evil.example","x")'
    }
    assert answer.headers["content-disposition"].startswith("attachment")


SOURCE = Path(__file__).resolve().parents[2]
AREAS = re.compile(r'"((?:[a-z_]+)\.[a-z_]+)",\s+"(?:[a-z_]+)"')
DYNAMIC = (
    *(
        f"department.{code.removeprefix('departments_history_')}"
        for code in catalogue("zh-CN")
        if code.startswith("departments_history_")
    ),
    *(f"dictionary.{verb}" for verb in ("added", "changed", "moved")),
    *(f"department.{verb}" for verb in ("duty_given", "duty_ended")),
)


def test_every_action_has_words_in_both_languages() -> None:
    """What the source records is told in words, of what kind it was too, and stands among the
    page's filters."""
    calls = [
        call
        for folder in ("runtime", "builder")
        for file in (SOURCE / folder).rglob("*.py")
        for call in re.findall(r"record\([^()]*(?:\([^()]*\)[^()]*)*\)", file.read_text("utf-8"))
    ]
    recorded = {found for call in calls for found in AREAS.findall(call)}
    kinds = {kind for call in calls for kind in re.findall(r'"\w+\.\w+",\s*"(\w+)"', call)}
    assert len(recorded) > 30 and len(kinds) > 15
    for lang in LANGUAGES:
        known = {action for _, group in action_groups(lang) for action, _ in group}
        assert recorded | set(DYNAMIC) <= known
        areas = {area for area, _ in action_groups(lang)}
        assert {f"audit_area_{area}" for area in areas} <= catalogue(lang).keys()
        assert {f"audit_type_{kind}" for kind in kinds} <= catalogue(lang).keys()


def test_patients_actions_are_found_apart_with_the_time_that_they_took(
    signed_in: SignedIn, deployment: Deployment
) -> None:
    """Who acts is a filter; a submission tells how long it took, in all and by page.

    # R1.2.4.3 (part)
    """
    write(deployment, 2)
    patient = Actor("patient", "p1", "", None, "kiosk", "p1")
    with deployment.db.begin() as connection:
        record(connection, patient, "session.started", "session", "p1")
        facts = {"seconds": {"arrival": 61.5, "detail": 20.4}, "version": 3}
        record(connection, patient, "response.submitted", "response", "a1", facts=facts)
    client = signed_in("audit:read", "audit:export")
    text = client.get("/staff/audit?kind=patient").text
    assert "患者提交答卷" in text and "患者开始填写" in text
    assert "共用时 1 分 22 秒" in text and "arrival 61.5" in text
    assert "修改角色</td>" not in text
    others = client.get("/staff/audit?kind=staff").text
    assert "修改角色</td>" in others and "患者提交答卷</td>" not in others
    rows = client.get("/staff/audit/lines.csv?kind=patient").content.decode("utf-8-sig")
    assert rows.count("\r\n") == 3


def test_ids_are_told_by_name(signed_in: SignedIn, deployment: Deployment) -> None:
    """An account and a role stand in the page as people know them, and lead to their own lines."""
    with deployment.db.begin() as connection:
        user = users.create(connection, "lin", "林护士")
        roles.grant(connection, user, "analyst")
    text = signed_in("audit:read").get("/staff/audit?action=role.granted").text
    assert "账号 林护士" in text and "数据分析员" in text
    assert f"/staff/audit?object_id={user}" in text


def test_lines_that_no_patient_caused_are_found_by_their_index(deployment: Deployment) -> None:
    """No walk over the lines of a million patients."""
    with deployment.db.begin() as connection:
        connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            connection.execute(
                sa.text(
                    "EXPLAIN SELECT id FROM audit_lines WHERE actor_kind = 'staff' "
                    "AND actor_kind <> 'patient' ORDER BY at DESC, id DESC LIMIT 51"
                )
            ).scalars()
        )
    assert "Sort" not in plan.replace("Sort Key", "")
    assert "Index Cond: (actor_kind" in plan
