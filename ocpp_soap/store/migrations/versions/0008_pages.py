"""What lists are read by, page after page: an index in the order of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ocpp_soap.store.columns import harmless

revision = "0008"
down_revision = "0007"

# Sorted by code points, as on SQLite, so that their indexes serve beginnings too.
ORDERED = (
    ("charge_points", "identity"),
    ("unknown_charge_points", "identity"),
    ("tags", "id_tag_folded"),
    ("unknown_tags", "id_tag_folded"),
)

INDEXES = (
    ("charge_points", "status", "identity"),
    ("charge_points", "version", "identity"),
    ("charge_points", "vendor", "identity"),
    ("charge_points", "model", "identity"),
    ("unknown_charge_points", "last_seen", "identity"),
    ("tags", "blocked", "id_tag_folded"),
    ("tags", "parent_folded", "id_tag_folded"),
    ("unknown_tags", "last_seen", "id_tag_folded"),
    ("transactions", "ordered_at", "id"),
    ("transactions", "charge_point_id", "ordered_at", "id"),
    ("transactions", "id_tag_folded", "ordered_at", "id"),
    ("reservations", "command_id"),
    ("reservations", "charge_point_id", "command_id"),
    ("reservations", "status", "command_id"),
    ("reservations", "status", "expiry_date"),
)

OPEN = "closed_by IS NULL"
PARTIAL = (
    ("ix_charge_points_local_lists", "charge_points", ["identity"], "local_list_version IS NOT NULL"),
    ("ix_transactions_open", "transactions", ["charge_point_id", "closed_by", "ordered_at", "id"], OPEN),
    ("ix_transactions_open_on", "transactions", ["charge_point_id", "connector_id", "closed_by"], OPEN),
    ("ix_transactions_open_of_tag", "transactions", ["id_tag_folded", "closed_by"], OPEN),
    ("ix_transactions_open_by_start", "transactions", ["ordered_at", "id"], OPEN),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in ORDERED:
            op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE TEXT COLLATE "C"')
    _vendors_and_models()
    op.drop_index("ix_unknown_charge_points_last_seen", "unknown_charge_points")
    op.drop_index("ix_transactions_id_tag_folded_closed_by", "transactions")
    op.drop_index("ix_transactions_open", "transactions")
    for table, *columns in INDEXES:
        op.create_index("_".join(("ix", table, *columns)), table, columns)
    for name, table, columns, condition in PARTIAL:
        where = sa.text(condition)
        op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where)


def _vendors_and_models() -> None:
    charge_points = sa.table(
        "charge_points",
        sa.column("id", sa.Integer()),
        sa.column("boot", sa.JSON()),
        sa.column("vendor", sa.Text()),
        sa.column("model", sa.Text()),
    )
    for name in ("vendor", "model"):
        op.add_column("charge_points", sa.Column(name, sa.Text()))
    connection = op.get_bind()
    for number, boot in connection.execute(sa.select(charge_points.c.id, charge_points.c.boot)).all():
        said = {name: harmless(boot.get(f"chargePoint{name.title()}")) for name in ("vendor", "model")}
        connection.execute(charge_points.update().where(charge_points.c.id == number).values(**said))
