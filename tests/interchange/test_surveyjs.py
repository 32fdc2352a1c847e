"""SurveyJS forms come in with the truth values that their rules have there."""

import json
import re
import time
from importlib import resources
from pathlib import Path

import pytest

import engine
import interchange
from interchange import convert, summary


def read(form, language=None):
    made = convert(json.dumps(form).encode(), "surveyjs", "huisheng", language)
    assert made.document is not None, made.losses
    assert engine.check(made.document) == ()
    return made


def codes(made):
    return [(loss.code, loss.at) for loss in made.losses if loss.kind != "note"]


def asked(made, answers):
    return engine.compile_survey(made.document).evaluate(answers).asked


SOURCES = [
    {"type": "rating", "name": "a", "rateMax": 5},
    {"type": "radiogroup", "name": "r", "choices": [1, 2, {"value": "x", "text": "X"}, "Ab"]},
    {"type": "checkbox", "name": "c", "choices": ["p", "q", "s"]},
    {"type": "boolean", "name": "b"},
    {"type": "text", "name": "n", "inputType": "number"},
    {"type": "text", "name": "d", "inputType": "date"},
    {"type": "text", "name": "t"},
    {"type": "matrix", "name": "m", "columns": [1, 2], "rows": ["r1", "r2"]},
]


@pytest.mark.parametrize(
    ("rule", "answers", "shown"),
    [
        ("{a} <> 1", {}, True),
        ("{a} <> 1", {"a": 1}, False),
        ("{a} <= 3", {}, False),
        ("!({a} <= 3)", {}, True),
        ("!({a} <= 3)", {"a": 3}, False),
        ("!({a} <> 1)", {}, False),
        ("{a} >= 0", {}, False),
        ("!({a} > 2 and {n} > 2)", {"a": 3}, True),
        ("negate ({a} empty)", {"a": 1}, True),
        ("{a} = '3'", {"a": 3}, True),
        ("{a} anyof [1, 2]", {"a": 2}, True),
        ("{a} anyof [1, 2]", {}, False),
        ("{a} noneof [1, 2]", {}, True),
        ("{r} = '1'", {"r": "o_1"}, True),
        ("{r} >= 2", {"r": "o_2"}, True),
        ("{r} >= 2", {"r": "o_1"}, False),
        ("{r} = 'aB'", {"r": "ab"}, True),
        ("{r} contains 'b'", {"r": "ab"}, True),
        ("{r} notcontains 'b'", {}, True),
        ("{c} contains 'p'", {"c": ["p", "q"]}, True),
        ("{c} contains ['p', 's']", {"c": ["p", "q"]}, False),
        ("{c} notcontains 'p'", {}, True),
        ("{c} allof ['p', 'q']", {"c": ["q", "p"]}, True),
        ("!({c} anyof ['p'])", {}, True),
        ("{c} = ['q', 'p']", {"c": ["p", "q"]}, True),
        ("{c} = ['q', 'p']", {"c": ["p", "q", "s"]}, False),
        ("{c} anyof []", {}, True),
        ("{c.length} > 1", {"c": ["p", "q"]}, True),
        ("{c.length} > 1", {}, False),
        ("{b} = true", {"b": True}, True),
        ("{b} = 'true'", {"b": True}, True),
        ("{b} <> true", {}, True),
        ("{b}", {"b": False}, False),
        ("!{b}", {}, True),
        ("{a} + {n} > 5", {"a": 3, "n": 3}, True),
        ("{a} + 1 = 1", {}, True),
        ("{a} - {n} = 0", {}, True),
        ("avg({a}, {n}) = 4", {"n": 4}, True),
        ("{n} * 2 >= 8", {"n": 4}, True),
        ("{a} = {n}", {}, True),
        ("{a} = {n}", {"a": 2, "n": 2}, True),
        ("{a} <> {n}", {"a": 2}, True),
        ("{a} <= {n}", {}, True),
        ("{a} < {n}", {"a": 2}, False),
        ("{d} >= '2020-01-01'", {"d": "2020-01-01"}, True),
        ("{d} < '2020-01-01'", {}, False),
        ("{m.r1} = 2", {"m": {"r1": "c_2"}}, True),
        ("{m.r1} > 1", {"m": {"r1": "c_2"}}, True),
        ("{m} notempty", {"m": {"r1": "c_2"}}, True),
        ("({a} > 1) = true", {"a": 2}, True),
        ("iif({a} > 1, {n} > 1, true)", {"a": 2, "n": 1}, False),
        ("{a} > 1 or {n} > 1 and {b} = true", {"n": 2, "b": True}, True),
        ("({a} = 1", {"a": 1}, True),
        ("{a} = null", {}, True),
        ("{t} = '是'", {"t": "是"}, True),
    ],
)
def test_a_rule_keeps_its_truth_value(rule, answers, shown):
    """# R1.1.1.1c (part)"""
    goal = {"type": "comment", "name": "goal", "visibleIf": rule}
    made = read({"elements": [*SOURCES, goal]})
    assert codes(made) == []
    assert ("goal" in asked(made, answers)) == shown


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("{later} = 1", "looks_ahead"),
        ("{ghost} = 1", "unknown_name"),
        ("custom({a})", "function"),
        ("{c}", "no_rule"),
        ("not ({a} = 1)", "function"),
        ("{a} = 一", "unreadable_rule"),
        ("custom({a}) > 1", "function"),
        ("{a} >", "unreadable_rule"),
        ("{t} contains 'x'", "text_search"),
        ("{a} * {n} > 1", "product"),
        ("{d} > 'soon'", "date_constant"),
        ("{d} > today(-7)", "function"),
        ("{c} > 1", "not_comparable"),
        ("(" * 100 + "{a} = 1", "unreadable_rule"),
    ],
)
def test_a_rule_that_cannot_be_carried_is_lost_with_its_place(rule, code):
    goal = {"type": "comment", "name": "goal", "visibleIf": rule}
    made = read({"elements": [*SOURCES, goal, {"type": "rating", "name": "later"}]})
    assert codes(made) == [(code, "/elements/8/visibleIf")]
    assert "goal" in asked(made, {})


