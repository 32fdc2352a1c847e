"""huisheng convert, typed as the README says."""

import json

import pytest
from click.testing import CliRunner

from runtime.cli import commands

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
    assert (loss["code"], loss["at"], loss["what"]) == ("repeats", "/elements/2", "again [again]")
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
