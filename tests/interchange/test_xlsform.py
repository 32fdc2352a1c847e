"""XLSForm workbooks come in with the truth values that XPath gives their rules."""

import io
import zipfile

import pytest
from pyxform.xls2json import workbook_to_json
from pyxform.xls2json_backends import get_xlsform

import engine
from interchange import convert, summary
from tests.interchange.workbooks import workbook

SURVEY = """
type | name | label | relevant
integer | n | Number |
decimal | n2 | Number |
select_one yn | s | One |
select_multiple abc | m | Many |
date | d | Day |
text | t | Text |
calculate | c | |
"""
CHOICES = """
list_name | name | label
yn | yes | Yes
yn | no | No
yn | 3 | Three
abc | a | A
abc | b | B
abc | c | C
"""


def read(**sheets):
    made = convert(workbook(**sheets), "xlsform", "huisheng")
    assert made.document is not None, made.losses
    assert engine.check(made.document) == ()
    return made


def codes(made):
    return [(loss.code, loss.at) for loss in made.losses if loss.kind != "note"]


def asked(made, answers):
    return engine.compile_survey(made.document).evaluate(answers).asked


@pytest.mark.parametrize(
    ("rule", "answers", "shown"),
    [
        ("${n} != 1", {}, True),
        ("${n} != 1", {"n": 1}, False),
        ("${n} <= 3", {}, False),
        ("not(${n} <= 3)", {}, True),
        ("${n} = ''", {}, True),
        ("${n} != ''", {"n": 0}, True),
        ("${n} >= 1 and ${n} < 4", {"n": 3}, True),
        ("${n} + ${n2} > 5", {"n": 3, "n2": 3}, True),
        ("${n} + ${n2} > 5", {"n": 9}, False),
        ("not(${n} + ${n2} > 5)", {"n": 9}, True),
        ("${n} div 2 = 2", {"n": 4}, True),
        ("${s} = 'yes'", {"s": "yes"}, True),
        ("${s} != 'yes'", {}, True),
        ("not(${s} = 'yes')", {"s": "no"}, True),
        ("${s} = 3", {"s": "o_3"}, True),
        ("${s} > 2", {"s": "o_3"}, True),
        ("selected(${s}, 'yes')", {"s": "yes"}, True),
        ("selected(${m}, 'a')", {"m": ["a", "b"]}, True),
        ("not(selected(${m}, 'a'))", {}, True),
        ("not(selected(${m}, 'a'))", {"m": ["a"]}, False),
        ("count-selected(${m}) < 1", {}, True),
        ("count-selected(${m}) >= 2", {"m": ["a", "c"]}, True),
        ("${m} = 'a'", {"m": ["a"]}, True),
        ("${m} = 'a'", {"m": ["a", "b"]}, False),
        ("${d} >= '2020-01-01'", {"d": "2020-02-01"}, True),
        ("${n} = ${n2}", {}, True),
        ("${n} != ${n2}", {"n": 1}, True),
        ("${n} < ${n2}", {"n": 1, "n2": 2}, True),
        ("true()", {}, True),
        ("if(${n} > 1, ${n2} > 1, false())", {"n": 2, "n2": 2}, True),
        ("coalesce(${n}, 0) = 0", {}, True),
    ],
)
def test_a_relevant_keeps_its_truth_value(rule, answers, shown):
    """# R1.1.1.1c (part)"""
    made = read(survey=SURVEY.replace("calculate | c | |", f"note | goal | Goal | {rule}"),
                choices=CHOICES)  # fmt: skip
    assert codes(made) == []
    assert ("goal" in asked(made, answers)) == shown


@pytest.mark.parametrize(
    ("rule", "code"),
    [("${ghost} = 1", "unknown_name"), ("pulldata('a', 'b') = 1", "function"),
     ("${t} < 5", "text_search"), ("(" * 60 + "1", "unreadable_rule"),
     ("${n} =", "unreadable_rule"),
     ("position(..)", "unreadable_rule"), ("${later} = 1", "looks_ahead")],
)  # fmt: skip
def test_a_rule_that_cannot_be_carried_is_lost_with_sheet_row_and_column(rule, code):
    table = SURVEY.replace("calculate | c | |", f"note | goal | Goal | {rule}")
    made = read(survey=table + "integer | later | Later |", choices=CHOICES)
    assert codes(made) == [(code, "survey!8:relevant")]


