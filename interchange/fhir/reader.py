"""Reads a FHIR R4 Questionnaire into the survey format.

Groups at the top are pages; items inside an item belong to the same page and are shown only where
the outer one is (R4, Questionnaire.item.enableWhen: "if a parent is disabled, its children are").
"""

import json
from typing import Any, Literal

from engine.definition import FORMAT
from interchange.expression import Unreadable
from interchange.fhir import extensions as ext
from interchange.fhir.conditions import condition, is_fhirpath
from interchange.fhir.context import Context
from interchange.fhir.enablement import enabled_when
from interchange.fhir.extensions import Extensions
from interchange.fhir.item import Item
from interchange.fhir.items import fill
from interchange.names import fitted, source_id
from interchange.node import Node
from interchange.report import Conversion, Report
from interchange.settle import settled
from interchange.truth import NEVER, Rule, both, within_limits

NotEqual = Literal["lforms", "smart-forms"]
"""What `!=` says of a question without an answer: true (LHC-Forms, after R4's definition of the
operator), or true for booleans only (Smart Forms)."""
MAX_NESTING = 14
HELP = frozenset(("help", "flyover", "lower"))
HEAD = ("status", "version", "publisher", "date", "subjectType", "identifier", "contact",
        "jurisdiction", "useContext", "copyright", "purpose", "approvalDate", "lastReviewDate",
        "effectivePeriod", "experimental", "derivedFrom", "meta", "name")  # fmt: skip
Made = dict[str, Any]


def read(value: Any, language: str | None = None, not_equal: NotEqual = "lforms") -> Conversion:
    """A decoded Questionnaire as a survey, with what was lost."""
    report = Report()
    root = Node(value)
    if root.word("resourceType") == "Bundle":
        found = [entry.node("resource") for entry in root.nodes("entry")]
        root = next((n for n in found if n.word("resourceType") == "Questionnaire"), root)
    if root.word("resourceType") != "Questionnaire":
        report.refuse("no_form", "", root.word("resourceType"))
        return report.outcome(None)
    reader = _Reader(root, Context(root, report, language), not_equal)
    tree = reader.tree()
    if not tree["pages"]:
        report.lose("nothing_carried", "", kind="refused")
        return report.outcome(None)
    return report.outcome(settled(tree, report))


