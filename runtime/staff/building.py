"""A survey's draft as one person sees it in the builder: its canvas, the properties of a part."""

from typing import Any, get_args

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
from runtime.staff.frame import language_of
from runtime.staff.pages.sign_in import Fields
from runtime.surveys import findings
from runtime.wiring import Deployment

SURVEYS = "/staff/surveys"
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
    is_conditional: bool
    problems: tuple[str, ...]


class Sheet(Struct, frozen=True):
    """A page on the canvas."""

    id: str
    number: int
    title: str
    is_conditional: bool
    has_jumps: bool
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

    @property
    def document(self) -> Document:
        """The newest document."""
        return self.draft.document

    @property
    def first(self) -> str:
        """The language that texts are written in first."""
        return self.document.languages[0]

    def address(self, at: str) -> str:
        """The builder with this part chosen."""
        here = f"{SURVEYS}/{self.survey}/edit"
        return f"{here}?at={at}" if at else here

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
        """A part in words: its text or title, else its id."""
        if not part:
            return self.text(self.document.title)
        for sheet in self.document.pages:
            if sheet.id == part:
                return self.text(sheet.title) or part
            for question in sheet.questions:
                if question.id == part:
                    return self.text(question.text) or part
        for other in (*self.document.scores, *self.document.endings, *self.document.alerts):
            if other.id == part:
                return self.text(other.title) or part
        return part

    def part(self, at: str) -> Struct | None:
        """The page or question of this address, the document itself for none."""
        if not at:
            return self.document
        for sheet in self.document.pages:
            if sheet.id == at:
                return sheet
            for question in sheet.questions:
                if question.id == at:
                    return question
        return None

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
                one.show_if is not None,
                bool(one.next),
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
        question.required is not False,
        question.show_if is not None,
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


class Inner(Struct, frozen=True):
    """An option, row or node in the panel."""

    id: str
    list: str
    inputs: tuple[Input, ...]
    more: tuple[Shown, ...]
    name: str


def properties(desk: Desk, part: Any, tree: Tree, typed: Fields, prefix: str = "m") -> list[Shown]:
    """The inputs for the members of a part."""
    shown: list[Shown] = []
    for one in properties_of(part):
        choices = tuple(
            (value, desk.label("value", f"{one.member}.{value}")) for value in one.values
        )
        shown.append(
            Shown(
                one,
                desk.label("member", one.member),
                catalogue(desk.lang).get(f"build_help_{one.member}", ""),
                tuple(_inputs(desk, one, tree, typed, prefix)),
                choices if one.kind == "choice" else (),
            )
        )
    return shown


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
        return ", ".join(value) if isinstance(value, list) else "" if value is True else str(+value)
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
