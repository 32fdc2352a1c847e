"""The fields of a posted form of the console."""

from runtime.kit.bodies import form_of
from runtime.kit.http import Http


class Fields(dict[str, str]):
    """The fields of a posted form, the first value of each; "" where there is none."""

    def __missing__(self, name: str) -> str:
        return ""


async def posted_fields(request: Http) -> Fields:
    """The form of a request."""
    fields = Fields()
    for name, value in (await form_of(request)).multi_items():
        if isinstance(value, str):
            fields.setdefault(name, value)
    return fields
