"""Importing the organisation's tables: good ones once, bad ones not at all, with a report."""

import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from runtime.audit.models import Actor
from runtime.kit.db import Database
from runtime.kit.words import LANGUAGES, catalogue
from runtime.org import aliases, departments, resolving, settling, tabular
from runtime.org.import_plans import PLANS
from runtime.org.imports import Kind, Report, import_table, in_words, template
from runtime.org.models import Department, Site
from runtime.org.service import store_organisation
from runtime.wiring import Deployment

EDITOR = Actor("staff", "u1", "李科员", None, "console", None)
HEADING = ("科室代码", "科室名称", "英文名称", "上级科室", "院区")
ALIAS_HEADING = ("来源系统", "来源代码", "来源名称", "对应科室", "启用日期", "停用日期")


def now() -> datetime:
    return datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def db(deployment: Deployment) -> Database:
    """Two sites and two departments."""
    store_organisation(
        deployment.db,
        sites=[Site(id="main", name={"zh-CN": "总院"}), Site(id="island", name={"zh-CN": "岛院"})],
        departments=[
            Department(id="medicine", code="10", name={"zh-CN": "内科"}),
            Department(id="lung", code="101", name={"zh-CN": "呼吸科"}, parent="medicine"),
        ],
        staff=[],
        dictionaries={},
    )
    return deployment.db


