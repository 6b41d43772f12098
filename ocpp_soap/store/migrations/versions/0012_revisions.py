"""What changed of transactions and when, and the values that a change replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The stop that ended a transaction is the last one that could.
STOPPED = """
UPDATE transactions SET stop_received = ended.received
FROM (SELECT transaction_id, MAX(received) AS received FROM stops WHERE effective GROUP BY transaction_id) AS ended
WHERE ended.transaction_id = transactions.id AND transactions.closed_by = 'station'
"""


def upgrade() -> None:
    for name in ("stop_received", "changed"):
        op.add_column("transactions", sa.Column(name, MOMENT))
    op.execute(STOPPED)
    op.execute("UPDATE transactions SET changed = COALESCE(stop_received, received)")
    op.create_index("ix_transactions_changed_id", "transactions", ["changed", "id"])
    op.create_table(
        "transaction_revisions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("transaction_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transaction_revisions"),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["transactions.id"], name="fk_transaction_revisions_transaction_id"
        ),
    )
    op.create_index("ix_transaction_revisions_transaction_id_id", "transaction_revisions", ["transaction_id", "id"])
