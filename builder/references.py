"""Where a document names its own parts: rules, scores, texts, jumps, walks."""

from collections.abc import Iterator
from typing import Any, Literal, cast

import msgspec

from builder.declared import address_of
from engine.definition import Document, If, Walk
from engine.problems import pointer
from engine.questions import Question
from engine.questions.cascade import Cascade
from engine.questions.matrix import Matrix
from engine.questions.pickers import StaffQuestion
from engine.ruletree import Answered, Comparison, Membership, placed_leaves
from engine.scope import Scope, operands
from engine.text import placeholders

Form = Literal["ref", "value", "key", "jump", "text"]
InnerKind = Literal["options", "rows", "nodes"]
Inner = tuple[InnerKind, str]


class Reference(msgspec.Struct, frozen=True):
    """One mention of a part.

    `at` points at the mention in the document (for `key`, at the member so named); `owner` is the
    id of the page, question, score … that holds it; `id` is the part that is named (a declared
    value's address), `inner` the option, row or node of it, if one is; `name` is how it is spelled
    there (`why`, `grid.row`, `score.service`, `end:thanks`).
    """

    at: str
    form: Form
    owner: str
    id: str
    name: str
    inner: Inner | None = None


def references(document: Document) -> Iterator[Reference]:
    """Every mention of a page, question, option, row, node, score, computed value, ending or
    declared value of the context."""
    finder = _Finder(document)
    yield from finder.in_rules()
    yield from finder.in_jumps()
    yield from finder.in_numbers()
    yield from finder.in_texts()
    yield from finder.in_pickers()
    yield from finder.in_required_rows()
    for i, walk in enumerate(document.walks):
        yield from finder.in_walk(walk, pointer("walks", i))


def uses(document: Document, part: str, inner: Inner | None = None) -> tuple[Reference, ...]:
    """The mentions of a part from outside itself.

    With `inner`, those of one option, row or node with the nodes below it; without, those of the
    part and all inside it. For a page: those of the page and of its questions, but for what its
    own questions say of one another.
    """
    inside = {part} | {
        question.id for page in document.pages if page.id == part for question in page.questions
    }
    if inner is not None:
        held = _with_nodes_below(document, part, inner)
        return tuple(r for r in references(document) if r.id == part and r.inner in held)
    return tuple(r for r in references(document) if r.id in inside and r.owner not in inside)


def _with_nodes_below(document: Document, part: str, inner: Inner) -> frozenset[Inner]:
    """The option, row or node, and what is removed with it."""
    kind, name = inner
    questions = (question for page in document.pages for question in page.questions)
    cascade = next((q for q in questions if q.id == part), None)
    if kind != "nodes" or not isinstance(cascade, Cascade):
        return frozenset([inner])
    waiting = [node for _, node in cascade.walk() if node.id == name]
    found: set[Inner] = {inner}
    while waiting:
        node = waiting.pop()
        found.add((kind, node.id))
        waiting += node.nodes
    return frozenset(found)


def made_of(scope: Scope, name: str) -> frozenset[str]:
    """The refs that a score or computed value is made of, through others too, and itself."""
    waiting, seen = [name], {name}
    while waiting:
        more = set(scope.members(waiting.pop())) - seen
        seen |= more
        waiting += more
    return frozenset(seen)


