"""What an operator must see of a session before it is billed: flags that change neither what is stored nor any answer.

Functions of a transaction's fields and the call; the README says what each flag asks somebody to do.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..audit import difference
from ..call import Call
from ..clocks import plausible
from ..ledger import AuditEntry
from ..ports import Work
from ..records import Json, Revision, Transaction
from ..shapes import revisable

# Watts: no connector gives more. The minutes are those by which a clock may be set right during a session.
MOST_POWER, CLOCK_SET = 400_000, timedelta(minutes=5)

# A start that is told later than this was authorized by the station alone, or comes from a queue that was lost.
LATE = timedelta(hours=1)


def judge_lateness(timestamp: datetime, call: Call) -> None:
    """Flags a start that was received long after it began."""
    if call.received - timestamp > LATE and plausible(timestamp, call):
        call.flag("received", timestamp.isoformat(), "kept, though received long after it began")


def judge_refusal(info: Json, call: Call) -> None:
    """Flags a session whose start was refused: the station may have delivered energy all the same."""
    if info["status"] != "Accepted":
        call.flag("idTagInfo", info["status"], "stored, though its start was refused")


def judge_energy(transaction: Transaction, meter_stop: int | None, timestamp: datetime | None, call: Call) -> None:
    """Flags more energy than the time and the most powerful connector allow."""
    if meter_stop is None or transaction.meter_start is None or timestamp is None:
        return
    if not (plausible(timestamp, call) and plausible(transaction.start_timestamp, call)):
        return
    time = max(timestamp - transaction.start_timestamp, timedelta()) + CLOCK_SET
    energy = meter_stop - transaction.meter_start
    if energy > MOST_POWER * (time / timedelta(hours=1)):
        call.flag("meterStop", meter_stop, f"kept, though {energy} Wh are more than {MOST_POWER // 1000} kW can give")


def keep_closing(closed: Transaction, call: Call, work: Work) -> None:
    """Keeps an operator's closing that the station's own stop has replaced, and tells it in the audit."""
    actor, before = f"station:{call.station.identity}", revisable(closed)
    note = "the station's own stop came after the closing"
    work.transactions.revise(Revision(closed.id, call.received, actor, "stop", None, note, before))
    if (stopped := work.transactions.find(closed.id)) is not None:
        changes = difference(before, revisable(stopped))
        work.audit.add([AuditEntry(call.received, actor, "stop", f"transaction {closed.id}", *changes)])
