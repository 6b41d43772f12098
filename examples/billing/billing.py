"""Makes invoices of the charging sessions that have ended, each once, corrects those of sessions that changed, and sets
aside what can't be believed."""

from __future__ import annotations

import argparse
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from ocpp_soap.client import Gateway, NotFound, Transaction

CENT = Decimal("0.01")
# No car takes more, kWh.
MOST = 500
# Of a transaction's flags, those of these fields matter for the price.
PRICED = ("idTag", "meterStart", "meterStop", "timestamp")
# A change is seen when it is committed, up to a minute after its time, and clocks of gateways differ.
OVERLAP = timedelta(minutes=10)

# Before any session.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)

TABLES = """
CREATE TABLE IF NOT EXISTS lines (
    line INTEGER PRIMARY KEY, transactionId INTEGER, idTag, customer, amount, perKwh, perHour
);
CREATE INDEX IF NOT EXISTS linesOfSession ON lines (transactionId);
CREATE TABLE IF NOT EXISTS sessions (transactionId INTEGER PRIMARY KEY, changed, waits);
CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY, since, seen);
"""


@dataclass(frozen=True)
class Tariff:
    """What a kWh and an hour at the connector cost."""

    per_kwh: Decimal
    per_hour: Decimal = Decimal(0)

    def price(self, kwh: Decimal, hours: Decimal) -> Decimal:
        """The price of a session, rounded to the cent."""
        return (kwh * self.per_kwh + hours * self.per_hour).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Item:
    """A session on an invoice; `corrects` what an earlier invoice has of it: `amount` is what is to be added then."""

    transaction: Transaction
    kwh: Decimal
    hours: Decimal
    amount: Decimal
    corrects: bool = False


@dataclass
class Bills:
    """What one run made: `invoices` by customer, and `aside`: transactions that somebody has to look at, and why."""

    invoices: dict[str, list[Item]] = field(default_factory=dict)
    aside: dict[int, str] = field(default_factory=dict)

    def total(self, customer: str) -> Decimal:
        """What a customer owes."""
        return sum((item.amount for item in self.invoices.get(customer, [])), Decimal(0))


@dataclass(frozen=True)
class Billed:
    """What the invoices that were made have of a session: whose it is, the sum, and by which tariff it is priced."""

    idTag: str | None
    customer: str
    amount: Decimal
    tariff: Tariff


