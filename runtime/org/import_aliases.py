"""The table of what other systems call departments, each for a span of days."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
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
)

ALIAS_COLUMNS = (
    Column("system", ("来源系统", "system"), is_required=True, example="HIS"),
    Column("code", ("来源代码", "code"), is_required=True, example="0101"),
    Column("name", ("来源名称", "name"), example="消化内科门诊"),
    Column("department", ("对应科室", "department"), is_required=True, example="脾胃病科"),
    Column("valid_from", ("启用日期", "validfrom"), example="2015-01-01"),
    Column("valid_to", ("停用日期", "validto"), example="2020-12-31"),
)


def _compare_aliases(
    rows: Sequence[NumberedRow], known: Known, problems: list[RowProblem]
) -> tuple[list[Change], int]:
    directory = known.directory()
    spans = _known_spans(known, {values.get("system", "") for _, values in rows})
    seen: dict[Any, int] = {}
    changes: list[Change] = []
    mine: dict[tuple[str, str], list[tuple[date, date, Checked]]] = {}
    for number, values in rows:
        row = Checked(number, values, ALIAS_COLUMNS, problems)
        system, code = row.required("system"), row.required("code")
        row.required("department")
        department = row.department("department", directory)
        first, last = row.day("valid_from"), row.day("valid_to")
        if first and last and last < first:
            row.refuse("valid_to", "days")
            continue
        once(seen, (system, code, first), row, "code")
        mine.setdefault((system, code), []).append((first or date.min, last or date.max, row))
        target = {
            "system": system,
            "code": code,
            "name": row.bounded("name"),
            "department": department,
            "valid_from": first,
            "valid_to": last,
        }
        before = spans.get((system, code), {}).pop(first, None)
        if before is None or any(before[name] != target[name] for name in target):
            key = before["id"] if before else 0
            changes.append(
                Change(key=f"{system}/{code}", values=target | {"id": key}, is_new=before is None)
            )
    _refuse_overlaps(mine, spans)
    return changes, len(rows) - len(changes)


def _known_spans(
    known: Known, systems: set[str]
) -> dict[tuple[str, str], dict[date | None, dict[str, Any]]]:
    """The aliases of some systems: by code, then by first day."""
    rows = known.connection.execute(
        sa.text(
            "SELECT id, system, code, name, department, valid_from, valid_to "
            "FROM department_aliases WHERE system = ANY (:systems)"
        ),
        {"systems": list(systems)},
    ).mappings()
    found: dict[tuple[str, str], dict[date | None, dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["system"], row["code"]), {})[row["valid_from"]] = dict(row)
    return found


def _refuse_overlaps(
    mine: Mapping[tuple[str, str], list[tuple[date, date, Checked]]],
    spans: Mapping[tuple[str, str], Mapping[date | None, Mapping[str, Any]]],
) -> None:
    """No code may mean two departments on one day, in the table or beside what is known."""
    for key, lines in mine.items():
        ordered = sorted(lines, key=lambda line: line[:2])
        for (_, last, earlier), (first, _, later) in pairwise(ordered):
            if first <= last:
                later.refuse("valid_from", "overlap_row", other=earlier.row)
        for other in spans.get(key, {}).values():
            low, high = other["valid_from"] or date.min, other["valid_to"] or date.max
            for first, last, row in ordered:
                if first <= high and low <= last:
                    row.refuse("valid_from", "overlap", department=other["department"])


_ALIAS_FIELDS = "system text, code text, name text, department text, valid_from date, valid_to date"
_REMOVE_ALIASES = sa.text("""
DELETE FROM department_aliases a USING jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint)
WHERE a.id = r.id
""")
_STORE_ALIASES = sa.text(f"""
INSERT INTO department_aliases (system, code, name, department, valid_from, valid_to)
SELECT r.system, r.code, r.name, r.department, r.valid_from, r.valid_to
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({_ALIAS_FIELDS})
""")  # nosec B608 - our own words
_FORGET_UNMAPPED = sa.text("""
DELETE FROM unmapped_codes u USING jsonb_to_recordset(CAST(:rows AS jsonb))
    AS r(system text, code text, valid_from date, valid_to date)
WHERE u.system = r.system AND u.code = r.code
  AND daterange(r.valid_from, r.valid_to, '[]') @> u.used_on
""")


def _apply_aliases(
    connection: sa.Connection, changes: Sequence[Change], _by_name: str, _now: datetime
) -> None:
    """All old spans go before any new one comes: two may exchange their days."""
    rows = [change.values for change in changes]
    for statement in (_REMOVE_ALIASES, _STORE_ALIASES, _FORGET_UNMAPPED):
        for batch in batches(rows):
            connection.execute(statement, {"rows": batch})


ALIASES = Plan(columns=ALIAS_COLUMNS, compare=_compare_aliases, apply=_apply_aliases)
