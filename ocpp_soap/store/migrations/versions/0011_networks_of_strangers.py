"""The network that a station which is not registered called from: IPv6 by its /64."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("unknown_charge_points", sa.Column("network", sa.Text()))
    op.create_index("ix_unknown_charge_points_network_last_seen", "unknown_charge_points", ["network", "last_seen"])
