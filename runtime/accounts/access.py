"""Who asks, what they may do and how far it reaches; the guards that staff handlers declare."""

from typing import Any, Literal, get_args

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from msgspec import Struct

from runtime.audit.models import Actor
from runtime.kit.problems import Forbidden, NotSignedIn
from runtime.kit.reach import Reach, meet_of, sum_of

Permission = Literal[
    "users:read",
    "users:write",
    "roles:read",
    "roles:write",
    "sessions:end",
    "audit:read",
    "audit:export",
    "sites:read",
    "sites:write",
    "departments:read",
    "departments:write",
    "aliases:settle",
    "dictionaries:read",
    "dictionaries:write",
    "parameters:read",
    "parameters:write",
    "jobs:read",
    "jobs:run",
    "alarms:read",
    "backup:run",
    "surveys:read",
    "surveys:write",
    "surveys:publish",
    "bank:read",
    "bank:write",
    "responses:read",
    "responses:export",
    "personal:unmask",
    "whistleblow:read",
]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
Stage = Literal["full", "password", "totp", "enrol"]


class Unmasking(Struct, frozen=True):
    """What one role may see in clear: the kinds of personal values, and where."""

    reach: Reach
    fields: frozenset[str]


class Principal(Struct, frozen=True):
    """A signed-in member of staff, with the rights of this moment.

    `reach` is what may be seen of patients' responses, `exports` what may be taken along as a file.
    """

    user_id: str
    name: str
    permissions: frozenset[str]
    reach: Reach
    exports: Reach
    unmasking: tuple[Unmasking, ...]
    session: str
    lang: str | None
    stage: Stage
    csrf: str
    address: str | None

    def may(self, permission: Permission) -> bool:
        """Whether this permission is held, the sign-in being complete."""
        return self.stage == "full" and permission in self.permissions

    def finds_by(self, kind: str) -> Reach:
        """Where somebody may be found by a personal value of this kind: where it may be seen."""
        return meet_of(
            self.reach, sum_of(one.reach for one in self.unmasking if kind in one.fields)
        )

    def fields_at(
        self, site: str | None, department: str | None, *, is_whistleblow: bool
    ) -> frozenset[str]:
        """The kinds of personal values that may be seen in clear in a response of this place."""
        return frozenset[str]().union(
            *(
                one.fields
                for one in self.unmasking
                if one.reach.holds(site, department, is_whistleblow=is_whistleblow)
            )
        )

    def actor(self) -> Actor:
        """The same person as the audit trail names them."""
        return Actor("staff", self.user_id, self.name, self.address, "staff", self.session)


class Guard:
    """Lets a request pass whose principal holds every one of the permissions."""

    def __init__(self, permissions: tuple[Permission, ...]) -> None:
        self.permissions = permissions

    def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
    ) -> None:
        """Look for the principal that the console's router put into the connection's state.

        Raises:
            NotSignedIn: nobody is signed in, or the sign-in still waits for a step.
            Forbidden: a permission is missing.
        """
        principal = connection.state.get("principal")
        if not isinstance(principal, Principal) or principal.stage != "full":
            raise NotSignedIn("sign_in", "Sign in first.")
        missing = [one for one in self.permissions if not principal.may(one)]
        if missing:
            raise Forbidden("permission", f"This needs the permission {missing[0]}.")


def needs(*permissions: Permission) -> Guard:
    """The guard of a handler that asks for these permissions, all of them."""
    return Guard(permissions)


signed_in = needs()
"""The guard of pages about one's own account."""
