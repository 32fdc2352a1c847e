"""The security tests run over the same programs as the other ones."""

from tests.runtime.conftest import client, deployment, patient, published, staff

__all__ = ["client", "deployment", "patient", "published", "staff"]
