"""Writes a survey as a FHIR R4 Questionnaire with SDC extensions."""

from typing import Any

from engine.definition import Document, Page
from engine.problems import pointer
from engine.questions import Question
from engine.text import localize
from interchange.fhir import extensions as ext
from interchange.fhir.calculated import Calculated, calculations
from interchange.fhir.jumps import ALWAYS, Reached, both, reached
from interchange.fhir.members import Members, Picture
from interchange.fhir.rules import Rules
from interchange.fhir.said import PLACEHOLDER, Made, Words, coded, control
from interchange.report import Conversion, Report

_TYPES = {
    "single_choice": "choice", "multi_choice": "choice", "ranking": "choice", "cascade": "choice",
    "rating": "integer", "nps": "integer", "yes_no": "boolean", "consent": "boolean",
    "text": "string", "number": "decimal", "date": "date", "time": "time",
    "department": "reference", "staff": "reference", "picture_upload": "attachment",
    "file_upload": "attachment", "signature": "attachment", "statement": "display",
    "matrix": "group",
}  # fmt: skip


def write(document: Document, picture: Picture = lambda _: None) -> Conversion:
    """The Questionnaire of a document without errors; losses point into the document. `picture`
    knows where the pictures are that the document names."""
    return _Writer(document, picture).run()


def canonical(document: Document) -> str:
    """The address that names the form."""
    return document.url or f"urn:huisheng:survey:{document.id}"


class _Writer:
    def __init__(self, document: Document, picture: Picture) -> None:
        self.document = document
        self.report = Report()
        self.rules = Rules(document)
        self.base = document.languages[0]
        self.words = Words(self.base)
        self.members = Members(self.words, self.report, self.rules, picture)
        self.calculated = calculations(self.rules.scope, self.rules.paths, self.report)

    def run(self) -> Conversion:
        document = self.document
        kept: Any = document.ext.get("fhir", {})
        made: Made = {"resourceType": "Questionnaire", "id": document.id.replace("_", "-")}
        made |= {"language": self.base, "url": canonical(document)}
        made |= kept if isinstance(kept, dict) else {}
        made.setdefault("status", "active")
        made.setdefault("name", _computer_name(document.id))
        made |= self.words.say("title", document.title)
        if document.description is not None:
            made |= self.words.say("description", document.description)
        if document.codes:
            made["code"] = [coded(code) for code in document.codes]
        made["item"] = self.items()
        self.lose_the_rest()
        return self.report.outcome(document, made)

    # -- items ------------------------------------------------------------------------------

    def items(self) -> list[Made]:
        """The pages, and behind each what is worked out from its answers: inside a page it would
        not be there where the page is not."""
        made: list[Made] = []
        ways = zip(self.document.pages, reached(self.document.pages), strict=True)
        for p, (page, way) in enumerate(ways):
            if page.questions:
                made.append(self.page(p, page, way))
            made += [self.hidden(one) for one in self.calculated.get(p, ())]
        return made

    def page(self, p: int, page: Page, way: Reached) -> Made:
        at = pointer("pages", p)
        self.report.element(at)
        made: Made = {"linkId": page.id, "type": "group"}
        if page.title is not None:
            made |= self.words.say("text", page.title)
        if page.codes:
            made["code"] = [coded(code) for code in page.codes]
        self.enable_page(made, page, way, at)
        items = [self.question(f"{at}/questions/{q}", question)
                 for q, question in enumerate(page.questions)]  # fmt: skip
        if page.description is not None:
            words = {"linkId": f"{page.id}.description", "type": "display"}
            items.insert(0, words | self.words.say("text", page.description))
        made["item"] = items
        return made

    def enable_page(self, made: Made, page: Page, way: Reached, at: str) -> None:
        """Its own rule, and that no jump passes over it; what cannot be said is lost alone."""
        own, passed = page.show_if or ALWAYS, way.rule
        if passed is not None and self.members.say_rule(made, both(passed, own)):
            for j in way.jumps:
                self.report.note("jump_conditions", f"/pages/{j}/next", self.document.pages[j].id)
            return
        if way.jumps and (passed is None or not self.members.say_rule(made, passed)):
            for j in way.jumps:
                self.report.lose(
                    "jump", f"/pages/{j}/next", f"{self.document.pages[j].id} → {page.id}"
                )
            self.members.enable(made, page.show_if, f"{at}/show_if")
        elif page.show_if is not None:
            self.report.lose("rule_out", f"{at}/show_if", page.id)

    def hidden(self, one: Calculated) -> Made:
        """A value that is worked out and not shown."""
        expression = {"language": "text/fhirpath", "expression": one.expression}
        made: Made = {"linkId": one.link}
        made["extension"] = [{"url": ext.CALCULATED, "valueExpression": expression},
                             {"url": ext.HIDDEN, "valueBoolean": True}]  # fmt: skip
        return made | self.words.say("text", one.title) | {"type": "decimal", "readOnly": True}

    def question(self, at: str, question: Question) -> Made:
        self.report.element(at)
        made: Made = {"linkId": question.id}
        if question.codes and question.type != "statement":
            made["code"] = [coded(code) for code in question.codes]
        made |= self.words.say("text", question.text)
        if PLACEHOLDER.search(localize(question.text, self.base, self.base)):
            self.report.lose("placeholder_out", f"{at}/text", question.id)
        made["type"] = _TYPES[question.type]
        self.members.enable(made, question.show_if, f"{at}/show_if")
        if question.required is True:
            made["required"] = True
        elif question.required is not False:
            self.report.lose("required_rule", f"{at}/required", question.id)
        extensions: list[Made] = made.pop("extension", [])
        self.members.write(at, question, made, extensions)
        self.members.lose_members(at, question)
        if question.hint is not None:
            hint = {"linkId": f"{question.id}.hint", "type": "display",
                    "extension": [control("help")]}  # fmt: skip
            made["item"] = [*made.get("item", []), hint | self.words.say("text", question.hint)]
        for i, media in enumerate(question.media):
            extensions += self.members.shown(f"{at}/media/{i}", ext.MEDIA, media.asset, media.alt)
        if extensions:
            made = {"linkId": made["linkId"], "extension": extensions} | made
        return made

    # -- the rest ---------------------------------------------------------------------------

    def lose_the_rest(self) -> None:
        document = self.document
        for member in ("endings", "alerts", "walks", "context"):
            if getattr(document, member):
                self.report.lose("member_out", f"/{member}", member)
        for i, score in enumerate(document.scores):
            if score.dimension:
                self.report.lose("member_out", f"/scores/{i}/dimension", score.id)
        if document.kind != "survey":
            self.report.lose("member_out", "/kind", document.kind)


def _computer_name(name: str) -> str:
    """A name as R4 wants it (que-0): a capital first, letters, digits and underscores."""
    return "".join(part.capitalize() for part in name.split("_"))
