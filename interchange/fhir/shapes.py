"""The shapes in which calculated scores are written: paths to answers, points by case, weights."""

from typing import Any

from interchange.expression import Unreadable
from interchange.fhir.criteria import link_of
from interchange.fhir.syntax import Literal, Nothing, Operation, Step, Tree

Cases = list[tuple[Tree, Any]]


def links_of(tree: Tree | None) -> tuple[str, ...]:
    """The links of `%resource.repeat(item).where(linkId='a' or …).answer.value`."""
    match tree:
        case Step(Step(Step(Step(Step(None, "%resource"), "repeat"), "where", (named,)),
                       "answer", None), "value", None):  # fmt: skip
            return tuple(link_of(Step(None, "where", (one,), "")) for one in _alternatives(named))
        case _:
            raise Unreadable("calculated_value")


def only_link(tree: Tree | None) -> str:
    """The one link of a path to answers."""
    links = links_of(tree)
    if len(links) != 1:
        raise Unreadable("calculated_value")
    return links[0]


def _alternatives(tree: Tree) -> list[Tree]:
    if isinstance(tree, Operation) and tree.op == "or":
        return [*_alternatives(tree.left), *_alternatives(tree.right)]
    return [tree]


def counts(tree: Tree) -> bool:
    """Whether a tree counts what stands before it."""
    return isinstance(tree, Step) and (tree.name, tree.args) == ("count", ())


def weight_of(tree: Tree) -> int | float | None:
    """The weight of `$this * weight`."""
    match tree:
        case Operation("*", Step(None, "$this", None), Literal(int() | float() as weight)):
            return weight
        case _:
            return None


def shares_of(tree: Tree) -> list[Any]:
    """The weights of `iif(part.exists(), weight, 0) + …`."""
    match tree:
        case Operation("+", left, right):
            return [*shares_of(left), *shares_of(right)]
        case Step(None, "iif", (Step(_, "exists", ()), Literal(weight), Literal(0))):
            return [weight]
        case _:
            raise Unreadable("calculated_value")


def cases_of(tree: Tree, otherwise: Tree) -> Cases:
    """The tests and points of nested `iif`, whose last part is `otherwise`."""
    found: Cases = []
    while isinstance(tree, Step) and tree.name == "iif" and len(tree.args or ()) == 3:
        test, points, tree = tree.args or (tree, tree, tree)
        number = number_in(points)
        if number is None:
            raise Unreadable("calculated_value")
        found.append((test, number))
    if tree != otherwise or not found:
        raise Unreadable("calculated_value")
    return found


def number_in(tree: Tree) -> int | float | None:
    """A number, also below 0 as `(0 - 3)`; None for nothing."""
    match tree:
        case Literal(int() | float() as number, "number"):
            return number
        case Operation("-", Literal(0), Literal(int() | float() as number)):
            return -number
        case Nothing():
            return None
        case _:
            raise Unreadable("calculated_value")


def compared_value(test: Tree) -> str:
    """The value of `$this=value`."""
    match test:
        case Operation("=", Step(None, "$this", None), Literal(value, "number")):
            return str(value)
        case _:
            raise Unreadable("calculated_value")
