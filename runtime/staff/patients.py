"""Test patients in words: what they answer, what is expected of them, and how that has changed."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec
from msgspec import Struct

import engine
from builder.branch_words import BranchWords
from builder.tree import Tree
from builder.walks import Outcome, replay
from builder.words import RuleWords
from engine.branches import Branch, taken
from engine.definition import Walk
from engine.prove.coverage import Coverage, Proposal, Response, cover
from engine.questions.uploads import Signature, UploadQuestion
from runtime.kit.words import joined, say
from runtime.staff.answers import answer_text, dictionary_names
from runtime.staff.building import Desk
from runtime.surveys import findings

SECONDS = 2.0
NAMED = 2
MAX_LISTED = 200


class Fact(Struct, frozen=True):
    """A question or a fact of the visit, and the answer."""

    name: str
    value: str


class Patient(Struct, frozen=True):
    """A stored test patient. `differences` say what no longer holds, `unanswered` what keeps the
    answers from being a whole response; both are empty where nothing could be replayed."""

    id: str
    title: str
    facts: tuple[Fact, ...]
    expected: tuple[str, ...]
    differences: tuple[str, ...]
    unanswered: tuple[str, ...]
    is_replayed: bool


class Way(Struct, frozen=True):
    """A branch in words, and the part that decides it."""

    owner: str
    words: str


class Suggestion(Struct, frozen=True):
    """A proposed test patient: what it adds, and how many branches are covered with it."""

    key: str
    title: str
    facts: tuple[Fact, ...]
    adds: tuple[Way, ...]
    covered: int


class Reached(Struct, frozen=True):
    """How far the stored test patients go, in words."""

    total: int
    covered: int
    missing: tuple[Way, ...]
    closed: tuple[Way, ...]
    undecided: tuple[Way, ...]
    suggestions: tuple[Suggestion, ...]


def coverage_of(survey: engine.Survey) -> Coverage:
    """How far the survey's own walks go, as the engine evaluates them."""
    each = (taken(survey, one.answers, one.context, one.today) for one in survey.document.walks)
    return cover(findings.ways(survey.document, SECONDS), frozenset[Branch]().union(*each))


def key_of(response: Response) -> str:
    """What a form names a proposed patient by."""
    content = msgspec.json.encode(
        (response.answers, response.context, response.today), order="deterministic"
    )
    return hashlib.sha256(content).hexdigest()[:16]


class Telling:
    """The words for the test patients of one document."""

    def __init__(self, scope: Any, lang: str, names: Mapping[str, str]) -> None:
        self.words = BranchWords(scope, lang, names=names)
        self.lang = lang

    def say(self, code: str, **params: object) -> str:
        """One of the page's sentences."""
        return say(f"walks_{code}", self.lang, **params)

    # Stored ones

    def patient(self, walk: Walk, survey: engine.Survey | None) -> Patient:
        """A stored test patient; without a survey that can be filled in nothing is replayed."""
        outcome = Outcome() if survey is None else replay(survey, walk)
        return Patient(
            id=walk.id,
            title=self.words.text(walk.title) or walk.id,
            facts=facts_of(self.words, walk.answers, walk.context),
            expected=tuple(self._expected(walk)),
            differences=tuple(self.differences(outcome)),
            unanswered=tuple(self.words.question(q) for q in outcome.unanswered),
            is_replayed=survey is not None,
        )

    def _expected(self, walk: Walk) -> Iterator[str]:
        expect = walk.expect
        if expect.asked is not None:
            yield self.say("expect_asked", n=len(expect.asked))
        for name, value in (expect.scores or {}).items():
            yield self.say("expect_score", name=self._score(name), value=self._points(value))
        if expect.ending is not None:
            yield self.say("expect_ending", ending=self.words.ending(expect.ending))

    def differences(self, outcome: Outcome) -> Iterator[str]:
        """What is expected and is no longer so, a sentence each."""
        if outcome.missing:
            yield self.say("missing", names=self._questions(outcome.missing))
        if outcome.extra:
            yield self.say("extra", names=self._questions(outcome.extra))
        if outcome.is_reordered:
            yield self.say("reordered")
        for one in outcome.scores:
            yield self.say(
                "score",
                name=self._score(one.score),
                expected=self._points(one.expected),
                found=self._points(one.found),
            )
        if outcome.ending is not None:
            expected, found = outcome.ending
            now = self.say("no_ending") if found is None else self.words.ending(found)
            yield self.say("ending", expected=self.words.ending(expected), found=now)

    def _questions(self, names: tuple[str, ...]) -> str:
        return joined(map(self.words.question, names), self.words.lang)

    def _score(self, name: str) -> str:
        ref = f"score.{name}"
        known = ref in self.words.scope.refs
        return self.words.name(ref) if known else self.words.quoted(name)

    def _points(self, value: float | None) -> str:
        return self.say("no_points") if value is None else self.say("points", n=f"{value:g}")

    # Proposed ones

    def reached(self, coverage: Coverage) -> Reached:
        """How far they go, what is left, and who would go there."""
        return Reached(
            total=coverage.total,
            covered=coverage.covered,
            missing=self._listed(coverage.missing),
            closed=self._listed(coverage.closed),
            undecided=self._listed(coverage.undecided),
            suggestions=tuple(map(self._suggestion, coverage.proposals)),
        )

    def title(self, proposal: Proposal) -> str:
        """A name for a proposed patient: the last of what they add, which is the rarest."""
        rare = sorted(proposal.adds, key=lambda one: one.kind in ("page", "question"))[:NAMED]
        words = "，".join(map(self.words.branch, rare))
        more = len(proposal.adds) - len(rare)
        return self.say("title_more", words=words, n=more) if more else words

    def _suggestion(self, proposal: Proposal) -> Suggestion:
        response = proposal.response
        return Suggestion(
            key=key_of(response),
            title=self.title(proposal),
            facts=facts_of(self.words, response.answers, response.context),
            adds=self._listed(proposal.adds),
            covered=proposal.covered,
        )

    def _listed(self, found: tuple[Branch, ...]) -> tuple[Way, ...]:
        return tuple(Way(self.words.owner(b), self.words.branch(b)) for b in found[:MAX_LISTED])


def names_of(desk: Desk) -> dict[str, str]:
    """Words for the codes that test patients answer: sites, departments, people."""
    names = desk.names
    with desk.deployment.db.begin() as connection:
        return names | dictionary_names(connection, desk.lang)


def facts_of(words: RuleWords, answers: Tree, context: Tree) -> tuple[Fact, ...]:
    """What somebody answers, with what is known of the visit before it."""
    declared = words.scope.document.context
    facts = [
        Fact(words.context_name(name), words.value(name, value).strip("「」“”"))
        for name, value in context.items()
        if name in declared
    ]
    for name, question in words.scope.questions.items():
        if name in answers:
            facts.append(Fact(words.text(question.text), _told(words, question, answers[name])))
    return tuple(facts)


def _told(words: RuleWords, question: Any, value: Any) -> str:
    """An answer; of files how many, as those of a test patient are none."""
    if isinstance(question, UploadQuestion | Signature):
        count = len(cast(list[Any], value)) if isinstance(value, list) else 1
        return say("walks_files", words.lang, n=count)
    return answer_text(value, question, words.lang, words.first, words.names)
