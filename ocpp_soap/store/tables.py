"""The tables of charge points, commands and the journal; those of charging sessions are in session_tables.

Each has the keys and indexes that the repositories' queries use. Text from stations is unbounded TEXT; what is looked
up without regard to case has a folded column beside it. The migrations make the same tables, and a test compares them.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from .columns import OFTEN_UPDATED, BigId, Document, Moment, metadata, station

charge_points = Table(
    "charge_points",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("identity", Text, nullable=False, unique=True),
    Column("identity_folded", Text, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("registered", Moment, nullable=False),
    Column("heartbeat_interval", Integer),
    Column("version", Text),
    Column("callback_url", Text),
    Column("callback_said", Text),
    Column("callback_source", Text),
    Column("callback_peer", Text),
    Column("first_seen", Moment),
    Column("last_seen", Moment),
    Column("last_boot", Moment),
    Column("clock_offset", Float),
    Column("clock_offset_at", Moment),
    Column("peer", Text),
    Column("boot", Document, nullable=False),
    Column("firmware_status", Text),
    Column("diagnostics_status", Text),
    Column("local_list_version", Integer),
    Column("profile", Document),
    Column("access", Document),
    Column("quirks", Document),
    Column("callback_refused", Document),
    postgresql_with=OFTEN_UPDATED,
)

unknown_charge_points = Table(
    "unknown_charge_points",
    metadata,
    Column("identity", Text, primary_key=True),
    Column("identity_folded", Text, nullable=False, index=True),
    Column("version", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("peer", Text),
    Column("callback", Text),
    Column("boot", Document, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False, index=True),
    Column("messages", Integer, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("identity", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("first", Moment, nullable=False),
    Column("last", Moment, nullable=False, index=True),
    Column("count", Integer, nullable=False),
    # Of the latest failures in a row: when they began, and how many they are.
    Column("since", Moment, nullable=False),
    Column("lately", Integer, nullable=False),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Integer, primary_key=True),
    station(),
    Column("url", Text),
    Column("said", Text),
    Column("source", Text),
    Column("peer", Text),
    Column("at", Moment, nullable=False),
    Index(None, "charge_point_id", "id"),
)

connector_states = Table(
    "connector_states",
    metadata,
    station(primary_key=True),
    Column("connector_id", Integer, primary_key=True),
    Column("status", Text),
    Column("error_code", Text),
    Column("info", Text),
    Column("vendor_id", Text),
    Column("vendor_error_code", Text),
    Column("timestamp", Moment),
    Column("received", Moment),
    Column("ordered_at", Moment),
    Column("availability", Text),
    Column("availability_at", Moment),
    # When it last reported Available, by receipt.
    Column("available_at", Moment),
    postgresql_with=OFTEN_UPDATED,
)

status_notices = Table(
    "status_notices",
    metadata,
    Column("id", BigId, primary_key=True),
    station(),
    Column("connector_id", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_code", Text),
    Column("info", Text),
    Column("vendor_id", Text),
    Column("vendor_error_code", Text),
    Column("timestamp", Moment),
    Column("received", Moment, nullable=False),
    Column("ordered_at", Moment),
    Column("flags", Document, nullable=False),
)

SENDING = text("state = 'sending'")

commands = Table(
    "commands",
    metadata,
    Column("id", Integer, primary_key=True),
    station(),
    Column("operation", Text, nullable=False),
    Column("request", Document, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer", Document),
    Column("answer_status", Text),
    Column("fault", Document),
    Column("error", Text),
    Column("address", Text),
    Column("created", Moment, nullable=False),
    Column("sent", Moment),
    Column("finished", Moment),
    # What a remote start or stop asked for, and the transaction that came of it.
    Column("id_tag_folded", Text),
    Column("connector_id", Integer),
    Column("asked_transaction_id", Integer),
    Column("transaction_id", Integer, ForeignKey("transactions.id")),
    Index(None, "charge_point_id", "operation", "id"),
    Index("ix_commands_sending", "charge_point_id", postgresql_where=SENDING, sqlite_where=SENDING),
)

station_leases = Table(
    "station_leases",
    metadata,
    station(primary_key=True),
    Column("holder", Text),
    Column("until", Moment),
    postgresql_with=OFTEN_UPDATED,
)

job_leases = Table(
    "job_leases",
    metadata,
    Column("job", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", Moment, nullable=False),
)

file_notices = Table(
    "file_notices",
    metadata,
    Column("id", Integer, primary_key=True),
    station(),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("received", Moment, nullable=False),
    Column("command_id", Integer, ForeignKey("commands.id")),
    Column("flags", Document, nullable=False),
    Index(None, "charge_point_id", "id"),
)

data_transfers = Table(
    "data_transfers",
    metadata,
    Column("id", BigId, primary_key=True),
    station(),
    Column("vendor_id", Text),
    Column("message_id", Text),
    Column("data", Text),
    Column("received", Moment, nullable=False),
    Column("status", Text),
    Column("record", Document),
    Index(None, "charge_point_id", "id"),
)

configuration = Table(
    "configuration",
    metadata,
    station(primary_key=True),
    Column("key_folded", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("readonly", Boolean),
    Column("value", Text),
    Column("updated", Moment, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("direction", Text, nullable=False),
    Column("identity", Text),
    Column("operation", Text),
    Column("version", Text),
    Column("peer", Text),
    Column("duration", Float, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    Column("flags", Document, nullable=False),
    Index(None, "identity", "id"),
)
