"""Clocks that began at a default, numbers of another Central System, stops that were lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import NOON, Central

DEFAULT = datetime(2014, 1, 1, 0, 0, 41, tzinfo=UTC)


def test_a_session_of_a_default_clock_is_the_latest(central: Central) -> None:
    """It began by receipt: it is not superseded, its card is busy, and the same words after its stop are new ones."""
    central.stop(central.start(tag="EARLIER", timestamp=NOON - timedelta(hours=2))["transactionId"])
    central.later(minutes=1)
    number = central.start(timestamp=DEFAULT)["transactionId"]
    assert central.transactions()[-1].superseded_by is None
    assert "ConcurrentTx" == central.start("CP2", meter=0)["idTagInfo"]["status"]
    central.later(hours=1)
    central.stop(number, timestamp=DEFAULT + timedelta(hours=1))
    central.boot()
    assert number != central.start(timestamp=DEFAULT)["transactionId"]


def test_a_queue_of_weeks_is_believed(central: Central) -> None:
    """Its starts keep their own times, and come again as the same after their stops."""
    when = NOON - timedelta(weeks=6)
    number = central.start(timestamp=when)["transactionId"]
    assert ["received"] == central.flags()
    central.stop(number, timestamp=when + timedelta(hours=1))
    central.later(days=1)
    assert number == central.start(timestamp=when)["transactionId"]


def test_equal_starts_cost_one_look_up(central: Central) -> None:
    """Each is a transaction of its own, answered equally until it ends."""
    numbers = []
    for hour in range(5):
        number = central.start(timestamp=DEFAULT)["transactionId"]
        assert number == central.start(timestamp=DEFAULT)["transactionId"]
        central.stop(number, timestamp=DEFAULT + timedelta(hours=hour))
        numbers.append(number)
    assert sorted(set(numbers)) == numbers


@pytest.mark.parametrize(
    ("odd", "ends"),
    [
        ({"idTag": "OTHER"}, True),
        ({"meter": 50}, True),
        ({"timestamp": NOON - timedelta(days=3)}, True),
        ({"timestamp": DEFAULT, "meter": 50}, True),
        ({"idTag": "OTHER", "meter": 50}, False),
        ({"timestamp": NOON - timedelta(days=3), "meter": 50}, False),
        ({"timestamp": NOON - timedelta(days=3), "idTag": "OTHER"}, False),
    ],
)
def test_a_stop_ends_only_what_it_does_not_contradict_twice(central: Central, odd: dict[str, Any], ends: bool) -> None:
    """What is kept apart adds no values to the transaction either, which its own stop still ends."""
    number = central.start()["transactionId"]
    data = [{"timestamp": NOON, "sampledValue": [{"value": "7"}]}]
    central.stop(number, transactionData=data, **odd)
    with central.store.reading() as work:
        assert ends == bool(work.transactions.samples(number))
    assert ends == (central.transactions()[0].stop_timestamp is not None)
    central.later(hours=1)
    central.stop(number, meter=900)
    assert (900 if not ends else odd.get("meter", 200)) == central.transactions()[0].meter_stop


def test_a_transaction_whose_connector_is_free_keeps_no_card(central: Central) -> None:
    """Unless the report is older than the start."""
    central.start()
    report: dict[str, Any] = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    central.later(minutes=1)
    central.say("StatusNotification", **report, timestamp=NOON - timedelta(minutes=1))
    assert "ConcurrentTx" == central.start("CP2")["idTagInfo"]["status"]
    central.say("StatusNotification", **report, timestamp=central.now)
    assert "Accepted" == central.start("CP3")["idTagInfo"]["status"]


@pytest.mark.parametrize(
    ("connector", "hours", "value", "joins"),
    [
        (1, 0, 700, True),
        (2, 0, 700, True),
        (1, -72, 700, True),
        (1, 0, 50, True),
        (1, -72, 50, False),
        (2, 0, 50, False),
    ],
)
def test_readings_join_only_what_they_do_not_contradict_twice(
    central: Central, connector: int, hours: int, value: int, joins: bool
) -> None:
    """The others are kept without a transaction, flagged."""
    number = central.start()["transactionId"]
    sampled = [{"timestamp": NOON + timedelta(hours=hours), "sampledValue": [{"value": value}]}]
    central.say("MeterValues", connectorId=connector, transactionId=number, meterValue=sampled)
    with central.store.reading() as work:
        assert joins == bool(work.transactions.samples(number))
    assert joins == ("transactionId" not in central.flags())
