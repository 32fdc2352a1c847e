"""Everything that is wrong with a document's meaning: ids, references, kinds, order, texts."""

import json
import re
from collections.abc import Iterable, Iterator, Sized
from itertools import chain
from typing import Any

from engine.definition import (
    MAX_COMPARISONS,
    MAX_ENTRIES,
    MAX_EXT_BYTES,
    MAX_QUESTIONS,
    MAX_RULE_DEPTH,
    MAX_RULES,
    RESERVED,
    Aggregate,
    Computed,
    Div,
    Document,
    If,
    Mul,
    Score,
)
from engine.numbers import exact, is_number, is_precise
from engine.parse import Parsed
from engine.problems import Problem, at_most, pointer
from engine.questions import Question
from engine.questions.base import Facet
from engine.questions.moments import is_date, is_time
from engine.questions.pickers import DepartmentQuestion, StaffQuestion
from engine.questions.text import MAX_LENGTH
from engine.ruletree import (
    ORDERED,
    SETS,
    Answered,
    Comparison,
    In,
    Membership,
    Scalar,
    depth,
    leaves,
    placed_leaves,
)
from engine.scope import BEFORE_ALL, NEVER, PlacedRule, Ref, Scope, operands
from engine.text import Text, placeholders

OF_ABSENCE = frozenset(
    {
        "empty_page",
        "no_options",
        "empty_list",
        "row_count",
        "value_or_other",
        "scale_or_options",
        "one_action",
        "one_literal",
        "missing_text",
    }
)
"""Problems that say that something is missing: no news where what is there could not be read."""

ID = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
CONTEXT_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63}){0,3}", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
ASSET = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


def check(document: Document) -> tuple[Problem, ...]:
    """Every error of a document whose shape is sound (`parse` told of its shape)."""
    crowded = at_most(_crowded(document))
    return crowded or at_most(_Checker(document, frozenset()).run())


def check_parsed(parsed: Parsed) -> tuple[Problem, ...]:
    """Every error of what `parse` read: those of its shape, then those of its meaning; what could
    not be read is not complained of twice."""
    if parsed.document is None:
        return parsed.problems
    crowded = at_most((*parsed.problems, *_crowded(parsed.document)))
    if len(crowded) > len(parsed.problems):
        return crowded
    found = _Checker(parsed.document, parsed.lost_ids).run()
    placed = (_as_written(problem, parsed.left_out) for problem in found)
    known = {p.at for p in parsed.problems if p.at}
    return at_most(chain(parsed.problems, (p for p in placed if not _covered(p, known))))


def _crowded(document: Document) -> Iterator[Problem]:
    """Lists that are longer than any survey needs; the other checks assume that they are not."""
    count = sum(len(page.questions) for page in document.pages)
    if count > MAX_QUESTIONS:
        yield Problem("too_many_questions", "/pages", {"count": count, "max": MAX_QUESTIONS})
    members: dict[str, Sized] = {
        name: getattr(document, name)
        for name in ("computed", "scores", "endings", "alerts", "walks", "languages", "context")
    }
    members["pages"] = range(0) if len(document.pages) <= MAX_QUESTIONS else document.pages
    members |= {f"scores/{i}/of": score.of for i, score in enumerate(document.scores)}
    for name, entries in members.items():
        most = MAX_QUESTIONS if name.endswith("of") else MAX_ENTRIES
        if len(entries) > most:
            params = {"member": name, "count": len(entries), "max": most}
            yield Problem("too_many_entries", f"/{name}", params)


def _as_written(problem: Problem, left_out: tuple[str, ...]) -> Problem:
    """The problem with its pointer counted with the list items that were left out."""
    if not left_out:
        return problem
    at = ""
    for part in problem.at.split("/")[1:]:
        if part.isdigit():
            gone = {place for place in left_out if place.rpartition("/")[0] == at}
            index = int(part)
            for place in sorted(int(place.rpartition("/")[2]) for place in gone):
                index += place <= index
            part = str(index)
        at = f"{at}/{part}"
    return Problem(problem.code, at, problem.params, problem.severity)


