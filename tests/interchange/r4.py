"""The invariants que-0 to que-13 of R4's Questionnaire (hl7.org/fhir/R4/questionnaire.html)."""

import re
from collections.abc import Iterator
from typing import Any

OPTIONS = {
    "choice",
    "open-choice",
    "decimal",
    "integer",
    "date",
    "dateTime",
    "time",
    "string",
    "quantity",
}
LENGTHS = {"boolean", "decimal", "integer", "string", "text", "url", "open-choice"}


def broken_invariants(resource: dict[str, Any]) -> list[str]:
    """The invariants that a resource breaks, each with its linkId."""
    broken: list[str] = []
    if not re.fullmatch(r"[A-Z]([A-Za-z0-9_]){0,254}", resource.get("name", "Q")):
        broken.append("que-0")
    items = list(all_items(resource))
    links = [item["linkId"] for item in items]
    if len(set(links)) != len(links):
        broken.append("que-2")
    for item in items:
        broken += [f"{code} {item['linkId']}" for code in of_item(item)]
    return broken


def all_items(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in node.get("item", []):
        yield item
        yield from all_items(item)


def of_item(item: dict[str, Any]) -> Iterator[str]:
    kind, has = item["type"], item.keys()
    initial = any(key.startswith("initial") for key in has)
    if (kind == "group") > ("item" in has) or (kind == "display" and "item" in has):
        yield "que-1"
    if kind == "display" and "code" in has:
        yield "que-3"
    if {"answerOption", "answerValueSet"} <= has:
        yield "que-4"
    if "answerOption" in has and kind not in OPTIONS:
        yield "que-5"
    if kind == "display" and ("required" in has or "repeats" in has):
        yield "que-6"
    for condition in item.get("enableWhen", []):
        if condition["operator"] == "exists" and "answerBoolean" not in condition:
            yield "que-7"
    if initial and kind in ("group", "display"):
        yield "que-8"
    if kind == "display" and "readOnly" in has:
        yield "que-9"
    if "maxLength" in has and kind not in LENGTHS:
        yield "que-10"
    if "answerOption" in has and initial:
        yield "que-11"
    if len(item.get("enableWhen", [])) > 1 and "enableBehavior" not in has:
        yield "que-12"
