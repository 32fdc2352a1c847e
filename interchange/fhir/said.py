"""Texts, codes and controls as a Questionnaire writes them."""

import re
from typing import Any

from engine.text import Text, localize
from interchange.fhir import extensions as ext

Made = dict[str, Any]
PLACEHOLDER = re.compile(r"\{\{[^{}]*+\}\}")


class Words:
    """Says texts with their translations; `base` is the document's first language."""

    def __init__(self, base: str) -> None:
        self.base = base

    def say(self, member: str, text: Text) -> Made:
        """A text with its translations."""
        made: Made = {member: self.unpiped(localize(text, self.base, self.base))}
        if isinstance(text, dict):
            others = {tag: t for tag, t in text.items() if tag != self.base}
            if others:
                made[f"_{member}"] = {"extension": [translation(t, self.unpiped(v))
                                                    for t, v in others.items()]}  # fmt: skip
        return made

    def unpiped(self, text: str) -> str:
        return PLACEHOLDER.sub("…", text).replace("\\{{", "{{").replace("\\…", "{{…")


def coded(code: Any) -> Made:
    """A code that is carried as a Coding."""
    made = {"system": code.system, "code": code.code}
    return made | ({"display": code.display} if code.display else {})


def translation(tag: str, text: str) -> Made:
    """A text in another language."""
    return {"url": ext.TRANSLATION, "extension": [
        {"url": "lang", "valueCode": tag}, {"url": "content", "valueString": text}]}  # fmt: skip


def control(code: str) -> Made:
    """How an item is drawn."""
    concept = {"coding": [{"system": ext.CONTROLS, "code": code}]}
    return {"url": ext.CONTROL, "valueCodeableConcept": concept}


def limits(kind: str, low: Any, high: Any) -> list[Made]:
    """The least and the greatest value, those that there are."""
    found: list[Made] = []
    for url, limit in ((ext.MIN, low), (ext.MAX, high)):
        if limit is not None:
            found.append({"url": url, f"value{kind}": limit})
    return found
