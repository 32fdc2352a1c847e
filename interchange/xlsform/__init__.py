"""XLSForm workbooks (xlsform.org), read into the survey format."""

import re

from engine.definition import FORMAT
from interchange.expression import Unreadable
from interchange.names import fitted, source_id
from interchange.refs import Ref
from interchange.report import Conversion, Report
from interchange.settle import settled
from interchange.truth import Rule, both, within_limits
from interchange.xlsform import questions
from interchange.xlsform.context import Context
from interchange.xlsform.questions import Made
from interchange.xlsform.workbook import NoWorkbook, Row, Workbook, opened

MAX_NESTING = 12
_CONTROL = re.compile(r"(begin|end)[\s_]+(group|repeat|lgroup|loop|looped group)\b.*")
METADATA = frozenset(
    "start end today deviceid subscriberid simserial phonenumber username email audit "
    "start-geopoint background-audio background-geopoint imei device_id phone_number "
    "instance_id calculate_here uri:deviceid".split()
)
MEDIA = frozenset(("media", "image", "audio", "video", "big-image"))
HEAD = frozenset(
    "form_title set_form_title title form_id set_form_id id_string default_language".split()
)
LOOKS = frozenset("version style public_key submission_url auto_send auto_delete prefix".split())
"""Settings of the program that shows or sends a form, not of the form."""
READ = frozenset(
    "type name label hint required relevant relevance constraint constraint_message calculation "
    "calculate appearance choice_filter readonly read_only default parameters required_message "
    "guidance_hint rows disabled comments comment notes note".split()
)


def read(data: bytes, language: str | None = None) -> Conversion:
    """A workbook's bytes as a survey, with what was lost; `language` is that of texts in columns
    without one."""
    report = Report()
    try:
        book = opened(data)
    except NoWorkbook as problem:
        report.refuse(problem.code, "", **problem.params)
        return report.outcome(None)
    reader = _Reader(book, Context(book, report, language))
    tree = reader.tree()
    if not tree["pages"]:
        report.lose("nothing_carried", "survey", kind="refused")
        return report.outcome(None)
    return report.outcome(settled(tree, report))


def _says_more(row: Row, parameters: str) -> bool:
    """Whether parameters say more than what the question's type reads of them."""
    read = {"range": {"start", "end", "step"}}.get(row.get("type").lower(), {"randomize"})
    return not set(re.findall(r"(?<![\w-])([\w-]++)\s*=", parameters)) <= read


class _Group:
    """An open group: its rule, and whether the patient would repeat it."""

    def __init__(self, row: Row, kind: str, rules: list[Rule], repeats: bool) -> None:
        self.row = row
        self.kind = kind
        self.rules = rules
        self.repeats = repeats


