"""Where surveys begin: templates, files of other systems, old versions."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

import engine
import examples
from builder.edits import SetMember
from builder.tree import write
from engine.definition import Document
from runtime.drafts import service as drafts
from runtime.org.service import store_organisation
from runtime.seed import FOLDER
from runtime.surveys import queries, service, templates
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY, survey_with
from tests.runtime.test_build_page import OTHER
from tests.runtime.test_users_page import sign_in

CHINESE = {"accept-language": "zh-CN"}
SHORT = sorted((Path(examples.__file__).parent / "templates").glob("*.json"))


class Beginner:
    """A designer who begins surveys."""

    def __init__(self, deployment: Deployment, client: TestClient[Any]) -> None:
        self.deployment = deployment
        self.client = client
        service.store_survey(deployment.db, json.dumps(SURVEY).encode(), publish=True)
        self.csrf = sign_in(deployment, client, "designer", "survey_designer")

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, headers=CHINESE)
        assert answer.status_code == status, (path, answer.status_code)
        return html.unescape(answer.text)

    def post(self, path: str, files: Any = None, **fields: str) -> Any:
        data = {"_csrf": self.csrf, **fields}
        return self.client.post(
            path, data=data, files=files, headers=CHINESE, follow_redirects=False
        )

    def begun(self, answer: Any) -> Document:
        """The draft that a form led to."""
        assert answer.status_code == 303, answer.text[:2000]
        survey = answer.headers["location"].split("/")[3]
        return drafts.read_draft(self.deployment.db, survey).document

    def upload(self, data: bytes, source: str = "", name: str = "form.json") -> Any:
        return self.post("/staff/surveys/new/file", {"file": (name, data)}, source=source)

    def take(self, page: str, title: str = "接过来的") -> Any:
        found = re.search(r'name="document" value="([^"]*)"', page)
        assert found is not None
        return self.post("/staff/surveys/new/take", document=html.unescape(found[1]), title=title)


@pytest.fixture
def beginner(deployment: Deployment, client: TestClient[Any]) -> Beginner:
    """Beside a published survey, with the hospital's categories and kinds of visit."""
    listed: dict[str, Any] = json.loads((FOLDER / "hospital/dictionaries.json").read_bytes())
    from runtime.org.models import Entry

    entries = {
        name: tuple(Entry(id=one["id"], name=one["name"]) for one in found)
        for name, found in listed.items()
        if name != "format"
    }
    store_organisation(deployment.db, sites=(), departments=(), staff=(), dictionaries=entries)
    return Beginner(deployment, client)


def test_a_survey_is_kept_as_a_template_and_others_begin_from_it(beginner: Beginner) -> None:
    """With title, words, category and visits; found by both; looked at; given up. # R0.4 (part)"""
    fields = {"title": "急诊短表", "description": "给急诊用", "category": "satisfaction"}
    kept = beginner.post("/staff/surveys/visit/template", **fields, **{"visit:emergency": "on"})
    assert kept.status_code == 303
    here = kept.headers["location"].partition("?")[0]
    shown = beginner.get(here)
    assert "急诊短表" in shown and "给急诊用" in shown and "总体感受？" in shown
    assert "「总体感受」不超过 3 分" in shown
    for query, is_there in (
        ("category=satisfaction&visit=emergency", True), ("visit=inpatient", False),
        ("category=praise", False), ("category=%00x", False), ("", True),
    ):  # fmt: skip
        assert ("急诊短表" in beginner.get(f"/staff/templates?{query}")) == is_there, query
    offered = beginner.get("/staff/surveys/new")
    assert "急诊短表" in offered and f"?template={here.split('/')[-1]}" in offered
    form = beginner.get(f"/staff/surveys/new?template={here.split('/')[-1]}")
    assert 'value="急诊短表"' in form
    made = beginner.post("/staff/surveys/new", template=here.split("/")[-1], title="六月急诊")
    document = beginner.begun(made)
    assert document.title == {"zh-CN": "六月急诊"} and len(document.pages) == 2
    assert document.audience.visit_types == ("emergency",) and document.id != "visit"
    assert beginner.post(f"{here}/remove").status_code == 303
    assert beginner.get(here, 404) and "急诊短表" not in beginner.get("/staff/templates")
    with beginner.deployment.db.begin() as connection:
        query = sa.text("SELECT action FROM audit_lines WHERE object_type = 'survey_template'")
        actions = connection.execute(query).scalars().all()
    assert sorted(actions) == ["survey_template.kept", "survey_template.removed"]


def test_a_template_stays_as_it_was_kept(beginner: Beginner) -> None:
    """Later edits of the survey do not touch it; a second of the same name has its own id."""
    beginner.post("/staff/surveys/visit/template", title="甲")
    edit = SetMember(of="detail", member="title/zh-CN", value="改了")
    drafts.apply_edit(beginner.deployment.db, "visit", edit, OTHER)
    beginner.post("/staff/surveys/visit/template", title="乙")
    first, second = templates.list_templates(beginner.deployment.db)
    assert first.id != second.id
    _, data = templates.get_template(beginner.deployment.db, first.id)
    assert "改了" not in data.decode()


def test_who_may_not_remove_a_template_is_refused(
    beginner: Beginner, deployment: Deployment, client: TestClient[Any]
) -> None:
    """An analyst looks, and no more. # S35 (part)"""
    beginner.post("/staff/surveys/visit/template", title="甲")
    (one,) = templates.list_templates(deployment.db)
    csrf = sign_in(deployment, client, "reader", "analyst")
    assert "删除模板" not in beginner.get(f"/staff/templates/{one.id}")
    for path in (f"/staff/templates/{one.id}/remove", "/staff/surveys/visit/template"):
        assert client.post(path, data={"_csrf": csrf}).status_code == 403
    assert client.get("/staff/templates").status_code == 403


