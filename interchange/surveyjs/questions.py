"""The question types of SurveyJS, each as the questions of ours that it becomes."""

import re
from collections.abc import Callable
from typing import Any

from engine.questions.moments import is_date, is_time
from interchange.expression import Unreadable
from interchange.logic import Ref
from interchange.names import Names, source_id
from interchange.node import Node, is_object
from interchange.surveyjs.choices import listed, read_options, scored, value_and_text
from interchange.surveyjs.context import Context
from interchange.surveyjs.members import ASIDE
from interchange.truth import Rule

Made = dict[str, Any]
MAX_RATING = 100
_STYLES = {"smileys": "faces", "stars": "stars", "labels": "numbers"}
_FILE_TYPES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
    ".pdf": "application/pdf", "image/*": "", "image/jpeg": "image/jpeg", "image/png": "image/png",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/pdf": "application/pdf",
}  # fmt: skip


class Asked:
    """What a reader of a type is given: the question, its id and what every type carries."""

    def __init__(self, context: Context, node: Node, made_id: str, name: str) -> None:
        self.context = context
        self.node = node
        self.id = made_id
        self.name = name

    def head(self, kind: str) -> Made:
        """Id, type and text."""
        title = self.context.say(self.node.raw("title"), self.name, self.node.place("title"))
        return {"id": self.id, "type": kind, "text": title, **source_id(self.name, self.id)}

    def know(self, ref: Ref, *names: str) -> None:
        """Let rules of later questions read the answer under the source's names."""
        for name in names or (self.name, self.node.word("valueName")):
            if name:
                self.context.refs.setdefault(name, ref)

    def lose(self, code: str, member: str, about: Any = None) -> None:
        """Note the loss of a member."""
        told = self.node.raw(member) if about is None else about
        self.context.report.lose(code, self.node.place(member), told)

    def whole(self, member: str, least: int, most: int) -> int | None:
        """A whole number within limits, None (and a loss) for any other."""
        found = self.node.whole(member)
        if found is None or not self.node.has(member):
            return None
        if not least <= found <= most:
            self.lose("out_of_range", member)
            return None
        return found


Reader = Callable[[Asked], list[Made]]


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


def text(asked: Asked) -> list[Made]:
    """One line: text, a number, a date or a time by its `inputType`."""
    kind = asked.node.word("inputType") or "text"
    validators = list(asked.node.nodes("validators"))
    numeric = any(v.word("type") in ("numeric", "numericvalidator") for v in validators)
    if kind in ("number", "range") or numeric:
        return _number(asked, validators)
    if kind in ("date", "time"):
        return _moment(asked, kind)
    if kind not in ("text", "email", "tel", "url", "password", "search"):
        asked.context.report.change("input_type", asked.node.place("inputType"), kind)
    made = asked.head("text")
    if kind == "email":
        made["format"] = "email"
    return _written(asked, made, validators)


def comment(asked: Asked) -> list[Made]:
    """Several lines of text."""
    rows = asked.whole("rows", 1, 50) or 4
    made = asked.head("text") | {"lines": max(2, rows)}
    asked.node.skip("autoGrow", "allowResize", "acceptCarriageReturn")
    return _written(asked, made, list(asked.node.nodes("validators")))


def _written(asked: Asked, made: Made, validators: list[Node]) -> list[Made]:
    longest = asked.node.whole("maxLength")
    if longest is not None and longest > 0:
        made["max_length"] = min(longest, 20_000)
    for validator in validators:
        _text_validator(asked, made, validator)
    asked.know(Ref(asked.id, "text"))
    return [made]


def _text_validator(asked: Asked, made: Made, validator: Node) -> None:
    match validator.word("type").removesuffix("validator"):
        case "text":
            for theirs, ours in (("minLength", "min_length"), ("maxLength", "max_length")):
                value = validator.whole(theirs)
                if value:
                    made[ours] = min(value, 20_000)
            if validator.value.get("allowDigits") is False:
                asked.context.report.lose("validator", validator.at, "allowDigits")
            asked.node.skip("validators")
        case "regex" if "pattern" in made:
            asked.context.report.lose("validator", validator.at, validator.word("regex"))
        case "regex":
            made["pattern"] = whole_pattern(
                validator.word("regex"), validator.flag("caseInsensitive")
            )
            if validator.has("text"):
                made["pattern_message"] = asked.context.say(
                    validator.raw("text"), "", validator.place("text")
                )
        case "email":
            made["format"] = "email"
        case other:
            asked.context.report.lose("validator", validator.at, other)


