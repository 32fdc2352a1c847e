"""Files of questions into the bank and out again: good rows once, bad ones told, twice nothing."""

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import openpyxl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from msgspec import structs

from builder.blanks import new_question
from engine.questions import Question
from runtime.audit.models import SYSTEM
from runtime.bank.columns import cells_of, question_of
from runtime.bank.exporting import Format, at_most, export
from runtime.bank.importing import Counts
from runtime.bank.items import get_item, versions_of
from runtime.bank.models import Item
from runtime.bank.models import Place as PlaceInTree
from runtime.bank.places import change_place, read_tree
from runtime.bank.queries import Search, every_item
from runtime.bank.reading import RowProblem, read_file, rows_about
from runtime.bank.service import Outcome, Wanted, import_file
from runtime.bank.telling import line, what
from runtime.bank.template import template
from runtime.cli import bank as cli
from runtime.kit.db import Database
from runtime.kit.problems import Unprocessable
from runtime.kit.words import LANGUAGES
from runtime.wiring import Deployment
from tests.bank.many import questions
from tests.conftest import DatabaseUrls
from tests.serving import Place

HEADINGS = "编号 场景 类别 子类别 题型 题目 英文题目 选项 分值 必答 标签".split()
ROWS: list[list[str]] = [
    [
        "nurse",
        "门诊",
        "服务态度",
        "",
        "评分题",
        "护士的态度如何？",
        "How was the nurse?",
        "",
        "",
        "是",
        "护士，态度",
    ],
    ["", "门诊", "就诊流程", "候诊", "单选题", "您等了多久？", "", "很短\n很长", "100，0", "", ""],
    ["", "住院", "", "", "文字题", "您还想告诉我们什么？", "", "", "", "", ""],
]


def csv_of(
    *rows: Sequence[str], headings: Sequence[str] = HEADINGS, encoding: str = "utf-8"
) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([headings, *rows])
    return file.getvalue().encode(encoding)


def xlsx_of(*rows: Sequence[Any], change: Callable[[Any], object] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "题目"
    for row in (HEADINGS, *rows):
        sheet.append(list(row))
    if change:
        change(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def jsonl_of(*lines: Any) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in lines)


def take(db: Database, content: bytes, **wanted: bool) -> tuple[Outcome, list[RowProblem]]:
    problems: list[RowProblem] = []
    outcome = import_file(db, SYSTEM, content, Wanted(**wanted), tell=problems.append)
    return outcome, problems


def held(db: Database) -> list[Item]:
    with db.begin() as connection:
        return list(every_item(connection, Search(with_retired=True)))


def exported(db: Database, format: Format, lang: str = "zh-CN") -> bytes:
    with db.begin() as connection:
        tree = {one.id: one for one in read_tree(connection)}
        items = every_item(connection, Search(with_retired=True))
        return b"".join(export(items, tree, format, lang))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "xlsx"])
def test_rows_become_questions_and_a_second_time_nothing(
    deployment: Deployment, encoding: str
) -> None:
    """In each encoding of Excel; ids that are not given follow from the text. # R0.5 (part)"""
    content = xlsx_of(*ROWS) if encoding == "xlsx" else csv_of(*ROWS, encoding=encoding)
    outcome, problems = take(deployment.db, content)
    assert problems == [] and outcome.is_taken
    assert outcome.counts == Counts(rows=3, new=3, places=5)
    nurse, wait, note = held(deployment.db)
    assert (nurse.id, nurse.type, nurse.tags) == ("nurse", "rating", ("护士", "态度"))
    question = json.loads(nurse.question)
    assert question["text"] == {"zh-CN": "护士的态度如何？", "en": "How was the nurse?"}
    assert question["required"] is True
    options = json.loads(wait.question)["options"]
    assert [one["points"] for one in options] == [100, 0] and note.type == "text"
    again, problems = take(deployment.db, content)
    assert problems == [] and again.counts == Counts(rows=3, unchanged=3)
    assert held(deployment.db) == [nurse, wait, note]


def test_a_changed_row_is_the_next_version_and_the_old_one_stays(deployment: Deployment) -> None:
    """The bank keeps what surveys were made of. # R1.2.1.3 (part)"""
    take(deployment.db, csv_of(*ROWS))
    reworded = [*ROWS[0][:5], "护士的服务态度如何？", *ROWS[0][6:]]
    outcome, _ = take(deployment.db, csv_of(reworded))
    assert outcome.counts == Counts(rows=1, changed=1)
    with deployment.db.begin() as connection:
        assert get_item(connection, "nurse").version == 2
        texts = [
            json.loads(one.question)["text"]["zh-CN"] for one in versions_of(connection, "nurse")
        ]
    assert texts == ["护士的服务态度如何？", "护士的态度如何？"]


