"""What stands in the kiosk's HTML: the web's marks, no inline scripts or styles, both languages."""

import json
import re
from typing import Any

import html5lib
import pytest

import engine
from engine.evaluation import Evaluation
from engine.journey import start
from renderers import kiosk
from renderers.kiosk import KioskFrame, KioskTimes
from renderers.kiosk.render import qr_svg
from renderers.web.words import LANGUAGES, Language, catalogue
from tests.e2e.test_kiosk_journey import QUESTIONS, SURVEY

XHTML = "{http://www.w3.org/1999/xhtml}"


def page_of(lang: str = "zh-CN", answers: dict[str, Any] | None = None) -> engine.PageView:
    document = SURVEY | {"pages": [SURVEY["pages"][0] | {"questions": QUESTIONS}]}
    survey = engine.load(json.dumps(document).encode())
    evaluation: Evaluation = survey.evaluate(answers or {})
    frame = engine.Frame(lang=lang, session="s", version=1)
    journey = start(survey, evaluation)
    return engine.page_view(survey, evaluation, journey, answers or {}, frame=frame)


def elements(html: str) -> list[Any]:
    return [e for e in html5lib.parse(html).iter() if isinstance(e.tag, str)]


def test_every_question_of_the_page_stands_in_the_html_in_order() -> None:
    view = page_of(answers={"overall": 2})
    shown = [
        e.get("data-question") for e in elements(kiosk.render_page(view)) if e.get("data-question")
    ]
    assert shown == [question["id"] for question in QUESTIONS]


def test_required_marks_are_the_views() -> None:
    view = page_of()
    marks = {
        e.get("data-question"): e.get("data-required") == "true"
        for e in elements(kiosk.render_page(view))
        if e.get("data-question")
    }
    assert marks == {question.id: question.required for question in view.questions}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_screen_holds_inline_scripts_or_styles(lang: Language) -> None:
    frame = KioskFrame(lang=lang)
    screens = [
        kiosk.render_page(page_of(lang), frame),
        kiosk.render_attract([], frame),
        kiosk.render_leave(frame),
        kiosk.render_handover("code", "https://hospital.example/s/resume/code", frame),
        kiosk.render_error("gone", frame),
    ]
    for element in (element for html in screens for element in elements(html)):
        assert "style" not in element.attrib
        assert not any(name.startswith("on") for name in element.attrib)
        if element.tag == f"{XHTML}script":
            assert element.get("src")
            assert not (element.text or "").strip()
        assert element.tag != f"{XHTML}style"


def test_a_fragment_is_the_form_alone() -> None:
    html = kiosk.render_page(page_of(), fragment=True)
    assert "<html" not in html
    assert html.count("<form") == 1


def test_nothing_is_left_for_the_browser_to_fill_in() -> None:
    fields = [
        e
        for e in elements(kiosk.render_page(page_of()))
        if e.tag == f"{XHTML}form" or e.get("autocomplete")
    ]
    assert fields
    assert {e.get("autocomplete") for e in fields} == {"off"}


def test_the_clocks_travel_as_data_attributes() -> None:
    frame = KioskFrame(times=KioskTimes(idle_seconds=2, warning_seconds=3, ending_seconds=4))
    html = kiosk.render_leave(frame)
    assert re.search(r'data-idle-seconds="2"\s+data-warning-seconds="3"', html)
    assert 'data-ending-seconds="4"' in html


def test_both_languages_have_every_kiosk_word() -> None:
    names = [{key for key in catalogue(lang) if key.startswith("kiosk_")} for lang in LANGUAGES]
    assert names[0] == names[1]
    assert len(names[0]) > 60


def test_the_qr_code_is_drawn_without_styles_or_scripts() -> None:
    drawn = str(qr_svg("https://hospital.example/s/resume/ABCD"))
    assert drawn.startswith("<svg")
    assert "style=" not in drawn
    assert "script" not in drawn
