"""Rules as sentences: what a nurse reads, and that no two meanings share a sentence."""

from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from builder.decisions import Decisions
from builder.names import catalogue
from builder.words import RuleWords
from engine import Document
from engine.derivation import Values, truth
from engine.notation import parse_rule
from engine.ruletree import Not, Rule
from engine.scope import Scope
from tests.builder.test_edits import SURVEYS, document_of
from tests.engine.oracle import generator
from tests.engine.oracle.forms import compiled, form

FORMS = 60


def options(*texts: str) -> list[dict[str, str]]:
    return [{"id": f"o{n}", "text": text} for n, text in enumerate(texts, 1)]


def rule_words(document: Document, rule: Rule, lang: str) -> str:
    return RuleWords(Scope(document), lang).sentence(rule)


def sample() -> Document:
    return document_of(
        {"id": "overall", "type": "rating", "text": "总体感受？"},
        {
            "id": "why",
            "type": "multi_choice",
            "text": "不满意的方面",
            "options": options("等候太久", "态度", "环境"),
        },
        {
            "id": "how",
            "type": "single_choice",
            "text": "怎样挂号",
            "options": options("A", "B", "A"),
        },
        {"id": "note", "type": "text", "text": "意见"},
        {"id": "age", "type": "number", "text": "年龄", "unit": "岁"},
        {"id": "again", "type": "yes_no", "text": "还会再来吗？"},
        {"id": "day", "type": "date", "text": "哪一天"},
        {"id": "hour", "type": "time", "text": "几点"},
        {
            "id": "care",
            "type": "matrix",
            "text": "护理",
            "rows": [{"id": "kind", "text": "态度"}, {"id": "skill", "text": "技术"}],
            "scale": {"min": 1, "max": 5},
        },
        {"id": "agreed", "type": "consent", "text": "隐私说明", "document": "p", "version": 1},
        {"id": "same", "type": "rating", "text": "总体感受"},
        {"id": "told", "type": "rating", "text": "对{{visit.department}}的印象"},
        {"id": "long", "type": "rating", "text": "很长" * 40},
        context={
            "visit.type": {"type": "choice", "values": ["outpatient", "spa"]},
            "visit.department": {"type": "text", "title": "科室"},
        },
        scores=[{"id": "service", "title": "服务", "of": ["overall", "same"]}],
        computed=[{"id": "mean_all", "value": {"op": "mean", "of": ["overall", "age"]}}],
    )


DOCUMENT = sample()
SENTENCES = [
    (
        "told <= 3 and (why has_any (o1) or not answered(note))",
        "「对〔科室〕的印象」不超过 3 分，"
        "并且（「不满意的方面」选了「等候太久」，或者没有回答「意见」）",
        "“对[科室]的印象” is at most 3 points, and (“等候太久” was chosen in “不满意的方面”, "
        "or “意见” was not answered)",
    ),
    ("overall == 3", "「总体感受（第 1 题）」是 3 分", None),
    ("same != 3", "「总体感受（第 11 题）」有分但不是 3 分", None),
    ("not overall < 3", "「总体感受（第 1 题）」不低于 3 分", None),
    ("overall in (1, 2, 3)", "「总体感受（第 1 题）」是 1 分、2 分或 3 分", None),
    ("long > 1", f"「{'很长' * 12}…」高于 1 分", None),
    ("why has_any (o1, o2)", "「不满意的方面」至少选了「等候太久」「态度」中的一项", None),
    ("why has_all (o1, o2)", "「不满意的方面」同时选了「等候太久」和「态度」", None),
    ("why has_none (o1, o2)", "「不满意的方面」有选择但「等候太久」「态度」都没选", None),
    ("not why has_all (o1, o2)", "「不满意的方面」有选择但没有同时选「等候太久」和「态度」", None),
    ("why has_none (o1)", "「不满意的方面」有选择但没选「等候太久」", None),
    ("why.count >= 2", "「不满意的方面」选了至少 2 项", "at least 2 chosen in “不满意的方面”"),
    ("how == o2", "「怎样挂号」选了「B」", "“B” was chosen in “怎样挂号”"),
    ("how != o1", "「怎样挂号」选了「A（o1）」以外的选项", None),
    ("how in (o1, o2)", "「怎样挂号」选了「A（o1）」或「B」", None),
    ("age < 18", "「年龄」小于 18 岁", "“年龄” is less than 18 岁"),
    ("age >= 0.5", "「年龄」不小于 0.5 岁", None),
    ("again == true", "「还会再来吗」回答「是」", "“还会再来吗” was answered “yes”"),
    ("not again == true", "「还会再来吗」回答「否」", None),
    ("agreed == true", "对「隐私说明」表示同意", "“隐私说明” was agreed to"),
    ('day < "2026-01-01"', "「哪一天」早于 2026-01-01", None),
    (
        "day >= $today",
        "「哪一天」不早于填写当天",
        "“哪一天” is no earlier than the day of filling in",
    ),
    ('hour > "09:30"', "「几点」晚于 09:30", None),
    ("care.kind <= 2", "「护理」的「态度」不超过 2 分", "“态度” of “护理” is at most 2 points"),
    ("care.kind < $care.skill", "「护理」的「态度」低于「护理」的「技术」", None),
    ("visit.type == outpatient", "就诊类型是「门诊」", "the kind of visit is “outpatient”"),
    ("answered(visit.department)", "知道科室", "the 科室 is known"),
    ("score.service < 60", "得分「服务」低于 60 分", "the score “服务” is below 60 points"),
    ("mean_all > 2.5", "计算值「mean_all」大于 2.5", None),
    (
        "not (again == true and age > 1)",
        "不是（「还会再来吗」回答「是」，并且「年龄」大于 1 岁）这种情况",
        None,
    ),
    ("all()", "总是成立", "always"),
    ("any()", "从不成立", "never"),
    ("nobody == 1", "「nobody」等于 1", None),
    ('note == "疼"', "「意见」填的是「疼」", "“疼” was written in “意见”"),
]


