"""Makes invoices of the charging sessions that have ended, each once, and sets aside what can't be believed."""

from __future__ import annotations

import argparse
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from ocpp_soap.client import Gateway, NotFound, Transaction

CENT = Decimal("0.01")
# No car takes more, kWh.
MOST = 500
# Of a transaction's flags, those of these fields matter for the price.
PRICED = ("idTag", "meterStart", "meterStop", "timestamp")


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
    """A session on an invoice."""

    transaction: Transaction
    kwh: Decimal
    hours: Decimal
    amount: Decimal


@dataclass
class Bills:
    """What one run made: `invoices` by customer, and `aside`: transactions that somebody has to look at, and why."""

    invoices: dict[str, list[Item]] = field(default_factory=dict)
    aside: dict[int, str] = field(default_factory=dict)

    def total(self, customer: str) -> Decimal:
        """What a customer owes."""
        return sum((item.amount for item in self.invoices.get(customer, [])), Decimal(0))


class Ledger:
    """Remembers what was billed, in a file; runs at the same time bill nothing twice."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS billed (transactionId INTEGER PRIMARY KEY, customer, amount)"
        )

    def has(self, transaction: Transaction) -> bool:
        """Whether it was billed before."""
        found = self._connection.execute("SELECT 1 FROM billed WHERE transactionId = ?", (transaction.transactionId,))
        return found.fetchone() is not None

    def enter(self, customer: str, item: Item) -> bool:
        """Enters a session; False when another run was faster. It counts when `keep` is called."""
        entry = (item.transaction.transactionId, customer, str(item.amount))
        return self._connection.execute("INSERT OR IGNORE INTO billed VALUES (?, ?, ?)", entry).rowcount == 1

    def keep(self) -> None:
        """Makes what was entered last."""
        self._connection.commit()

    def close(self) -> None:
        """Forgets what was not kept."""
        self._connection.close()


def bill(gateway: Gateway, tariff: Tariff, ledger: Ledger, since: datetime | None = None) -> Bills:
    """Bills what has ended and was not billed before, of the sessions that began since then.

    Once that has been handed on, `ledger.keep()` has it remembered.
    """
    bills, customers = Bills(), Customers(gateway)
    for transaction in gateway.transactions.list(open=False, startedFrom=since):
        if ledger.has(transaction):
            continue
        if why := doubt(transaction):
            bills.aside[transaction.transactionId] = why
            continue
        customer = customers.of(transaction.idTag)
        if customer is None:
            bills.aside[transaction.transactionId] = f"nobody knows the tag {transaction.idTag}"
            continue
        item = priced(transaction, tariff)
        if ledger.enter(customer, item):
            bills.invoices.setdefault(customer, []).append(item)
    return bills


def doubt(transaction: Transaction) -> str | None:
    """Why nobody should be billed for it unseen."""
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

    def of(self, id_tag: str | None) -> str | None:
        """Asks the gateway once for each tag; None for one that it does not know."""
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
            yield f"  {item.transaction.startTimestamp:%Y-%m-%d %H:%M}  {item.kwh} kWh  {item.amount}"
    for number, why in bills.aside.items():
        yield f"not billed: transaction {number}: {why}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="The token is read from the variable TOKEN.")
    parser.add_argument("gateway", help="such as http://127.0.0.1:8180")
    parser.add_argument("--per-kwh", type=Decimal, required=True)
    parser.add_argument("--per-hour", type=Decimal, default=Decimal(0))
    parser.add_argument("--ledger", type=Path, required=True, help="the file that remembers what was billed")
    parser.add_argument("--since", type=datetime.fromisoformat, help="only what began since, such as 2026-01-31")
    given = parser.parse_args()
    if "TOKEN" not in os.environ:
        parser.error("TOKEN is not set: `ocpp-soap tokens create billing --scope read` makes one")
    since = given.since and given.since.replace(tzinfo=given.since.tzinfo or UTC)
    with Gateway(given.gateway, os.environ["TOKEN"]) as gateway, closing(Ledger(given.ledger)) as ledger:
        print(*printed(bill(gateway, Tariff(given.per_kwh, given.per_hour), ledger, since)), sep="\n", flush=True)
        ledger.keep()  # not before: an invoice that is printed twice is noticed, one that never was is not


if __name__ == "__main__":
    main()
