"""What the columns of each imported table mean, how rows are checked, and how they are stored."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import msgspec
import sqlalchemy as sa

from runtime.kit.clock import hospital_day
from runtime.org.departments import ID, MAX_NAME

BATCH = 2_000
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))", re.ASCII)
_BETWEEN = re.compile(r"[、，,;；|/]")
NumberedRow = tuple[int, Mapping[str, str]]


class Column(msgspec.Struct, frozen=True):
    """A column by its id and the headings it may stand under, the one of the template first."""

    id: str
    headings: tuple[str, ...]
    is_required: bool = False
    example: str = ""


class RowProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row cannot be taken over; row 0 is the file as a whole."""

    row: int
    code: str
    column: str = ""
    params: dict[str, str] = {}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the database as it shall be; `before` is what it was, if it was there."""

    key: str
    values: dict[str, Any]
    is_new: bool
    before: dict[str, Any] = {}


class Known:
    """What the database holds already, read once, under the organisation's lock."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.sites: dict[str, str] = {}
        for row in connection.execute(sa.text("SELECT id, name, code FROM sites")):
            for name in (row.code, row.name.get("zh-CN"), row.id):
                if name:
                    self.sites[name] = row.id
        rows = connection.execute(
            sa.text("SELECT id, name, parent, code, kind, sites, closed_on FROM departments")
        ).mappings()
        self.departments: dict[str, dict[str, Any]] = {row["id"]: dict(row) for row in rows}

    def directory(self, more: Iterable[Mapping[str, Any]] = ()) -> dict[str, str | None]:
        """Ids, codes and Chinese names → department id; None where a name fits several."""
        all_of = dict(self.departments)
        all_of |= {row["id"]: dict(row) for row in more}
        found: dict[str, str | None] = {}
        for key, row in all_of.items():
            name = row["name"].get("zh-CN")
            if name:
                found[name] = None if name in found and found[name] != key else key
        found |= {row["code"]: key for key, row in all_of.items() if row["code"]}
        return found | {key: key for key in all_of}


class Checked:
    """One row being checked: its cells by column, and where its problems go."""

    def __init__(
        self,
        row: int,
        values: Mapping[str, str],
        columns: Sequence[Column],
        problems: list[RowProblem],
    ) -> None:
        self.row = row
        self.values = values
        self.headings = {column.id: column.headings[0] for column in columns}
        self.problems = problems

    def text(self, column: str) -> str:
        """A cell's text, empty where there is none."""
        return self.values.get(column, "")

    def has(self, column: str) -> bool:
        """Whether the table has the column at all: what it has not stays as it is."""
        return column in self.values

    def refuse(self, column: str, code: str, **params: object) -> None:
        """Note a problem of a cell."""
        told = {name: str(value)[:60] for name, value in params.items()}
        self.problems.append(
            RowProblem(row=self.row, column=self.headings.get(column, ""), code=code, params=told)
        )

    def required(self, column: str, limit: int = MAX_NAME) -> str:
        """A cell that must hold something, not too long."""
        text = self.text(column)
        if not text:
            self.refuse(column, "missing")
        return self.bounded(column, limit)

    def bounded(self, column: str, limit: int = MAX_NAME) -> str:
        """A cell, not too long."""
        text = self.text(column)
        if len(text) > limit:
            self.refuse(column, "too_long", limit=limit)
        return text[:limit]

    def day(self, column: str) -> date | None:
        """A cell that holds a date or nothing."""
        text = self.text(column)
        found = parse_day(text)
        if text and found is None:
            self.refuse(column, "date", value=text)
        return found

    def department(self, column: str, directory: Mapping[str, str | None]) -> str | None:
        """A cell that names a department by id, code or Chinese name."""
        text = self.text(column)
        if not text:
            return None
        if text not in directory:
            self.refuse(column, "department_unknown", value=text)
        elif directory[text] is None:
            self.refuse(column, "department_twice", value=text)
        return directory.get(text)

    def site(self, column: str, known: Known) -> str | None:
        """A cell that names a site by id, code or Chinese name."""
        text = self.text(column)
        if text and text not in known.sites:
            self.refuse(column, "site_unknown", value=text)
        return known.sites.get(text)