def test_every_question_type_has_a_counterpart_or_a_refusal():
    """# R1.1.1.1b (part)"""
    types = {
        "radiogroup": "single_choice", "dropdown": "single_choice", "buttongroup": "single_choice",
        "checkbox": "multi_choice", "tagbox": "multi_choice", "imagepicker": "single_choice",
        "ranking": "ranking", "rating": "rating", "boolean": "yes_no", "text": "text",
        "comment": "text", "slider": "number", "file": "file_upload", "signaturepad": "signature",
        "html": "statement", "matrix": "matrix", "expression": "statement",
    }  # fmt: skip
    elements = [
        {"type": kind, "name": f"q_{kind}", "choices": ["a", "b"], "columns": ["a"], "rows": ["r"],
         "html": "<b>读</b>我", "expression": "{q_rating} + 1"}
        for kind in types
    ]  # fmt: skip
    elements += [{"type": "paneldynamic", "name": "pd"}, {"type": "hologram", "name": "h"}]
    made = read({"elements": elements})
    questions = {q.id: q.type for q in made.document.pages[0].questions}
    assert questions == {f"q_{kind}": ours for kind, ours in types.items()}
    refused = [(loss.code, loss.at) for loss in made.losses if loss.kind == "refused"]
    assert refused == [("repeats", "/elements/17"), ("unknown_type", "/elements/18")]
    assert (made.elements, made.carried) == (20, 18)