def xlsx(*rows: Sequence[Any], change: Callable[[Any], object] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(list(row))
    if change:
        change(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def csv_of(*rows: Sequence[str], encoding: str = "utf-8") -> bytes:
    return "\r\n".join(",".join(row) for row in rows).encode(encoding)


def take(db: Database, content: bytes, kind: Kind = "departments", *, dry: bool = False) -> Report:
    return import_table(db, EDITOR, kind, content, dry_run=dry, clock=now)


def tree(db: Database) -> dict[str, str | None]:
    return {one.id: one.parent for one in departments.read_tree(db)}


def imports_audited(db: Database) -> int:
    with db.begin() as connection:
        statement = "SELECT count(*) FROM audit_lines WHERE action = 'organisation.imported'"
        return connection.execute(sa.text(statement)).scalar_one()


GOOD = (
    HEADING,
    ("10102", "肺结节门诊", "Lung nodules", "10101", "总院、岛院"),
    ("10101", "呼吸一科", "", "呼吸科", "总院"),
)


def test_an_import_is_first_tried_then_done_once(db: Database) -> None:
    """Children may stand before parents; the same file again changes nothing. # R1.2.1.1 (part)"""
    before = tree(db)
    tried = take(db, xlsx(*GOOD), dry=True)
    assert (tried.is_ok, tried.added, tried.is_dry) == (True, 2, True)
    assert tree(db) == before and imports_audited(db) == 0
    done = take(db, xlsx(*GOOD))
    assert (done.is_ok, done.rows, done.added, done.changed) == (True, 2, 2, 0)
    assert tree(db) == before | {"d_10101": "lung", "d_10102": "d_10101"}
    made = departments.get_department(db, "d_10102")
    assert made.name == {"zh-CN": "肺结节门诊", "en": "Lung nodules"}
    assert made.sites == ("main", "island")
    assert departments.history_of(db, "d_10102")[0].by_name == "李科员"
    again = take(db, xlsx(*GOOD))
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    assert departments.get_department(db, "d_10102").revision == made.revision
    assert imports_audited(db) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_comes_in_the_encodings_of_chinese_offices(db: Database, encoding: str) -> None:
    """Excel's own CSV is GB18030. # R1.2.1.1 (part)"""
    rows = (("科室代码", "科室名称", "上级科室"), ("10101", "呼吸一科", "内科"))
    assert take(db, csv_of(*rows, encoding=encoding)).added == 1
    assert departments.get_department(db, "d_10101").name["zh-CN"] == "呼吸一科"


def test_what_the_table_does_not_name_stays(db: Database) -> None:
    """A file of codes and names moves and closes nothing. # R1.2.1.1 (part)"""
    done = take(db, xlsx(("科室代码", "科室名称"), ("101", "呼吸与危重症科")))
    assert (done.added, done.changed) == (0, 1)
    found = departments.get_department(db, "lung")
    assert (found.name["zh-CN"], found.parent) == ("呼吸与危重症科", "medicine")
    assert departments.history_of(db, "lung")[0].kind == "imported"


def test_one_bad_row_keeps_the_whole_table_out_and_every_bad_row_is_told(db: Database) -> None:
    """Where, what, and what to do, in both languages. # R1.2.1.1 (part)"""
    report = take(
        db,
        xlsx(
            HEADING,
            ("201", "好科室", "", "内科", "总院"),
            ("202", "坏上级", "", "不存在科", ""),
            ("201", "重复", "", "", ""),
            ("203", "", "", "", "月球院区"),
            ("204", "甲", "", "205", ""),
            ("205", "乙", "", "204", ""),
            ("10", "内科", "", "101", ""),
        ),
    )
    told = {(one.row, one.code) for one in report.problems}
    assert told == {
        (3, "department_unknown"),
        (4, "row_twice"),
        (5, "missing"),
        (5, "site_unknown"),
        (6, "cycle"),
        (8, "cycle"),
    }
    assert tree(db) == {"medicine": None, "lung": "medicine"}
    first = report.problems[0]
    assert in_words(first, "zh-CN").startswith("第 3 行“上级科室”列：没有找到科室“不存在科”")
    assert "Row 3" in in_words(first, "en") and "不存在科" in in_words(first, "en")


def test_every_problem_has_words_in_every_language() -> None:
    """No code reaches a reader bare. # R1.2.1.1 (part)"""
    first = {name for name in catalogue(LANGUAGES[0]) if name.startswith("org_")}
    assert len(first) > 40
    for lang in LANGUAGES:
        assert first == {name for name in catalogue(lang) if name.startswith("org_")}


def test_aliases_are_imported_with_their_days(db: Database) -> None:
    """And settle what was counted as unmapped within them. # R1.2.1.1 (part)"""
    assert resolving.resolve(db, "HIS", "0101", date(2019, 5, 1), clock=now) is None
    rows = (
        ALIAS_HEADING,
        ("HIS", "0101", "呼吸门诊", "呼吸科", datetime(2015, 1, 1), "2020年12月31日"),
        ("HIS", "0101", "内科门诊", "10", "2021/1/1", None),
    )
    assert take(db, xlsx(*rows), "aliases").added == 2
    assert take(db, xlsx(*rows), "aliases").same == 2
    old = resolving.resolve(db, "HIS", "0101", date(2020, 12, 31), clock=now)
    new = resolving.resolve(db, "HIS", "0101", date(2021, 1, 1), clock=now)
    assert old is not None and old.department == "lung"
    assert new is not None and new.department == "medicine"
    assert settling.list_unmapped(db) == []
    exchanged = (
        ALIAS_HEADING,
        ("HIS", "0101", "呼吸门诊", "内科", "2015-01-01", "2022-12-31"),
        ("HIS", "0101", "内科门诊", "呼吸科", "2023-01-01", ""),
    )
    report = take(db, xlsx(*exchanged), "aliases")
    assert [(one.row, one.code) for one in report.problems] == [(2, "overlap"), (3, "overlap")]
    inner = (
        ALIAS_HEADING,
        ("HIS", "7", "", "内科", "2015-01-01", "2022-12-31"),
        ("HIS", "7", "", "呼吸科", "2022-12-31", ""),
        ("HIS", "8", "", "呼吸科", "2022-12-31", "2021-12-31"),
        ("HIS", "9", "", "呼吸科", "last year", ""),
    )
    report = take(db, xlsx(*inner), "aliases")
    assert [one.code for one in report.problems] == ["overlap_row", "days", "date"]


def test_staff_are_imported_into_their_departments(db: Database) -> None:
    """Names and titles in both languages. # R0.1 (part)"""
    rows = (
        ("工号", "姓名", "英文姓名", "科室", "院区", "职称"),
        ("A1", "陈甲", "Chen Jia", "呼吸科", "总院", "主治医师"),
    )
    assert take(db, xlsx(*rows), "staff").added == 1
    assert take(db, xlsx(*rows), "staff").same == 1
    with db.begin() as connection:
        row = connection.execute(sa.text("SELECT * FROM staff_members")).mappings().one()
    assert (row["id"], row["department"], row["site"]) == ("A1", "lung", "main")
    assert row["title"] == {"zh-CN": "主治医师"}


def test_a_number_keeps_the_leading_zeros_that_it_shows(db: Database) -> None:
    """Excel keeps 0101 as 101 with the format 0000. # R1.2.1.1 (part)"""

    def change(sheet: Any) -> None:
        sheet["B2"].number_format = "0000"

    rows = (ALIAS_HEADING, ("HIS", 101, "", "呼吸科", None, None))
    assert take(db, xlsx(*rows, change=change), "aliases").added == 1
    assert aliases.list_aliases(db)[0].code == "0101"


def bomb(member: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A sound workbook one part of which unpacks to 300 MB of spaces."""
    source = zipfile.ZipFile(io.BytesIO(xlsx(*GOOD)))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in source.namelist():
            if name != member:
                archive.writestr(name, source.read(name))
        with archive.open(member, "w") as part:
            for _ in range(300):
                part.write(b" " * 1024 * 1024)
    return file.getvalue()


def with_part(name: str, text: bytes) -> bytes:
    source = zipfile.ZipFile(io.BytesIO(xlsx(*GOOD)))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for each in source.namelist():
            archive.writestr(each, text if each == name else source.read(each))
    return file.getvalue()


ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">
<!ENTITY c SYSTEM "file:///etc/passwd">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="inlineStr"><is><t>&b;&c;</t></is></c></row></sheetData></worksheet>"""
FAR = b"""<?xml version="1.0"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="inlineStr"><is><t>code</t></is></c><c r="B1" t="inlineStr"><is><t>name</t>
</is></c></row><row r="99999999999"><c r="A99999999999"><v>1</v></c></row></sheetData>
</worksheet>"""
SHEET = "xl/worksheets/sheet1.xml"


def merged(sheet: Any) -> None:
    sheet.merge_cells("D2:D3")


WORST: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty_file"),
    "blanks": (lambda: b" \r\n \r\n", "empty_file"),
    "an empty sheet": (lambda: xlsx(), "empty_file"),
    "a zip bomb": (bomb, "unpacked"),
    "a bomb of strings": (lambda: bomb("xl/sharedStrings.xml"), "unpacked"),
    "a zip that is no workbook": (lambda: b"PK\x03\x04" + b"x" * 500, "not_excel"),
    "half a workbook": (lambda: xlsx(*GOOD)[:3000], "not_excel"),
    "old Excel": (lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old_excel"),
    "entities": (lambda: with_part(SHEET, ENTITIES), "not_excel"),
    "broken XML": (lambda: with_part(SHEET, b"<worksheet><sheetData><row"), "not_excel"),
    "a row far away": (lambda: with_part(SHEET, FAR), "too_many_rows"),
    "merged cells": (lambda: xlsx(*GOOD, change=merged), "merged"),
    "UTF-16": (lambda: csv_of(*GOOD, encoding="utf-16"), "encoding"),
    "broken bytes": (lambda: b"\xff\xff\xff,\x80", "encoding"),
    "another encoding": (lambda: "code,naïve".encode("latin-1"), "heading_unknown"),
    "an open quotation mark": (lambda: b'code,name\n1,"abc', "not_csv"),
    "too many columns": (lambda: b"code,name\n" + b"," * 100, "too_many_columns"),
    "a heading twice": (lambda: b"code,name,code\n1,2,3", "heading_twice"),
    "no heading": (lambda: b"101,abc\n1,2", "heading_unknown"),
    "a missing heading": (lambda: b"code\n1", "heading_missing"),
    "a formula": (lambda: xlsx(HEADING, ("1", "=A1", "", "", "")), "cell_formula"),
    "a formula in CSV": (lambda: b"code,name\n1,=cmd|' /C calc'!A0", "cell_formula"),
    "an error value": (lambda: xlsx(HEADING, ("1", "#REF!", "", "", "")), "cell_error"),
    "a long name": (lambda: xlsx(HEADING, ("1", "长" * 101, "", "", "")), "too_long"),
}


@pytest.mark.parametrize("what", WORST)
def test_the_worst_tables_are_refused_with_a_reason(db: Database, what: str) -> None:
    """Within bounds of time and memory, and nothing is changed. # R1.2.1.1 (part)"""
    make, code = WORST[what]
    content, before = make(), tree(db)
    started = time.process_time()
    report = take(db, content)
    assert code in {one.code for one in report.problems}
    assert time.process_time() - started < 10
    assert tree(db) == before and imports_audited(db) == 0
    for lang in LANGUAGES:
        assert "org_import" not in in_words(report.problems[0], lang)


def test_fifty_thousand_rows_are_taken_and_one_more_is_not(db: Database) -> None:
    """In bounded time and memory. # R1.2.1.1 (part)"""

    def table(count: int) -> bytes:
        heading = ("来源系统", "来源代码", "对应科室")
        return csv_of(heading, *(("HIS", str(n), "101") for n in range(count)))

    content = table(tabular.MAX_ROWS)
    patient = Database(db.url, pool_size=1, statement_seconds=120)  # who counts bytes is slow
    tracemalloc.start()
    started = time.process_time()
    report = take(patient, content, "aliases")
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    patient.close()
    assert (report.is_ok, report.added) == (True, tabular.MAX_ROWS)
    print(f"{report.rows} rows in {seconds:.1f} s, {peak / 1e6:.0f} MB")
    assert seconds < 60 and peak < 300e6
    refused = take(db, table(tabular.MAX_ROWS + 1), "aliases")
    assert [one.code for one in refused.problems] == ["too_many_rows"]


@pytest.mark.parametrize("kind", ["departments", "aliases", "staff"])
def test_the_template_can_be_read_back(kind: Kind) -> None:
    """Its headings are those that the import knows. # R1.2.1.1 (part)"""
    rows = list(tabular.read_table(template(kind)))
    headings = [cell.text for cell in rows[0][1] if cell.text]
    assert len(rows) == 2 and len(headings) == len(PLANS[kind].columns)


def test_the_command_reports_by_row_and_fails(
    deployment: Deployment, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`huisheng org import` tells a script by its exit status. # R1.2.1.1 (part)"""
    from runtime.cli.org import command

    monkeypatch.setenv("HUISHENG_DATABASE_URL", deployment.db.url)
    monkeypatch.setenv("HUISHENG_REDIS_URL", deployment.redis_url)
    monkeypatch.setenv("HUISHENG_DATA_DIR", str(tmp_path))
    file = tmp_path / "departments.xlsx"
    file.write_bytes(xlsx(*GOOD))
    tried = CliRunner().invoke(command, ["import", str(file), "--dry-run"])
    assert tried.exit_code == 0, tried.output
    assert "dry run: 2 rows, 2 added" in tried.output and "d_10101" not in tree(db)
    done = CliRunner().invoke(command, ["import", str(file)])
    assert done.exit_code == 0 and "d_10101" in tree(db)
    file.write_bytes(csv_of(("code", "name", "parent"), ("1", "x", "nowhere")))
    refused = CliRunner().invoke(command, ["import", str(file), "--lang", "en"])
    assert refused.exit_code == 1
    assert "Row 2" in refused.output and "nowhere" in refused.output