def whole_pattern(pattern: str, ignores_case: bool = False) -> str:
    """A pattern that is searched for as one that fits the whole text."""
    body = pattern
    starts, ends = body.startswith("^"), body.endswith("$") and not body.endswith("\\$")
    alternatives = "|" in body
    if not (starts and ends) or alternatives:
        body = f"(?s:.*)(?:{pattern})(?s:.*)"
    else:
        body = body[1:-1]
    return f"(?i:{body})" if ignores_case else body


def _number(asked: Asked, validators: list[Node]) -> list[Made]:
    node = asked.node
    made = asked.head("number")
    for theirs, ours in (("min", "min"), ("max", "max"), ("step", "step")):
        value = node.number(theirs)
        if value is not None:
            made[ours] = value
        elif node.has(theirs) and node.raw(theirs) != "any":
            asked.lose("limit", theirs)
    for validator in validators:
        if validator.word("type").removesuffix("validator") != "numeric":
            asked.context.report.lose("validator", validator.at, validator.word("type"))
            continue
        for theirs, ours in (("minValue", "min"), ("maxValue", "max")):
            value = validator.number(theirs)
            if value is not None:
                narrow = max if ours == "min" else min
                made[ours] = narrow(value, made.get(ours, value))
    if "step" in made:
        asked.context.report.note("step_binds", node.place("step"), made["step"])
    node.skip("maxLength")
    asked.know(Ref(asked.id, "number"))
    return [made]


def _moment(asked: Asked, kind: str) -> list[Made]:
    made = asked.head(kind)
    fits = is_date if kind == "date" else is_time
    for member, ours in (("min", "min"), ("max", "max"),
                         ("minValueExpression", "min"), ("maxValueExpression", "max")):  # fmt: skip
        raw = asked.node.raw(member)
        if raw in (None, ""):
            continue
        limit = str(raw).strip()
        if kind == "date" and re.fullmatch(r"=?(today|currentDate)\(\)", limit):
            made[ours] = "today"
        elif fits(limit):
            made[ours] = limit
        else:
            asked.lose("limit", member)
    for validator in asked.node.nodes("validators"):
        asked.context.report.lose("validator", validator.at, validator.word("type"))
    asked.node.skip("step", "maxLength")
    asked.know(Ref(asked.id, "date" if kind == "date" else "time"))
    return [made]


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


def multipletext(asked: Asked) -> list[Made]:
    """Several short texts: a question each."""
    found: list[Made] = []
    head = asked.context.say(asked.node.raw("title"), asked.name, asked.node.place("title"))
    asked.node.skip("colCount", "itemSize", "itemErrorLocation", "itemTitleWidth")
    for item in asked.node.nodes("items"):
        name = item.word("name")
        made_id = asked.context.names.take(f"{asked.id}_{name}"[:120])
        part = Asked(asked.context, item, made_id, f"{asked.name}.{name}")
        item.value.setdefault("title", name)
        made = text(part)[0]
        made["text"] = joined(head, made["text"])
        made["ext"] = {"source_id": f"{asked.name}.{name}"}
        if item.flag("isRequired"):
            made["required"] = True
        asked.context.report.made(made_id, item.at)
        for member in item.unread(ASIDE):
            asked.context.report.lose("member", item.place(member), member)
        found.append(made)
    if not found:
        raise Unreadable("no_choices", asked.name)
    parts = tuple(made["id"] for made in found)
    asked.know(Ref(parts[0], "opaque", parts=parts))
    return found


def joined(head: Any, own: Any) -> Any:
    """Two texts as one."""
    if isinstance(head, str) and isinstance(own, str):
        return f"{head} — {own}"
    tags = dict.fromkeys([*_tags(head), *_tags(own)])
    return {tag: f"{_version(head, tag)} — {_version(own, tag)}" for tag in tags}


def _tags(text: Any) -> list[str]:
    return list(text) if is_object(text) else []


def _version(text: Any, tag: str) -> str:
    return str(text[tag]) if is_object(text) else str(text)