@pytest.mark.parametrize(("notation", "chinese", "english"), SENTENCES)
def test_a_rule_reads_as_a_plain_sentence(notation: str, chinese: str, english: str | None) -> None:
    """Texts instead of ids, units, named placeholders; nothing says more than is known.
    # R0.4 (part)"""
    rule = parse_rule(notation)
    assert rule_words(DOCUMENT, rule, "zh-CN") == chinese
    said = rule_words(DOCUMENT, rule, "en")
    assert english is None or said == english
    assert "{" not in said and "{" not in chinese


def test_different_rules_have_different_sentences() -> None:
    """In both languages."""
    for lang in ("zh-CN", "en"):
        said = [rule_words(DOCUMENT, parse_rule(notation), lang) for notation, *_ in SENTENCES]
        assert len(set(said)) == len(said)


def test_both_languages_have_every_phrase() -> None:
    """With the same blanks."""
    chinese, english = catalogue("zh-CN"), catalogue("en")
    assert chinese.keys() == english.keys()
    assert catalogue("fr") is chinese


@cache
def survey_of(seed: int) -> tuple[dict[str, Any], engine.Survey, tuple[Rule, ...]]:
    _, tree = form(seed, wide=seed % 2 == 0)
    survey = compiled(tree)
    rules = tuple(dict.fromkeys(placed.rule for placed in survey.scope.rules()))
    return tree, survey, rules


@settings(max_examples=120, deadline=None)
@given(st.integers(0, FORMS - 1), st.randoms(use_true_random=False))
def test_two_rules_of_one_sentence_mean_the_same(seed: int, rng: Any) -> None:
    """Every rule of random forms, and its opposite, has a sentence; where two share one, they are
    equally true of random answers: true, false and unknown."""
    tree, survey, rules = survey_of(seed)
    words = {lang: RuleWords(survey.scope, lang) for lang in ("zh-CN", "en")}
    for lang in words:
        told: dict[str, list[Rule]] = {}
        for rule in (*rules, *(Not(of=rule) for rule in rules)):
            sentence = words[lang].sentence(rule)
            assert sentence and "{" not in sentence
            told.setdefault(sentence, []).append(rule)
        for _ in range(4):
            answers = generator.answers(rng, tree, 0.8)
            context = generator.context(rng, tree)
            said = survey.evaluate(answers, context, "2024-02-29")
            values = Values(survey, said, context, "2024-02-29")
            for sentence, same in told.items():
                assert len({truth(rule, values) for rule in same}) == 1, (sentence, same)


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: path.stem)
def test_every_rule_of_the_examples_says_what_it_decides(path: Any) -> None:
    """A heading for each, different ones for different places; endings, alerts and computed
    values by their names. # R0.4 (part)"""
    document = engine.parse(path.read_bytes()).document
    assert document is not None
    for lang in ("zh-CN", "en"):
        words = Decisions(Scope(document), lang)
        placed = list(words.scope.rules())
        said = [words.decision(one) for one in placed]
        assert all(one and not one.startswith("/") and "{" not in one for one in said)
        for p, page in enumerate(document.pages):
            assert all("{" not in words.jump(p, jump) for jump in page.next)
        for one in document.computed:
            assert "{" not in words.computed(one)


