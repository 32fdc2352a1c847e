"""Edits of a survey: pure functions from a definition to a definition, each with its inverse.

An edit addresses parts by their ids, so that two people's edits do not slip onto each other's
parts; it says what its author saw (`was`), so that a value changed meanwhile is not lost. A name
that is changed or copied is carried along through rules, scores, texts, jumps and walks; a part
that is still named elsewhere is not removed.
"""

import copy
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, cast

import msgspec
from msgspec import UNSET

from builder.declared import (
    address_of,
    behind,
    fields_of,
    name_in,
    put_entry,
    reorder,
)
from builder.references import Inner, Reference, references, uses
from builder.tree import INNER, LISTS, Place, Tree, find, fresh, home_of, ids, to_tree
from engine.check import OF_ABSENCE, check, check_parsed
from engine.definition import Document
from engine.parse import parse_value
from engine.problems import Problem
from engine.text import Text, rename_placeholders


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What all edits share: the tag `do`."""


class SetMember(Edit, frozen=True, kw_only=True, tag="set"):
    """Set a member of a part (`of` "": of the document); `member` may lead inside, as `text/en`, or
    `media/sha256:…/alt`.

    Without `value` the member is removed. `was`, if given, is what the author saw there, None where
    it was left out. A new member of a map stands before `before`, or last.
    """

    of: str
    member: str
    value: Any = UNSET
    was: Any = UNSET
    before: str | None = None


class Insert(Edit, frozen=True, kw_only=True, tag="insert"):
    """Put a new part into a list (`into` "" and `list` "pages"; a page and "questions"; a question
    and "options"; "" and "context" for a declaration, its name as `id`) before the part with the id
    `before`, or last. An id that is taken is changed."""

    into: str
    list: str
    value: dict[str, Any]
    before: str | None = None


class Remove(Edit, frozen=True, kw_only=True, tag="remove"):
    """Take a part out; refused with the list of uses while others name it."""

    of: str


class Move(Edit, frozen=True, kw_only=True, tag="move"):
    """Move a part within its list, a question to another page, a node below another (`into`)."""

    of: str
    into: str
    before: str | None = None


class Rename(Edit, frozen=True, kw_only=True, tag="rename"):
    """Give a part another id; everything that names it follows."""

    of: str
    to: str


class Duplicate(Edit, frozen=True, kw_only=True, tag="duplicate"):
    """Copy a part behind itself under new ids; what it says of itself is said of the copy."""

    of: str


class Put(Edit, frozen=True, kw_only=True, tag="put"):
    """Replace a part as a whole; its id stays. For a change of type, and for a part's own JSON."""

    of: str
    value: dict[str, Any]
    was: Any = UNSET


class Replace(Edit, frozen=True, kw_only=True, tag="replace"):
    """Replace the whole document (the JSON tab); `was` is what its author started from."""

    document: dict[str, Any]
    was: Any = UNSET


class Several(Edit, frozen=True, kw_only=True, tag="several"):
    """Edits that stand or fall together."""

    edits: "tuple[AnyEdit, ...]"


AnyEdit = SetMember | Insert | Remove | Move | Rename | Duplicate | Put | Replace | Several


class Edited(msgspec.Struct, frozen=True):
    """The definition after an edit with its problems, what undoes it, and the address of the part
    it made, if any."""

    document: Document
    inverse: AnyEdit
    made: str | None = None
    problems: tuple[Problem, ...] = ()


class Refused(Exception):
    """The edit would break the survey; nothing was changed.

    `problems` say why. `used_by` lists the mentions that keep a part; `now` is the value that
    somebody else set meanwhile.
    """

    def __init__(
        self,
        *problems: Problem,
        used_by: tuple[Reference, ...] = (),
        now: Any = UNSET,
    ) -> None:
        super().__init__(problems[0].code)
        self.problems = problems
        self.used_by = used_by
        self.now = now


