"""A condition as the fields that a page shows of it: the way back from `from_form`."""

from builder.choices import literal_text
from builder.conditions import Group, Row, rows


def to_form(group: Group) -> dict[str, str]:
    """The fields that a page shows of a tree; `from_form` gives the tree back."""
    fields = _group_fields("c", group)
    for path, part in rows(group):
        name = ".".join(("c", *map(str, path)))
        if isinstance(part, Group):
            fields |= _group_fields(name, part)
        else:
            fields |= _row_fields(name, part)
    return fields


def _group_fields(name: str, group: Group) -> dict[str, str]:
    return {f"{name}.how": group.how} | ({f"{name}.not": "on"} if group.is_not else {})


def _row_fields(name: str, row: Row) -> dict[str, str]:
    fields = {f"{name}.ref": row.ref, f"{name}.op": row.op, f"{name}.other": row.other}
    if row.is_not:
        fields[f"{name}.not"] = "on"
    texts = [*map(literal_text, row.values), *row.typed]
    for i, text in enumerate(texts):
        fields[f"{name}.value.{i}"] = text
    return fields