def test_pages_panels_and_triggers_become_pages_rules_and_jumps():
    """# R1.1.1.1c (part)"""
    form = {
        "pages": [
            {"name": "one", "elements": [
                {"type": "rating", "name": "a", "isRequired": True},
                {"type": "panel", "name": "p", "title": "P", "visibleIf": "{a} < 3", "elements": [
                    {"type": "comment", "name": "why", "visibleIf": "{a} > 1"}]}]},
            {"name": "two", "visibleIf": "{a} > 1", "elements": [{"type": "text", "name": "t"}]},
            {"name": "three", "elements": [{"type": "text", "name": "u"}]},
        ],
        "triggers": [{"type": "skip", "expression": "{a} = 5", "gotoName": "u"},
                     {"type": "skip", "expression": "{a} = 5", "gotoName": "three"},
                     {"type": "complete", "expression": "{a} = 4"},
                     {"type": "setvalue", "setToName": "t", "expression": "{a} = 3"}],
        "completedHtml": "<h1>谢谢</h1>",
        "completedHtmlOnCondition": [{"expression": "{a} = 1", "html": "抱歉"}],
    }  # fmt: skip
    made = read(form)
    survey = engine.compile_survey(made.document)
    assert survey.evaluate({"a": 1}).asked == ("a", "u")
    assert survey.evaluate({"a": 2}).asked == ("a", "p", "why", "t", "u")
    assert survey.evaluate({"a": 5}).path == ("one", "three")
    assert survey.evaluate({"a": 4}).path == ("one",)
    assert survey.evaluate({"a": 1}).ending == "ending"
    assert survey.evaluate({"a": 3}).ending == "completed"
    assert {("skip_target", "/triggers/1"), ("trigger", "/triggers/3")} <= set(codes(made))


def test_texts_serve_every_language_of_the_form():
    form = {
        "title": {"default": "门诊", "en": "Outpatient"},
        "elements": [
            {"type": "rating", "name": "Overall!", "title": "总体 {{x}}"},
            {"type": "comment", "name": "w", "title": {"default": "给了 {Overall!} 分，为什么？",
             "en": "Why {Overall!}?"}},
        ],
    }  # fmt: skip
    document = read(form).document
    assert document.languages == ("zh-CN", "en")
    assert document.title == {"zh-CN": "门诊", "en": "Outpatient"}
    first, second = document.pages[0].questions
    assert (first.id, first.ext, first.text) == (
        "overall", {"source_id": "Overall!"}, "总体 \\{{x}}",
    )  # fmt: skip
    assert second.text == {"zh-CN": "给了 {{overall}} 分，为什么？", "en": "Why {{overall}}?"}


def test_a_panel_title_goes_with_what_it_heads():
    """A title over nothing, and over questions that are all hidden, is not shown.
    # R1.1.1.1c (part)"""
    made = read({"elements": [
        {"type": "rating", "name": "a"},
        {"type": "panel", "name": "bare", "title": "Nothing"},
        {"type": "panel", "name": "p", "title": "P", "elements": [
            {"type": "rating", "name": "b", "visibleIf": "{a} = 1"},
            {"type": "rating", "name": "c", "visibleIf": "{b} empty and {a} = 2"}]},
    ]})  # fmt: skip
    assert codes(made) == [("empty", "/elements/1")]
    assert asked(made, {"a": 3}) == ("a",)
    assert asked(made, {"a": 1}) == ("a", "p", "b")
    assert asked(made, {"a": 2}) == ("a", "p", "c")


def test_questions_inside_a_choice_are_asked_where_it_is_chosen():
    inner = {"type": "text", "name": "which", "isRequired": True}
    choices = [{"value": "yes", "elements": [inner]}, "no"]
    made = read({"elements": [
        {"type": "radiogroup", "name": "r", "choices": choices},
        {"type": "ranking", "name": "k", "choices": [{"value": 1, "elements": [inner]}, 2]},
    ]})  # fmt: skip
    assert asked(made, {"r": "yes"}) == ("r", "which", "k")
    assert asked(made, {"r": "no"}) == ("r", "k")
    assert codes(made) == [("choice_elements", "/elements/1/choices/0/elements/0")]
    assert (made.elements, made.carried) == (5, 4)


