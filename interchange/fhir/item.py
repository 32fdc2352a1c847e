"""What the reader of an item is given, and what all of them share."""

from typing import Any

from interchange.fhir import extensions as ext
from interchange.fhir.context import Context
from interchange.fhir.extensions import Extensions
from interchange.node import Node, is_object
from interchange.refs import Ref

Made = dict[str, Any]


class Item:
    """An item with its extensions, and the id that its question will have."""

    def __init__(
        self, context: Context, node: Node, extensions: Extensions, made_id: str, name: str
    ) -> None:
        self.context = context
        self.node = node
        self.extensions = extensions
        self.id = made_id
        self.name = name
        self.controls = extensions.codes(ext.CONTROL)

    def know(self, ref: Ref) -> None:
        """Let later rules read the answer."""
        self.context.refs.setdefault(self.name, ref)

    def lose(self, code: str, member: str, about: object = "") -> None:
        """Note the loss of a member."""
        self.context.report.lose(code, self.node.place(member), about)


def prefixed(prefix: str, text: Any) -> Any:
    """A text, in each of its versions, behind its number or letter."""
    if not prefix:
        return text
    if is_object(text):
        return {tag: f"{prefix} {version}" for tag, version in text.items()}
    return f"{prefix} {text}"
