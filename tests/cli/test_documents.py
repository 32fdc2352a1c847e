"""The commands that work on files, typed as the README says."""

import json

import pytest
from click.testing import CliRunner

from runtime.cli import commands

DOCUMENT = {
    "format": "huisheng.survey/1",
    "id": "tiny",
    "title": "小问卷",
    "languages": ["zh-CN"],
    "kind": "survey",
    "pages": [
        {
            "id": "p",
            "questions": [
                {"id": "overall", "type": "rating", "text": "总体", "required": True},
                {
                    "id": "why",
                    "type": "text",
                    "text": "为什么",
                    "show_if": {"op": "le", "ref": "overall", "value": 3},
                },
            ],
        }
    ],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.json").write_text(json.dumps(DOCUMENT), "utf-8")
    broken = DOCUMENT | {"kind": "riddle", "languages": ["zh-CN"]}
    (tmp_path / "bad.json").write_text(json.dumps(broken), "utf-8")
    (tmp_path / "answers.json").write_text('{"overall": 2, "ghost": 1}', "utf-8")
    return tmp_path


def run(*words, text=None):
    return CliRunner().invoke(commands, list(words), input=text)


def test_check_prints_nothing_for_a_good_survey_and_exits_0(folder):
    done = run("check", "good.json")
    assert (done.exit_code, done.output) == (0, "")


def test_check_prints_one_problem_a_line_and_exits_1(folder):
    done = run("check", "good.json", "bad.json")
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert done.output.startswith("bad.json: /kind: error unknown_value_of:")
    told = json.loads(run("check", "--json", "bad.json").output)
    assert [(p["code"], p["at"]) for p in told["problems"]] == [("unknown_value_of", "/kind")]


def test_evaluate_prints_the_evaluation_with_words(folder):
    """# R0.3"""
    done = run("evaluate", "good.json", "answers.json")
    told = json.loads(done.output)
    assert list(told) == [
        "path", "asked", "answers", "problems", "context_problems", "computed", "scores", "ending",
        "complete", "dropped",
    ]  # fmt: skip
    assert told["asked"] == ["overall", "why"]
    assert told["dropped"] == ["ghost"]


def test_evaluate_explains_on_request(folder):
    told = json.loads(run("evaluate", "good.json", "answers.json", "--explain").output)
    assert told["explain"]["questions"][1]["reasons"][0]["rule"] == "overall <= 3"


def test_evaluate_reads_lines_and_goes_on_behind_a_bad_one(folder):
    lines = '{"overall": 5}\n\n{"answers": {"overall": 9}, "context": {}}\nnonsense\n[]\n{}\n'
    done = run("evaluate", "good.json", "--jsonl", text=lines)
    told = [json.loads(line) for line in done.output.splitlines()]
    assert done.exit_code == 1
    assert [t.get("complete") for t in told] == [True, False, None, None, False]
    assert "error" in told[2]
    assert "error" in told[3]


def test_evaluate_refuses_a_survey_with_errors(folder):
    done = run("evaluate", "bad.json", "answers.json")
    assert done.exit_code == 1
    assert "unknown_value_of" in done.output


def test_a_file_that_is_not_there_is_named(folder):
    assert run("evaluate", "good.json", "nowhere.json").exit_code == 2
    assert "nowhere.json" in run("evaluate", "good.json", "nowhere.json").output


def test_prove_prints_findings_and_exits_0(folder):
    done = run("prove", "good.json")
    told = json.loads(done.output)
    assert done.exit_code == 0
    assert told["unreachable"]["questions"] == []
    assert told["never"] == told["always"] == told["undecided"] == []


@pytest.mark.parametrize("channel", ["web", "kiosk", "miniprogram"])
def test_render_draws_the_same_page_for_each_channel(folder, channel):
    """# R0.3"""
    done = run("render", "good.json", "--channel", channel, "--answers", "answers.json")
    assert done.exit_code == 0, done.output
    assert "总体" in done.output
    assert "为什么" in done.output


def test_diff_says_what_changed_and_who_would_be_asked_something_else(folder):
    questions = DOCUMENT["pages"][0]["questions"]
    later = {**questions[1], "show_if": {"op": "le", "ref": "overall", "value": 2}}
    changed = DOCUMENT | {"pages": [{"id": "p", "questions": [questions[0], later]}]}
    (folder / "new.json").write_text(json.dumps(changed), "utf-8")
    told = json.loads(run("diff", "good.json", "new.json").output)
    assert [(c["kind"], c["id"], c["members"]) for c in told["changes"]] == [
        ("changed", "why", ["show_if"])
    ]
    assert {verdict["verdict"] for verdict in told["answers"].values()} == {"unchanged"}
    assert [asked["question"] for asked in told["asked"]] == ["why"]
    assert told["asked"][0]["witness"]["answers"]["overall"] == 3


def test_diff_of_a_survey_with_itself_finds_nothing(folder):
    told = json.loads(run("diff", "good.json", "good.json").output)
    assert told["changes"] == told["asked"] == told["undecided"] == []
