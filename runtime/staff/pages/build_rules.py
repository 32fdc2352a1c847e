"""Every rule of a draft on one page, in words, with what the check says; to read and to print."""

from collections.abc import Iterator

from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from builder.decisions import Decisions
from builder.rules import Where, address_of
from engine import check
from engine.definition import Document
from engine.problems import Problem
from engine.ruletree import refs
from engine.scope import PlacedRule, Scope
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, drawn, shows
from runtime.surveys import findings


class Ruled(Struct, frozen=True):
    """A rule on the page: where and of what kind, what it decides, when, and what is wrong."""

    at: Where
    kind: str
    decides: str
    sentence: str
    problems: tuple[str, ...]
    looks_at: tuple[str, ...]


class Chapter(Struct, frozen=True):
    """The rules of one page, or of what stands behind the pages."""

    title: str
    rules: tuple[Ruled, ...]


@shows("/edit/rules", "surveys:read")
def show_rules(desk: OnDesk, of: FromQuery[str] = "") -> Answer:
    """All rules, or those that look at one question (`?of=ID`)."""
    words = Decisions(Scope(desk.document), desk.lang, names=desk.names)
    wanted = of if of in words.scope.questions else ""
    chapters = list(_chapters(desk, words, wanted))
    return drawn(
        desk,
        "rules",
        "build/rules.html",
        chapters=chapters,
        count=sum(len(one.rules) for one in chapters),
        of=wanted,
        of_name=words.question(wanted) if wanted else "",
        choices=_choices(words),
    )


def _choices(words: Decisions) -> list[tuple[str, str, int]]:
    """The questions that some rule looks at, each with how many do."""
    counts: dict[str, int] = {}
    for placed in words.scope.rules():
        for question in _looks_at(words.scope, placed):
            counts[question] = counts.get(question, 0) + 1
    place = words.scope.place
    return [
        (name, f"{place[name] + 1}. {words.short(words.scope.questions[name].text)}", counts[name])
        for name in sorted(counts, key=lambda name: place[name])
    ]


def _looks_at(scope: Scope, placed: PlacedRule) -> list[str]:
    """The questions whose answers a rule depends on, in their order."""
    found = {q for name in refs(placed.rule) for q in scope.questions_behind(name)}
    return sorted(found & scope.questions.keys(), key=lambda name: scope.place[name])


def _chapters(desk: Desk, words: Decisions, of: str) -> Iterator[Chapter]:
    document = desk.document
    told = _told(document)
    by_chapter: dict[int, list[Ruled]] = {}
    for placed in words.scope.rules():
        looks_at = _looks_at(words.scope, placed)
        if of and of not in looks_at:
            continue
        steps = placed.at.split("/")
        chapter = int(steps[2]) if steps[1] == "pages" else len(document.pages)
        problems = tuple(
            dict.fromkeys(
                sentence
                for at, one in told
                if _is_about(at, placed.at)
                for sentence in desk.words((one,))
            )
        )
        by_chapter.setdefault(chapter, []).append(
            Ruled(
                address_of(document, placed.at),
                "row" if "/rows/" in placed.at else placed.role,
                words.decides(placed.at),
                words.sentence(placed.rule),
                problems,
                tuple(looks_at),
            )
        )
    for chapter, rules in sorted(by_chapter.items()):
        is_page = chapter < len(document.pages)
        yield Chapter(words.page(chapter) if is_page else desk.say("rules_rest"), tuple(rules))


def _told(document: Document) -> list[tuple[str, Problem]]:
    """Errors, else what the proof says, each with its pointer."""
    errors = check(document)
    if errors:
        return [(one.at, one) for one in errors]
    found = findings.warnings(findings.prove(document, findings.EDIT_SECONDS))
    never = {one.at for one in found if one.code == "never_true"}
    return [(one.at, one) for one in found if f"{one.at}/if" not in never]


def _is_about(at: str, rule: str) -> bool:
    """Whether a finding at this pointer is about the rule, or about the jump it belongs to."""
    return at == rule or at.startswith(f"{rule}/") or f"{at}/if" == rule


handlers: tuple[ControllerRouterHandler, ...] = (show_rules,)