def _covered(problem: Problem, known: set[str]) -> bool:
    """Whether a fault of the shape says the same already."""
    at = problem.at
    if problem.code in OF_ABSENCE and any(place.startswith(at + "/") for place in known):
        return True
    return any(at == place or at.startswith(place + "/") for place in known)


class _Checker:
    def __init__(self, document: Document, lost: frozenset[str]) -> None:
        self.document = document
        self.lost = lost
        self.scope = Scope(document)

    def run(self) -> Iterator[Problem]:
        yield from self.ids()
        yield from self.limits()
        yield from self.head()
        yield from self.texts()
        yield from self.carried()
        for at, question in self.placed_questions():
            yield from question.faults(at)
            yield from self.question_links(at, question)
        for placed in self.scope.rules():
            yield from self.rule(placed)
        yield from self.jumps()
        yield from self.all_computed()
        yield from self.all_scores()
        yield from self.rest()

    def placed_questions(self) -> Iterator[tuple[str, Question]]:
        for p, page in enumerate(self.document.pages):
            for q, question in enumerate(page.questions):
                yield pointer("pages", p, "questions", q), question

    # -- ids and limits ---------------------------------------------------------------------

    def ids(self) -> Iterator[Problem]:
        seen: set[str] = set()
        for at, name in self.all_ids():
            yield from _id_faults(at, name)
            if name in RESERVED:
                yield Problem("reserved_id", at, {"id": name})
            if name in seen:
                yield Problem("duplicate_id", at, {"id": name})
            seen.add(name)
        yield from _id_faults("/id", self.document.id)
        for at, question in self.placed_questions():
            yield from self.inner_ids(at, question)

    def all_ids(self) -> Iterator[tuple[str, str]]:
        document = self.document
        for p, page in enumerate(document.pages):
            yield f"/pages/{p}/id", page.id
            for q, question in enumerate(page.questions):
                yield f"/pages/{p}/questions/{q}/id", question.id
        for member in ("computed", "scores", "endings", "alerts", "walks"):
            for i, part in enumerate(getattr(document, member)):
                yield f"/{member}/{i}/id", part.id

    def inner_ids(self, at: str, question: Question) -> Iterator[Problem]:
        for member in ("options", "rows"):
            parts = getattr(question, member, ())
            places = [(f"{at}/{member}/{i}/id", part.id) for i, part in enumerate(parts)]
            yield from _unique(places)
            if member == "rows":
                for place, name in places:
                    if name == "count":
                        yield Problem("reserved_id", place, {"id": name})
        if question.type == "cascade":
            walk: Any = question
            yield from _unique((f"{at}{place}/id", node.id) for place, node in walk.walk())

    def limits(self) -> Iterator[Problem]:
        rules = list(self.scope.rules())
        if len(rules) > MAX_RULES:
            yield Problem("too_many_rules", "", {"count": len(rules), "max": MAX_RULES})
        for placed in rules:
            if depth(placed.rule) > MAX_RULE_DEPTH:
                yield Problem("rule_too_deep", placed.at, {"max": MAX_RULE_DEPTH})
            if sum(1 for _ in leaves(placed.rule)) > MAX_COMPARISONS:
                yield Problem("too_many_comparisons", placed.at, {"max": MAX_COMPARISONS})

    def head(self) -> Iterator[Problem]:
        seen: set[str] = set()
        for i, language in enumerate(self.document.languages):
            if not LANGUAGE.fullmatch(language):
                yield Problem("bad_language", f"/languages/{i}", {"value": language})
            if language in seen:
                yield Problem("duplicate_id", f"/languages/{i}", {"id": language})
            seen.add(language)
        for name, field in self.document.context.items():
            at = pointer("context", name)
            if not CONTEXT_NAME.fullmatch(name):
                yield Problem("bad_id", at, {"id": name})
            ref = self.scope.refs.get(name.split(".")[0])
            if ref is not None and ref.source in ("question", "computed"):
                yield Problem("duplicate_id", at, {"id": name})
            if name == "today" or name.startswith("score."):
                yield Problem("reserved_id", at, {"id": name})
            if field.type == "choice" and not field.values:
                yield Problem("no_options", f"{at}/values")
            if field.min is not None and field.max is not None and field.min > field.max:
                yield Problem("bad_range", f"{at}/max")

    # -- texts ------------------------------------------------------------------------------

    def texts(self) -> Iterator[Problem]:
        for at, text, place in self.scope.texts():
            yield from self.text(at, text, place)

    def text(self, at: str, text: Text | None, place: int) -> Iterator[Problem]:
        if text is None:
            return
        versions = {"": text} if isinstance(text, str) else text
        if isinstance(text, dict):
            for language in self.document.languages:
                if language not in text:
                    yield Problem("missing_text", at, {"language": language})
            for language in text.keys() - set(self.document.languages):
                yield Problem("unknown_language", at + pointer(language), {"value": language})
        for language, version in versions.items():
            inner = at + pointer(language) if language else at
            if not version.strip():
                yield Problem("missing_text", inner, {"language": language or "*"})
            if len(version) > MAX_LENGTH:
                yield Problem("text_too_long", inner, {"max": MAX_LENGTH})
        for name in dict.fromkeys(placeholders(text)):
            yield from self.reference(at, name, place)

    def carried(self) -> Iterator[Problem]:
        for at, part in self.carriers():
            if part.ext and len(json.dumps(part.ext, ensure_ascii=False).encode()) > MAX_EXT_BYTES:
                yield Problem("ext_too_large", f"{at}/ext", {"max": MAX_EXT_BYTES})
        for at, question in self.placed_questions():
            for i, media in enumerate(question.media):
                yield from _asset_faults(f"{at}/media/{i}/asset", media.asset)
            for i, option in enumerate(getattr(question, "options", ())):
                if getattr(option, "image", None) is not None:
                    yield from _asset_faults(f"{at}/options/{i}/image", option.image)

    def carriers(self) -> Iterator[tuple[str, Any]]:
        yield "", self.document
        for p, page in enumerate(self.document.pages):
            yield f"/pages/{p}", page
        for at, question in self.placed_questions():
            yield at, question
            for member in ("options", "rows"):
                for i, part in enumerate(getattr(question, member, ())):
                    yield f"{at}/{member}/{i}", part
        for i, score in enumerate(self.document.scores):
            yield f"/scores/{i}", score

    # -- references and rules ---------------------------------------------------------------

    def reference(self, at: str, name: str, place: int) -> Iterator[Problem]:
        """Unknown, later or cyclic refs; nothing for those whose question could not be read."""
        ref = self.scope.refs.get(name)
        if ref is None:
            if name.split(".")[0] not in self.lost and name.removeprefix("score.") not in self.lost:
                yield Problem("unknown_reference", at, {"ref": name})
        elif ref.position == NEVER:
            if place != NEVER:
                yield Problem("cycle", at, {"ref": name})
        elif ref.position >= place and ref.position != BEFORE_ALL:
            yield Problem("forward_reference", at, {"ref": name})

    def rule(self, placed: PlacedRule) -> Iterator[Problem]:
        for at, leaf in placed_leaves(placed.rule, placed.at):
            yield from self.leaf(at, leaf, placed.place)

    def leaf(
        self, at: str, leaf: Comparison | Membership | Answered, place: int
    ) -> Iterator[Problem]:
        missing = list(self.reference(f"{at}/ref", leaf.ref, place))
        yield from missing
        ref = self.scope.refs.get(leaf.ref)
        if ref is None or missing:
            if isinstance(leaf, Comparison):
                yield from self.one_side(at, leaf, place, None)
            return
        match leaf:
            case Answered():
                pass
            case Membership():
                yield from self.membership(at, leaf, ref)
            case _:
                yield from self.comparison(at, leaf, ref, place)

    def membership(self, at: str, leaf: Membership, ref: Ref) -> Iterator[Problem]:
        wanted = ref.facet.kind == "set" if isinstance(leaf, SETS) else _comparable(ref.facet)
        if not wanted:
            yield Problem("wrong_kind", f"{at}/ref", {"ref": leaf.ref, "op": leaf.symbol})
            return
        if isinstance(leaf, In) and not leaf.value:
            yield Problem("empty_list", f"{at}/value")
        facet = Facet("choice", ref.facet.members) if isinstance(leaf, SETS) else ref.facet
        for i, value in enumerate(leaf.value):
            yield from _literal_faults(f"{at}/value/{i}", leaf.ref, facet, value)

    def comparison(self, at: str, leaf: Comparison, ref: Ref, place: int) -> Iterator[Problem]:
        ordered = isinstance(leaf, ORDERED)
        if not _comparable(ref.facet) or (ordered and not _has_order(ref.facet)):
            yield Problem("wrong_kind", f"{at}/ref", {"ref": leaf.ref, "op": leaf.symbol})
            return
        yield from self.one_side(at, leaf, place, ref)

    def one_side(self, at: str, leaf: Comparison, place: int, ref: Ref | None) -> Iterator[Problem]:
        if (leaf.value is None) == (leaf.other is None):
            yield Problem("value_or_other", at)
        elif leaf.value is not None:
            if ref is not None:
                yield from _literal_faults(f"{at}/value", leaf.ref, ref.facet, leaf.value)
        elif leaf.other is not None:
            missing = list(self.reference(f"{at}/other", leaf.other, place))
            yield from missing
            other = self.scope.refs.get(leaf.other)
            if ref and other and not missing and other.facet.kind != ref.facet.kind:
                yield Problem("other_kind", f"{at}/other", {"ref": leaf.ref, "other": leaf.other})

    def jumps(self) -> Iterator[Problem]:
        endings = {ending.id for ending in self.document.endings}
        for p, page in enumerate(self.document.pages):
            if not page.questions and not page.next:
                yield Problem("empty_page", f"/pages/{p}/questions")
            for n, jump in enumerate(page.next):
                at = f"/pages/{p}/next/{n}/to"
                if jump.to.startswith("end:"):
                    ending = jump.to.removeprefix("end:")
                    if ending not in endings and ending not in self.lost:
                        yield Problem("unknown_reference", at, {"ref": jump.to})
                elif jump.to != "end":
                    target = self.scope.page_index.get(jump.to)
                    if target is None:
                        if jump.to not in self.lost:
                            yield Problem("unknown_reference", at, {"ref": jump.to})
                    elif target <= p:
                        yield Problem("backward_jump", at, {"page": jump.to})

    def question_links(self, at: str, question: Question) -> Iterator[Problem]:
        if isinstance(question, StaffQuestion) and question.of is not None:
            of = self.scope.questions.get(question.of)
            missing = list(
                self.reference(f"{at}/of", question.of, self.scope.place.get(question.id, 0))
            )
            yield from missing
            if of is not None and not missing and not isinstance(of, DepartmentQuestion):
                yield Problem("wrong_kind", f"{at}/of", {"ref": question.of, "op": "of"})
        if question.valueless and question.required is not False:
            yield Problem("statement_required", f"{at}/required")

    # -- computed values, scores, the rest --------------------------------------------------

    def all_computed(self) -> Iterator[Problem]:
        for i, computed in enumerate(self.document.computed):
            yield from self.computed(f"/computed/{i}/value", computed)

    def computed(self, at: str, computed: Computed) -> Iterator[Problem]:
        if self.scope.known_at(computed.id) == NEVER:
            yield Problem("cycle", at, {"ref": computed.id})
        for place, operand in zip(_operand_places(computed), operands(computed), strict=True):
            if isinstance(operand, str):
                yield from self.reference(at + place, operand, NEVER)
                ref = self.scope.refs.get(operand)
                if ref is not None and ref.facet.kind != "number":
                    yield Problem("wrong_kind", at + place, {"ref": operand, "op": "computed"})
        value = computed.value
        literals = sum(is_number(o) for o in operands(computed))
        if isinstance(value, (Mul, Div)) and literals != 1:
            yield Problem("one_literal", f"{at}/of")
        if isinstance(value, Aggregate) and not value.of:
            yield Problem("empty_list", f"{at}/of")

    def all_scores(self) -> Iterator[Problem]:
        for i, score in enumerate(self.document.scores):
            yield from self.score(f"/scores/{i}", score)

    def score(self, at: str, score: Score) -> Iterator[Problem]:
        if not score.of:
            yield Problem("empty_list", f"{at}/of")
        if self.scope.known_at(f"score.{score.id}") == NEVER:
            yield Problem("cycle", f"{at}/of", {"ref": f"score.{score.id}"})
        seen: set[str] = set()
        for i, member in enumerate(score.of):
            if member in seen:
                yield Problem("duplicate_id", f"{at}/of/{i}", {"id": member})
            seen.add(member)
            yield from self.score_member(f"{at}/of/{i}", member)
        yield from self.weights(at, score)
        if score.min_answered is not None and score.min_answered > len(score.of):
            yield Problem("out_of_range", f"{at}/min_answered", {"min": 1, "max": len(score.of)})

    def score_member(self, at: str, member: str) -> Iterator[Problem]:
        question = self.scope.questions.get(member)
        if question is not None:
            if not question.scored:
                yield Problem("wrong_kind", at, {"ref": member, "op": "score"})
            return
        is_score = member.startswith("score.") and member in self.scope.refs
        if not is_score and member.removeprefix("score.") not in self.lost:
            yield Problem("unknown_reference", at, {"ref": member})

    def weights(self, at: str, score: Score) -> Iterator[Problem]:
        if score.weights and score.method in ("min", "max"):
            yield Problem("weights_not_allowed", f"{at}/weights", {"method": score.method})
        for member, weight in score.weights.items():
            place = f"{at}/weights" + pointer(member)
            if member not in score.of:
                yield Problem("unknown_reference", place, {"ref": member})
            if weight <= 0 or (exact(weight) * 10_000).denominator != 1:
                yield Problem("bad_weight", place)

    def rest(self) -> Iterator[Problem]:
        for i, alert in enumerate(self.document.alerts):
            if (alert.open_case is None) == (alert.notify is None):
                yield Problem("one_action", f"/alerts/{i}")
        endings = {ending.id for ending in self.document.endings}
        for i, walk in enumerate(self.document.walks):
            at = f"/walks/{i}"
            if walk.today is not None and not is_date(walk.today):
                yield Problem("bad_date", f"{at}/today")
            expect = walk.expect
            for j, name in enumerate(expect.asked or ()):
                if name not in self.scope.questions and name not in self.lost:
                    yield Problem("unknown_reference", f"{at}/expect/asked/{j}", {"ref": name})
            for name in expect.scores or {}:
                if name not in self.scope.scores and name not in self.lost:
                    place = f"{at}/expect/scores" + pointer(name)
                    yield Problem("unknown_reference", place, {"ref": name})
            if expect.ending is not None and expect.ending not in endings | self.lost:
                yield Problem("unknown_reference", f"{at}/expect/ending", {"ref": expect.ending})


