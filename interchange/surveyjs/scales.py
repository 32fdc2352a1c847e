"""SurveyJS ratings and sliders: whole steps are a scale, anything else becomes options."""

from typing import Any

from interchange.expression import Unreadable
from interchange.names import Names, source_id
from interchange.refs import Ref
from interchange.surveyjs.asked import Asked, Made
from interchange.surveyjs.choices import listed, value_and_text

MAX_RATING = 100
_STYLES = {"smileys": "faces", "stars": "stars", "labels": "numbers"}


def rating(asked: Asked) -> list[Made]:
    """A scale: whole steps are a rating, anything else becomes options."""
    node = asked.node
    low, high, step = (node.number(k) for k in ("rateMin", "rateMax", "rateStep"))
    items = listed(node, "rateValues")
    count = node.whole("rateCount")
    node.skip("autoGenerate", "displayMode", "rateDisplayMode", "scaleColorMode", "rateColorMode")
    if items:
        return _rated_values(asked, items)
    low = 1 if low is None else low
    step = 1 if step is None else step
    high = low + (count - 1) * step if high is None and count else (5 if high is None else high)
    if step != 1 or not isinstance(low, int) or not isinstance(high, int):
        return _rated_values(asked, _steps(low, high, step))
    if not low < high or high - low > MAX_RATING:
        raise Unreadable("rating_range", asked.name)
    made = asked.head("rating") | {"min": low, "max": high}
    _rate_style(asked, made)
    labels = _end_labels(asked, low, high)
    if labels:
        made["labels"] = labels
    asked.know(Ref(asked.id, "number"))
    return [made]


def _steps(low: float, high: float, step: float) -> list[tuple[str, Any]]:
    if step <= 0 or not low < high or (high - low) / step > MAX_RATING:
        raise Unreadable("rating_range", f"{low} {high} {step}")
    values = [round(low + i * step, 6) for i in range(int((high - low) / step + 1e-9) + 1)]
    return [("", int(v) if float(v).is_integer() else v) for v in values]


def _rate_style(asked: Asked, made: Made) -> None:
    word = asked.node.word("rateType") or asked.node.word("rateDisplayMode") or "labels"
    made["style"] = _STYLES.get(word, "numbers")


def _end_labels(asked: Asked, low: int, high: int) -> dict[str, Any]:
    labels: dict[str, Any] = {}
    for member, value in (("minRateDescription", low), ("maxRateDescription", high)):
        text = asked.node.raw(member)
        if text:
            labels[str(value)] = asked.context.say(text, "", asked.node.place(member))
    return labels


def _rated_values(asked: Asked, items: list[tuple[str, Any]]) -> list[Made]:
    """Values that are given one by one: a rating where they are whole and follow one another."""
    read = [(at, *value_and_text(item, at)) for at, item in items]
    values = [value for _, value, _, _ in read]
    asked.node.skip("rateType", "rateDisplayMode")
    if values == list(range(values[0], values[0] + len(values))) if _all_whole(values) else False:
        made = asked.head("rating") | {"min": values[0], "max": values[-1], "style": "numbers"}
        labels = _end_labels(asked, values[0], values[-1])
        labels |= {str(v): asked.context.say(t, "", at) for at, v, t, _ in read if t}
        if labels:
            made["labels"] = labels
        asked.know(Ref(asked.id, "number"))
        return [made]
    asked.node.skip("minRateDescription", "maxRateDescription")
    made = asked.head("single_choice") | {"appearance": "buttons"}
    names = Names((), "o")
    pairs = [(value, names.take(value)) for value in values if value is not None]
    texts = {lit: asked.context.say(t, str(v), at)
             for (at, v, t, _), (_, lit) in zip(read, pairs, strict=False)}  # fmt: skip
    made["options"] = [{"id": lit, "text": texts[lit], **source_id(v, lit)} for v, lit in pairs]
    found = Ref(asked.id, "choice", tuple(pairs))
    asked.know(found)
    return [made]


def _all_whole(values: list[Any]) -> bool:
    return len(values) > 1 and all(isinstance(v, int) and not isinstance(v, bool) for v in values)


def slider(asked: Asked) -> list[Made]:
    """A number on a line."""
    node = asked.node
    if node.word("sliderType") == "range":
        raise Unreadable("unknown_type", "slider range")
    low, high, step = (node.number(k) for k in ("min", "max", "step"))
    made = asked.head("number") | {"min": low if low is not None else 0,
                                   "max": high if high is not None else 100,
                                   "step": step if step else 1}  # fmt: skip
    node.skip(*(k for k in node.value if k.startswith(("label", "tooltip", "show", "segment"))))
    node.skip("customLabels", "autoGenerate", "allowSwap", "minRangeLength", "maxRangeLength")
    asked.know(Ref(asked.id, "number"))
    return [made]
