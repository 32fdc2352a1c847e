"""Small pieces of the document that questions, options and pages all carry."""

from typing import Any, Literal

import msgspec

from engine.ruletree import Rule
from engine.text import Text

Ext = dict[str, Any]


class Code(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A code of a foreign system, carried and exported, never interpreted."""

    system: str
    code: str
    display: str | None = None


class Media(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A picture beside a question; `asset` is `sha256:<hex>`."""

    asset: str
    alt: Text


class BankRef(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Where a question came from in the question bank."""

    id: str
    version: int


class Option(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One choice of a question."""

    id: str
    text: Text
    image: str | None = None
    points: int | float | None = None
    text_entry: Literal["optional", "required"] | None = None
    exclusive: bool = False
    fixed: bool = False
    show_if: Rule | None = None
    codes: tuple[Code, ...] = ()
    ext: Ext = {}


class MatrixOption(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One column of a matrix."""

    id: str
    text: Text
    points: int | float | None = None
    codes: tuple[Code, ...] = ()
    ext: Ext = {}


class MatrixRow(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One row of a matrix."""

    id: str
    text: Text
    show_if: Rule | None = None
    codes: tuple[Code, ...] = ()
    ext: Ext = {}


class Scale(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The columns of a matrix as whole numbers from `min` to `max`."""

    min: int
    max: int
    labels: dict[str, Text] = {}
    reverse: bool = False


class Node(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One node of a cascade."""

    id: str
    text: Text
    nodes: "tuple[Node, ...]" = ()


class Within(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Which part of the department dictionary a picker offers."""

    sites: tuple[str, ...] = ()
    subtree: str | None = None
