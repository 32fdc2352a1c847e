"""What each question type writes into its item: limits, options, rows, pictures."""

from collections.abc import Callable
from typing import Any

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
from engine.text import Text
from interchange.fhir import extensions as ext
from interchange.fhir.codings import coding, is_whole
from interchange.fhir.jumps import ALWAYS
from interchange.fhir.paths import NotCarried
from interchange.fhir.rules import Enabled, Rules
from interchange.fhir.said import Made, Words, control, limits
from interchange.fhir.toggles import toggles
from interchange.report import Report

Picture = Callable[[str], Made | None]
"""The content of an asset as members of a FHIR Attachment, None where it is not at hand."""
_OURS = {
    "dimension": "dimension", "tags": "tags", "privacy": "privacy", "bank": "bank",
    "points_of": "points", "reverse": "reverse", "pattern_message": "pattern_message",
    "within": "within", "of": "of", "shuffle": "shuffle",
}  # fmt: skip
"""Members of questions that a Questionnaire has no place for, by how documents write them."""
_REFERENCES = {"department": "Organization", "staff": "Practitioner"}


class Members:
    """Writes what is a type's own, and the rules of items; what has no place is lost by name."""

    def __init__(self, words: Words, report: Report, rules: Rules, picture: Picture) -> None:
        self.words = words
        self.report = report
        self.rules = rules
        self.picture = picture

    def shown(self, at: str, url: str, asset: str, words: Text | None) -> list[Made]:
        """A picture as the extension at an address, nothing (and a loss) where it is not there."""
        content = self.picture(asset)
        if content is None:
            self.report.lose("picture_out", at, asset)
            return []
        title: Made = {} if words is None else self.words.say("title", words)
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

    def write(self, at: str, question: Question, made: Made, extensions: list[Made]) -> None:
        """What is the type's own."""
        match question:
            case Matrix():
                self.matrix(at, question, made, extensions)
            case ChoiceQuestion():
                self.choice(at, question, made, extensions)
            case Cascade():
                made["answerOption"] = [
                    {"valueCoding": {"code": node.id} | self.words.say("display", node.text)}
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
        extensions += [*limits("Integer", low, high), control("slider")]
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
        made: Made = {"linkId": f"{name}.{end}", "type": "display", "extension": [control(end)]}
        return made | self.words.say("text", text)

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
            extensions.append(control("drop-down"))
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
        text = self.words.say("display", option.text)
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
        extensions.append(control("gtable"))
        made.pop("required", None)
        rows: list[Made] = []
        for i, row in enumerate(question.rows):
            item: Made = {"linkId": f"{question.id}.{row.id}"} | self.words.say("text", row.text)
            self.enable(item, row.show_if, f"{at}/rows/{i}/show_if")
            needed = question.rows_required is True or (
                isinstance(question.rows_required, tuple) and row.id in question.rows_required
            )
            if question.required is True and needed:
                item["required"] = True
            if question.scale is not None:
                item["type"] = "integer"
                own = [*limits("Integer", question.scale.min, question.scale.max),
                       control("slider")]  # fmt: skip
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
        extensions += limits("Integer" if whole else "Decimal", question.min, question.max)
        if question.step is not None and not whole:
            places = len(str(question.step).partition(".")[2])
            extensions.append({"url": ext.DECIMALS, "valueInteger": max(places, 1)})
        if question.unit is not None:
            unit = self.words.say("display", question.unit)
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


def _say(made: Made, enabled: Enabled) -> None:
    if enabled.conditions:
        made["enableWhen"] = enabled.conditions
        if len(enabled.conditions) > 1:
            made["enableBehavior"] = enabled.behavior
        return
    expression = {"language": "text/fhirpath", "expression": enabled.expression}
    made["extension"] = [{"url": ext.ENABLE_WHEN, "valueExpression": expression}]
