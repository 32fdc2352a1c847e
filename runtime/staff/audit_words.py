"""Lines of the audit trail in words: what was done, to whom or what, and the facts beside it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from runtime.audit.models import Line
from runtime.kit.words import catalogue, joined, nearest_language, say, word_or
from runtime.org.service import in_language

ACTIONS = "audit_act_"
NAMED_FACTS = {
    "role": "role",
    "survey": "survey",
    "surveys": "survey",
    "site": "site",
    "sites": "site",
    "department": "department",
    "departments": "department",
    "user": "user",
}
"""Facts that hold ids, and of what."""
_NAMES = {
    "user": "SELECT id::text AS id, name FROM users WHERE id = ANY (CAST(:ids AS uuid[]))",
    "role": "SELECT id, name FROM roles WHERE id = ANY (:ids)",
    "survey": "SELECT id, title AS name FROM surveys WHERE id = ANY (:ids)",
    "site": "SELECT id, name FROM sites WHERE id = ANY (:ids)",
    "department": "SELECT id, name FROM departments WHERE id = ANY (:ids)",
}
_LOOKS_SHORT = 60

Names = Mapping[tuple[str, str], str]


class Told(Struct, frozen=True):
    """A line as the page shows it; `facts` are pairs of a label and a text.

    `took` says how long a patient took, "" where no time is told.
    """

    what: str
    took: str
    type: str
    name: str
    channel: str
    facts: tuple[tuple[str, str], ...]

    @property
    def is_long(self) -> bool:
        """Whether the facts are better folded away."""
        return sum(len(label) + len(text) for label, text in self.facts) > _LOOKS_SHORT


def action_groups(lang: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every action with its words, by the area before the dot, in the catalogue's order."""
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for code, words in catalogue(nearest_language(lang)).items():
        if code.startswith(ACTIONS):
            action = code.removeprefix(ACTIONS)
            groups[action.partition(".")[0]].append((action, words))
    return list(groups.items())


def tell(lines: Iterable[Line], names: Names, lang: str) -> list[Told]:
    """Each line in words; what has none is shown as it was written."""
    return [_told(line, names, lang) for line in lines]


def _told(line: Line, names: Names, lang: str) -> Told:
    facts: dict[str, Any] = msgspec.json.decode(line.facts)
    return Told(
        what=word_or(f"{ACTIONS}{line.action}", lang, line.action),
        took=_took(facts.get("seconds"), lang),
        type=word_or(f"audit_type_{line.object_type}", lang, line.object_type),
        name=names.get((line.object_type, line.object_id), ""),
        channel=word_or(f"audit_channel_{line.channel}", lang, line.channel),
        facts=tuple(
            (word_or(f"audit_fact_{key}", lang, key), _fact(key, value, names, lang))
            for key, value in facts.items()
            if value not in (None, "", [], {})
        ),
    )


def _fact(key: str, value: Any, names: Names, lang: str) -> str:
    match value:
        case bool():
            return say("staff_yes" if value else "staff_no", lang)
        case list():
            return joined((_fact(key, one, names, lang) for one in cast(list[Any], value)), lang)
        case dict():
            members = cast(dict[str, Any], value).items()
            return "；".join(
                f"{word_or(f'audit_fact_{name}', lang, name)} {_fact(name, one, names, lang)}"
                for name, one in members
            )
        case str():
            named = names.get((NAMED_FACTS.get(key, ""), value))
            return named or word_or(f"audit_value_{value}", lang, value)
        case _:
            return str(value)


def _took(by_page: Any, lang: str) -> str:
    """How long a patient took in all."""
    if not isinstance(by_page, dict):
        return ""
    minutes, seconds = divmod(round(sum(cast(dict[str, float], by_page).values())), 60)
    return say("audit_took", lang, m=minutes, s=seconds)


def read_names(connection: sa.Connection, lines: Iterable[Line], lang: str) -> Names:
    """What the things are called that these lines speak of by their ids."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        wanted[line.object_type].add(line.object_id)
        facts: dict[str, Any] = msgspec.json.decode(line.facts)
        for key, kind in NAMED_FACTS.items():
            found = facts.get(key)
            several = cast(list[Any], found if isinstance(found, list) else [found])
            wanted[kind] |= {one for one in several if isinstance(one, str)}
    names: dict[tuple[str, str], str] = {}
    for kind, query in _NAMES.items():
        ids = [one for one in wanted[kind] if kind != "user" or _is_uuid(one)]
        for row in connection.execute(sa.text(query), {"ids": ids}) if ids else ():
            plain = isinstance(row.name, str)
            names[kind, row.id] = row.name if plain else in_language(row.name, lang)
    return names


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
