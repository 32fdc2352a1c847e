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

from runtime.kit.problems import PROBLEM_TYPE, ProblemBody


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
    also: int | None = None,
) -> type[Operation]:
    """An operation class that documents the body and the good answer, `also` of another status."""

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
            if also and self.responses:
                good = next(status for status in self.responses if status.startswith("2"))
                self.responses[str(also)] = self.responses[good]

    return Documented


def published(schema: dict[str, Any]) -> dict[str, Any]:
    """The description as integrators read it: how calls are refused, and how callers show who they
    are; the framework knows neither."""
    refused = {
        "description": "Refused: 400 the request cannot be read, 401, 403, 404, 409 not in this "
        "state, 410 gone, 413, 415, 422 problems, 429 and 503 with Retry-After.",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("400", None)
            operation["responses"]["default"] = refused
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = schema_of(ProblemBody).to_schema()
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    return schema | {"security": [{"bearer": []}, {}]}
