"""Commands that outlive the process that took them: their queue, batches of them, and the keys of repeated orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _commands()
    _batches()
    _idempotency_keys()
    op.add_column(
        "charge_points", sa.Column("commands_waiting", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("station_leases", sa.Column("taken_from", sa.Text()))
    op.add_column("station_leases", sa.Column("silent", sa.Boolean()))
    op.add_column("station_leases", sa.Column("due", MOMENT))
    op.create_index("ix_station_leases_due", "station_leases", ["due"])
    # What a killed process left behind is found by whoever looks after the station next.
    op.execute("UPDATE station_leases SET due = until WHERE holder IS NOT NULL")
    op.execute(
        "UPDATE commands SET state = 'uncertain', finished = sent, error = 'its outcome could not be stored'"
        " WHERE state = 'sending' AND NOT EXISTS (SELECT 1 FROM station_leases"
        " WHERE station_leases.charge_point_id = commands.charge_point_id AND holder IS NOT NULL)"
    )
    # Only its own process would have sent such a command, and that is gone.
    op.execute(
        "UPDATE commands SET state = 'not_transmitted', finished = created,"
        " error = 'the process that should have sent it ended before' WHERE state = 'queued'"
    )


def _commands() -> None:
    for column in (
        sa.Column("timing", sa.Text(), nullable=False, server_default="now"),
        sa.Column("deadline", MOMENT),
        sa.Column("not_before", MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("retries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("may_leave_out", sa.JSON()),
        sa.Column("batch_id", sa.Integer()),
        sa.Column("who", sa.Text()),
        sa.Column("holder", sa.Text()),
    ):
        op.add_column("commands", column)
    op.create_index("ix_commands_charge_point_id_id", "commands", ["charge_point_id", "id"])
    op.create_index("ix_commands_state_id", "commands", ["state", "id"])
    op.create_index("ix_commands_operation_id", "commands", ["operation", "id"])
    op.drop_index("ix_commands_sending", "commands")
    for name, columns, condition in (
        ("batch", ["batch_id", "id"], "batch_id IS NOT NULL"),
        ("queued", ["charge_point_id", "id"], "state = 'queued'"),
        ("deadline", ["deadline"], "state = 'queued'"),
    ):
        where = sa.text(condition)
        op.create_index(f"ix_commands_{name}", "commands", columns, postgresql_where=where, sqlite_where=where)


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("who", sa.Text()),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_who_id", "batches", ["who", "id"])


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Integer()),
        sa.Column("batch_id", sa.Integer()),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("who", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"])
