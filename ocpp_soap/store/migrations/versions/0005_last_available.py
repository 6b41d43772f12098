"""When a connector last reported that it is free: what an older station's Occupied means depends on it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("connector_states", sa.Column("available_at", sa.DateTime(timezone=True)))
