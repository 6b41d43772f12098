"""Tags, transactions, stops, meter values and charging profiles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _tags()
    _unknown_tags()
    _transactions()
    _transaction_indexes()
    _stops()
    _meter_messages()
    _meter_values()
    _charging_profiles()


def _tags() -> None:
    op.create_table(
        "tags",
        sa.Column("id_tag_folded", sa.Text(), nullable=False),
        sa.Column("id_tag", sa.Text(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("expires", MOMENT),
        sa.Column("parent", sa.Text()),
        sa.Column("parent_folded", sa.Text()),
        sa.Column("max_transactions", sa.Integer()),
        sa.PrimaryKeyConstraint("id_tag_folded", name="pk_tags"),
    )


def _unknown_tags() -> None:
    op.create_table(
        "unknown_tags",
        sa.Column("id_tag_folded", sa.Text(), nullable=False),
        sa.Column("id_tag", sa.Text(), nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id_tag_folded", name="pk_unknown_tags"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_unknown_tags_charge_point_id"),
    )


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer()),
        sa.Column("id_tag", sa.Text()),
        sa.Column("id_tag_folded", sa.Text()),
        sa.Column("start_timestamp", MOMENT, nullable=False),
        sa.Column("received", MOMENT, nullable=False),
        sa.Column("ordered_at", MOMENT, nullable=False),
        sa.Column("meter_start", sa.BigInteger()),
        sa.Column("reservation_id", sa.Integer()),
        sa.Column("id_tag_info", sa.JSON(), nullable=False),
        sa.Column("start_flags", sa.JSON(), nullable=False),
        sa.Column("stop_timestamp", MOMENT),
        sa.Column("meter_stop", sa.BigInteger()),
        sa.Column("stop_id_tag", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("stop_flags", sa.JSON(), nullable=False),
        sa.Column("closed_by", sa.Text()),
        sa.Column("superseded_by", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_transactions"),
        sa.CheckConstraint("id BETWEEN 1 AND 2147483647", name=op.f("ck_transactions_id")),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_transactions_charge_point_id"),
        sa.ForeignKeyConstraint(["superseded_by"], ["transactions.id"], name="fk_transactions_superseded_by"),
        sa.UniqueConstraint("key", name="uq_transactions_key"),
        sqlite_autoincrement=True,
    )


def _transaction_indexes() -> None:
    where = sa.text("closed_by IS NULL")
    op.create_index(
        "ix_transactions_open",
        "transactions",
        ["charge_point_id", "connector_id"],
        postgresql_where=where,
        sqlite_where=where,
    )
    op.create_index(
        "ix_transactions_charge_point_id_connector_id_ordered_at",
        "transactions",
        ["charge_point_id", "connector_id", "ordered_at"],
    )
    op.create_index("ix_transactions_id_tag_folded_closed_by", "transactions", ["id_tag_folded", "closed_by"])


def _stops() -> None:
    op.create_table(
        "stops",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.Integer()),
        sa.Column("effective", sa.Boolean(), nullable=False),
        sa.Column("timestamp", MOMENT, nullable=False),
        sa.Column("received", MOMENT, nullable=False),
        sa.Column("meter_stop", sa.BigInteger()),
        sa.Column("id_tag", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stops"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_stops_charge_point_id"),
        sa.UniqueConstraint("key", name="uq_stops_key"),
    )
    where = sa.text("NOT effective")
    op.create_index("ix_stops_orphans", "stops", ["charge_point_id", "id"], postgresql_where=where, sqlite_where=where)


def _meter_messages() -> None:
    op.create_table(
        "meter_messages",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer()),
        sa.Column("said_transaction_id", sa.Integer()),
        sa.Column("transaction_id", sa.Integer()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received", MOMENT, nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meter_messages"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_meter_messages_charge_point_id"),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name="fk_meter_messages_transaction_id"),
        sa.UniqueConstraint("key", name="uq_meter_messages_key"),
    )
    op.create_index("ix_meter_messages_transaction_id", "meter_messages", ["transaction_id"])


def _meter_values() -> None:
    op.create_table(
        "meter_values",
        sa.Column("message_id", BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("meter_value", sa.Integer(), nullable=False),
        sa.Column("timestamp", MOMENT, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("measurand", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text()),
        sa.Column("phase", sa.Text()),
        sa.PrimaryKeyConstraint("message_id", "position", name="pk_meter_values"),
        sa.ForeignKeyConstraint(["message_id"], ["meter_messages.id"], name="fk_meter_values_message_id"),
    )


def _charging_profiles() -> None:
    op.create_table(
        "charging_profiles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("stack_level", sa.Integer(), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_charging_profiles"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_charging_profiles_charge_point_id"),
        sa.UniqueConstraint("charge_point_id", "profile_id", name="uq_charging_profiles_charge_point_id_profile_id"),
    )
