"""A walk over every route of the console that changes something: each leaves its line of the trail.

Forms are sent as the pages give them, with what a person would type. A route that is added later
must be walked here, or be named among those that change nothing that others see.
"""

import html
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar, post
from litestar.params import FromPath
from litestar.testing import TestClient

from runtime.accounts import roles, users
from runtime.alarms import service as alarms
from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.bank import places
from runtime.org.resolving import resolve
from runtime.parameters import service as parameters
from runtime.seed import seed
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.bank.test_bank import add, content
from tests.bank.test_import import ROWS, csv_of
from tests.runtime.conftest import survey_with
from tests.runtime.test_accounts_pages import code_of
from tests.runtime.test_matrix import MATRIX
from tests.runtime.trail import Trail
from tests.security.walker import Walker

pytestmark = pytest.mark.xdist_group("audit_walk")

WARD = (Path(__file__).parents[2] / "examples/assets/ward.png").read_bytes()
SURVEY, EDIT, BANK = "/staff/surveys/visit", "/staff/surveys/visit/edit", "/staff/bank"
NAMED = {"name_zh": "日间手术中心", "name_en": "Day surgery"}
SILENT = {
    "POST /staff/me/language": "one's own language of the console",
    "POST /staff/surveys/{survey:str}/preview": "a rehearsal, of which nothing is kept",
    "POST /staff/surveys/new/file": "shows what a file holds; taking it leaves the line",
}
"""Routes that take a form and change nothing that others see."""


@pytest.fixture
def walker(deployment: Deployment, client: TestClient[Any]) -> Walker:
    """The demo hospital, with what waits for somebody: a code, an alarm, a bank question."""
    seed(deployment, responses=12)
    store_survey(deployment.db, json.dumps(survey_with()).encode(), publish=True)
    add(deployment.db, content("总体感受？", id="feel", required=True))
    for code in ("0199", "0299", "0399"):
        resolve(
            deployment.db,
            "HIS",
            code,
            date(2026, 3, 1),
            site="dade_road",
            name="门诊",
            source="hl7",
        )
    with deployment.db.begin() as connection:
        alarms.raise_alarm(connection, "restored", "critical", {"whose": "x"}, key="k")
    return Walker(deployment, client)


def led(answer: Any) -> str:
    """The page that an answer leads to."""
    return answer.headers["location"].partition("?")[0]


def walk_organisation(walker: Walker) -> None:
    walker.be("system_administrator")
    fill, send = walker.fill, walker.send
    fill("/alarms/{alarm:uuid}", "/staff/alarms", "reason", reason="已核实，属演练")
    fill("/aliases/new", "/staff/aliases/new", "system", system="HIS", code="77",
         department="心血管科", since="2026-01-01")  # fmt: skip
    known = walker.found("/staff/aliases/known", r"/staff/aliases/known/([^\"?]+)")
    fill("/aliases/known/{alias:str}", f"/staff/aliases/known/{known}", "since", since="2025-01-01")
    fill("/aliases/{act:str}", "/staff/aliases", "department", department="心血管科")
    made = fill("/sites/new", "/staff/sites/new", "name_zh", code="E1", **NAMED)
    fill("/sites/{site:str}", led(made), "name_zh", name_zh="东院")
    made = fill("/departments/new", "/staff/departments/new", "name_zh", code="901", **NAMED)
    fill("/departments/{department:str}/{act:str}", led(made), "name_zh", name_zh="日间手术部")
    fill("/dictionaries/{dictionary:str}", "/staff/dictionaries/categories", "add", **NAMED)
    table = "科室代码,科室名称\r\n902,睡眠医学科\r\n".encode()
    kinds = {"kind": "departments", "do": "try"}
    tried = walker.client.post("/staff/imports", data={"_csrf": walker.csrf, **kinds},
                               files={"file": ("t.csv", table)})  # fmt: skip
    kept = re.findall(r'name="table" value="([^"]*)"', tried.text)[0]
    send("/imports", "/staff/imports", kinds | {"do": "take", "table": kept})
    fill("/jobs/{name:str}", "/staff/jobs", "run", act="run")
    fill("/parameters/{name:str}", "/staff/parameters/backup.keep", "value", value="9")