def test_groups_are_pages_and_repeats_are_refused():
    """# R1.1.1.1c (part)"""
    made = read(survey="""
type | name | label | relevant
select_one yn | s | One |
begin group | g | Group | ${s} = 'yes'
text | inner | Inner |
begin group | h | Nested | ${inner} != ''
text | deep | Deep |
end group | | |
end group | | |
begin repeat | r | Repeat |
text | again | Again |
end repeat | | |
text | last | Last | ${again} = 'x'
""", choices=CHOICES)  # fmt: skip
    pages = [(page.id, [q.id for q in page.questions]) for page in made.document.pages]
    assert pages == [("page1", ["s"]), ("g", ["inner", "h", "deep"]), ("page3", ["last"])]
    assert asked(made, {"s": "yes", "inner": "x"}) == ("s", "inner", "h", "deep", "last")
    assert asked(made, {"s": "no"}) == ("s", "last")
    assert codes(made) == [("repeats", "survey!9"), ("repeats", "survey!10"),
                           ("unknown_name", "survey!12:relevant")]  # fmt: skip
    assert (made.elements, made.carried) == (8, 6)


def test_constraints_become_limits():
    made = read(survey="""
type | name | label | constraint | constraint_message | required
integer | n | N | . > 0 and . <= 10 | One to ten | yes
text | t | T | regex(., '^[0-9]{3}$') | Three digits |
text | u | U | string-length(.) <= 5 | |
date | d | D | . <= today() | |
select_multiple abc | m | M | not(selected(., 'c') and count-selected(.) > 1) | |
integer | k | K | . > ${n} or . = 0 | |
""", choices=CHOICES)  # fmt: skip
    survey = engine.compile_survey(made.document)
    bad = {"n": 0, "t": "12", "u": "123456", "d": "2100-01-01", "m": ["a", "c"]}
    good = {"n": 10, "t": "123", "u": "12345", "d": "2020-01-01", "m": ["c"]}
    assert len(survey.evaluate(bad, today="2026-01-01").problems) == 5
    assert survey.evaluate(good, today="2026-01-01").problems == ()
    assert codes(made) == [("validator", "survey!7:constraint")]


def test_columns_of_languages_become_translations():
    made = read(survey="""
type | name | label::English (en) | label::中文 (zh)
integer | n | Age | 年龄
note | x | You are ${n} | 您 ${n} 岁
""", settings="""
form_title | form_id | default_language
Ages | ages-1 | 中文 (zh)
""")  # fmt: skip
    document = made.document
    assert (document.id, document.languages) == ("ages_1", ("zh-CN", "en"))
    assert document.pages[0].questions[1].text == {"zh-CN": "您 {{n}} 岁", "en": "You are {{n}}"}


def test_a_choice_filter_offers_options_by_rule():
    made = read(survey="""
type | name | label | choice_filter
select_one state | state | State |
select_one city | city | City | state=${state}
""", choices="""
list_name | name | label | state
state | tx | Texas |
state | wa | Washington |
city | austin | Austin | tx
city | seattle | Seattle | wa
""")  # fmt: skip
    survey = engine.compile_survey(made.document)
    assert codes(made) == []
    assert survey.evaluate({"state": "tx", "city": "austin"}).answers["city"] == "austin"
    assert survey.evaluate({"state": "tx", "city": "seattle"}).dropped == ("city.seattle",)


def test_calculations_are_computed_values():
    """# R1.1.1.1e (part)"""
    made = read(survey="""
type | name | label | calculation | relevant
integer | a | A | |
integer | b | B | |
calculate | total | | ${a} + ${b} |
note | high | High | | ${total} > 5
note | shown | Total ${total} | |
""")  # fmt: skip
    evaluation = engine.compile_survey(made.document).evaluate({"a": 3, "b": 4})
    assert evaluation.asked == ("a", "b", "high", "shown")
    assert 7 in evaluation.computed.values()


