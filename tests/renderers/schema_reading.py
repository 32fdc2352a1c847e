"""Reads JSON against the part of JSON Schema that our generated schemas use, and nothing else."""

from collections.abc import Iterator
from typing import Any

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
SAID_ELSEWHERE = {"title", "description", "default", "discriminator", "$defs", "$schema", "$id"}
READ = {"$ref", "anyOf", "type", "enum", "properties", "required", "additionalProperties", "items"}


def faults(value: Any, schema: Any, root: Any, at: str = "") -> Iterator[str]:
    """Where a value is not what the schema says.

    Raises:
        NotImplementedError: the schema uses a keyword that this reader does not know.
    """
    unknown = schema.keys() - READ - SAID_ELSEWHERE
    if unknown:
        raise NotImplementedError(f"{at}: {sorted(unknown)}")
    if "$ref" in schema:
        yield from faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    if "anyOf" in schema and all(list(faults(value, s, root, at)) for s in schema["anyOf"]):
        yield f"{at}: {value!r} is none of the alternatives"
    if "type" in schema and not _is_kind(value, schema["type"]):
        yield f"{at}: {value!r} is no {schema['type']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if isinstance(value, dict):
        yield from _members(value, schema, root, at)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            yield from faults(item, schema["items"], root, f"{at}/{index}")


def _is_kind(value: Any, kind: str) -> bool:
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _members(value: dict[str, Any], schema: Any, root: Any, at: str) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}: {name} is missing"
    known, other = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, member in value.items():
        if name in known:
            yield from faults(member, known[name], root, f"{at}/{name}")
        elif isinstance(other, dict):
            yield from faults(member, other, root, f"{at}/{name}")
        elif other is False:
            yield f"{at}/{name}: is not known"
