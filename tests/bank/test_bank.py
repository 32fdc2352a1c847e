"""The bank's tree, its questions in versions, the search by pairs, where it is used."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ProgrammingError

from runtime.audit.models import SYSTEM
from runtime.bank import items, places
from runtime.bank.content import Content, check_question, without_survey
from runtime.bank.folding import bands, fold, grams, likeness
from runtime.bank.queries import Search, count_items, find_items, near_items
from runtime.bank.uses import uses_of
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.surveys import service as surveys
from runtime.wiring import Deployment
from tests.bank.many import fill
from tests.conftest import DatabaseUrls
from tests.runtime.conftest import survey_with

ZH = "zh-CN"


def content(text: str = "护士的态度如何？", **more: Any) -> Content:
    found = check_question({"id": "nurse", "type": "rating", "text": {ZH: text}} | more)
    assert isinstance(found, Content), found
    return found


def add(db: Database, made: Content, **more: Any) -> int:
    with db.begin() as connection:
        tree = places.read_tree(connection)
        place = more.pop("place", None) or (
            tree[0].id if tree else places.add_place(connection, SYSTEM, None, {ZH: "门诊"})
        )
        items.create_item(connection, SYSTEM, made, place, more.get("tags", ()))
    return place


def found(db: Database, words: str, **more: Any) -> list[str]:
    with db.begin() as connection:
        listed, _ = find_items(connection, Search(words=words, **more))
        assert count_items(connection, Search(words=words, **more)) == len(listed)
    return [one.id for one in listed]


# The tree


def test_staff_edit_the_tree(deployment: Deployment) -> None:
    """Three levels, ordered, renamed, closed, removed while empty. # R1.2.1.3 (part)"""
    with deployment.db.begin() as c:
        scene = places.add_place(c, SYSTEM, None, {ZH: "门诊", "en": "Outpatient"})
        other = places.add_place(c, SYSTEM, None, {ZH: "住院"})
        category = places.add_place(c, SYSTEM, scene, {ZH: " 服务  态度 "})
        below = places.add_place(c, SYSTEM, category, {ZH: "护士"})
        with pytest.raises(Unprocessable):
            places.add_place(c, SYSTEM, below, {ZH: "更深"})
        with pytest.raises(StateConflict):
            places.add_place(c, SYSTEM, None, {ZH: "门诊"})
        places.move_place(c, SYSTEM, other, -1)
        places.move_place(c, SYSTEM, other, -1)
        tree = places.read_tree(c)
        assert [one.id for one in tree] == [other, scene, category, below]
        assert [one.level for one in tree[1:]] == ["scene", "category", "subcategory"]
        assert tree[2].name == {ZH: "服务 态度"}
        assert places.within(tree, scene) == [scene, category, below]
        places.change_place(c, SYSTEM, category, 1, {ZH: "态度"}, is_closed=True)
        with pytest.raises(StateConflict):
            places.change_place(c, SYSTEM, category, 1, {ZH: "别的"}, is_closed=True)
        with pytest.raises(Unprocessable):
            items.create_item(c, SYSTEM, content(), below, ())
        with pytest.raises(StateConflict):
            places.remove_place(c, SYSTEM, category)
        places.remove_place(c, SYSTEM, below)
        with pytest.raises(NotFound):
            places.remove_place(c, SYSTEM, below)


# Questions


def test_a_change_makes_the_next_version_and_versions_never_change(
    deployment: Deployment, database_urls: DatabaseUrls
) -> None:
    """Two who change the same: the second is told; the database takes no change of a version."""
    add(deployment.db, content())
    with deployment.db.begin() as c:
        assert items.change_item(c, SYSTEM, content("护士的服务态度如何？"), 1) == 2
        assert items.change_item(c, SYSTEM, content("护士的服务态度如何？"), 2) == 2
        with pytest.raises(StateConflict):
            items.change_item(c, SYSTEM, content("又一种说法"), 1)
        with pytest.raises(Unprocessable):
            items.change_item(c, SYSTEM, content(type="nps"), 2)
        old = items.question_of(c, "nurse", 1)
        assert old is not None and json.loads(old)["text"][ZH] == "护士的态度如何？"
        assert items.question_of(c, "nurse", 3) is None
    for words in ("UPDATE bank_versions SET version = 9", "DELETE FROM bank_versions"):
        with deployment.db.begin() as c, pytest.raises(ProgrammingError):
            c.execute(sa.text(words))


def test_a_question_is_tagged_moved_and_retired(deployment: Deployment) -> None:
    """None of it makes a version; a retired one is found only when asked for. # R1.2.1.3 (part)"""
    place = add(deployment.db, content(), tags=("护士", " 护士 ", ""))
    with deployment.db.begin() as c:
        assert items.get_item(c, "nurse").tags == ("护士",)
        items.place_item(c, SYSTEM, "nurse", 1, place=place, tags=("甲",), state="retired")
        assert items.get_item(c, "nurse").version == 1
        with pytest.raises(Unprocessable):
            items.place_item(c, SYSTEM, "nurse", 2, place=9999, tags=(), state="active")
        with pytest.raises(Unprocessable):
            items.clean_tags(["长" * 31])
    assert found(deployment.db, "态度") == []
    assert found(deployment.db, "态度", with_retired=True, tag="甲") == ["nurse"]


