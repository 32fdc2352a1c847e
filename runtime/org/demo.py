"""The demo hospital's past: former departments, what became of them, and two systems' codes."""

from datetime import date
from pathlib import Path

from runtime.audit.models import SYSTEM
from runtime.kit.clock import Clock
from runtime.kit.db import Database
from runtime.org.departments import get_department
from runtime.org.imports import Kind, import_table
from runtime.org.models import Part
from runtime.org.resolving import resolve
from runtime.org.succession import merge_departments, split_department

FILES: tuple[tuple[str, Kind], ...] = (
    ("former_departments.csv", "departments"),
    ("aliases.csv", "aliases"),
)
UNMAPPED = (("HIS", "0199", "消化门诊（新楼）"), ("12345", "GZ-0399", "耳鼻咽喉科"))


def seed_past(db: Database, folder: Path, clock: Clock) -> None:
    """Store it once; a second run changes nothing."""
    for name, kind in FILES:
        import_table(db, SYSTEM, kind, (folder / name).read_bytes(), dry_run=False, clock=clock)
    first = get_department(db, "former_stomach_two")
    if first.closed_on is not None:
        return
    steps = (
        ("former_stomach_two", "former_digestive", date(2020, 7, 1)),
        ("former_digestive", "spleen_stomach", date(2022, 1, 1)),
    )
    for name, into, on in steps:
        revision = get_department(db, name).revision
        merge_departments(db, SYSTEM, departments=[(name, revision)], into=into, on=on, clock=clock)
    split_department(
        db,
        SYSTEM,
        "former_five_senses",
        revision=get_department(db, "former_five_senses").revision,
        parts=(Part(successor="ophthalmology"), Part(successor="ent")),
        on=date(2018, 1, 1),
        clock=clock,
    )
    today = clock().date()
    for system, code, name in UNMAPPED:
        resolve(db, system, code, today, name=name, source="demo", clock=clock)
    resolve(db, "HIS", "0401", date(2016, 5, 1), name="五官科门诊", source="demo", clock=clock)