def walk_people(walker: Walker) -> None:
    walker.be("security_administrator")
    fill, send = walker.fill, walker.send
    made = fill("/users", "/staff/users/new", "login", login="chen.li", name="陈丽")
    with walker.deployment.db.begin() as connection:
        user = users.find(connection, "chen.li").id
    assert "hsl_" in made.text
    fill("/users/{user:uuid}", f"/staff/users/{user}", "link", do="link")
    grant = {"do": "grant", "role": "analyst", "where": "hospital"}
    send("/users/{user:uuid}/roles", f"/staff/users/{user}/roles", grant)
    send("/users/{user:uuid}/sessions", f"/staff/users/{user}/sessions", {"do": "end_all"})
    fill("/roles/new", "/staff/roles/new", "name_zh", name_zh="质控护士", name_en="Quality nurse",
         widest="sites", **{"may surveys:read": "on"})  # fmt: skip
    with walker.deployment.db.begin() as connection:
        role = next(
            one.id for one in roles.list_roles(connection) if "质控护士" in one.name.values()
        )
    fill("/roles/{role:str}/edit", f"/staff/roles/{role}/edit", "name_zh", name_zh="质控员")
    fill("/roles/{role:str}/retire", f"/staff/roles/{role}", "retire")
    session = walker.found("/staff/sessions", r'name="session" value="([^"]+)"')
    send("/sessions", "/staff/sessions", {"session": session, "user": ""})


def walk_builder(walker: Walker) -> None:
    """Each page of the builder."""
    walker.be("survey_designer")
    fill, send = walker.fill, walker.send
    edit = "/surveys/{survey:str}/edit"
    fill("/surveys/new", "/staff/surveys/new", "title", title="急诊回访")
    document = json.loads(walker.form(f"{EDIT}/json", "document")[1]["document"])
    document["description"] = {"zh-CN": "三分钟", "en": "Short"}
    fill(f"{edit}/json", f"{EDIT}/json", "document", document=json.dumps(document))
    send("/surveys/{survey:str}/preview/walk", f"{SURVEY}/preview/walk", {"title": "一位患者"})
    patient = walker.found(f"{EDIT}/walks", r'value="copy (\w+)"')
    send(f"{edit}/walks", f"{EDIT}/walks", {"do": f"copy {patient}"})
    send(edit, EDIT, {"act": "insert rating", "at": "overall"})
    for kind in ("computed", "endings", "alerts", "scores"):
        send(f"{edit}/{kind}", f"{EDIT}/{kind}", {"act": f"part {kind}", "at": ""})
    word = {"act": "word", "verb": "rename", "at": "context/visit.type", "word": "visit.kind"}
    send(f"{edit}/context", f"{EDIT}/context", word)
    dimension = {"act": "word", "verb": "dimension overall", "word": "overall"}
    send(f"{edit}/dimensions", f"{EDIT}/dimensions", dimension)
    fill(f"{edit}/settings", f"{EDIT}/settings", "shown", act="save", **{"m:category": "praise"})
    picture = {"act": "add", "at": "overall", "new:zh-CN": "病房"}
    send(f"{edit}/pictures", f"{EDIT}/pictures", picture, {"file": ("a.png", WARD, "image/png")})
    typed = {"t::title/zh-CN": "就诊调查二"}
    fill(f"{edit}/texts", f"{EDIT}/texts?of=all", "only", act="save", **typed)
    send(f"{edit}/flow", f"{EDIT}/flow", {"act": "otherwise", "at": "arrival", "to": "end"})
    fill(f"{edit}/rule", f"{EDIT}/rule?at=why", "member", act="remove")
    walk_versions(walker)


def walk_versions(walker: Walker) -> None:
    """Templates, an old version, a foreign file."""
    fill, send = walker.fill, walker.send
    kept = send("/surveys/{survey:str}/template", f"{SURVEY}/template", {"title": "就诊模板"})
    send("/templates/{template:str}/remove", f"{led(kept)}/remove", {})
    with walker.deployment.db.begin() as connection:
        connection.execute(sa.text("UPDATE surveys SET draft = NULL WHERE id = 'visit'"))
    again = json.dumps(survey_with(category="praise")).encode()
    store_survey(walker.deployment.db, again, publish=True)
    restore = "/surveys/{survey:str}/versions/{version:int}/restore"
    fill(restore, SURVEY, "seq")
    file = {"file": ("form.json", json.dumps(survey_with(id="taken")).encode())}
    data = {"_csrf": walker.csrf, "source": ""}
    shown = walker.client.post("/staff/surveys/new/file", data=data, files=file).text
    taken = html.unescape(re.findall(r'name="document" value="([^"]*)"', shown)[0])
    taking = {"document": taken, "title": "接过来的"}
    send("/surveys/new/take", "/staff/surveys/new/take", taking)


