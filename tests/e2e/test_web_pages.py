"""The patient pages over plain HTTP, as a browser without scripts drives them."""

import io
import re
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.e2e.conftest import SURVEY
from tests.renderers.readback import parsed, posted, shown_questions, with_data, words
from tests.serving import Running

pytestmark = pytest.mark.xdist_group("web")


class Browser:
    """A browser without scripts: it posts what the form holds, and follows redirects."""

    def __init__(self, program: Running, survey: str = "web_tests", lang: str = "zh-CN") -> None:
        self.survey = survey
        self.http = httpx.Client(
            base_url=program.base, headers={"accept-language": lang}, follow_redirects=True
        )
        self.page = self.http.get(f"/s/{survey}")

    @property
    def title(self) -> str | None:
        """The page's heading."""
        return words((with_data(parsed(self.page.text), "page-title") or [None])[0])

    @property
    def ids(self) -> list[str]:
        """The questions of the page."""
        return [one.id for one in shown_questions(self.page.text)]

    @property
    def problems(self) -> dict[str, str]:
        """Question → problem code."""
        return {one.id: one.problem for one in shown_questions(self.page.text) if one.problem}

    @property
    def notice(self) -> str:
        """What the page announces."""
        found = re.search(r'class="notice".*?<p>(.*?)</p>', self.page.text, re.S)
        return found[1] if found else ""

    def fields(self) -> dict[str, Any]:
        """What the form holds now."""
        return dict(posted(self.page.text))

    def press(self, button: str, files: Any = None, **typed: Any) -> "Browser":
        """Fill in and press; `q__overall` is the field `q.overall`, None takes it out."""
        fields = self.fields() | {"do": button}
        for name, value in typed.items():
            key = name.replace("__", ".")
            fields.pop(key, None)
            if value is not None:
                fields[key] = value
        action = self.page.url.path
        self.page = self.http.post(action, data=fields, files=files)
        return self

    def begin(self) -> "Browser":
        """From the start page to the first page of questions."""
        return self.press("start")


@pytest.fixture
def browser(program: Running) -> Browser:
    return Browser(program)


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(content, "PNG")
    return content.getvalue()


def test_a_survey_is_filled_without_scripts_from_the_first_page_to_the_ending(
    browser: Browser,
) -> None:
    """R1.1.2"""
    assert "网页测试" in browser.page.text
    browser.begin()
    assert browser.title == "就诊" and browser.ids == ["overall", "note"]
    browser.press("next")
    assert browser.page.status_code == 422 and browser.problems == {"overall": "required"}
    browser.press("next", q__overall="2", q__note="等了\r\n很久")
    assert browser.page.status_code == 200 and browser.ids == ["overall", "why", "note"]
    assert browser.problems == {} and "还有几个问题" in browser.notice
    browser.press("next", q__why=["wait", "other"], q__why__other__text="停车难")
    assert browser.title == "其他"
    browser.press("back")
    assert browser.fields()["q.why"] == ["wait", "other"]
    assert browser.fields()["q.why.other.text"] == ["停车难"]
    assert browser.fields()["q.note"] == ["等了\r\n很久"]
    browser.press("next")
    browser.press("submit", q__rank__kind="1", q__rank__skill="2", q__place="th")
    assert browser.page.url.path.endswith("/fill") and "多谢您" in browser.page.text
    again = browser.http.get(browser.page.url.path)
    assert "多谢您" in again.text and "data-done" in again.text


def test_two_options_in_one_place_come_back_with_their_problem(browser: Browser) -> None:
    browser.begin().press("next", q__overall="5")
    browser.press("submit", q__rank__kind="1", q__rank__skill="1")
    assert browser.page.status_code == 422 and "rank" in browser.problems
    assert browser.fields()["q.rank.kind"] == browser.fields()["q.rank.skill"] == ["1"]


def test_pictures_are_uploaded_and_removed_by_plain_posts(browser: Browser) -> None:
    """R1.1.1.2a"""
    browser.begin().press("next", q__overall="5")
    browser.press("upload.photo", files={"upload.photo": ("房间.png", picture(), "image/png")})
    assert "房间.png" in browser.page.text and "文件已上传" in browser.notice
    held = browser.fields()["q.photo"]
    browser.press("upload.photo", files={"upload.photo": ("x.png", b"not a picture", "image/png")})
    assert "不能上传" in browser.notice and browser.fields()["q.photo"] == held
    browser.press(f"remove.photo.{held[0]}")
    assert "q.photo" not in browser.fields()
    browser.press("upload.sign", files={"upload.sign": ("s.png", picture(), "image/png")})
    assert browser.fields()["q.sign"][0]
    browser.press("submit")
    assert "data-done" in browser.page.text


