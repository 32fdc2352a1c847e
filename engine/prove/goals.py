"""What complete responses may show, and which of it one walked response does show."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from engine.prove.plan import Plan
from engine.prove.trace import Trace
from engine.scope import PlacedRule

GoalKind = Literal["page", "question", "option", "ending", "jump", "true", "false"]


class Goal(NamedTuple):
    """Something a complete response can show; `name` is an id, `question.option` or a pointer."""

    kind: GoalKind
    name: str


class RuleSite(NamedTuple):
    """A rule and where it is looked at: `page` and `question` as far as it belongs to them."""

    placed: PlacedRule
    page: int | None
    question: str | None


def rule_sites(plan: Plan) -> list[RuleSite]:
    """Every rule of the document with its page and question."""
    found: list[RuleSite] = []
    for placed in plan.uses.rules:
        parts = placed.at.split("/")
        page = int(parts[2]) if parts[1] == "pages" else None
        question = None
        if page is not None and parts[3] == "questions":
            question = plan.document.pages[page].questions[int(parts[4])].id
        found.append(RuleSite(placed, page, question))
    return found


def hits(trace: Trace, sites: Sequence[RuleSite]) -> set[Goal]:
    """The goals that a walked response reaches."""
    found = {Goal("page", name) for name in trace.path}
    found.update(Goal("question", name) for name in trace.asked)
    found.update(Goal("option", name) for name in trace.chosen)
    found.update(Goal("jump", at) for at in trace.jumps)
    if trace.ending is not None:
        found.add(Goal("ending", trace.ending))
    path = set(trace.path)
    pages = trace.plan.document.pages
    for placed, page, question in sites:
        match placed.role:
            case "page":
                looked = page in trace.unskipped
            case "question" | "jump":
                looked = page is not None and pages[page].id in path
            case "option" | "required":
                looked = question in trace.asked
            case _:
                looked = True
        if looked:
            kind: GoalKind = "true" if trace.holds(placed.at) else "false"
            found.add(Goal(kind, placed.at))
    return found
