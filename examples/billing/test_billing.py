"""Sessions of simulated stations, and what is billed for them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import billing
import pytest
from billing import Ledger, Tariff, bill

from ocpp_soap.client import Gateway
from ocpp_soap.testing import ChargePoints, Clock
from ocpp_soap.testing import Gateway as Running

TARIFF = Tariff(Decimal("0.40"), Decimal("0.60"))
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with closing(Ledger(tmp_path / "billed.db")) as opened:
        yield opened


def charge(charge_point: ChargePoints, tag: str, kwh: float, hours: int = 0, version: str = "1.6") -> None:
    """A session yesterday, on a station of its own."""
    cp = charge_point(version=version, clock=Clock(0, YESTERDAY))
    cp.boot()
    tx = cp.start(1, tag)
    cp.tick(hours * 3600)
    cp.meter(tx, kWh=kwh)
    cp.stop(tx)


@pytest.mark.parametrize("version", ["1.6", "1.5", "1.2"])
def test_energy_and_time_are_billed_to_the_group(
    version: str,
    charge_point: ChargePoints,
    gateway_client: Gateway,
    id_tag: Callable[..., str],
    ledger: Ledger,
) -> None:
    """Two tags of one group, and a tag of its own that is told in lower case too: 0.40 a kWh and 0.60 an hour."""
    group = id_tag()
    first, second, other = id_tag(parentIdTag=group), id_tag(parentIdTag=group), id_tag()
    charge(charge_point, first, 3.2, 1, version)
    charge(charge_point, second, 10, 0, version)
    for spelled in (other, other.lower()):
        charge(charge_point, spelled, 0.1, 0, version)
    bills = bill(gateway_client, TARIFF, ledger, YESTERDAY - timedelta(hours=1))
    assert [Decimal("1.88"), Decimal("4.00")] == sorted(item.amount for item in bills.invoices[group])
    assert (Decimal("5.88"), Decimal("0.08")) == (bills.total(group), bills.total(other))


def test_nothing_is_billed_twice(
    charge_point: ChargePoints, gateway_client: Gateway, id_tag: Callable[..., str], ledger: Ledger
) -> None:
    """A second run bills what has ended since, an open session not before its end, and no lost card again."""
    tag = id_tag(maxTransactions=2)
    charge(charge_point, tag, 1)
    cp = charge_point(clock=Clock(0, YESTERDAY))
    cp.boot()
    tx = cp.start(1, tag)
    since = YESTERDAY - timedelta(hours=1)
    assert Decimal("0.40") == bill(gateway_client, TARIFF, ledger, since).total(tag)
    cp.meter(tx, kWh=2)
    assert Decimal(0) == bill(gateway_client, TARIFF, ledger, since).total(tag)
    cp.stop(tx)
    assert Decimal("0.80") == bill(gateway_client, TARIFF, ledger, since).total(tag)
    gateway_client.id_tags.remove(tag)
    third = bill(gateway_client, TARIFF, ledger, since)
    assert (Decimal(0), False) == (third.total(tag), tx["transactionId"] in third.aside)


def test_an_invoice_is_corrected_and_never_edited(
    charge_point: ChargePoints, gateway_client: Gateway, id_tag: Callable[..., str], tmp_path: Path
) -> None:
    """The station's late stop takes an operator's closing's place: the difference is billed, at the tariff of then."""
    first, second = id_tag(maxTransactions=2), id_tag()
    cp = charge_point(clock=Clock(0, YESTERDAY))
    cp.boot()
    tx = cp.start(1, first)
    cp.meter(tx, kWh=20)
    number = tx["transactionId"]
    begun = gateway_client.transactions.get(number)
    begin = begun.meterStart or 0
    gateway_client.transactions.close(number, note="dead", meterStop=begin + 5000, at=begun.startTimestamp)
    for tariff, change, billed in (
        (TARIFF, None, {first: "2.00"}),
        (Tariff(Decimal("0.80")), lambda: cp.stop(tx), {first: "6.00"}),
        (Tariff(Decimal("0.80")), lambda: correct(gateway_client, number, idTag=second), {first: "-8.00", second: "8"}),
        (TARIFF, lambda: correct(gateway_client, number, meterStop=begin + 19_000), {second: "-0.40"}),
        (TARIFF, lambda: gateway_client.transactions.annotate(number, reason="r", note="n"), {}),
    ):
        if change is not None:
            change()
        with closing(Ledger(tmp_path / "billed.db")) as ledger:
            bills = bill(gateway_client, tariff, ledger, YESTERDAY - timedelta(hours=1))
            ledger.keep()
        assert {whose: Decimal(sum_) for whose, sum_ in billed.items()} == {
            whose: bills.total(whose) for whose in bills.invoices if whose in (first, second)
        }
    with closing(sqlite3.connect(tmp_path / "billed.db")) as connection:
        rows = connection.execute("SELECT amount FROM lines WHERE transactionId = ? ORDER BY line", (number,))
        assert ["2.00", "6.00", "-8.00", "8.00", "-0.40"] == [row[0] for row in rows]


