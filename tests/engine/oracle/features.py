"""Names what a survey makes use of, so that a test can count what the generator makes."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def features(document: Json) -> set[str]:
    """The features of one survey."""
    return set(_features(document))


def _features(document: Json) -> Iterator[str]:
    for place, rule in rules(document):
        yield place
        yield from _rule_features(document, rule)
    for index, page in enumerate(document["pages"]):
        yield from _page_features(document, index, page)
        for question in page["questions"]:
            yield from _question_features(question)
    for computed in document.get("computed", []):
        yield from _computed_features(computed["value"])
    for score in document.get("scores", []):
        yield f"score {score['method']}"
        yield from (f"score {m}" for m in ("weights", "min_answered") if m in score)
        if any(member.startswith("score.") for member in score["of"]):
            yield "nested score"
    for alert in document.get("alerts", []):
        yield from (f"alert {m}" for m in ("open_case", "notify") if m in alert)
    if len(document.get("endings", [])) > 1:
        yield "several endings"
    if "endings" not in document:
        yield "no ending"


def rules(document: Json) -> Iterator[tuple[str, Json]]:
    """Every rule with the name of its place."""
    for page in document["pages"]:
        if "show_if" in page:
            yield "page show_if", page["show_if"]
        for question in page["questions"]:
            yield from _question_rules(question)
        for jump in page.get("next", []):
            if "if" in jump:
                yield "jump if", jump["if"]
    for computed in document.get("computed", []):
        if computed["value"]["op"] == "if":
            yield "computed when", computed["value"]["when"]
    for alert in document.get("alerts", []):
        yield "alert when", alert["when"]


def _question_rules(question: Json) -> Iterator[tuple[str, Json]]:
    if "show_if" in question:
        yield "question show_if", question["show_if"]
    if isinstance(question.get("required"), dict):
        yield "required rule", question["required"]
    for member in ("options", "rows"):
        for part in question.get(member, []):
            if "show_if" in part:
                yield f"{member} show_if", part["show_if"]


def leaves(rule: Json) -> Iterator[Json]:
    """The comparisons of a rule."""
    match rule["op"]:
        case "all" | "any":
            for part in rule["of"]:
                yield from leaves(part)
        case "not":
            yield from leaves(rule["of"])
        case _:
            yield rule


def _nodes(rule: Json) -> Iterator[Json]:
    yield rule
    if rule["op"] in ("all", "any"):
        for part in rule["of"]:
            yield from _nodes(part)
    elif rule["op"] == "not":
        yield from _nodes(rule["of"])


def _rule_features(document: Json, rule: Json) -> Iterator[str]:
    for node in _nodes(rule):
        yield f"op {node['op']}"
        if node["op"] in ("all", "any") and not node["of"]:
            yield f"empty {node['op']}"
    for leaf in leaves(rule):
        kind = ref_kind(document, leaf["ref"])
        if isinstance(leaf.get("value"), list) and len(leaf["value"]) > 1:
            yield f"several {leaf['op']}"
        yield f"ref {kind}"
        if "other" in leaf:
            yield "other"
            if {kind, ref_kind(document, leaf["other"])} != {kind}:
                yield "other of another source"
        elif kind == "text":
            yield f"text {leaf['op']}"


def ref_kind(document: Json, ref: str) -> str:
    """Where a ref gets its value from."""
    context = document.get("context", {})
    if ref in context:
        return f"context {context[ref]['type']}"
    if ref == "today":
        return "today"
    if ref.startswith("score."):
        return "score"
    if any(ref == c["id"] for c in document.get("computed", [])):
        return "computed"
    name, _, part = ref.partition(".")
    question = next(q for p in document["pages"] for q in p["questions"] if q["id"] == name)
    if part:
        return "count" if question["type"] == "multi_choice" else "matrix row"
    return question["type"]


def _page_features(document: Json, index: int, page: Json) -> Iterator[str]:
    if not page["questions"]:
        yield "empty page"
    unconditional = False
    hidden = {p["id"] for p in document["pages"][index + 1 :] if "show_if" in p}
    for jump in page.get("next", []):
        if unconditional:
            yield "jump behind unconditional"
        unconditional = unconditional or "if" not in jump
        to = jump["to"]
        yield "jump end" if to == "end" else "jump ending" if to[:4] == "end:" else "jump page"
        if to in hidden:
            yield "jump to hidden page"


def _question_features(question: Json) -> Iterator[str]:
    kind = question["type"]
    yield f"type {kind}"
    if question.get("required") is True:
        yield "required"
    if "{{" in question["text"]:
        yield "piping"
    plain = {"id", "type", "text", "required", "show_if", "options", "rows", "document", "version"}
    for member in question.keys() - plain:
        yield f"{kind} {member}"
    if "today" in (question.get("min"), question.get("max")):
        yield "today as limit"
    if question.get("scale", {}).get("reverse"):
        yield "scale reverse"
    for option in question.get("options", []):
        yield from (
            f"{kind} option {m}" for m in ("points", "text_entry", "exclusive") if m in option
        )
        if option.get("points", 0) < 0:
            yield "negative points"


def _computed_features(value: Json) -> Iterator[str]:
    yield f"computed {value['op']}"


_KINDS = (
    "single_choice multi_choice rating nps matrix ranking yes_no text number date time department "
    "staff cascade picture_upload file_upload signature consent statement"
)
_READ = "single_choice multi_choice rating nps yes_no matrix text number date time cascade consent"
_GROUPS = {
    "op": "eq ne lt le gt ge in has_any has_all has_none answered all any not",
    "empty": "all any",
    "several": "in has_any has_all has_none",
    "ref": _READ + " department score computed count today",
    "ref context": "choice text number boolean date",
    "text": "eq ne in pattern format max_length",
    "alert": "when open_case notify",
    "jump": "if end ending page",
    "computed": "when sum mean min max count sub mul div if",
    "score": "mean sum min max weights min_answered",
    "type": _KINDS,
    "rating": "not_applicable reverse points",
    "matrix": "not_applicable rows_required scale",
    "number": "min max step",
    "date": "min max",
    "multi_choice": "min_selected max_selected",
    "multi_choice option": "exclusive points text_entry",
    "single_choice option": "points text_entry",
}
_SINGLE = (
    "ref matrix row, other, other of another source, page show_if, question show_if, "
    "options show_if, rows show_if, required rule, required, empty page, jump to hidden page, "
    "jump behind unconditional, several endings, no ending, piping, today as limit, nested score, "
    "negative points, scale reverse, yes_no points, matrix option points, time min, ranking max, "
    "cascade leaf_only, staff of"
)
EVERY = frozenset(_SINGLE.split(", ")) | {
    f"{group} {name}" for group, names in _GROUPS.items() for name in names.split()
}
"""What must occur in at least one form in a hundred."""
