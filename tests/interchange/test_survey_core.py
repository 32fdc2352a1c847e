"""Random forms and answers: survey-core in Node and our engine ask the same questions.

Documented differences are kept out of the forms: an answer that is hidden counts for nothing here
(`clearInvisibleValues: onHidden` there), rules look back only, free text compares exactly.
"""

import json
import random
from collections import Counter

import engine
from interchange import convert
from tests.interchange import expressions
from tests.interchange.survey_core import (
    Author,
    asked_by_survey_core,
    our_answer,
    our_answers,
    source,
    theirs_of,
    told_by_survey_core,
)  # fmt: skip

FORMS = 100
EXPRESSIONS = 600
SILENT = [{}]


def written(seed, triggers):
    """A random form, its survey, its conversion and what four patients wish to answer."""
    author = Author(seed)
    form = author.form()
    if triggers:
        form["triggers"] = author.triggers(form["pages"])
    made = convert(json.dumps(form).encode(), "surveyjs", "huisheng")
    assert made.document is not None, made.losses
    return form, made, engine.compile_survey(made.document), [author.wishes() for _ in range(4)]


def test_survey_core_and_the_engine_ask_the_same_questions():
    """# R1.1.1.1c (part)"""
    cases, made = [], []
    for seed in range(FORMS):
        form, conversion, survey, wishes = written(seed, triggers=False)
        assert conversion.is_lossless, conversion.losses
        cases += [{"form": form, "wishes": wish} for wish in wishes]
        made += [survey for _ in wishes]
    seen = 0
    for case, survey, theirs in zip(cases, made, asked_by_survey_core(cases), strict=True):
        questions = {source(q): q for q in survey.scope.questions.values()}
        evaluation = survey.evaluate(our_answers(questions, theirs["answers"]))
        asked = [theirs_of(q) for q in questions.values() if q.id in evaluation.asked]
        assert list(dict.fromkeys(asked)) == theirs["visible"], json.dumps([case, theirs])
        missing = {p.at[1:].split("/")[0] for p in evaluation.problems if p.code == "required"}
        missing = {theirs_of(survey.scope.questions[name]) for name in missing}
        wanted = {n for n in theirs["required"] if n not in theirs["answers"]}
        assert missing == wanted, json.dumps([case, theirs], ensure_ascii=False)
        seen += len(theirs["visible"])
    print(f"survey-core: {FORMS} forms, {len(cases)} fillings, {seen} questions asked, same")


def test_where_other_questions_are_asked_the_report_has_told_why():
    """With survey-core's default that hidden answers still count, and with triggers: whatever
    differs has its note in the report. # R1.1.1.1c (part)"""
    cases, made = [], []
    for seed in range(FORMS):
        form, conversion, survey, wishes = written(1000 + seed, triggers=seed % 2 == 0)
        del form["clearInvisibleValues"]
        cases += [{"form": form, "wishes": wish, "changes": wishes[0]} for wish in wishes]
        made += [(survey, {loss.code for loss in conversion.losses}) for _ in wishes]
    told = Counter()
    for case, (survey, codes), theirs in zip(cases, made, asked_by_survey_core(cases), strict=True):
        questions = {source(q): q for q in survey.scope.questions.values()}
        evaluation = survey.evaluate(our_answers(questions, theirs["data"]))
        asked = dict.fromkeys(theirs_of(questions[source(q)]) for q in questions.values()
                              if q.id in evaluation.asked)  # fmt: skip
        told["fillings"] += 1
        if list(asked) == theirs["visible"]:
            told["same"] += 1
            continue
        off_path = {theirs_of(q) for page in survey.document.pages
                    if page.id not in evaluation.path for q in page.questions}  # fmt: skip
        rest = set(asked) ^ set(theirs["visible"])
        if "triggers" in case["form"] and rest <= off_path:
            told["other for pages that a trigger passes over"] += 1
        else:
            assert "hidden_answers" in codes, json.dumps([case, theirs], ensure_ascii=False)
            told["other for answers to hidden questions"] += 1
    print("survey-core:", ", ".join(f"{count} {what}" for what, count in told.items()))
    assert told["same"] > told["fillings"] / 2


