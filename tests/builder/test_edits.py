"""Edits of a survey: what they keep, what they carry along, what they refuse."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from builder.apply import apply
from builder.edits import (
    AnyEdit,
    Duplicate,
    Insert,
    Move,
    Put,
    Refused,
    Remove,
    Rename,
    Replace,
    SetMember,
    Several,
)
from builder.references import references, uses
from builder.tree import ids, to_tree, write
from engine import Document, check, parse

HERE = Path(__file__).parent
SURVEYS = sorted((HERE.parents[1] / "examples" / "surveys").glob("*.json"))


def document_of(*questions: dict[str, Any], **rest: Any) -> Document:
    tree = {
        "format": "huisheng.survey/1",
        "id": "sample",
        "title": "样例",
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": [{"id": "first", "questions": list(questions)}],
    } | rest
    parsed = parse(json.dumps(tree).encode())
    assert parsed.document is not None
    assert not check(parsed.document)
    return parsed.document


WHY = {
    "id": "why",
    "type": "multi_choice",
    "text": "哪些方面不满意？",
    "options": [{"id": "wait", "text": "等候太久"}, {"id": "attitude", "text": "态度"}],
}
OVERALL = {"id": "overall", "type": "rating", "text": "总体感受？"}


def branching() -> Document:
    asked = WHY | {"show_if": {"op": "le", "ref": "overall", "value": 3}}
    waited = {"op": "has_any", "ref": "why", "value": ["wait"]}
    low = {"op": "le", "ref": "score.service", "value": 20}
    return document_of(
        pages=[
            {
                "id": "first",
                "questions": [OVERALL, asked],
                "next": [{"if": waited, "to": "end:sorry"}],
            },
            {
                "id": "second",
                "questions": [
                    {
                        "id": "note",
                        "type": "text",
                        "text": "您给了{{overall}}分，请说说原因",
                        "show_if": {"op": "eq", "ref": "why.count", "value": 2},
                    }
                ],
            },
        ],
        scores=[{"id": "service", "of": ["overall"], "weights": {"overall": 2}}],
        endings=[{"id": "sorry", "text": "我们会跟进"}],
        walks=[
            {
                "id": "unhappy",
                "answers": {"overall": 1, "why": ["wait"]},
                "expect": {"asked": ["overall", "why"], "ending": "sorry"},
            }
        ],
        alerts=[
            {
                "id": "low",
                "when": low,
                "notify": "head",
            }
        ],
    )


def text_of(document: Document) -> str:
    return write(document).decode()


def test_a_renamed_question_is_followed_by_rules_scores_texts_and_walks() -> None:
    """R1.2.1.3 (part)"""
    after = apply(branching(), Rename(of="overall", to="in_all")).document
    assert '"overall"' not in text_of(after) and "{{overall}}" not in text_of(after)
    assert "{{in_all}}" in text_of(after)
    assert not check(after)
    assert after.scores[0].weights == {"in_all": 2} and after.walks[0].answers["in_all"] == 1


def test_a_renamed_option_is_followed_by_rules_and_walks() -> None:
    """R1.2.1.3 (part)"""
    after = apply(branching(), Rename(of="why/options/wait", to="queue")).document
    assert '"wait"' not in text_of(after) and not check(after)
    assert after.walks[0].answers["why"] == ["queue"]


def test_scores_and_endings_and_pages_are_followed_too() -> None:
    """R1.2.1.3 (part)"""
    after = branching()
    for old, new in (("service", "kindness"), ("sorry", "later"), ("first", "arrival")):
        after = apply(after, Rename(of=old, to=new)).document
    assert not check(after)
    assert after.pages[0].next[0].to == "end:later" and after.walks[0].expect.ending == "later"
    assert '"score.kindness"' in text_of(after)


def test_what_is_named_elsewhere_is_not_removed_and_its_uses_are_listed() -> None:
    """R1.2.1.3 (part)"""
    with pytest.raises(Refused) as refused:
        apply(branching(), Remove(of="overall"))
    owners = {use.owner for use in refused.value.used_by}
    assert owners == {"why", "note", "service", "unhappy"}
    with pytest.raises(Refused) as refused:
        apply(branching(), Remove(of="why/options/wait"))
    assert {use.owner for use in refused.value.used_by} == {"first", "unhappy"}


def test_a_page_may_go_when_only_its_own_questions_name_each_other() -> None:
    after = apply(branching(), Remove(of="second")).document
    assert [page.id for page in after.pages] == ["first"]


def test_a_move_before_the_answer_that_a_rule_needs_is_refused() -> None:
    """R1.2.1.3 (part)"""
    with pytest.raises(Refused) as refused:
        apply(branching(), Move(of="why", into="first", before="overall"))
    assert refused.value.problems[0].code == "forward_reference"


def test_a_copy_speaks_of_itself_and_bears_new_ids() -> None:
    document = apply(branching(), Duplicate(of="first")).document
    assert not check(document)
    assert [page.id for page in document.pages] == ["first", "first_2", "second"]
    copy = document.pages[1]
    assert [question.id for question in copy.questions] == ["overall_2", "why_2"]
    assert copy.questions[1].show_if is not None
    assert "overall_2" in text_of(document)


def test_two_who_set_the_same_text_do_not_overwrite_each_other() -> None:
    first = SetMember(of="overall", member="text", value="甲", was="总体感受？")
    second = SetMember(of="overall", member="text", value="乙", was="总体感受？")
    once = apply(branching(), first).document
    with pytest.raises(Refused) as refused:
        apply(once, second)
    assert refused.value.problems[0].code == "changed_meanwhile" and refused.value.now == "甲"


def test_an_unfinished_text_is_no_reason_to_refuse_but_a_wrong_value_is() -> None:
    unfinished = apply(branching(), SetMember(of="overall", member="text", value="")).document
    assert unfinished.pages[0].questions[0].text == ""
    with pytest.raises(Refused) as refused:
        apply(branching(), SetMember(of="overall", member="max", value="five"))
    assert refused.value.problems[0].code == "wrong_type"


def test_edits_that_belong_together_stand_or_fall_together() -> None:
    before = branching()
    with pytest.raises(Refused):
        apply(
            before,
            Several(edits=(Rename(of="overall", to="in_all"), Remove(of="nothing"))),
        )
    after = apply(
        before, Several(edits=(Rename(of="overall", to="in_all"), Duplicate(of="in_all")))
    )
    assert apply(after.document, after.inverse).document == before


def test_a_value_that_cannot_be_read_is_refused_also_among_others() -> None:
    """It is not left out in silence while the rest is done."""
    codes = SetMember(of="overall", member="codes", value=[{"system": "his"}])
    with pytest.raises(Refused) as refused:
        apply(branching(), Several(edits=(codes, SetMember(of="overall", member="max", value=7))))
    assert refused.value.problems[0].code == "missing_key"


def test_every_mention_of_the_demo_surveys_leads_to_what_it_names() -> None:
    for path in SURVEYS:
        parsed = parse(path.read_bytes())
        assert parsed.document is not None
        known = ids(to_tree(parsed.document))
        known |= {f"context/{name}" for name in parsed.document.context}
        found = list(references(parsed.document))
        assert found or not list(parsed.document.scores)
        for mention in found:
            assert mention.id in known, mention
            node: Any = to_tree(parsed.document)
            for step in mention.at.split("/")[1:]:
                node = node[int(step) if isinstance(node, list) else step]


def visited(**rest: Any) -> Document:
    seen = {"op": "eq", "ref": "visit.type", "value": "outpatient"}
    return document_of(
        OVERALL | {"show_if": seen},
        {"id": "note", "type": "statement", "text": "您来过{{visit.ward}}"},
        context={
            "visit.type": {"type": "choice", "values": ["outpatient", "inpatient"]},
            "visit.ward": {"type": "text"},
            "visit.day": {"type": "date"},
        },
        walks=[{"id": "one", "context": {"visit.type": "outpatient"}}],
        **rest,
    )


def test_a_declared_value_is_renamed_with_rules_texts_and_walks() -> None:
    """In its place among the others; back again gives the same bytes. # R0.4 (part)"""
    before = visited()
    for old, new in (("visit.type", "visit.kind"), ("visit.ward", "ward")):
        edited = apply(before, Rename(of=f"context/{old}", to=new))
        assert f'"{old}"' not in text_of(edited.document)
        assert f"{{{{{old}}}}}" not in text_of(edited.document) and not check(edited.document)
        assert edited.made == f"context/{new}"
        assert write(apply(edited.document, edited.inverse).document) == write(before)
    for taken in ("visit.day", "Visit", "overall"):
        with pytest.raises(Refused):
            apply(before, Rename(of="context/visit.type", to=taken))


