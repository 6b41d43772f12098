"""The X-Request-ID of what the journal and the audit tell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for table in ("journal", "audit"):
        op.add_column(table, sa.Column("request_id", sa.Text()))
