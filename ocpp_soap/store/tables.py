"""The tables of charge points, commands and the journal; those of charging sessions are in session_tables.

Each has the keys and indexes that the repositories' queries use. Text from stations is unbounded TEXT; what is looked
up without regard to case has a folded column beside it. The migrations make the same tables, and a test compares them.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, Table, Text, false, text

from .columns import OFTEN_UPDATED, BigId, Document, Moment, Ordered, metadata, station

HAS_LOCAL_LIST = text("local_list_version IS NOT NULL")

charge_points = Table(
    "charge_points",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("identity", Ordered, nullable=False, unique=True),
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
    # Whether there may be commands that wait for its next message: no other message costs a look at them.
    Column("commands_waiting", Boolean, nullable=False, server_default=false()),
    # As they stand in `boot`, for lists.
    Column("vendor", Text),
    Column("model", Text),
    Index(None, "status", "identity"),
    Index(None, "version", "identity"),
    Index(None, "vendor", "identity"),
    Index(None, "model", "identity"),
    Index("ix_charge_points_local_lists", "identity", postgresql_where=HAS_LOCAL_LIST, sqlite_where=HAS_LOCAL_LIST),
    postgresql_with=OFTEN_UPDATED,
)

unknown_charge_points = Table(
    "unknown_charge_points",
    metadata,
    Column("identity", Ordered, primary_key=True),
    Column("identity_folded", Text, nullable=False, index=True),
    Column("version", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("peer", Text),
    Column("callback", Text),
    Column("boot", Document, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("network", Text),
    Index(None, "last_seen", "identity"),
    Index(None, "network", "last_seen"),
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

SENDING, QUEUED = text("state = 'sending'"), text("state = 'queued'")
IN_A_BATCH = text("batch_id IS NOT NULL")

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
    # now or next-contact, until when it may be sent, and from when on: NULL while it waits for its station to speak.
    Column("timing", Text, nullable=False, server_default="now"),
    Column("deadline", Moment),
    Column("not_before", Moment),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retries", Integer, nullable=False, server_default="0"),
    Column("may_leave_out", Document),
    Column("batch_id", Integer),
    Column("who", Text),
    # Of the lease under which it was sent.
    Column("holder", Text),
    Index(None, "charge_point_id", "operation", "id"),
    Index(None, "charge_point_id", "id"),
    Index(None, "state", "id"),
    Index(None, "operation", "id"),
    Index("ix_commands_batch", "batch_id", "id", postgresql_where=IN_A_BATCH, sqlite_where=IN_A_BATCH),
    Index("ix_commands_queued", "charge_point_id", "id", postgresql_where=QUEUED, sqlite_where=QUEUED),
    Index("ix_commands_deadline", "deadline", postgresql_where=QUEUED, sqlite_where=QUEUED),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("operation", Text, nullable=False),
    Column("request", Document, nullable=False),
    Column("who", Text),
    Column("created", Moment, nullable=False),
    Column("total", Integer, nullable=False),
    Index(None, "who", "id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("who", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("command_id", Integer),
    Column("batch_id", Integer),
    Column("at", Moment, nullable=False, index=True),
)

station_leases = Table(
    "station_leases",
    metadata,
    station(primary_key=True),
    Column("holder", Text),
    Column("until", Moment),
    # Whoever held it before without giving it back: what that one was sending is uncertain.
    Column("taken_from", Text),
    # Whether it was called last without any answer.
    Column("silent", Boolean),
    # When a courier has to look after the station: the first of its queue, or the end of the lease. NULL: never.
    Column("due", Moment, index=True),
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
    Column("request_id", Text),
    Index(None, "identity", "id"),
)
