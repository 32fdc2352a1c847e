"""Stored documents of older formats are brought to the current one in steps."""

import pytest

from engine.upgrade import UnknownFormat, rename_member, set_format, upgrade


def test_a_current_document_comes_back_as_it_is():
    document = {"format": "huisheng.survey/1", "id": "a"}
    assert upgrade(document) is document


def test_operations_are_applied_in_turn_until_the_format_is_current():
    operations = {
        "old/1": lambda d: set_format(rename_member(d, "name", "label"), "old/2"),
        "old/2": lambda d: set_format(rename_member(d, "label", "id"), "huisheng.survey/1"),
    }
    upgraded = upgrade({"format": "old/1", "name": "a", "kind": "survey"}, operations)
    assert list(upgraded.items()) == [
        ("format", "huisheng.survey/1"),
        ("id", "a"),
        ("kind", "survey"),
    ]


def test_a_format_from_the_future_is_refused_by_name():
    with pytest.raises(UnknownFormat, match=r"huisheng\.survey/9"):
        upgrade({"format": "huisheng.survey/9"})