def test_what_a_survey_cannot_do_with_a_cell_is_told():
    """An answer that is calculated, options from a search, parameters, an outcome of no formula.
    # R0.4 (part)"""
    made = read(survey="""
type | name | label | calculation | appearance | parameters | relevant
integer | a | A | | | |
integer | twice | Twice | ${a} * 2 | | |
select_one yn | s | S | | search('towns') | |
select_one yn or_other | o | O | | | randomize=true,seed=3 |
today | day | | | | |
note | n | N | | | | ${day} > '2020-01-01' and ${s} = 'yes'
text | f | ="F" | | | |
""", choices="list_name | name | label\nyn | yes | Yes\nyn | other | Else")  # fmt: skip
    assert codes(made) == [
        ("set_value", "survey!3:calculation"), ("choices_from_file", "survey!4:type"),
        ("member", "survey!5:parameters"), ("unknown_name", "survey!7:relevant"),
        ("formula", "survey!8:label"),
    ]  # fmt: skip
    other = made.document.pages[0].questions[2].options[1]
    assert (other.id, other.text, other.text_entry) == ("other", "Else", "optional")


def test_the_day_of_filling_is_read_by_rules():
    made = read(
        survey="""
type | name | label | relevant
today | day | |
note | n | N | ${day} > '2020-01-01'
"""
    )
    survey = engine.compile_survey(made.document)
    assert survey.evaluate({}, today="2026-01-01").asked == ("n",)
    assert survey.evaluate({}, today="2019-01-01").asked == ()


ALL_TYPES = """
type | name | label | hint | required | appearance | parameters
text | a1 | A | | yes | multiline |
integer | a2 | A | Hint | no | |
decimal | a3 | A | | | |
range | a4 | A | | | | start=1 end=5 step=1
select_one yn | a5 | A | | | minimal |
select_multiple abc or_other | a6 | A | | | |
rank abc | a7 | A | | | |
note | a8 | A | | | |
date | a9 | A | | | |
time | b1 | A | | | |
dateTime | b2 | A | | | |
image | b3 | A | | | |
image | b4 | A | | | signature |
file | b5 | A | | | |
barcode | b6 | A | | | |
acknowledge | b7 | A | | | |
geopoint | b8 | A | | | |
audio | b9 | A | | | |
start | c1 | | | | |
deviceid | c2 | | | | |
"""


def test_pyxform_reads_the_same_questions_and_choices():
    """# R1.1.1.1b (part)"""
    data = workbook(survey=ALL_TYPES, choices=CHOICES)
    theirs = workbook_to_json(get_xlsform(io.BytesIO(data)), form_name="data", warnings=[])
    made = convert(data, "xlsform", "huisheng")
    ours = {q.id: q for page in made.document.pages for q in page.questions}
    refused = {loss.about.split(":")[0] for loss in made.losses if loss.kind == "refused"}
    assert refused == {"b8", "b9"}
    lists = theirs["choices"]
    for question in (q for q in theirs["children"] if q["name"][0] in "ab"):
        if question["name"] in refused or question["name"].endswith("_other"):
            continue
        mine = ours[question["name"]]
        assert mine.text == question["label"]
        bind = question.get("bind", {})
        assert mine.required == (bind.get("required") in ("yes", "true()"))
        if "itemset" in question:
            values = [o.ext.get("source_id", o.id) for o in mine.options]
            wanted = [choice["name"] for choice in lists[question["itemset"]]]
            assert ("other" in values) == (question["name"] == "a6")
            assert [v for v in values if v != "other"] == [w for w in wanted if w != "other"]
    kinds = {q.id: q.type for q in ours.values()}
    assert kinds["a4"] == "rating" and kinds["a7"] == "ranking" and kinds["b4"] == "signature"
    assert engine.check(made.document) == ()


def bomb():
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 100_000_000)
    return written.getvalue()


def with_entity():
    written = io.BytesIO()
    source = zipfile.ZipFile(io.BytesIO(workbook(survey=SURVEY)))
    with zipfile.ZipFile(written, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("sheet1.xml"):
                data = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + data
            archive.writestr(name, data)
    return written.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "no_workbook"), (b"PK\x03\x04nonsense", "no_workbook"), (bomb(), "too_large"),
     (with_entity(), "no_workbook"), (workbook(other=SURVEY), "no_survey_sheet"),
     (b"x" * (9 * 1024 * 1024), "too_large")],
    ids=["empty", "no zip", "bomb", "entity", "no survey", "large"],
)  # fmt: skip
def test_what_is_no_workbook_within_bounds_is_refused(data, code):
    """# S26 (part)"""
    made = convert(data, "xlsform", "huisheng")
    assert [loss.code for loss in made.losses] == [code]
    told = summary(made, "xlsform", "huisheng", "en")
    assert told["losses"][0]["why"]