def test_a_file_that_is_chosen_but_not_uploaded_goes_with_the_next_step(browser: Browser) -> None:
    browser.begin().press("next", q__overall="5")
    browser.press("back", files={"upload.photo": ("a.png", picture(), "image/png")})
    browser.press("next")
    assert len(browser.fields()["q.photo"]) == 1


def two_windows(browser: Browser, program: Running) -> tuple[Browser, Browser]:
    browser.begin()
    other = Browser(program)
    other.http.cookies = browser.http.cookies
    other.page = other.http.get("/s/web_tests/fill")
    return browser, other


def test_two_windows_that_disagree_are_both_shown(browser: Browser, program: Running) -> None:
    """Two tabs do not lose each other's answers without a word."""
    one, two = two_windows(browser, program)
    two.press("next", q__overall="5", q__note="二")
    one.press("save", q__overall="4", q__note="一")
    assert one.page.status_code in (200, 409)
    text = one.page.text
    assert "另一个窗口" in text


def test_the_patient_chooses_between_two_windows(browser: Browser, program: Running) -> None:
    one, two = two_windows(browser, program)
    two.press("save", q__overall="5", q__note="二")
    one.press("save", q__overall="4", q__note="一")
    assert one.page.status_code == 409
    assert all(value in one.page.text for value in ("一", "二"))
    one.press("settle", keep__overall="ours", keep__note="theirs")
    assert one.page.status_code == 200
    fields = one.fields()
    assert fields["q.overall"] == ["4"] and fields["q.note"] == ["二"]


def test_windows_that_changed_different_questions_do_not_disturb_each_other(
    browser: Browser, program: Running
) -> None:
    one, two = two_windows(browser, program)
    two.press("save", q__note="二")
    one.press("save", q__overall="4")
    assert one.page.status_code == 200
    assert one.fields()["q.note"] == ["二"] and one.fields()["q.overall"] == ["4"]


def test_answers_typed_in_a_window_left_behind_are_kept(browser: Browser, program: Running) -> None:
    one, two = two_windows(browser, program)
    two.press("next", q__overall="5")
    one.press("next", q__note="还有一句")
    assert one.title == "其他" and "另一个窗口" in one.notice
    one.press("back")
    assert one.fields()["q.note"] == ["还有一句"]


def test_a_session_goes_on_after_the_browser_was_closed(browser: Browser, program: Running) -> None:
    browser.begin().press("save", q__overall="2", q__why=None)
    page = browser.http.get("/s/web_tests")
    assert "尚未完成" in page.text
    browser.page = page
    browser.press("continue")
    assert browser.fields()["q.overall"] == ["2"] and browser.ids == ["overall", "why", "note"]


def test_a_resume_link_goes_on_elsewhere_once(browser: Browser, program: Running) -> None:
    browser.begin().press("save", q__overall="4")
    link = re.search(r"/s/resume/[\w-]+", browser.page.text)
    assert link is not None
    phone = Browser(program)
    phone.page = phone.http.get(link[0])
    assert phone.page.status_code == 200 and not phone.ids
    phone.press("resume")
    assert phone.fields()["q.overall"] == ["4"]
    ended = browser.press("next")
    assert ended.page.status_code == 410 and "已经结束" in ended.page.text
    again = phone.http.get(link[0])
    phone.page = again
    assert phone.press("resume").page.status_code in (404, 409, 410)


def test_language_and_large_text_keep_what_was_typed(browser: Browser) -> None:
    browser.begin().press("lang.en", q__overall="2", q__note="hello")
    assert browser.title == "Visit" and browser.fields()["q.note"] == ["hello"]
    browser.press("text.large")
    assert 'data-text="large"' in browser.page.text and browser.fields()["q.overall"] == ["2"]
    browser.press("text.normal")
    assert 'data-text="large"' not in browser.page.text