def test_hidden_columns_and_rows_of_a_matrix_stay_hidden():
    rows = ["r1", {"value": "r2", "visibleIf": "{a} = 1"}]
    columns = [{"name": "c"}, {"name": "n", "cellType": "text", "requiredIf": "{a} = 1"},
               {"name": "gone", "visible": False}]  # fmt: skip
    matrix = {"type": "matrixdropdown", "name": "m", "rows": rows, "columns": columns}
    made = read({"elements": [{"type": "rating", "name": "a"}, matrix | {"choices": [1, 2]}]})
    assert codes(made) == [("column_hidden", "/elements/1/columns/2")]
    assert asked(made, {}) == ("a", "m_c", "m_r1_n")
    assert asked(made, {"a": 1}) == ("a", "m_c", "m_r1_n", "m_r2_n")
    survey = engine.compile_survey(made.document)
    assert [p.at for p in survey.evaluate({"a": 1}).problems] == ["/m_r1_n", "/m_r2_n"]
    dropped = survey.evaluate({"m_c": {"r1": "o_1", "r2": "o_2"}}).dropped
    assert dropped == ("m_c.r2",)


def test_what_narrows_answers_twice_takes_the_narrower():
    limits = {"type": "numeric", "minValue": 0, "maxValue": 9}
    made = read({"elements": [
        {"type": "text", "inputType": "number", "name": "n", "min": 2, "max": 20,
         "validators": [limits]},
        {"type": "checkbox", "name": "c", "choices": [1, 2, 3], "minSelectedChoices": 2},
    ]})  # fmt: skip
    survey = engine.compile_survey(made.document)
    for answer in (1, 10):
        assert [p.at for p in survey.evaluate({"n": answer, "c": ["o_1", "o_2"]}).problems] == [
            "/n"
        ]
    assert [p.at for p in survey.evaluate({"n": 5}).problems] == ["/c"]


def test_points_of_options_become_a_score():
    """# R1.1.1.1e (part)"""
    choices = [{"value": 0, "score": 0}, {"value": 1, "score": 50}, {"value": 2, "score": 100}]
    form = {"elements": [
        {"type": "radiogroup", "name": "x", "choices": choices},
        {"type": "radiogroup", "name": "y", "choices": choices},
    ]}  # fmt: skip
    scores = engine.compile_survey(read(form).document).evaluate({"x": "o_1", "y": "o_2"}).scores
    assert scores["total"].value == 150


def test_values_of_options_are_added_up_as_questionnaires_do():
    """# R1.1.1.1e (part)"""
    items = [{"type": "radiogroup", "name": f"phq{i}", "choices": [0, 1, 2, 3]} for i in range(9)]
    total = "sum(" + ",".join(f"{{phq{i}}}" for i in range(9)) + ")"
    shown = {"type": "comment", "name": "high", "visibleIf": f"{total} >= 10"}
    made = read({"elements": [*items, shown]})
    assert codes(made) == []
    assert "high" in asked(made, {f"phq{i}": "o_3" for i in range(4)})
    assert "high" not in asked(made, {f"phq{i}": "o_3" for i in range(3)})


def test_validators_become_limits():
    form = {"elements": [
        {"type": "text", "name": "n",
         "validators": [{"type": "numeric", "minValue": 1, "maxValue": 9}]},
        {"type": "text", "name": "p",
         "validators": [{"type": "regex", "regex": "^[0-9]{3}$", "text": "三位"}]},
        {"type": "text", "name": "s", "validators": [{"type": "regex", "regex": "ab"}]},
        {"type": "text", "name": "e", "validators": [{"type": "email"}]},
        {"type": "checkbox", "name": "c", "choices": [1, 2, 3],
         "validators": [{"type": "answercount", "minCount": 2, "maxCount": 3}]},
        {"type": "rating", "name": "x",
         "validators": [{"type": "expression", "expression": "{n}>1"}]},
    ]}  # fmt: skip
    made = read(form)
    survey = engine.compile_survey(made.document)
    bad = {"n": 10, "p": "12", "s": "xbx", "e": "x", "c": ["o_1"]}
    good = {"n": 9, "p": "123", "s": "xabx", "e": "a@b.cn", "c": ["o_1", "o_2"]}
    assert len(survey.evaluate(bad).problems) == 5
    assert survey.evaluate(good).problems == ()
    assert codes(made) == [("validator", "/elements/5/validators/0")]


