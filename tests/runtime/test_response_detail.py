"""One response in the console: its path, its answers in words, its times, its scores."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from runtime.org.models import Department, Site
from runtime.org.service import store_organisation
from runtime.responses.service import Sessions
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import survey_with
from tests.runtime.test_users_page import sign_in

CHINESE = {"accept-language": "zh-CN"}
BEGUN = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def _page(name: str, title: str, *questions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "title": {"zh-CN": title, "en": name}, "questions": questions} | more


def _question(name: str, kind: str, text: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "text": {"zh-CN": text, "en": name}} | more


PAGES = [
    _page(
        "zoo",
        "先走的页",
        _question("overall", "rating", "总体？", labels={"5": {"zh-CN": "很满意", "en": "Fine"}}),
        _question("where", "department", "哪个科？"),
        next=[{"if": {"op": "ge", "ref": "overall", "value": 4}, "to": "ant"}],
    ),
    _page("skipped", "跳过的页", _question("never", "yes_no", "没问过？")),
    _page(
        "ant",
        "后走的页",
        _question(
            "home",
            "cascade",
            "住哪里？",
            nodes=[
                {
                    "id": "gz",
                    "text": {"zh-CN": "广州", "en": "Guangzhou"},
                    "nodes": [{"id": "th", "text": {"zh-CN": "天河", "en": "Tianhe"}}],
                }
            ],
        ),
        _question("again", "yes_no", "再来吗？", labels={"yes": {"zh-CN": "一定来", "en": "Sure"}}),
        _question("silent", "single_choice", "没答的？", options=[{"id": "a", "text": "甲"}]),
        _question("note", "text", "想说的？"),
    ),
]


@pytest.fixture
def filled(deployment: Deployment) -> str:
    """A response whose patient spent a minute and a half on one page and ten seconds on another."""
    store_organisation(
        deployment.db,
        sites=(Site(id="north", name={"zh-CN": "北院", "en": "North"}),),
        departments=(Department(id="eye", name={"zh-CN": "眼科", "en": "Eyes"}, sites=("north",)),),
        staff=(),
        dictionaries={},
    )
    document = survey_with(id="timed", pages=PAGES, alerts=[], scores=[])
    store_survey(deployment.db, msgspec.json.encode(document), publish=True)
    moment = [BEGUN]
    sessions = Sessions(
        deployment.db,
        files=deployment.files,
        secret=deployment.secret,
        vault=deployment.vault,
        surveys=deployment.surveys,
        known=deployment.known,
        clock=lambda: moment[0],
    )
    begun = sessions.start("timed", "kiosk", site="north", is_trusted=True)
    moment[0] += timedelta(seconds=95)
    assert sessions.next_page(begun.token, {"overall": 5, "where": "eye"}).outcome == "ok"
    moment[0] += timedelta(seconds=10)
    last = {"home": "th", "again": True, "note": "护士很好"}
    submitted = sessions.submit(begun.token, last).submitted
    assert submitted is not None
    return submitted.response


def test_the_path_is_told_page_by_page_with_answers_in_words(
    filled: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """In the order walked, nothing of what was skipped; names of dictionaries, labels, nodes."""
    sign_in(deployment, client, "reader", "service_centre_handler")
    text = client.get(f"/staff/responses/{filled}", headers=CHINESE).text
    assert text.index("先走的页") < text.index("后走的页")
    assert "跳过的页" not in text and "没问过" not in text
    told = re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", text)
    assert ("总体？", "5 很满意") in told and ("哪个科？", "眼科") in told
    assert ("住哪里？", "广州 › 天河") in told and ("再来吗？", "一定来") in told
    assert "未回答" in dict(told)["没答的？"]
    assert "护士很好" not in text
    assert ("想说的？", '<a href="#personal">个人信息，见下方</a>') in told and (
        "想说的？",
        "****",
    ) in told


def test_what_patients_and_staff_did_is_found_with_the_time_that_it_took(
    filled: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """The patient's time by page and in all, in the list, the detail and the audit trail; who of
    the staff looked. # R1.2.4.3
    """
    sign_in(deployment, client, "reader", "service_centre_handler")
    assert "1 分 45 秒" in client.get("/staff/responses", headers=CHINESE).text
    text = client.get(f"/staff/responses/{filled}", headers=CHINESE).text
    assert re.search(r"先走的页 <span class=\"note\">1 分 35 秒", text)
    assert re.search(r"后走的页 <span class=\"note\">10 秒", text)
    client.cookies.clear()
    sign_in(deployment, client, "auditor", "auditor")
    patients = client.get("/staff/audit?kind=patient", headers=CHINESE).text
    assert "患者开始填写" in patients and "患者提交答卷" in patients
    assert "共用时 1 分 45 秒" in patients and "zoo 95.0" in patients
    about = client.get(f"/staff/audit?object_id={filled}&kind=staff", headers=CHINESE).text
    assert "查看答卷" in about and ">reader</a>" in about


def test_a_file_tells_departments_by_name(
    filled: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """An answer from a dictionary is a word in the spreadsheet too."""
    sign_in(deployment, client, "counter", "analyst")
    text = client.get("/staff/responses.csv?survey=timed", headers=CHINESE).text
    assert '"眼科"' in text and '"eye"' not in text
    assert '"广州 › 天河"' in text
