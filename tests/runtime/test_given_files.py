"""Files that patients gave, as staff open them: for a reason, within reach, never as a page."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from PIL import Image

from runtime.accounts import roles, users
from runtime.audit.models import Actor
from runtime.audit.queries import Filters, search
from runtime.kit.content import name_to_save
from runtime.kit.http import attachment_header
from runtime.kit.problems import NotFound, Unprocessable
from runtime.org.models import Site
from runtime.org.service import store_organisation
from runtime.responses import consents, given_files
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import survey_with
from tests.runtime.test_secrets_responses import staff as somebody
from tests.runtime.test_users_page import sign_in

HERE = "/staff/responses"
REASON = "核对<投诉>照片"
PDF = b"%PDF-1.7\n<script>alert(1)</script>\n%%EOF"
NAME = "我的 检查\r\n报告\"'.html"


def _png(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def submit(deployment: Deployment) -> Callable[[], UUID]:
    """Submits a complaint at the north site with a photo, a document and a signature."""
    sites = [
        Site(id=one, name={"zh-CN": one, "en": one}, kind="hospital") for one in ("north", "south")
    ]
    store_organisation(deployment.db, sites=sites, departments=[], staff=[], dictionaries={})
    asked: list[dict[str, Any]] = [
        {"id": "photo", "type": "picture_upload", "text": {"zh-CN": "照片", "en": "Photo"}},
        {"id": "report", "type": "file_upload", "privacy": "none",
         "text": {"zh-CN": "报告", "en": "Report"}},
        {"id": "sign", "type": "signature", "text": {"zh-CN": "签名", "en": "Signature"}},
        {"id": "agree", "type": "consent", "text": {"zh-CN": "同意", "en": "I agree"},
         "document": "privacy", "version": 3},
    ]  # fmt: skip
    page = {"id": "one", "title": {"zh-CN": "一", "en": "One"}, "questions": asked}
    document = survey_with(id="complaint", pages=[page], scores=[], alerts=[])
    store_survey(deployment.db, msgspec.json.encode(document), publish=True)

    def give() -> UUID:
        token = deployment.sessions.start("complaint", "web", site="north").token
        deployment.sessions.attach(token, "photo", "../../伤口 照片.png", _png())
        deployment.sessions.attach(token, "report", NAME, PDF)
        deployment.sessions.attach(token, "sign", "sign.png", _png("black"))
        done = deployment.sessions.submit(token, {"agree": {"agreed": True, "version": 3}})
        assert done.submitted is not None, done.problems
        return UUID(done.submitted.response)

    return give


def _unmasked(client: TestClient[Any], response: UUID, csrf: str) -> str:
    form = {"_csrf": csrf, "reason": REASON}
    shown = client.post(f"{HERE}/{response}/personal", data=form)
    assert shown.status_code == 200
    return shown.text


def _links(page: str) -> list[str]:
    return re.findall(r'<a class="button quiet" href="(/staff/responses/[^"]+)" download', page)


def _looks(deployment: Deployment) -> list[Any]:
    with deployment.db.begin() as connection:
        return list(search(connection, Filters(action="attachment.viewed")).lines)


def test_staff_open_what_a_patient_attached_once_they_gave_a_reason(
    submit: Callable[[], UUID], deployment: Deployment, client: TestClient[Any]
) -> None:
    """Names, links and pictures only then, each look on record. # R1.1.1.2a (part) # S37 (part)"""
    response = submit()
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    before = client.get(f"{HERE}/{response}").text
    assert "/attachments/" not in before and "伤口" not in before
    page = _unmasked(client, response, csrf)
    links = _links(page)
    assert len(links) == 3 and page.count('<img src="/staff/responses/') == 2
    assert "伤口 照片.png" in page and "PNG 图片 · 1 KB" in page and "PDF 文件" in page
    contents = [client.get(link) for link in links]
    assert [one.status_code for one in contents] == [200, 200, 200]
    assert contents[1].content == PDF
    assert Image.open(io.BytesIO(contents[0].content)).size == (30, 20)
    told = [
        (line.actor_name, line.object_id, line.outcome, msgspec.json.decode(line.facts))
        for line in _looks(deployment)
    ]
    assert sorted(told, key=str) == sorted(
        (
            ("clerk", link.split("/")[-1].split("?")[0], "ok",
             {"reason": REASON, "response": str(response), "question": name})
            for link, name in zip(links, ("photo", "report", "sign"), strict=True)
        ),
        key=str,
    )  # fmt: skip
    assert "/attachments/" not in client.get(f"{HERE}/{response}").text


