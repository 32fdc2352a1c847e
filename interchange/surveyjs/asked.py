"""What the reader of a SurveyJS question is given, and what all of them share."""

from collections.abc import Callable
from typing import Any

from interchange.names import source_id
from interchange.node import Node, is_object
from interchange.refs import Ref
from interchange.surveyjs.context import Context
from interchange.truth import Rule

Made = dict[str, Any]


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


def required_of(asked: Asked) -> bool | Rule:
    """`requiredIf` decides where it is there, else `isRequired`."""
    node = asked.node
    if node.word("requiredIf"):
        rule = asked.context.rule(node, "requiredIf")
        return node.flag("isRequired") if rule is None else rule
    return node.flag("isRequired")
