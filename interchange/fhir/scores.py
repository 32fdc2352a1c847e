"""Reads calculated expressions as scores again where they are written as ours are (see `points`):
sums, means and extremes over the points of answers, weighted or not.

Source of the shapes: `points.score_path`; an expression of another shape is no score here.
"""

from typing import Any, NamedTuple

from interchange.expression import Unreadable
from interchange.fhir.context import Context
from interchange.fhir.criteria import holds
from interchange.fhir.points import MOST, TENS, linear
from interchange.fhir.shapes import (
    Cases,
    cases_of,
    compared_value,
    counts,
    links_of,
    number_in,
    only_link,
    shares_of,
    weight_of,
)  # fmt: skip
from interchange.fhir.syntax import Literal, Nothing, Operation, Step, Tree, parse
from interchange.refs import Ref

Made = dict[str, Any]


class Part(NamedTuple):
    """What a member of a score is: the items whose points it has, as their mean if several."""

    links: tuple[str, ...]
    is_mean: bool


def read_score(context: Context, text: str) -> Made | None:
    """Method, members, weights and least number of answers of a score; None for what is none.

    The points that stand in the expression are put to the questions that they are of.
    """
    try:
        return _Reader(context).score(parse(text))
    except Unreadable:
        return None


class _Reader:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.given: list[tuple[Made, str, Any]] = []
        """Members that questions get once the whole is understood."""

    def score(self, tree: Tree) -> Made:
        least = None
        match tree:
            case Step(None, "iif", (Operation(">=", together, Literal(int() as number)),
                                    inner, Nothing())) if counts(together):  # fmt: skip
                least, tree = number, inner
            case _:
                pass
        made = self.whole(tree)
        for question, member, value in self.given:
            question[member] = value
        return made if least is None else made | {"min_answered": least}

    def whole(self, tree: Tree) -> Made:
        match tree:
            case Step(None, "iif", (Step(_, "exists", ()), Step(on, "sum", ()), Nothing())):
                return self.made("sum", on)
            case Step(on, "avg", ()):
                return self.made("mean", on)
            case Step(on, ("min" | "max") as method, ()):
                return self.made(method, on)
            case Operation("/", Step(on, "sum", ()), shares):
                made = self.made("mean", on)
                weights = [made.get("weights", {}).get(member, 1) for member in made["of"]]
                if shares_of(shares) != weights:
                    raise Unreadable("calculated_value")
                return made
            case _:
                raise Unreadable("calculated_value")

    def made(self, method: str, tree: Tree | None) -> Made:
        if isinstance(tree, Step) and tree.name == "ordinal" and tree.args == ():
            links = links_of(tree.on)
            return {"of": [self.weighed(link) for link in links], "method": method}
        parts = self.parts(tree)
        if method == "mean" and len(parts) == 1:
            return {"of": [self.member(link) for link in parts[0][0].links], "method": method}
        of = [self.one(part) for part, _ in parts]
        weights = {member: weight for member, (_, weight) in zip(of, parts, strict=True)
                   if weight != 1}  # fmt: skip
        if len(set(of)) < len(of):
            raise Unreadable("calculated_value")
        return {"of": of, "method": method} | ({"weights": weights} if weights else {})

    def one(self, part: Part) -> str:
        """A part as a member: a question, a score, or a score made for the mean of several."""
        members = [self.member(link) for link in part.links]
        if len(members) == 1:
            return members[0]
        if not part.is_mean:
            raise Unreadable("calculated_value")
        key = "mean:" + " ".join(members)
        if key not in self.context.scores:
            name = self.context.names.take(f"{part.links[0].split('.')[0]}_mean")
            self.context.scores[key] = {"id": name, "of": members, "method": "mean"}
        return f"score.{self.context.scores[key]['id']}"

    def member(self, link: str) -> str:
        ref = self.context.refs.get(link)
        if ref is None:
            raise Unreadable("calculated_value", link)
        return ref.ref

    def weighed(self, link: str) -> str:
        """A question whose options carry their points themselves."""
        question = self.context.questions.get(link)
        if question is None or not any("points" in o for o in question.get("options", ())):
            raise Unreadable("calculated_value", link)
        return self.member(link)

    # -- parts ------------------------------------------------------------------------------

    def parts(self, tree: Tree | None) -> list[tuple[Part, Any]]:
        """The parts of a collection, each with its weight."""
        match tree:
            case Step(on, "combine", (part,)):
                return [*self.parts(on), self.weighted(part)]
            case Step() as part:
                return [self.weighted(part)]
            case _:
                raise Unreadable("calculated_value")

    def weighted(self, tree: Tree) -> tuple[Part, Any]:
        match tree:
            case Step(Step() as inner, "select", (by,)) if (
                inner.name != "value" or self.is_score(inner)
            ) and (weight := weight_of(by)) is not None:
                return self.part(inner), weight
            case _:
                return self.part(tree), 1

    def is_score(self, tree: Tree) -> bool:
        """Whether a path leads to a score alone."""
        (link, *others) = links_of(tree)
        ref = self.context.refs.get(link)
        return not others and ref is not None and ref.ref.startswith("score.")

    def part(self, tree: Tree) -> Part:
        match tree:
            case Step(None, "iif", (Step(answers, "exists", ()), total, Nothing())):
                link = only_link(answers)
                self.several(link, total)
                return Part((link,), False)
            case Step(Step(answers, "select", (points,)), "avg", ()):
                links = links_of(answers)
                for link in links:
                    self.points(link, points)
                return Part(links, True)
            case Step(answers, "select", (points,)):
                link = only_link(answers)
                self.points(link, points)
                return Part((link,), False)
            case _:
                if not self.is_score(tree):
                    raise Unreadable("calculated_value")
                return Part(links_of(tree), False)

    # -- points -----------------------------------------------------------------------------

    def points(self, link: str, tree: Tree) -> None:
        """Hold the points of one answer against the question, or give them to it."""
        question, ref = self.context.questions.get(link), self.context.refs.get(link)
        if question is None or ref is None:
            raise Unreadable("calculated_value", link)
        match question["type"]:
            case "rating":
                self.of_rating(question, tree)
            case "yes_no":
                self.of_truth(question, tree)
            case "single_choice":
                self.of_options(question, ref, cases_of(tree, Nothing()))
            case _:
                raise Unreadable("calculated_value", link)

    def of_rating(self, question: Made, tree: Tree) -> None:
        low, high = question["min"], question["max"]
        text = getattr(tree, "text", "")
        if text == linear(low, high, False) or (text == TENS and (low, high) == (0, 10)):
            self.give(question, "reverse", None)
        elif text == linear(low, high, True):
            self.give(question, "reverse", True)
        else:
            self.give(
                question,
                "points",
                {compared_value(test): n for test, n in cases_of(tree, Nothing())},
            )

    def of_truth(self, question: Made, tree: Tree) -> None:
        match tree:
            case Step(None, "iif", (Step(None, "$this", None), yes, no)):
                found = {"yes": number_in(yes), "no": number_in(no)}
                given = {word: n for word, n in found.items() if n is not None}
                self.give(question, "points", given)
            case _:
                raise Unreadable("calculated_value")

    def of_options(self, question: Made, ref: Ref, cases: Cases) -> None:
        own = {o["id"]: o["points"] for o in question["options"] if "points" in o}
        found = {literal: n for test, n in reversed(cases)
                 for stored, literal in ref.values if holds(test, stored)}  # fmt: skip
        if found != own:
            raise Unreadable("calculated_value")

    def several(self, link: str, tree: Tree) -> None:
        """The sum of the points of several options, cut to 0…100."""
        question, ref = self.context.questions.get(link), self.context.refs.get(link)
        if question is None or ref is None or question["type"] != "multi_choice":
            raise Unreadable("calculated_value", link)
        cut = set[str]()
        while isinstance(tree, Step) and tree.name == "iif" and len(tree.args or ()) == 3:
            test, value, tree = tree.args or (tree, tree, tree)
            if not isinstance(test, Operation) or value != test.right or test.left != tree:
                raise Unreadable("calculated_value", link)
            cut.add(test.op)
        match tree:
            case Step(Step(_, "select", (points,)), "sum", ()):
                self.of_options(question, ref, cases_of(points, Literal(0, "number")))
            case _:
                raise Unreadable("calculated_value", link)
        points = [o["points"] for o in question["options"] if "points" in o]
        needed = {"<"} if min(points) < 0 else set[str]()
        needed |= {">"} if sum(n for n in points if n > 0) > MOST else set()
        if cut != needed:
            raise Unreadable("calculated_value", link)

    def give(self, question: Made, member: str, value: Any) -> None:
        """A member that two scores write differently is no member."""
        for one, name, other in self.given:
            if one is question and (name, other) != (member, value):
                raise Unreadable("calculated_value")
        key = question["id"]
        if self.context.scored.setdefault(key, (member, value)) != (member, value):
            raise Unreadable("calculated_value")
        if value is not None:
            self.given.append((question, member, value))
