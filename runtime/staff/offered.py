"""What an author chooses from where a survey names something of the hospital: dictionaries, sites,
departments, forms, roles."""

from collections.abc import Callable
from functools import cached_property

from msgspec import Struct

from runtime.accounts.roles import list_roles
from runtime.kit.words import say
from runtime.org.departments import read_tree
from runtime.org.entries import entries_of
from runtime.org.service import find_staff, in_language
from runtime.org.sites import read_sites
from runtime.surveys import queries
from runtime.wiring import Deployment

FEEDBACK = ("praise", "suggestion", "complaint", "consultation", "whistleblow")
"""Kinds of forms that a patient may go on to, and of cases that are opened."""
OPEN = frozenset(("tags",))
"""Lists that may hold more than what is offered."""


class Offer(Struct, frozen=True):
    """A code with its words; `depth` counts those above it, `is_on` that it is chosen."""

    code: str
    words: str
    depth: int = 0
    is_on: bool = False


class Offers:
    """What is offered for each member that names something of the hospital, read when asked for."""

    def __init__(self, deployment: Deployment, lang: str) -> None:
        self.deployment = deployment
        self.lang = lang
        self._found: dict[str, tuple[Offer, ...]] = {}
        self._sources: dict[str, Callable[[], list[Offer]]] = {
            "category": lambda: self._entries("categories"),
            "dimension": lambda: self._entries("dimensions"),
            "tags": lambda: self._entries("tags"),
            "audience/visit_types": lambda: self._entries("visit_types"),
            "audience/sites": self._sites,
            "within/sites": self._sites,
            "audience/departments": self._departments,
            "within/subtree": self._departments,
            "open_form": self._forms,
            "open_case": self._cases,
            "notify": self._roles,
            "staff": self._staff,
        }

    @property
    def members(self) -> frozenset[str]:
        """The members that are chosen rather than typed in."""
        return frozenset(self._sources)

    def of(self, member: str) -> tuple[Offer, ...]:
        """What is offered for a member; nothing where it is typed in freely."""
        source = self._sources.get(member)
        if source is None:
            return ()
        if member not in self._found:
            self._found[member] = tuple(source())
        return self._found[member]

    def word(self, member: str, code: str) -> str:
        """The words for a code; the code itself where there are none (any more)."""
        return next((one.words for one in self.of(member) if one.code == code), code)

    def told(self, member: str, code: str) -> str:
        """The same, which says where the hospital has none such (any more)."""
        found = self.word(member, code)
        return found if any(one.code == code for one in self.of(member)) else self.gone(code)

    def gone(self, code: str) -> str:
        """A code that names nothing of the hospital."""
        return say("build_offer_gone", self.lang, name=code)

    @cached_property
    def dimension_names(self) -> dict[str, dict[str, str]]:
        """The words of the dimensions in every language, in the dictionary's order."""
        entries = entries_of(self.deployment.db, "dimensions")
        return {one.id: one.name for one in entries if one.closed_on is None}

    def _entries(self, dictionary: str) -> list[Offer]:
        found = entries_of(self.deployment.db, dictionary)
        return [
            Offer(one.id, in_language(one.name, self.lang))
            for one in found
            if one.closed_on is None
        ]

    def _sites(self) -> list[Offer]:
        found = read_sites(self.deployment.db)
        return [
            Offer(one.id, in_language(one.name, self.lang))
            for one in found
            if one.closed_on is None
        ]

    def _departments(self) -> list[Offer]:
        found = read_tree(self.deployment.db)
        return [
            Offer(one.id, in_language(one.name, self.lang), one.depth)
            for one in found
            if one.closed_on is None
        ]

    def _forms(self) -> list[Offer]:
        found = queries.list_surveys(self.deployment.db)
        return [
            Offer(one.id, in_language(one.title, self.lang))
            for one in found
            if one.state == "published" and one.kind in FEEDBACK
        ]

    def _cases(self) -> list[Offer]:
        return [Offer(kind, say(f"build_value_kind.{kind}", self.lang)) for kind in FEEDBACK]

    def _staff(self) -> list[Offer]:
        found = find_staff(self.deployment.db, lang=self.lang)
        return [
            Offer(one.id, f"{one.text}（{one.under}）" if one.under else one.text) for one in found
        ]

    def _roles(self) -> list[Offer]:
        with self.deployment.db.begin() as connection:
            found = list_roles(connection)
        return [Offer(one.id, in_language(one.name, self.lang)) for one in found]
