"""Constraints of XLSForm questions as limits of ours: the idioms that say a range, a length, a
pattern, a number of choices, or that one choice stands alone."""

from typing import Any

from engine.questions.moments import is_date, is_time
from interchange.expression import Call, Name, Tree
from interchange.node import number_of
from interchange.xlsform.xpath import SELF

Made = dict[str, Any]
_ITSELF = Name(SELF)
_TURNED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}
_ORDER = ("lt", "le", "gt", "ge")


def apply(made: Made, tree: Tree) -> bool:
    """Put what a constraint says into the question; False where a part of it cannot be said."""
    is_said = True
    for part in _parts(tree):
        is_said = _apply_one(made, part) and is_said
    return is_said


def _parts(tree: Tree) -> list[Tree]:
    if isinstance(tree, Call) and tree.op == "and":
        return [part for arg in tree.args for part in _parts(arg)]
    return [tree]


def _apply_one(made: Made, part: Tree) -> bool:
    match part:
        case True:
            return True
        case Call("regex()", (Name(name), str(pattern))) if name == SELF:
            return _pattern(made, pattern)
        case Call("not", (Call("and", (one, two)),)):
            return _alone(made, one, two) or _alone(made, two, one)
        case Call(op, (left, right)) if op in _TURNED:
            if _mentions(right) and not _mentions(left):
                op, left, right = _TURNED[op], right, left
            return _limit(made, op, left, right)
        case _:
            return False


def _mentions(tree: Tree) -> bool:
    if isinstance(tree, Call):
        return any(map(_mentions, tree.args))
    return tree == _ITSELF


def _pattern(made: Made, pattern: str) -> bool:
    if made["type"] != "text" or "pattern" in made:
        return False
    made["pattern"] = pattern
    if "|" not in pattern and not pattern.endswith("\\$"):
        made["pattern"] = pattern.removeprefix("^").removesuffix("$")
    return True


def _alone(made: Made, chosen: Tree, crowd: Tree) -> bool:
    """`not(selected(., 'none') and count-selected(.) > 1)`: nothing else beside that choice."""
    if made["type"] != "multi_choice" or not isinstance(crowd, Call):
        return False
    least = {"gt": 1, "ge": 2}.get(crowd.op)
    if crowd.args != (Call("size()", (_ITSELF,)), least):
        return False
    for option in made["options"]:
        value = option.get("ext", {}).get("source_id", option["id"])
        if chosen == Call("contains", (_ITSELF, value)):
            option["exclusive"] = True
            return True
    return False


def _limit(made: Made, op: str, left: Tree, right: Tree) -> bool:
    match left:
        case Name(name) if name == SELF:
            return _value_limit(made, op, right)
        case Call("string-length()", (Name(name),)) if name == SELF and made["type"] == "text":
            return _count_limit(made, op, right, "min_length", "max_length")
        case Call("size()", (Name(name),)) if name == SELF and made["type"] == "multi_choice":
            return _count_limit(made, op, right, "min_selected", "max_selected")
        case _:
            return False


def _count_limit(made: Made, op: str, right: Tree, least: str, most: str) -> bool:
    number = number_of(right)
    if not isinstance(number, int) or number < 0:
        return False
    low = {"ge": number, "gt": number + 1, "eq": number}.get(op)
    high = {"le": number, "lt": number - 1, "eq": number}.get(op)
    if (low is None and high is None) or (high is not None and high < 1):
        return False
    if low is not None:
        made[least] = max(low, made.get(least, 0))
    if high is not None:
        made[most] = min(high, made.get(most, high), 20_000)
    return True


def _value_limit(made: Made, op: str, right: Tree) -> bool:
    if op not in _ORDER:
        return False
    if made["type"] == "number":
        return _number_limit(made, op, right)
    if made["type"] == "date" and right == Call("today()", ()) and op in ("ge", "le"):
        made["min" if op == "ge" else "max"] = "today"
        return True
    fits = {"date": is_date, "time": is_time}.get(made["type"])
    if fits is None or not fits(right) or op not in ("ge", "le"):
        return False
    made["min" if op == "ge" else "max"] = right
    return True


def _number_limit(made: Made, op: str, right: Tree) -> bool:
    number = number_of(right)
    if number is None or isinstance(right, (Name, Call)):
        return False
    if op in ("lt", "gt"):
        if made.get("step") != 1 or not isinstance(number, int):
            return False
        number += 1 if op == "gt" else -1
    side = "min" if op in ("ge", "gt") else "max"
    if side in made:
        number = max(number, made[side]) if side == "min" else min(number, made[side])
    made[side] = number
    return True
