"""Charge points, what they report, and the journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _charge_points()
    _unknown_charge_points()
    _callbacks()
    _connector_states()
    _status_notices()
    _data_transfers()
    _configuration()
    _journal()


def _charge_points() -> None:
    op.create_table(
        "charge_points",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("identity_folded", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("registered", MOMENT, nullable=False),
        sa.Column("heartbeat_interval", sa.Integer()),
        sa.Column("version", sa.Text()),
        sa.Column("callback_url", sa.Text()),
        sa.Column("callback_said", sa.Text()),
        sa.Column("callback_source", sa.Text()),
        sa.Column("callback_peer", sa.Text()),
        sa.Column("first_seen", MOMENT),
        sa.Column("last_seen", MOMENT),
        sa.Column("last_boot", MOMENT),
        sa.Column("clock_offset", sa.Float()),
        sa.Column("clock_offset_at", MOMENT),
        sa.Column("peer", sa.Text()),
        sa.Column("boot", sa.JSON(), nullable=False),
        sa.Column("firmware_status", sa.Text()),
        sa.Column("diagnostics_status", sa.Text()),
        sa.Column("local_list_version", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_charge_points"),
        sa.UniqueConstraint("identity", name="uq_charge_points_identity"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_charge_points_identity_folded", "charge_points", ["identity_folded"])


def _unknown_charge_points() -> None:
    op.create_table(
        "unknown_charge_points",
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("identity_folded", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text()),
        sa.Column("callback", sa.Text()),
        sa.Column("boot", sa.JSON(), nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_unknown_charge_points"),
    )
    op.create_index("ix_unknown_charge_points_identity_folded", "unknown_charge_points", ["identity_folded"])
    op.create_index("ix_unknown_charge_points_last_seen", "unknown_charge_points", ["last_seen"])


def _callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("said", sa.Text()),
        sa.Column("source", sa.Text()),
        sa.Column("peer", sa.Text()),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_callbacks_charge_point_id"),
    )
    op.create_index("ix_callbacks_charge_point_id_id", "callbacks", ["charge_point_id", "id"])


def _connector_states() -> None:
    op.create_table(
        "connector_states",
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("error_code", sa.Text()),
        sa.Column("info", sa.Text()),
        sa.Column("vendor_id", sa.Text()),
        sa.Column("vendor_error_code", sa.Text()),
        sa.Column("timestamp", MOMENT),
        sa.Column("received", MOMENT),
        sa.Column("ordered_at", MOMENT),
        sa.Column("availability", sa.Text()),
        sa.Column("availability_at", MOMENT),
        sa.PrimaryKeyConstraint("charge_point_id", "connector_id", name="pk_connector_states"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_connector_states_charge_point_id"),
        postgresql_with={"fillfactor": "80"},
    )


def _status_notices() -> None:
    op.create_table(
        "status_notices",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text()),
        sa.Column("info", sa.Text()),
        sa.Column("vendor_id", sa.Text()),
        sa.Column("vendor_error_code", sa.Text()),
        sa.Column("timestamp", MOMENT),
        sa.Column("received", MOMENT, nullable=False),
        sa.Column("ordered_at", MOMENT),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_status_notices"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_status_notices_charge_point_id"),
    )


def _data_transfers() -> None:
    op.create_table(
        "data_transfers",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("vendor_id", sa.Text()),
        sa.Column("message_id", sa.Text()),
        sa.Column("data", sa.Text()),
        sa.Column("received", MOMENT, nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("record", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_data_transfers"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_data_transfers_charge_point_id"),
    )
    op.create_index("ix_data_transfers_charge_point_id_id", "data_transfers", ["charge_point_id", "id"])


def _configuration() -> None:
    op.create_table(
        "configuration",
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("key_folded", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("readonly", sa.Boolean()),
        sa.Column("value", sa.Text()),
        sa.Column("updated", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("charge_point_id", "key_folded", name="pk_configuration"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_configuration_charge_point_id"),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text()),
        sa.Column("operation", sa.Text()),
        sa.Column("version", sa.Text()),
        sa.Column("peer", sa.Text()),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    op.create_index("ix_journal_at", "journal", ["at"])
    op.create_index("ix_journal_identity_id", "journal", ["identity", "id"])
