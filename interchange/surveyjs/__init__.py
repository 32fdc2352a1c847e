"""SurveyJS form definitions (survey-core 2.5), read into the survey format."""

from typing import Any

from engine.definition import FORMAT
from interchange.names import fitted, source_id
from interchange.node import Node
from interchange.report import Conversion, Report
from interchange.settle import settled
from interchange.surveyjs.asked import Made
from interchange.surveyjs.context import Context
from interchange.surveyjs.elements import Elements
from interchange.surveyjs.flow import Flow, add_endings
from interchange.surveyjs.members import PAGE_ASIDE, SURVEY_ASIDE, USUAL


def read(value: Any, language: str | None = None) -> Conversion:
    """A decoded SurveyJS document as a survey, with what was lost; `language` is that of texts
    without one (default: the document's `locale`, else what their script suggests)."""
    report = Report()
    root = Node(value)
    if not root.value:
        report.refuse("no_form", "")
        return report.outcome(None)
    context = Context(root, report, language)
    reader = _Form(root, context)
    tree = reader.tree()
    return report.outcome(settled(tree, report) if tree["pages"] else _nothing(report))


def _nothing(report: Report) -> None:
    report.lose("nothing_carried", "", kind="refused")


class _Form(Elements):
    """Reads a whole form: its head, its pages, the flow between them."""

    def __init__(self, root: Node, context: Context) -> None:
        super().__init__(root, context)
        self.root = root
        self.pages: list[Made] = []

    def tree(self) -> Made:
        root, context = self.root, self.context
        title = context.say(root.raw("title"), root.word("name") or "SurveyJS", "/title")
        name = fitted(root.word("name") or root.word("title"), "form")
        for value in root.nodes("calculatedValues"):
            self.report.element(value.at)
            context.calculate(value.word("name"), value.word("expression"), value.at)
        for page in self._pages():
            self._page(page)
        self._exported_values()
        tree: Made = {
            "format": FORMAT, "id": name, "title": title,
            "languages": context.speech.languages, "kind": "survey", "pages": self.pages,
        }  # fmt: skip
        if root.has("description"):
            tree["description"] = context.say(root.raw("description"), "—", "/description")
        endings = add_endings(context, root, tree)
        Flow(context, tree, self.groups, endings).add_triggers(root)
        self._scores(tree)
        for member in root.unread(SURVEY_ASIDE):
            if USUAL.get(member) != root.value[member]:
                code = "enable_if" if member == "mode" else "member"
                self.report.lose(code, root.place(member), f"{member}: {root.value[member]}")
        self.say_words(root)
        if context.calculations.made:
            tree["computed"] = list(context.calculations.made.values())
        return tree

    def _pages(self) -> list[Node]:
        pages = list(self.root.nodes("pages"))
        if pages:
            return pages
        for key in ("elements", "questions"):
            if self.root.items(key):
                return [Node({"name": "page1", "elements": self.root.items(key)}, "")]
        return []

    def _exported_values(self) -> None:
        for value in self.root.nodes("calculatedValues"):
            if value.flag("includeIntoResult"):
                name = self.context.names.take(value.word("name"))
                made = self.context.number_of(
                    value.word("expression"), value.place("expression"), name
                )
                if made is None:
                    self.report.refuse("calculated_value", value.at, value.word("name"))
                else:
                    self.report.made(name, value.at)

    def _scores(self, tree: Made) -> None:
        context = self.context
        scores = list(context.value_scores.values())
        own = [q for q in context.scored if q]
        if own:
            name = context.names.take("total")
            scores.append({"id": name, "of": own, "method": "sum"})
        if scores:
            tree["scores"] = scores

    # -- pages ------------------------------------------------------------------------------

    def _page(self, node: Node) -> None:
        name = node.word("name") or f"page{len(self.pages) + 1}"
        made_id = self.context.names.take(name)
        self.report.element(node.at)
        self.report.made(made_id, node.at)
        page: Made = {"id": made_id, **source_id(name, made_id)}
        for member in ("title", "description"):
            if node.has(member):
                page[member] = self.context.say(node.raw(member), name, node.place(member))
        shown = self.shown(node)
        if shown is not None:
            page["show_if"] = shown
        questions: list[Made] = []
        page["questions"] = questions
        before = len(self.context.refs)
        self.read_elements(node, questions, [], 0)
        if shown is not None:
            self.context.asked_on_condition(before)
        self.groups[name] = [page]
        self.say_required_together(node, name)
        self.say_unread(node, PAGE_ASIDE)
        if questions:
            self.pages.append(page)
        else:
            self.report.refuse("empty", node.at, name)
