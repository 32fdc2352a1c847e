"""cascade: one node of a tree, chosen step by step."""

from collections.abc import Iterator
from typing import Any

import msgspec

from engine.parts import Node
from engine.problems import Problem
from engine.questions.base import Bounds, Facet, QuestionBase, QuestionView, Read, Scene, fault
from engine.text import Text

MAX_LEVELS = 8


class NodeView(msgspec.Struct, omit_defaults=True):
    """One node as a channel shows it."""

    id: str
    text: str
    nodes: "list[NodeView]" = []


class CascadeView(QuestionView, kw_only=True, tag="cascade"):
    """What a channel is shown of it."""

    nodes: list[NodeView]
    leaf_only: bool


class Cascade(QuestionBase, frozen=True, kw_only=True, tag="cascade"):
    """Value: a node id; with `leaf_only` a node without nodes below."""

    nodes: tuple[Node, ...]
    leaf_only: bool = False

    def walk(self) -> Iterator[tuple[str, Node]]:
        """Every node with its pointer relative to the question, parents first."""
        yield from _walk(self.nodes, "/nodes")

    def selectable(self) -> tuple[str, ...]:
        """The ids that are good answers, in the document's order."""
        return tuple(n.id for _, n in self.walk() if not (self.leaf_only and n.nodes))

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("choice", tuple(node.id for _, node in self.walk()))}

    def fast(self) -> tuple[str, dict[str, Any]] | None:
        return "r.__class__ is str and r in {nodes}", {"nodes": frozenset(self.selectable())}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not str:
            return self.bad("wrong_type")
        node = next((n for _, n in self.walk() if n.id == raw), None)
        if node is None:
            return self.bad("unknown_option")
        return self.bad("not_a_leaf") if self.leaf_only and node.nodes else Read(raw)

    def faults(self, at: str) -> Iterator[Problem]:
        if not self.nodes:
            yield fault("no_options", at, "nodes")
        for place, _ in self.walk():
            if place.count("/nodes") > MAX_LEVELS:
                yield Problem("too_deep", at + place, {"max": MAX_LEVELS})

    def texts(self) -> Iterator[tuple[str, Text]]:
        for place, node in self.walk():
            yield f"{place}/text", node.text

    def view(self, scene: Scene) -> QuestionView:
        return CascadeView(
            **scene.common, nodes=_views(self.nodes, scene), leaf_only=self.leaf_only
        )


def _walk(nodes: tuple[Node, ...], at: str) -> Iterator[tuple[str, Node]]:
    for i, node in enumerate(nodes):
        yield f"{at}/{i}", node
        yield from _walk(node.nodes, f"{at}/{i}/nodes")


def _views(nodes: tuple[Node, ...], scene: Scene) -> list[NodeView]:
    return [NodeView(n.id, scene.say(n.text), _views(n.nodes, scene)) for n in nodes]