class Ledger:
    """Remembers in a file what was billed and how far changes were followed, both or neither.

    A line of an invoice is never edited: a correction is another line. Of two runs at once one waits for the other.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=600)
        self._connection.executescript(TABLES)

    def begin(self, since: datetime | None = None) -> tuple[datetime | None, datetime]:
        """Begins a run; the time that the first one was told to begin with, and that of the last change it has seen."""
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")
        begin = (since and since.isoformat(), BEGINNING.isoformat())
        self._connection.execute("INSERT OR IGNORE INTO progress VALUES (1, ?, ?)", begin)
        first, seen = self._connection.execute("SELECT since, seen FROM progress").fetchone()
        return first and datetime.fromisoformat(first), datetime.fromisoformat(seen)

    def is_new(self, transaction: Transaction) -> bool:
        """Whether it has changed since it was looked at."""
        known = (transaction.transactionId, transaction.changed.isoformat())
        found = self._connection.execute("SELECT 1 FROM sessions WHERE transactionId = ? AND changed = ?", known)
        return found.fetchone() is None

    def look_at(self, transaction: Transaction, waits: bool) -> None:
        """Notes its state as known; one that `waits` is looked at in each run, also when it does not change."""
        state = (transaction.transactionId, transaction.changed.isoformat(), waits)
        self._connection.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", state)
        self._connection.execute("UPDATE progress SET seen = MAX(seen, ?)", (transaction.changed.isoformat(),))

    def waiting(self) -> list[int]:
        """The numbers of those that wait."""
        return [row[0] for row in self._connection.execute("SELECT transactionId FROM sessions WHERE waits")]

    def billed(self, transaction: Transaction) -> Billed | None:
        """What the invoices have of it."""
        number = (transaction.transactionId,)
        rows = self._connection.execute("SELECT * FROM lines WHERE transactionId = ? ORDER BY line", number).fetchall()
        if not rows:
            return None
        *_, id_tag, customer, _, per_kwh, per_hour = rows[-1]
        amount = sum((Decimal(row[4]) for row in rows if row[3] == customer), Decimal(0))
        return Billed(id_tag, customer, amount, Tariff(Decimal(per_kwh), Decimal(per_hour)))

    def enter(self, customer: str, item: Item, tariff: Tariff) -> None:
        """Enters a line of an invoice. It counts when `keep` is called."""
        whose = (item.transaction.transactionId, item.transaction.idTag, customer)
        prices = (str(item.amount), str(tariff.per_kwh), str(tariff.per_hour))
        self._connection.execute("INSERT INTO lines VALUES (NULL, ?, ?, ?, ?, ?, ?)", (*whose, *prices))

    def keep(self) -> None:
        """Makes what was entered last."""
        self._connection.commit()

    def close(self) -> None:
        """Forgets what was not kept."""
        self._connection.close()


def bill(gateway: Gateway, tariff: Tariff, ledger: Ledger, since: datetime | None = None) -> Bills:
    """Bills what has ended and was not billed before, and corrects what has changed since it was.

    A new ledger begins with the sessions that began since then. Once the bills have been handed on, `ledger.keep()` has
    them remembered.
    """
    bills, customers = Bills(), Customers(gateway)
    for transaction in followed(gateway, ledger, since):
        before, waits = ledger.billed(transaction), False
        if transaction.closedBy is None:
            pass  # it changes again when it ends
        elif why := doubt(transaction):
            bills.aside[transaction.transactionId] = why + (f"; billed as {before.amount} before" if before else "")
        elif customer := before.customer if before and before.idTag == transaction.idTag else customers.of(transaction):
            for whom, item in lines(transaction, customer, before, tariff):
                ledger.enter(whom, item, before.tariff if before else tariff)
                bills.invoices.setdefault(whom, []).append(item)
        else:
            bills.aside[transaction.transactionId] = f"nobody knows the tag {transaction.idTag}"
            waits = True  # for somebody to add the tag, which is no change of the session
        ledger.look_at(transaction, waits)
    return bills


def followed(gateway: Gateway, ledger: Ledger, since: datetime | None) -> Iterator[Transaction]:
    """The sessions that wait for something, and those that have changed, whenever they began, came or ended."""
    since, seen = ledger.begin(since)
    for number in ledger.waiting():
        with suppress(NotFound):  # of a store that was lost
            yield gateway.transactions.get(number)
    for transaction in gateway.transactions.list(changedSince=seen - OVERLAP, startedFrom=since):
        if ledger.is_new(transaction):
            yield transaction


def lines(transaction: Transaction, customer: str, before: Billed | None, tariff: Tariff) -> Iterator[tuple[str, Item]]:
    """Who is to be billed what for a session, over what the invoices have of it; at the price of the first one."""
    item = priced(transaction, before.tariff if before else tariff)
    if before is None:
        yield customer, item
    elif before.customer != customer:
        yield before.customer, replace(item, amount=-before.amount, corrects=True)
        yield customer, replace(item, corrects=True)
    elif before.amount != item.amount:
        yield customer, replace(item, amount=item.amount - before.amount, corrects=True)


def doubt(transaction: Transaction) -> str | None:
    """Why nobody should be billed for it unseen."""
    if (told := transaction.idTagInfo.get("status")) != "Accepted":
        return f"its start was refused: {told}"
    begin, end = transaction.meterStart, transaction.meterStop
    if begin is None or end is None or transaction.stopTimestamp is None:
        return "a meter reading or a time is missing"
    if end < begin or transaction.stopTimestamp < transaction.startTimestamp:
        return "it ends before it begins"
    if end - begin > MOST * 1000:
        return f"more than {MOST} kWh"
    odd = [flag for flag in transaction.flags if flag.path in PRICED]
    return "; ".join(f"{flag.path}: {flag.assumed or flag.raw}" for flag in odd) or None


def priced(transaction: Transaction, tariff: Tariff) -> Item:
    """What a session without doubt costs."""
    assert transaction.meterStart is not None
    assert transaction.meterStop is not None
    assert transaction.stopTimestamp is not None
    kwh = Decimal(transaction.meterStop - transaction.meterStart) / 1000
    hours = Decimal((transaction.stopTimestamp - transaction.startTimestamp).total_seconds()) / 3600
    return Item(transaction, kwh, hours, tariff.price(kwh, hours))


class Customers:
    """Who pays for a tag: its group, or itself."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._known: dict[str, str | None] = {}

    def of(self, transaction: Transaction) -> str | None:
        """Asks the gateway once for each tag; None for one that it does not know."""
        id_tag = transaction.idTag
        if id_tag and id_tag not in self._known:
            try:
                tag = self._gateway.id_tags.get(id_tag)
                # In the gateway's spelling: stations may tell one tag in upper and in lower case.
                self._known[id_tag] = tag.parentIdTag or tag.idTag
            except NotFound:
                self._known[id_tag] = None
        return self._known.get(id_tag or "")


def printed(bills: Bills) -> Iterator[str]:
    """The bills as lines of text."""
    for customer, items in sorted(bills.invoices.items()):
        yield f"{customer}: {bills.total(customer)}"
        for item in items:
            what = "correction of an earlier invoice, " if item.corrects else ""
            yield f"  {item.transaction.startTimestamp:%Y-%m-%d %H:%M}  {what}{item.kwh} kWh  {item.amount}"
    for number, why in bills.aside.items():
        yield f"not billed: transaction {number}: {why}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="The token is read from the variable TOKEN.")
    parser.add_argument("gateway", help="such as http://127.0.0.1:8180")
    parser.add_argument("--per-kwh", type=Decimal, required=True)
    parser.add_argument("--per-hour", type=Decimal, default=Decimal(0))
    parser.add_argument("--ledger", type=Path, required=True, help="the file that remembers what was billed")
    parser.add_argument(
        "--since", type=datetime.fromisoformat, help="of a new ledger: only what began since, such as 2026-01-31"
    )
    given = parser.parse_args()
    if "TOKEN" not in os.environ:
        parser.error("TOKEN is not set: `ocpp-soap tokens create billing --scope read` makes one")
    since = given.since and given.since.replace(tzinfo=given.since.tzinfo or UTC)
    with Gateway(given.gateway, os.environ["TOKEN"]) as gateway, closing(Ledger(given.ledger)) as ledger:
        print(*printed(bill(gateway, Tariff(given.per_kwh, given.per_hour), ledger, since)), sep="\n", flush=True)
        ledger.keep()  # not before: an invoice that is printed twice is noticed, one that never was is not


if __name__ == "__main__":
    main()
