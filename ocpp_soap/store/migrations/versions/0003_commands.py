"""Calls to stations, and what follows them: leases, file notices, reservations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _commands()
    _station_leases()
    _file_notices()
    _reservations()


def _commands() -> None:
    op.create_table(
        "commands",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.JSON()),
        sa.Column("answer_status", sa.Text()),
        sa.Column("fault", sa.JSON()),
        sa.Column("error", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("sent", MOMENT),
        sa.Column("finished", MOMENT),
        sa.Column("id_tag_folded", sa.Text()),
        sa.Column("connector_id", sa.Integer()),
        sa.Column("asked_transaction_id", sa.Integer()),
        sa.Column("transaction_id", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_commands_charge_point_id"),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name="fk_commands_transaction_id"),
    )
    where = sa.text("state = 'sending'")
    op.create_index("ix_commands_sending", "commands", ["charge_point_id"], postgresql_where=where, sqlite_where=where)
    op.create_index("ix_commands_charge_point_id_operation_id", "commands", ["charge_point_id", "operation", "id"])


def _station_leases() -> None:
    op.create_table(
        "station_leases",
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("until", MOMENT),
        sa.PrimaryKeyConstraint("charge_point_id", name="pk_station_leases"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_station_leases_charge_point_id"),
        postgresql_with={"fillfactor": "80"},
    )


def _file_notices() -> None:
    op.create_table(
        "file_notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("received", MOMENT, nullable=False),
        sa.Column("command_id", sa.Integer()),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_file_notices"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_file_notices_charge_point_id"),
        sa.ForeignKeyConstraint(["command_id"], ["commands.id"], name="fk_file_notices_command_id"),
    )
    op.create_index("ix_file_notices_charge_point_id_id", "file_notices", ["charge_point_id", "id"])


def _reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("charge_point_id", sa.Integer(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer()),
        sa.Column("id_tag", sa.Text()),
        sa.Column("parent_id_tag", sa.Text()),
        sa.Column("expiry_date", MOMENT),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.Integer()),
        sa.Column("accepted", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("charge_point_id", "reservation_id", name="pk_reservations"),
        sa.ForeignKeyConstraint(["charge_point_id"], ["charge_points.id"], name="fk_reservations_charge_point_id"),
        sa.ForeignKeyConstraint(["command_id"], ["commands.id"], name="fk_reservations_command_id"),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name="fk_reservations_transaction_id"),
    )
