"""The table of staff: by their numbers, each at one department and site."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runtime.org.import_rows import (
    Change,
    Checked,
    Column,
    Known,
    NumberedRow,
    Plan,
    RowProblem,
    batches,
    once,
    words,
)

STAFF_COLUMNS = (
    Column("id", ("工号", "id"), is_required=True, example="A1024"),
    Column("name_zh", ("姓名", "name"), is_required=True, example="陈甲"),
    Column("name_en", ("英文姓名", "englishname"), example="Chen Jia"),
    Column("department", ("科室", "department"), is_required=True, example="脾胃病科"),
    Column("site", ("院区", "site"), is_required=True, example="大德路总院"),
    Column("title_zh", ("职称", "title"), example="主治医师"),
    Column("title_en", ("英文职称", "englishtitle"), example="Attending physician"),
)


def _compare_staff(
    rows: Sequence[NumberedRow], known: Known, problems: list[RowProblem]
) -> tuple[list[Change], int]:
    directory = known.directory()
    stored = known.connection.execute(
        sa.text("SELECT id, department, site, name, title FROM staff_members")
    ).mappings()
    members = {row["id"]: dict(row) for row in stored}
    seen: dict[Any, int] = {}
    changes: list[Change] = []
    for number, values in rows:
        row = Checked(number, values, STAFF_COLUMNS, problems)
        key = row.required("id", 64)
        once(seen, key, row, "id")
        row.required("name_zh")
        row.required("department")
        row.required("site")
        before = members.get(key)
        target = {
            "id": key,
            "department": row.department("department", directory),
            "site": row.site("site", known),
            "name": words(row, "name", before and before["name"]),
            "title": words(row, "title", before and before["title"]) or None,
        }
        if before != target:
            changes.append(
                Change(key=key, values=target, is_new=before is None, before=before or {})
            )
    return changes, len(rows) - len(changes)


_STORE_STAFF = sa.text("""
INSERT INTO staff_members (id, department, site, name, title, position)
SELECT r.id, r.department, r.site, r.name, r.title,
       (SELECT coalesce(max(position), 0) FROM staff_members) + r.place
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
     AS r(id text, department text, site text, name jsonb, title jsonb, place integer)
ON CONFLICT (id) DO UPDATE SET department = excluded.department, site = excluded.site,
    name = excluded.name, title = NULLIF(excluded.title, 'null'::jsonb)
""")


def _apply_staff(
    connection: sa.Connection, changes: Sequence[Change], _by_name: str, _now: datetime
) -> None:
    rows = [{**change.values, "place": n} for n, change in enumerate(changes, start=1)]
    for batch in batches(rows):
        connection.execute(_STORE_STAFF, {"rows": batch})


STAFF = Plan(columns=STAFF_COLUMNS, compare=_compare_staff, apply=_apply_staff)