def _id_faults(at: str, name: str) -> Iterator[Problem]:
    if not ID.fullmatch(name):
        yield Problem("bad_id", at, {"id": name})


def _unique(places: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, name in places:
        yield from _id_faults(at, name)
        if name in seen:
            yield Problem("duplicate_id", at, {"id": name})
        seen.add(name)


def _asset_faults(at: str, asset: str) -> Iterator[Problem]:
    if not ASSET.fullmatch(asset):
        yield Problem("bad_asset", at, {"value": asset})


def _comparable(facet: Facet) -> bool:
    return facet.kind not in ("set", "opaque")


def _has_order(facet: Facet) -> bool:
    return facet.kind in ("number", "date", "time")


def _literal_faults(at: str, ref: str, facet: Facet, value: Scalar) -> Iterator[Problem]:
    """A literal that cannot be compared with what the ref holds."""
    match facet.kind:
        case "choice":
            fits = isinstance(value, str)
            if fits and value not in facet.members:
                yield Problem("unknown_option", at, {"ref": ref, "option": value})
        case "number":
            fits = is_number(value)
            if fits and not isinstance(value, (str, bool)) and not is_precise(value):
                yield Problem("too_precise", at)
        case "boolean":
            fits = isinstance(value, bool)
        case "date":
            fits = is_date(value)
        case "time":
            fits = is_time(value)
        case _:
            fits = isinstance(value, str)
    if not fits:
        yield Problem("wrong_literal", at, {"ref": ref, "kind": facet.kind})


def _operand_places(computed: Computed) -> tuple[str, ...]:
    if isinstance(computed.value, If):
        return ("/then", "/else")
    return tuple(f"/of/{i}" for i in range(len(operands(computed))))