def test_good_rows_are_not_held_up_by_bad_ones_unless_asked(deployment: Deployment) -> None:
    """Each bad row is told with sheet, row, column, code and what to do. # R0.5 (part)"""
    bad = [
        ["", "门诊", "", "", "猜谜题", "？", "", "", "", "", ""],
        ["", "", "", "", "评分题", "没有场景的题目", "", "", "", "也许", ""],
        ["Bad Id", "门诊", "", "", "评分题", "编号不对的题目", "", "", "", "", ""],
        ["", "门诊", "", "", "单选题", "没有选项的题目", "", "", "", "", ""],
        ["", "门诊", "", "", "单选题", "分值不对的题目", "", "甲\n乙", "1", "", ""],
    ]
    content = xlsx_of(*ROWS[:1], *bad, *ROWS[1:])
    outcome, problems = take(deployment.db, content, all_or_nothing=True)
    assert not outcome.is_taken and held(deployment.db) == []
    assert {(one.sheet, one.row, one.column, one.code) for one in problems} == {
        ("题目", 3, "type", "type"),
        ("题目", 4, "required", "yes_no"),
        ("题目", 5, "id", "bad_id"),
        ("题目", 6, "options", "missing_key"),
        ("题目", 7, "points", "points_count"),
    }
    for lang in LANGUAGES:
        for one in problems:
            assert what(one, lang) != one.code and one.code in line(one, lang)
    outcome, _ = take(deployment.db, content)
    assert outcome.is_taken and len(held(deployment.db)) == 3
    assert outcome.counts == Counts(rows=8, new=3, bad=5, places=5)


def test_a_trial_changes_nothing(deployment: Deployment) -> None:
    """And counts what would be done."""
    outcome, _ = take(deployment.db, csv_of(*ROWS), is_dry=True)
    assert outcome.counts.new == 3 and not outcome.is_taken
    with deployment.db.begin() as connection:
        assert read_tree(connection) == [] and held(deployment.db) == []


def test_duplicates_are_found_in_the_file_and_in_the_bank(deployment: Deployment) -> None:
    """The same words, whatever their width, case and punctuation; nearly the same is a hint."""
    take(deployment.db, csv_of(*ROWS))
    same = ["nurse_2", *ROWS[0][1:5], "护士的态度如何", *ROWS[0][6:]]
    near = ["nurse_3", *ROWS[0][1:5], "请问护士的态度如何呢？", *ROWS[0][6:]]
    new = ["", "门诊", "", "", "评分题", "Ｗｉ-Ｆｉ 快吗？", "", "", "", "", ""]
    twin = ["", "门诊", "", "", "评分题", "wi fi 快吗", "", "", "", "", ""]
    outcome, problems = take(deployment.db, csv_of(same, near, new, twin, new))
    assert outcome.counts == Counts(rows=5, new=2, duplicate=3)
    told = [(one.row, one.kind, one.params.get("id")) for one in problems]
    assert (2, "duplicate", "nurse") in told
    assert [one[:2] for one in told if one[0] > 3] == [(5, "duplicate"), (6, "duplicate")]
    assert take(deployment.db, csv_of(same), take_duplicates=True)[0].counts.new == 1


def test_near_duplicates_are_hinted_at_and_taken(deployment: Deployment) -> None:
    """Nobody is kept from asking nearly the same."""
    take(
        deployment.db,
        csv_of(["a", "门诊", "", "", "评分题", "您对门诊大厅护士的服务态度是否满意？"] + [""] * 5),
    )
    outcome, problems = take(
        deployment.db,
        csv_of(
            ["b", "门诊", "", "", "评分题", "您对门诊大厅护士的服务态度是否满意呢？"] + [""] * 5
        ),
    )
    assert outcome.counts.new == 1
    assert [(one.kind, one.code, one.params["id"]) for one in problems] == [("hint", "near", "a")]


def test_an_id_twice_in_a_file_is_told_with_the_first_row(deployment: Deployment) -> None:
    """Which of the two is meant, only their author knows."""
    other = ["nurse", *ROWS[1][1:]]
    outcome, problems = take(deployment.db, csv_of(ROWS[0], other))
    assert outcome.counts.new == 1 and outcome.counts.bad == 1
    assert (problems[0].code, problems[0].row, problems[0].params["first"]) == ("id_twice", 3, "2")


