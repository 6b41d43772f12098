"""The tables of charging sessions: tags, transactions, stops, meter values, reservations, profiles.

Every message that may come twice has a row with its unique key, inserted before anything else is changed.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from .columns import BigId, Document, Moment, Ordered, metadata, station

tags = Table(
    "tags",
    metadata,
    Column("id_tag_folded", Ordered, primary_key=True),
    Column("id_tag", Text, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("expires", Moment),
    Column("parent", Text),
    Column("parent_folded", Text),
    Column("max_transactions", Integer),
    Index(None, "blocked", "id_tag_folded"),
    Index(None, "parent_folded", "id_tag_folded"),
)

unknown_tags = Table(
    "unknown_tags",
    metadata,
    Column("id_tag_folded", Ordered, primary_key=True),
    Column("id_tag", Text, nullable=False),
    station(),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("count", Integer, nullable=False),
    Index(None, "last_seen", "id_tag_folded"),
)

OPEN = text("closed_by IS NULL")

transactions = Table(
    "transactions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    station(),
    Column("connector_id", Integer),
    Column("id_tag", Text),
    Column("id_tag_folded", Text),
    Column("start_timestamp", Moment, nullable=False),
    Column("received", Moment, nullable=False),
    Column("ordered_at", Moment, nullable=False),
    Column("meter_start", BigInteger),
    Column("reservation_id", Integer),
    Column("id_tag_info", Document, nullable=False),
    Column("start_flags", Document, nullable=False),
    Column("stop_timestamp", Moment),
    Column("meter_stop", BigInteger),
    Column("stop_id_tag", Text),
    Column("reason", Text),
    Column("stop_flags", Document, nullable=False),
    Column("closed_by", Text),
    Column("superseded_by", Integer, ForeignKey("transactions.id")),
    # By our own clock; NULL where a process of an older version stopped it.
    Column("stop_received", Moment),
    # By triggers where such a process wrote the row: it is never NULL.
    Column("changed", Moment),
    # A transactionId is a positive 32-bit integer; SQLite's own numbers go further.
    CheckConstraint("id BETWEEN 1 AND 2147483647", name="id"),
    Index(None, "charge_point_id", "connector_id", "ordered_at"),
    # closed_by stands in them so that SQLite takes them for better than those of all transactions.
    Index(
        "ix_transactions_open",
        "charge_point_id",
        "closed_by",
        "ordered_at",
        "id",
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    ),
    Index(
        "ix_transactions_open_on",
        "charge_point_id",
        "connector_id",
        "closed_by",
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    ),
    Index("ix_transactions_open_of_tag", "id_tag_folded", "closed_by", postgresql_where=OPEN, sqlite_where=OPEN),
    Index("ix_transactions_open_by_start", "ordered_at", "id", postgresql_where=OPEN, sqlite_where=OPEN),
    Index(None, "ordered_at", "id"),
    Index(None, "changed", "id"),
    Index(None, "charge_point_id", "ordered_at", "id"),
    Index(None, "id_tag_folded", "ordered_at", "id"),
    # SQLite reuses the highest numbers of removed rows otherwise.
    sqlite_autoincrement=True,
)

transaction_revisions = Table(
    "transaction_revisions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("transaction_id", Integer, ForeignKey("transactions.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text),
    Column("note", Text),
    Column("before", Document, nullable=False),
    Index(None, "transaction_id", "id"),
)

ENDS_NOTHING = text("NOT effective")

stops = Table(
    "stops",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    station(),
    # As the station said it: an id that we never gave stands here too.
    Column("transaction_id", Integer),
    Column("effective", Boolean, nullable=False),
    Column("timestamp", Moment, nullable=False),
    Column("received", Moment, nullable=False),
    Column("meter_stop", BigInteger),
    Column("id_tag", Text),
    Column("reason", Text),
    Column("answer", Document, nullable=False),
    Column("flags", Document, nullable=False),
    Index("ix_stops_orphans", "charge_point_id", "id", postgresql_where=ENDS_NOTHING, sqlite_where=ENDS_NOTHING),
)

meter_messages = Table(
    "meter_messages",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    station(),
    Column("connector_id", Integer),
    # As the station said it, and the transaction of this charge point that has that id.
    Column("said_transaction_id", Integer),
    Column("transaction_id", Integer, ForeignKey("transactions.id"), index=True),
    Column("source", Text, nullable=False),
    Column("received", Moment, nullable=False),
    Column("flags", Document, nullable=False),
)

meter_values = Table(
    "meter_values",
    metadata,
    Column("message_id", BigId, ForeignKey("meter_messages.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    # Which meterValue of the message it stands in.
    Column("meter_value", Integer, nullable=False),
    Column("timestamp", Moment, nullable=False),
    Column("value", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("measurand", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("unit", Text),
    Column("phase", Text),
)

reservations = Table(
    "reservations",
    metadata,
    station(primary_key=True),
    Column("reservation_id", Integer, primary_key=True),
    Column("connector_id", Integer),
    Column("id_tag", Text),
    Column("parent_id_tag", Text),
    Column("expiry_date", Moment),
    Column("status", Text, nullable=False),
    Column("command_id", Integer, ForeignKey("commands.id"), nullable=False),
    Column("transaction_id", Integer, ForeignKey("transactions.id")),
    Column("accepted", Moment, nullable=False),
    Index(None, "command_id"),
    Index(None, "charge_point_id", "command_id"),
    Index(None, "status", "command_id"),
    Index(None, "status", "expiry_date"),
)

charging_profiles = Table(
    "charging_profiles",
    metadata,
    Column("id", Integer, primary_key=True),
    station(),
    Column("connector_id", Integer, nullable=False),
    Column("profile_id", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("stack_level", Integer, nullable=False),
    Column("profile", Document, nullable=False),
    Column("set_at", Moment, nullable=False),
    UniqueConstraint("charge_point_id", "profile_id"),
)