@pytest.mark.parametrize(
    ("answers", "missing"),
    [({}, ["/t_two"]), ({"t_one": "x"}, []), ({"t_two": "x"}, [])],
)
def test_a_required_question_that_became_several_wants_one_answer(answers, missing):
    items = [{"name": "one"}, {"name": "two"}]
    made = read({"elements": [
        {"type": "multipletext", "name": "t", "isRequired": True, "items": items},
        {"type": "text", "name": "z", "visibleIf": "{t} notempty"},
    ]})  # fmt: skip
    assert codes(made) == []
    evaluation = engine.compile_survey(made.document).evaluate(answers)
    assert [problem.at for problem in evaluation.problems] == missing
    assert ("z" in evaluation.asked) == bool(answers)


def test_a_matrix_of_dropdowns_becomes_a_matrix_a_column():
    form = {"elements": [
        {"type": "matrixdropdown", "name": "m", "title": "M", "rows": ["r1", "r2"], "columns": [
            {"name": "how", "cellType": "radiogroup", "choices": ["good", "bad"]},
            {"name": "note", "cellType": "text"}]},
        {"type": "text", "name": "z", "visibleIf": "{m.r1.how} = 'bad'"},
    ]}  # fmt: skip
    made = read(form)
    assert [(q.id, q.type) for q in made.document.pages[0].questions] == [
        ("m_how", "matrix"), ("m_r1_note", "text"), ("m_r2_note", "text"), ("z", "text"),
    ]  # fmt: skip
    assert "z" in asked(made, {"m_how": {"r1": "bad"}})


def test_what_the_checks_refuse_is_left_out_and_named():
    form = {"elements": [
        {"type": "text", "name": "n", "inputType": "number", "min": 9, "max": 1},
        {"type": "text", "name": "p", "validators": [{"type": "regex", "regex": "^(a)\\1$"}]},
        {"type": "radiogroup", "name": "r", "choices": [{"value": "a", "score": 101}, "b"]},
    ]}  # fmt: skip
    made = read(form)
    assert {code for code, _ in codes(made)} == {"bad_range", "unusable_pattern", "points_range"}
    assert all(at.startswith("/elements/") for _, at in codes(made))


def test_names_that_collide_or_are_reserved_stay_apart():
    names = ["visit", "a b", "a-b", "A_B", "1", "", "总体", "x" * 200, "x" * 201]
    form = {"elements": [{"type": "text", "name": name} for name in names]}
    ids = [q.id for q in read(form).document.pages[0].questions]
    assert len(set(ids)) == len(names)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"pages": []}', b'{"pages": 1}', b"\xff\xfe",
     b"[" * 100_000, b'{"elements": [{"type": "radiogroup"}]}', b'{"elements": [[[]]]}',
     b'{"pages": [{"elements": [{"type": ["x"], "name": {}}]}]}'],
)  # fmt: skip
def test_any_bytes_are_answered_with_a_report(data):
    made = convert(data, "surveyjs", "huisheng")
    assert made.document is None
    told = summary(made, "surveyjs", "huisheng", "zh-CN")
    assert told["losses"] and all(loss["why"] and loss["do"] for loss in told["losses"])