def test_a_declared_value_goes_only_when_nothing_names_it() -> None:
    """And comes back where it stood. # R0.4 (part)"""
    with pytest.raises(Refused) as refused:
        apply(visited(), Remove(of="context/visit.type"))
    assert {use.owner for use in refused.value.used_by} == {"overall", "one"}
    added = apply(visited(), Insert(into="", list="context", before="visit.ward",
                                    value={"id": "visit.bed", "type": "text"}))  # fmt: skip
    assert list(added.document.context) == ["visit.type", "visit.bed", "visit.ward", "visit.day"]
    gone = apply(added.document, Remove(of="context/visit.bed"))
    assert write(gone.document) == write(visited())
    assert write(apply(gone.document, gone.inverse).document) == write(added.document)


def test_a_member_that_is_taken_out_of_a_map_comes_back_where_it_stood() -> None:
    """Weights, and labels of which the others stay."""
    document = document_of(
        OVERALL | {"labels": {"1": {"zh-CN": "差"}, "5": {"zh-CN": "好"}}},
        OVERALL | {"id": "nurse"},
        scores=[{"id": "s", "of": ["overall", "nurse"], "weights": {"overall": 2, "nurse": 3}}],
    )
    edited = apply(document, SetMember(of="s", member="weights/overall"))
    assert edited.document.scores[0].weights == {"nurse": 3}
    assert write(apply(edited.document, edited.inverse).document) == write(document)
    edited = apply(document, SetMember(of="overall", member="labels/1/zh-CN"))
    overall: Any = edited.document.pages[0].questions[0]
    assert overall.labels == {"5": {"zh-CN": "好"}}
    assert write(apply(edited.document, edited.inverse).document) == write(document)


