"""Three-valued truth, and the one-line notation of rules."""

import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine.notation import NotationError, parse_rule, print_rule
from engine.ruletree import Rule

Truth = bool | None
NOT = {True: False, False: True, None: None}
AND = {
    (True, True): True, (True, None): None, (True, False): False,
    (None, True): None, (None, None): None, (None, False): False,
    (False, True): False, (False, None): False, (False, False): False,
}  # fmt: skip
OR = {
    (True, True): True, (True, None): True, (True, False): True,
    (None, True): True, (None, None): None, (None, False): None,
    (False, True): True, (False, None): None, (False, False): False,
}  # fmt: skip
A = {"op": "eq", "ref": "a", "value": True}
B = {"op": "eq", "ref": "b", "value": True}


def truth(rule: Any, a: Truth, b: Truth) -> Truth:
    """A rule's truth, read off two questions: one shown by the rule, one by its negation."""
    questions: list[Any] = [{"id": name, "type": "yes_no", "text": "t"} for name in "ab"]
    for name, shown in (("if_true", rule), ("if_false", {"op": "not", "of": rule})):
        questions.append({"id": name, "type": "yes_no", "text": "t", "show_if": shown})
    head = {"format": "huisheng.survey/1", "id": "f", "title": "t", "kind": "survey"}
    document = head | {"languages": ["zh-CN"], "pages": [{"id": "p", "questions": questions}]}
    said = engine.load(json.dumps(document).encode()).evaluate({"a": a, "b": b})
    shown = ("if_true" in said.asked, "if_false" in said.asked)
    return {(True, False): True, (False, True): False, (False, False): None}[shown]


@pytest.mark.parametrize("a", [True, None, False])
def test_negation_follows_kleene(a: Truth) -> None:
    assert truth({"op": "not", "of": A}, a, None) is NOT[a]


@pytest.mark.parametrize(("a", "b"), list(itertools.product([True, None, False], repeat=2)))
def test_conjunction_and_disjunction_follow_kleene(a: Truth, b: Truth) -> None:
    assert truth({"op": "all", "of": [A, B]}, a, b) is AND[a, b]
    assert truth({"op": "any", "of": [A, B]}, a, b) is OR[a, b]
    de_morgan = {"op": "not", "of": {"op": "any", "of": [{"op": "not", "of": r} for r in (A, B)]}}
    assert truth(de_morgan, a, b) is AND[a, b]


def test_the_empty_conjunction_is_true_and_the_empty_disjunction_false() -> None:
    assert truth({"op": "all", "of": []}, None, None) is True
    assert truth({"op": "any", "of": []}, None, None) is False


# -- notation ---------------------------------------------------------------------------------

refs = st.sampled_from(["a", "visit.type", "score.total", "grid.row_1", "why.count", "today"])
literals = (
    st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.decimals(-1000, 1000, places=3).map(float)
    | st.text(max_size=12)
    | st.sampled_from(["wait", "true", "not", "in", "all", 'say "x"', "2024-02-29", "09:00", "a.b"])
)
comparisons = st.builds(
    lambda op, ref, value: {"op": op, "ref": ref, "value": value},
    st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
    refs,
    literals,
)
with_refs = st.builds(
    lambda op, ref, other: {"op": op, "ref": ref, "other": other},
    st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
    refs,
    refs,
)
memberships = st.builds(
    lambda op, ref, value: {"op": op, "ref": ref, "value": value},
    st.sampled_from(["in", "has_any", "has_all", "has_none"]),
    refs,
    st.lists(literals, max_size=3),
)
answered = refs.map(lambda ref: {"op": "answered", "ref": ref})
trees = st.recursive(
    comparisons | with_refs | memberships | answered,
    lambda inner: (
        st.builds(
            lambda op, of: {"op": op, "of": of},
            st.sampled_from(["all", "any"]),
            st.lists(inner, max_size=3),
        )
        | inner.map(lambda rule: {"op": "not", "of": rule})
    ),
    max_leaves=8,
)


@given(trees)
def test_every_rule_prints_on_one_line_and_reads_back_as_itself(tree: Any) -> None:
    rule = msgspec.convert(tree, Rule)
    line = print_rule(rule)
    assert "\n" not in line
    assert parse_rule(line) == rule


@given(st.text(max_size=40) | st.lists(st.sampled_from(
    ["a", "==", "!=", "<=", "(", ")", ",", "and", "or", "not", "in", "has_any", "answered",
     "$b", '"x', '"x"', "1", "-", "true", "all", "any", "."]
), max_size=12).map(" ".join))  # fmt: skip
def test_any_text_is_a_rule_or_a_notation_error(text: str) -> None:
    try:
        rule = parse_rule(text)
    except NotationError:
        return
    assert parse_rule(print_rule(rule)) == rule