class _Reader:
    def __init__(self, root: Node, context: Context, not_equal: NotEqual) -> None:
        self.root = root
        self.context = context
        self.report = context.report
        self.not_equal = not_equal
        self.pages: list[Made] = []
        self.loose: Made | None = None

    def tree(self) -> Made:
        root, context = self.root, self.context
        name = root.word("id") or root.word("name") or root.word("url").rsplit("/", 1)[-1]
        made_id = fitted(name, "form")
        tree: Made = {
            "format": FORMAT, "id": made_id,
            "title": context.say(root, "title", root.word("name") or name or "Questionnaire"),
            "languages": context.speech.languages, "kind": "survey", "pages": self.pages,
        }  # fmt: skip
        if root.word("url"):
            tree["url"] = root.word("url")
        if root.word("description"):
            tree["description"] = context.say(root, "description", "—")
        codes = context.codes(root, "code")
        if codes:
            tree["codes"] = codes
        self._head(tree, name, made_id)
        for item in root.nodes("item"):
            if item.word("type") == "group":
                self._page(item)
            else:
                self._element(item, self._loose_page()["questions"], [], 0)
        self.pages[:] = [page for page in self.pages if page["questions"]]
        if context.scores:
            tree["scores"] = list(context.scores.values())
        if context.calculations.made:
            tree["computed"] = list(context.calculations.made.values())
        for member in root.unread(("text", "implicitRules", "language", "extension", "contained")):
            self.report.lose("member", root.place(member), member)
        for extension in context.extensions.unread():
            self.report.lose("extension", extension.at, extension.word("url"))
        return tree

    def _head(self, tree: Made, name: str, made_id: str) -> None:
        """What the resource says of itself is kept as it is, and given back when written."""
        kept = {key: self.root.raw(key) for key in HEAD if self.root.has(key)}
        if len(json.dumps(kept, ensure_ascii=False).encode()) > 32 * 1024:
            self.report.lose("head", "", ", ".join(kept))
            kept = {}
        made: Made = {"source_id": name} if name != made_id else {}
        if kept:
            made["fhir"] = kept
        if made:
            tree["ext"] = made

    def _loose_page(self) -> Made:
        """The page of items that stand between groups."""
        if self.loose is None or self.loose is not self.pages[-1]:
            name = self.context.names.take(f"page{len(self.pages) + 1}")
            self.loose = {"id": name, "questions": []}
            self.pages.append(self.loose)
        return self.loose

    def _page(self, node: Node) -> None:
        self.report.element(node.at)
        if self._is_repeated(node):
            return
        name = node.word("linkId")
        made_id = self.context.names.take(name or "page")
        page: Made = {"id": made_id, **source_id(name, made_id)}
        extensions = Extensions(node)
        extensions.codes(ext.CONTROL)
        if node.word("text"):
            page["title"] = self.context.say(node, "text", name)
        codes = self.context.codes(node, "code")
        if codes:
            page["codes"] = codes
        shown = self._shown(node, extensions)
        if shown is not None:
            page["show_if"] = shown
        questions: list[Made] = []
        page["questions"] = questions
        self.report.made(made_id, node.at)
        self.pages.append(page)
        before = len(self.context.refs)
        for item in node.nodes("item"):
            self._element(item, questions, [], 1)
        if shown is not None:
            self.context.asked_on_condition(before)
        self._say_unread(node, extensions)
        if not page["questions"]:
            self.report.refuse("empty", node.at, name)

    def _is_repeated(self, node: Node) -> bool:
        """Refuse a group that may be there several times, with all that is in it."""
        if not node.flag("repeats"):
            return False
        waiting = [node]
        while waiting:
            inner = waiting.pop()
            self.report.refuse("repeats", inner.at, inner.word("linkId"))
            self.context.later.discard(inner.word("linkId"))
            waiting += list(inner.nodes("item"))
        return True

    def _element(self, node: Node, found: list[Made], rules: list[Rule], level: int) -> None:
        self.report.element(node.at)
        if level > MAX_NESTING:
            self.report.refuse("too_deep_source", node.at)
            return
        extensions = Extensions(node)
        count, is_group = len(found), node.word("type") == "group"
        if is_group:
            if self._is_repeated(node):
                return
            shown = self._shown(node, extensions)
            inner = rules if shown is None else [*rules, shown]
            self._heading(node, extensions, found, inner)
        else:
            inner = self._question(node, extensions, found, rules)
        made = found[-1] if len(found) > count and not is_group else None
        for item in node.nodes("item"):
            if made is None or not self._beside(item, made):
                self._element(item, found, inner, level + 1)

    def _beside(self, item: Node, made: Made) -> bool:
        """Whether an item inside a question says something about it: its hint, the words at one
        end of a slider."""
        if item.word("type") != "display" or made["type"] == "statement":
            return False
        control = set(Extensions(item).codes(ext.CONTROL))
        end = "min" if "lower" in control else "max" if "upper" in control else ""
        if end and made["type"] == "rating":
            made.setdefault("labels", {})[str(made[end])] = self.context.say(item, "text", "—")
        elif HELP & control and "hint" not in made:
            made["hint"] = self.context.say(item, "text", "—")
        else:
            return False
        self.report.element(item.at)
        return True

    def _heading(
        self, node: Node, extensions: Extensions, found: list[Made], rules: list[Rule]
    ) -> None:
        if "gtable" in extensions.codes(ext.CONTROL) or "grid" in extensions.codes(ext.CONTROL):
            self.report.note("split", node.at, node.word("linkId"))
        if node.word("text"):
            name = node.word("linkId")
            made_id = self.context.names.take(name or "group")
            made: Made = {"id": made_id, "type": "statement", **source_id(name, made_id)}
            made["text"] = self.context.say(node, "text", name)
            self._conditional(made, rules)
            self.report.made(made_id, node.at)
            found.append(made)
        self._say_unread(node, extensions)

    def _question(
        self, node: Node, extensions: Extensions, found: list[Made], rules: list[Rule]
    ) -> list[Rule]:
        """Make the question; the rules that its inner items stand under."""
        context = self.context
        name = node.word("linkId")
        if name in context.questions:
            self.report.change("same_name", node.place("linkId"), name)
        shown = self._shown(node, extensions)
        own = rules if shown is None else [*rules, shown]
        made_id = context.names.take(name or "item")
        before = len(context.refs)
        try:
            made = fill(Item(context, node, extensions, made_id, name))
        except Unreadable as problem:
            self.report.refuse_for(problem, node.at, name)
            context.later.discard(name)
            self._say_unread(node, extensions)
            return own
        if made is not None:
            self._conditional(made, own)
            self.report.made(made_id, node.at)
            found.append(made)
            context.questions[name] = made
        if own:
            self.context.asked_on_condition(before)
        self._say_unread(node, extensions)
        return own

    def _shown(self, node: Node, extensions: Extensions) -> Rule | None:
        self.context.read_variables(extensions)
        rule = enabled_when(self.context, node, self.not_equal)
        written = extensions.value(ext.ENABLE_WHEN)
        if written is not None:
            place = extensions.place(ext.ENABLE_WHEN)
            if rule is not None or not is_fhirpath(written):
                self.report.lose("fhirpath_rule", place, json.dumps(written, ensure_ascii=False))
            else:
                rule = condition(self.context, written["expression"], place)
        is_hidden = extensions.value(ext.HIDDEN) is True
        is_computed = extensions.value(ext.CALCULATED) is not None
        return NEVER if is_hidden and not is_computed else rule

    def _conditional(self, made: Made, rules: list[Rule]) -> None:
        if rules:
            made["show_if"] = within_limits(both(*rules))

    def _say_unread(self, node: Node, extensions: Extensions) -> None:
        known = ("linkId", "item", "extension", "type", "text", "_text", "id", "definition",
                 "enableWhen", "enableBehavior", "repeats", "required", "readOnly", "code",
                 "prefix", "_linkId", "_prefix", "answerConstraint",
                 "disabledDisplay")  # fmt: skip
        for extension in node.node("_text").nodes("extension"):
            if extension.word("url") not in ext.ASIDE | {ext.TRANSLATION}:
                self.report.lose("extension", extension.at, extension.word("url"))
        if node.word("type") == "group" and node.flag("required"):
            self.report.lose("panel_required", node.place("required"), node.word("linkId"))
        for member in node.unread(known):
            code = "default_value" if member.startswith("initial") else "member"
            self.report.lose(code, node.place(member), member)
        for extension in extensions.unread():
            self.report.lose("extension", extension.at, extension.word("url"))
