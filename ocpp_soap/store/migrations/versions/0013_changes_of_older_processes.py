"""What processes of a version without `changed` write gets a time of change too: by the database's clock.

They run beside newer ones during an upgrade, and whoever follows changes must miss nothing of theirs. Newer ones give a
time themselves, so that the triggers cost them a comparison.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
ON_SQLITE = """
CREATE TRIGGER tr_transactions_{name} AFTER {event} ON transactions WHEN {unmarked}
BEGIN UPDATE transactions SET changed = {now} WHERE id = NEW.id; END
"""
ON_POSTGRESQL = """
CREATE TRIGGER tr_transactions_{name} BEFORE {event} ON transactions FOR EACH ROW WHEN ({unmarked})
EXECUTE FUNCTION fn_transactions_changed()
"""
FUNCTION = """
CREATE OR REPLACE FUNCTION fn_transactions_changed() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN NEW.changed = clock_timestamp(); RETURN NEW; END $$
"""

# What they have written before.
UNMARKED = """
UPDATE transactions SET stop_received = COALESCE(stop_received, (
    SELECT MAX(stops.received) FROM stops WHERE stops.effective AND stops.transaction_id = transactions.id
)), changed = {now}
WHERE changed IS NULL OR (closed_by = 'station' AND stop_received IS NULL)
"""


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(FUNCTION)
    same = "IS" if sqlite else "IS NOT DISTINCT FROM"
    for name, event, unmarked in (
        ("started", "INSERT", "NEW.changed IS NULL"),
        ("stopped", "UPDATE", f"NEW.changed {same} OLD.changed AND NOT NEW.closed_by {same} OLD.closed_by"),
    ):
        trigger = ON_SQLITE if sqlite else ON_POSTGRESQL
        op.execute(trigger.format(name=name, event=event, unmarked=unmarked, now=NOW))
    op.execute(UNMARKED.format(now=NOW if sqlite else "clock_timestamp()"))
