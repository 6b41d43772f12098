"""Where the transactionIds of a new store begin: at random, so that none is one of a former Central System or store.

A station may still have messages queued for that one. A store that has given a number already goes on from there.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

# Six digits tell nobody apart; above the last, over a billion numbers are left until 2147483647, the largest there is.
FIRST, LAST = 1_000_000, 1_000_000_000

BEGIN = {
    "sqlite": """
INSERT INTO sqlite_sequence (name, seq)
SELECT 'transactions', :first - 1
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'transactions')
""",
    "postgresql": """
SELECT setval(pg_get_serial_sequence('transactions', 'id'), :first, false)
WHERE pg_sequence_last_value(pg_get_serial_sequence('transactions', 'id')::regclass) IS NULL
""",
}


def upgrade() -> None:
    connection = op.get_bind()
    first = FIRST + secrets.randbelow(LAST - FIRST)
    connection.execute(sa.text(BEGIN[connection.dialect.name]), {"first": first})
