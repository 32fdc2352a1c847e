"""huisheng schemas: the JSON Schemas of every document kind, from the engine's own structs."""

import json
from pathlib import Path
from typing import Any

import click
import msgspec

from engine.definition import Document
from engine.evaluation import Evaluation
from engine.view import PageView

SCHEMAS: dict[str, tuple[type, str]] = {
    "survey": (Document, "huisheng.survey/1"),
    "page": (PageView, "huisheng.page/1"),
    "evaluation": (Evaluation, "huisheng.evaluation/1"),
}


@click.command()
@click.argument("folder", type=click.Path(file_okay=False), default="schemas")
def command(folder: str) -> None:
    """Write the JSON Schemas into FOLDER."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in SCHEMAS:
        (Path(folder) / f"{name}.json").write_text(schema_text(name), "utf-8")


def schema_text(name: str) -> str:
    """The JSON Schema (draft 2020-12) of one kind, as it is stored."""
    kind, title = SCHEMAS[name]
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **msgspec.json.schema(kind),
    }
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
