"""The demo hospital's dictionaries agree with one another."""

import json
import re
from pathlib import Path
from typing import Any

HOSPITAL = Path(__file__).parents[2] / "examples" / "hospital"
ID = re.compile(r"[a-z][a-z0-9_]*")
SEVEN_SITES = "大德路总院 二沙岛医院 芳村医院 大学城医院 下塘门诊 天河门诊 石井门诊".split()


def entries(name: str) -> list[dict[str, Any]]:
    return json.loads((HOSPITAL / f"{name}.json").read_bytes())[name]


def test_the_seven_sites_of_the_tender_are_there() -> None:
    assert [site["name"]["zh-CN"] for site in entries("sites")] == SEVEN_SITES


def test_departments_form_a_tree_and_stand_only_where_their_parent_stands() -> None:
    departments = {department["id"]: department for department in entries("departments")}
    sites = {site["id"] for site in entries("sites")}
    assert len(departments) >= 40
    for department in departments.values():
        parent = departments[department["parent"]] if department["parent"] else None
        assert set(department["sites"]) <= (set(parent["sites"]) if parent else sites)


def test_ids_and_codes_are_unique() -> None:
    for name in ("sites", "departments", "staff"):
        ids = [entry["id"] for entry in entries(name)]
        assert len(ids) == len(set(ids))
        assert all(ID.fullmatch(one) for one in ids)
    codes = [department["code"] for department in entries("departments")]
    assert len(codes) == len(set(codes))


def test_staff_work_in_a_department_at_a_site_where_it_stands() -> None:
    departments = {department["id"]: department for department in entries("departments")}
    staff = entries("staff")
    assert len(staff) >= 60
    for person in staff:
        assert person["site"] in departments[person["department"]]["sites"]


def test_every_name_is_in_both_languages() -> None:
    for name in ("sites", "departments", "staff"):
        for entry in entries(name):
            assert entry["name"].keys() == {"zh-CN", "en"}
            assert all(entry["name"].values())
