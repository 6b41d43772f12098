"""Who may speak for a station, how it wants to be spoken to, its quirks, and who failed to prove itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name in ("profile", "access", "quirks", "callback_refused"):
        op.add_column("charge_points", sa.Column(name, sa.JSON()))
    op.create_table(
        "attempts",
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lately", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "identity", name="pk_attempts"),
    )
    op.create_index("ix_attempts_last", "attempts", ["last"])