def walk_publishing(walker: Walker) -> None:
    """Asked for, withdrawn, returned and approved; closed and opened again."""
    page, route = f"{SURVEY}/publish", "/surveys/{survey:str}/publish"

    def seen() -> dict[str, str]:
        text = walker.client.get(page).text
        ticks = re.findall(r'type="checkbox" name="(seen:\d+)" value="([^"]*)"', text)
        return {name: html.unescape(value) for name, value in ticks}

    def ask() -> None:
        walker.be("survey_designer")
        fields = walker.form(page, "notes")[1] | seen() | {"notes": "请审核"}
        walker.send(f"{route}/ask", f"{page}/ask", fields)

    parameters.change(walker.deployment.db, SYSTEM, "publishing.approve_surveys", True)
    ask()
    walker.fill(f"{route}/withdraw", page, "approval")
    ask()
    walker.be("reviewer")
    walker.fill(f"{route}/return", page, "reason", reason="第二题再想想")
    ask()
    walker.be("reviewer")
    walker.fill(route, page, "seq", **seen())
    walker.send("/surveys/{survey:str}/close", f"{SURVEY}/close", {})
    walker.send("/surveys/{survey:str}/reopen", f"{SURVEY}/reopen", {})


def walk_bank(walker: Walker) -> None:
    """Its tree, a question, a newer wording, a file."""
    walker.be("survey_designer")
    fill, send = walker.fill, walker.send
    send("/bank/tree", f"{BANK}/tree", {"do": "add", "name_zh": "夜间门诊", "name_en": "At night"})
    fill("/bank/items/{item:str}", f"{BANK}/items/feel", "tags", tags="总体")
    fill("/bank/items/{item:str}/edit", f"{BANK}/items/feel/edit", "shown", act="save",
         **{"m:text/zh-CN": "您的总体感受？"})  # fmt: skip
    question = {"id": "mine", "type": "rating", "text": {"zh-CN": "总体感受？"}, "required": True,
                "bank": {"id": "feel", "version": 1}}  # fmt: skip
    plain = {"format": "huisheng.survey/1", "id": "asks", "title": {"zh-CN": "问"},
             "languages": ["zh-CN"], "kind": "survey",
             "pages": [{"id": "p", "questions": [question]}]}  # fmt: skip
    store_survey(walker.deployment.db, json.dumps(plain).encode())
    send("/bank/items/{item:str}/offer", f"{BANK}/items/feel/offer", {"survey asks": "on"})
    with walker.deployment.db.begin() as connection:
        place = str(places.read_tree(connection)[0].id)
    typed = {"m:text/zh-CN": "您愿意再来吗？", "place": place, "anyway": "on", "act": "save"}
    fill("/bank/new", f"{BANK}/new?type=yes_no", "shown", **typed)
    file = {"file": ("题目.csv", csv_of(*ROWS))}
    send("/bank/imports", f"{BANK}/imports", {}, file)


def walk_oneself(walker: Walker) -> None:
    """Looking for a patient, unmasking, one's own sessions, password, second factor."""
    walker.be("service_centre_handler")
    fill, send = walker.fill, walker.send
    send("/search", "/staff/search", {"q": "13912345678"})
    with walker.deployment.db.begin_everywhere() as connection:
        query = "SELECT r.id FROM responses r JOIN response_personal p ON p.id = r.id LIMIT 1"
        response = connection.execute(sa.text(query)).scalar_one()
    path = f"/staff/responses/{response}"
    fill("/responses/{response:str}/personal", path, "reason", reason="回访患者")
    assert walker.lines().count("response.viewed") == 1, "the page that the form stood on"
    send("/me/sessions", "/staff/me/sessions", {})
    typed = {"current": "wrong", "new": "Abc12345!", "again": "Abc12345!"}
    before = len(walker.lines())
    walker.client.post("/staff/me/password", data={"_csrf": walker.csrf} | typed)
    walker.left["POST /staff/me/password"] |= set(walker.lines()[before:])
    enrol = walker.client.get("/staff/sign-in/enrol").text
    code = {"_csrf": walker.csrf, "code": code_of(enrol)}
    codes = walker.client.post("/staff/sign-in/enrol", data=code)
    recovery = re.findall(r"<code>([0-9A-Z]{5}-[0-9A-Z]{5})</code>", codes.text)[0]
    csrf = walker.found("/staff/me", r'name="_csrf" value="(\w+)"')
    send("/me/second", "/staff/me/second", {"_csrf": csrf, "do": "codes", "code": recovery})


