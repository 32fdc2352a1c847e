"""The console's sections in the order of its navigation."""

from msgspec import Struct

from runtime.accounts.access import Permission


class Section(Struct, frozen=True):
    """One place of the console: its words are `console_<id>`, its group's `console_<group>`."""

    id: str
    group: str
    path: str
    permission: Permission | None = None


SECTIONS = (
    Section("home", "work", "/staff/"),
    Section("responses", "work", "/staff/responses", "responses:read"),
    Section("surveys", "work", "/staff/surveys", "surveys:read"),
    Section("bank", "work", "/staff/bank", "bank:read"),
    Section("sites", "organisation", "/staff/sites", "sites:read"),
    Section("departments", "organisation", "/staff/departments", "departments:read"),
    Section("aliases", "organisation", "/staff/aliases", "aliases:settle"),
    Section("dictionaries", "organisation", "/staff/dictionaries", "dictionaries:read"),
    Section("imports", "organisation", "/staff/imports", "departments:write"),
    Section("users", "watch", "/staff/users", "users:read"),
    Section("roles", "watch", "/staff/roles", "roles:read"),
    Section("sessions", "watch", "/staff/sessions", "sessions:end"),
    Section("audit", "watch", "/staff/audit", "audit:read"),
    Section("alarms", "system", "/staff/alarms", "alarms:read"),
    Section("jobs", "system", "/staff/jobs", "jobs:read"),
    Section("parameters", "system", "/staff/parameters", "parameters:read"),
    Section("help", "own", "/staff/help"),
    Section("account", "own", "/staff/me"),
)
