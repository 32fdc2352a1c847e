"""What a page shows: languages, placeholders, order, values, problems, and nothing secret."""

import json
from typing import Any

import msgspec
import pytest

import engine
from engine import journey


def survey_of(questions, **more):
    document = {
        "format": "huisheng.survey/1",
        "id": "tiny",
        "title": "小问卷",
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": [{"id": "p", "questions": questions}],
        **more,
    }
    return engine.load(json.dumps(document).encode())


def view_of(survey, answers, context=None, today=None, **frame):
    evaluation = survey.evaluate(answers, context, today)
    at = journey.start(survey, evaluation)
    return engine.page_view(
        survey, evaluation, at, answers, frame=engine.Frame(**frame), context=context, today=today
    )


def options(*names, **more):
    return [{"id": name, "text": name.upper(), **more} for name in names]


def test_points_rules_and_tags_never_reach_a_channel():
    survey = survey_of(
        [
            {
                "id": "a",
                "type": "single_choice",
                "text": "问",
                "options": options("x", "y", points=40),
                "tags": ["inner"],
                "ext": {"secret": 1},
            },
            {"id": "b", "type": "rating", "text": "b", "points": {"1": 77}, "reverse": False},
        ],
    )
    sent = msgspec.json.encode(view_of(survey, {})).decode()
    for word in ("points", "40", "77", "inner", "secret", "show_if", "reverse"):
        assert word not in sent


def test_what_was_typed_is_shown_with_its_problem_and_a_mark_only_when_asked_for():
    survey = survey_of([{"id": "n", "type": "number", "text": "n", "max": 5, "required": True}])
    bad = view_of(survey, {"n": 9})
    assert bad.questions[0].value == 9
    assert bad.questions[0].problem.code == "out_of_range"
    assert bad.questions[0].problem.message == "不能大于 5。请改正。"
    assert view_of(survey, {}).questions[0].problem is None
    assert view_of(survey, {}, marks="all").questions[0].problem.code == "required"
    assert view_of(survey, {"n": 9}, marks="none").questions[0].problem is None


def test_placeholders_print_words_in_the_sessions_language():
    """# R1.1.1.1c"""
    survey = survey_of(
        [
            {"id": "day", "type": "date", "text": {"zh-CN": "日", "en": "day"}},
            {
                "id": "why",
                "type": "multi_choice",
                "text": {"zh-CN": "因", "en": "why"},
                "options": [
                    {"id": "wait", "text": {"zh-CN": "等候", "en": "waiting"}},
                    {"id": "price", "text": {"zh-CN": "费用", "en": "price"}},
                ],
            },
            {
                "id": "end_note",
                "type": "statement",
                "text": {
                    "zh-CN": "{{day}}：{{why}}，{{visit.department}}，\\{{day}}",
                    "en": "{{day}}: {{why}}, {{visit.department}}",
                },
            },
        ],
        title={"zh-CN": "题", "en": "title"},
        languages=["zh-CN", "en"],
        context={"visit.department": {"type": "text"}},
    )
    answers = {"day": "2026-03-01", "why": ["price", "wait"]}
    assert view_of(survey, answers).questions[2].text == "2026年3月1日：等候、费用，—，{{day}}"
    english = view_of(survey, answers, {"visit.department": "Surgery"}, lang="en")
    assert english.questions[2].text == "1 March 2026: waiting、price, Surgery"


def test_shuffled_options_keep_their_order_for_a_session_and_fixed_ones_stay_last():
    survey = survey_of(
        [
            {
                "id": "a",
                "type": "single_choice",
                "text": "a",
                "shuffle": True,
                "options": [*options("a", "b", "c", "d", "e"), *options("z", fixed=True)],
            }
        ]
    )

    def order(seed):
        return [option.id for option in view_of(survey, {}, seed=seed).questions[0].options]

    orders = {tuple(order(f"session-{n}")) for n in range(20)}
    assert order("one") == order("one")
    assert len(orders) > 10
    assert all(names[-1] == "z" and set(names) == set("abcdez") for names in orders)


