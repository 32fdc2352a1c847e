"""A survey's draft as one person sees it in the builder: its canvas, the properties of a part."""

from functools import cached_property
from typing import Any, cast, get_args
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from builder.edits import AnyEdit, Refused
from builder.panel import Property, properties_of, shown_lines, text_inputs, value_at
from builder.references import Reference
from builder.tree import Tree
from engine import check
from engine.definition import Document
from engine.problems import Problem
from engine.questions import Question
from engine.text import localize
from runtime.accounts.access import Principal
from runtime.drafts import service as drafts
from runtime.kit.http import Http
from runtime.kit.words import catalogue, say
from runtime.org.service import list_sites
from runtime.staff.frame import language_of
from runtime.staff.offered import OPEN, Offer, Offers
from runtime.staff.pages.sign_in import Fields
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
LISTS = ("options", "rows", "nodes")


class Told(Struct, frozen=True):
    """A refusal on the page: sentences, where the part is used, what stands there now."""

    sentences: tuple[str, ...]
    uses: tuple[tuple[str, str], ...] = ()
    now: str = ""


class Line(Struct, frozen=True):
    """A question on the canvas."""

    id: str
    number: int
    text: str
    type: str
    options: tuple[str, ...]
    is_required: bool
    problems: tuple[str, ...]


class Sheet(Struct, frozen=True):
    """A page on the canvas."""

    id: str
    number: int
    title: str
    problems: tuple[str, ...]
    lines: tuple[Line, ...]


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
        """Words for codes that a document does not explain: sites, and whom its alerts call."""
        names = {one.id: one.text for one in list_sites(self.deployment.db, self.lang)}
        members = ("notify", "open_case") if self.document.alerts else ()
        return names | {one.code: one.words for m in members for one in self.offers.of(m)}

    def home_of(self, at: str) -> str:
        """The page of the builder where this part is edited; "" for the canvas."""
        if at.startswith("context/"):
            return "context"
        lists = (name for name in HOMES if any(p.id == at for p in getattr(self.document, name)))
        return next(lists, "")

    def address(self, at: str) -> str:
        """The builder with this part chosen."""
        home = self.home_of(at)
        here = f"{SURVEYS}/{self.survey}/edit" + (f"/{home}" if home else "")
        return f"{here}?{urlencode({'at': at}, safe='/')}" if at else here

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
        """Problems as sentences."""
        return tuple(one.message for one in findings.words(problems, self.lang))

    def name_of(self, part: str) -> str:
        """A part in words: its title or text, else its id."""
        if not part:
            return self.text(self.document.title)
        found: Any = self.part(part)
        title = self.text(getattr(found, "title", None)) or self.text(getattr(found, "text", None))
        return title or part.partition("/")[2] or part

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


# The canvas


def sheets_of(desk: Desk) -> list[Sheet]:
    """The pages with their questions, numbered through, each with its own problems."""
    found = problems_by_owner(desk.document, check(desk.document))
    number = 0
    sheets: list[Sheet] = []
    for position, one in enumerate(desk.document.pages, 1):
        lines: list[Line] = []
        for question in one.questions:
            number += 1
            lines.append(_line(desk, question, number, found.get(question.id, ())))
        sheets.append(
            Sheet(
                one.id,
                position,
                desk.text(one.title),
                desk.words(found.get(one.id, ())),
                tuple(lines),
            )
        )
    return sheets


def _line(desk: Desk, question: Any, number: int, problems: tuple[Problem, ...]) -> Line:
    parts = getattr(question, "options", ()) or getattr(question, "rows", ())
    return Line(
        question.id,
        number,
        desk.text(question.text),
        question.type,
        tuple(desk.text(part.text) for part in parts[:8]),
        question.required is True,
        desk.words(problems),
    )


def problems_by_owner(
    document: Document, problems: tuple[Problem, ...]
) -> dict[str, tuple[Problem, ...]]:
    """Problems by the page, question or other part that they stand in; "" for the head."""
    found: dict[str, tuple[Problem, ...]] = {}
    for problem in problems:
        owner = owner_of(document, problem.at)
        found[owner] = (*found.get(owner, ()), problem)
    return found


def owner_of(document: Document, at: str) -> str:
    """The id of the page, question, score … that a pointer leads into; "" for the head."""
    whole: Any = document
    match at.split("/")[1:]:
        case ["pages", page_at, "questions", question, *_]:
            return whole.pages[int(page_at)].questions[int(question)].id
        case ["pages" | "computed" | "scores" | "endings" | "alerts" | "walks" as name, i, *_]:
            return getattr(whole, name)[int(i)].id
        case ["context", name, *_]:
            return f"context/{name}"
        case _:
            return ""


# The properties


class Input(Struct, frozen=True):
    """One input of the panel: its name in the form, its label and what it holds."""

    name: str
    label: str
    value: str


class Shown(Struct, frozen=True):
    """One property of the panel with its inputs."""

    rule: Property
    label: str
    help: str
    inputs: tuple[Input, ...]
    choices: tuple[tuple[str, str], ...] = ()
    offers: tuple[Offer, ...] = ()
    others: str | None = None
    """What else is typed into a list beside the offers; None where nothing else may stand."""


