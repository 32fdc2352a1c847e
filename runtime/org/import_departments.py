"""The table of departments: by their codes, with their parents and sites."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runtime.kit.clock import hospital_day
from runtime.org.departments import ID
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

_BETWEEN = re.compile(r"[、，,;；|/]")
DEPARTMENT_COLUMNS = (
    Column("code", ("科室代码", "code"), is_required=True, example="10111"),
    Column("id", ("科室编号", "id"), example="sleep_clinic"),
    Column("name_zh", ("科室名称", "中文名称", "name"), is_required=True, example="睡眠医学科"),
    Column("name_en", ("英文名称", "englishname"), example="Sleep medicine"),
    Column("parent", ("上级科室", "parent"), example="内科"),
    Column("kind", ("类别", "kind"), example="clinical"),
    Column("sites", ("院区", "sites"), example="大德路总院、芳村医院"),
)


def _compare_departments(
    rows: Sequence[NumberedRow], known: Known, problems: list[RowProblem]
) -> tuple[list[Change], int]:
    by_code = {row["code"]: key for key, row in known.departments.items() if row["code"]}
    seen_ids: dict[Any, int] = {}
    seen_codes: dict[Any, int] = {}
    targets: list[tuple[Checked, dict[str, Any]]] = []
    for number, values in rows:
        row = Checked(number, values, DEPARTMENT_COLUMNS, problems)
        code = row.required("code")
        key = row.text("id") or by_code.get(code) or _id_of(code)
        if not ID.fullmatch(key):
            row.refuse("id" if row.text("id") else "code", "id", value=key)
        if by_code.get(code, key) != key:
            row.refuse("code", "code_taken", other=by_code[code])
        once(seen_ids, key, row, "id" if row.text("id") else "code")
        once(seen_codes, code, row, "code")
        row.required("name_zh")
        before = known.departments.get(key)
        sites: list[str] = before["sites"] if before else []
        targets.append(
            (
                row,
                {
                    "id": key,
                    "code": code,
                    "name": words(row, "name", before and before["name"]),
                    "parent": before["parent"] if before else None,
                    "kind": (row.bounded("kind") or None)
                    if row.has("kind")
                    else before and before["kind"],
                    "sites": _sites(row, known) if row.has("sites") else sites,
                },
            )
        )
    _set_parents(targets, known)
    return _department_changes([target for _, target in targets], known)


def _id_of(code: str) -> str:
    return "d_" + re.sub(r"[^a-z0-9]", "_", code.lower())[:60]


def _sites(row: Checked, known: Known) -> list[str]:
    named = [part.strip() for part in _BETWEEN.split(row.text("sites")) if part.strip()]
    for part in named:
        if part not in known.sites:
            row.refuse("sites", "site_unknown", value=part)
    return list(dict.fromkeys(known.sites[part] for part in named if part in known.sites))


def _set_parents(targets: Sequence[tuple[Checked, dict[str, Any]]], known: Known) -> None:
    """Parents may stand anywhere in the table; then no department may be below itself."""
    directory = known.directory(target for _, target in targets)
    for row, target in targets:
        if row.has("parent"):
            target["parent"] = row.department("parent", directory)
    parents: dict[str, str | None] = {k: one["parent"] for k, one in known.departments.items()}
    parents |= {target["id"]: target["parent"] for _, target in targets}
    sound: set[str] = set()
    for row, target in targets:
        trail: list[str] = []
        here: str | None = target["id"]
        while here is not None and here not in sound and here not in trail:
            trail.append(here)
            here = parents.get(here)
        if here is not None and here not in sound:
            row.refuse("parent", "cycle", value=row.text("parent"))
            parents[target["id"]] = None
        else:
            sound.update(trail)


def _department_changes(
    targets: Sequence[dict[str, Any]], known: Known
) -> tuple[list[Change], int]:
    changes: list[Change] = []
    for target in targets:
        before = known.departments.get(target["id"])
        old = {name: before[name] for name in target} if before else {}
        if old != target:
            changes.append(
                Change(key=target["id"], values=target, is_new=before is None, before=old)
            )
    return changes, len(targets) - len(changes)


_STORE_DEPARTMENTS = sa.text("""
INSERT INTO departments AS d (id, parent, name, code, kind, sites, position)
SELECT r.id, NULL, r.name, r.code, r.kind, r.sites,
       (SELECT coalesce(max(position), 0) FROM departments) + r.place
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
     AS r(id text, name jsonb, code text, kind text, sites text[], place integer)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, code = excluded.code, kind = excluded.kind,
    sites = excluded.sites, revision = d.revision + 1
""")
_STORE_PARENTS = sa.text("""
UPDATE departments d SET parent = r.parent
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id text, parent text)
WHERE d.id = r.id AND d.parent IS DISTINCT FROM r.parent
""")
_STORE_HISTORY = sa.text("""
INSERT INTO department_history (department, kind, effective_on, at, by_name, facts)
SELECT r.department, r.kind, CAST(:today AS date), :now, :by_name, r.facts
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(department text, kind text, facts jsonb)
""")


def _apply_departments(
    connection: sa.Connection, changes: Sequence[Change], by_name: str, now: datetime
) -> None:
    today = hospital_day(now)
    rows = [{**change.values, "place": n} for n, change in enumerate(changes, start=1)]
    for batch in batches(rows):
        connection.execute(_STORE_DEPARTMENTS, {"rows": batch})
    for batch in batches(rows):
        connection.execute(_STORE_PARENTS, {"rows": batch})
    history = [
        {
            "department": change.key,
            "kind": "added" if change.is_new else "imported",
            "facts": {"before": change.before, "after": change.values},
        }
        for change in changes
    ]
    for batch in batches(history):
        values = {"rows": batch, "today": today, "now": now, "by_name": by_name}
        connection.execute(_STORE_HISTORY, values)


DEPARTMENTS = Plan(
    columns=DEPARTMENT_COLUMNS, compare=_compare_departments, apply=_apply_departments
)
