"""A survey's draft as one person sees it in the builder: its canvas, the properties of a part."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from builder.edits import AnyEdit, Refused
from builder.references import Reference
from builder.tree import find, to_tree
from engine.definition import Document
from engine.problems import LANGUAGES, Problem
from engine.questions import Question
from engine.text import localize
from runtime.accounts.access import Principal
from runtime.drafts import service as drafts
from runtime.kit.http import Http
from runtime.kit.words import catalogue, say
from runtime.org.service import list_sites
from runtime.staff.frame import language_of
from runtime.staff.offered import Offers
from runtime.surveys import findings
from runtime.wiring import Deployment

SURVEYS = "/staff/surveys"
HOMES = ("scores", "computed", "endings", "alerts")
"""Lists of the document that have a page of their own behind `/edit`, beside the context."""
TYPES: dict[str, type[Struct]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Question)
}
GROUPS = {
    "choose": ("single_choice", "multi_choice", "yes_no", "ranking", "cascade"),
    "rate": ("rating", "nps", "matrix"),
    "write": ("text", "number", "date", "time"),
    "pick": ("department", "staff"),
    "give": ("picture_upload", "file_upload", "signature", "consent"),
    "tell": ("statement",),
}
"""The palette; a type that stands in none of the groups comes last."""
LISTED = {"department": "within/subtree", "staff": "staff"}
"""What questions of these types are answered with, as `Offers` knows it."""
LISTS = ("options", "rows", "nodes")
READY = ("satisfied", "agreed", "often")
"""Answers in ready words, the best first."""
NAMING = ("page", "question", "ending", "part", "score")
"""Parameters of problems that hold the id of a part."""


class Told(Struct, frozen=True):
    """A refusal on the page: sentences, where the part is used, what stands there now."""

    sentences: tuple[str, ...]
    uses: tuple[tuple[str, str], ...] = ()
    now: str = ""


# One draft as one person sees it


class Desk:
    """A survey's draft on one person's desk."""

    def __init__(
        self, request: Http, principal: Principal, deployment: Deployment, survey: str
    ) -> None:
        self.request = request
        self.principal = principal
        self.deployment = deployment
        self.survey = survey
        self.lang = language_of(request, principal)
        self.draft = drafts.read_draft(deployment.db, survey)
        self._index: tuple[Document, dict[str, Struct]] | None = None

    @property
    def document(self) -> Document:
        """The newest document."""
        return self.draft.document

    @property
    def first(self) -> str:
        """The language that texts are written in first."""
        return self.document.languages[0]

    @cached_property
    def offers(self) -> Offers:
        """What members that name something of the hospital are chosen from."""
        return Offers(self.deployment, self.lang)

    @cached_property
    def names(self) -> dict[str, str]:
        """Words for codes that a document does not explain: sites, whom its alerts call,
        departments and staff where it asks for them."""
        names = {one.id: one.text for one in list_sites(self.deployment.db, self.lang)}
        members = ["notify", "open_case"] if self.document.alerts else []
        members += [member for kind, member in LISTED.items() if self.asks_for(kind)]
        return names | {one.code: one.words for m in members for one in self.offers.of(m)}

    def asks_for(self, kind: str) -> bool:
        """Whether the survey has a question of this type."""
        return any(q.type == kind for page in self.document.pages for q in page.questions)

    def home_of(self, at: str) -> str:
        """The page of the builder where this part is edited; "" for the canvas."""
        if at.startswith("context/"):
            return "context"
        lists = (name for name in HOMES if any(p.id == at for p in getattr(self.document, name)))
        return next(lists, "")

    def address(self, at: str) -> str:
        """The builder with this part chosen."""
        home = self.home_of(at)
        here = self.under("/edit" + (f"/{home}" if home else ""))
        return f"{here}?{urlencode({'at': at}, safe='/')}" if at else here

    def under(self, path: str) -> str:
        """The address of a page behind this survey's."""
        return f"{SURVEYS}/{self.survey}{path}"

    def say(self, code: str, **params: Any) -> str:
        """The builder's words."""
        return say(f"build_{code}", self.lang, **params)

    def label(self, kind: str, code: str) -> str:
        """The word for a type, a member or a value; its own name where it has none yet."""
        found = catalogue(self.lang).get(f"build_{kind}_{code}")
        return found if found is not None else code.rpartition(".")[2].replace("_", " ")

    def text(self, text: Any) -> str:
        """A text of the document, as short as the canvas wants it."""
        return localize(text, self.lang, self.first)

    def words(self, problems: tuple[Problem, ...]) -> tuple[str, ...]:
        """Problems as sentences, parts named in their own words."""
        named = tuple(map(self._named, problems))
        return tuple(one.message for one in findings.words(named, self.lang))

    def _named(self, problem: Problem) -> Problem:
        """The problem with the names of the parts it speaks of in place of their ids."""
        params = dict(problem.params)
        for member in NAMING:
            name = params.get(member)
            if isinstance(name, str) and self.part(name.partition("/")[0]) is not None and name:
                params[member] = self._in_words(name)
        if params.get("language", "*") != "*":
            params["language"] = self.label("language", str(params["language"]))
        option, question = params.get("option"), self.part(str(problem.params.get("question", "")))
        for one in getattr(question, "options", ()):
            if one.id == option:
                params["option"] = self.text(one.text) or one.id
        return msgspec.structs.replace(problem, params=params)

    def _in_words(self, address: str) -> str:
        """A part, an option, a row or a node: its text, or its id where it has none."""
        if "/" not in address:
            return self.name_of(address)
        place = find(to_tree(self.document), address)
        text = place.part.get("text") if place is not None else None
        return self.text(text) or address.rpartition("/")[2]

    def name_of(self, part: str) -> str:
        """A part in words: its title or text, else its id."""
        if not part:
            return self.text(self.document.title)
        found: Any = self.part(part)
        title = self.text(getattr(found, "title", None)) or self.text(getattr(found, "text", None))
        return title or self._unworded(found) or part.partition("/")[2] or part

    def name_in_list(self, part: str) -> str:
        """The same; a question without words by its number too, since others of its type may stand
        in the list."""
        questions = [one.id for page in self.document.pages for one in page.questions]
        name = self.name_of(part)
        found: Any = self.part(part)
        if part not in questions or self.text(found.text):
            return name
        return self.say("numbered", n=questions.index(part) + 1, type=name)

    def _unworded(self, part: Any) -> str:
        """A page by its number, a question by its type, where nothing is written yet."""
        for number, sheet in enumerate(self.document.pages, 1):
            if sheet is part:
                return self.say("page_n", n=number)
            if any(one is part for one in sheet.questions):
                return self.label("type", part.type)
        return ""

    def part(self, at: str) -> Struct | None:
        """The part of this address (a page, a question, a score, `context/visit.type` …), the
        document itself for none."""
        if not at:
            return self.document
        if at.startswith("context/"):
            return self.document.context.get(at.partition("/")[2])
        return self._parts.get(at)

    @property
    def _parts(self) -> dict[str, Struct]:
        """Every part by its id, anew after each edit."""
        if self._index is None or self._index[0] is not self.document:
            lists = (getattr(self.document, name) for name in (*HOMES, "walks", "pages"))
            found: dict[str, Struct] = {one.id: one for parts in lists for one in parts}
            for sheet in self.document.pages:
                found |= {question.id: question for question in sheet.questions}
            self._index = (self.document, found)
        return self._index[1]

    def part_in(self, document: Document, at: str) -> Struct | None:
        """The page or question of this id in another document, the document itself for none."""
        parts = (one for sheet in document.pages for one in (sheet, *sheet.questions))
        return next((one for one in parts if one.id == at), None) if at else document

    def place_of(self, address: str) -> str:
        """Where a part stands, in words: the page and the number, or the place in its list."""
        place = find(to_tree(self.document), address) if "/" in address else None
        if place is not None:
            return self.say("place_inner", n=place.position + 1)
        number = 0
        for position, sheet in enumerate(self.document.pages, 1):
            if sheet.id == address:
                return self.say("place_page", n=position)
            for question in sheet.questions:
                number += 1
                if question.id == address:
                    return self.say("place_question", n=number, page=position)
        return ""

    def told(self, refused: Refused) -> Told:
        """Why an edit was refused."""
        now = "" if refused.now is msgspec.UNSET else _plain(refused.now)
        return Told(self.words(refused.problems), self._uses(refused.used_by), now)

    def apply(self, edit: AnyEdit) -> str | None:
        """Do an edit; the address of the part that it made.

        Raises:
            Refused: see `builder.edits`.
        """
        self.draft = drafts.apply_edit(
            self.deployment.db,
            self.survey,
            edit,
            self.principal.actor(),
            clock=self.deployment.clock,
        )
        return self.draft.made

    def _uses(self, found: tuple[Reference, ...]) -> tuple[tuple[str, str], ...]:
        owners = dict.fromkeys(one.owner for one in found)
        return tuple((owner, self.name_of(owner)) for owner in owners)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def in_its_languages(desk: Desk, code: str) -> list[tuple[str, str]]:
    """The builder's words in each language of the survey that we speak."""
    spoken = [one for one in desk.document.languages if one in LANGUAGES]
    return [(one, say(f"build_{code}", one)) for one in spoken or [desk.first]]


Act = Callable[[Desk, str, list[str]], str]
"""Does what the words of a button ask for; the address of what was made or acted on comes back."""