SOURCES = [
    {"type": "rating", "name": "a"},
    {"type": "text", "name": "n", "inputType": "number"},
    {"type": "text", "name": "d", "inputType": "date"},
    {"type": "checkbox", "name": "c", "choices": [1, 2, 3]},
    {"type": "boolean", "name": "b"},
    {"type": "matrix", "name": "m", "rows": ["r"], "columns": ["x", "y"]},
    {"type": "dropdown", "name": "r", "choices": ["1", "2", "10"]},
    {"type": "text", "name": "t"},
]
RULES = """
{b}; !{b}; {b} = false; {b} <> false; {b} empty; {c} = 1; {c} <> 1; {c} = [1]; {c} contains 1
{c} contains '1'; {c.length} = 0; {c.length} <> 2; {m.r} = 'x'; {m.r} <> 'x'; {m} notempty
{r} > 2; {r} > '2'; {r} < 10; {r} <= '10'; {r} = 10; {r} contains '1'; {d} = '2024-01-01'
{d} > '2024-01-01'; {d} >= today(); {d} < today(); {n} > '5'; {n} = '5'; {n} <> ''; {n} = 5.0
({n}+1)*2 > 10; {n} / 0 = 1; {n} - {a} >= 0; max({n},{a}) > 4; min({n},{a}) < 2
count({n},{a}) = 1; iif({a} > 2, 5, 1) = {n}; {a} = {n}; {a} < {n}; {a} >= {n}; {a} <> {n}
{a} anyof ['1','2']; {a} noneof [1]; {n} anyof [5]; {t} empty or {a} > 2 and {n} = 5
!({a} > 2) and !({n} = 5); {a} > 2 = false; {t} = ''; {a} + {n} + {a} > 9; avg({a},{n}) >= 4
{a} notempty = true; {r} = {a}; {r} > {a}; true; 1 = 1; {c} allof []; {c} anyof []; {c} noneof []
{d} < currentDate(); {d} <= currentDate(); {d} > currentDate(); {d} >= currentDate()
currentDate() > {d}; currentDate() <= {d}; {d} = currentDate(); {d} <> currentDate()
{c} empty or {c} contains 2; {#a} = 1; {A} = 1; {a} == 1; ({a} = 1; !({c} anyof [1, 2])
"""
ANSWERS = [
    {}, {"a": 1}, {"a": 3, "n": 5}, {"n": 5}, {"a": 5, "n": 1}, {"b": True}, {"b": False},
    {"c": [1]}, {"c": [1, 2]}, {"c": [3]}, {"d": "2024-01-01"}, {"d": "2024-06-01"},
    {"d": "2090-01-01"}, {"m": {"r": "x"}}, {"m": {"r": "y"}}, {"r": "1"}, {"r": "2"},
    {"r": "10"}, {"r": "2", "a": 2}, {"t": "x"}, {"n": 0}, {"n": 6},
]  # fmt: skip


def test_every_operator_says_what_survey_core_says():
    """# R1.1.1.1c (part)"""
    rules = [rule.strip() for line in RULES.strip().splitlines() for rule in line.split(";")]
    cases, made = [], []
    for rule in rules:
        form = {"elements": [*SOURCES, {"type": "text", "name": "z", "visibleIf": rule}]}
        conversion = convert(json.dumps(form).encode(), "surveyjs", "huisheng")
        assert conversion.is_lossless, (rule, conversion.losses)
        survey = engine.compile_survey(conversion.document)
        for answers in ANSWERS:
            cases.append({"form": form, "wishes": answers})
            made.append((rule, survey))
    for case, (rule, survey), theirs in zip(cases, made, asked_by_survey_core(cases), strict=True):
        questions = {source(q): q for page in survey.document.pages for q in page.questions}
        answers = {questions[n].id: our_answer(questions[n], v) for n, v in case["wishes"].items()}
        shown = "z" in survey.evaluate(answers, today="2026-11-24").asked
        assert shown == ("z" in theirs["visible"]), (rule, case["wishes"])
    print(f"survey-core: {len(rules)} rules, {len(cases)} fillings, same")


def test_random_expressions_keep_their_truth_value():
    """Whatever an author writes is carried with the truth value that survey-core gives it, for
    whatever is answered, or it is named as a loss; where texts compare exactly, that is told.
    # R1.1.1.1c (part)"""
    chance = random.Random(20)
    cases = [{"rule": expressions.expression(chance),
              "answers": SILENT + [expressions.answers(chance) for _ in range(7)]}
             for _ in range(EXPRESSIONS)]  # fmt: skip
    asked = {"sources": expressions.SOURCES, "cases": cases}
    truths = told_by_survey_core("survey_core_rules.mjs", asked)
    told = Counter()
    for case, truth in zip(cases, truths, strict=True):
        goal = {"type": "text", "name": "z", "visibleIf": case["rule"]}
        form = {"elements": [*expressions.SOURCES, goal]}
        made = convert(json.dumps(form).encode(), "surveyjs", "huisheng")
        kinds = {loss.kind for loss in made.losses}
        if "lost" in kinds:
            told["rules not carried"] += 1
            continue
        told["rules carried"] += 1
        survey = engine.compile_survey(made.document)
        questions = {source(q): q for q in survey.scope.questions.values()}
        for answers, theirs in zip(case["answers"], truth, strict=True):
            given = {questions[n].id: our_answer(questions[n], v) for n, v in answers.items()}
            ours = "z" in survey.evaluate(given, today="2026-11-24").asked
            told["fillings"] += 1
            if ours != theirs:
                assert "changed" in kinds, (case["rule"], answers)
                told["of them other for exact texts, as told"] += 1
    print("survey-core:", ", ".join(f"{count} {what}" for what, count in told.items()))
    assert told["rules carried"] > 9 * told["rules not carried"]