def test_a_picture_is_described_by_its_name_wherever_it_stands() -> None:
    """Its place in the list may change meanwhile."""
    pictures = [{"asset": f"sha256:{n * 64}", "alt": {"zh-CN": n}} for n in "ab"]
    document = document_of(OVERALL | {"media": pictures})
    member = f"media/sha256:{'b' * 64}/alt/zh-CN"
    edited = apply(document, SetMember(of="overall", member=member, value="大厅", was="b"))
    assert edited.document.pages[0].questions[0].media[1].alt == {"zh-CN": "大厅"}
    assert write(apply(edited.document, edited.inverse).document) == write(document)
    with pytest.raises(Refused):
        apply(document, SetMember(of="overall", member=f"media/sha256:{'c' * 64}/alt", value="?"))


def places() -> Document:
    """A cascade of two levels in two languages."""
    below = [{"id": n, "text": {"zh-CN": n, "en": n}} for n in ("th", "yx")]
    nodes = [{"id": "gz", "text": {"zh-CN": "广州", "en": "Guangzhou"}, "nodes": below},
             {"id": "fs", "text": {"zh-CN": "佛山", "en": "Foshan"}}]  # fmt: skip
    where = {"id": "place", "type": "cascade", "text": {"zh-CN": "住在哪里？", "en": "Where?"}}
    far = {"op": "in", "ref": "place", "value": ["th", "fs"]}
    note = {"id": "note", "type": "text", "text": {"zh-CN": "路上？", "en": "The way?"}}
    return document_of(
        where | {"nodes": nodes}, note | {"show_if": far}, languages=["zh-CN", "en"],
        title={"zh-CN": "样例", "en": "Sample"},
    )  # fmt: skip


def test_a_node_moves_between_levels_but_never_below_itself() -> None:
    """Rules that name it stay; nothing is cut off in silence. # R1.2.1.3 (part)"""
    before = places()
    moved = apply(before, Move(of="place/nodes/fs", into="place/nodes/gz", before="yx"))
    cascade: Any = moved.document.pages[0].questions[0]
    assert [node.id for node in cascade.nodes[0].nodes] == ["th", "fs", "yx"]
    assert not check(moved.document)
    assert write(apply(moved.document, moved.inverse).document) == write(before)
    up = apply(before, Move(of="place/nodes/th", into="place", before="gz"))
    assert write(apply(up.document, up.inverse).document) == write(before)
    for into in ("place/nodes/gz", "place/nodes/th"):
        with pytest.raises(Refused) as refused:
            apply(before, Move(of="place/nodes/gz", into=into))
        assert refused.value.problems[0].code == "not_into_itself"


def test_an_option_stays_in_its_question() -> None:
    """Rules name it there."""
    second = WHY | {"id": "again"}
    with pytest.raises(Refused):
        apply(document_of(WHY, second), Move(of="why/options/wait", into="again"))


# Any edits


