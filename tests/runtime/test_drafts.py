"""Editing a draft: in order, kept, taken back; two at once lose nothing."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from builder.edits import Insert, Move, Put, Refused, Remove, SetMember
from builder.tree import write
from runtime.audit.models import Actor
from runtime.audit.queries import Filters, search
from runtime.drafts import service as drafts
from runtime.kit.problems import NotFound, StateConflict
from runtime.surveys.queries import get_survey
from runtime.surveys.service import put_draft, store_survey
from runtime.wiring import Deployment
from tests.builder.test_edits import some_edit
from tests.runtime.conftest import SURVEY

ANN = Actor("staff", "ann", "安", None, "staff", None)
BOB = Actor("staff", "bob", "鲍", None, "staff", None)


@pytest.fixture
def survey(deployment: Deployment) -> str:
    """A published survey."""
    return store_survey(deployment.db, json.dumps(SURVEY).encode(), publish=True).id


def _title(page: str, text: str, was: Any = None) -> SetMember:
    edit = SetMember(of=page, member="title/zh-CN", value=text)
    return edit if was is None else SetMember(of=page, member="title/zh-CN", value=text, was=was)


def test_an_edit_is_kept_with_its_line_and_its_history(deployment: Deployment, survey: str) -> None:
    """The draft differs from what is published; patients see nothing of it. # R0.4 (part)"""
    db = deployment.db
    before = drafts.read_draft(db, survey)
    assert not before.is_draft and before.version == 1
    after = drafts.apply_edit(db, survey, _title("detail", "更多"), ANN)
    assert after.is_draft and after.seq == before.seq + 1
    assert drafts.read_draft(db, survey).document == after.document
    assert deployment.surveys.get(survey, 1).survey.document.pages[1].title == {
        "zh-CN": "详情", "en": "Detail",
    }  # fmt: skip
    (done,) = drafts.history_of(db, survey, after=before.seq)
    assert (done.actor_name, done.state) == ("安", "done")
    with db.begin() as connection:
        lines = search(connection, Filters(action="survey.edited")).lines
    assert len(lines) == 1 and "更多" not in lines[0].facts


def test_each_takes_back_their_own_edits_only(deployment: Deployment, survey: str) -> None:
    """What was undone is done again; a new edit ends that; nothing left is said so."""
    db = deployment.db
    start = write(drafts.read_draft(db, survey).document)
    drafts.apply_edit(db, survey, _title("detail", "安的"), ANN)
    drafts.apply_edit(db, survey, _title("arrival", "鲍的"), BOB)
    both = write(drafts.read_draft(db, survey).document)
    undone = drafts.undo(db, survey, ANN).document
    assert "鲍的" in str(write(undone), "utf-8") and "安的" not in str(write(undone), "utf-8")
    assert drafts.stack_of(db, survey, ANN) == drafts.Stack(False, True)
    with pytest.raises(StateConflict, match="undo"):
        drafts.undo(db, survey, ANN)
    assert write(drafts.redo(db, survey, ANN).document) == both
    drafts.undo(db, survey, ANN)
    back = drafts.undo(db, survey, BOB)
    assert write(back.document) == start and not back.is_draft
    drafts.apply_edit(db, survey, _title("detail", "另写"), ANN)
    with pytest.raises(StateConflict, match="redo"):
        drafts.redo(db, survey, ANN)
    drafts.redo(db, survey, BOB)


def test_two_hundred_edits_are_undone_and_redone_byte_for_byte(
    deployment: Deployment, survey: str
) -> None:
    """Over the database, of any kind, refused ones between them. # R0.4 (part)"""
    db, draw = deployment.db, random.Random(7)
    start = write(drafts.read_draft(db, survey).document)
    taken = 0
    while taken < 200:
        try:
            drafts.apply_edit(
                db, survey, some_edit(drafts.read_draft(db, survey).document, draw), ANN
            )
        except Refused:
            continue
        taken += 1
    end = write(drafts.read_draft(db, survey).document)
    for _ in range(200):
        drafts.undo(db, survey, ANN)
    assert write(drafts.read_draft(db, survey).document) == start
    for _ in range(200):
        drafts.redo(db, survey, ANN)
    assert write(drafts.read_draft(db, survey).document) == end != start