def test_a_closed_place_takes_nothing(deployment: Deployment) -> None:
    """Neither it nor what stands below it."""
    take(deployment.db, csv_of(*ROWS))
    with deployment.db.begin() as connection:
        scene = read_tree(connection)[0]
        change_place(connection, SYSTEM, scene.id, 1, scene.name, is_closed=True)
    new = ["", "门诊", "服务态度", "", "评分题", "医生的态度如何？", "", "", "", "", ""]
    outcome, problems = take(deployment.db, csv_of(new))
    assert outcome.counts.bad == 1 and problems[0].code == "place_closed"


# Every type, in and out


def every_type() -> list[dict[str, Any]]:
    found = [new_question(kind, "privacy") for kind in get_args(Question)]
    for number, one in enumerate(found):
        one["text"] = {"zh-CN": f"第{number}题{{不是占位}}，=1+1", "en": f"Question | {number}"}
        for member in ("options", "rows", "nodes"):
            for place, part in enumerate(one.get(member, [])):
                part["text"] = {"zh-CN": f"甲{place}", "en": f"A {place}"}
    return [
        *found,
        {"id": "plain", "type": "rating", "text": "=SUM(1)", "points": {"1": 0, "2": 50.5}},
        {"id": "backwards", "type": "rating", "text": {"zh-CN": "疼吗？"}, "reverse": True},
        {
            "id": "flags",
            "type": "multi_choice",
            "text": {"zh-CN": "有哪些？"},
            "max_selected": 2,
            "shuffle": True,
            "options": [
                {"id": "a", "text": {"zh-CN": "甲|乙"}, "points": 5},
                {"id": "b", "text": {"zh-CN": "其他"}, "text_entry": "required", "fixed": True},
                {"id": "c", "text": {"zh-CN": "无"}, "exclusive": True, "ext": {"source_id": "x"}},
            ],
        },
        {
            "id": "grid",
            "type": "matrix",
            "text": {"zh-CN": "各科"},
            "rows": [{"id": "r", "text": {"zh-CN": "行"}}],
            "options": [{"id": "o", "text": {"zh-CN": "好"}, "points": 3}],
            "rows_required": False,
        },
        {
            "id": "many_languages",
            "type": "yes_no",
            "text": {"zh-CN": "是吗？", "ja": "そうですか"},
            "privacy": "personal",
        },
        {
            "id": "when",
            "type": "date",
            "text": {"zh-CN": "哪天？"},
            "min": "2020-01-01",
            "max": "today",
        },
    ]


@pytest.mark.parametrize("format", get_args(Format))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_type_comes_back_as_it_went(
    deployment: Deployment, format: Format, lang: str
) -> None:
    """Export, and import into the emptied bank: all the same. # R1.2.1.3 (part)"""
    lines = [
        {
            "scene": {"zh-CN": "门诊", "en": "Outpatient"},
            "category": "甲",
            "tags": ["一", "=二"],
            "state": "retired" if number % 5 == 0 else "active",
            "question": one,
        }
        for number, one in enumerate(every_type())
    ]
    outcome, problems = take(deployment.db, jsonl_of(*lines))
    assert problems == [] and outcome.counts.new == len(lines)
    before = held(deployment.db)
    with deployment.db.begin() as connection:
        names = [one.name for one in read_tree(connection)]
    content = exported(deployment.db, format, lang)
    outcome, problems = take(deployment.db, content)
    assert problems == [] and outcome.counts == Counts(rows=len(lines), unchanged=len(lines))
    empty(deployment)
    assert take(deployment.db, content)[0].counts.new == len(lines)
    after = held(deployment.db)
    assert [(one.id, one.tags, one.state, one.question) for one in after] == [
        (one.id, one.tags, one.state, one.question) for one in before
    ]
    with deployment.db.begin() as connection:
        assert [one.name for one in read_tree(connection)] == names


OWNER: dict[str, str] = {}
"""By the address of each test's database, that of its owner."""


@pytest.fixture(autouse=True)
def _remember_owner(database_urls: DatabaseUrls) -> None:
    OWNER[database_urls.app_url] = database_urls.owner_url


def empty(deployment: Deployment) -> None:
    """A bank as on the first day, which only the owner of the database can make."""
    owner = Database(OWNER[deployment.db.url])
    with owner.begin() as connection:
        connection.execute(sa.text("TRUNCATE bank_items, bank_versions, bank_places CASCADE"))
    owner.close()