def test_what_a_rule_decides_is_said_with_names() -> None:
    """Pages by number and title, endings by their text, alerts with their hours."""
    rule = {"op": "eq", "ref": "overall", "value": 1}
    overall = {"id": "overall", "type": "rating", "text": "总体"}
    why = {
        "id": "why",
        "type": "multi_choice",
        "text": "为什么",
        "required": rule,
        "options": [*options("甲", "乙"), {"id": "c", "text": "丙", "show_if": rule}],
        "show_if": rule,
    }
    second = {"id": "p2", "title": "第二", "show_if": rule, "questions": [why]}
    document = document_of(
        pages=[
            {
                "id": "p1",
                "questions": [overall],
                "next": [{"if": rule, "to": "end:sorry"}, {"to": "p2"}],
            },
            second,
        ],
        endings=[{"id": "sorry", "text": "抱歉"}],
        alerts=[{"id": "low", "when": rule, "notify": "head", "within": {"working_hours": 8}}],
        computed=[{"id": "c1", "value": {"op": "if", "when": rule, "then": 1, "else": "overall"}}],
    )
    words = Decisions(Scope(document), "zh-CN", names={"head": "护士长"})
    assert [words.decision(one) for one in words.scope.rules()] == [
        "答完第 1 页后结束，并显示结束语「抱歉」的条件",
        "出现第 2 页「第二」的条件",
        "显示「为什么」的条件",
        "「为什么」里出现选项「丙」的条件",
        "「为什么」必须回答的条件",
        "计算值「c1」取 1 的条件（否则取「总体」）",
        "提交后通知「护士长」的条件（8 个工作小时内）",
    ]
    assert words.jump(0, document.pages[0].next[1]) == "答完第 1 页后，其余情况跳到第 2 页「第二」"
    assert words.computed(document.computed[0]) == "「总体」是 1 分时取 1，否则取「总体」"


def test_a_rule_of_a_hostile_document_is_only_text() -> None:
    """Braces, markup and empty texts come out as they are, never as a blank to be filled."""
    document = document_of(
        {"id": "a", "type": "text", "text": "{value}<b>{what}"},
        {"id": "b", "type": "single_choice", "text": "？", "options": options("x", "y")},
        {"id": "c", "type": "text", "text": "{{today}}前，{{a}}、{{b}}、\\{{x"},
    )
    words = RuleWords(Scope(document), "zh-CN")
    assert words.sentence(parse_rule('a == "{what}"')) == "「{value}<b>{what}」填的是「{what}」"
    assert words.sentence(parse_rule("b == o1")) == "「第 2 题（还没有题目）」选了「x」"
    assert words.sentence(parse_rule("answered(c)")).startswith(
        "回答了「〔填写当天〕前，〔{value}<b>"
    )
    assert msgspec.json.encode(words.sentence(parse_rule('a == "\\u0000"')))


NESTED = [
    (
        "overall <= 2 and (age < 18 or why has_any (o1)) and not (again == true or answered(note))",
        "「总体感受（第 1 题）」不超过 2 分，"
        "并且（「年龄」小于 18 岁，或者「不满意的方面」选了「等候太久」），"
        "并且不是（「还会再来吗」回答「是」，或者回答了「意见」）这种情况",
    ),
    (
        "all(any(again == true, all(age < 18, not answered(note))), visit.type == outpatient)",
        "（「还会再来吗」回答「是」，或者（「年龄」小于 18 岁，并且没有回答「意见」）），"
        "并且就诊类型是「门诊」",
    ),
    (
        "all(all(again == true, all(age < 18)), any(answered(note)))",
        "「还会再来吗」回答「是」，并且「年龄」小于 18 岁，并且回答了「意见」",
    ),
    (
        "not not (again == true or not (age < 18 and answered(note)))",
        "「还会再来吗」回答「是」，或者不是（「年龄」小于 18 岁，并且回答了「意见」）这种情况",
    ),
]


@pytest.mark.parametrize(("notation", "chinese"), NESTED)
def test_a_nested_rule_reads_as_one_sentence(notation: str, chinese: str) -> None:
    """Brackets only where two kinds of groups meet; what is turned round is said as a case."""
    assert rule_words(DOCUMENT, parse_rule(notation), "zh-CN") == chinese
