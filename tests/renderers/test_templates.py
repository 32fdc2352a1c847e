"""Every question type has its template, every word its wording, every text its escaping."""

import re
import string
import typing
from pathlib import Path

import pytest

from engine.questions import AnyQuestionView
from renderers.web import render_page
from renderers.web.environment import STATIC, TEMPLATES, template_names
from renderers.web.frame import Frame, Pick, StoredFile
from renderers.web.words import LANGUAGES, catalogue
from tests.renderers.readback import named_controls, parsed, posted, shown_questions
from tests.renderers.samples import QUESTIONS, sample_survey, view_of

TYPES = sorted(str(view.__struct_config__.tag) for view in typing.get_args(AnyQuestionView))
NEWER = re.compile(r"\?\.[a-zA-Z(\[]|\?\?|<dialog|showModal|\.replaceAll\(|\.at\(")
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt;&amp;",
)


@pytest.mark.parametrize("type_name", TYPES)
def test_every_question_type_has_a_template(type_name: str) -> None:
    """R1.1.1.1b"""
    assert f"questions/{type_name}.html" in template_names()


def test_every_question_type_is_drawn() -> None:
    shown = shown_questions(render_page(view_of(sample_survey(), {})))
    assert [(q.id, q.type) for q in shown] == [(id_, b["type"]) for id_, b in QUESTIONS.items()]


def test_the_catalogues_have_the_same_keys_and_places() -> None:
    def places(text: str) -> set[str]:
        return {name.split("|")[0] for _, name, _, _ in string.Formatter().parse(text) if name}

    chinese, english = (catalogue(lang) for lang in LANGUAGES)
    assert chinese.keys() == english.keys()
    odd = [k for k in chinese if places(chinese[k]) != places(english[k])]
    assert [k for k in odd if "date" not in k] == []  # the parts of a date differ by language
    assert [k for k in english if re.search("[\u4e00-\u9fff]", english[k])] == []


def test_every_word_that_a_template_asks_for_is_there() -> None:
    asked = {
        key
        for file in TEMPLATES.rglob("*.html")
        for key in re.findall(r"""\bt\(['"](\w+)['"][,)]""", file.read_text("utf-8"))
    }
    assert asked - catalogue("zh-CN").keys() == set()


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_becomes_markup(attack: str) -> None:
    """R2.2.2: titles, questions, answers, file names, dictionary entries."""
    survey = sample_survey(attack.replace("{{", "\\{{"))
    answers = {"line": attack, "note": attack, "single": {"choice": "b", "text": attack}}
    frame = Frame(
        brand=attack,
        picks={"dept": (Pick(id=attack, text=attack, group=attack),)},
        files={"f1": StoredFile(id="f1", name=attack, bytes=1, type="image/png")},
    )
    html = render_page(view_of(survey, answers | {"photos": ["f1"]}), frame)
    tree = parsed(html)
    scripts = [one.get("src", "") for one in tree.iter("script")]
    assert all(src.startswith("/static/") for src in scripts) and len(scripts) == 2
    assert not [n for one in tree.iter() for n in one.attrib if n.startswith("on")]
    assert not [one for one in tree.iter("img") if one.get("src") == "x"]
    assert posted(html)["q.note"] == [attack]
    assert {q.text for q in shown_questions(html)} == {attack}


def test_nothing_is_inline() -> None:
    """R2.2.2: the strict policy allows neither inline scripts nor styles."""
    for file in [*TEMPLATES.rglob("*.html")]:
        source = file.read_text("utf-8")
        assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", source), file
        assert not re.search(r"<script(?![^>]*\bsrc=)", source), file
        assert "|safe" not in source.replace('invalid="true"\'|safe', ""), file


def test_every_control_has_a_name_that_people_read() -> None:
    tree = parsed(render_page(view_of(sample_survey(), {})))
    labelled = {one.get("for") for one in tree.iter("label")}
    for control in named_controls(tree):
        if control.tag == "button":
            assert "".join(control.itertext()).strip() or control.get("aria-hidden") == "true"
        else:
            assert control.get("id") in labelled, control.attrib


def test_the_styles_and_scripts_stay_at_the_level_of_old_kiosks() -> None:
    """R2.3: no `:has`, no dialog, no syntax beyond ES2017."""
    for file in [*(STATIC / "css").glob("*.css")]:
        assert ":has(" not in file.read_text("utf-8"), file
    for file in [*(STATIC / "js").glob("*.js"), *TEMPLATES.rglob("*.html")]:
        source = Path(file).read_text("utf-8")
        assert not re.search(
            r"\?\.[a-zA-Z(\[]|\?\?|<dialog|showModal|\.replaceAll\(|\.at\(", source
        ), file