def test_a_question_of_a_survey_comes_without_its_rules() -> None:
    """What names other questions stays behind; what the engine refuses is refused."""
    question = {
        "id": "why", "type": "single_choice", "text": {ZH: "为什么？"}, "tags": ["x"],
        "show_if": {"op": "answered", "ref": "a"}, "required": {"op": "answered", "ref": "a"},
        "options": [{"id": "a", "text": {ZH: "甲"}, "show_if": {"op": "answered", "ref": "b"}}],
    }  # fmt: skip
    assert not isinstance(check_question(question), Content)
    kept = check_question(without_survey(question))
    assert isinstance(kept, Content) and b"show_if" not in kept.data
    assert not isinstance(check_question(without_survey(question) | {"text": "{{other}}"}), Content)
    nonsense: list[Any] = [None, [], "x", 7, {}, {"id": "a"}, {"type": "rating", "options": 3}]
    for one in nonsense:
        assert not isinstance(check_question(one), Content)


# Finding


def test_words_are_found_by_pairs_of_characters(deployment: Deployment) -> None:
    """Width, case and punctuation do not matter; all words count; options are searched as well."""
    add(deployment.db, content("您对Ｗｉ-Ｆｉ（无线网络）满意吗？"))
    add(deployment.db, content("哪些方面需要改进？", id="b", type="single_choice",
                               options=[{"id": "o", "text": {ZH: "服务态度"}}]))  # fmt: skip
    for words in ("wi fi", "网络", "满意 无线", "网", "WI", "无线网络", "满意吗"):
        assert found(deployment.db, words) == ["nurse"], words
    assert (
        found(deployment.db, "态度") == ["b"] == found(deployment.db, "态度", type="single_choice")
    )
    for words in ("度态", "网络 态度", "？", "%", "满意_", "\0", "' OR 1=1 --"):
        assert "b" not in found(deployment.db, words), words
    assert found(deployment.db, "") == ["nurse", "b"]


def test_texts_that_are_nearly_the_same_are_found(deployment: Deployment) -> None:
    """By bands of MinHash, then by Dice's coefficient."""
    add(deployment.db, content("您对门诊大厅护士的服务态度是否满意？"))
    near, far = fold("请问您对门诊大厅护士的服务态度是否满意？"), fold("停车方便吗？")
    with deployment.db.begin() as c:
        assert [one[0] for one in near_items(c, bands(grams(near)), near)] == ["nurse"]
        assert near_items(c, bands(grams(far)), far) == []
        assert near_items(c, bands(grams("")), "") == []
    assert likeness(near, near) == 1 and likeness(near, far) < 0.2


@pytest.mark.slow
def test_two_characters_are_found_in_a_hundred_thousand_by_index(
    deployment: Deployment, database_urls: DatabaseUrls
) -> None:
    """The plan looks it up, alone and with filters, and reads no other text. # R1.2.1.3 (part)"""
    fill(deployment.db, 100_000)
    owner = Database(database_urls.owner_url)
    with owner.begin() as c:
        c.execute(sa.text("ANALYZE bank_items"))
    owner.close()
    with deployment.db.begin() as c:
        tree = places.read_tree(c)
        half = tuple(places.within(tree, tree[0].id))
    for search in (
        Search(words="态度"),
        Search(words="护士 态度", places=half),
        Search(words="态度", tag="标签3", type="rating"),
        Search(words="没有这个词"),
    ):
        plan, rows = explained(deployment.db, search)
        assert "Bitmap Index Scan on bank_items_grams" in plan, plan
        assert "Seq Scan" not in plan and "bank_items_seq" not in plan, plan
        assert plan_milliseconds(plan) < 1000, plan  # ten times the goal: the machine is shared
        assert rows == (0 if search.words == "没有这个词" else 50)
    plan, _ = explained(deployment.db, Search())
    assert "bank_items_seq" in plan and "Seq Scan" not in plan


def explained(db: Database, search: Search) -> tuple[str, int]:
    """The plan of the very statement that a search runs, and how many it found."""
    ran: list[tuple[str, Any]] = []

    def keep(_c: Any, _k: Any, statement: str, values: Any, *_: Any) -> None:
        ran.append((statement, values))

    with db.begin() as connection:
        event.listen(connection, "before_cursor_execute", keep)
        listed, _ = find_items(connection, search)
        event.remove(connection, "before_cursor_execute", keep)
        statement, values = ran[-1]
        rows = connection.exec_driver_sql("EXPLAIN ANALYZE " + statement, values).scalars()
        return "\n".join(rows), len(listed)


def plan_milliseconds(plan: str) -> float:
    return float(plan.rpartition("Execution Time: ")[2].removesuffix(" ms"))


def test_pages_follow_one_another(deployment: Deployment) -> None:
    """Each question once, in the order of the bank."""
    fill(deployment.db, 120)
    seen: list[str] = []
    after: int | None = 0
    with deployment.db.begin() as c:
        while after is not None:
            listed, after = find_items(c, Search(words="您对"), after=after)
            seen += [one.id for one in listed]
    assert seen == [f"q{n:06}" for n in range(120)]


# Where it is used


def test_the_index_of_uses_follows_each_saved_survey(deployment: Deployment) -> None:
    """Drafts and what is published, apart; a question that goes is gone from it."""
    survey = survey_with()
    question = survey["pages"][0]["questions"][0]
    question["bank"] = {"id": "nurse", "version": 1}

    def uses() -> list[tuple[str, int, bool]]:
        with deployment.db.begin() as c:
            return [(one.question, one.version, one.is_draft) for one in uses_of(c, "nurse")]

    surveys.store_survey(deployment.db, json.dumps(survey).encode())
    assert uses() == [("overall", 1, True)]
    surveys.store_survey(deployment.db, json.dumps(survey).encode(), publish=True)
    assert uses() == [("overall", 1, False)]
    question["bank"]["version"] = 2
    surveys.store_survey(deployment.db, json.dumps(survey).encode())
    assert uses() == [("overall", 1, False), ("overall", 2, True)]
    del question["bank"]
    surveys.store_survey(deployment.db, json.dumps(survey).encode(), publish=True)
    assert uses() == []
