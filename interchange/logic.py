"""Turns foreign expressions into rules that are never unknown, and into computed values.

The source languages share a shape (operators over names and constants) and differ in what their
comparisons say of a pair of values: the table of comparisons is theirs. Where the values that a
question can have are few, a comparison is tried on each of them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from engine.questions.moments import is_date, is_time
from interchange.expression import Call, Name, Tree, Unreadable
from interchange.node import is_list, number_of
from interchange.truth import (
    ALWAYS,
    NEVER,
    Rule,
    answered,
    both,
    compare,
    compare_refs,
    either,
    negated,
    one_of,
    silent,
    total,
)

Kind = Literal["choice", "set", "boolean", "number", "date", "time", "text", "opaque"]
Compare = Callable[[Any, Any], bool]
Number = str | int | float
_FINITE = ("choice", "boolean")
_ORDER = ("lt", "le", "gt", "ge")
_AGGREGATES = {"sum()": "sum", "avg()": "mean", "min()": "min", "max()": "max", "count()": "count",
               "total()": "sum"}  # fmt: skip
"""`sum()` of nothing is 0, `total()` of nothing is nothing."""
_ARITHMETIC = frozenset(("+", "-", "*", "/", "%", "^"))
_NUMERIC = frozenset(("iif()", "size()", "number()", "chosen()"))
MAX_PAIRS = 30
MAX_EXPANSIONS = 200
MAX_LEVELS = 40


class Ref(NamedTuple):
    """A foreign name as our rules know it.

    `values` pairs each value that the source can hold with our literal, where they are few;
    `as_number` names a ref that holds the value as a number, where the value is no number itself.
    `parts` are all refs of a question that became several: one answered is an answer.
    `is_calculated`: without a value it is no number (NaN) rather than an empty answer.
    """

    ref: str
    kind: Kind
    values: tuple[tuple[Any, Any], ...] = ()
    as_number: Callable[[], str] | None = None
    parts: tuple[str, ...] = ()
    is_calculated: bool = False


class Constant(NamedTuple):
    """A value written in the expression."""

    value: Any


class Calculations:
    """The computed values that expressions need; equal ones are made once."""

    def __init__(self, take: Callable[[str], str]) -> None:
        self.take = take
        self.made: dict[str, dict[str, Any]] = {}
        self._known: dict[str, str] = {}
        self.total: set[str] = set()

    def add(self, value: dict[str, Any], is_total: bool, name: str = "calc") -> str:
        """The id of a computed value; `is_total` says that it always has a value."""
        key = repr(value)
        if key not in self._known or (name != "calc" and name not in self.made):
            made = self.take(name) if name == "calc" else name
            self._known[key] = made
            self.made[made] = {"id": made, "value": value}
            if is_total:
                self.total.add(made)
        return self._known[key]


class Language(NamedTuple):
    """What a source language says of two values, and of a missing number in a calculation."""

    comparisons: Mapping[str, Compare]
    corrected: Callable[[Any], Any]
    """An answer as expressions see it."""
    empty_is_zero: bool
    as_set: Callable[[Any], Any] = lambda value: value
    """A constant that several choices are compared with, as a list where it means one."""
    as_number: Callable[[Any], int | float | None] = number_of
    """What a constant is worth beside a number."""
    is_true: Callable[[Any], bool] = lambda value: value is True
    """Whether a value that stands alone as the whole expression makes it true."""
    is_truthy: Callable[[Any], bool] = lambda value: value is True
    """Whether a value counts as true inside `and`, `or`, `not` and `iif`."""
    nothing_spreads: bool = False
    """Whether a missing number makes min, max and all that is made of it no number (NaN)."""


class Logic:
    """Translates trees; `resolve` says what a name stands for, or raises Unreadable."""

    def __init__(
        self,
        language: Language,
        resolve: Callable[[str], "Ref | Tree"],
        calculations: Calculations,
        changed: Callable[[str, str], None],
    ) -> None:
        self.language = language
        self.resolve = resolve
        self.calculations = calculations
        self.changed = changed
        self._level = 0
        self._numbers: dict[str, Number] = {}
        """Calculated values by name, once they are made."""
        self._expansions = 0

    # -- truth ------------------------------------------------------------------------------

    def rule(self, tree: Tree) -> Rule:
        """The rule of a whole expression.

        Raises:
            Unreadable: with the code of the loss.
        """
        self._expansions = 0
        return self._rule(tree)

    def whole_number(self, tree: Tree, name: str) -> Number:
        """A whole numeric expression as a ref or a literal; `name` is the wanted id of its value.

        Raises:
            Unreadable: with the code of the loss.
        """
        self._expansions = 0
        return self.number(tree, name)

    def _rule(self, tree: Tree) -> Rule:
        match tree:
            case bool():
                return ALWAYS if tree else NEVER
            case int() if tree in (0, 1):
                return ALWAYS if tree else NEVER
            case Call("or", (left, right)):
                chosen, own = self._truthy(left), self._rule(left)
                rest = self._rule(right)
                return either(own, rest if own == chosen else both(negated(chosen), rest))
            case Call("and", (left, right)):
                return both(self._truthy(left), self._rule(right))
            case Call("not", args):
                return negated(self._truthy(args[0]))
            case Call("empty", args):
                return negated(self._presence(args[0]))
            case Call("notempty", args):
                return self._presence(args[0])
            case Call("iif()", (when, then, otherwise)):
                chosen = self._truthy(when)
                return either(
                    both(chosen, self._rule(then)), both(negated(chosen), self._rule(otherwise))
                )
            case Call(op, (left, right)) if op in self.language.comparisons:
                return self._comparison(op, left, right)
            case _:
                return self._bare(tree, self._rule, self.language.is_true)

    def _truthy(self, tree: Tree) -> Rule:
        """Whether an operand of `and`, `or`, `not` counts as true there."""
        match tree:
            case Call("or", args):
                return either(*map(self._truthy, args))
            case Call("and", args):
                return both(*map(self._truthy, args))
            case Name():
                return self._bare(tree, self._truthy, self.language.is_truthy)
            case _:
                return self._rule(tree)

    def _bare(self, tree: Tree, go: Callable[[Tree], Rule], holds: Callable[[Any], bool]) -> Rule:
        """A value that stands alone, or a calculated value that is a rule itself."""
        if isinstance(tree, Name):
            found = self.resolve(tree.name)
            if not isinstance(found, Ref):
                return self._expanded(found, go)
        elif isinstance(tree, Call) and tree.op in (_ARITHMETIC | _AGGREGATES.keys() | _NUMERIC):
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
                return self._finite(ref, holds)
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

    def _expanded(self, tree: Tree, go: Callable[[Tree], Any]) -> Any:
        self._level += 1
        self._expansions += 1
        if self._level > MAX_LEVELS or self._expansions > MAX_EXPANSIONS:
            raise Unreadable("circle", shown(tree))
        try:
            return go(tree)
        finally:
            self._level -= 1

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
                if tree.name in self._numbers and not isinstance(found, Ref):
                    return self._numeric(self._numbers[tree.name])
                return found if isinstance(found, Ref) else self._expanded(found, self._operand)
            case Call("today()", ()):
                return Ref("today", "date")
            case Call(op, _) if op in _ARITHMETIC or op in _AGGREGATES or op in _NUMERIC:
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
        says = self.language.comparisons[op]
        match one, two:
            case Constant(), Constant():
                return ALWAYS if says(one.value, two.value) else NEVER
            case Ref(), Constant():
                return self._against(op, one, two.value, lambda value: says(value, two.value))
            case Constant(), Ref():
                turned = _TURNED.get(op, op)
                return self._against(turned, two, one.value, lambda value: says(one.value, value))
            case Ref(), Ref():
                return self._of_two(op, one, two)
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
            return not isinstance(found, Ref) and self._expanded(found, self._is_rule)
        if isinstance(tree, Call) and tree.op == "iif()":
            return len(tree.args) == 3 and all(map(self._is_rule, tree.args[1:]))
        rules = {"or", "and", "not", "empty", "notempty", *self.language.comparisons}
        return isinstance(tree, Call) and tree.op in rules

    # -- one name against a constant --------------------------------------------------------

    def _against(self, op: str, ref: Ref, value: Any, holds: Callable[[Any], bool]) -> Rule:
        """`holds` says what the source says of each value of the name."""
        if ref.is_calculated and value in ("", []):
            return ALWAYS if op == "ne" else NEVER
        if value in (None, "", []) and op in ("eq", "ne"):
            present = either(*map(answered, ref.parts or (ref.ref,)))
            return negated(present) if op == "eq" else present
        match ref.kind:
            case "choice" | "boolean":
                return self._finite(ref, holds)
            case "set":
                known = self._set(op, ref, self.language.as_set(value))
            case "number":
                known = self._number(op, ref, value)
            case "date" | "time":
                known = _moment(op, ref, value)
            case "text":
                known = self._text(op, ref, value)
            case "opaque":
                raise Unreadable("not_comparable", ref.ref)
        in_silence = holds([] if ref.kind == "set" else None)
        if known == NEVER and not in_silence:
            return NEVER
        if ref.ref in self.calculations.total:
            return known
        return total(known, ref.ref, in_silence=in_silence)

    def _finite(self, ref: Ref, holds: Callable[[Any], bool]) -> Rule:
        correct = self.language.corrected
        literals = list(dict.fromkeys(lit for value, lit in ref.values if holds(correct(value))))
        everything = len(literals) == len({lit for _, lit in ref.values})
        in_silence = holds(None)
        if everything:
            return ALWAYS if in_silence else answered(ref.ref)
        if not literals:
            return silent(ref.ref) if in_silence else NEVER
        return total(one_of(ref.ref, literals), ref.ref, in_silence=in_silence)

    def _set(self, op: str, ref: Ref, value: Any) -> Rule:
        wants: list[Any] = value if is_list(value) else [value]
        found = [self._matching(ref, want) for want in wants]
        each = both(*(compare("has_any", ref.ref, f) if f else NEVER for f in found))
        some = [literal for literals in found for literal in literals]
        match op:
            case "contains" | "allof":
                return each
            case "notcontains":
                return negated(each)
            case "anyof":
                return compare("has_any", ref.ref, some) if some else (NEVER if wants else ALWAYS)
            case "noneof":
                return compare("has_none", ref.ref, some) if some else (ALWAYS if wants else NEVER)
            case "eq" | "ne":
                same = NEVER
                if isinstance(value, list):
                    count = compare("eq", f"{ref.ref}.count", len(wants))
                    same = both(each, count) if each != NEVER else NEVER
                return same if op == "eq" else negated(same)
            case _:
                raise Unreadable("not_comparable", ref.ref)

    def _matching(self, ref: Ref, want: Any) -> list[Any]:
        equal = self.language.comparisons["eq"]
        return [literal for value, literal in ref.values if equal(value, want)]

    def _number(self, op: str, ref: Ref, value: Any) -> Rule:
        wants: list[Any] = value if is_list(value) else [value]
        plain = [self.language.as_number(want) for want in wants]
        numbers = [n for n in plain if n is not None]
        match op:
            case "eq" | "ne" | "anyof" | "noneof":
                equal = self.language.comparisons["eq"]
                numbers = [n for n, want in zip(plain, wants, strict=True)
                           if n is not None and equal(n, want)]  # fmt: skip
                if op in ("eq", "ne") and isinstance(value, list):
                    numbers = []
                found = one_of(ref.ref, numbers)
                return negated(found) if op in ("ne", "noneof") else found
            case "lt" | "le" | "gt" | "ge":
                if len(numbers) != 1 or len(wants) != 1:
                    return NEVER
                if op in ("le", "ge") and not self.language.comparisons["eq"](numbers[0], wants[0]):
                    op = {"le": "lt", "ge": "gt"}[op]
                return compare(op, ref.ref, numbers[0])
            case _:
                raise Unreadable("number_as_text", ref.ref)

    def _text(self, op: str, ref: Ref, value: Any) -> Rule:
        if op not in ("eq", "ne", "anyof", "noneof"):
            raise Unreadable("text_search", ref.ref)
        wants: list[Any] = value if is_list(value) else [value]
        literals = [str(want).strip() for want in wants if want not in (None, "")]
        if any(text.lower() != text.upper() or number_of(text) is not None for text in literals):
            self.changed("text_compares_exactly", ref.ref)
        found = one_of(ref.ref, literals)
        return negated(found) if op in ("ne", "noneof") else found

    # -- two names --------------------------------------------------------------------------

    def _of_two(self, op: str, one: Ref, two: Ref) -> Rule:
        says = self.language.comparisons[op]
        if one.ref == two.ref and not (one.is_calculated or two.is_calculated):
            return self._with_itself(says, one)
        if one.kind in _FINITE:
            turned = _TURNED.get(op, op)
            return self._pairs(one, lambda v: self._against(turned, two, v, lambda w: says(v, w)))
        if two.kind in _FINITE:
            return self._pairs(two, lambda v: self._against(op, one, v, lambda w: says(w, v)))
        if one.kind != two.kind or one.kind in ("set", "opaque"):
            raise Unreadable("not_comparable", f"{one.ref}, {two.ref}")
        if op not in ("eq", "ne") and (op not in _ORDER or one.kind == "text"):
            raise Unreadable("not_comparable", f"{one.ref}, {two.ref}")
        if op == "ne":
            return negated(self._of_two("eq", one, two))
        refs = [r.ref for r in (one, two) if r.ref not in self.calculations.total]
        refs = [ref for ref in refs if ref != "today"]
        known = total(compare_refs(op, one.ref, two.ref), *refs)
        if says(None, None) and len(refs) == 2 and not (one.is_calculated or two.is_calculated):
            return either(known, both(*map(silent, refs)))
        return known

    def _with_itself(self, says: Compare, ref: Ref) -> Rule:
        in_silence = silent(ref.ref) if says(None, None) else NEVER
        return either(answered(ref.ref) if says(1, 1) else NEVER, in_silence)

    def _pairs(self, finite: Ref, rule_for: Callable[[Any], Rule]) -> Rule:
        if len(finite.values) > MAX_PAIRS:
            raise Unreadable("too_many_pairs", finite.ref)
        parts = [
            both(
                answered(finite.ref),
                compare("eq", finite.ref, literal),
                rule_for(self.language.corrected(value)),
            )
            for value, literal in finite.values
        ]
        return either(both(silent(finite.ref), rule_for(None)), *parts)

    # -- numbers ----------------------------------------------------------------------------

    def number(self, tree: Tree, name: str = "calc") -> Number:
        """A numeric expression as a ref or a literal; `name` is the wanted id of its value."""
        value = self._value(tree)
        if not isinstance(value, dict):
            return value
        return self.calculations.add(value, self._is_total(value), name)

    def _value(self, tree: Tree) -> Number | dict[str, Any]:
        match tree:
            case Name():
                return self._named_number(tree)
            case Call("+" | "-" | "*" | "/" as op, args):
                return self._arithmetic(op, args)
            case Call("iif()", (when, then, otherwise)):
                return {"op": "if", "when": self._truthy(when), "then": self.number(then),
                        "else": self.number(otherwise)}  # fmt: skip
            case Call(op, args) if op in _AGGREGATES:
                return self._aggregate(op, args)
            case Call("size()", (Name() as name,)):
                return self._size(name)
            case Call("chosen()", (Name() as name,)):
                return f"{self._set_ref(name)}.count"
            case Call("number()", (inner,)):
                return self._value(inner)
            case Call():
                raise Unreadable("function", shown(tree))
            case _:
                number = number_of(tree)
                if number is None:
                    raise Unreadable("no_number", shown(tree))
                return number

    def _named_number(self, tree: Name) -> Number | dict[str, Any]:
        found = self.resolve(tree.name)
        if not isinstance(found, Ref):
            if tree.name not in self._numbers:
                self._numbers[tree.name] = self._expanded(found, self.number)
            return self._numbers[tree.name]
        if found.kind == "number":
            return found.ref
        if found.as_number is not None:
            return found.as_number()
        raise Unreadable("no_number", tree.name)

    def _size(self, tree: Name) -> dict[str, Any]:
        """How many were chosen, 0 without an answer."""
        return {"op": "sum", "of": [f"{self._set_ref(tree)}.count", 0]}

    def _set_ref(self, tree: Name) -> str:
        found = self.resolve(tree.name)
        if not isinstance(found, Ref) or found.kind != "set":
            raise Unreadable("function", shown(tree))
        return found.ref

    def _aggregate(self, op: str, args: tuple[Tree, ...]) -> dict[str, Any]:
        flat: list[Tree] = []
        for arg in args:
            flat += arg if is_list(arg) else [arg]
        of: list[Number] = [self.number(arg) for arg in flat]
        if op == "sum()":
            return {"op": "sum", "of": [*of, 0]}
        value = {"op": _AGGREGATES[op], "of": of}
        if op == "avg()" and self.language.empty_is_zero:
            return {"op": "sum", "of": [self.calculations.add(value, False), 0]}
        return self._of_all(value, of) if self.language.nothing_spreads else value

    def _of_all(self, value: dict[str, Any], of: list[Number]) -> dict[str, Any]:
        """The value where every operand has one: each is taken from itself and added."""
        for number in of:
            if isinstance(number, str) and number not in self.calculations.total:
                nothing = self.calculations.add({"op": "sub", "of": [number, number]}, False)
                value = {"op": "sub", "of": [self.calculations.add(value, False), nothing]}
        return value

    def _arithmetic(self, op: str, args: tuple[Tree, ...]) -> Number | dict[str, Any]:
        if op == "+" and self.language.empty_is_zero:
            return {"op": "sum", "of": [*map(self.number, _addends(args)), 0]}
        left, right = (self._filled(self.number(arg)) for arg in args)
        if op == "+":
            minus = right if isinstance(right, str) else -right
            if isinstance(right, str):
                minus = self.calculations.add({"op": "mul", "of": [right, -1]}, False)
            return {"op": "sub", "of": [left, minus]}
        if op in "*/" and isinstance(left, str) == isinstance(right, str):
            raise Unreadable("product", op)
        names = {"-": "sub", "*": "mul", "/": "div"}
        return {"op": names[op], "of": [left, right]}

    def _filled(self, number: Number) -> Number:
        """A number that is 0 where the source counts a missing answer as 0."""
        if not self.language.empty_is_zero or not isinstance(number, str):
            return number
        if number in self.calculations.total:
            return number
        return self.calculations.add({"op": "sum", "of": [number, 0]}, True)

    def _is_total(self, value: dict[str, Any]) -> bool:
        """Whether a computed value always has a value."""
        of: list[Number] = value.get("of", [])
        fixed = [not isinstance(o, str) or o in self.calculations.total for o in of]
        match value["op"]:
            case "sum":
                return any(fixed)
            case "count":
                return True
            case "sub" | "mul":
                return all(fixed)
            case _:
                return False


_TURNED = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}


def _addends(args: tuple[Tree, ...]) -> list[Tree]:
    found: list[Tree] = []
    for arg in args:
        found += _addends(arg.args) if isinstance(arg, Call) and arg.op == "+" else [arg]
    return found


def _moment(op: str, ref: Ref, value: Any) -> Rule:
    fits = is_date if ref.kind == "date" else is_time
    wants: list[Any] = value if is_list(value) else [value]
    if not all(map(fits, wants)) or not wants:
        raise Unreadable("date_constant", str(value))
    match op:
        case "eq" | "ne" | "lt" | "le" | "gt" | "ge" if len(wants) == 1:
            return compare(op, ref.ref, wants[0])
        case "anyof":
            return one_of(ref.ref, wants)
        case "noneof":
            return negated(one_of(ref.ref, wants))
        case _:
            raise Unreadable("not_comparable", ref.ref)


def shown(tree: Tree) -> str:
    """A tree in words, for the report."""
    match tree:
        case Name():
            return "{" + tree.name + "}"
        case Call(op, args):
            return f"{op.removesuffix('()')}({', '.join(map(shown, args))})"
        case list():
            return f"[{', '.join(map(shown, tree))}]"
        case _:
            return str(tree)
