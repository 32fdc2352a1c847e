"""The accounts' sealed fields and their indexes under the newest keys, a batch at a time."""

from typing import Any, Protocol

import sqlalchemy as sa

from runtime.accounts.totp import Seals

KEY_ID = "get_byte({0}, 1) * 256 + get_byte({0}, 2)"
"""Where a sealed value says which key it needs: two bytes behind the layout's number."""


class Keyed(Seals, Protocol):
    """A vault that says which key seals now."""

    @property
    def data_key(self) -> int: ...


class Indexed(Seals, Protocol):
    """A vault that makes an index with each key in use."""

    def indexes_by_key(self, table: str, column: str, text: str) -> dict[int, bytes]: ...


def reseal_second_factors(connection: sa.Connection, vault: Keyed, batch: int) -> int:
    """Secrets of second factors; tells how many were written anew."""
    rows = _outdated(connection, "user_totp", "user_id", "secret", vault.data_key, batch)
    for row in rows:
        text = vault.open("user_totp", "secret", str(row.id), bytes(row.sealed))
        connection.execute(
            sa.text("UPDATE user_totp SET secret = :sealed WHERE user_id = :id"),
            {"id": row.id, "sealed": vault.seal("user_totp", "secret", str(row.id), text)},
        )
    return len(rows)


def reseal_contacts(connection: sa.Connection, vault: Keyed, batch: int) -> int:
    """Telephones and e-mail addresses with their indexes; tells how many were written anew."""
    count = 0
    for column in ("phone", "email"):
        rows = _outdated(connection, "users", "id", column, vault.data_key, batch)
        count += len(rows)
        for row in rows:
            text = vault.open("users", column, str(row.id), bytes(row.sealed))
            connection.execute(
                sa.text(
                    f"UPDATE users SET {column} = :sealed, {column}_index = :found "  # nosec B608
                    "WHERE id = :id"
                ),
                {
                    "id": row.id,
                    "sealed": vault.seal("users", column, str(row.id), text),
                    "found": vault.index("users", column, text),
                },
            )
    return count


def remake_contact_indexes(connection: sa.Connection, vault: Seals, _batch: int = 0) -> int:
    """Every index of telephone and e-mail from the values themselves; tells how many changed."""
    count = 0
    for column in ("phone", "email"):
        rows: Any = connection.execute(
            sa.text(
                f"SELECT id, {column} AS sealed, {column}_index AS found "  # nosec B608 - ours
                f"FROM users WHERE {column} IS NOT NULL FOR UPDATE"
            )
        ).all()
        for row in rows:
            text = vault.open("users", column, str(row.id), bytes(row.sealed))
            index = vault.index("users", column, text)
            if index != bytes(row.found):
                count += 1
                connection.execute(
                    sa.text(f"UPDATE users SET {column}_index = :i WHERE id = :id"),  # nosec B608
                    {"id": row.id, "i": index},
                )
    return count


def count_contact_indexes(connection: sa.Connection, vault: Indexed) -> dict[int, dict[str, int]]:
    """How many indexes of telephone and e-mail were made with each key, found by making them."""
    counted: dict[int, dict[str, int]] = {}
    for column in ("phone", "email"):
        rows: Any = connection.execute(
            sa.text(
                f"SELECT id, {column} AS sealed, {column}_index AS found "  # nosec B608 - ours
                f"FROM users WHERE {column} IS NOT NULL"
            )
        ).all()
        for row in rows:
            text = vault.open("users", column, str(row.id), bytes(row.sealed))
            for key_id, index in vault.indexes_by_key("users", column, text).items():
                if index == bytes(row.found):
                    place = counted.setdefault(key_id, {})
                    place[f"users.{column}_index"] = place.get(f"users.{column}_index", 0) + 1
    return counted


def _outdated(
    connection: sa.Connection, table: str, key: str, column: str, newest: int, batch: int
) -> list[Any]:
    rows = connection.execute(
        sa.text(
            f"SELECT {key} AS id, {column} AS sealed FROM {table} "  # nosec B608 - our own names
            f"WHERE {column} IS NOT NULL AND {KEY_ID.format(column)} <> :newest "
            "LIMIT :batch FOR UPDATE SKIP LOCKED"
        ),
        {"newest": newest, "batch": batch},
    )
    return list(rows.all())


STEPS = (reseal_second_factors, reseal_contacts, remake_contact_indexes)
"""What a rotation runs, each until it finds nothing left."""
