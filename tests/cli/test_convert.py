"""huisheng convert, typed as the README says."""

import json
import zipfile

import pytest
from click.testing import CliRunner

from runtime.cli import commands
from tests.interchange.workbooks import workbook

FORM = {
    "title": "门诊",
    "elements": [
        {"type": "rating", "name": "overall"},
        {"type": "comment", "name": "why", "visibleIf": "{overall} <= 3"},
    ],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "form.json").write_text(json.dumps(FORM), "utf-8")
    lossy = {"elements": [*FORM["elements"], {"type": "paneldynamic", "name": "again"}]}
    (tmp_path / "lossy.json").write_text(json.dumps(lossy), "utf-8")
    (tmp_path / "broken.json").write_text("{", "utf-8")
    return tmp_path


def run(*words, text=None):
    return CliRunner().invoke(commands, ["convert", *words], input=text)


def test_a_converted_form_passes_the_checks(folder):
    """# R0.4 (part)"""
    done = run("--from", "surveyjs", "--to", "huisheng", "form.json", "-o", "out.json",
               "--report", "report.json", "--strict")  # fmt: skip
    assert (done.exit_code, done.output) == (0, "")
    checked = CliRunner().invoke(commands, ["check", "out.json"])
    assert (checked.exit_code, checked.output) == (0, "")
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert report == {
        "from": "surveyjs", "to": "huisheng", "elements": 3, "carried": 3, "refused": 0,
        "lost": 0, "losses": [], "notes": [],
    }  # fmt: skip


def test_a_loss_is_told_with_its_place_and_strict_fails_on_it(folder):
    done = run(
        "--from", "surveyjs", "--to", "huisheng", "lossy.json", "-o", "out.json", "--lang", "en"
    )
    assert done.exit_code == 0
    assert done.output.startswith("lossy.json: /elements/2: refused repeats:")
    strict = run(
        "--from", "surveyjs", "lossy.json", "-o", "strict.json", "--strict", "--report", "r.json"
    )
    assert strict.exit_code == 1
    assert not (folder / "strict.json").exists()
    loss = json.loads((folder / "r.json").read_text("utf-8"))["losses"][0]
    assert (loss["code"], loss["at"], loss["what"]) == ("repeats", "/elements/2", "again")
    assert loss["why"] and loss["do"]


def test_what_is_no_form_exits_1_and_writes_nothing(folder):
    done = run("--from", "surveyjs", "broken.json", "-o", "out.json")
    assert done.exit_code == 1
    assert not (folder / "out.json").exists()


def test_standard_input_and_output_serve_as_files(folder):
    done = run("--from", "surveyjs", "-", text=json.dumps(FORM))
    assert json.loads(done.output)["pages"][0]["questions"][1]["id"] == "why"
    again = run("--from", "huisheng", "-", text=done.output)
    assert again.exit_code == 0
    assert json.loads(again.output) == json.loads(done.output)


def test_a_missing_file_and_an_unknown_format_exit_2(folder):
    assert run("--from", "surveyjs", "none.json").exit_code == 2
    assert run("--from", "word", "form.json").exit_code == 2


def test_each_format_comes_in_and_goes_out(folder):
    """# R0.4 (part)"""
    (folder / "form.xlsx").write_bytes(
        workbook(survey="type | name | label\ninteger | n | 几个\nnote | x | 谢谢")
    )
    done = run("--from", "xlsform", "--to", "fhir", "form.xlsx", "-o", "q.json", "--strict")
    assert (done.exit_code, done.output) == (0, "")
    assert json.loads((folder / "q.json").read_text("utf-8"))["resourceType"] == "Questionnaire"
    back = run("--from", "fhir", "--to", "huisheng", "q.json", "-o", "back.json", "--strict")
    assert (back.exit_code, back.output) == (0, "")
    checked = CliRunner().invoke(commands, ["check", "back.json"])
    assert (checked.exit_code, checked.output) == (0, "")
    survey = json.loads((folder / "back.json").read_text("utf-8"))
    assert [q["id"] for q in survey["pages"][0]["questions"]] == ["n", "x"]


def test_a_bundle_holds_the_pictures_that_stood_inside(folder):
    media = {"contentType": "image/png", "data": "cG5n", "title": "P"}
    url = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-itemMedia"
    item = {"linkId": "a", "type": "boolean",
            "extension": [{"url": url, "valueAttachment": media}]}  # fmt: skip
    resource = {"resourceType": "Questionnaire", "status": "active", "item": [item]}
    (folder / "q.json").write_text(json.dumps(resource), "utf-8")
    assert run("--from", "fhir", "q.json", "-o", "out.zip").exit_code == 0
    with zipfile.ZipFile(folder / "out.zip") as bundle:
        names = bundle.namelist()
        assert bundle.read(names[1]) == b"png"
        asset = json.loads(bundle.read(names[0]))["pages"][0]["questions"][0]["media"][0]["asset"]
    assert names[1] == "assets/" + asset.removeprefix("sha256:")