class Inner(Struct, frozen=True):
    """An option, row or node in the panel."""

    id: str
    list: str
    inputs: tuple[Input, ...]
    more: tuple[Shown, ...]
    name: str


def properties(desk: Desk, part: Any, tree: Tree, typed: Fields, prefix: str = "m") -> list[Shown]:
    """The inputs for the members of a part."""
    return [_shown_property(desk, one, tree, typed, prefix) for one in properties_of(part)]


def _shown_property(desk: Desk, one: Property, tree: Tree, typed: Fields, prefix: str) -> Shown:
    last = one.member.rpartition("/")[2]
    choices = tuple((value, desk.label("value", f"{last}.{value}")) for value in one.values)
    inputs = tuple(_inputs(desk, one, tree, typed, prefix))
    offers: tuple[Offer, ...] = ()
    others = None
    if one.kind in ("line", "list"):
        offers, others = _offered(desk, one, inputs[0].value)
    return Shown(
        one,
        desk.label("member", last),
        catalogue(desk.lang).get(f"build_help_{last}", ""),
        inputs,
        choices if one.kind == "choice" else (),
        offers,
        others,
    )


def _offered(desk: Desk, one: Property, value: str) -> tuple[tuple[Offer, ...], str | None]:
    """The offers with the chosen ones marked, what is chosen but not offered (any more) last; and
    what else a list holds that may hold more."""
    known = desk.offers.of(one.member)
    if not known and one.member not in desk.offers.members:
        return (), None
    chosen = [value] if one.kind == "line" else [part.strip() for part in value.split(",")]
    codes = {offer.code for offer in known}
    rest = [code for code in chosen if code and code not in codes]
    marked = [msgspec.structs.replace(offer, is_on=offer.code in chosen) for offer in known]
    if one.member in OPEN:
        return tuple(marked), ", ".join(rest)
    return (*marked, *(Offer(code, code, is_on=True) for code in rest)), None


def _inputs(desk: Desk, one: Property, tree: Tree, typed: Fields, prefix: str) -> list[Input]:
    def made(member: str, label: str) -> Input:
        name = f"{prefix}:{member}"
        return Input(name, label, typed[name] if name in typed else _shown(tree, member, one))

    if one.kind == "text":
        return [
            made(member, desk.label("language", language) if language else "")
            for member, language in text_inputs(one.member, tree, desk.document.languages)
        ]
    if one.kind == "texts":
        several = len(desk.document.languages) > 1
        return [
            made(
                member,
                f"{_key(desk, key)} {desk.label('language', language)}"
                if several and language
                else _key(desk, key),
            )
            for key in one.values
            for member, language in text_inputs(
                f"{one.member}/{key}", tree, desk.document.languages
            )
        ]
    if one.kind == "points":
        return [made(f"{one.member}/{key}", _key(desk, key)) for key in one.values]
    return [made(one.member, "")]


def _key(desk: Desk, key: str) -> str:
    return desk.label("key", key) if key in ("yes", "no") else key


def _shown(tree: Tree, member: str, one: Property) -> str:
    value = value_at(tree, member)
    if one.kind in ("yes_no", "required"):
        is_on = one.default if value is None else value
        return "on" if is_on else ""
    if value is None:
        value = one.default if one.kind in ("whole", "choice") else None
    if value is None:
        return ""
    if one.kind == "list":
        return ", ".join(value)
    if one.kind == "lines":
        return shown_lines(one, value)
    if one.kind == "some":
        if isinstance(value, list):
            return ", ".join(cast(list[str], value))
        return "" if value is True else str(int(value))
    if one.kind == "json":
        return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()
    return str(value)


def inner_of(desk: Desk, part: Any, tree: Tree, typed: Fields) -> list[Inner]:
    """The options, rows and nodes of a question, a cascade's nodes with those below them."""
    found: list[Inner] = []
    for member in LISTS:
        for one, own in walk_inner(getattr(part, member, ()), tree.get(member, [])):
            prefix = f"o:{member}/{one.id}"
            shown = properties(desk, one, own, typed, prefix)
            text = next(p for p in shown if p.rule.member == "text")
            rest = tuple(p for p in shown if p.rule.member not in ("text", "codes", "ext", "image"))
            found.append(Inner(one.id, member, text.inputs, rest, desk.text(one.text) or one.id))
    return found


def walk_inner(parts: Any, trees: list[Tree]) -> list[tuple[Any, Tree]]:
    """Options, rows or nodes with their JSON values, those below a node behind it."""
    found: list[tuple[Any, Tree]] = []
    for part, tree in zip(parts, trees, strict=True):
        found += [(part, tree), *walk_inner(getattr(part, "nodes", ()), tree.get("nodes", []))]
    return found


def placed(desk: Desk, problems: tuple[Problem, ...]) -> list[tuple[str, str, str]]:
    """Each problem with the part it stands in: its id, its name, the sentence."""
    owners = [owner_of(desk.document, problem.at) for problem in problems]
    return [
        (owner, desk.name_of(owner), sentence)
        for owner, sentence in zip(owners, desk.words(problems), strict=True)
    ]
