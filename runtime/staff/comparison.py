"""Two versions of a survey in words: what changed, what still fits, who is asked otherwise."""

import json
from typing import Any

from msgspec import Struct

from builder.differences import Difference, MemberChange, Piece, differences
from builder.words import RuleWords
from engine import check
from engine.compare import AnswerVerdict, Asked, compare, verdicts
from engine.definition import Document
from engine.questions import Question
from engine.ruletree import RuleNode
from engine.scope import Scope
from runtime.kit.words import catalogue, say
from runtime.responses.fits import Tally
from runtime.staff.answers import answer_text

SECONDS = 2.0
MAX_SHOWN = 600


class Detail(Struct, frozen=True):
    """A member that differs, in words."""

    label: str
    pieces: tuple[Piece, ...] = ()
    old: str = ""
    new: str = ""


class Line(Struct, frozen=True):
    """A part that was added, removed, moved or changed."""

    kind: str
    part: str
    name: str
    details: tuple[Detail, ...]


class Fit(Struct, frozen=True):
    """What becomes of the answers to a question, and why; how many stored ones no longer fit, in
    words."""

    name: str
    verdict: str
    reasons: tuple[str, ...]
    stored: str = ""


class Patient(Struct, frozen=True):
    """Who would be asked something else: the question, by which version, and the answers."""

    question: str
    by: str
    answers: tuple[tuple[str, str], ...]


class Telling:
    """Two documents and the words for what lies between them."""

    def __init__(self, old: Document, new: Document, lang: str) -> None:
        self.old, self.new, self.lang = old, new, lang
        self.before = RuleWords(Scope(old), lang)
        self.after = RuleWords(Scope(new), lang)

    def say(self, code: str, **params: object) -> str:
        """The page's words."""
        return say(f"changes_{code}", self.lang, **params)

    # What changed

    def lines(self) -> list[Line]:
        """Every change, in the order of the document."""
        return [self._line(one) for one in differences(self.old, self.new)][:MAX_SHOWN]

    def _line(self, one: Difference) -> Line:
        part = one.new if one.new is not None else one.old
        words = self.after if one.new is not None else self.before
        name = words.text(getattr(part, "text", None) or getattr(part, "title", None))
        owner, dot, _ = one.change.id.partition(".")
        if dot and owner in words.scope.questions:
            name = self.say("within", name=name, question=words.question(owner))
        details = tuple(self._detail(member) for member in one.members)
        return Line(one.change.kind, one.change.part, name or one.change.id, details)

    def _detail(self, one: MemberChange) -> Detail:
        words = catalogue(self.lang)
        own = words.get(f"changes_member_{one.member}", one.member)
        label = words.get(f"build_member_{one.member}", own)
        if one.kind == "text":
            language = words.get(f"build_language_{one.lang}", one.lang)
            named = self.say("in_language", label=label, language=language) if one.lang else label
            return Detail(named, one.pieces)
        if one.kind == "rule":
            return Detail(
                label, (), self._rule(self.before, one.old), self._rule(self.after, one.new)
            )
        return Detail(label, (), _value(one.old), _value(one.new))

    def _rule(self, words: RuleWords, rule: Any) -> str:
        if isinstance(rule, RuleNode):
            known: Any = rule
            return words.sentence(known)
        if isinstance(rule, bool):
            return words.say("yes" if rule else "no")
        if isinstance(rule, tuple):
            jumps: tuple[Any, ...] = rule  # pyright: ignore[reportUnknownVariableType]
            return "；".join(self._jump(words, jump) for jump in jumps)
        return ""

    def _jump(self, words: RuleWords, jump: Any) -> str:
        pages = {one.id: words.text(one.title) or one.id for one in words.scope.document.pages}
        to = pages.get(jump.to, jump.to)
        if jump.if_ is None:
            return self.say("jump", to=to)
        return self.say("jump_if", rule=words.sentence(jump.if_), to=to)

    # Whether it fits

    def doubtful(self) -> dict[str, Question | None]:
        """The questions whose answers may no longer be good, as they are now; None where nothing
        is left to take them. Personal answers are sealed, and not counted."""
        after = self.after.scope.questions
        found: dict[str, Question | None] = {}
        for name, one in verdicts(self.old, self.new).items():
            if one.verdict == "lost" and not self._is_personal(name):
                is_gone = {"question_removed", "type_changed"} & set(one.reasons)
                found[name] = None if is_gone else after[name]
        return found

    def _is_personal(self, name: str) -> bool:
        both = (self.before.scope.questions[name], self.after.scope.questions.get(name))
        return any(one is not None and one.effective_privacy != "none" for one in both)

    def verdict(self, tally: Tally | None = None) -> dict[str, Any]:
        """Which stored answers fit, and which patients would be asked something else."""
        found = verdicts(self.old, self.new)
        fits = [self._fit(name, one, tally) for name, one in found.items()]
        errors = len(check(self.old)) + len(check(self.new))
        compared = None if errors else compare(self.old, self.new, SECONDS)
        return {
            "fits": [one for one in fits if one.verdict != "unchanged"],
            "unchanged": sum(one.verdict == "unchanged" for one in fits),
            "is_compared": compared is not None,
            "patients": [self._patient(one) for one in compared.asked] if compared else [],
            "undecided": [self.after.question(q) for q in compared.undecided] if compared else [],
        }

    def _fit(self, name: str, one: AnswerVerdict, tally: Tally | None) -> Fit:
        reasons = tuple(self.say(f"reason_{reason}") for reason in one.reasons)
        text = self.before.text(self.before.scope.questions[name].text)
        stored = ""
        if tally is not None and one.verdict == "lost":
            stored = self._stored(name, tally)
        return Fit(text, one.verdict, reasons, stored)

    def _stored(self, name: str, tally: Tally) -> str:
        if self._is_personal(name):
            return self.say("stored_personal")
        code = "stored_newest" if tally.has_more else "stored"
        unfit = tally.unfit.get(name, 0)
        return self.say(code, total=f"{tally.looked_at:,}", unfit=f"{unfit:,}")

    def _patient(self, one: Asked) -> Patient:
        words = self.before if one.by == "old" else self.after
        facts = [
            (words.context_name(ref), words.value(ref, value))
            for ref, value in one.witness["context"].items()
            if ref in words.scope.document.context
        ]
        for name, value in one.witness["answers"].items():
            question = words.scope.questions.get(name)
            if question is not None:
                told = answer_text(value, question, self.lang, words.first)
                facts.append((words.text(question.text), told))
        name = words.text(words.scope.questions[one.question].text)
        return Patient(name, one.by, tuple(facts))


def _value(value: Any) -> str:
    if value is None:
        return ""
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= MAX_SHOWN else shown[:MAX_SHOWN] + "…"
