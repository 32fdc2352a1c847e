"""Rules compare only what can be compared, with what it can be, once it is known."""

from collections.abc import Iterator

from engine.check.subject import Subject
from engine.numbers import is_number, is_precise
from engine.problems import Problem
from engine.questions.base import Facet
from engine.questions.moments import is_date, is_time
from engine.ruletree import (
    ORDERED,
    SETS,
    Answered,
    Comparison,
    In,
    Membership,
    Scalar,
    placed_leaves,
)
from engine.scope import Ref


def rules(subject: Subject) -> Iterator[Problem]:
    """Of every rule of the document."""
    for placed in subject.scope.rules():
        for at, leaf in placed_leaves(placed.rule, placed.at):
            yield from _leaf(subject, at, leaf, placed.place)


def _leaf(
    subject: Subject, at: str, leaf: Comparison | Membership | Answered, place: int
) -> Iterator[Problem]:
    missing = list(subject.reference(f"{at}/ref", leaf.ref, place))
    yield from missing
    ref = subject.scope.refs.get(leaf.ref)
    if ref is None or missing:
        if isinstance(leaf, Comparison):
            yield from _one_side(subject, at, leaf, place, None)
        return
    match leaf:
        case Answered():
            pass
        case Membership():
            yield from _membership(at, leaf, ref)
        case _:
            yield from _comparison(subject, at, leaf, ref, place)


def _membership(at: str, leaf: Membership, ref: Ref) -> Iterator[Problem]:
    wanted = ref.facet.kind == "set" if isinstance(leaf, SETS) else _comparable(ref.facet)
    if not wanted:
        yield Problem("wrong_kind", f"{at}/ref", {"ref": leaf.ref, "op": leaf.symbol})
        return
    if isinstance(leaf, In) and not leaf.value:
        yield Problem("empty_list", f"{at}/value")
    facet = Facet("choice", ref.facet.members) if isinstance(leaf, SETS) else ref.facet
    for i, value in enumerate(leaf.value):
        yield from _literal_faults(f"{at}/value/{i}", leaf.ref, facet, value)


def _comparison(
    subject: Subject, at: str, leaf: Comparison, ref: Ref, place: int
) -> Iterator[Problem]:
    ordered = isinstance(leaf, ORDERED)
    if not _comparable(ref.facet) or (ordered and not _has_order(ref.facet)):
        yield Problem("wrong_kind", f"{at}/ref", {"ref": leaf.ref, "op": leaf.symbol})
        return
    yield from _one_side(subject, at, leaf, place, ref)


def _one_side(
    subject: Subject, at: str, leaf: Comparison, place: int, ref: Ref | None
) -> Iterator[Problem]:
    if (leaf.value is None) == (leaf.other is None):
        yield Problem("value_or_other", at)
    elif leaf.value is not None:
        if ref is not None:
            yield from _literal_faults(f"{at}/value", leaf.ref, ref.facet, leaf.value)
    elif leaf.other is not None:
        missing = list(subject.reference(f"{at}/other", leaf.other, place))
        yield from missing
        other = subject.scope.refs.get(leaf.other)
        if ref and other and not missing and other.facet.kind != ref.facet.kind:
            yield Problem("other_kind", f"{at}/other", {"ref": leaf.ref, "other": leaf.other})


def _comparable(facet: Facet) -> bool:
    return facet.kind not in ("set", "opaque")


def _has_order(facet: Facet) -> bool:
    return facet.kind in ("number", "date", "time")


def _literal_faults(at: str, ref: str, facet: Facet, value: Scalar) -> Iterator[Problem]:
    """A literal that cannot be compared with what the ref holds."""
    match facet.kind:
        case "choice":
            fits = isinstance(value, str)
            if fits and value not in facet.members:
                yield Problem("unknown_option", at, {"ref": ref, "option": value})
        case "number":
            fits = is_number(value)
            if fits and not isinstance(value, (str, bool)) and not is_precise(value):
                yield Problem("too_precise", at)
        case "boolean":
            fits = isinstance(value, bool)
        case "date":
            fits = is_date(value)
        case "time":
            fits = is_time(value)
        case _:
            fits = isinstance(value, str)
    if not fits:
        yield Problem("wrong_literal", at, {"ref": ref, "kind": facet.kind})
