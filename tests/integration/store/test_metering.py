"""Meter values: every sampled value with its attributes, each message once, each value given once."""

from __future__ import annotations

from itertools import permutations

import pytest

from ocpp_soap.central.records import Sample
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, a_sample, a_start, after, register, start


def _meter(store: SqlStore, station: int, key: str, transaction_id: int | None, *samples: Sample) -> bool:
    with store.writing() as work:
        return work.transactions.meter(station, key, 1, transaction_id, samples, NOON, [])


def _samples(store: SqlStore, transaction_id: int) -> list[Sample]:
    with store.reading() as work:
        return list(work.transactions.samples(transaction_id))


def test_samples_are_read_as_they_were_written(store: SqlStore, station: int) -> None:
    """Every attribute, in the order of the message, values as text."""
    transaction_id = start(store, a_start(station))
    samples = [
        a_sample(0, "007.50"),
        a_sample(0, "230", measurand="Voltage", unit="V", phase="L1-N", context="Sample.Clock", location="Inlet"),
        a_sample(1, "ab12Ş" * 1000, format="SignedData", unit=None, timestamp=after(minutes=1)),
        a_sample(2, "", timestamp=after(minutes=1)),
    ]
    assert _meter(store, station, "k1", transaction_id, *samples)
    assert samples == _samples(store, transaction_id)


def test_the_same_message_is_stored_once(store: SqlStore, station: int) -> None:
    """Its key decides."""
    transaction_id = start(store, a_start(station))
    kept = [_meter(store, station, "k1", transaction_id, a_sample(0, value)) for value in ("1", "2")]
    assert ([True, False], [a_sample(0, "1")]) == (kept, _samples(store, transaction_id))


def test_a_message_may_have_no_samples(store: SqlStore, station: int) -> None:
    """MeterValues without values are remembered all the same."""
    assert [True, False] == [_meter(store, station, "k1", None) for _ in range(2)]


def test_values_of_several_messages_come_by_time_in_one_numbering(store: SqlStore, station: int) -> None:
    """A meterValue keeps its samples together; those of one time stay apart when they came apart."""
    transaction_id = start(store, a_start(station))
    late, early = after(minutes=9), after(minutes=1)
    _meter(store, station, "k2", transaction_id, a_sample(0, "9", timestamp=late), a_sample(1, "2", timestamp=early))
    _meter(store, station, "k1", transaction_id, a_sample(5, "1"), a_sample(5, "1", unit="kWh"), a_sample(7, "3"))
    expected = [
        a_sample(0, "1"),
        a_sample(0, "1", unit="kWh"),
        a_sample(1, "3"),
        a_sample(2, "2", timestamp=early),
        a_sample(3, "9", timestamp=late),
    ]
    assert expected == _samples(store, transaction_id)


@pytest.mark.parametrize("order", [*permutations(("k1", "k2", "k3"))])
def test_equal_values_are_given_once_in_whatever_order_they_came(
    store: SqlStore, station: int, order: tuple[str, ...]
) -> None:
    """transactionData often repeats what MeterValues sent; one that differs in anything is another value."""
    transaction_id = start(store, a_start(station))
    messages = {
        "k1": [a_sample(0, "1"), a_sample(0, "1")],
        "k2": [a_sample(0, "1"), a_sample(1, "5", timestamp=after(minutes=1))],
        "k3": [a_sample(0, "1", phase="L1")],
    }
    for key in order:
        _meter(store, station, key, transaction_id, *messages[key])
    expected = [a_sample(0, "1"), a_sample(1, "1", phase="L1"), a_sample(2, "5", timestamp=after(minutes=1))]
    assert expected == _samples(store, transaction_id)


def test_nobody_adds_to_another_charge_points_transaction(store: SqlStore, station: int) -> None:
    """Such values, and those of a transaction that nobody knows, are stored without a link."""
    transaction_id = start(store, a_start(station))
    assert _meter(store, register(store, "CP2"), "k1", transaction_id, a_sample())
    assert _meter(store, station, "k2", transaction_id + 1, a_sample())
    assert ([], []) == (_samples(store, transaction_id), _samples(store, transaction_id + 1))
