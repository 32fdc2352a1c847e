"""The categories of surveys and the kinds of visit, as staff keep them."""

from typing import Any

from runtime.org.entries import entries_of
from runtime.org.models import EntryRow
from runtime.wiring import Deployment


def choices(deployment: Deployment) -> dict[str, Any]:
    """The categories and kinds of visit that staff keep."""
    return {
        "categories": open_entries(deployment, "categories"),
        "visit_types": open_entries(deployment, "visit_types"),
    }


def open_entries(deployment: Deployment, dictionary: str) -> list[EntryRow]:
    """The entries of a dictionary that are in use."""
    return [one for one in entries_of(deployment.db, dictionary) if one.closed_on is None]
