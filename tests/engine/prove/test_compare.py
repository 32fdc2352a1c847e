"""Two versions: what changed, which answers stay good, who is asked otherwise."""

from typing import Any

import pytest

from engine.compare import compare
from tests.engine.prove.forms import choice, is_, page, rating, survey


def test_a_version_is_the_same_as_itself() -> None:
    made = survey(page("a", rating("q"), rating("r", show_if=is_("q", 3, "le"))))
    found = compare(made.document, made.document)
    assert (found.changes, found.asked, found.undecided) == ((), (), ())
    assert {v.verdict for v in found.answers.values()} == {"unchanged"}


def test_changes_are_named_by_id_and_place() -> None:
    old = survey(page("a", rating("q"), rating("r"), rating("u")), page("b", rating("v")))
    new = survey(page("a", rating("u"), rating("q", max=7), rating("w")), page("b", rating("v")))
    found = [(c.kind, c.part, c.id) for c in compare(old.document, new.document).changes]
    assert found == [
        ("removed", "question", "r"),
        ("moved", "question", "u"),
        ("changed", "question", "q"),
        ("added", "question", "w"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "verdict", "reasons"),
    [
        (rating("q"), rating("q", max=10), "convertible", ("scale_changed",)),
        (rating("q"), rating("q", max=4), "lost", ("range_narrowed",)),
        (choice("q", "a", "b"), choice("q", "a", "b", "c"), "convertible", ("option_added",)),
        (choice("q", "a", "b"), choice("q", "a"), "lost", ("option_removed",)),
        (choice("q", "a"), rating("q"), "lost", ("type_changed",)),
        (rating("q"), rating("q", text="other"), "unchanged", ()),
    ],
)
def test_old_answers_get_a_verdict(
    before: dict[str, Any], after: dict[str, Any], verdict: str, reasons: tuple[str, ...]
) -> None:
    found = compare(survey(page("a", before)).document, survey(page("a", after)).document)
    assert found.answers["q"].verdict == verdict
    assert found.answers["q"].reasons == reasons


def test_patients_who_are_asked_otherwise_are_shown_by_a_response_that_both_accept() -> None:
    old = survey(page("a", rating("q", max=100), rating("r", show_if=is_("q", 40, "le"))))
    new = survey(page("a", rating("q", max=100), rating("r", show_if=is_("q", 41, "le"))))
    found = compare(old.document, new.document)
    assert [(a.question, a.by) for a in found.asked] == [("r", "new")]
    witness = found.asked[0].witness
    assert witness["answers"]["q"] == 41
    said = [s.evaluate(witness["answers"], witness["context"], witness["today"])
            for s in (old, new)]  # fmt: skip
    assert all(s.complete for s in said)
    assert ["r" in s.asked for s in said] == [False, True]
    assert found.undecided == ()


def test_a_rule_that_is_only_written_otherwise_asks_nobody_otherwise() -> None:
    old = survey(page("a", rating("q"), rating("r", show_if=is_("q", 3, "lt"))))
    new = survey(page("a", rating("q"), rating("r", show_if=is_("q", [1, 2], "in"))))
    found = compare(old.document, new.document)
    assert (found.asked, found.undecided) == ((), ())
