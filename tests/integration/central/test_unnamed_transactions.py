"""Meter values of a version that can't name their transaction: they belong to the one that runs on the connector."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpp_soap.protocol import catalog

from .conftest import NOON, Central

MUTE = catalog.VERSIONS[-1]
NEVER_SET = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)


def meter(central: Central, *times: datetime, connector: int = 1, **more: Any) -> None:
    """One message with a reading for each time."""
    values = [{"timestamp": moment, "value": number} for number, moment in enumerate(times, 100)]
    central.say("MeterValues", version=MUTE, connectorId=connector, values=values, **more)


def kept(central: Central, transaction_id: int) -> list[str]:
    """The values of a transaction."""
    with central.store.reading() as work:
        return [sample.value for sample in work.transactions.samples(transaction_id)]


def test_values_belong_to_the_open_transaction_of_their_connector(central: Central) -> None:
    """The newest version's own absence of a transactionId means none; here it is flagged what was assumed."""
    number = central.start()["transactionId"]
    central.later(minutes=5)
    meter(central, NOON, central.now)
    assert ["100", "101"] == kept(central, number)
    flag = central.calls[-1].flags[-1]
    assert ("transactionId", None) == (flag.path, flag.raw)
    assert f"{number}, since it is open on this connector and this version can't name it" == flag.assumed
    sampled = {"timestamp": central.now, "sampledValue": [{"value": "7"}]}
    central.say("MeterValues", connectorId=1, meterValue=[sampled])
    assert (["100", "101"], []) == (kept(central, number), central.flags())


@pytest.mark.parametrize("connector", [0, 2])
def test_values_of_another_connector_belong_to_none(central: Central, connector: int) -> None:
    """Nor do those of the main meter."""
    number = central.start()["transactionId"]
    meter(central, NOON, connector=connector)
    assert ([], []) == (kept(central, number), central.flags())


def test_values_of_another_station_belong_to_none(central: Central) -> None:
    """The same connector number means nothing elsewhere."""
    number = central.start()["transactionId"]
    meter(central, NOON, identity="CP2")
    assert [] == kept(central, number)


def test_values_from_before_the_start_or_after_the_end_belong_to_none(central: Central) -> None:
    """One value from before is enough: a message is linked as a whole."""
    number = central.start()["transactionId"]
    meter(central, NOON - timedelta(seconds=1), NOON)
    assert [] == central.flags()
    central.stop(number)
    meter(central, NOON)
    assert ([], []) == (kept(central, number), central.flags())


def test_a_transaction_that_was_superseded_is_not_meant(central: Central) -> None:
    """Whether the one that took its place is still open or not."""
    lost, running = (central.start(tag=tag)["transactionId"] for tag in ("TAG", "OTHER"))
    meter(central, NOON)
    central.stop(running)
    meter(central, NOON, NOON)
    assert ([], ["100"]) == (kept(central, lost), kept(central, running))


@pytest.mark.parametrize(
    ("started", "taken"), [(NOON, NEVER_SET), (NEVER_SET, NOON), (NEVER_SET, NEVER_SET), (NOON + timedelta(1), NOON)]
)
def test_a_clock_that_can_not_be_right_separates_nothing(central: Central, started: datetime, taken: datetime) -> None:
    """What is open when the values come is then all there is to go by."""
    number = central.start(timestamp=started)["transactionId"]
    meter(central, taken)
    assert ["100"] == kept(central, number)


def test_a_transaction_that_is_named_all_the_same_is_the_one(central: Central) -> None:
    """Some say more than their version can; nothing has to be assumed then."""
    number = central.start()["transactionId"]
    central.start(connector=2)
    meter(central, NOON, connector=2, transactionId=number)
    assert (["100"], []) == (kept(central, number), central.flags())


def test_the_same_message_again_changes_nothing(central: Central) -> None:
    """Though another transaction runs by then."""
    first = central.start()["transactionId"]
    meter(central, NOON)
    central.stop(first)
    central.later(minutes=1)
    second = central.start(tag="OTHER", timestamp=NOON)["transactionId"]
    meter(central, NOON)
    assert (["100"], []) == (kept(central, first), kept(central, second))
