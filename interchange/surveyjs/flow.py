"""Triggers and completed pages of SurveyJS as jumps and endings."""

from typing import Any

from interchange.node import Node
from interchange.surveyjs.context import Context
from interchange.truth import NEVER, Rule, both, in_silence, reads, within_limits

Made = dict[str, Any]


def add_endings(context: Context, root: Node, tree: Made) -> list[Made]:
    """What is shown when the form is complete; by condition, in the order of the source. The jumps
    that lead there, to be taken wherever the form ends."""
    endings: list[Made] = []
    jumps: list[Made] = []
    for item in root.nodes("completedHtmlOnCondition"):
        context.report.element(item.at)
        rule = context.rule(item, "expression")
        if rule is None:
            context.report.refuse("ending", item.at, item.word("expression"))
            continue
        name = context.names.take("ending")
        text = context.say(item.raw("html"), "—", item.place("html"))
        endings.append({"id": name, "text": text})
        context.report.made(name, item.at)
        jumps.append({"if": rule, "to": f"end:{name}"})
    if root.has("completedHtml") or endings:
        name = context.names.take("completed")
        word = "感谢您的参与。" if context.speech.base.startswith("zh") else "Thank you."
        text = context.say(root.raw("completedHtml"), word, "/completedHtml")
        endings.insert(0, {"id": name, "text": text})
        context.report.made(name, "/completedHtml")
    if endings:
        tree["endings"] = endings
    if jumps and tree["pages"]:
        last = tree["pages"][-1]
        last["next"] = [*last.get("next", []), *jumps]
        if "show_if" in last:
            context.report.change("ending_by_rule", "/completedHtmlOnCondition")
    return jumps


class Flow:
    """The pages of a form and what jumps between them; `endings` are the jumps that choose one."""

    def __init__(
        self, context: Context, tree: Made, groups: dict[str, list[Made]], endings: list[Made]
    ) -> None:
        self.context = context
        self.report = context.report
        self.pages: list[Made] = tree["pages"]
        self.groups = groups
        self.endings = endings

    def add_triggers(self, root: Node) -> None:
        """`complete` and `skip` become jumps of the pages whose answers decide them, `visible`
        becomes `show_if`; triggers that set values are refused."""
        for trigger in root.nodes("triggers"):
            self.report.element(trigger.at)
            kind = trigger.word("type").removesuffix("trigger")
            if kind not in ("complete", "skip", "visible"):
                self.report.refuse("trigger", trigger.at, trigger.word("type"))
                continue
            rule = self.context.rule_of(_condition(trigger), trigger.place("expression"))
            if rule is None:
                self.report.refuse("trigger", trigger.at, kind)
            elif kind == "visible":
                self._show(trigger, rule)
            else:
                self._jump(trigger, kind, rule)

    def _show(self, trigger: Node, rule: Rule) -> None:
        names = [n for key in ("questions", "pages") for n in trigger.items(key)]
        shown = [part for name in names for part in self.groups.get(str(name), [])]
        if not shown:
            self.report.refuse("trigger", trigger.at, "visible")
            return
        for part in shown:
            own = part.get("show_if")
            is_hidden = own is None or own == NEVER
            part["show_if"] = rule if own is None or is_hidden else within_limits(both(own, rule))
        self.report.note("visible_trigger", trigger.at)

    def _jump(self, trigger: Node, kind: str, rule: Rule) -> None:
        """A trigger is looked at when a page is left that holds a question it reads; whatever is
        asked later is silent then."""
        read = self.context.reads(_condition(trigger))
        places = [i for i, page in enumerate(self.pages)
                  if any(question["id"] in read for question in page["questions"])]  # fmt: skip
        if not places:
            self.report.refuse("trigger", trigger.at, kind)
        elif kind == "complete":
            for place in places:
                self._complete(trigger, place, self._known(trigger, rule, place))
        else:
            self._skip(trigger, rule, places)

    def _complete(self, trigger: Node, place: int, rule: Rule) -> None:
        if rule == NEVER:
            return
        jumps = self.pages[place].setdefault("next", [])
        if place < len(self.pages) - 1:
            for ending in self.endings:
                chosen = both(rule, self._known(trigger, ending["if"], place))
                if chosen != NEVER:
                    jumps.append({"if": within_limits(chosen), "to": ending["to"]})
        jumps.append({"if": rule, "to": "end"})

    def _skip(self, trigger: Node, rule: Rule, places: list[int]) -> None:
        goal = trigger.word("gotoName")
        target, place = self._target(goal)
        if target is None or places[0] >= place:
            self.report.refuse("skip_target", trigger.at, goal)
            return
        if places[-1] >= place:
            self.report.change("skip_back", trigger.at, goal)
        if self.pages[place]["questions"][0] is not target:
            self.report.change("skip_into_page", trigger.place("gotoName"), goal)
        for start in (p for p in places if p < place):
            shown = [part["show_if"] for part in (self.pages[place], target) if "show_if" in part]
            jump = both(*(self._known(trigger, part, start) for part in (rule, *shown)))
            if jump != NEVER:
                entry = {"if": within_limits(jump), "to": self.pages[place]["id"]}
                self.pages[start].setdefault("next", []).append(entry)
        self.report.note("skip_hides", trigger.at, goal)

    def _target(self, goal: str) -> tuple[Made | None, int]:
        """The question that a skip leads to, and the number of its page; a page's name leads
        nowhere (`focusQuestion` of survey-core)."""
        made = self.groups.get(goal)
        for i, page in enumerate(self.pages):
            if made and any(question is made[0] for question in page["questions"]):
                return made[0], i
        return None, -1

    def _later(self, place: int) -> set[str]:
        """What is asked behind a page."""
        return {
            question["id"] for page in self.pages[place + 1 :] for question in page["questions"]
        }

    def _known(self, trigger: Node, rule: Rule, place: int) -> Rule:
        """The rule when a page is left: as if nothing behind it were answered."""
        later = self._later(place)
        if any(self.context.sources(name) & later for name in reads(rule)):
            self.report.change("trigger_calculates", trigger.place("expression"))
            return NEVER
        return in_silence(rule, later)


def _condition(trigger: Node) -> str:
    """The expression, also where it is written as name, operator and value (before 2.0)."""
    text = trigger.word("expression")
    if not text and trigger.word("name"):
        operator = trigger.word("operator") or "equal"
        text = f"{{{trigger.word('name')}}} {operator}"
        if operator not in ("empty", "notempty"):
            value = trigger.raw("value")
            written = "'" + value.replace("'", "\\'") + "'" if isinstance(value, str) else value
            text += f" {str(written).lower() if isinstance(written, bool) else written}"
    return text