def test_a_great_form_is_cut_to_the_limits_in_linear_time():
    elements = [
        {"type": "radiogroup", "name": f"q{i}", "choices": ["a", "b"],
         "visibleIf": f"{{q{i - 1}}} <> 'a'" if i else ""}
        for i in range(3000)
    ]  # fmt: skip
    made = read({"elements": elements})
    assert sum(len(page.questions) for page in made.document.pages) == 1000
    assert {code for code, _ in codes(made)} == {"too_many_questions", "too_many_rules"}


def test_hostile_markup_is_read_in_one_pass():
    pieces = ["<" * 100_000, "<script>" * 20_000, "<!--" * 50_000, "<a" * 50_000, "{" * 100_000]
    elements = [{"type": "html", "name": f"h{i}", "html": html} for i, html in enumerate(pieces)]
    elements.append({"type": "html", "name": "good", "html": GOOD})
    started = time.process_time()
    document = read({"elements": elements}).document
    assert time.process_time() - started < 5
    assert document.pages[0].questions[-1].text == "One\ntwo & three <3"


GOOD = "<p>One</p><script>no()</script><!-- no --><div class='x'>two &amp; <b>three</b> <3</div>"


def test_calculated_values_may_build_on_one_another():
    values = [{"name": "x0", "expression": "{q}"}]
    values += [
        {"name": f"x{i}", "expression": f"{{x{i - 1}}} + 1", "includeIntoResult": True}
        for i in range(1, 100)
    ]
    form = {"elements": [{"type": "rating", "name": "q"}], "calculatedValues": values}
    made = read(form)
    assert codes(made) == []
    computed = engine.compile_survey(made.document).evaluate({"q": 3}).computed
    assert computed["x99"] == 102


def test_a_circle_of_calculated_values_is_lost():
    values = [{"name": "x", "expression": "{y} + 1"}, {"name": "y", "expression": "{x} + 1"}]
    shown = {"type": "text", "name": "t", "visibleIf": "{x} > 1"}
    made = read({"elements": [shown], "calculatedValues": values})
    assert codes(made) == [("circle", "/elements/0/visibleIf")]


def dropped(made, answers):
    return engine.compile_survey(made.document).evaluate(answers).dropped


def test_options_are_offered_by_their_rules():
    """# R1.1.1.1c (part)"""
    made = read({"elements": [
        {"type": "rating", "name": "a"},
        {"type": "checkbox", "name": "one",
         "choices": ["x", {"value": "y", "visibleIf": "{a} > 3"}]},
        {"type": "radiogroup", "name": "two", "choices": [1, 2, 3],
         "choicesVisibleIf": "{item} >= {a}"},
        {"type": "radiogroup", "name": "three", "choicesFromQuestion": "one",
         "choicesFromQuestionMode": "selected"},
        {"type": "radiogroup", "name": "four", "choicesFromQuestion": "one",
         "choicesFromQuestionMode": "unselected"},
        {"type": "matrix", "name": "m", "columns": [1], "rows": ["x", "y"],
         "rowsVisibleIf": "{one} contains {item}"},
    ]})  # fmt: skip
    assert codes(made) == []
    assert dropped(made, {"a": 3, "one": ["x", "y"]}) == ("one.y",)
    assert dropped(made, {"a": 3, "two": "o_2"}) == ("two.o_2",)
    assert dropped(made, {"a": 3, "two": "o_3"}) == ()
    assert dropped(made, {"two": "o_3"}) == ("two.o_3",)
    chosen = {"a": 5, "one": ["y"], "three": "x", "four": "y"}
    assert dropped(made, chosen) == ("three.x", "four.y")
    rows = {"a": 5, "one": ["y"], "m": {"x": "c_1", "y": "c_1"}}
    assert dropped(made, rows) == ("m.x",)