def test_a_file_is_saved_and_never_shown_as_a_page(
    submit: Callable[[], UUID], deployment: Deployment, client: TestClient[Any]
) -> None:
    """Its own type, sandboxed, stored nowhere, under a name of one line. # S33"""
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    answers = [client.get(link) for link in _links(_unmasked(client, submit(), csrf))]
    for one in answers:
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["cache-control"] == "no-store"
        assert "default-src 'none'; sandbox" in one.headers["content-security-policy"]
        assert one.headers["content-disposition"].startswith("attachment; filename=")
    types = [one.headers["content-type"] for one in answers]
    assert types == ["image/png", "application/pdf", "image/png"]
    named = answers[1].headers["content-disposition"].split("filename*=UTF-8''")[1]
    assert named == quote("我的 检查报告\"'.html.pdf", safe="")


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: x=1", 'a"; filename=b.exe', "\0", "报告", "é\\"]
)
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    """Line ends, quotes, NUL and letters beyond ASCII. # S33 (part)"""
    header = attachment_header(name)
    assert re.fullmatch(
        r"attachment; filename=\"[\w .-]*\"; filename\*=UTF-8''[\w.%~-]*", header, re.ASCII
    )
    assert quote(name, safe="") in header


def test_a_name_ends_as_its_content_is() -> None:
    """Whatever the patient's device called it. # S33 (part)"""
    assert name_to_save("报告.PDF", "application/pdf") == "报告.PDF"
    assert name_to_save("a.html", "image/png") == "a.html.png"
    assert name_to_save("../..", "image/jpeg") == "file.jpg"
    assert name_to_save("a.exe", "text/html") == "a.exe.bin"


def test_a_foreign_file_is_not_found(
    submit: Callable[[], UUID], deployment: Deployment, client: TestClient[Any]
) -> None:
    """Another response's file under one's own, ids that are none, paths upwards. # S36 # S33 (part)

    With a pass that is good for the response named in the address.
    """
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    mine, other = submit(), submit()
    foreign = _links(_unmasked(client, other, csrf))[0].split("/")[-1].split("?")[0]
    link = _links(_unmasked(client, mine, csrf))[0]
    own, given = link.split("/")[-1].split("?")
    for bad in (foreign, str(uuid4()), "..%2F..%2Fetc%2Fpasswd", "%00", f"{own}%00", "%0d%0aX:1"):
        assert client.get(f"{HERE}/{mine}/attachments/{bad}?{given}").status_code == 404, bad
    for bad in (str(uuid4()), "nothing", "%00", "..%2F"):
        assert client.get(f"{HERE}/{bad}/attachments/{own}?{given}").status_code == 404, bad
    assert _looks(deployment) == []


def test_who_looks_after_another_site_finds_no_file(
    submit: Callable[[], UUID], deployment: Deployment
) -> None:
    """Though the permission is held: the response is out of reach. # S36 (part)"""
    response = submit()
    near = somebody("responses:read", "personal:unmask", sites=("north",))
    far = somebody("responses:read", "personal:unmask", sites=("south",))
    with deployment.db.begin_for(near.reach) as connection:
        file = given_files.list_files(
            connection, deployment.vault, deployment.surveys, near, response
        )[0]
    given = given_files.give_pass(deployment.vault, near, response, REASON)
    assert _opened(deployment, near, response, file.id, given)[0] == file
    with pytest.raises(NotFound):
        _opened(deployment, far, response, file.id, given)
    with deployment.db.begin_for(far.reach) as connection, pytest.raises(NotFound):
        given_files.list_files(connection, deployment.vault, deployment.surveys, far, response)


def _opened(
    deployment: Deployment, asking: Any, response: UUID, file: str, given: str, **more: Any
) -> tuple[given_files.GivenFile, bytes]:
    made = deployment
    return given_files.open_file(
        made.db, made.files, made.vault, made.surveys, asking, response, file, given, **more
    )


