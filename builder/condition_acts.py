"""What the buttons of a condition's page do to its tree, and where they lead the keyboard."""

from msgspec.structs import replace

from builder.choices import Op
from builder.conditions import Group, How, Part, Path, Row

_OPPOSITE: dict[str, Op] = {
    "answered": "unanswered", "unanswered": "answered", "always": "never", "never": "always",
}  # fmt: skip


def landing(group: Group, asked: str) -> Path:
    """Where the keyboard goes after a button: to the part that it made or moved.

    Args:
        group: the tree after it.
    """
    verb, _, at = asked.partition(" ")
    path = tuple(int(step) for step in at.split(".") if step.isdecimal())
    if verb == "remove":
        path = path[:-1]
    try:
        part = _at(group, path)
    except NoSuchPart:
        part, path = group, ()
    match verb, part:
        case "add", Row():
            return (*path[:-1], path[-1] + 1) if path else ()
        case "add", Group():
            return (*path, len(part.parts) - 1)
        case "group", Group():
            inner = len(part.parts) - 1
            return (*path, inner, 0) if not _is_wrapped(part) else (*path, 1)
        case "copy", _ if path:
            return (*path[:-1], path[-1] + 1)
        case "up", _ if path:
            return (*path[:-1], max(0, path[-1] - 1))
        case "down", _ if path:
            above = _at(group, path[:-1])
            count = len(above.parts) if isinstance(above, Group) else 1
            return (*path[:-1], min(count - 1, path[-1] + 1))
        case _:
            return path


def _is_wrapped(group: Group) -> bool:
    """Whether this group was just put round a row: the row, and an empty one."""
    return len(group.parts) == 2 and all(isinstance(part, Row) for part in group.parts)


class NoSuchPart(ValueError):
    """The path leads nowhere."""


def act(group: Group, asked: str) -> Group:
    """The tree after what a button asks for: a verb and the path of a part.

    `add` puts an empty row into a group or behind a row; `group` puts a group into a group, or one
    round a row, of the other kind; `ungroup` takes a group's brackets away; `not` turns a part
    round; `up`, `down`, `remove`, `copy` do so; `clear` empties everything.

    Raises:
        NoSuchPart: there is no such verb, or no part there.
    """
    verb, _, at = asked.partition(" ")
    if verb == "clear":
        return Group()
    try:
        path = tuple(int(step) for step in at.split(".")) if at else ()
    except ValueError:
        raise NoSuchPart(asked) from None
    part = _at(group, path)
    match verb, part:
        case "add", Group():
            return _with(group, path, replace(part, parts=(*part.parts, Row())))
        case "add", Row():
            return _behind(group, path, Row())
        case "group", Group():
            inner = Group(_other(part.how), False, (Row(),))
            return _with(group, path, replace(part, parts=(*part.parts, inner)))
        case "group", Row():
            above = _at(group, path[:-1])
            how = _other(above.how) if isinstance(above, Group) else "any"
            return _with(group, path, Group(how, False, (part, Row())))
        case "ungroup", Group() if path:
            return _ungrouped(group, path, part)
        case "not", _:
            return _with(group, path, _turned(part))
        case "up" | "down" | "remove" | "copy", _ if path:
            return _in_list(group, path, verb)
        case _:
            raise NoSuchPart(asked)


def _other(how: How) -> How:
    return "any" if how == "all" else "all"


def _turned(part: Part) -> Part:
    if isinstance(part, Row) and part.op in _OPPOSITE:
        return replace(part, op=_OPPOSITE[part.op])
    return replace(part, is_not=not part.is_not)


def _at(group: Group, path: Path) -> Part:
    part: Part = group
    for step in path:
        if not isinstance(part, Group) or step >= len(part.parts):
            raise NoSuchPart(".".join(map(str, path)))
        part = part.parts[step]
    return part


def _group_at(group: Group, path: Path) -> Group:
    found = _at(group, path)
    if not isinstance(found, Group):
        raise NoSuchPart(".".join(map(str, path)))
    return found


def _with(group: Group, path: Path, part: Part) -> Group:
    """The tree with another part at the path."""
    if not path:
        return part if isinstance(part, Group) else Group(parts=(part,))
    above = _group_at(group, path[:-1])
    parts = (*above.parts[: path[-1]], part, *above.parts[path[-1] + 1 :])
    return _with(group, path[:-1], replace(above, parts=parts))


def _behind(group: Group, path: Path, part: Part) -> Group:
    above, i = _group_at(group, path[:-1]), path[-1] + 1
    return _with(group, path[:-1], replace(above, parts=(*above.parts[:i], part, *above.parts[i:])))


def _ungrouped(group: Group, path: Path, part: Group) -> Group:
    """The parts of a group among those around it; a group that is turned round stays one."""
    above, i = _group_at(group, path[:-1]), path[-1]
    is_same = part.how == above.how or len(part.parts) < 2
    if part.is_not or not is_same:
        return group
    parts = (*above.parts[:i], *part.parts, *above.parts[i + 1 :])
    return _with(group, path[:-1], replace(above, parts=parts))


def _in_list(group: Group, path: Path, verb: str) -> Group:
    above, i = _group_at(group, path[:-1]), path[-1]
    parts = list(above.parts)
    part = parts.pop(i)
    match verb:
        case "up":
            parts.insert(max(0, i - 1), part)
        case "down":
            parts.insert(i + 1, part)
        case "copy":
            parts[i:i] = [part, part]
        case _:
            if not parts and len(path) > 1:
                return _in_list(group, path[:-1], "remove")
    return _with(group, path[:-1], replace(above, parts=tuple(parts)))
