"""The data catalogue names every column that the database has, and no other."""

from pathlib import Path

import sqlalchemy as sa

from runtime.kit.db import Database
from runtime.secrets.catalogue import NOT_PERSONAL, PERSONAL, as_page
from tests.conftest import DatabaseUrls

COLUMNS = """
SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
"""


def test_every_column_is_personal_or_declared_not_to_be(database_urls: DatabaseUrls) -> None:
    """A new column without a line fails here; so does a line whose column is gone. # S49 (part)"""
    owner = Database(database_urls.owner_url)
    with owner.begin() as connection:
        real = {f"{table}.{column}" for table, column in connection.execute(sa.text(COLUMNS))}
    owner.close()
    personal = {f"{entry.table}.{entry.column}" for entry in PERSONAL}
    plain = {f"{table}.{name}" for table, names in NOT_PERSONAL.items() for name in names.split()}
    assert not personal & plain
    missing = sorted(real - personal - plain)
    assert not missing, f"add to runtime/secrets/catalogue.py: {missing}"
    assert not sorted((personal | plain) - real)


def test_the_page_is_the_catalogue() -> None:
    """`python -m runtime.secrets.catalogue > docs/data_catalogue.md` makes it."""
    page = Path(__file__).parents[2] / "docs" / "data_catalogue.md"
    assert page.read_text("utf-8") == as_page()
