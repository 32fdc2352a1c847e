"""The security tests run over the same programs as the other ones."""

from collections.abc import Iterator

import pytest

from runtime.kit.embedded import Services
from tests.runtime.conftest import client, deployment, patient, published, staff
from tests.security.hospital import Hospital, open_hospital

__all__ = ["client", "deployment", "hospital", "patient", "published", "staff"]


@pytest.fixture(scope="module")
def hospital(
    services: Services, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hospital]:
    """The demo hospital, served for one file of tests."""
    folder = tmp_path_factory.mktemp("hospital")
    with open_hospital(services, template_database, folder) as opened:
        yield opened
