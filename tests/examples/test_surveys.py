"""The demo surveys are such that a hospital could use them as they stand."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import engine
from engine.prove import prove, warnings

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted((EXAMPLES / "surveys").glob("*.json"))
SATISFACTION = [path for path in FILES if path.stem.endswith("_satisfaction")]
LANGUAGES = {"zh-CN", "en"}


def by_name(paths: list[Path]) -> pytest.MarkDecorator:
    """Runs a test once for each of the files."""
    return pytest.mark.parametrize("path", paths, ids=[path.stem for path in paths])


def read(path: Path) -> engine.Survey:
    return engine.load(path.read_bytes())


def form(name: str) -> engine.Survey:
    return read(EXAMPLES / "surveys" / f"{name}.json")


def questions(survey: engine.Survey) -> list[Any]:
    return [question for page in survey.document.pages for question in page.questions]


def evaluations(survey: engine.Survey) -> list[engine.Evaluation]:
    return [survey.evaluate(w.answers, w.context, w.today) for w in survey.document.walks]


def parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Every member of every object in a document."""
    if isinstance(value, dict):
        for key, inner in cast(dict[str, Any], value).items():
            yield key, inner
            yield from parts(inner)
    elif isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from parts(inner)


def test_there_are_four_satisfaction_surveys_and_five_feedback_forms() -> None:
    """# R1.1.1.1d (part) # R1.1.1.2a (part)"""
    kinds = {path.stem: read(path).document.kind for path in FILES}
    visits = ("outpatient", "emergency", "inpatient", "examination")
    forms = ("praise", "suggestion", "complaint", "consultation", "whistleblow")
    assert kinds == {f"{v}_satisfaction": "survey" for v in visits} | {f: f for f in forms}


@by_name(FILES)
def test_a_form_has_no_error(path: Path) -> None:
    parsed = engine.parse(path.read_bytes())
    assert parsed.document is not None
    assert engine.check_parsed(parsed) == ()


@by_name(FILES)
def test_a_form_proves_without_a_warning(path: Path) -> None:
    findings = prove(read(path).document)
    assert [(problem.code, problem.at) for problem in warnings(findings)] == []
    assert findings.every_path_ends is True


@by_name(FILES)
def test_the_walks_hold_and_lose_no_answer(path: Path) -> None:
    survey = read(path)
    assert engine.run_walks(survey) == ()
    for evaluation in evaluations(survey):
        assert evaluation.complete
        assert evaluation.dropped == ()
        assert evaluation.context_problems == ()


@by_name(FILES)
def test_the_walks_reach_every_page_question_and_ending(path: Path) -> None:
    survey = read(path)
    found = evaluations(survey)
    assert {e.ending for e in found} == {ending.id for ending in survey.document.endings}
    assert {page for e in found for page in e.path} == {p.id for p in survey.document.pages}
    assert {q for e in found for q in e.asked} == {q.id for q in questions(survey)}


@by_name(FILES)
def test_every_jump_is_taken_by_some_walk(path: Path) -> None:
    """Led to an ending of its own, each jump brings some walk there. # R1.1.1.1c # R1.1.1.2c"""
    document = json.loads(path.read_bytes())
    document["endings"].append({"id": "probe", "text": "-"})
    for page in document["pages"]:
        for jump in page.get("next", []):
            target, jump["to"] = jump["to"], "end:probe"
            assert "probe" in endings(document), f"{page['id']} → {target}"
            jump["to"] = target


def endings(document: dict[str, Any]) -> set[str | None]:
    survey = engine.load(json.dumps(document).encode())
    return {evaluation.ending for evaluation in evaluations(survey)}


@by_name(FILES)
def test_every_text_is_in_both_languages(path: Path) -> None:
    found = [v for _, v in parts(json.loads(path.read_bytes())) if is_text(v)]
    assert found
    for text in found:
        assert text.keys() == LANGUAGES
        assert any("一" <= character <= "鿿" for character in text["zh-CN"]), text
        assert not any("一" <= character <= "鿿" for character in text["en"]), text


def is_text(value: Any) -> bool:
    return isinstance(value, dict) and not LANGUAGES.isdisjoint(cast(dict[str, Any], value))


@by_name(FILES)
def test_every_picture_is_in_the_assets_folder(path: Path) -> None:
    """# R1.1.1.1b (part)"""
    kept = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (EXAMPLES / "assets").iterdir()}
    members = parts(json.loads(path.read_bytes()))
    named = {v.removeprefix("sha256:") for key, v in members if key in ("asset", "image")}
    assert named <= kept


@by_name(SATISFACTION)
def test_a_satisfaction_survey_has_twenty_to_forty_questions_pictures_and_dimensions(
    path: Path,
) -> None:
    """# R1.1.1.1b # R1.1.1.1e"""
    survey = read(path)
    assert 20 <= len(questions(survey)) <= 40
    assert any(getattr(q, "appearance", "") == "pictures" for q in questions(survey))
    assert any(q.media for q in questions(survey))
    dimensions = {score.dimension for score in survey.document.scores}
    assert dimensions >= {"access", "doctor", "fees", "overall"}


@by_name(SATISFACTION)
def test_who_has_only_a_minute_is_asked_little(path: Path) -> None:
    survey = read(path)
    walk = next(w for w in survey.document.walks if w.answers["length"] == "short")
    full = max(len(e.asked) for e in evaluations(survey))
    short = survey.evaluate(walk.answers, walk.context).asked
    assert len(short) <= 16 < full


def test_the_dictionaries_know_every_dimension_category_tag_and_department() -> None:
    hospital = EXAMPLES / "hospital"
    dictionaries = json.loads((hospital / "dictionaries.json").read_bytes())
    known = {
        name: {entry["id"] for entry in dictionaries[name]}
        for name in ("dimensions", "categories", "tags", "visit_types")
    }
    listed = json.loads((hospital / "departments.json").read_bytes())["departments"]
    departments = {department["id"] for department in listed}
    for path in FILES:
        survey = read(path)
        document = survey.document
        used = {part.dimension for part in (*questions(survey), *document.scores)}
        assert used - {None} <= known["dimensions"]
        assert document.category in known["categories"]
        assert {t for q in questions(survey) for t in q.tags} | {*document.tags} <= known["tags"]
        assert {*document.audience.visit_types} <= known["visit_types"]
        tops = {q.within.subtree for q in questions(survey) if getattr(q, "within", None)}
        assert tops <= departments


def test_the_feedback_forms_take_pictures_and_documents() -> None:
    """# R1.1.1.2a (part)"""
    for name in ("praise", "suggestion", "complaint", "consultation", "whistleblow"):
        assert {"picture_upload", "file_upload"} <= {q.type for q in questions(form(name))}


def test_endings_open_forms_that_exist() -> None:
    names = {path.stem for path in FILES}
    for path in FILES:
        opened = {ending.open_form for ending in read(path).document.endings}
        assert opened - {None} <= names


def test_who_reports_anonymously_is_not_asked_for_a_name() -> None:
    survey = form("whistleblow")
    walk = next(w for w in survey.document.walks if w.answers["anonymous"])
    asked = survey.evaluate(walk.answers).asked
    assert not {"contact_name", "contact_phone", "id_card", "postal_address"} & set(asked)