def some_edit(document: Document, draw: random.Random) -> AnyEdit:
    """An edit as a person at the builder might make it, good or bad."""
    tree = to_tree(document)
    names = sorted(ids(tree))
    questions = [q["id"] for page in tree["pages"] for q in page["questions"]]
    pages = [page["id"] for page in tree["pages"]]
    inner = [
        f"{q['id']}/{kind}/{part['id']}"
        for page in tree["pages"]
        for q in page["questions"]
        for kind in ("options", "rows", "nodes")
        for part in q.get(kind, [])
    ]
    if not questions:
        value = {"id": "first", "type": "nps", "text": "?"}
        return Insert(into=draw.choice([*pages, "no_such_part"]), list="questions", value=value)
    one = draw.choice([*names, *inner]) if draw.random() < 0.95 else "no_such_part"
    scores = [score["id"] for score in tree.get("scores", [])]
    context = list(tree.get("context", {}))
    match draw.randrange(17):
        case 13:
            return Move(
                of=draw.choice([*inner, "no_such_part"]),
                into=draw.choice([*questions, *(one for one in inner if "/nodes/" in one)]),
                before=draw.choice([None, *(one.rpartition("/")[2] for one in inner)]),
            )
        case 14:
            return Move(of=draw.choice(names), into="", before=draw.choice([None, *names]))
        case 15:
            texts = [(q, lang) for q in questions for lang in tree["languages"]]
            chosen = draw.sample(texts, min(len(texts), 4))
            return Several(
                edits=tuple(
                    SetMember(of=q, member=f"text/{lang}", value=draw.choice(["译文", UNSET]))
                    for q, lang in chosen
                )
            )
        case 16:
            answers = {draw.choice(questions): draw.choice([1, "wait", ["wait"], True])}
            value = {"id": "walk", "answers": answers, "expect": {}}
            return Insert(into="", list="walks", value=value, before=None)
        case 9:
            return SetMember(
                of=draw.choice([*scores, "no_such_part"]),
                member=f"weights/{draw.choice(questions)}",
                value=draw.choice([UNSET, 2, 0.5, 0]),
            )
        case 10:
            value = {"id": draw.choice(["visit.ward", *context]), "type": "text"}
            return Insert(into="", list="context", value=value,
                          before=draw.choice([None, *context]))  # fmt: skip
        case 11:
            declared = f"context/{draw.choice([*context, 'none'])}"
            return draw.choice([Remove(of=declared), Rename(of=declared, to="visit.renamed")])
        case 12:
            return SetMember(
                of=f"context/{draw.choice([*context, 'none'])}",
                member=draw.choice(["title/zh-CN", "type"]),
                value=draw.choice(["文字", "text", UNSET]),
            )
        case 0:
            return SetMember(
                of=one, member="text", value=draw.choice(["新的文字", "", "{{ghost}}"])
            )
        case 1:
            return SetMember(
                of=draw.choice(questions), member="required", value=draw.random() < 0.5
            )
        case 2:
            value = {"id": "fresh", "type": "yes_no", "text": "新问题"}
            return Insert(into=draw.choice(pages), list="questions", value=value,
                          before=draw.choice([None, *questions]))  # fmt: skip
        case 3:
            return Remove(of=one)
        case 4:
            page = draw.choice(pages)
            return Move(
                of=draw.choice(questions), into=page, before=draw.choice([None, *questions])
            )
        case 5:
            return Rename(of=one, to=draw.choice(["new_name", "Bad Id", "score", *names]))
        case 6:
            return Duplicate(of=one)
        case 7:
            return SetMember(of="", member="title/zh-CN", value="标题")
        case _:
            return Put(of=draw.choice(questions), value={"id": one, "type": "nps", "text": "?"})


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(SURVEYS))
def test_no_edit_adds_an_error_to_a_checked_survey(seed: int, path: Path) -> None:
    """R1.2.1.3 (part)"""
    draw = random.Random(seed)
    document = parse(path.read_bytes()).document
    assert document is not None
    for _ in range(12):
        try:
            edited = apply(document, some_edit(document, draw))
        except Refused:
            continue
        assert {p.code for p in check(edited.document)} <= {
            "missing_text",
            "empty_list",
            "empty_page",
            "no_options",
        }
        assert write(apply(edited.document, edited.inverse).document) == write(document)
        document = edited.document


@pytest.mark.parametrize(("seed", "begin"), list(enumerate([branching, places, visited])))
def test_two_hundred_edits_undone_and_redone_give_the_same_bytes(
    seed: int, begin: Callable[[], Document]
) -> None:
    """Rules, scores, walks, context, two languages, levels. R1.2.1.3 (part)"""
    draw = random.Random(seed)
    document = begin()
    states = [write(document)]
    undo: list[AnyEdit] = []
    while len(undo) < 200:
        try:
            edited = apply(document, some_edit(document, draw))
        except Refused:
            continue
        document = edited.document
        undo.append(edited.inverse)
        states.append(write(document))
    redo: list[AnyEdit] = []
    for inverse in reversed(undo):
        undone = apply(document, inverse)
        document = undone.document
        redo.append(undone.inverse)
    assert write(document) == states[0]
    for again in reversed(redo):
        document = apply(document, again).document
    assert write(document) == states[-1]


def test_the_whole_document_may_be_replaced_but_not_under_another_id() -> None:
    before = branching()
    tree = to_tree(before)
    after = apply(before, Replace(document=tree | {"title": "别的"}, was=tree)).document
    assert after.title == "别的"
    with pytest.raises(Refused):
        apply(before, Replace(document=tree | {"id": "other"}))


def test_uses_of_a_page_leave_out_what_it_says_of_itself() -> None:
    assert {use.owner for use in uses(branching(), "second")} == set()
