"""Scopes and the caller that a token stands for."""

from typing import Literal, get_args

import msgspec

from runtime.audit.models import Actor

Scope = Literal[
    "surveys:read",
    "surveys:write",
    "bank:read",
    "bank:write",
    "sessions:write",
    "responses:read",
    "responses:personal",
    "dictionaries:read",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)


class Caller(msgspec.Struct, frozen=True):
    """An integrator who has shown a valid token."""

    id: str
    name: str
    scopes: frozenset[str]

    def actor(self, address: str | None) -> Actor:
        """The same as the audit trail names them; `address` is the network's."""
        return Actor("api", self.id, self.name, address, "api", None)