class _Reader:
    def __init__(self, book: Workbook, context: Context) -> None:
        self.book = book
        self.context = context
        self.report = context.report
        self.pages: list[Made] = []
        self.open: list[_Group] = []
        self.scored: list[str] = []

    def tree(self) -> Made:
        context, settings = self.context, self.book.settings[:1]
        head = settings[0] if settings else Row("settings", 2, {})
        title = head.get("form_title", "set_form_title", "title") or "XLSForm"
        name = head.get("form_id", "set_form_id", "id_string") or title
        made_id = fitted(name, "form")
        tree: Made = {
            "format": FORMAT, "id": made_id, "title": context.said({"": title}, title),
            "languages": context.speech.languages, "kind": "survey", "pages": self.pages,
        }  # fmt: skip
        tree |= source_id(name, made_id)
        self._say_settings(head)
        for row in self.book.survey:
            self._row(row)
        for group in self.open:
            self.report.lose("group_open", group.row.place(), group.row.get("name"))
        self._calculations()
        self.pages[:] = [page for page in self.pages if page["questions"]]
        if context.calculations.made:
            tree["computed"] = list(context.calculations.made.values())
        for place in self.book.formulas:
            self.report.lose("formula", place)
        for sheet in self.book.others:
            self.report.note("other_sheet", sheet)
        return tree

    def _say_settings(self, head: Row) -> None:
        """What the workbook says of itself beside its name and language."""
        for column, text in head.cells.items():
            if column in LOOKS:
                self.report.note("setting", head.place(column), f"{column}: {text}")
            elif column not in HEAD:
                self.report.lose("member", head.place(column), f"{column}: {text}")

    def _row(self, row: Row) -> None:
        kind = " ".join(row.get("type").split())
        if not kind or row.get("disabled").lower() in ("yes", "true"):
            if row.get("name", "label") and not kind:
                self.report.refuse("no_type", row.place("type"), row.get("name"))
            return
        control = _CONTROL.fullmatch(kind.lower())
        if control is not None:
            self._control(row, control.group(1), control.group(2))
            self._say_lost(row, of_group=True)
        elif kind.lower() in METADATA:
            self._metadata(row, kind)
        elif any(group.repeats for group in self.open):
            self.report.refuse("repeats", row.place(), row.get("name"))
            self.context.later.discard(row.get("name"))
        else:
            self._question(row, kind)

    def _metadata(self, row: Row, kind: str) -> None:
        """What the program that fills the form notes by itself; rules may read the day."""
        self.report.note("metadata", row.place("type"), kind)
        name = row.get("name")
        self.context.later.discard(name)
        if kind.lower() == "today" and name:
            self.context.refs[name] = Ref("today", "date")

    # -- groups are pages -------------------------------------------------------------------

    def _control(self, row: Row, word: str, kind: str) -> None:
        if word == "end":
            if not self.open:
                self.report.lose("group_open", row.place("type"), row.get("type"))
            else:
                self.open.pop()
            return
        self.report.element(row.place())
        if len(self.open) >= MAX_NESTING:
            self.report.lose("too_deep_source", row.place("type"), row.get("name"))
        repeats = kind != "group" or any(group.repeats for group in self.open)
        if repeats:
            self.report.refuse("repeats", row.place(), row.get("name"))
            self.open.append(_Group(row, kind, [], True))
            return
        rule = self.context.rule_at(row, "relevant", "relevance")
        if not self.open:
            self._new_page(row, rule)
            self.open.append(_Group(row, kind, [], False))
            return
        rules = [*self.open[-1].rules, *([rule] if rule is not None else [])]
        self.open.append(_Group(row, kind, rules, False))
        if self.context.labels(row, "label"):
            name = row.get("name") or "group"
            made_id = self.context.names.take(name)
            made: Made = {"id": made_id, "type": "statement"}
            made["text"] = self.context.said(
                self.context.labels(row, "label"), name, row.place("label")
            )
            made |= source_id(name, made_id)
            self._add(row, made, rules)

    def _new_page(self, row: Row | None, rule: Rule | None) -> Made:
        name = (row.get("name") if row is not None else "") or f"page{len(self.pages) + 1}"
        made_id = self.context.names.take(name)
        page: Made = {"id": made_id, **source_id(name, made_id)}
        if row is not None and self.context.labels(row, "label"):
            page["title"] = self.context.said(
                self.context.labels(row, "label"), name, row.place("label")
            )
        if rule is not None:
            page["show_if"] = rule
        page["questions"] = []
        if row is not None:
            self.report.made(made_id, row.place())
        self.pages.append(page)
        self.open_page = page if row is None else None
        return page

    def _page(self) -> Made:
        """The page that the next question belongs to: its group's, else one between groups."""
        if self.open:
            return self.pages[-1]
        if not self.pages or self.open_page is not self.pages[-1]:
            return self._new_page(None, None)
        return self.pages[-1]

    # -- questions --------------------------------------------------------------------------

    def _question(self, row: Row, kind: str) -> None:
        self.report.element(row.place())
        context = self.context
        name = row.get("name")
        if kind.lower() in ("calculate", "hidden"):
            self._calculate(row, name, kind)
            self._say_lost(row)
            return
        rule = context.rule_at(row, "relevant", "relevance")
        made_id = context.names.take(name or "question")
        made: Made = {"id": made_id, "type": "", "text": ""}
        try:
            ref = questions.fill(context, row, kind, made)
        except Unreadable as problem:
            self.report.refuse_for(problem, row.place("type"), name)
            context.later.discard(name)
            return
        made["text"] = context.said(context.labels(row, "label"), name or kind, row.place("label"))
        if context.labels(row, "hint"):
            made["hint"] = context.said(context.labels(row, "hint"), "—", row.place("hint"))
        made |= source_id(name, made_id) if name else {}
        if made["type"] != "statement":
            self._required(row, made)
            if name in context.refs:
                self.report.change("same_name", row.place("name"), name)
            context.refs.setdefault(name, ref)
        questions.constrain(context, row, made)
        if row.get("calculation", "calculate") and made["type"] != "statement":
            self.report.lose("set_value", row.place("calculation"), row.get("calculation"))
        rules = [*(self.open[-1].rules if self.open else []), *([rule] if rule else [])]
        self._add(row, made, rules)
        if rules or "show_if" in self.pages[-1]:
            context.conditional.add(ref.ref)
        self._say_lost(row)

    def _add(self, row: Row, made: Made, rules: list[Rule]) -> None:
        if rules:
            made["show_if"] = within_limits(both(*rules))
        self.report.made(made["id"], row.place())
        self._page()["questions"].append(made)

    def _required(self, row: Row, made: Made) -> None:
        word = row.get("required")
        if word.lower().replace("()", "") in ("yes", "true"):
            made["required"] = True
        elif word and word.lower().replace("()", "") not in ("no", "false"):
            rule = self.context.rule_at(row, "required")
            if rule is not None:
                made["required"] = rule

    def _calculate(self, row: Row, name: str, kind: str) -> None:
        text = row.get("calculation", "calculate")
        if kind.lower() == "hidden" or not text or not name:
            self.report.refuse("member", row.place("type"), f"{kind} {name}")
            return
        if row.get("relevant", "relevance"):
            self.report.lose("calculated_rule", row.place("relevant"), name)
        self.context.calculate(name, text, row.place("calculation"))

    def _calculations(self) -> None:
        """Every calculation that is a number, whether a rule needs it or not."""
        for row in self.book.survey:
            name, kind = row.get("name"), row.get("type").strip().lower()
            if kind != "calculate" or name not in self.context.calculated:
                continue
            place = row.place("calculation")
            if self.context.is_truth(name):
                continue
            made = self.context.number_of(row.get("calculation", "calculate"), place,
                                          self.context.names.take(name))  # fmt: skip
            if made is None:
                self.report.refuse("calculated_value", row.place(), name)

    def _say_lost(self, row: Row, *, of_group: bool = False) -> None:
        lost = {"default": "default_value", "readonly": "enable_if", "read_only": "enable_if",
                "required_message": "member", "guidance_hint": "member"}  # fmt: skip
        if of_group:
            lost |= dict.fromkeys(("hint", "required", "constraint", "choice_filter"), "member")
        for column, text in row.cells.items():
            base = column.split("::")[0]
            if base in lost and text.lower().replace("()", "") not in ("no", "false"):
                self.report.lose(lost[base], row.place(column), text)
            elif base in MEDIA:
                self.report.lose("picture", row.place(column), text)
            elif base not in READ or (base == "parameters" and _says_more(row, text)):
                self.report.lose("member", row.place(column), text)