class _Finder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.scope = Scope(document)

    # -- what a name stands for -------------------------------------------------------------

    def named(self, at: str, form: Form, owner: str, name: str) -> Iterator[Reference]:
        """The mention that a ref makes; none for `today` and unknown names."""
        ref = self.scope.refs.get(name)
        if ref is None or ref.source == "today":
            return
        if ref.source == "context":
            yield Reference(at, form, owner, address_of(name), name)
            return
        question = self.scope.questions.get(ref.id)
        is_row = isinstance(question, Matrix) and any(r.id == ref.part for r in question.rows)
        inner: Inner | None = ("rows", ref.part) if is_row else None
        yield Reference(at, form, owner, ref.id, name, inner)

    def literal(self, at: str, owner: str, ref: str, value: Any) -> Iterator[Reference]:
        """The option or node that a compared value names."""
        found = self.scope.refs.get(ref)
        question = self.scope.questions.get(found.id) if found else None
        if question is not None and isinstance(value, str):
            kind = inner_kind(question)
            if kind is not None and value in inner_ids(question, kind):
                yield Reference(at, "value", owner, question.id, value, (kind, value))

    # -- places -----------------------------------------------------------------------------

    def in_rules(self) -> Iterator[Reference]:
        for placed in self.scope.rules():
            owner = self.owner(placed.at)
            for at, leaf in placed_leaves(placed.rule, placed.at):
                yield from self.named(f"{at}/ref", "ref", owner, leaf.ref)
                match leaf:
                    case Comparison():
                        if leaf.other is not None:
                            yield from self.named(f"{at}/other", "ref", owner, leaf.other)
                        yield from self.literal(f"{at}/value", owner, leaf.ref, leaf.value)
                    case Membership():
                        for i, value in enumerate(leaf.value):
                            yield from self.literal(f"{at}/value/{i}", owner, leaf.ref, value)
                    case Answered():
                        pass

    def in_jumps(self) -> Iterator[Reference]:
        for p, page in enumerate(self.document.pages):
            for n, jump in enumerate(page.next):
                target = jump.to.removeprefix("end:")
                if target != "end":
                    at = pointer("pages", p, "next", n, "to")
                    yield Reference(at, "jump", page.id, target, jump.to)

    def in_numbers(self) -> Iterator[Reference]:
        for i, computed in enumerate(self.document.computed):
            members = ("then", "else") if isinstance(computed.value, If) else None
            for o, operand in enumerate(operands(computed)):
                at = pointer("computed", i, "value", *((members[o],) if members else ("of", o)))
                if isinstance(operand, str):
                    yield from self.named(at, "ref", computed.id, operand)
        for i, score in enumerate(self.document.scores):
            for o, member in enumerate(score.of):
                yield from self.named(pointer("scores", i, "of", o), "ref", score.id, member)
            for member in score.weights:
                at = pointer("scores", i, "weights", member)
                yield from self.named(at, "key", score.id, member)

    def in_texts(self) -> Iterator[Reference]:
        for at, text, _ in self.scope.texts():
            for name in dict.fromkeys(placeholders(text)):
                yield from self.named(at, "text", self.owner(at), name)

    def in_pickers(self) -> Iterator[Reference]:
        for name, question in self.scope.questions.items():
            if isinstance(question, StaffQuestion) and question.of is not None:
                yield from self.named(f"{self.scope.at[name]}/of", "ref", name, question.of)

    def in_required_rows(self) -> Iterator[Reference]:
        for name, question in self.scope.questions.items():
            if isinstance(question, Matrix) and isinstance(question.rows_required, tuple):
                rows = inner_ids(question, "rows")
                for i, row in enumerate(question.rows_required):
                    if row in rows:
                        at = f"{self.scope.at[name]}/rows_required/{i}"
                        yield Reference(at, "value", name, name, row, ("rows", row))

    def in_walk(self, walk: Walk, at: str) -> Iterator[Reference]:
        for name, value in walk.answers.items():
            place = at + pointer("answers", name)
            if (question := self.scope.questions.get(name)) is not None:
                yield Reference(place, "key", walk.id, name, name)
                yield from _answered(question, place, walk.id, value)
        for name in walk.context:
            if name in self.document.context:
                place = at + pointer("context", name)
                yield Reference(place, "key", walk.id, address_of(name), name)
        for i, name in enumerate(walk.expect.asked or ()):
            if name in self.scope.questions:  # a statement is asked as well, though it is no ref
                yield Reference(f"{at}/expect/asked/{i}", "ref", walk.id, name, name)
        for name in walk.expect.scores or {}:
            place = at + pointer("expect", "scores", name)
            if name in self.scope.scores:
                yield Reference(place, "key", walk.id, name, name)
        if walk.expect.ending is not None:
            ending = walk.expect.ending
            yield Reference(f"{at}/expect/ending", "jump", walk.id, ending, ending)

    def owner(self, at: str) -> str:
        """The id of the part that a pointer leads into; "" for the document's head."""
        document: Any = self.document
        match at.split("/")[1:]:
            case ["pages", page, "questions", question, *_]:
                return document.pages[int(page)].questions[int(question)].id
            case ["pages" | "computed" | "scores" | "endings" | "alerts" | "walks" as name, i, *_]:
                return getattr(document, name)[int(i)].id
            case _:
                return ""


def inner_kind(question: Question) -> InnerKind | None:
    """Under which member a question keeps what its values name."""
    if isinstance(question, Cascade):
        return "nodes"
    return "options" if getattr(question, "options", ()) else None


def inner_ids(question: Question, kind: InnerKind) -> frozenset[str]:
    """The ids of a question's options, rows or nodes."""
    if isinstance(question, Cascade):
        return frozenset(node.id for _, node in question.walk())
    return frozenset(part.id for part in getattr(question, kind, ()))


def _answered(question: Question, at: str, owner: str, value: Any) -> Iterator[Reference]:
    """The options, rows and nodes that an answer in a walk names."""
    kind = inner_kind(question)
    match value:
        case str() if kind and value in inner_ids(question, kind):
            yield Reference(at, "value", owner, question.id, value, (kind, value))
        case list():
            for i, one in enumerate(cast(list[Any], value)):
                yield from _answered(question, f"{at}/{i}", owner, one)
        case {"choice": choice}:
            yield from _answered(question, f"{at}/choice", owner, choice)
        case dict() if isinstance(question, Matrix):
            rows = inner_ids(question, "rows")
            for row, one in cast(dict[str, Any], value).items():
                place = at + pointer(row)
                if row in rows:
                    yield Reference(place, "key", owner, question.id, row, ("rows", row))
                yield from _answered(question, place, owner, one)
        case _:
            pass
