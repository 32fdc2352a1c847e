"""FHIRPath expressions that say when an item is there, as rules.

FHIRPath has three truth values as our rules have (N1, section 6.5: `and`, `or`, `not()`, `implies`
over nothing), and an expression that ends in nothing counts as false for both: a comparison of an
answer that is not there stays unknown here. What is never nothing (`exists()`, `~`, `in`,
`count()`) becomes a rule that is never unknown.
"""

from collections.abc import Callable
from typing import Any, TypeGuard, cast

from engine.definition import MAX_COMPARISONS
from interchange.expression import Unreadable
from interchange.fhir.context import Context
from interchange.fhir.criteria import (
    CODE,
    THIS,
    Answers,
    compares,
    fitting,
    holds,
    is_answer,
    is_this,
    link_of,
    narrowed,
    not_true,
    of_options,
)
from interchange.fhir.syntax import Literal, Nothing, Operation, Step, Tree, parse
from interchange.node import is_object
from interchange.refs import Ref
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
    size,
    total,
    within_limits,
)

_ROOTS = frozenset(("%resource", "%context", "%questionnaire", "$this", "QuestionnaireResponse"))
_ABOVE = frozenset(("item", "descendants", "repeat", "QuestionnaireResponse", "answer"))
_COMPARISONS = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_ORDERED = frozenset(("number", "date", "time"))
MAX_LEVELS = 20
MAX_EXPANSIONS = 200
MAX_SIZE = 4 * MAX_COMPARISONS
FHIRPATH = "text/fhirpath"


def condition(context: Context, text: str, at: str) -> Rule | None:
    """The rule of an enableWhenExpression (or of a toggle of options); None (and a loss) where it
    reads what has no counterpart."""
    reader = _Reader(context, at)
    try:
        return within_limits(reader.rule(parse(text)))
    except Unreadable as problem:
        about = f"{text}: {problem.about}" if problem.about not in ("", text) else text
        context.report.lose(problem.code, at, about)
        return None


def is_fhirpath(expression: Any) -> TypeGuard[dict[str, str]]:
    """Whether a FHIR Expression holds a FHIRPath expression."""
    return (
        is_object(expression)
        and isinstance(expression.get("expression"), str)
        and expression.get("language", FHIRPATH) == FHIRPATH
    )