def test_cells_that_are_read_again_are_the_question() -> None:
    """For each type, without a database: what no column says stands in the last one."""
    for one in every_type():
        assert question_of(cells_of(one)) == one


def test_the_template_is_taken_as_it_is(deployment: Deployment) -> None:
    """Its examples are questions, its notes are passed over; the types are offered in a list."""
    for lang in LANGUAGES:
        outcome, problems = take(deployment.db, template(lang), is_dry=True)
        assert problems == [] and outcome.counts.new == 3
        book = openpyxl.load_workbook(io.BytesIO(template(lang)))
        lists: Any = book.worksheets[0].data_validations.dataValidation
        assert len(lists) == 4 and max(len(one.formula1) for one in lists) < 257
        assert "bank_" not in str([cell.value for row in book.worksheets[1] for cell in row])


def test_options_may_stand_in_columns_of_their_own(deployment: Deployment) -> None:
    """选项1, 选项2 …, empty ones left out."""
    headings = ["场景", "题型", "题目", "选项1", "选项2", "选项3"]
    content = csv_of(["门诊", "单选题", "挂号方便吗？", "方便", "", "不方便"], headings=headings)
    assert take(deployment.db, content)[0].counts.new == 1
    options = json.loads(held(deployment.db)[0].question)["options"]
    assert [one["text"]["zh-CN"] for one in options] == ["方便", "不方便"]


def test_each_visible_sheet_with_our_headings_is_read(deployment: Deployment) -> None:
    """One for each scene, as people keep them; a hidden one and one of notes are passed over."""

    def more(sheet: Any) -> None:
        second = sheet.parent.create_sheet("住院")
        second.append(HEADINGS)
        second.append(ROWS[2])
        hidden = sheet.parent.create_sheet("旧")
        hidden.append(HEADINGS)
        hidden.append(ROWS[1])
        hidden.sheet_state = "hidden"
        sheet.parent.create_sheet("备注").append(["随便写的"])
        sheet.parent.create_sheet("空")

    outcome, problems = take(deployment.db, xlsx_of(ROWS[0], change=more))
    assert problems == [] and outcome.counts.new == 2


# The worst files


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 300 * 1024 * 1024)
    return file.getvalue()


def merged(sheet: Any) -> None:
    sheet.merge_cells("B2:B3")


WORST: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty_file"),
    "a zip bomb": (bomb, "unpacked"),
    "no workbook": (lambda: b"PK\x03\x04" + b"x" * 500, "not_excel"),
    "UTF-16": (lambda: csv_of(*ROWS, encoding="utf-16"), "encoding"),
    "merged cells": (lambda: xlsx_of(*ROWS, change=merged), "merged"),
    "a formula": (lambda: xlsx_of(["=1+1", *ROWS[0][1:]]), "cell_formula"),
    "a cell of 100 kB": (lambda: csv_of([*ROWS[0][:5], "长" * 33_000, *ROWS[0][6:]]), "cell_long"),
    "an unknown heading": (lambda: csv_of(headings=[*HEADINGS, "价格"]), "heading_unknown"),
    "no scene": (lambda: csv_of(headings=["题型", "题目"]), "heading_missing"),
    "no JSON": (lambda: b'{"scene": "a"', "malformed"),
    "deep JSON": (lambda: b'{"scene":' + b"[" * 5000 + b"]" * 5000 + b"}", "too_deep"),
    "JSON of another shape": (lambda: b'{"scene": 7, "question": []}', "wrong_type"),
    "JSON with a slip": (lambda: b'{"scene": "a", "qestion": {}}', "unknown_key"),
    "a rule": (
        lambda: jsonl_of(
            {
                "scene": "a",
                "question": {
                    "id": "x",
                    "type": "rating",
                    "text": "a",
                    "show_if": {"op": "answered", "ref": "y"},
                },
            }
        ),
        "bank_rule",
    ),
    "a NUL": (
        lambda: jsonl_of(
            {"scene": "a", "question": {"id": "a\0b", "type": "rating", "text": "\0"}}
        ),
        "bad_id",
    ),
    "a type that is a list": (
        lambda: jsonl_of({"scene": "a", "question": {"id": "x", "type": [], "text": {"zh-CN": 7}}}),
        "unknown_tag",
    ),
    "a reference": (
        lambda: jsonl_of(
            {"scene": "a", "question": {"id": "x", "type": "rating", "text": "{{y}}?"}}
        ),
        "unknown_reference",
    ),
}


