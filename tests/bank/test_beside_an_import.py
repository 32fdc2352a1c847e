"""People work in the bank while a file is imported: what they do counts, and nobody waits long."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.audit.models import SYSTEM
from runtime.audit.sealer import seal_pending
from runtime.bank import items, places
from runtime.bank.importing import Counts
from runtime.bank.reading import RowProblem
from runtime.bank.service import Outcome, Wanted, import_file
from runtime.kit.db import Database
from runtime.kit.problems import StateConflict
from runtime.wiring import Deployment
from tests.bank.test_bank import ZH, add, content
from tests.bank.test_import import ROWS, csv_of, held
from tests.bank.test_pages import look, post, shown
from tests.runtime.test_users_page import sign_in

WAIT_SECONDS = 30


class Import:
    """A file that is being imported by another thread, as far as it has come."""

    def __init__(self, db: Database, file: bytes, is_there: Callable[[Counts, int], bool]) -> None:
        self._is_there = is_there
        self._reached, self._go_on = threading.Event(), threading.Event()
        self.told: list[RowProblem] = []
        self.outcome: Outcome | None = None
        self._thread = threading.Thread(target=self._run, args=(db, file))

    def _run(self, db: Database, file: bytes) -> None:
        self.outcome = import_file(
            db, SYSTEM, file, Wanted(), tell=self.told.append, progress=self._pause
        )

    def _pause(self, counts: Counts, steps: int) -> None:
        if self._is_there(counts, steps) and not self._reached.is_set():
            self._reached.set()
            assert self._go_on.wait(WAIT_SECONDS)

    def start(self) -> None:
        """Until it stands where it is to stand still."""
        self._thread.start()
        assert self._reached.wait(WAIT_SECONDS)

    def end(self) -> None:
        """Let it go on to its end."""
        self._go_on.set()
        self._thread.join(WAIT_SECONDS)

    @property
    def counts(self) -> Counts:
        """What came of it."""
        assert self.outcome is not None and self.outcome.is_taken
        return self.outcome.counts


@contextmanager
def importing(
    db: Database, file: bytes, is_there: Callable[[Counts, int], bool]
) -> Generator[Import]:
    """An import that stands still while the block runs, and is over after it."""
    made = Import(db, file, is_there)
    made.start()
    try:
        yield made
    finally:
        made.end()


def read(_counts: Counts, _steps: int) -> bool:
    """Its rows are read and checked, and nothing is stored yet."""
    return True


def stored(counts: Counts, _steps: int) -> bool:
    """Its questions are stored and its transaction is open still."""
    return counts.new > 0


def test_nobody_waits_while_a_file_is_read(deployment: Deployment) -> None:
    """Places and questions are made and changed as ever, and the file is taken then."""
    db = deployment.db
    scene = add(db, content())
    with importing(db, csv_of(*ROWS[1:]), read):
        with db.begin() as connection:
            places.add_place(connection, SYSTEM, scene, {ZH: "候诊"})
        with db.begin() as connection:
            items.change_item(connection, SYSTEM, content("护士的态度好吗？"), 1)
    assert {one.id for one in held(db)} >= {"nurse"} and len(held(db)) == 3


def test_an_id_that_was_made_meanwhile_is_a_problem_of_its_row_alone(
    deployment: Deployment,
) -> None:
    """The question made by hand stays as it is; the other rows are taken."""
    with importing(deployment.db, csv_of(*ROWS), read) as file:
        add(deployment.db, content("医生的态度如何？"))
    assert [(one.row, one.code, one.column) for one in file.told] == [(2, "made_meanwhile", "id")]
    assert (file.counts.new, file.counts.bad) == (2, 1)
    assert next(one for one in held(deployment.db) if one.id == "nurse").version == 1
    outcome = import_file(deployment.db, SYSTEM, csv_of(*ROWS), Wanted())
    assert outcome.counts == Counts(rows=3, changed=1, unchanged=2, places=1)


def test_a_row_without_an_id_means_the_question_that_was_made_meanwhile(
    deployment: Deployment,
) -> None:
    """Nobody gets the same question twice because of the moment."""
    row = ["", "门诊", "", "", "评分题", "护士的态度如何？", *[""] * 5]
    with importing(deployment.db, csv_of(row), read) as file:
        add(deployment.db, content())
    assert file.told == [] and (file.counts.new, file.counts.bad) == (0, 0)
    assert [one.id for one in held(deployment.db)] == ["nurse"]


def test_a_question_that_was_changed_meanwhile_keeps_both_versions(deployment: Deployment) -> None:
    """The row is the version after the one that was made by hand."""
    import_file(deployment.db, SYSTEM, csv_of(ROWS[0]), Wanted())
    reworded = [*ROWS[0][:5], "护士的服务如何？", *ROWS[0][6:]]
    with importing(deployment.db, csv_of(reworded), read) as file:
        with deployment.db.begin() as connection:
            items.change_item(connection, SYSTEM, content("护士好吗？"), 1)
    assert file.counts.changed == 1
    with deployment.db.begin() as connection:
        assert [one.version for one in items.versions_of(connection, "nurse")] == [3, 2, 1]


def change_place(db: Database) -> None:
    with db.begin() as connection:
        places.add_place(connection, SYSTEM, None, {ZH: "急诊"})


def change_item(db: Database) -> None:
    with db.begin() as connection:
        items.change_item(connection, SYSTEM, content("护士好吗？"), 1)


@pytest.mark.parametrize("edit", [change_place, change_item])
def test_an_edit_while_questions_are_stored_is_asked_to_come_again(
    deployment: Deployment, edit: Callable[[Database], None]
) -> None:
    """It neither waits for the end nor fails; afterwards it goes through."""
    add(deployment.db, content())
    with importing(deployment.db, csv_of(*ROWS[1:]), stored):
        with pytest.raises(StateConflict) as refused:
            edit(deployment.db)
    assert refused.value.code == "bank_busy"
    edit(deployment.db)


def test_what_was_typed_while_questions_are_stored_is_there_still(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """A clear sentence, and each form as it was filled in. # R1.2.1.3 (part)"""
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    scene = add(deployment.db, content())
    edit = look(client, "/items/nurse/edit")
    with importing(deployment.db, csv_of(*ROWS[1:]), stored):
        answers = [
            post(client, "/tree", csrf, do="add", name_zh="急诊抢救", name_en="Rescue"),
            post(client, "/tree", csrf, do="change", place=str(scene), revision="1",
                 name_zh="门诊部", name_en="Clinic"),
            post(client, "/items/nurse", csrf, revision="1", place=str(scene), tags="护士，态度",
                 state="retired"),
            post(client, "/items/nurse/edit", csrf, revision="1", shown=shown(edit), act="save",
                 **{"m:text/zh-CN": "护士好吗？"}),
        ]  # fmt: skip
    typed = ('value="急诊抢救"', 'value="门诊部"', 'value="护士，态度"', "护士好吗？")
    for answer, words in zip(answers, typed, strict=True):
        assert answer.status_code == 409
        assert "正在导入题库文件" in answer.text and words in answer.text
    assert 'value="retired" selected' in answers[2].text


def test_the_audit_trail_is_sealed_while_questions_are_stored(deployment: Deployment) -> None:
    """The bank's lock is nobody else's."""
    add(deployment.db, content())
    with importing(deployment.db, csv_of(*ROWS[1:]), stored):
        assert seal_pending(deployment.db) > 0
