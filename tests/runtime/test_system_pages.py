"""The console's pages of parameters, scheduled jobs and alarms."""

import re
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.alarms.service import raise_alarm, settle
from runtime.audit.queries import Filters, search
from runtime.jobs import service as jobs
from runtime.kit.words import catalogue
from runtime.parameters.registry import PARAMETERS
from runtime.parameters.service import value_of
from runtime.schedule import JOBS
from runtime.wiring import Deployment
from tests.runtime.test_users_page import sign_in

CHINESE = {"accept-language": "zh-CN"}


def _fields(client: TestClient[Any], url: str) -> str:
    return client.get(url, headers=CHINESE).text


def test_a_parameter_is_changed_within_its_limits_and_taken_back(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Refused values stay in the form; the history says who. # R1.2.4.2 (part)"""
    csrf = sign_in(deployment, client, "keeper", "system_administrator")
    url = "/staff/parameters/backup.keep"
    form = {"_csrf": csrf, "act": "set"}
    assert "保留多少份备份" in _fields(client, "/staff/parameters")
    for wrong in ("0", "1001", "-1", "ten", "1.5", "", "９", "=1+1", "9" * 4000):
        refused = client.post(url, data={**form, "value": wrong}, headers=CHINESE)
        assert refused.status_code == 422, wrong
        assert f'value="{wrong}"' in refused.text
    assert value_of(deployment.db, "backup.keep") == 14
    assert client.post(url, data={**form, "value": "30"}, follow_redirects=False).status_code == 303
    assert value_of(deployment.db, "backup.keep") == 30
    page = _fields(client, url)
    change = re.search(r'name="change" value="([0-9a-f-]+)"', page)
    assert change is not None and "keeper" in page
    assert "已调整" in _fields(client, "/staff/parameters")
    undo = {"_csrf": csrf, "act": "undo", "change": change[1]}
    assert client.post(url, data=undo, follow_redirects=False).status_code == 303
    assert value_of(deployment.db, "backup.keep") == 14
    again = client.post(url, data=undo, headers=CHINESE)
    assert again.status_code == 409 and "刚刚又有人改过" in again.text
    assert client.post(url, data={**undo, "change": "x"}).status_code == 404
    client.post(url, data={**form, "value": "40"})
    client.post(url, data={"_csrf": csrf, "act": "default"})
    assert value_of(deployment.db, "backup.keep") == 14
    assert client.get("/staff/parameters/none").status_code == 404
    assert client.post(url, data={"value": "30"}).status_code == 403


def test_a_switch_is_turned_off_by_leaving_its_box_empty(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """And on again by ticking it."""
    csrf = sign_in(deployment, client, "keeper", "system_administrator")
    url = "/staff/parameters/backup.nightly"
    client.post(url, data={"_csrf": csrf, "act": "set"})
    assert value_of(deployment.db, "backup.nightly") is False
    client.post(url, data={"_csrf": csrf, "act": "set", "value": "yes"})
    assert value_of(deployment.db, "backup.nightly") is True


def test_every_parameter_is_worded_and_read_somewhere() -> None:
    """Title and meaning in both languages; code that asks for it outside the registry."""
    sources = "\n".join(
        path.read_text("utf-8")
        for path in Path("runtime").rglob("*.py")
        if "parameters" not in path.parts and path.name != "parameters.py"
    )
    for one in PARAMETERS:
        assert f'"{one.name}"' in sources, one.name
        for lang in ("zh-CN", "en"):
            assert {one.words, f"{one.words}_help"} <= catalogue(lang).keys(), one.name
    groups = {one.name.partition(".")[0] for one in PARAMETERS}
    assert all(f"parameters_group_{group}" in catalogue("en") for group in groups)


def test_a_job_is_asked_for_paused_and_resumed(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """The next look of a worker runs it; each act leaves a line. # R1.2.4.2 (part)"""
    csrf = sign_in(deployment, client, "keeper", "system_administrator")
    page = _fields(client, "/staff/jobs")
    for job in JOBS:
        for lang in ("zh-CN", "en"):
            words = catalogue(lang)
            assert {f"jobs_name_{job.name}", f"jobs_help_{job.name}"} <= words.keys(), job.name
        assert catalogue("zh-CN")[f"jobs_name_{job.name}"] in page
    url = "/staff/jobs/remove_old_runs"
    assert client.post(url, data={"_csrf": csrf, "act": "pause"}).status_code == 200
    assert "已暂停" in _fields(client, "/staff/jobs")
    client.post(url, data={"_csrf": csrf, "act": "run"})
    assert "即将运行" in _fields(client, "/staff/jobs")
    assert jobs.run_due(deployment, JOBS, clock=deployment.clock) >= 1
    runs = _fields(client, url)
    assert "成功" in runs and "删除 90 天前" in runs
    client.post(url, data={"_csrf": csrf, "act": "resume"})
    assert "已暂停" not in _fields(client, "/staff/jobs")
    for where, act in ((url, "fly"), ("/staff/jobs/none", "run"),
                       ("/staff/jobs/seal_audit_lines", "pause")):  # fmt: skip
        assert client.post(where, data={"_csrf": csrf, "act": act}).status_code == 404
    with deployment.db.begin() as connection:
        lines = search(connection, Filters(object_id="remove_old_runs")).lines
    assert [line.action for line in reversed(lines)] == ["job.paused", "job.asked", "job.resumed"]


@pytest.mark.parametrize("code", ["failed_sign_ins", "lock_out", "refusals", "unmasked",
                                  "restored", "chain_broken", "backup_failed"])  # fmt: skip
def test_an_alarm_tells_what_to_do_until_somebody_saw_to_it(
    code: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """In words of its own, with a reason that is kept. # R2.2.9 (part)"""
    csrf = sign_in(deployment, client, "watcher", "security_administrator")
    assert "没有等待处理" in _fields(client, "/staff/alarms")
    with deployment.db.begin() as connection:
        facts = {"whose": "nobody", "number": 21}
        assert raise_alarm(connection, code, "critical", facts, clock=deployment.clock)
    page = _fields(client, "/staff/alarms")
    words = catalogue("zh-CN")
    assert words[f"alarms_title_{code}"] in page and words[f"alarms_do_{code}"] in page
    assert "安全告警 · 待处理" in _fields(client, "/staff/")
    where = re.search(r'action="(/staff/alarms/[0-9a-f-]+)"', page)
    assert where is not None
    empty = client.post(where[1], data={"_csrf": csrf, "reason": " "}, headers=CHINESE)
    assert empty.status_code == 422 and "请写一句处理说明" in empty.text
    reason = {"_csrf": csrf, "reason": "<b>已核实</b>"}
    assert client.post(where[1], data=reason, follow_redirects=False).status_code == 303
    assert client.post(where[1], data=reason).status_code == 409
    page = _fields(client, "/staff/alarms")
    assert "&lt;b&gt;已核实&lt;/b&gt;" in page and "没有等待处理" in page
    with deployment.db.begin() as connection:
        assert settle(connection, code, "fine", clock=deployment.clock) == 0


def test_the_first_page_counts_what_waits_and_what_came_in(
    deployment: Deployment, client: TestClient[Any], published: str
) -> None:
    """Each number leads to what it counts, and reaches as far as the person does."""
    begun = deployment.sessions.start(published, "web")
    deployment.sessions.next_page(begun.token, {"overall": 1, "why": ["wait"]})
    assert deployment.sessions.submit(begun.token, {"nurse": 1}).submitted is not None
    sign_in(deployment, client, "reader", "analyst")
    text = _fields(client, "/staff/")
    found = re.findall(r'href="([^"]+)"><b>(\d+)</b>', text)
    assert [count for _, count in found] == ["1", "1"]
    listed = client.get(found[1][0].replace("&amp;", "&"), headers=CHINESE).text
    assert "score=0" in found[1][0] and "/staff/responses/" in listed
    sign_in(deployment, client, "elsewhere", "site_manager", sites=("nowhere",))
    assert re.findall(r"<b>(\d+)</b>", _fields(client, "/staff/")) == ["0", "0"]
