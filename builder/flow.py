"""A survey as steps and arrows: its pages, where each leads and when, and what the proof says."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from builder.decisions import Decisions
from engine.definition import Document, Page
from engine.prove import Findings
from engine.scope import Scope

END = "end"
"""The step behind the last page where a survey has no ending of its own."""


class Arrow(Struct, frozen=True):
    """A jump of a page: which (`n`), where to (the id of a step), in which case, in words.

    `is_always` where it has no condition, `is_dead` where it never happens; `warning` is what the
    proof says against it.
    """

    n: int
    to: str
    target: str
    rule: str
    is_always: bool
    warning: str = ""
    is_dead: bool = False


class Step(Struct, frozen=True):
    """A page or an ending.

    `only` says when a page is shown at all, "" for always. `goes_on` is the step that follows when
    no jump applies, "" where one always does.
    """

    id: str
    kind: str
    number: int
    title: str
    note: str = ""
    only: str = ""
    goes_on: str = ""
    arrows: tuple[Arrow, ...] = ()
    warnings: tuple[str, ...] = ()


def steps_of(
    document: Document, lang: str, found: Findings | None, names: Mapping[str, str] | None = None
) -> tuple[Step, ...]:
    """The pages in their order, then the endings.

    Args:
        found: what the proof says; None where it says nothing (the survey has errors).
        names: words for codes that the document does not explain.
    """
    return tuple(_Flow(document, lang, found, names).steps())


class _Flow:
    def __init__(
        self,
        document: Document,
        lang: str,
        found: Findings | None,
        names: Mapping[str, str] | None,
    ) -> None:
        self.document = document
        self.words = Decisions(Scope(document), lang, names=names)
        self.found = found
        self.lost = found.unreachable if found is not None else None
        self.open = {one.at for one in found.undecided} if found is not None else set[str]()

    def steps(self) -> Iterator[Step]:
        for p, page in enumerate(self.document.pages):
            yield self.page(p, page)
        for n, one in enumerate(self.document.endings, 1):
            is_lost = self.lost is not None and one.id in self.lost.endings
            told = (self.words.say("flow_lost"),) if is_lost else ()
            title = self.words.say("flow_ending", name=self.words.ending(one.id))
            yield Step(f"end:{one.id}", "ending", n, title, warnings=told)
        if not self.document.endings:
            yield Step(END, "ending", 1, self.words.say("flow_end"))

    @property
    def last(self) -> str:
        """The step that follows the last page."""
        endings = self.document.endings
        return f"end:{endings[0].id}" if endings else END

    def page(self, p: int, page: Page) -> Step:
        following = self.document.pages[p + 1 :]
        has_else = any(jump.if_ is None for jump in page.next)
        goes_on = "" if has_else else following[0].id if following else self.last
        rule = page.show_if
        only = "" if rule is None else self.words.say("flow_only", rule=self.words.sentence(rule))
        return Step(
            page.id,
            "page",
            p + 1,
            self.words.page(p),
            self.note(page),
            only,
            goes_on,
            tuple(self.arrows(p, page)),
            tuple(self.warnings(p, page)),
        )

    def dead(self, code: str) -> str:
        """How to say that nobody comes by: the proof speaks of those who finish, and who gets stuck
        further on may still come."""
        return "flow_unfinished" if self.found is not None and self.found.dead_ends else code

    def note(self, page: Page) -> str:
        asked = [one for one in page.questions if not one.valueless]
        some = sum(one.show_if is not None for one in asked)
        note = self.words.say("flow_count", n=len(asked))
        return note + (self.words.say("flow_some", n=some) if some else "")

    def arrows(self, p: int, page: Page) -> Iterator[Arrow]:
        for n, jump in enumerate(page.next):
            at = f"/pages/{p}/next/{n}"
            rule = "" if jump.if_ is None else self.words.sentence(jump.if_)
            to = self.last if jump.to == END else jump.to
            is_dead = self.lost is not None and at in self.lost.jumps
            is_open = f"{at}/if" in self.open or at in self.open
            told = self.words.say(self.dead("flow_dead") if is_dead else "flow_open")
            yield Arrow(
                n,
                to,
                self.words.target(jump.to),
                rule,
                jump.if_ is None,
                told if is_dead or is_open else "",
                is_dead,
            )

    def warnings(self, p: int, page: Page) -> Iterator[str]:
        if self.found is None or self.lost is None:
            return
        stuck = [one.id for one in page.questions if one.id in self.found.dead_ends]
        for question in stuck:
            yield self.words.say("flow_stuck", what=self.words.question(question))
        if page.id in self.lost.pages and not stuck:
            yield self.words.say(self.dead("flow_lost"))
        if f"/pages/{p}" in self.open or f"/pages/{p}/show_if" in self.open:
            yield self.words.say("flow_open")