def test_the_look_is_switched_outside_a_session_too(browser: Browser) -> None:
    token = re.search(r'name="csrf" value="(\w+)"', browser.page.text)
    assert token is not None
    answer = browser.http.post(
        "/s/-/look",
        data={"csrf": token[1], "do": "lang.en"},
        headers={"referer": str(browser.http.base_url) + "/s/web_tests"},
    )
    assert answer.url.path == "/s/web_tests" and "Web tests" in answer.text
    answer = browser.http.post(
        "/s/-/look",
        data={"csrf": token[1], "do": "lang.en"},
        headers={"referer": "https://evil.example//s/x"},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/s/"


def test_a_post_from_another_site_is_refused(browser: Browser) -> None:
    """R2.2.2: no form token, a foreign one, a foreign origin."""
    browser.begin()
    url, fields = "/s/web_tests/fill", browser.fields() | {"do": "next"}
    for change, headers in (
        ({"csrf": ""}, {}),
        ({"csrf": "0" * 40}, {}),
        ({}, {"origin": "https://evil.example"}),
        ({}, {"sec-fetch-site": "cross-site"}),
    ):
        answer = browser.http.post(url, data=fields | change, headers=headers)
        assert answer.status_code == 403 and "不能这样打开" in answer.text


def test_nothing_but_our_own_scripts_may_run_and_only_the_hospital_may_frame(
    browser: Browser,
) -> None:
    """R2.2.2, R1.1.2 # R1.1.2 (part)"""
    browser.begin()
    headers = browser.page.headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy and "script-src 'self'" in policy
    assert "frame-ancestors 'self' https://www.hospital.example" in policy
    assert headers["cache-control"] == "no-store" and "x-frame-options" not in headers
    assert headers["x-content-type-options"] == "nosniff"


def test_the_session_cookie_is_out_of_reach_of_scripts(program: Running) -> None:
    browser = Browser(program)
    fields = browser.fields() | {"do": "start"}
    answer = browser.http.post("/s/web_tests", data=fields, follow_redirects=False)
    cookies = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if "session" in cookie)
    assert "HttpOnly" in session and "SameSite=lax" in session and "Path=/" in session
    assert answer.status_code == 303 and "hss_" not in answer.headers["location"]


@pytest.mark.parametrize(
    ("path", "status", "words_of_it"),
    [
        ("/s/no_such_survey", 404, "找不到这个页面"),
        ("/s/resume/nothing", 200, "接着填写"),
        ("/s/web_tests/fill/x", 404, ""),
    ],
)
def test_an_error_page_says_what_can_be_done(
    program: Running, path: str, status: int, words_of_it: str
) -> None:
    answer = httpx.get(program.base + path, headers={"accept-language": "zh-CN"})
    assert answer.status_code == status and words_of_it in answer.text


def test_a_form_that_needs_identity_says_so(program: Running) -> None:
    program.publish({**SURVEY, "id": "known_only", "identity": "required"})
    browser = Browser(program, "known_only", "en")
    browser.press("start")
    assert browser.page.status_code == 403 and "Please confirm who you are" in browser.page.text


def test_forged_answers_change_nothing(browser: Browser) -> None:
    """R2.2.2: what is not asked is dropped, what does not exist is bad, jumps are refused."""
    browser.begin()
    fields = browser.fields() | {"do": "submit", "q.why": ["wait"], "q.ghost": ["1"]}
    shown = [*fields["shown"], "why:x", "ghost:x"]
    answer = browser.http.post("/s/web_tests/fill", data=fields | {"shown": shown})
    assert answer.status_code in (409, 422) and "data-done" not in answer.text
    answer = browser.http.post("/s/web_tests/fill", data=fields | {"q.overall": ["9"]})
    assert answer.status_code == 422 and "data-done" not in answer.text
    browser.page = browser.http.get("/s/web_tests/fill")
    assert browser.ids == ["overall", "note"]


def test_the_list_leads_to_every_open_survey(program: Running) -> None:
    """R1.1.1.3"""
    answer = httpx.get(program.base + "/", follow_redirects=True)
    assert answer.url.path == "/s/"
    links = [one.get("href") for one in parsed(answer.text).iter("a")]
    assert {"/s/outpatient_satisfaction", "/s/praise", "/s/web_tests"} <= set(links)


@pytest.mark.parametrize("path", ["css/web.css", "js/web.js", "lib/htmx.min.js", "img/mark.svg"])
def test_static_files_are_served_with_their_type(program: Running, path: str) -> None:
    answer = httpx.get(f"{program.base}/static/{path}")
    assert answer.status_code == 200 and len(answer.content) > 100
    assert answer.headers["cache-control"] == "no-cache"
    assert "immutable" in httpx.get(f"{program.base}/static/{path}?v=1").headers["cache-control"]
    assert httpx.get(f"{program.base}/static/../web/render.py").status_code == 404