def upload(asked: Asked) -> list[Made]:
    """Files; pictures alone are a picture question."""
    node = asked.node
    words = [w.strip().lower() for w in node.word("acceptedTypes").split(",") if w.strip()]
    pictures = bool(words) and all(
        w.startswith("image/") or w in (".jpg", ".jpeg", ".png", ".webp") for w in words
    )
    made = asked.head("picture_upload" if pictures else "file_upload")
    types = sorted({_FILE_TYPES[w] for w in words if _FILE_TYPES.get(w)})
    unknown = [w for w in words if w not in _FILE_TYPES]
    if unknown:
        asked.lose("file_types", "acceptedTypes")
    elif types and "image/*" not in words:
        made["types"] = types
    made["max_files"] = 20 if node.flag("allowMultiple") else 1
    most = asked.whole("maxFiles", 1, 20)
    if most is not None:
        made["max_files"] = most
    size = node.whole("maxSize")
    if size:
        made["max_bytes"] = min(max(1, size), 50 * 1024 * 1024)
    node.skip("storeDataAsText", "waitForUpload", "allowImagesPreview", "needConfirmRemoveFile",
              "showPreview", "imageHeight", "imageWidth", "sourceType", "fileOrPhotoPlaceholder",
              "filePlaceholder", "photoPlaceholder", "allowCameraAccess")  # fmt: skip
    asked.know(Ref(asked.id, "opaque"))
    return [made]


def signature(asked: Asked) -> list[Made]:
    """A drawn signature."""
    node = asked.node
    node.skip(*(k for k in node.value if k.startswith(("pen", "signature", "background", "data"))))
    node.skip("allowClear", "showPlaceholder", "placeholderReadOnly")
    asked.know(Ref(asked.id, "opaque"))
    return [asked.head("signature")]


def html(asked: Asked) -> list[Made]:
    """Text to read; of markup only the words are kept."""
    made = asked.head("statement")
    made["text"] = asked.context.say(asked.node.raw("html"), asked.name, asked.node.place("html"))
    asked.node.skip("title")
    return [made]


def image(asked: Asked) -> list[Made]:
    """A picture to look at: its words are kept, the picture itself stands elsewhere."""
    made = asked.head("statement")
    node = asked.node
    words = node.raw("altText") or node.raw("text") or node.raw("title")
    if not words:
        raise Unreadable("picture", str(node.raw("imageLink"))[:120])
    made["text"] = asked.context.say(words, asked.name, node.place("altText"))
    asked.lose("picture", "imageLink")
    node.skip("contentMode", "imageFit", "imageHeight", "imageWidth", "altText", "text")
    return [made]


def expression(asked: Asked) -> list[Made]:
    """A computed value that is shown."""
    source = asked.node.word("expression")
    node = asked.node
    node.skip("maximumFractionDigits", "minimumFractionDigits", "precision", "useGrouping")
    if not source:
        raise Unreadable("unreadable_rule", asked.name)
    asked.context.calculate(asked.name, source, node.place("expression"))
    number = asked.context.number_of(source, node.place("expression"))
    if number is None:
        raise Unreadable("expression_shown", source)
    made = asked.head("statement")
    value = "{{" + number + "}}" if isinstance(number, str) else str(number)
    made["text"] = joined(made["text"], value)
    if isinstance(number, str):
        asked.context.refs.setdefault(asked.name, Ref(number, "number"))
    return [made]


SIMPLE: dict[str, Reader] = {
    "radiogroup": choice, "dropdown": choice, "buttongroup": choice, "checkbox": checkbox,
    "tagbox": checkbox, "imagepicker": imagepicker, "ranking": ranking, "rating": rating,
    "boolean": boolean, "text": text, "comment": comment, "slider": slider,
    "multipletext": multipletext, "file": upload, "signaturepad": signature, "html": html,
    "image": image, "expression": expression,
}  # fmt: skip


def required_of(asked: Asked) -> bool | Rule:
    """`requiredIf` decides where it is there, else `isRequired`."""
    node = asked.node
    if node.word("requiredIf"):
        rule = asked.context.rule(node, "requiredIf")
        return node.flag("isRequired") if rule is None else rule
    return node.flag("isRequired")
