"""A template from its making to patients who are asked what its branches say."""

from typing import Any

from litestar.testing import TestClient

from runtime.drafts import service as drafts
from runtime.org.models import Entry
from runtime.org.service import store_organisation
from runtime.surveys.templates import list_templates
from runtime.wiring import Deployment
from tests.runtime.test_build_page import Author
from tests.runtime.test_logic_pages import Editor


def _begun_from(author: Author, template: str, title: str) -> str:
    """A new survey made of a template; the author stands at it."""
    form = {"_csrf": author.csrf, "template": template, "title": title}
    made = author.client.post("/staff/surveys/new", data=form, follow_redirects=False)
    assert made.status_code == 303, made.text[:2000]
    survey = made.headers["location"].split("/")[3]
    author.url = f"/staff/surveys/{survey}/edit"
    return survey


def _asked(client: TestClient[Any], survey: str, overall: int) -> list[str]:
    """What the first page asks a patient who gave so many points."""
    begun = client.post("/api/v1/sessions", json={"survey": survey, "channel": "web"}).json()
    here = f"/api/v1/sessions/{begun['session']}/answers"
    headers = {"authorization": f"Bearer {begun['token']}"}
    view = client.put(here, json={"answers": {"overall": overall}}, headers=headers).json()
    return [question["text"] for question in view["questions"]]


def test_a_template_is_made_edited_classified_and_branched_by_forms_alone(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Begun from one, a question added, sorted into a dimension, given a condition, kept as a
    template of its own, begun from again, published, asked. # R1.2.1.2"""
    nursing = Entry(id="nursing", name={"zh-CN": "护理"})
    store_organisation(
        deployment.db, sites=(), departments=(), staff=(), dictionaries={"dimensions": [nursing]}
    )
    author = Author(deployment, client)
    kept = {"_csrf": author.csrf, "title": "短表"}
    assert client.post("/staff/surveys/visit/template", data=kept).is_success
    first = _begun_from(author, list_templates(deployment.db)[0].id, "住院短表")

    rounds = author.did("insert yes_no", "why")
    texts = {"m:text/zh-CN": "护士夜里查房吗？", "m:text/en": "Rounds at night?"}
    author.did("save", rounds, shown=author.shown(rounds), **texts)
    dimension = {"_csrf": author.csrf, "act": f"dimension {rounds} nursing", "at": ""}
    assert client.post(f"{author.url}/dimensions", data=dimension).is_success
    editor = Editor(author, f"at={rounds}")
    editor.choose("0", "overall", "le", **{"value.0": "2"}).press("save", 303)
    kept = {"_csrf": author.csrf, "title": "住院夜班"}
    assert client.post(f"/staff/surveys/{first}/template", data=kept).is_success

    [night] = [one for one in list_templates(deployment.db) if one.title["zh-CN"] == "住院夜班"]
    second = _begun_from(author, night.id, "三病区")
    document = drafts.read_draft(deployment.db, second).document
    [question] = [one for page in document.pages for one in page.questions if one.id == rounds]
    assert question.dimension == "nursing"
    author.did("save", shown=author.shown(), **{"m:title/en": "Ward 3"})
    draft = {"_csrf": author.csrf, "seq": str(drafts.seq_of(deployment.db, second))}
    published = client.post(f"/staff/surveys/{second}/publish", data=draft, follow_redirects=False)
    assert published.status_code == 303, published.text[:2000]
    assert "护士夜里查房吗？" in _asked(client, second, 2)
    assert "护士夜里查房吗？" not in _asked(client, second, 5)