def test_two_who_edit_one_question_lose_no_accepted_edit(
    deployment: Deployment, survey: str
) -> None:
    """A refused one is told to its author with what stands there now. # R0.4 (part)"""
    db = deployment.db
    gate = threading.Barrier(2)

    def write_on(actor: Actor) -> tuple[list[str], int]:
        accepted: list[str] = []
        refused = 0
        gate.wait(60)
        for n in range(40):
            text = drafts.read_draft(db, survey).document.pages[0].title
            assert isinstance(text, dict)
            mine = f"{text['zh-CN']}{actor.id[0]}{n};"
            try:
                drafts.apply_edit(db, survey, _title("arrival", mine, was=text["zh-CN"]), actor)
                accepted.append(f"{actor.id[0]}{n};")
            except Refused as error:
                refused += error.problems[0].code == "changed_meanwhile" and bool(error.now)
        return accepted, refused

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(write_on, (ANN, BOB)))
    title = drafts.read_draft(db, survey).document.pages[0].title
    assert isinstance(title, dict)
    for accepted, refused in outcomes:
        assert len(accepted) + refused == 40 and accepted
        assert all(mark in title["zh-CN"] for mark in accepted)
    assert title["zh-CN"].count(";") == sum(len(accepted) for accepted, _ in outcomes)


def test_what_others_built_on_is_not_taken_back(deployment: Deployment, survey: str) -> None:
    """The refusal names the uses; the edit may be taken back once they are gone."""
    db = deployment.db
    value = {"id": "again", "type": "yes_no", "text": {"zh-CN": "再来吗？", "en": "Again?"}}
    made = drafts.apply_edit(
        db, survey, Insert(into="arrival", list="questions", value=value), ANN
    ).made
    assert made == "again"
    rule = {"op": "eq", "ref": "again", "value": True}
    drafts.apply_edit(db, survey, SetMember(of="detail", member="show_if", value=rule), BOB)
    with pytest.raises(Refused) as refused:
        drafts.undo(db, survey, ANN)
    assert [use.owner for use in refused.value.used_by] == ["detail"]
    drafts.undo(db, survey, BOB)
    assert not drafts.undo(db, survey, ANN).is_draft


def test_a_draft_that_an_integrator_replaced_goes_on(deployment: Deployment, survey: str) -> None:
    """What was changed from outside counts as a change; edits before it are refused, not forced."""
    db = deployment.db
    first = drafts.apply_edit(db, survey, _title("detail", "更多"), ANN)
    document = json.loads(write(first.document))
    document["pages"] = document["pages"][:1]
    document["walks"] = []
    document["scores"][0]["of"] = ["overall"]
    put_draft(db, survey, json.dumps(document).encode(), if_match="*")
    assert drafts.seq_of(db, survey) == first.seq + 1
    with pytest.raises(Refused):
        drafts.undo(db, survey, ANN)
    assert len(drafts.read_draft(db, survey).document.pages) == 1
    assert get_survey(db, survey).is_draft


def test_those_who_have_it_open_see_each_other(deployment: Deployment, survey: str) -> None:
    """Until they are gone for a while."""
    db = deployment.db
    assert drafts.note_present(db, survey, ANN, "overall") == []
    assert [(one.name, one.at) for one in drafts.note_present(db, survey, BOB, "why")] == [
        ("安", "overall")
    ]
    later = deployment.clock() + timedelta(seconds=drafts.PRESENT_SECONDS + 1)
    assert drafts.note_present(db, survey, BOB, "why", clock=lambda: later) == []


def test_unknown_surveys_and_parts_are_named(deployment: Deployment, survey: str) -> None:
    """And nothing is stored."""
    db = deployment.db
    with pytest.raises(NotFound):
        drafts.apply_edit(db, "none", Remove(of="x"), ANN)
    with pytest.raises(NotFound):
        drafts.seq_of(db, "none")
    for edit in (Remove(of="nobody"), Move(of="why", into="nowhere"), Put(of="why", value={})):
        with pytest.raises(Refused):
            drafts.apply_edit(db, survey, edit, ANN)
    assert drafts.history_of(db, survey) == []
