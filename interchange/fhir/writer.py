"""Writes a survey as a FHIR R4 Questionnaire with SDC extensions."""

import re
from collections.abc import Callable
from typing import Any

from engine.definition import Document, Page
from engine.problems import pointer
from engine.questions import Question
from engine.questions.cascade import Cascade
from engine.questions.choices import ChoiceQuestion
from engine.questions.consent import Consent
from engine.questions.matrix import Matrix
from engine.questions.moments import DateQuestion, TimeQuestion
from engine.questions.multi_choice import MultiChoice
from engine.questions.nps import Nps
from engine.questions.number import NumberQuestion
from engine.questions.ranking import Ranking
from engine.questions.rating import Rating
from engine.questions.text import TextQuestion
from engine.questions.uploads import UploadQuestion
from engine.questions.yes_no import YesNo
from engine.ruletree import Rule
from engine.text import Text, localize
from interchange.fhir import extensions as ext
from interchange.fhir.calculated import Calculated, calculations
from interchange.fhir.codings import coding, is_whole
from interchange.fhir.jumps import ALWAYS, Reached, both, reached
from interchange.fhir.paths import NotCarried
from interchange.fhir.rules import Enabled, Rules
from interchange.fhir.toggles import toggles
from interchange.report import Conversion, Report

Made = dict[str, Any]
Picture = Callable[[str], Made | None]
"""The content of an asset as members of a FHIR Attachment, None where it is not at hand."""
_TYPES = {
    "single_choice": "choice", "multi_choice": "choice", "ranking": "choice", "cascade": "choice",
    "rating": "integer", "nps": "integer", "yes_no": "boolean", "consent": "boolean",
    "text": "string", "number": "decimal", "date": "date", "time": "time",
    "department": "reference", "staff": "reference", "picture_upload": "attachment",
    "file_upload": "attachment", "signature": "attachment", "statement": "display",
    "matrix": "group",
}  # fmt: skip
_OURS = {
    "dimension": "dimension", "tags": "tags", "privacy": "privacy", "bank": "bank",
    "points_of": "points", "reverse": "reverse", "pattern_message": "pattern_message",
    "within": "within", "of": "of", "shuffle": "shuffle",
}  # fmt: skip
"""Members of questions that a Questionnaire has no place for, by how documents write them."""
_PLACEHOLDER = re.compile(r"\{\{[^{}]*+\}\}")
_REFERENCES = {"department": "Organization", "staff": "Practitioner"}


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
        self.picture = picture
        self.report = Report()
        self.rules = Rules(document)
        self.base = document.languages[0]
        self.calculated = calculations(self.rules.scope, self.rules.paths, self.report)

    def run(self) -> Conversion:
        document = self.document
        kept: Any = document.ext.get("fhir", {})
        made: Made = {"resourceType": "Questionnaire", "id": document.id.replace("_", "-")}
        made |= {"language": self.base, "url": canonical(document)}
        made |= kept if isinstance(kept, dict) else {}
        made.setdefault("status", "active")
        made.setdefault("name", _computer_name(document.id))
        made |= self.say("title", document.title)
        if document.description is not None:
            made |= self.say("description", document.description)
        if document.codes:
            made["code"] = [_coding(code) for code in document.codes]
        made["item"] = self.items()
        self.lose_the_rest()
        return self.report.outcome(document, made)

    def say(self, member: str, text: Text) -> Made:
        """A text with its translations."""
        made: Made = {member: self.unpiped(localize(text, self.base, self.base))}
        if isinstance(text, dict):
            others = {tag: t for tag, t in text.items() if tag != self.base}
            if others:
                made[f"_{member}"] = {"extension": [_translation(t, self.unpiped(v))
                                                    for t, v in others.items()]}  # fmt: skip
        return made

    def unpiped(self, text: str) -> str:
        return _PLACEHOLDER.sub("…", text).replace("\\{{", "{{").replace("\\…", "{{…")

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
            made |= self.say("text", page.title)
        if page.codes:
            made["code"] = [_coding(code) for code in page.codes]
        self.enable_page(made, page, way, at)
        items = [self.question(f"{at}/questions/{q}", question)
                 for q, question in enumerate(page.questions)]  # fmt: skip
        if page.description is not None:
            words = {"linkId": f"{page.id}.description", "type": "display"}
            items.insert(0, words | self.say("text", page.description))
        made["item"] = items
        return made

    def enable_page(self, made: Made, page: Page, way: Reached, at: str) -> None:
        """Its own rule, and that no jump passes over it; what cannot be said is lost alone."""
        own, passed = page.show_if or ALWAYS, way.rule
        if passed is not None and self.say_rule(made, both(passed, own)):
            for j in way.jumps:
                self.report.note("jump_conditions", f"/pages/{j}/next", self.document.pages[j].id)
            return
        if way.jumps and (passed is None or not self.say_rule(made, passed)):
            for j in way.jumps:
                self.report.lose(
                    "jump", f"/pages/{j}/next", f"{self.document.pages[j].id} → {page.id}"
                )
            self.enable(made, page.show_if, f"{at}/show_if")
        elif page.show_if is not None:
            self.report.lose("rule_out", f"{at}/show_if", page.id)

    def hidden(self, one: Calculated) -> Made:
        """A value that is worked out and not shown."""
        expression = {"language": "text/fhirpath", "expression": one.expression}
        made: Made = {"linkId": one.link}
        made["extension"] = [{"url": ext.CALCULATED, "valueExpression": expression},
                             {"url": ext.HIDDEN, "valueBoolean": True}]  # fmt: skip
        return made | self.say("text", one.title) | {"type": "decimal", "readOnly": True}

    def question(self, at: str, question: Question) -> Made:
        self.report.element(at)
        made: Made = {"linkId": question.id}
        if question.codes and question.type != "statement":
            made["code"] = [_coding(code) for code in question.codes]
        made |= self.say("text", question.text)
        if _PLACEHOLDER.search(localize(question.text, self.base, self.base)):
            self.report.lose("placeholder_out", f"{at}/text", question.id)
        made["type"] = _TYPES[question.type]
        self.enable(made, question.show_if, f"{at}/show_if")
        if question.required is True:
            made["required"] = True
        elif question.required is not False:
            self.report.lose("required_rule", f"{at}/required", question.id)
        extensions: list[Made] = made.pop("extension", [])
        self.members(at, question, made, extensions)
        self.lose_members(at, question)
        if question.hint is not None:
            hint = {"linkId": f"{question.id}.hint", "type": "display",
                    "extension": [_control("help")]}  # fmt: skip
            made["item"] = [*made.get("item", []), hint | self.say("text", question.hint)]
        for i, media in enumerate(question.media):
            extensions += self.shown(f"{at}/media/{i}", ext.MEDIA, media.asset, media.alt)
        if extensions:
            made = {"linkId": made["linkId"], "extension": extensions} | made
        return made

    def shown(self, at: str, url: str, asset: str, words: Text | None) -> list[Made]:
        """A picture as the extension at an address, nothing (and a loss) where it is not there."""
        content = self.picture(asset)
        if content is None:
            self.report.lose("picture_out", at, asset)
            return []
        title: Made = {} if words is None else self.say("title", words)
        return [{"url": url, "valueAttachment": content | title}]

    def enable(self, made: Made, rule: Rule | None, at: str) -> None:
        """Say when an item is enabled, or lose the rule."""
        if rule is None:
            return
        try:
            _say(made, self.rules.enabled(rule))
        except NotCarried as problem:
            self.report.lose("rule_out", at, str(problem))

    def say_rule(self, made: Made, rule: Rule) -> bool:
        """Say when an item is enabled; False where a Questionnaire cannot."""
        if rule == ALWAYS:
            return True
        try:
            _say(made, self.rules.enabled(rule))
        except NotCarried:
            return False
        return True

    def members(self, at: str, question: Question, made: Made, extensions: list[Made]) -> None:
        """What is the type's own."""
        match question:
            case Matrix():
                self.matrix(at, question, made, extensions)
            case ChoiceQuestion():
                self.choice(at, question, made, extensions)
            case Cascade():
                made["answerOption"] = [
                    {"valueCoding": {"code": node.id} | self.say("display", node.text)}
                    for _, node in question.walk()
                ]
                self.report.change("cascade_out", at, question.id)
            case Rating() | Nps():
                self.scale(at, question, made, extensions)
            case NumberQuestion():
                self.number(question, made, extensions)
            case DateQuestion() | TimeQuestion():
                self.moment(question, extensions)
            case TextQuestion():
                self.text(at, question, made, extensions)
            case UploadQuestion():
                self.upload(question, made, extensions)
            case _:
                self.plain(at, question, extensions)

    def lose_members(self, at: str, question: Question) -> None:
        """Tell of what a question says beside its text, type and limits."""
        for member, name in _OURS.items():
            if getattr(question, member, None):
                self.report.lose("member_out", f"{at}/{name}", f"{question.id}: {name}")
        if isinstance(question, YesNo) and question.labels:
            self.report.lose("labels_out", f"{at}/labels", question.id)
        if isinstance(question, Matrix) and question.scale is not None:
            for name in ("labels", "reverse"):
                if getattr(question.scale, name):
                    self.report.lose("labels_out" if name == "labels" else "member_out",
                                     f"{at}/scale/{name}", question.id)  # fmt: skip

    def plain(self, at: str, question: Question, extensions: list[Made]) -> None:
        if isinstance(question, Consent):
            self.report.change("consent_out", at, question.id)
        elif question.type in _REFERENCES:
            extensions.append({"url": ext.REFERENCE, "valueCode": _REFERENCES[question.type]})

    def scale(self, at: str, question: Rating | Nps, made: Made, extensions: list[Made]) -> None:
        low, high = (question.min, question.max) if isinstance(question, Rating) else (0, 10)
        extensions += [*_limits("Integer", low, high), _control("slider")]
        ends = {str(low): "lower", str(high): "upper"}
        for value, text in question.labels.items():
            if value in ends:
                made.setdefault("item", []).append(self.end_of(question.id, ends[value], text))
            else:
                self.report.lose("labels_out", f"{at}/labels/{value}", f"{question.id}: {value}")
        if isinstance(question, Rating):
            self.not_applicable(at, question.not_applicable, question.id)

    def end_of(self, name: str, end: str, text: Text) -> Made:
        """The words at one end of a slider."""
        made: Made = {"linkId": f"{name}.{end}", "type": "display", "extension": [_control(end)]}
        return made | self.say("text", text)

    def not_applicable(self, at: str, offered: bool, name: str) -> None:
        if offered:
            self.report.lose("not_applicable_out", f"{at}/not_applicable", name)

    def choice(self, at: str, question: ChoiceQuestion, made: Made, extensions: list[Made]) -> None:
        entered = [o for o in question.options if o.text_entry]
        if entered:
            made["type"] = "open-choice"
        if isinstance(question, (MultiChoice, Ranking)):
            made["repeats"] = True
        if isinstance(question, Ranking):
            self.report.change("ranking_out", at, question.id)
        if isinstance(question, MultiChoice):
            for url, number in ((ext.MIN_OCCURS, question.min_selected),
                                (ext.MAX_OCCURS, question.max_selected)):  # fmt: skip
                if number is not None:
                    extensions.append({"url": url, "valueInteger": number})
        appearance = getattr(question, "appearance", "list")
        if appearance == "dropdown":
            extensions.append(_control("drop-down"))
        shown = [o for o in question.options if not (o.text_entry and o.id == "other")]
        made["answerOption"] = [self.option(question, option) for option in shown]
        written = {o.id: value for o, value in zip(shown, made["answerOption"], strict=True)}
        extensions += toggles(self.rules.paths, self.report, at, question.options, written)
        for i, option in enumerate(question.options):
            if option.text_entry and option.id != "other":
                self.report.change("entry_out", f"{at}/options/{i}/text_entry", option.id)
            if option.image is not None:
                self.show_option(f"{at}/options/{i}/image", option, shown, made)

    def show_option(self, at: str, option: Any, shown: list[Any], made: Made) -> None:
        pictured = self.shown(at, ext.ANSWER_MEDIA, option.image, None)
        if pictured and option in shown:
            written: Made = made["answerOption"][shown.index(option)]
            written["extension"] = [*written.get("extension", []), *pictured]
        elif pictured:
            self.report.lose("picture_out", at, option.id)

    def option(self, question: Any, option: Any) -> Made:
        text = self.say("display", option.text)
        value = coding(question, option.id) | text
        made: Made = {}
        kind = option.ext.get("fhir_value")
        if option.points is not None:
            made["extension"] = [{"url": ext.ORDINAL, "valueDecimal": option.points}]
            value["extension"] = [{"url": ext.WEIGHT, "valueDecimal": option.points}]
        if getattr(option, "exclusive", False):
            made.setdefault("extension", []).append({"url": ext.EXCLUSIVE, "valueBoolean": True})
        if kind is not None:
            plain: Any = option.ext.get("source_id", option.id)
            return made | {kind: int(plain) if kind == "valueInteger" else plain}
        return made | {"valueCoding": value}

    def matrix(self, at: str, question: Matrix, made: Made, extensions: list[Made]) -> None:
        """A table: a group whose items are the rows, under the names that rules use."""
        extensions.append(_control("gtable"))
        made.pop("required", None)
        rows: list[Made] = []
        for i, row in enumerate(question.rows):
            item: Made = {"linkId": f"{question.id}.{row.id}"} | self.say("text", row.text)
            self.enable(item, row.show_if, f"{at}/rows/{i}/show_if")
            needed = question.rows_required is True or (
                isinstance(question.rows_required, tuple) and row.id in question.rows_required
            )
            if question.required is True and needed:
                item["required"] = True
            if question.scale is not None:
                item["type"] = "integer"
                own = [*_limits("Integer", question.scale.min, question.scale.max),
                       _control("slider")]  # fmt: skip
                item["extension"] = [*item.get("extension", []), *own]
            else:
                item["type"] = "choice"
                item["answerOption"] = [self.option(question, o) for o in question.options]
            rows.append(item)
        made["item"] = rows
        self.not_applicable(at, question.not_applicable, question.id)
        self.report.change("matrix_out", at, question.id)

    def number(self, question: NumberQuestion, made: Made, extensions: list[Made]) -> None:
        whole = is_whole(question)
        made["type"] = "integer" if whole else "decimal"
        extensions += _limits("Integer" if whole else "Decimal", question.min, question.max)
        if question.step is not None and not whole:
            places = len(str(question.step).partition(".")[2])
            extensions.append({"url": ext.DECIMALS, "valueInteger": max(places, 1)})
        if question.unit is not None:
            unit = self.say("display", question.unit)
            extensions.append({"url": ext.UNIT, "valueCoding": unit})

    def moment(self, question: DateQuestion | TimeQuestion, extensions: list[Made]) -> None:
        for url, limit in ((ext.MIN, question.min), (ext.MAX, question.max)):
            if limit == "today":
                today = {"language": "text/fhirpath", "expression": "today()"}
                value = {"extension": [{"url": ext.CQF, "valueExpression": today}]}
                extensions.append({"url": url, "_valueDate": value})
            elif limit is not None:
                is_date = isinstance(question, DateQuestion)
                value = {"valueDate": limit} if is_date else {"valueTime": f"{limit}:00"}
                extensions.append({"url": url, **value})

    def text(self, at: str, question: TextQuestion, made: Made, extensions: list[Made]) -> None:
        made["type"] = "text" if question.lines > 1 else "string"
        made["maxLength"] = question.max_length
        if question.min_length:
            extensions.append({"url": ext.MIN_LENGTH, "valueInteger": question.min_length})
        if question.pattern is not None:
            extensions.append({"url": ext.REGEX, "valueString": question.pattern})
        if question.format is not None:
            self.report.lose("format_out", f"{at}/format", question.format)

    def upload(self, question: UploadQuestion, made: Made, extensions: list[Made]) -> None:
        if question.max_files > 1:
            made["repeats"] = True
            extensions.append({"url": ext.MAX_OCCURS, "valueInteger": question.max_files})
        megabytes = round(question.max_bytes / 1024 / 1024, 4)
        extensions.append({"url": ext.MAX_SIZE, "valueDecimal": megabytes})
        for kind in question.accepted_types():
            extensions.append({"url": ext.MIME, "valueCode": kind})

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