def test_special_options_and_comments_come_along():
    made = read({"elements": [
        {"type": "checkbox", "name": "c", "choices": ["a"], "showNoneItem": True,
         "showOtherItem": True, "otherText": "别的", "showCommentArea": True, "title": "选"},
        {"type": "text", "name": "t", "visibleIf": "{c-Comment} notempty or {c} = ['none']"},
        {"type": "multipletext", "name": "m", "title": "M",
         "items": [{"name": "x", "isRequired": True}, {"name": "y", "inputType": "number"}]},
        {"type": "text", "name": "u", "visibleIf": "{m.y} > 3"},
    ]})  # fmt: skip
    assert codes(made) == []
    choice = made.document.pages[0].questions[0]
    assert [(o.id, o.text_entry, o.exclusive) for o in choice.options] == [
        ("a", None, False), ("none", None, True), ("other", "required", False),
    ]  # fmt: skip
    assert choice.options[2].text == "别的"
    assert asked(made, {}) == ("c", "c_comment", "m_x", "m_y")
    assert "t" in asked(made, {"c_comment": "x"}) and "t" in asked(made, {"c": ["none"]})
    assert "u" in asked(made, {"m_y": 4})


def test_a_required_matrix_wants_what_it_wants_there():
    columns = {"columns": [1, 2], "rows": ["x", "y"]}
    made = read({"elements": [
        {"type": "matrix", "name": "one", "isRequired": True, **columns},
        {"type": "matrix", "name": "each", "eachRowRequired": True, **columns},
    ]})  # fmt: skip
    half = {"one": {"x": "c_1"}, "each": {"x": "c_1"}}
    problems = engine.compile_survey(made.document).evaluate(half).problems
    assert [p.at for p in problems] == ["/each/y"]


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [("enableIf", "{a} = 1", "enable_if"), ("readOnly", True, "enable_if"),
     ("setValueIf", "{a} = 1", "set_value"), ("setValueExpression", "{a}", "set_value"),
     ("resetValueIf", "{a} = 1", "set_value"), ("defaultValue", "x", "default_value"),
     ("defaultValueExpression", "{a}", "default_value"), ("placeholder", "…", "member"),
     ("maxTimeToFinish", 5, "time_limit"), ("unheardOf", 1, "member")],
)  # fmt: skip
def test_what_has_no_counterpart_is_lost_with_its_place(member, value, code):
    elements = [{"type": "rating", "name": "a"}, {"type": "text", "name": "t", member: value}]
    made = read({"elements": elements})
    assert codes(made) == [(code, f"/elements/1/{member}")]
    told = summary(made, "surveyjs", "huisheng", "en")["losses"][0]
    assert str(value) in told["what"] and told["why"] and told["do"]


def test_right_answers_become_points():
    """# R1.1.1.1e (part)"""
    made = read({"elements": [
        {"type": "radiogroup", "name": "r", "choices": ["a", "b"], "correctAnswer": "b"},
        {"type": "boolean", "name": "b", "correctAnswer": True},
        {"type": "checkbox", "name": "c", "choices": ["a", "b"], "correctAnswer": ["a", "b"]},
    ]})  # fmt: skip
    assert codes(made) == [("correct_answer_points", "/elements/0/correctAnswer"),
                           ("correct_answer_points", "/elements/1/correctAnswer"),
                           ("correct_answer", "/elements/2/correctAnswer")]  # fmt: skip
    scores = engine.compile_survey(made.document).evaluate({"r": "b", "b": False}).scores
    assert scores["total"].value == 100


def test_every_loss_has_words_in_both_languages():
    folder = resources.files("interchange") / "messages"
    chinese, english = (
        json.loads((folder / f"{lang}.json").read_text("utf-8")) for lang in ("zh-CN", "en")
    )
    assert chinese.keys() == english.keys()
    code = "".join(p.read_text("utf-8") for p in Path(interchange.__file__).parent.rglob("*.py"))
    said = set(re.findall(r"(?:lose|change|refuse|note|Unreadable)\(\s*\"([a-z_]+)\"", code))
    engine_words = json.loads(
        (resources.files("engine") / "messages" / "en.json").read_text("utf-8")
    )
    assert said - chinese.keys() - engine_words.keys() == set()
