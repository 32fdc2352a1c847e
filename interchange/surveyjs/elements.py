"""What stands on a SurveyJS page: questions, panels with their titles, questions inside choices."""

from interchange.expression import Unreadable
from interchange.names import source_id
from interchange.node import Node
from interchange.refs import Ref
from interchange.surveyjs import matrices
from interchange.surveyjs.asked import Asked, Made, Reader, required_of
from interchange.surveyjs.choices import chosen, listed
from interchange.surveyjs.context import Context
from interchange.surveyjs.members import ASIDE, MEMBERS, PAGE_ASIDE, WORDS
from interchange.surveyjs.questions import SIMPLE
from interchange.truth import NEVER, Rule, both, either, in_silence, reads, silent, within_limits

MAX_NESTING = 12
READERS: dict[str, Reader] = SIMPLE | {
    "matrix": matrices.matrix, "matrixdropdown": matrices.dropdown_matrix,
    "matrixdynamic": matrices.refused, "paneldynamic": matrices.refused,
}  # fmt: skip
PANELS = frozenset(("panel", "flowpanel"))


class Elements:
    """Reads what stands on pages, in the order of the source."""

    def __init__(self, root: Node, context: Context) -> None:
        self.context = context
        self.report = context.report
        self.shared: set[str] = set()
        self.groups: dict[str, list[Made]] = {}
        """The questions under each foreign name of a page, panel or question."""
        self.headings: set[str] = set()
        """Statements that are the titles of panels."""
        _declare(root, context.later, 0)

    def read_elements(self, node: Node, found: list[Made], rules: list[Rule], level: int) -> None:
        """Append what a page, panel or choice holds, under the rules of what surrounds it."""
        if level > MAX_NESTING:
            self.report.refuse("too_deep_source", node.at)
            return
        for key in ("elements", "questions"):
            for element in node.nodes(key):
                kind = element.word("type")
                if kind in PANELS:
                    self._panel(element, found, rules, level)
                else:
                    own = self._question(element, found, rules)
                    if own is not None:
                        self._below_choices(element, found, own, level)

    def _panel(self, node: Node, found: list[Made], rules: list[Rule], level: int) -> None:
        self.report.element(node.at)
        name = node.word("name")
        shown = self.shown(node)
        inner = rules if shown is None else [*rules, shown]
        first = len(found)
        heading = (
            self._heading(node, name) if node.has("title") or node.has("description") else None
        )
        if heading is not None:
            self._conditional(heading, inner)
            found.append(heading)
        self.read_elements(node, found, inner, level + 1)
        if heading is not None:
            self._head(node, heading, found, first)
        self.say_required_together(node, name)
        if name:
            self.groups[name] = found[first:]
        self.say_unread(node, PAGE_ASIDE)

    def _heading(self, node: Node, name: str) -> Made:
        made_id = self.context.names.take(name or "panel")
        text = self.context.say(node.raw("title") or node.raw("description"), name, node.at)
        made: Made = {"id": made_id, "type": "statement", "text": text}
        made |= source_id(name, made_id)
        if node.has("title") and node.has("description"):
            made["hint"] = self.context.say(node.raw("description"), "—", node.at)
        self.report.made(made_id, node.at)
        self.headings.add(made_id)
        return made

    def _head(self, node: Node, heading: Made, found: list[Made], first: int) -> None:
        """A panel is shown while something in it is: its heading stands under the rules of what
        it heads, read as before the panel, where nothing of it is answered yet."""
        headed = [made for made in found[first + 1 :] if made["id"] not in self.headings]
        if not headed:
            del found[first]
            self.report.refuse("empty", node.at, node.word("name"))
            return
        own = heading.get("show_if")
        inside = {made["id"] for made in headed}
        rules = [made.get("show_if") for made in headed]
        if own in rules or None in rules:
            return
        known = [rule for rule in rules if rule is not None]
        if any(self.context.sources(name) & inside for rule in known for name in reads(rule)):
            self.report.change("panel_heading", node.at, node.word("name"))
        else:
            shown = either(*(in_silence(rule, inside) for rule in known))
            heading["show_if"] = within_limits(shown)

    def say_required_together(self, node: Node, name: str) -> None:
        """A page or panel of which one answer at least is wanted."""
        for member in ("isRequired", "requiredIf"):
            if node.has(member) and node.raw(member) is not False:
                self.report.lose("panel_required", node.place(member), name)

    def shown(self, node: Node) -> Rule | None:
        """The rule under which an element is shown, None where it always is."""
        if node.word("visibleIf"):
            return self.context.rule(node, "visibleIf")
        return NEVER if node.raw("visible") is False else None

    def _conditional(self, made: Made, rules: list[Rule]) -> None:
        """Put the rules of what surrounds it to a part's own."""
        own = [made["show_if"]] if "show_if" in made else []
        if rules:
            made["show_if"] = within_limits(both(*rules, *own))

    # -- questions --------------------------------------------------------------------------

    def _below_choices(self, node: Node, found: list[Made], rules: list[Rule], level: int) -> None:
        """Elements that stand inside a choice and are shown where it is chosen."""
        for at, item in listed(node, "choices"):
            choice = Node(item, at)
            if not choice.has("elements"):
                continue
            ref = self.context.refs.get(node.word("name"))
            literals = [] if ref is None else [
                lit for value, lit in ref.values if value == choice.raw("value")]  # fmt: skip
            if ref is None or not literals or node.word("type") not in ("radiogroup", "checkbox"):
                for element in choice.nodes("elements"):
                    self.report.refuse("choice_elements", element.at, element.word("name"))
                continue
            known = len(self.context.refs)
            self.read_elements(choice, found, [*rules, chosen(ref, literals[0])], level + 1)
            self.context.asked_on_condition(known)

    def _question(self, node: Node, found: list[Made], rules: list[Rule]) -> list[Rule] | None:
        """The rules under which the question is asked; None where it could not be carried."""
        self.report.element(node.at)
        context = self.context
        name = node.word("name") or f"question{len(self.groups) + 1}"
        reader = READERS.get(node.word("type"))
        if reader is None:
            self.report.refuse("unknown_type", node.at, f"{name}: {node.word('type')}")
            context.later.discard(name)
            return None
        if name in context.refs:
            self.report.change("same_name", node.at, name)
        shown = self.shown(node)
        own = rules if shown is None else [*rules, shown]
        asked = Asked(context, node, context.names.take(name), name)
        required = required_of(asked)
        before = len(context.refs)
        try:
            made = reader(asked)
        except Unreadable as problem:
            self.report.refuse_for(problem, node.at, name)
            context.later.discard(name)
            return None
        for question in made:
            self._finish(asked, question, own)
        shared = node.word("valueName")
        if shared and shared != name:
            if shared in self.shared:
                self.report.change("shared_value", node.place("valueName"), shared)
            self.shared.add(shared)
        _require(made, required)
        if own:
            context.asked_on_condition(before)
        found += made
        self._comment(asked, found, own)
        self.groups[name] = made
        self._validators(asked, made[0])
        self.say_unread(node, ASIDE)
        return own

    def _finish(self, asked: Asked, made: Made, rules: list[Rule]) -> None:
        node = asked.node
        if node.has("description"):
            made["hint"] = self.context.say(node.raw("description"), "—", node.place("description"))
        if made["type"] == "statement":
            made.pop("required", None)
        self._conditional(made, rules)
        self.report.made(made["id"], node.at)

    def _comment(self, asked: Asked, found: list[Made], rules: list[Rule]) -> None:
        node = asked.node
        if not (node.flag("showCommentArea") or node.flag("hasComment")):
            return
        made_id = self.context.names.take(f"{asked.id}_comment"[:120])
        word = "补充说明" if self.context.speech.base.startswith("zh") else "Comment"
        made: Made = {"id": made_id, "type": "text", "lines": 3}
        made["text"] = self.context.say(node.raw("commentText"), word, node.place("commentText"))
        made["ext"] = {"source_id": f"{asked.name}-Comment"}
        self._conditional(made, rules)
        self.report.made(made_id, node.at)
        self.context.refs.setdefault(f"{asked.name}-Comment", Ref(made_id, "text"))
        found.append(made)

    def _validators(self, asked: Asked, made: Made) -> None:
        """Validators that are no matter of one type: how many answers, any rule."""
        for validator in asked.node.nodes("validators"):
            kind = validator.word("type").removesuffix("validator")
            if kind == "answercount" and made["type"] == "multi_choice":
                for theirs, ours in (("minCount", "min_selected"), ("maxCount", "max_selected")):
                    value = validator.whole(theirs)
                    if value:
                        made[ours] = value
            elif made["type"] not in ("text", "number", "date", "time"):
                self.report.lose("validator", validator.at, kind)

    def say_unread(self, node: Node, aside: frozenset[str]) -> None:
        """Tell of each member that nobody read and that says more than how things look."""
        for member in node.unread(aside):
            code = MEMBERS.get(member, "member")
            self.report.lose(code, node.place(member), f"{member}: {node.value[member]}")
        self.say_words(node)

    def say_words(self, node: Node) -> None:
        """Tell of words around the questions, in whose place stand ours."""
        for member in sorted(WORDS & node.value.keys()):
            if node.has(member):
                text = f"{member}: {node.value[member]}"
                self.report.note("wording", node.place(member), text)


def _require(made: list[Made], required: bool | Rule) -> None:
    """A required question wants an answer; where it became several, one of them: the last is
    required while all before it are silent."""
    asked = [question for question in made if question["type"] != "statement"]
    if required is False or not asked or any(q.get("required") is True for q in asked):
        return
    earlier = [silent(question["id"]) for question in asked[:-1]]
    rule = [] if required is True else [required]
    asked[-1]["required"] = within_limits(both(*rule, *earlier)) if earlier else required
    if asked[-1]["type"] == "matrix":
        asked[-1]["rows_required"] = False


def _declare(node: Node, later: set[str], level: int) -> None:
    """Collect the names of questions: a rule that looks ahead is told from a misspelt one."""
    if level > MAX_NESTING + 1:
        return
    for key in ("pages", "elements", "questions", "choices"):
        for inner in node.nodes(key):
            name = inner.value.get("name")
            if isinstance(name, str) and inner.word("type") not in PANELS:
                later.add(name)
            _declare(inner, later, level + 1)