class _Reader:
    def __init__(self, context: Context, at: str) -> None:
        self.context = context
        self.at = at
        self.level = 0
        self.expansions = 0

    # -- truth ------------------------------------------------------------------------------

    def rule(self, tree: Tree) -> Rule:
        """The rule of a tree; raises Unreadable, also where it grows beyond what a rule may hold
        (`xor` and `iif` say their parts twice)."""
        made = self.made(tree)
        if size(made)[1] > MAX_SIZE:
            raise Unreadable("fhirpath_rule", getattr(tree, "text", ""))
        return made

    def made(self, tree: Tree) -> Rule:
        match tree:
            case Literal(bool() as value, _):
                return ALWAYS if value else NEVER
            case Nothing():
                return NEVER
            case Operation("and", left, right):
                return both(self.rule(left), self.rule(right))
            case Operation("or", left, right):
                return either(self.rule(left), self.rule(right))
            case Operation("implies", left, right):
                return either(negated(self.rule(left)), self.rule(right))
            case Operation("xor", left, right):
                one, two = self.rule(left), self.rule(right)
                return either(both(one, negated(two)), both(negated(one), two))
            case Operation("in" | "contains" as op, left, right):
                one, many = (left, right) if op == "in" else (right, left)
                return self.contained(one, many, tree)
            case Operation():
                return self.comparison(tree)
            case Step():
                return self.step(tree)
            case _:
                raise Unreadable("fhirpath_rule")

    def step(self, tree: Step) -> Rule:
        match tree:
            case Step(Step() | Operation() | Literal() as on, "not", ()):
                return negated(self.rule(on))
            case Step(Step() as on, "exists" | "hasValue", ()):
                return self.presence(on)
            case Step(Step() as on, "exists", (criterion,)):
                return self.presence(on, criterion)
            case Step(Step() as on, "empty", ()):
                return negated(self.presence(on))
            case Step(None, "iif", (when, then, *rest)):
                unmet = not_true(self.rule(when))
                sure = both(negated(unmet), self.rule(then))
                return either(sure, both(unmet, self.rule(rest[0]))) if rest else sure
            case Step(None, name, None) if name in self.context.variables:
                return self.variable(name, self.rule)
            case _:
                found = self.answers(tree)
                if found.ref.kind != "boolean" or found.criteria:
                    raise Unreadable("fhirpath_rule", tree.text)
                return compare("eq", self.read(found).ref, True)

    def variable(self, name: str, go: Callable[[Tree], Any]) -> Any:
        """What a named expression stands for."""
        self.level += 1
        self.expansions += 1
        if self.level > MAX_LEVELS or self.expansions > MAX_EXPANSIONS:
            raise Unreadable("circle", name)
        try:
            return go(parse(self.context.variables[name]))
        finally:
            self.level -= 1

    # -- answers ----------------------------------------------------------------------------

    def answers(self, tree: Tree) -> Answers:
        """The answers on which a path ends; raises Unreadable where it ends on none."""
        if isinstance(tree, Step) and tree.on is None and tree.name in self.context.variables:
            return self.variable(tree.name, self.answers)
        steps: list[Step] = []
        at: Tree | None = tree
        while isinstance(at, Step):
            steps.insert(0, at)
            at = at.on
        text = steps[-1].text if steps else ""
        first = steps[0] if steps else None
        is_rooted = first is not None and (first.name in _ROOTS or first.name in _ABOVE)
        if at is not None or not is_rooted:
            raise Unreadable("fhirpath_rule", text)
        return self.followed(steps, text)

    def followed(self, steps: list[Step], text: str) -> Answers:
        link, found = "", None
        for step in steps:
            if found is None and step.name == "where" and not is_answer(step.on):
                link = link_of(step) or link
            elif found is None and step.name == "answer" and link:
                found = Answers(self.known(link))
            elif found is None and step.name in _ABOVE | _ROOTS:
                continue
            elif found is None:
                raise Unreadable("fhirpath_rule", text)
            else:
                found = narrowed(found, step, text)
        if found is None:
            raise Unreadable("fhirpath_rule", text)
        return found

    def known(self, link: str) -> Ref:
        context = self.context
        found = context.known(link)
        if found is not None:
            return found
        raise Unreadable("looks_ahead" if link in context.later else "unknown_name", link)

    def read(self, found: Answers) -> Ref:
        """The question of answers, which a rule reads now."""
        if found.ref.ref in self.context.conditional:
            self.context.report.note("hidden_answers", self.at, found.ref.ref)
        return found.ref

    def presence(self, tree: Step, criterion: Tree | None = None) -> Rule:
        """Whether there is an answer that meets the criteria; true or false, never unknown."""
        found = self.answers(tree)
        criteria = (*found.criteria, *((criterion,) if criterion is not None else ()))
        ref = self.read(found)
        if found.is_text:
            criteria = (Literal(True, "text"), *criteria)
        if not criteria:
            return answered(ref.ref)
        return both(*(self.met(ref, one) for one in criteria))

    def met(self, ref: Ref, criterion: Tree) -> Rule:
        """Whether an answer meets a criterion."""
        if ref.kind in ("choice", "set"):
            chosen = [lit for stored, lit in ref.values if holds(criterion, stored)]
            if not chosen:
                return NEVER
            known = compare("has_any", ref.ref, chosen) if ref.kind == "set" else one_of(
                ref.ref, chosen)  # fmt: skip
            return total(known, ref.ref)
        if isinstance(criterion, Operation) and criterion.op in ("and", "or"):
            join = both if criterion.op == "and" else either
            return join(self.met(ref, criterion.left), self.met(ref, criterion.right))
        if isinstance(criterion, Operation) and is_this(criterion.left):
            known = self.against(criterion.op, Answers(ref), criterion.right, criterion.text)
            return total(known, ref.ref)
        raise Unreadable("fhirpath_rule", getattr(criterion, "text", ""))

    # -- comparisons ------------------------------------------------------------------------

    def comparison(self, tree: Operation) -> Rule:
        op, left, right = tree.op, tree.left, tree.right
        if isinstance(left, (Literal, Nothing)) and not isinstance(right, (Literal, Nothing)):
            op, left, right = _TURNED.get(op, op), right, left
        if isinstance(left, Nothing) or isinstance(right, Nothing):
            return NEVER
        if isinstance(right, Literal) and right.kind == "boolean" and self.is_rule(left):
            rule = self.rule(left)
            if op not in ("=", "!="):
                raise Unreadable("fhirpath_rule", tree.text)
            return rule if (op == "=") == right.value else negated(rule)
        if isinstance(left, Step) and left.name == "count" and isinstance(left.on, Step):
            return self.counted(op, left.on, right, tree)
        try:
            found = self.answers(left)
        except Unreadable as problem:
            if problem.code != "fhirpath_rule" or self.is_rule(left):
                raise
            return self.calculated(op, left, right, tree)
        return self.against(op, found, right, tree.text)

    def is_rule(self, tree: Tree) -> bool:
        if isinstance(tree, Operation):
            return tree.op in ("and", "or", "xor", "implies", "in", "contains", *_COMPARISONS)
        return isinstance(tree, Step) and tree.name in ("not", "exists", "empty", "hasValue", "iif")

    def against(self, op: str, found: Answers, right: Tree, text: str) -> Rule:
        """Answers compared with something else; unknown where there are none, but for `~`."""
        ref = self.read(found)
        if found.criteria or op not in (*_COMPARISONS, "~", "!~"):
            raise Unreadable("fhirpath_rule", text)
        if op in ("~", "!~"):
            equal = total(self.against("=", found, right, text), ref.ref)
            return equal if op == "~" else negated(equal)
        if isinstance(right, Step):
            return self.of_two(op, ref, right, text)
        if not isinstance(right, Literal):
            raise Unreadable("fhirpath_rule", text)
        if ref.kind in ("choice", "set"):
            return of_options(op, found, right, text)
        value = fitting(ref, right, text)
        if ref.kind not in _ORDERED and op not in ("=", "!="):
            raise Unreadable("fhirpath_rule", text)
        return compare(_COMPARISONS[op], ref.ref, value)

    def of_two(self, op: str, ref: Ref, right: Step, text: str) -> Rule:
        if right.on is None and right.name == "today" and ref.kind == "date":
            return compare_refs(_COMPARISONS[op], ref.ref, "today")
        other = self.answers(right)
        kinds = (ref.kind, other.ref.kind)
        is_plain = kinds[0] == kinds[1] and kinds[0] in (*_ORDERED, "text", "boolean")
        if not is_plain or other.criteria or (kinds[0] not in _ORDERED and op not in ("=", "!=")):
            raise Unreadable("fhirpath_rule", text)
        return compare_refs(_COMPARISONS[op], ref.ref, self.read(other).ref)

    def counted(self, op: str, on: Step, right: Tree, tree: Operation) -> Rule:
        """How many answers there are: none is 0 here, and unknown in our rules."""
        found = self.answers(on)
        ref = self.read(found)
        is_number = isinstance(right, Literal) and right.kind == "number"
        if not is_number or op not in _COMPARISONS or found.criteria or found.is_text:
            raise Unreadable("fhirpath_rule", tree.text)
        value = cast("int | float", cast(Literal, right).value)
        most = 1 if ref.kind != "set" else None
        if most is not None:
            return either(
                both(answered(ref.ref), ALWAYS if compares(op, most, value) else NEVER),
                both(silent(ref.ref), ALWAYS if compares(op, 0, value) else NEVER),
            )
        known = compare(_COMPARISONS[op], f"{ref.ref}.count", value)
        return total(known, ref.ref, in_silence=compares(op, 0, value))

    def contained(self, one: Tree, many: Tree, tree: Operation) -> Rule:
        """`'a' in …answer.value.code`; false where there is no answer."""
        found = self.answers(many)
        ref = self.read(found)
        if not isinstance(one, Literal) or found.criteria:
            raise Unreadable("fhirpath_rule", tree.text)
        if ref.kind in ("choice", "set"):
            same = Operation("=", CODE if found.is_code else THIS, one, tree.text)
            return self.met(ref, same)
        return total(self.against("=", found, one, tree.text), ref.ref)

    def calculated(self, op: str, left: Tree, right: Tree, tree: Operation) -> Rule:
        """A number that is worked out, compared with one."""
        text = left.text if isinstance(left, (Step, Operation)) else ""
        if not isinstance(right, Literal) or right.kind != "number" or op not in _COMPARISONS:
            raise Unreadable("fhirpath_rule", tree.text)
        value = cast("int | float", right.value)
        is_sum = isinstance(left, Step) and left.name == "sum"
        if "sum()" in text and (not is_sum or compares(op, 0, value)):
            raise Unreadable("fhirpath_rule", tree.text)  # a sum of nothing is 0 there
        number = self.context.worked_out(text)
        if isinstance(number, str):
            return compare(_COMPARISONS[op], number, value)
        return ALWAYS if compares(op, number, value) else NEVER