def test_only_answers_that_change_their_own_page_ask_the_server():
    survey = engine.load(
        json.dumps(
            {
                "format": "huisheng.survey/1",
                "id": "t",
                "title": "t",
                "languages": ["zh-CN"],
                "kind": "survey",
                "computed": [{"id": "total", "value": {"op": "sum", "of": ["a"]}}],
                "pages": [
                    {
                        "id": "p",
                        "questions": [
                            {"id": "a", "type": "nps", "text": "a"},
                            {"id": "b", "type": "nps", "text": "b"},
                            {"id": "c", "type": "nps", "text": "c"},
                            {
                                "id": "d",
                                "type": "nps",
                                "text": "{{b}}",
                                "show_if": {"op": "gt", "ref": "total", "value": 3},
                            },
                        ],
                    },
                    {"id": "q", "questions": [{"id": "e", "type": "text", "text": "e"}]},
                ],
            }
        ).encode()
    )
    refresh = {q.id: q.refresh for q in view_of(survey, {"a": 9}).questions}
    assert refresh == {"a": True, "b": True, "c": False, "d": False}


@pytest.mark.parametrize(
    ("behind", "refreshes"),
    [
        ([{"show_if": {"op": "ge", "ref": "a", "value": 9}}], True),
        ([{"hidden": {"op": "ge", "ref": "a", "value": 9}}], True),
        ([{"hidden": {"op": "ge", "ref": "a", "value": 9}}, {}], False),
        ([{"hidden": {"op": "ge", "ref": "b", "value": 9}, "leaves": True}, {}], True),
        ([{}, {"hidden": {"op": "ge", "ref": "a", "value": 9}}], False),
        ([], False),
    ],
)
def test_an_answer_that_decides_whether_anything_follows_refreshes(
    behind: list[dict[str, Any]], refreshes: bool
):
    """The button says `next` or `submit`: pages may be passed over by their own rule, for want of
    questions, or by a jump of a page without any. # R0.3 (part)"""
    leave = {"if": {"op": "le", "ref": "a", "value": 2}, "to": "end"}
    pages: list[dict[str, Any]] = [{"id": "p", "questions": [_nps("a"), _nps("b")]}]
    for number, page in enumerate(behind):
        question = _nps(f"q{number}")
        if "hidden" in page:
            question["show_if"] = page["hidden"]
        made: dict[str, Any] = {"id": f"p{number}", "questions": [question]}
        if "show_if" in page:
            made["show_if"] = page["show_if"]
        if "leaves" in page:
            made["next"] = [leave]
        pages.append(made)
    document = {
        "format": "huisheng.survey/1",
        "id": "t",
        "title": "t",
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": pages,
    }
    survey = engine.load(json.dumps(document).encode())
    assert ("a" in survey.refreshing) is refreshes
    actions = {view_of(survey, {"a": a, "b": 1}).action for a in (0, 5, 10)}
    assert (len(actions) > 1) is refreshes


def _nps(name: str) -> dict[str, Any]:
    return {"id": name, "type": "nps", "text": name}


def test_options_and_rows_that_do_not_exist_are_not_shown():
    rule = {"op": "eq", "ref": "a", "value": True}
    survey = survey_of(
        [
            {"id": "a", "type": "yes_no", "text": "a"},
            {
                "id": "b",
                "type": "multi_choice",
                "text": "b",
                "options": [*options("x"), *options("y", show_if=rule)],
            },
            {
                "id": "c",
                "type": "matrix",
                "text": "c",
                "rows": [*options("r"), *options("s", show_if=rule)],
                "scale": {"min": 1, "max": 3},
                "required": True,
            },
        ]
    )
    shown = view_of(survey, {}).questions
    assert [o.id for o in shown[1].options] == ["x"]
    assert [(r.id, r.required) for r in shown[2].rows] == [("r", True)]
    assert [o.id for o in view_of(survey, {"a": True}).questions[1].options] == ["x", "y"]


def test_the_view_keeps_the_schema_that_is_published():
    for name in ("survey", "page", "evaluation"):
        from runtime.cli.schemas import schema_text

        with open(f"schemas/{name}.json", encoding="utf-8") as stored:
            assert stored.read() == schema_text(name), "run `huisheng schemas`"