@pytest.mark.parametrize("path", SHORT, ids=lambda path: path.stem)
def test_the_short_templates_of_the_demo_hospital_are_sound(path: Path) -> None:
    """No error, no warning, both languages. # R0.4 (part)"""
    from engine.prove import prove, warnings

    document = engine.load(path.read_bytes()).document
    assert engine.check(document) == () and warnings(prove(document)) == ()
    assert document.languages == ("zh-CN", "en")


# Files


SURVEYJS = {
    "title": "Kaffee",
    "pages": [{"name": "p1", "elements": [
        {"type": "rating", "name": "taste", "title": "Taste", "rateMax": 5},
        {"type": "html", "name": "x", "html": "<b>hi</b>"},
        {"type": "signaturepad", "name": "s", "backgroundImage": "x.png"},
        {"type": "nosuchthing", "name": "y"},
    ]}],
}  # fmt: skip
FHIR = {
    "resourceType": "Questionnaire",
    "status": "draft",
    "title": "Q",
    "item": [{"linkId": "a", "type": "boolean", "text": "Smoker?"}],
}


@pytest.mark.parametrize(("value", "label"), [(SURVEYJS, "SurveyJS"), (FHIR, "FHIR Questionnaire")])
def test_what_a_foreign_form_loses_is_shown_before_it_is_taken(
    beginner: Beginner, value: Any, label: str
) -> None:
    """The format is found out; nothing is stored until it is taken. # R0.4 (part)"""
    before = len(queries.list_surveys(beginner.deployment.db))
    shown = beginner.upload(json.dumps(value).encode())
    text = html.unescape(shown.text)
    assert shown.status_code == 200 and label in text
    assert ("没有转过来或有变化的" in text) == (value is SURVEYJS)
    assert len(queries.list_surveys(beginner.deployment.db)) == before
    document = beginner.begun(beginner.take(shown.text))
    assert "接过来的" in str(document.title) and document.pages[0].questions


def test_our_own_json_comes_back_as_it_was(beginner: Beginner) -> None:
    """Under its own id where that is free, under another where it is taken. # R0.4 (part)"""
    mine = survey_with(id="carried_over")
    shown = beginner.upload(json.dumps(mine).encode())
    same = beginner.begun(beginner.take(shown.text, "就诊调查"))
    assert write(same) == write(engine.load(json.dumps(mine).encode()).document)
    again = beginner.begun(beginner.take(shown.text, "另一份"))
    assert again.id != "carried_over" and again.pages == same.pages


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\xff", b"{", b"[" * 5000, b"PK\x03\x04junk", b'{"format":"huisheng.survey/1"}',
     b'{"resourceType":"Patient"}', b"<xml/>", b"null", b'"x"'],
)  # fmt: skip
def test_any_file_is_answered(beginner: Beginner, data: bytes) -> None:
    """Whatever it is said to be: a page that says that nothing could be read, nothing stored."""
    before = len(queries.list_surveys(beginner.deployment.db))
    for source in ("", "huisheng", "surveyjs", "fhir", "xlsform", "nonsense"):
        assert beginner.upload(data, source).status_code in (200, 422), source
    assert len(queries.list_surveys(beginner.deployment.db)) == before


@pytest.mark.parametrize("document", ["", "{", "[" * 100, "\ud7ff", '{"format":1}'])
def test_a_forged_document_is_not_taken(beginner: Beginner, document: str) -> None:
    """What the page carried is read anew."""
    answer = beginner.post("/staff/surveys/new/take", document=document, title="x")
    assert answer.status_code == 422
    assert len(queries.list_surveys(beginner.deployment.db)) == 1


def test_words_of_a_file_stay_words(beginner: Beginner) -> None:
    """A title that would run. # S21 (part)"""
    mine = survey_with(id="evil", title={"zh-CN": "<script>alert(1)</script>", "en": "x"})
    assert "<script>alert" not in beginner.upload(json.dumps(mine).encode()).text


# Versions


def test_an_old_version_is_restored_as_a_draft_and_taken_back(beginner: Beginner) -> None:
    """Patients see no change; the author's undo brings the draft back. # R0.4 (part)"""
    db, client = beginner.deployment.db, beginner.client
    old = write(drafts.read_draft(db, "visit").document)
    second = survey_with(category="second")
    service.store_survey(db, json.dumps(second).encode(), publish=True)
    page = beginner.get("/staff/surveys/visit")
    assert "第 1 版" in page and "恢复这一版" in page
    seq = re.search(r'name="seq" value="(\d+)"', page)
    assert seq is not None
    url = "/staff/surveys/visit/versions/1"
    assert beginner.post(f"{url}/restore", seq="0").status_code == 409
    assert beginner.post(f"{url}/restore", seq=seq[1]).status_code == 303
    assert write(drafts.read_draft(db, "visit").document) == old
    assert queries.get_line(db, "visit").version == 2
    undone = beginner.post("/staff/surveys/visit/edit", act="undo", at="", tab="edit")
    assert undone.status_code == 303 and not drafts.read_draft(db, "visit").is_draft
    file = client.get(f"{url}/document.json")
    assert json.loads(file.content) == SURVEY
    assert "attachment" in file.headers["content-disposition"]
    for number in ("0", "9", "99999999999"):
        assert (
            client.get(f"/staff/surveys/visit/versions/{number}/document.json").status_code == 404
        )
        there = f"/staff/surveys/visit/versions/{number}/restore"
        assert beginner.post(there, seq=seq[1]).status_code == 404