def test_without_a_reason_of_this_sign_in_no_file_opens(
    submit: Callable[[], UUID], deployment: Deployment, client: TestClient[Any]
) -> None:
    """None, a forged one, another response's, somebody else's; it says what to do. # S37 (part)"""
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    mine, other = submit(), submit()
    theirs = _links(_unmasked(client, other, csrf))[0].split("?")[1]
    link = _links(_unmasked(client, mine, csrf))[0]
    bare, own = link.split("?")
    for bad in ("", "given=", "given=%00", "given=理由", "given=AQAA", theirs, own[:-3]):
        refused = client.get(f"{bare}?{bad}", headers={"accept-language": "zh"})
        assert refused.status_code == 422 and "请返回答卷页面" in refused.text, bad
    sign_in(deployment, client, "second", "service_centre_handler")
    assert client.get(link).status_code == 422
    assert _looks(deployment) == []


def test_a_reason_counts_for_a_quarter_of_an_hour(
    submit: Callable[[], UUID], deployment: Deployment
) -> None:
    """After that it is asked for again. # S37 (part)"""
    response, asking = submit(), somebody("responses:read", "personal:unmask")
    given = given_files.give_pass(deployment.vault, asking, response, REASON)
    with deployment.db.begin_for(asking.reach) as connection:
        file = given_files.list_files(
            connection, deployment.vault, deployment.surveys, asking, response
        )[0]
    now = deployment.clock()

    def after(minutes: int) -> Any:
        return lambda: now + timedelta(minutes=minutes)

    assert _opened(deployment, asking, response, file.id, given, clock=after(14))[0] == file
    with pytest.raises(Unprocessable):
        _opened(deployment, asking, response, file.id, given, clock=after(16))


def test_a_right_taken_away_closes_the_files_at_once(
    submit: Callable[[], UUID], deployment: Deployment, client: TestClient[Any]
) -> None:
    """With a link that opened a moment ago; who never had the right sees none. # S37 (part)"""
    response = submit()
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler", "analyst")
    link = _links(_unmasked(client, response, csrf))[0]
    assert client.get(link).status_code == 200
    with deployment.db.begin() as connection:
        roles.revoke(
            connection, users.ensure(connection, "clerk", "clerk"), "service_centre_handler"
        )
    assert client.get(link, follow_redirects=False).status_code in (303, 401, 403)
    sign_in(deployment, client, "reader", "analyst")
    assert client.get(link).status_code == 403
    page = client.get(f"{HERE}/{response}")
    assert page.status_code == 200 and 'name="reason"' not in page.text


def test_files_are_masked_for_roles_that_may_not_unmask_free_answers(
    submit: Callable[[], UUID], deployment: Deployment
) -> None:
    """They count as such: somebody who may see telephone numbers alone finds none. # S37 (part)"""
    asking = somebody("responses:read", "personal:unmask", fields=("phone",))
    with deployment.db.begin_for(asking.reach) as connection:
        found = given_files.list_files(
            connection, deployment.vault, deployment.surveys, asking, submit()
        )
    assert found == []


def test_a_consent_taken_back_takes_the_files_away(
    submit: Callable[[], UUID], deployment: Deployment, client: TestClient[Any]
) -> None:
    """The list and a link that opened a moment ago."""
    response = submit()
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    link = _links(_unmasked(client, response, csrf))[0]
    with deployment.db.begin_everywhere() as connection:
        desk = Actor("staff", "u9", "前台", None, "staff", None)
        consents.withdraw(connection, response, "患者本人来电", actor=desk)
    assert client.get(link).status_code == 404
    form = {"_csrf": csrf, "reason": REASON}
    assert client.post(f"{HERE}/{response}/personal", data=form).status_code == 404
    page = client.get(f"{HERE}/{response}").text
    assert 'name="reason"' not in page and "/attachments/" not in page


def test_a_file_that_the_disk_lost_is_told_in_words(
    submit: Callable[[], UUID], deployment: Deployment, client: TestClient[Any]
) -> None:
    """What to do, and a line that the look failed."""
    csrf = sign_in(deployment, client, "clerk", "service_centre_handler")
    link = _links(_unmasked(client, submit(), csrf))[0]
    with deployment.db.begin() as connection:
        for name in connection.execute(sa.text("SELECT sha256 FROM attachments")).scalars():
            deployment.files.remove(name)
    gone = client.get(link, headers={"accept-language": "zh"})
    assert gone.status_code == 410 and "从备份中恢复" in gone.text
    assert [line.outcome for line in _looks(deployment)] == ["failed"]
