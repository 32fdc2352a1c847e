"""What stands behind the `?` of a call: parameters that a route lacks or cannot read are refused by
name, and mistyped names with the nearest one that it knows."""

from typing import Any, NamedTuple, cast, get_args

from litestar.exceptions import ValidationException

from runtime.kit.http import MAX_NAMED, Http, app_error_response, without_values
from runtime.kit.problems import BadRequest, WordedProblem, unknown


class _Known(NamedTuple):
    """A parameter of a route: its name in the address, whether it must be there, its values."""

    name: str
    is_required: bool
    values: tuple[str, ...]


async def known_parameters_only(request: Http) -> None:
    """Before each request of the API: `?publsih=true` must not pass for a draft. No guard, since
    those are handed a new copy of the handler each time, which a page step would feel.

    Raises:
        BadRequest: names that the route does not know, and those that it needs.
    """
    known = _parameters(request.route_handler, tuple(request.path_params))
    if not request.scope["query_string"] and not any(one.is_required for one in known.values()):
        return
    given = request.query_params
    names = {one.name for one in known.values()}
    others = [name for name in given if name not in names][:MAX_NAMED]
    problems = [unknown("parameter", name, names, given.keys()) for name in others]
    problems += [
        WordedProblem("missing_parameter", f"/{one.name}", f"Pass the parameter `{one.name}`.")
        for one in known.values()
        if one.is_required and one.name not in given
    ]
    if problems:
        raise BadRequest("parameters", "", problems=problems)


def unreadable_parameters(request: Http, error: ValidationException) -> Any:
    """The answer where a parameter's value is of another kind, with the values that it may have."""
    known = _parameters(request.route_handler, tuple(request.path_params))
    problems: list[WordedProblem] = []
    for one in cast(list[dict[str, str]], error.extra or []):
        parameter = known.get(one.get("key", ""))
        name = parameter.name if parameter else one.get("key", "")
        values = ", ".join(parameter.values) if parameter else ""
        why = f"one of {values} is wanted" if values else without_values(one["message"])
        problems.append(WordedProblem("bad_parameter", f"/{name}", f"`{name}`: {why}."))
    return app_error_response(BadRequest("unreadable", "", problems=problems))


_KNOWN: dict[tuple[Any, tuple[str, ...]], dict[str, _Known]] = {}


def _parameters(handler: Any, path_parameters: tuple[str, ...]) -> dict[str, _Known]:
    """The parameters of a route by their names in its function.

    They are kept by that function, of which there are as many as routes.
    """
    key = (handler.fn, path_parameters)
    if key not in _KNOWN:
        _KNOWN[key] = _read_parameters(handler, path_parameters)
    return _KNOWN[key]


def _read_parameters(handler: Any, path_parameters: tuple[str, ...]) -> dict[str, _Known]:
    model = handler.create_kwargs_model(dict.fromkeys(path_parameters))
    kinds = handler.parsed_fn_signature.parameters
    return {
        one.field_name: _Known(one.field_alias, one.is_required, _values(kinds[one.field_name].raw))
        for one in model.expected_query_params
    }


def _values(annotation: Any) -> tuple[str, ...]:
    """The words that a parameter may be, where it is one of a few."""
    for part in (annotation, *get_args(annotation)):
        words = get_args(part) or get_args(getattr(part, "__value__", None))
        if words and all(isinstance(one, str) for one in words):
            return words
    return ()