def apply(document: Document, edit: AnyEdit, problems: tuple[Problem, ...] | None = None) -> Edited:
    """The definition after the edit; `problems` are those of the document, where they are known.

    An edit never adds an error but those of an unfinished part (a text not yet written): what
    would name something unknown, or something that comes later, is refused.

    Raises:
        Refused: the part does not exist, is in use, was changed meanwhile, or an error would come.
    """
    worker = _Worker(document)
    inverse = worker.run(edit)
    before = check(document) if problems is None else problems
    new = _added(before, worker.problems)
    if new:
        raise Refused(*new)
    return Edited(worker.document, inverse, worker.made, worker.problems)


def apply_all(document: Document, edits: Iterable[AnyEdit]) -> Document:
    """The definition after the edits, one after another."""
    for edit in edits:
        document = apply(document, edit).document
    return document


def _added(before: tuple[Problem, ...], after: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The errors that were not there before, but for those of unfinished parts; places may have
    shifted, so each is told by what it says."""
    known = Counter(map(_saying, before))
    found: list[Problem] = []
    for problem in after:
        saying = _saying(problem)
        if known[saying]:
            known[saying] -= 1
        elif problem.code not in OF_ABSENCE:
            found.append(problem)
    return tuple(found)


def _saying(problem: Problem) -> bytes:
    return msgspec.json.encode((problem.code, problem.params), order="deterministic")


class _Worker:
    """One edit at work on a tree of its own."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.tree = to_tree(document)
        self.problems: tuple[Problem, ...] = ()
        self.made: str | None = None

    def run(self, edit: AnyEdit) -> AnyEdit:
        """Do it; what undoes it comes back."""
        inverse = self.do(edit)
        if not isinstance(edit, Several) or _are_apart(edit.edits):
            self.read()
        match inverse:
            case SetMember():
                return self.seen(inverse)
            case Several() if _are_apart(inverse.edits):
                return Several(edits=tuple(self.seen(cast(SetMember, e)) for e in inverse.edits))
            case _:
                return inverse

    def read(self) -> None:
        """Make a document of the tree again, and the tree what the document's written form is."""
        parsed = parse_value(self.tree)
        self.problems = check_parsed(parsed)
        if parsed.document is None or parsed.problems:
            raise Refused(*(parsed.problems or self.problems))
        self.document, self.tree = parsed.document, to_tree(parsed.document)

    def seen(self, inverse: SetMember) -> SetMember:
        """The same, refused where another value stands than does now."""
        seen = self.value(inverse.of, inverse.member)
        return msgspec.structs.replace(inverse, was=None if seen is UNSET else seen)

    def do(self, edit: AnyEdit) -> AnyEdit:
        """Change the tree."""
        match edit:
            case SetMember():
                return self.set_member(edit)
            case Insert():
                return self.insert(edit)
            case Remove():
                return self.remove(edit)
            case Move():
                return self.move(edit)
            case Rename():
                return self.rename(edit)
            case Duplicate():
                return self.duplicate(edit)
            case Put():
                return self.put(edit)
            case Replace():
                return self.replace(edit)
            case Several():
                return self.several(edit)

    def place(self, address: str) -> Place:
        """The part, or a refusal that names what is missing."""
        found = find(self.tree, address)
        if found is None:
            raise Refused(Problem("no_such_part", "", {"part": address}))
        return found

    def part(self, address: str) -> Tree:
        name = name_in(address)
        if name is None:
            return self.place(address).part if address else self.tree
        fields: Tree = self.tree.get("context", {})
        if name not in fields:
            raise Refused(Problem("no_such_part", "", {"part": address}))
        return fields[name]

    # -- members ----------------------------------------------------------------------------

    def set_member(self, edit: SetMember) -> AnyEdit:
        node = self.part(edit.of)
        *path, last = edit.member.split("/")
        fixed = ("id", "type", "format", *LISTS) if not edit.of else ("id", "type", "questions")
        if not path and last in fixed and name_in(edit.of) is None:
            raise Refused(Problem("not_set_so", "", {"member": last}))
        nodes = self._nodes(node, path, edit.member)
        node = nodes[-1]
        now = node.get(last, UNSET)
        _require_same(edit.was, now)
        following = behind(node, last) if path else None
        if edit.value is UNSET:
            node.pop(last, None)
        else:
            put_entry(node, last, edit.value, edit.before)
        _prune(nodes, path)
        return SetMember(of=edit.of, member=edit.member, value=now, before=following)

    def _nodes(self, node: Tree, path: list[str], member: str) -> list[Any]:
        """The maps along a path, made where there are none; an entry of a list by its picture."""
        nodes: list[Any] = [node]
        for name in path:
            inside: Any = _entry(nodes[-1], name)
            if inside is None and isinstance(nodes[-1], dict):
                inside = cast(Tree, nodes[-1]).setdefault(name, {})
            nodes.append(inside)
            if not isinstance(inside, (dict, list)):
                raise Refused(Problem("no_such_part", "", {"part": member}))
        if not isinstance(nodes[-1], dict):
            raise Refused(Problem("no_such_part", "", {"part": member}))
        return nodes

    def value(self, of: str, member: str) -> Any:
        """What a member holds now; UNSET where it is left out."""
        node: Any = self.part(of)
        for name in member.split("/"):
            found = _entry(node, name)
            node = UNSET if found is None else found
        return node

    def put(self, edit: Put) -> AnyEdit:
        place = self.place(edit.of)
        now = place.part
        _require_same(edit.was, now)
        if edit.value.get("id") != now["id"]:
            raise Refused(Problem("not_set_so", place.at, {"member": "id"}))
        place.home[place.position] = edit.value
        return Put(of=edit.of, value=now)

    def replace(self, edit: Replace) -> AnyEdit:
        now = self.tree
        _require_same(edit.was, now)
        if edit.document.get("id") != now["id"]:
            raise Refused(Problem("not_set_so", "/id", {"member": "id"}))
        self.tree = edit.document
        return Replace(document=now)

    def several(self, edit: Several) -> AnyEdit:
        step = self.do if _are_apart(edit.edits) else self.run
        inverses = [step(one) for one in edit.edits]
        return Several(edits=tuple(reversed(inverses)))

    # -- parts ------------------------------------------------------------------------------

    def insert(self, edit: Insert) -> AnyEdit:
        if not edit.into and edit.list == "context":
            return self._declare(edit)
        home = self._list(edit.into, edit.list)
        value = copy.deepcopy(edit.value)
        taken = _ids_of(home) if edit.list in INNER else ids(self.tree)
        wanted = value.get("id")
        if not isinstance(wanted, str):
            raise Refused(Problem("bad_id", "", {"id": wanted}))
        value["id"] = fresh(wanted, taken)
        taken.add(value["id"])
        for question in cast(list[Tree], value.get("questions", [])):
            question["id"] = fresh(question["id"], taken)
            taken.add(question["id"])
        home.insert(_index(home, edit.before), value)
        self.made = self._address(edit.into, edit.list, value["id"])
        return Remove(of=self.made)

    def _declare(self, edit: Insert) -> AnyEdit:
        value = copy.deepcopy(edit.value)
        wanted = value.pop("id", None)
        if not isinstance(wanted, str):
            raise Refused(Problem("bad_id", "", {"id": wanted}))
        fields = fields_of(self.tree)
        name = fresh(wanted, set(fields))
        put_entry(fields, name, value, edit.before)
        self.made = address_of(name)
        return Remove(of=self.made)

    def _list(self, into: str, member: str) -> list[Tree]:
        allowed = (*INNER, "questions") if into else LISTS
        if member not in allowed:
            raise Refused(Problem("no_such_part", "", {"part": member}))
        return self.part(into).setdefault(member, [])

    def _address(self, into: str, member: str, name: str) -> str:
        return f"{into.partition('/')[0]}/{member}/{name}" if member in INNER else name

    def remove(self, edit: Remove) -> AnyEdit:
        self.part(edit.of)
        part, inner = _named(edit.of)
        found = uses(self.document, part, inner)
        if found:
            params = {"part": edit.of, "count": len(found)}
            raise Refused(Problem("part_in_use", "", params), used_by=found)
        if (declared := name_in(edit.of)) is not None:
            fields = fields_of(self.tree)
            before = behind(fields, declared)
            own = {"id": declared, **fields.pop(declared)}
            return Insert(into="", list="context", value=own, before=before)
        place = self.place(edit.of)
        into, member = self._home(edit.of)
        before = _behind(place)
        value = place.home.pop(place.position)
        return Insert(into=into, list=member, value=value, before=before)

    def _home(self, address: str) -> tuple[str, str]:
        found = home_of(self.tree, address)
        assert found is not None, "who asks has found the part"
        return found

    def move(self, edit: Move) -> AnyEdit:
        place = self.place(edit.of)
        into, member = self._home(edit.of)
        before = _behind(place)
        if member == "nodes" and edit.into.rpartition("/")[2] in _ids_of([place.part]):
            raise Refused(Problem("not_into_itself", place.at, {"part": edit.of}))
        if member in INNER and edit.into.partition("/")[0] != edit.of.partition("/")[0]:
            raise Refused(Problem("no_such_part", place.at, {"part": edit.into}))
        home = self._list(edit.into, member)
        part = place.home.pop(place.position)
        if edit.before == part["id"]:
            raise Refused(Problem("no_such_part", "", {"part": edit.before}))
        home.insert(_index(home, edit.before), part)
        self.made = edit.of
        return Move(of=edit.of, into=into, before=before)

    # -- names ------------------------------------------------------------------------------

    def rename(self, edit: Rename) -> AnyEdit:
        if (declared := name_in(edit.of)) is not None:
            return self._redeclare(edit, declared)
        place = self.place(edit.of)
        part, inner = _named(edit.of)
        old = place.part["id"]
        taken = _ids_of(place.home) if inner else ids(self.tree)
        if edit.to != old and edit.to in taken:
            raise Refused(Problem("duplicate_id", place.at, {"id": edit.to}))
        mentions = [
            mention for mention in references(self.document) if _names(mention, part, inner)
        ]
        for mention in sorted(mentions, key=lambda m: m.at.count("/"), reverse=True):
            _follow(self.tree, mention, old, edit.to, inner)
        self.place(edit.of).part["id"] = edit.to
        self.made = self._address(part, inner[0], edit.to) if inner else edit.to
        return Rename(of=self.made, to=old)

    def _redeclare(self, edit: Rename, old: str) -> AnyEdit:
        """Give a declared value another name; rules, texts and walks follow."""
        self.part(edit.of)
        fields = fields_of(self.tree)
        if edit.to != old and edit.to in fields:
            raise Refused(Problem("duplicate_id", "/context", {"id": edit.to}))
        for mention in references(self.document):
            if mention.id == edit.of:
                _follow(self.tree, mention, old, edit.to)
        reorder(fields, {name: edit.to if name == old else name for name in fields})
        self.made = address_of(edit.to)
        return Rename(of=self.made, to=old)

    def duplicate(self, edit: Duplicate) -> AnyEdit:
        place = self.place(edit.of)
        into, member = self._home(edit.of)
        value = copy.deepcopy(place.part)
        taken = _ids_of(place.home) if member in INNER else ids(self.tree)
        own = [value, *cast(list[Tree], value.get("questions", []))]
        names = {one["id"]: fresh(one["id"], taken) for one in own}
        if member not in INNER:
            for mention in references(self.document):
                if (
                    _names(mention, mention.id, None)
                    and mention.id in names
                    and mention.at.startswith(place.at + "/")
                ):
                    local = msgspec.structs.replace(mention, at=mention.at[len(place.at) :])
                    _follow(value, local, mention.id, names[mention.id])
        for one in own:
            one["id"] = names[one["id"]]
        place.home.insert(place.position + 1, value)
        self.made = self._address(into, member, value["id"])
        return Remove(of=self.made)


def _are_apart(edits: tuple[AnyEdit, ...]) -> bool:
    """Whether these only set members that do not lie in one another: the document need not be read
    between them, which a page of translations would wait for."""
    places = [f"{one.of}:{one.member}/" for one in edits if isinstance(one, SetMember)]
    if len(places) < len(edits):
        return False
    in_order = sorted(places)
    return not any(b.startswith(a) for a, b in pairwise(in_order))


def _require_same(was: Any, now: Any) -> None:
    """Refuse where somebody else set another value since."""
    if was is not UNSET and was != (None if now is UNSET else now):
        raise Refused(Problem("changed_meanwhile", ""), now=now)


def _entry(node: Any, name: str) -> Any:
    """The member of a map, or the entry of a list whose picture is so called; None for none."""
    if isinstance(node, list):
        entries = cast(list[Tree], node)
        return next((one for one in entries if one.get("asset") == name), None)
    return cast(Tree, node).get(name) if isinstance(node, dict) else None


def _prune(nodes: list[Any], path: list[str]) -> None:
    """Take out the maps along a path that hold nothing any more, the inner ones first; what a part
    cannot be without stays, yet to be written."""
    needed = ("text", "alt") if "pages" not in nodes[0] else ("title",)
    for outer, name, inner in reversed(list(zip(nodes, path, nodes[1:], strict=False))):
        if not inner and isinstance(outer, dict) and name not in needed:
            cast(Tree, outer).pop(name, None)


def _named(address: str) -> tuple[str, Inner | None]:
    if name_in(address) is not None:
        return address, None
    part, _, rest = address.partition("/")
    kind, _, name = rest.partition("/")
    return part, (cast(Inner, (kind, name)) if rest else None)


def _behind(place: Place) -> str | None:
    """The id of the part that follows in the list; None for the last."""
    rest = place.home[place.position + 1 :]
    return rest[0]["id"] if rest else None


def _ids_of(home: list[Tree]) -> set[str]:
    found: set[str] = set()
    for part in home:
        found.add(part["id"])
        found |= _ids_of(part.get("nodes", []))
    return found


def _index(home: list[Tree], before: str | None) -> int:
    if before is None:
        return len(home)
    for i, part in enumerate(home):
        if part["id"] == before:
            return i
    raise Refused(Problem("no_such_part", "", {"part": before}))


def _names(mention: Reference, part: str, inner: Inner | None) -> bool:
    """Whether a mention spells the id of this part, or of this option, row or node of it."""
    if mention.id != part:
        return False
    if inner is not None:
        return mention.inner == inner
    return mention.inner is None or mention.form in ("ref", "text")


def _follow(tree: Tree, mention: Reference, old: str, new: str, inner: Inner | None = None) -> None:
    """Let one mention name the part, or the option, row or node of it, by its new id."""
    *path, last = [step.replace("~1", "/").replace("~0", "~") for step in mention.at.split("/")[1:]]
    node: Any = tree
    for step in path:
        node = node[int(step) if isinstance(node, list) else step]
    key: Any = int(last) if isinstance(node, list) else last
    renamed = _renamed(mention, old, new, inner)
    match mention.form:
        case "key":
            members = cast(Tree, node)
            entries = [(renamed if name == last else name, one) for name, one in members.items()]
            members.clear()
            members.update(entries)
        case "text":
            node[key] = rename_placeholders(cast(Text, node[key]), mention.name, renamed)
        case _:
            node[key] = renamed


def _renamed(mention: Reference, old: str, new: str, inner: Inner | None) -> str:
    """How a mention spells the new id: `new`, `new.row`, `score.new`, `end:new`, `question.new`."""
    name = mention.name
    if inner is not None:
        return new if name == old else f"{name.removesuffix(old)}{new}"
    for prefix in ("score.", "end:"):
        if name == prefix + old:
            return prefix + new
    return new + name.removeprefix(old)
