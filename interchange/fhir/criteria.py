"""What a FHIRPath path says of the answers on which it ends: which item, which of its options."""

from typing import Any, NamedTuple

from interchange.expression import Unreadable
from interchange.fhir.syntax import Literal, Operation, Step, Tree
from interchange.refs import Ref
from interchange.truth import Rule, both, compare, either, negated, one_of, total

VALUES = frozenset(("value", "first", "last", "single"))


class Answers(NamedTuple):
    """The answers of an item on which a path ends."""

    ref: Ref
    is_code: bool = False
    criteria: tuple[Tree, ...] = ()
    is_text: bool = False


THIS = Step(None, "$this", None, "$this")
CODE = Step(None, "code", None, "code")


def not_true(rule: Rule) -> Rule:
    """Whether a rule is not true: false or unknown (`iif` takes its last part for both)."""
    match rule["op"]:
        case "all":
            return either(*map(not_true, rule["of"]))
        case "any":
            return both(*map(not_true, rule["of"]))
        case "answered":
            return negated(rule)
        case "not" if rule["of"]["op"] == "answered":
            return rule["of"]
        case _:
            inner = rule["of"] if rule["op"] == "not" else rule
            refs = [inner[side] for side in ("ref", "other") if side in inner]
            return total(negated(rule), *refs, in_silence=True)


def is_answer(tree: Tree | None) -> bool:
    """Whether a path has come to answers."""
    while isinstance(tree, Step):
        if tree.name == "answer":
            return True
        tree = tree.on
    return False


def link_of(step: Step) -> str:
    """The linkId that a `where` names, "" where it names none; raises Unreadable for other ones."""
    match step.args:
        case (Operation("=", Step(None, "linkId", None), Literal(str() as link, "text")),):
            return link
        case (Operation("=", Literal(str() as link, "text"), Step(None, "linkId", None)),):
            return link
        case _:
            raise Unreadable("fhirpath_rule", step.text)


def narrowed(found: Answers, step: Step, text: str) -> Answers:
    """Answers after one more step of their path."""
    match step:
        case Step(_, "where", (criterion,)):
            return found._replace(criteria=(*found.criteria, criterion))
        case Step(_, "code", None):
            return found._replace(is_code=True)
        case Step(_, "ofType" | "as", (Step(None, "string" | "String", None),)) if (
            found.ref.kind in ("choice", "set")
        ):
            return found._replace(is_text=True)
        case Step(_, "ofType" | "as", (_,)):
            return found
        case Step(_, "first" | "last" | "single", ()) if found.ref.kind == "set":
            raise Unreadable("fhirpath_rule", text)
        case Step(_, name, None | ()) if name in VALUES or name.startswith("value"):
            return found
        case _:
            raise Unreadable("fhirpath_rule", text)


def is_this(tree: Tree) -> bool:
    """Whether a criterion speaks of the value itself."""
    return isinstance(tree, Step) and tree.args is None and tree.name in ("$this", "value")


def holds(criterion: Tree, stored: Any) -> bool:
    """Whether an option, by its system and code, meets a criterion."""
    system, code = stored
    match criterion:
        case Literal(True, "text"):
            return stored == ("", "other")
        case Operation("and", left, right):
            return holds(left, stored) and holds(right, stored)
        case Operation("or", left, right):
            return holds(left, stored) or holds(right, stored)
        case Step(inner, "not", ()) if inner is not None:
            return not holds(inner, stored)
        case Operation("=" | "~" | "!=" | "!~" as op, Step() as left, Literal(value, _)):
            is_plain = system is None
            match left.name:
                case "code" if not is_plain:
                    same = stored != ("", "other") and code == value
                case "system" if not is_plain:
                    same = (system or "") == value
                case "$this" | "value":
                    same = is_plain and code == str(value)
                case _ if is_plain and left.name in ("code", "system"):
                    same = False
                case _:
                    raise Unreadable("fhirpath_rule", criterion.text)
            return same == (op in ("=", "~"))
        case _:
            raise Unreadable("fhirpath_rule", getattr(criterion, "text", ""))


def of_options(op: str, found: Answers, right: Literal, text: str) -> Rule:
    """An option compared with a code; several answers are equal to it where it is the only one."""
    ref = found.ref
    if op not in ("=", "!="):
        raise Unreadable("fhirpath_rule", text)
    same = Operation("=", CODE if found.is_code else THIS, right, text)
    chosen = [literal for stored, literal in ref.values if holds(same, stored)]
    if not chosen:
        every = [literal for _, literal in ref.values]
        is_other = compare("has_any", ref.ref, every) if ref.kind == "set" else one_of(
            ref.ref, every)  # fmt: skip
        equal = negated(is_other)
    elif ref.kind == "choice":
        equal = one_of(ref.ref, chosen)
    else:
        equal = both(compare("has_any", ref.ref, chosen), compare("eq", f"{ref.ref}.count", 1))
    return equal if op == "=" else negated(equal)


def fitting(ref: Ref, literal: Literal, text: str) -> Any:
    """The literal as rules write it beside a question of this kind; raises Unreadable."""
    value = literal.value
    match ref.kind:
        case "date" if literal.kind == "date" and len(str(value)) == 10:
            return value
        case "time" if literal.kind == "time" and len(str(value)) >= 5:
            return str(value)[:5]
        case "number" | "boolean" | "text" if literal.kind == ref.kind:
            return value
        case _:
            raise Unreadable("fhirpath_rule", text)


def compares(op: str, left: int | float, right: int | float) -> bool:
    """Two numbers compared."""
    match op:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right
