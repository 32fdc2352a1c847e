"""SurveyJS questions that are answered by choosing: options, pictures, an order, yes or no."""

from collections.abc import Callable
from typing import Any

from interchange.expression import Unreadable
from interchange.refs import Ref
from interchange.surveyjs.asked import Asked, Made
from interchange.surveyjs.choices import read_options, scored


def choice(asked: Asked, many: bool = False) -> list[Made]:
    """radiogroup, dropdown, buttongroup, imagepicker; with `many` checkbox and tagbox."""
    kind = asked.node.word("type")
    made = asked.head("multi_choice" if many else "single_choice")
    found = read_options(asked.context, asked.node, kind != "imagepicker", many)
    made["options"] = found.options
    appearance = {"dropdown": "dropdown", "tagbox": "dropdown", "imagepicker": "pictures",
                  "buttongroup": "buttons"}.get(kind)  # fmt: skip
    if appearance is not None:
        made["appearance"] = appearance
    if asked.node.word("choicesOrder") == "random":
        made["shuffle"] = True
    if many:
        for theirs, ours in (("minSelectedChoices", "min_selected"),
                             ("maxSelectedChoices", "max_selected")):  # fmt: skip
            value = asked.whole(theirs, 0, 1000)
            if value:
                made[ours] = value
        if "min_selected" in made:
            made["required"] = True  # survey-core counts an answer that is missing as too short
    asked.context.options[asked.name] = found
    _answer_points(asked, made, many)
    ref = Ref(asked.id, "set" if many else "choice", found.values, _as_number(asked, made, found))
    asked.know(ref)
    return [made]


def _answer_points(asked: Asked, made: Made, many: bool) -> None:
    """Points of options as they are given, else 100 for the right answer."""
    if not asked.node.has("correctAnswer"):
        if scored(made["options"]):
            asked.context.scored.append(asked.id)
        return
    right = asked.node.raw("correctAnswer")
    values = {literal: value for value, literal in asked.context.options[asked.name].values}
    equal = [literal for literal, value in values.items() if str(value) == str(right)]
    if many or len(equal) != 1 or scored(made["options"]):
        asked.lose("correct_answer", "correctAnswer")
        return
    for option in made["options"]:
        option["points"] = 100 if option["id"] == equal[0] else 0
    asked.context.report.change("correct_answer_points", asked.node.place("correctAnswer"))
    asked.context.scored.append(asked.id)


def _as_number(asked: Asked, made: Made, found: Any) -> Callable[[], str] | None:
    """The values of options as a score of one question, where calculations need them."""
    numbers = {lit: value for value, lit in found.values if _is_points(value)}
    others = [lit for _, lit in found.values if lit not in numbers]
    if made["type"] != "single_choice" or not numbers or others:
        return None

    def ref() -> str:
        context = asked.context
        name = f"{asked.id}_value"[:64]
        if name not in context.value_scores:
            options: list[Made] = made["options"]
            if any("points" in o and o["points"] != numbers[o["id"]] for o in options):
                raise Unreadable("no_number", asked.name)
            for option in options:
                option["points"] = numbers[option["id"]]
            made_id = context.names.take(name)
            context.value_scores[name] = {"id": made_id, "of": [asked.id], "method": "sum"}
        return f"score.{context.value_scores[name]['id']}"

    return ref


def _is_points(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 100


def checkbox(asked: Asked) -> list[Made]:
    """Several of the options."""
    return choice(asked, many=True)


def imagepicker(asked: Asked) -> list[Made]:
    """Pictures to choose from, one or several."""
    return choice(asked, many=asked.node.flag("multiSelect"))


def ranking(asked: Asked) -> list[Made]:
    """Options in order of preference."""
    made = asked.head("ranking")
    found = read_options(asked.context, asked.node, special=False)
    for option in found.options:
        option.pop("points", None)
    made["options"] = found.options
    asked.node.skip("selectToRankEnabled", "selectToRankAreasLayout")
    if asked.node.flag("selectToRankEnabled"):
        made["max"] = asked.whole("maxSelectedChoices", 1, 1000) or len(found.options)
        if asked.node.has("minSelectedChoices"):
            asked.lose("member", "minSelectedChoices")
    asked.context.options[asked.name] = found
    asked.know(Ref(asked.id, "opaque"))
    return [made]


def boolean(asked: Asked) -> list[Made]:
    """Yes or no, also where it stores other values."""
    made = asked.head("yes_no")
    node = asked.node
    labels = {ours: asked.context.say(node.raw(member), "", node.place(member))
              for member, ours in (("labelTrue", "yes"), ("labelFalse", "no"))
              if node.has(member)}  # fmt: skip
    if labels:
        made["labels"] = labels
    yes = node.raw("valueTrue") if node.has("valueTrue") else True
    no = node.raw("valueFalse") if node.has("valueFalse") else False
    node.skip("renderAs", "swapOrder")
    if node.has("correctAnswer"):
        right = node.raw("correctAnswer")
        made["points"] = {"yes": 100 if right == yes else 0, "no": 100 if right == no else 0}
        asked.context.report.change("correct_answer_points", node.place("correctAnswer"))
        asked.context.scored.append(asked.id)
    asked.know(Ref(asked.id, "boolean", ((yes, True), (no, False))))
    return [made]
