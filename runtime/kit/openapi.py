"""What OpenAPI says of bodies that our handlers measure and decode themselves."""

from dataclasses import dataclass
from typing import Any, cast

import msgspec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    RequestBody,
    Schema,
)

PROBLEM_SCHEMA = Schema(
    description="RFC 9457 problem details; `problems` lists each with a code, a JSON pointer and a "
    "sentence, `view` is the current page view where a session has one."
)


class RawSchema(Schema):
    """A JSON Schema that msgspec made, passed on as it is."""

    raw: dict[str, Any]

    def to_schema(self) -> dict[str, Any]:
        return self.raw


def schema_of(kind: Any) -> Schema:
    """The JSON Schema of a type, with its parts inlined."""
    (top,), parts = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}")
    schema = RawSchema()
    schema.raw = cast(dict[str, Any], _inline(top, parts))
    return schema


def _inline(node: Any, parts: dict[str, Any], depth: int = 0) -> Any:
    if isinstance(node, dict):
        members = cast(dict[str, Any], node)
        reference = members.get("$ref")
        if isinstance(reference, str):
            return {} if depth > 8 else _inline(parts[reference.split("/")[-1]], parts, depth + 1)
        return {name: _inline(value, parts, depth + 1) for name, value in members.items()}
    if isinstance(node, list):
        return [_inline(item, parts, depth + 1) for item in cast(list[Any], node)]
    return node


def documented(
    *,
    body: Any = None,
    answer: Any = None,
    multipart: tuple[str, ...] = (),
    media: str = "application/json",
) -> type[Operation]:
    """An operation class that documents the body and the good answer."""

    @dataclass
    class Documented(Operation):
        def __post_init__(self) -> None:
            if body is not None:
                content = {media: OpenAPIMediaType(schema=schema_of(body))}
                self.request_body = RequestBody(content=content, required=True)
            if multipart:
                raw = RawSchema()
                raw.raw = {
                    "type": "object",
                    "required": list(multipart),
                    "properties": {
                        name: {"type": "string"} | ({"format": "binary"} if name == "file" else {})
                        for name in multipart
                    },
                }
                content = {"multipart/form-data": OpenAPIMediaType(schema=raw)}
                self.request_body = RequestBody(content=content, required=True)
            if answer is not None and self.responses:
                for status, response in self.responses.items():
                    if status.startswith("2") and isinstance(response, OpenAPIResponse):
                        response.content = {
                            "application/json": OpenAPIMediaType(schema=schema_of(answer))
                        }

    return Documented