WALKS = (walk_organisation, walk_people, walk_builder, walk_publishing, walk_bank, walk_oneself)


def test_every_route_that_changes_something_leaves_its_line(walker: Walker) -> None:
    """One form of each route is taken, and the trail tells who did it. # S57 R1.2.4.3 (part)"""
    for walk in WALKS:
        walk(walker)
    changing = {route for route in MATRIX if route.startswith("POST ")}
    assert changing - walker.left.keys() == SILENT.keys()
    looks = {"response.viewed", "access.refused"}
    for route, left in walker.left.items():
        assert left - looks, f"{route}: {left}"


LOOKS = {
    "GET /staff/responses/{response:str}": ("analyst", "response.viewed"),
    "GET /staff/responses.csv": ("analyst", "responses.exported"),
    "GET /staff/responses.xlsx": ("analyst", "responses.exported"),
    "GET /staff/responses.jsonl": ("analyst", "responses.exported"),
    "GET /staff/responses.fhir.json": ("analyst", "responses.exported"),
    "GET /staff/audit": ("auditor", "audit.viewed"),
    "GET /staff/audit/lines.csv": ("auditor", "audit.exported"),
}
"""Pages and files that show what one person answered or did, and the line that tells of it."""
ELSEWHERE = {
    "GET /staff/responses": "the list: no answers, no names",
    "GET /staff/responses/{response:str}/attachments/{attachment:str}": "tests of given files",
}


def test_every_look_at_what_people_answered_or_did_leaves_its_line(walker: Walker) -> None:
    """In a page and in each kind of file; none without who looked. # S57 (part) R1.2.4.3 (part)"""
    with walker.deployment.db.begin_everywhere() as connection:
        response = connection.execute(sa.text("SELECT id FROM responses LIMIT 1")).scalar_one()
    shown = ("GET /staff/responses", "GET /staff/audit")
    assert {one for one in MATRIX if one.startswith(shown)} == LOOKS.keys() | ELSEWHERE.keys()
    for route, (role, action) in LOOKS.items():
        walker.be(role)
        path = route.removeprefix("GET ").replace("{response:str}", str(response))
        before = len(walker.lines())
        assert walker.client.get(path).status_code == 200, route
        assert walker.lines()[before:] == [action], route


def test_no_line_holds_what_was_typed_about_a_person(walker: Walker) -> None:
    """After the whole walk: no password, no link, no contact that was searched for, no answer.

    # S57 (part) S60 (part)
    """
    for walk in WALKS:
        walk(walker)
    with walker.deployment.db.begin_everywhere() as connection:
        lines = " ".join(connection.execute(sa.text("SELECT l::text FROM audit_lines l")).scalars())
        sealed = connection.execute(sa.text("SELECT count(*) FROM response_personal")).scalar_one()
    assert sealed and len(lines) > 10_000
    for typed in ("13912345678", "Abc12345!", "hsl_", "hsw_", "陈丽", "三分钟"):
        assert typed not in lines, typed
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", lines), "a telephone number"


def test_the_watch_over_all_tests_sees_a_change_without_a_line(deployment: Deployment) -> None:
    """The same change with its line, and a look, are nothing to it. # S57 (part)"""

    @post("/{act:str}", sync_to_thread=True)
    def change(act: FromPath[str]) -> None:
        with deployment.db.begin() as connection:
            connection.execute(sa.text("SELECT id FROM sites FOR UPDATE"))
            if act != "look":
                connection.execute(
                    sa.text("INSERT INTO sites (id, name) VALUES (:id, '{}')"), {"id": act}
                )
            if act == "told":
                record(connection, SYSTEM, "site.added", "site", act)

    app, trail = Litestar([change]), Trail()
    with trail.over(app, deployment.db.engine), TestClient(app) as asking:
        for act in ("look", "told"):
            assert asking.post(f"/{act}").status_code == 201
        assert trail.bare == []
        assert asking.post("/bare").status_code == 201
    assert len(trail.bare) == 1 and trail.bare[0].startswith("POST /bare: INSERT INTO sites")
