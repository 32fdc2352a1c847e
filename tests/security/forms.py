"""The forms and addresses of the pages as an OpenAPI document, for schemathesis to fill in.

Console and patient pages publish no description of their own; what a browser could send is what
their forms and links hold, and what an attacker would send is anything else under those names.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from lxml import html

from tests.security.hospital import Hospital, Page, links_of

TOKEN_FIELDS = ("_csrf", "csrf")
markup: Any = html  # lxml has no types
STATEMENTS = (
    "' OR '1'='1",
    "'; DROP TABLE surveys; --",
    "1) UNION SELECT 1 --",
    "%' AND pg_sleep(9) --",
    "id; SELECT pg_sleep(9)",
    "(SELECT 1 FROM pg_sleep(9))",
)
"""Who takes one for a part of a statement fails, or keeps everybody waiting."""
LENGTH = 200
JSON = re.compile(r"^[\[{]")
UNASKED = {name: {"enum": ["1", "admin", "[]"]} for name in ("id", "role", "state", "user_id")}
"""Fields that no form has: whoever adds them changes nothing by it."""
LEFT_ALONE = frozenset(("/staff/sign-out", "/staff/me/password", "/staff/me/second"))
"""What would end the session that asks."""


def description_of(pages: Iterable[Page], hospital: Hospital) -> dict[str, Any]:
    """Every form and every link with a query, one operation a method and address."""
    paths: dict[str, Any] = {}
    for page in pages:
        if not page.is_html or page.status != 200 or not page.text.strip():
            continue
        tree = markup.fromstring(page.text.encode())
        for form in tree.forms:
            action = urljoin(page.path, form.get("action") or urlsplit(page.path).path)
            if urlsplit(action).path not in LEFT_ALONE:
                _add_form(paths, urlsplit(action).path, form, hospital)
        for link in links_of(page):
            if link.startswith("/") and "?" in link:
                parts = urlsplit(link)
                operation = _operation(paths, parts.path, "get", hospital)
                for name, value in parse_qsl(parts.query, keep_blank_values=True):
                    _add_query(operation, name, [value])
    return {"openapi": "3.1.0", "info": {"title": "pages", "version": "1"}, "paths": paths}


def _operation(paths: dict[str, Any], path: str, method: str, hospital: Hospital) -> Any:
    """The operation at this address; of one route three addresses are enough."""
    route = hospital.route_of(path)
    same = [one for one in paths if hospital.route_of(one) == route and method in paths[one]]
    if path not in same and len(same) >= 2:
        path = same[0]
    return paths.setdefault(path, {}).setdefault(
        method, {"responses": {"200": {"description": "a page"}}}
    )


def _add_form(paths: dict[str, Any], path: str, form: Any, hospital: Hospital) -> None:
    operation = _operation(paths, path, form.method.lower(), hospital)
    for one in form.inputs:
        if one.name and one.get("type") != "file":
            if form.method == "GET":
                _add_query(operation, one.name, _offered(one))
            else:
                _add_field(operation, one.name, _offered(one), form)


def _offered(one: Any) -> list[str]:
    """What the page itself would send under this name."""
    if one.tag == "select":
        return [str(value) for value in one.value_options]
    value = one.get("value") if one.tag != "textarea" else one.text
    return [str(value)] if value is not None else []


def _add_query(operation: Any, name: str, values: list[str]) -> None:
    parameters = operation.setdefault("parameters", [])
    if all(one["name"] != name for one in parameters):
        parameters.append({"name": name, "in": "query", "schema": _schema(values)})


def _add_field(operation: Any, name: str, values: list[str], form: Any) -> None:
    kind = form.get("enctype") or "application/x-www-form-urlencoded"
    content = operation.setdefault("requestBody", {}).setdefault("content", {})
    schema = content.setdefault(kind, {}).setdefault(
        "schema", {"type": "object", "properties": {}, "required": []}
    )
    known = schema["properties"]
    if name in TOKEN_FIELDS:
        known[name] = {"const": values[0] if values else ""}
        schema["required"] = [name]
    else:
        before = known.get(name, {}).get("anyOf", [{}])[0].get("enum", [])
        known[name] = _schema([*before, *values])


def _schema(values: list[str]) -> dict[str, Any]:
    """A value that the page offers, one of those with a member bent, or any text."""
    kinds: list[dict[str, Any]] = [{"enum": list(dict.fromkeys(values))[:20]}] if values else []
    bent = [value[:-2] for value in values if JSON.match(value)]
    kinds += [{"enum": [*bent[:5], "{}", "[]", "null", '[{"x":1}]']}] if bent else []
    kinds.append({"enum": list(STATEMENTS)})
    return {"anyOf": [*kinds, {"type": "string", "maxLength": LENGTH}]}
