"""Why a question is asked, and how a score came about."""

import json

import engine

DOCUMENT = {
    "format": "huisheng.survey/1",
    "id": "why",
    "title": "为什么",
    "languages": ["zh-CN"],
    "kind": "survey",
    "pages": [
        {
            "id": "a",
            "questions": [
                {"id": "overall", "type": "rating", "text": "总体"},
                {
                    "id": "reason",
                    "type": "text",
                    "text": "原因",
                    "show_if": {"op": "le", "ref": "overall", "value": 3},
                    "required": {"op": "eq", "ref": "overall", "value": 1},
                },
            ],
            "next": [{"if": {"op": "eq", "ref": "overall", "value": 5}, "to": "end"}],
        },
        {"id": "b", "questions": [{"id": "nurse", "type": "nps", "text": "护士"}]},
    ],
    "scores": [
        {"id": "all_in", "title": "总分", "of": ["overall", "nurse"], "weights": {"nurse": 3}}
    ],
}
SURVEY = engine.load(json.dumps(DOCUMENT).encode())


def explain(answers):
    values = engine.Values(SURVEY, SURVEY.evaluate(answers))
    return {e.question: e for e in engine.explain(SURVEY, values)}


def test_an_asked_question_names_the_rule_and_the_values_that_decided():
    told = explain({"overall": 1})["reason"]
    assert (told.state, told.required) == ("asked", True)
    assert [(r.at, r.rule, r.result, r.values) for r in told.reasons] == [
        ("/pages/0/questions/1/show_if", "overall <= 3", True, {"overall": 1}),
        ("/pages/0/questions/1/required", "overall == 1", True, {"overall": 1}),
    ]


def test_a_hidden_question_says_that_its_rule_is_unknown_when_nothing_was_answered():
    told = explain({})["reason"]
    assert told.state == "hidden"
    assert told.reasons[0].result is None


def test_a_question_behind_a_jump_names_the_jump():
    told = explain({"overall": 5})["nurse"]
    assert told.state == "page_off_path"
    assert told.reasons[0].at == "/pages/0/next/0/if"


def test_a_score_says_how_it_came_about():
    """# R1.1.1.1e"""
    values = engine.Values(SURVEY, SURVEY.evaluate({"overall": 2, "nurse": 9}))
    (told,) = engine.derive_scores(SURVEY, values)
    assert [(m.question, m.points, m.weight) for m in told.members] == [
        ("overall", 25.0, 1.0),
        ("nurse", 90.0, 3.0),
    ]
    assert told.value == 73.75
    assert SURVEY.evaluate({"overall": 2, "nurse": 9}).scores["all_in"].value == 73.75
