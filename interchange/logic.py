"""Turns foreign expressions into rules that are never unknown.

The source languages share a shape (operators over names and constants) and differ in what their
comparisons say of a pair of values: the table of comparisons is theirs.
"""

from collections.abc import Callable
from typing import Any

from interchange.calculations import AGGREGATES, ARITHMETIC, NUMERIC, Calculations, Numbers
from interchange.comparisons import TURNED, Comparisons
from interchange.expression import Call, Name, Tree, Unreadable, shown
from interchange.refs import Constant, Language, Number, Ref
from interchange.truth import (
    ALWAYS,
    NEVER,
    Rule,
    answered,
    both,
    compare,
    either,
    negated,
    one_of,
    total,
)


class Logic(Numbers):
    """Translates trees; `resolve` says what a name stands for, or raises Unreadable."""

    def __init__(
        self,
        language: Language,
        resolve: Callable[[str], "Ref | Tree"],
        calculations: Calculations,
        changed: Callable[[str, str], None],
    ) -> None:
        super().__init__(language, resolve, calculations)
        self.compared = Comparisons(language, calculations.total, changed)

    def rule(self, tree: Tree) -> Rule:
        """The rule of a whole expression.

        Raises:
            Unreadable: with the code of the loss.
        """
        self.expansions = 0
        return self._rule(tree)

    def whole_number(self, tree: Tree, name: str) -> Number:
        """A whole numeric expression as a ref or a literal; `name` is the wanted id of its value.

        Raises:
            Unreadable: with the code of the loss.
        """
        self.expansions = 0
        return self.number(tree, name)

    def _rule(self, tree: Tree) -> Rule:
        match tree:
            case bool():
                return ALWAYS if tree else NEVER
            case int() if tree in (0, 1):
                return ALWAYS if tree else NEVER
            case Call("or", (left, right)):
                chosen, own = self.truthy(left), self._rule(left)
                rest = self._rule(right)
                return either(own, rest if own == chosen else both(negated(chosen), rest))
            case Call("and", (left, right)):
                return both(self.truthy(left), self._rule(right))
            case Call("not", args):
                return negated(self.truthy(args[0]))
            case Call("empty", args):
                return negated(self._presence(args[0]))
            case Call("notempty", args):
                return self._presence(args[0])
            case Call("iif()", (when, then, otherwise)):
                chosen = self.truthy(when)
                return either(
                    both(chosen, self._rule(then)), both(negated(chosen), self._rule(otherwise))
                )
            case Call(op, (left, right)) if op in self.language.comparisons:
                return self._comparison(op, left, right)
            case _:
                return self._bare(tree, self._rule, self.language.is_true)

    def truthy(self, tree: Tree) -> Rule:
        """Whether an operand of `and`, `or`, `not` counts as true there."""
        match tree:
            case Call("or", args):
                return either(*map(self.truthy, args))
            case Call("and", args):
                return both(*map(self.truthy, args))
            case Name():
                return self._bare(tree, self.truthy, self.language.is_truthy)
            case _:
                return self._rule(tree)

    def _bare(self, tree: Tree, go: Callable[[Tree], Rule], holds: Callable[[Any], bool]) -> Rule:
        """A value that stands alone, or a calculated value that is a rule itself."""
        if isinstance(tree, Name):
            found = self.resolve(tree.name)
            if not isinstance(found, Ref):
                return self.expanded(found, go)
        elif isinstance(tree, Call) and tree.op in (ARITHMETIC | AGGREGATES.keys() | NUMERIC):
            found = self._numeric(self.number(tree))
        elif isinstance(tree, Call) and tree.op.endswith("()"):
            raise Unreadable("function", shown(tree))
        else:
            raise Unreadable("no_rule", shown(tree))
        if isinstance(found, Constant):
            return ALWAYS if holds(found.value) else NEVER
        return self._alone(found, holds, shown(tree))

    def _alone(self, ref: Ref, holds: Callable[[Any], bool], about: str) -> Rule:
        """For which answers a name alone is true: tried on what there is, or on what stands for
        it."""
        match ref.kind:
            case "choice" | "boolean":
                return self.compared.finite(ref, holds)
            case "number" if not holds(0) and not holds(None) and holds(1):
                known = compare("ne", ref.ref, 0) if holds(2) else compare("eq", ref.ref, 1)
                return known if ref.ref in self.calculations.total else total(known, ref.ref)
            case "set" if holds(["x"]):
                return ALWAYS if holds([]) else answered(ref.ref)
            case "date" | "time":
                return answered(ref.ref) if holds("2000-01-01") else NEVER
            case "text" if holds("x"):
                false = [text for text in ("0", "false")
                         if not holds(self.language.corrected(text))]  # fmt: skip
                return total(negated(one_of(ref.ref, false)), ref.ref)
            case _:
                raise Unreadable("no_rule", about)

    def _presence(self, tree: Tree) -> Rule:
        operand = self._operand(tree)
        if isinstance(operand, Constant):
            return NEVER if operand.value in (None, "", []) else ALWAYS
        if operand.parts:
            return either(*map(answered, operand.parts))
        return ALWAYS if operand.ref in self.calculations.total else answered(operand.ref)

    def _operand(self, tree: Tree) -> Ref | Constant:
        match tree:
            case Name():
                found = self.resolve(tree.name)
                if tree.name in self.numbers and not isinstance(found, Ref):
                    return self._numeric(self.numbers[tree.name])
                return found if isinstance(found, Ref) else self.expanded(found, self._operand)
            case Call("today()", ()):
                return Ref("today", "date")
            case Call(op, _) if op in ARITHMETIC or op in AGGREGATES or op in NUMERIC:
                return self._numeric(self.number(tree))
            case Call():
                raise Unreadable("function", shown(tree))
            case list():
                items = [self._operand(item) for item in tree]
                if not all(isinstance(item, Constant) for item in items):
                    raise Unreadable("list_of_names", shown(tree))
                return Constant([item.value for item in items if isinstance(item, Constant)])
            case _:
                return Constant(tree)

    def _numeric(self, number: Number) -> Ref | Constant:
        if not isinstance(number, str):
            return Constant(number)
        return Ref(number, "number", is_calculated=self.language.nothing_spreads)

    def _comparison(self, op: str, left: Tree, right: Tree) -> Rule:
        told = self._of_truth(op, left, right)
        if told is not None:
            return told
        one, two = self._operand(left), self._operand(right)
        says, compared = self.language.comparisons[op], self.compared
        match one, two:
            case Constant(), Constant():
                return ALWAYS if says(one.value, two.value) else NEVER
            case Ref(), Constant():
                return compared.against(op, one, two.value, lambda v: says(v, two.value))
            case Constant(), Ref():
                turned = TURNED.get(op, op)
                return compared.against(turned, two, one.value, lambda v: says(one.value, v))
            case Ref(), Ref():
                return compared.of_two(op, one, two)
        raise AssertionError

    def _of_truth(self, op: str, left: Tree, right: Tree) -> Rule | None:
        """`({a} > 1) = true`: a rule compared with a truth value."""
        for rule, value in ((left, right), (right, left)):
            if isinstance(value, bool) and op in ("eq", "ne") and self._is_rule(rule):
                return self._rule(rule) if value == (op == "eq") else negated(self._rule(rule))
        return None

    def _is_rule(self, tree: Tree) -> bool:
        if isinstance(tree, Name):
            found = self.resolve(tree.name)
            return not isinstance(found, Ref) and self.expanded(found, self._is_rule)
        if isinstance(tree, Call) and tree.op == "iif()":
            return len(tree.args) == 3 and all(map(self._is_rule, tree.args[1:]))
        rules = {"or", "and", "not", "empty", "notempty", *self.language.comparisons}
        return isinstance(tree, Call) and tree.op in rules
