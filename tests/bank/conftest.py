"""The bank over a database of its own."""

from tests.runtime.conftest import client, deployment, place, staff

__all__ = ["client", "deployment", "place", "staff"]