def correct(gateway: Gateway, number: int, **right: Any) -> None:
    """An operator's correction."""
    gateway.transactions.correct(number, reason="complaint", note="looked at on site", **right)


def test_a_run_that_dies_is_made_again(
    charge_point: ChargePoints, gateway_client: Gateway, id_tag: Callable[..., str], tmp_path: Path
) -> None:
    """How far it has come is kept with the invoices; what was told a day late is billed too."""
    tag = id_tag(maxTransactions=9)
    charge(charge_point, tag, 1)

    def run(keep: bool) -> Decimal:
        with closing(Ledger(tmp_path / "billed.db")) as ledger:
            total = bill(gateway_client, TARIFF, ledger, YESTERDAY - timedelta(days=9)).total(tag)
            if keep:
                ledger.keep()
        return total

    assert ["0.40", "0.40", "0"] == [str(run(keep)) for keep in (False, True, True)]
    cp = charge_point(clock=Clock(0, YESTERDAY - timedelta(days=1)))
    cp.boot()
    with cp.offline():
        tx = cp.start(1, tag)
        cp.meter(tx, kWh=2)
        cp.stop(tx)
        assert Decimal(0) == run(keep=True)
    # Written before the last run ended, by a gateway whose clock is behind.
    with closing(sqlite3.connect(tmp_path / "billed.db")) as connection, connection:
        connection.execute("UPDATE progress SET seen = ?", ((datetime.now(UTC) + timedelta(minutes=5)).isoformat(),))
    assert ["0.80", "0"] == [str(run(keep=True)) for _ in range(2)]


def test_no_refused_start_is_billed(
    charge_point: ChargePoints, gateway_client: Gateway, id_tag: Callable[..., str], ledger: Ledger
) -> None:
    """Whatever the station delivered: the answer to the start is told; a tag that is added later is billed then."""
    blocked, lost = id_tag(blocked=True), id_tag()
    cp = charge_point(clock=Clock(0, YESTERDAY))
    cp.boot()
    said = {"connectorId": 1, "idTag": blocked, "timestamp": YESTERDAY, "meterStart": 0}
    number = cp.send("StartTransaction", said)["transactionId"]
    later = YESTERDAY + timedelta(hours=1)
    cp.send("StopTransaction", {"transactionId": number, "timestamp": later, "meterStop": 7000})
    charge(charge_point, lost, 1)
    gateway_client.id_tags.remove(lost)
    bills = bill(gateway_client, TARIFF, ledger)
    assert (Decimal(0), "its start was refused: Blocked") == (bills.total(blocked), bills.aside[number])
    assert f"nobody knows the tag {lost}" in bill(gateway_client, TARIFF, ledger).aside.values()
    id_tag(lost)
    again = bill(gateway_client, TARIFF, ledger)
    assert (Decimal("0.40"), False) == (again.total(lost), number in again.aside)


def test_what_is_odd_is_set_aside(
    charge_point: ChargePoints, gateway_client: Gateway, id_tag: Callable[..., str], ledger: Ledger
) -> None:
    """A clock that was never set, a meter that ran back, too much energy, a tag of nobody: the reason is told."""
    tag = id_tag(maxTransactions=9)
    unset, backwards, much = charge_point(quirks=["clock-never-set"]), charge_point(), charge_point()
    reasons = {}
    for cp, begin, end in ((unset, 0, 1000), (backwards, 5000, 1000), (much, 0, 700_000)):
        cp.boot()
        said = {"connectorId": 1, "idTag": tag, "timestamp": YESTERDAY, "meterStart": begin}
        number = cp.send("StartTransaction", said)["transactionId"]
        later = YESTERDAY + timedelta(hours=1)
        cp.send("StopTransaction", {"transactionId": number, "idTag": tag, "timestamp": later, "meterStop": end})
        reasons[cp.identity] = number
    bills = bill(gateway_client, TARIFF, ledger)
    assert Decimal(0) == bills.total(tag)
    told = [bills.aside[reasons[cp.identity]] for cp in (unset, backwards, much)]
    assert "timestamp" in told[0].lower()
    assert ["it ends before it begins", "more than 500 kWh"] == told[1:]

    lost = id_tag()
    charge(charge_point, lost, 1)
    gateway_client.id_tags.remove(lost)
    assert f"nobody knows the tag {lost}" in bill(gateway_client, TARIFF, ledger).aside.values()


def test_the_command_line(
    charge_point: ChargePoints, gateway: Running, id_tag: Callable[..., str], tmp_path: Path
) -> None:
    """It prints the bills; a second time there are none."""
    tag = id_tag()
    charge(charge_point, tag, 12.5)
    command = [sys.executable, billing.__file__, gateway.client.url, "--per-kwh", "0.40", "--since", f"{YESTERDAY:%F}"]
    command += ["--ledger", str(tmp_path / "billed.db")]
    environment = {**os.environ, "TOKEN": gateway.token}
    printed = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    assert [True, False] == [f"{tag}: 5.00\n" in text for text in printed]