def _say(made: Made, enabled: Enabled) -> None:
    if enabled.conditions:
        made["enableWhen"] = enabled.conditions
        if len(enabled.conditions) > 1:
            made["enableBehavior"] = enabled.behavior
        return
    expression = {"language": "text/fhirpath", "expression": enabled.expression}
    made["extension"] = [{"url": ext.ENABLE_WHEN, "valueExpression": expression}]


def _computer_name(name: str) -> str:
    """A name as R4 wants it (que-0): a capital first, letters, digits and underscores."""
    return "".join(part.capitalize() for part in name.split("_"))


def _coding(code: Any) -> Made:
    made = {"system": code.system, "code": code.code}
    return made | ({"display": code.display} if code.display else {})


def _translation(tag: str, text: str) -> Made:
    return {"url": ext.TRANSLATION, "extension": [
        {"url": "lang", "valueCode": tag}, {"url": "content", "valueString": text}]}  # fmt: skip


def _control(code: str) -> Made:
    concept = {"coding": [{"system": ext.CONTROLS, "code": code}]}
    return {"url": ext.CONTROL, "valueCodeableConcept": concept}


def _limits(kind: str, low: Any, high: Any) -> list[Made]:
    found: list[Made] = []
    for url, limit in ((ext.MIN, low), (ext.MAX, high)):
        if limit is not None:
            found.append({"url": url, f"value{kind}": limit})
    return found
