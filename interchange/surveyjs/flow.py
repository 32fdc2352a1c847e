"""Triggers and completed pages of SurveyJS as jumps and endings."""

from typing import Any

from interchange.node import Node
from interchange.surveyjs.context import Context
from interchange.truth import NEVER, Rule, both, within_limits

Made = dict[str, Any]


def add_endings(context: Context, root: Node, tree: Made) -> None:
    """What is shown when the form is complete; by condition, in the order of the source."""
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
    if jumps:
        last = tree["pages"][-1]
        last["next"] = [*last.get("next", []), *jumps] if tree["pages"] else []
        if "show_if" in last:
            context.report.change("ending_by_rule", "/completedHtmlOnCondition")


def add_triggers(
    context: Context,
    root: Node,
    tree: Made,
    page_names: dict[str, str],
    groups: dict[str, list[Made]],
) -> None:
    """`complete` and `skip` become jumps of the page whose answers decide them, `visible` becomes
    `show_if`; triggers that set values are refused."""
    for trigger in root.nodes("triggers"):
        context.report.element(trigger.at)
        kind = trigger.word("type").removesuffix("trigger")
        if kind not in ("complete", "skip", "visible"):
            context.report.refuse("trigger", trigger.at, trigger.word("type"))
            continue
        rule = context.rule_of(_condition(trigger), trigger.place("expression"))
        if rule is None:
            context.report.refuse("trigger", trigger.at, kind)
        elif kind == "visible":
            _show(context, trigger, rule, groups)
        else:
            _jump(context, trigger, kind, rule, tree, page_names, groups)


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


def _show(context: Context, trigger: Node, rule: Rule, groups: dict[str, list[Made]]) -> None:
    names = [n for key in ("questions", "pages") for n in trigger.items(key)]
    shown = [part for name in names for part in groups.get(str(name), [])]
    if not shown:
        context.report.refuse("trigger", trigger.at, "visible")
        return
    for part in shown:
        own = part.get("show_if")
        is_hidden = own is None or own == NEVER
        part["show_if"] = rule if own is None or is_hidden else within_limits(both(own, rule))
    context.report.note("visible_trigger", trigger.at)


def _jump(
    context: Context,
    trigger: Node,
    kind: str,
    rule: Rule,
    tree: Made,
    page_names: dict[str, str],
    groups: dict[str, list[Made]],
) -> None:
    read = context.reads(_condition(trigger))
    places = [i for i, page in enumerate(tree["pages"])
              if any(question["id"] in read for question in page["questions"])]  # fmt: skip
    if not places:
        context.report.refuse("trigger", trigger.at, kind)
        return
    page = tree["pages"][places[-1]]
    if kind == "complete":
        page.setdefault("next", []).append({"if": rule, "to": "end"})
        return
    goal = trigger.word("gotoName")
    target, is_first = _target(goal, tree, page_names, groups)
    ids = [p["id"] for p in tree["pages"]]
    if target is None or ids.index(target) <= places[-1]:
        context.report.refuse("skip_target", trigger.at, goal)
        return
    if not is_first:
        context.report.change("skip_into_page", trigger.place("gotoName"), goal)
    page.setdefault("next", []).append({"if": rule, "to": target})
    context.report.note("skip_hides", trigger.at, goal)


def _target(
    goal: str, tree: Made, page_names: dict[str, str], groups: dict[str, list[Made]]
) -> tuple[str | None, bool]:
    """The page that a skip leads to, and whether it leads to its start."""
    if goal in page_names:
        return page_names[goal], True
    made = groups.get(goal)
    if not made:
        return None, False
    for page in tree["pages"]:
        for i, question in enumerate(page["questions"]):
            if question["id"] == made[0]["id"]:
                return page["id"], i == 0
    return None, False