@pytest.mark.parametrize("worst", WORST)
def test_the_worst_files_are_refused_with_a_reason(deployment: Deployment, worst: str) -> None:
    """Nothing is stored, nothing is raised, and each is told in words. # R0.5 (part) S21 (part)"""
    make, code = WORST[worst]
    outcome, problems = take(deployment.db, make())
    assert code in {one.code for one in problems}, problems
    assert outcome.counts.bad >= 1 and outcome.counts.new == 0
    assert held(deployment.db) == []
    for lang in LANGUAGES:
        for one in problems:
            assert what(one, lang) != one.code and one.code in line(one, lang)


def test_who_is_killed_half_way_leaves_nothing(deployment: Deployment) -> None:
    """An exception of any kind in a later batch takes back the earlier ones."""

    class Killed(BaseException):
        pass

    def die(counts: Counts, _steps: int) -> None:
        if counts.new >= 1000:
            raise Killed

    content = jsonl_of(*({"scene": "门诊", "question": one} for one in questions(1500)))
    with pytest.raises(Killed):
        import_file(deployment.db, SYSTEM, content, Wanted(), progress=die)
    with deployment.db.begin() as connection:
        assert held(deployment.db) == [] and read_tree(connection) == []


def test_memory_does_not_grow_with_the_rows(deployment: Deployment) -> None:
    """Beside the file itself and one number a row; four times the rows, far less than twice it."""

    def peak(count: int) -> int:
        content = jsonl_of(*({"scene": "门诊", "question": one} for one in questions(count)))
        tracemalloc.start()
        take(deployment.db, content, is_dry=True)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(600)
    assert peak(4000) < 1.5 * peak(1000)


@pytest.mark.parametrize("format", get_args(Format))
def test_memory_does_not_grow_with_what_is_exported(format: Format) -> None:
    """Workbooks wait in files; four times the questions, far less than twice the memory, but for
    what others in the process keep meanwhile: a tenth of the questions themselves.
    """
    scene = PlaceInTree(1, None, {"zh-CN": "门诊"}, 1, None, 1, (1,))

    def items(count: int) -> Iterator[Item]:
        for number, one in enumerate(questions(count)):
            yield Item(
                id=one["id"], seq=number, place=1, type="rating", tags=(), state="active",
                version=1, revision=1, updated_at=datetime.now(UTC),
                question=json.dumps(one).encode(),
            )  # fmt: skip

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in export(items(count), {1: scene}, format, "zh-CN"):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(300)
    assert peak(4000) < 1.7 * peak(1000) + 2**17
    with pytest.raises(Unprocessable) as refused:
        list(at_most(3, items(4)))
    assert refused.value.code == "bank_export_many" and len(list(at_most(3, items(3)))) == 3


def test_rows_are_counted_before_they_are_read() -> None:
    """For the bar."""
    assert rows_about(csv_of(*ROWS)) >= 4 and rows_about(xlsx_of(*ROWS)) == 4
    assert rows_about(b"PK\x03\x04") == 0
    assert len(list(read_file(csv_of(*ROWS[:1])))) == 1


def test_the_command_reports_by_line_and_ends_with_1(place: Place, tmp_path: Any) -> None:
    """Good rows are taken; export gives back what import takes. # R0.5 (part)"""
    file, out = tmp_path / "questions.csv", tmp_path / "out.jsonl"
    file.write_bytes(csv_of(*ROWS, ["", "门诊", "", "", "猜谜题", "谜语", "", "", "", "", ""]))
    runner = CliRunner(env=place.environment)
    done = runner.invoke(cli.command, ["import", str(file)])
    assert done.exit_code == 1, done.output
    assert "第 5 行“题型”列" in done.stdout and "[type]" in done.stdout
    assert "新增 3" in done.stdout and "有误 1" in done.stdout
    assert runner.invoke(cli.command, ["export", "-o", str(out)]).exit_code == 0
    again = runner.invoke(cli.command, ["import", str(out), "--all-or-nothing", "--lang", "en"])
    assert again.exit_code == 0 and "3 unchanged" in again.stdout
    piped = runner.invoke(cli.command, ["import", "-"], input=out.read_bytes())
    assert piped.exit_code == 0 and "不变 3" in piped.stdout
    assert runner.invoke(cli.command, ["template", str(tmp_path / "t.xlsx")]).exit_code == 0
    assert structs.asdict(Counts())["rows"] == 0
