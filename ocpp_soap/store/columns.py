"""What the columns of all tables share: types for both databases, names of constraints, folded text.

It knows what SQLite and PostgreSQL make of a time, a number and a text; it knows no table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, ForeignKey, Integer, MetaData, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Rows that each message updates: room on their page lets PostgreSQL update them without touching an index.
OFTEN_UPDATED = {"fillfactor": "80"}

# An entry of a PostgreSQL index has room for 2,700 bytes; a text from a station has no bound.
LONGEST_KEY = 255

# Characters of a time such as 2024-01-31 12:00:00.000000.
WITHOUT_ZONE = 26


class Moment(TypeDecorator[datetime]):
    """An aware UTC time with microseconds, years 1 to 9999. SQLite keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        """UTC, since SQLite's text drops the zone; a time without a zone is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        return value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """On SQLite the same text as SQLAlchemy's own, which takes five times as long over it."""
        as_text = dialect.name == "sqlite"

        def bound(value: datetime | None) -> Any:
            # Nearly all are in UTC.
            moment = value if value is not None and value.tzinfo is UTC else self.process_bind_param(value, dialect)
            return moment.isoformat(" ", "microseconds")[:WITHOUT_ZONE] if as_text and moment is not None else moment

        return bound

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """SQLite hands back naive times; PostgreSQL's sessions are in UTC."""
        return value.replace(tzinfo=UTC) if value is not None else None


# SQLite makes only INTEGER columns an alias of the row's own number.
BigId = BigInteger().with_variant(Integer(), "sqlite")

# In the order of its code points, as SQLite has it anyway: what a list is sorted by, and looked up by its beginning.
Ordered = Text().with_variant(Text(collation="C"), "postgresql")

# None is SQL's NULL. Never JSONB: JSON keeps the order of fields, the digits of numbers, and \u0000.
Document = JSON(none_as_null=True)


def folded(text: str) -> str:
    """What a text is compared by when case does not matter; a digest of it when it is too long for an index."""
    key = text.casefold()
    if len(key) <= LONGEST_KEY:
        return key
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def station(primary_key: bool = False) -> Column[int]:
    """The column that names the charge point of a row."""
    return Column("charge_point_id", Integer, ForeignKey("charge_points.id"), primary_key=primary_key, nullable=False)


def harmless(text: str | None) -> str | None:
    """A text that any database takes and any index holds: refused identities come here too."""
    if text is None or (text.isascii() and text.isprintable() and len(text) <= LONGEST_KEY):
        return text
    return text[:LONGEST_KEY].encode("utf-8", "replace").decode().replace("\x00", "�")
