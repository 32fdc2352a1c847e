"""Documents that others publish go through without an exception; a line for each source."""

import pytest

from interchange import convert
from tests.interchange.published import Told, packaged
from tests.interchange.workbooks import workbook


@pytest.mark.parametrize("name", packaged())
def test_published_documents_go_through(name: str) -> None:
    """# R0.4 (part)"""
    source, documents = packaged()[name]
    told = Told()
    for data in documents:
        told.take(data, source)
    print(f"{name}: {told}")
    assert told.count["carried"] >= told.count["refused"]


def test_a_workbook_that_is_cut_anywhere_is_answered() -> None:
    data = workbook(survey="type | name | label\ninteger | n | N")
    for length in range(0, len(data), 97):
        made = convert(data[:length], "xlsform", "huisheng")
        assert made.document is None and made.losses
