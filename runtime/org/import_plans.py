"""The tables that can be imported, by name."""

from collections.abc import Mapping

from runtime.org.import_aliases import ALIASES
from runtime.org.import_departments import DEPARTMENTS
from runtime.org.import_rows import Plan
from runtime.org.import_staff import STAFF

PLANS: Mapping[str, Plan] = {"departments": DEPARTMENTS, "aliases": ALIASES, "staff": STAFF}