def parse_day(text: str) -> date | None:
    """2021-01-31, 2021/1/31, 2021.1.31, 20210131 or 2021年1月31日; None: no date."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


Compare = Callable[[Sequence[NumberedRow], Known, list[RowProblem]], tuple[list[Change], int]]
Apply = Callable[[sa.Connection, Sequence[Change], str, datetime], None]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of table: its columns, how rows become changes, how changes are stored."""

    columns: tuple[Column, ...]
    compare: Compare
    apply: Apply


DEPARTMENT_COLUMNS = (
    Column("code", ("科室代码", "code"), is_required=True, example="10111"),
    Column("id", ("科室编号", "id"), example="sleep_clinic"),
    Column("name_zh", ("科室名称", "中文名称", "name"), is_required=True, example="睡眠医学科"),
    Column("name_en", ("英文名称", "englishname"), example="Sleep medicine"),
    Column("parent", ("上级科室", "parent"), example="内科"),
    Column("kind", ("类别", "kind"), example="clinical"),
    Column("sites", ("院区", "sites"), example="大德路总院、芳村医院"),
)
ALIAS_COLUMNS = (
    Column("system", ("来源系统", "system"), is_required=True, example="HIS"),
    Column("code", ("来源代码", "code"), is_required=True, example="0101"),
    Column("name", ("来源名称", "name"), example="消化内科门诊"),
    Column("department", ("对应科室", "department"), is_required=True, example="脾胃病科"),
    Column("valid_from", ("启用日期", "validfrom"), example="2015-01-01"),
    Column("valid_to", ("停用日期", "validto"), example="2020-12-31"),
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


def _once(seen: dict[Any, int], key: Any, row: Checked, column: str) -> None:
    """Refuse what an earlier row already holds."""
    if key in seen:
        row.refuse(column, "row_twice", other=seen[key])
    seen.setdefault(key, row.row)


def _words(row: Checked, column: str, before: Mapping[str, str] | None) -> dict[str, str]:
    """Chinese and English; a language whose column the table has not stays as it was."""
    words = dict(before or {})
    for lang, name in (("zh-CN", f"{column}_zh"), ("en", f"{column}_en")):
        if row.has(name):
            words.pop(lang, None)
            if row.bounded(name):
                words[lang] = row.text(name)
    return words


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
        _once(seen_ids, key, row, "id" if row.text("id") else "code")
        _once(seen_codes, code, row, "code")
        row.required("name_zh")
        before = known.departments.get(key)
        sites: list[str] = before["sites"] if before else []
        targets.append(
            (
                row,
                {
                    "id": key,
                    "code": code,
                    "name": _words(row, "name", before and before["name"]),
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


def _batches(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    for start in range(0, len(rows), BATCH):
        yield msgspec.json.encode(rows[start : start + BATCH]).decode()


def _apply_departments(
    connection: sa.Connection, changes: Sequence[Change], by_name: str, now: datetime
) -> None:
    today = hospital_day(now)
    rows = [{**change.values, "place": n} for n, change in enumerate(changes, start=1)]
    for batch in _batches(rows):
        connection.execute(_STORE_DEPARTMENTS, {"rows": batch})
    for batch in _batches(rows):
        connection.execute(_STORE_PARENTS, {"rows": batch})
    history = [
        {
            "department": change.key,
            "kind": "added" if change.is_new else "imported",
            "facts": {"before": change.before, "after": change.values},
        }
        for change in changes
    ]
    for batch in _batches(history):
        values = {"rows": batch, "today": today, "now": now, "by_name": by_name}
        connection.execute(_STORE_HISTORY, values)


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
        _once(seen, (system, code, first), row, "code")
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
        for batch in _batches(rows):
            connection.execute(statement, {"rows": batch})


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
        _once(seen, key, row, "id")
        row.required("name_zh")
        row.required("department")
        row.required("site")
        before = members.get(key)
        target = {
            "id": key,
            "department": row.department("department", directory),
            "site": row.site("site", known),
            "name": _words(row, "name", before and before["name"]),
            "title": _words(row, "title", before and before["title"]) or None,
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
    for batch in _batches(rows):
        connection.execute(_STORE_STAFF, {"rows": batch})


PLANS: Mapping[str, Plan] = {
    "departments": Plan(
        columns=DEPARTMENT_COLUMNS, compare=_compare_departments, apply=_apply_departments
    ),
    "aliases": Plan(columns=ALIAS_COLUMNS, compare=_compare_aliases, apply=_apply_aliases),
    "staff": Plan(columns=STAFF_COLUMNS, compare=_compare_staff, apply=_apply_staff),
}
