"""Values at their edges: what goes in comes out, or is refused without a trace of SQL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ocpp_soap.central.ports import Work
from ocpp_soap.central.records import Tag
from ocpp_soap.errors import StoreError
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, a_notice, a_sample, a_start, start

# What stations have sent, and what they might.
TEXTS = [
    pytest.param("Maksopus A.Ş. 充电 🔌", id="unicode"),
    pytest.param("'; DROP TABLE tags; --", id="sql"),
    pytest.param('%s %(x)s :x ? \\ " {}', id="parameters"),
    pytest.param(" \t\r\n ", id="white space"),
    pytest.param("ß🔌" * 50_000, id="100,000 characters"),
]


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1970, 1, 1, 0, 0, 0, 1, UTC),
        datetime(2024, 2, 29, 23, 59, 59, 999999, UTC),
        datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2, minutes=30))),
    ],
)
def test_a_time_comes_back_as_utc_to_the_microsecond(store: SqlStore, station: int, moment: datetime) -> None:
    """From year 1 to 9999, also as a list's order and in a comparison."""
    transaction_id = start(store, a_start(station, start_timestamp=moment, ordered_at=moment))
    with store.writing() as work:
        work.transactions.meter(station, "m", 1, transaction_id, [a_sample(timestamp=moment)], NOON, [])
        work.transactions.supersede(transaction_id)
        found = work.transactions.find(transaction_id)
        (sample,) = work.transactions.samples(transaction_id)
    assert found is not None
    assert ([moment] * 2, [UTC] * 2) == (
        [found.start_timestamp, sample.timestamp],
        [found.start_timestamp.tzinfo, sample.timestamp.tzinfo],
    )


def test_times_are_ordered_across_all_years(store: SqlStore, station: int) -> None:
    """Year 1, an unset clock, now, year 9999."""
    moments = [
        datetime.min.replace(tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        NOON,
        datetime.max.replace(tzinfo=UTC),
    ]
    transaction_id = start(store, a_start(station))
    with store.writing() as work:
        samples = [a_sample(n, timestamp=moment) for n, moment in enumerate(reversed(moments))]
        work.transactions.meter(station, "m", 1, transaction_id, samples, NOON, [])
        assert moments == [sample.timestamp for sample in work.transactions.samples(transaction_id)]


def test_a_time_without_a_zone_is_refused(store: SqlStore, station: int) -> None:
    """It would mean another time on each database."""
    with pytest.raises(ValueError, match="without a zone"), store.writing() as work:
        work.charge_points.contact("CP1", "new", None, NOON.replace(tzinfo=None))


@pytest.mark.parametrize("text", TEXTS)
def test_text_of_a_station_comes_back_as_it_was(store: SqlStore, station: int, text: str) -> None:
    """Wherever a station can put it, also where it is looked up by it."""
    flag = {"path": text, "raw": text, "assumed": text}
    begun = start(store, a_start(station, id_tag=text, id_tag_info={text: [text]}, flags=[flag]))
    with store.writing() as work:
        work.tags.save(Tag(text, False, None, text, None))
        work.tags.remember_unknown(text + "x", station, NOON)
        work.charge_points.boot(station, {"chargePointModel": text}, NOON)
        work.charge_points.notice_status(a_notice(station, text, info=text, vendor_id=text), None)
        work.charge_points.keep_data(station, text, text, text, NOON)
        work.charge_points.set_configuration(station, [{"key": text, "value": text}], [], NOON)
        work.transactions.meter(station, "m", 1, begun, [a_sample(0, text, unit=text, phase=text)], NOON, [])
    with store.reading() as work:
        (transaction,) = work.transactions.list(id_tag=text.upper())
        (state,) = work.charge_points.connectors(station)
        (data,) = work.charge_points.data(station)
        (entry,) = work.charge_points.configuration(station)
        (sample,) = work.transactions.samples(transaction.id)
        (unknown,) = work.tags.unknown()
        charge_point, tag = work.charge_points.find("CP1"), work.tags.find(text.upper())
    assert charge_point is not None
    assert Tag(text, False, None, text, None) == tag
    found = {
        transaction.id_tag,
        *transaction.id_tag_info,
        *transaction.start_flags[0].values(),
        *(state[name] for name in ("status", "info", "vendorId")),
        *(data[name] for name in ("vendorId", "messageId", "data")),
        entry["key"],
        entry["value"],
        sample.value,
        sample.unit,
        sample.phase,
        unknown["idTag"][:-1],
        charge_point.boot["chargePointModel"],
    }
    assert {text} == found


def test_json_keeps_what_columns_can_not_hold(store: SqlStore, station: int) -> None:
    """Null bytes, halves of surrogate pairs, the order of fields, digits."""
    odd = {"z": "\x00", "a": "\ud800", "n": 11.1, "i": 2**53 + 1, "null": None, "list": [True, {}]}
    with store.writing() as work:
        work.charge_points.boot(station, odd, NOON)
        charge_point = work.charge_points.find("CP1")
    assert charge_point is not None
    assert [*odd.items()] == [*charge_point.boot.items()]


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "\udfff"], ids=ascii)
def test_text_that_the_database_can_not_hold_is_a_store_error(store: SqlStore, station: int, text: str) -> None:
    """PostgreSQL refuses a null byte, both refuse half a surrogate pair; no SQL, no value is told."""
    transaction_id = start(store, a_start(station))
    acts: list[Callable[[Work], object]] = [
        lambda work: work.tags.find(text),
        lambda work: work.tags.save(Tag(text, False, None, None, None)),
        lambda work: work.transactions.list(id_tag=text),
        lambda work: work.transactions.start(a_start(station, "odd", id_tag=text)),
        lambda work: work.transactions.meter(station, "m", 1, transaction_id, [a_sample(0, text)], NOON, []),
    ]

    def run(act: Callable[[Work], object]) -> str | None:
        try:
            with store.writing() as work:
                act(work)
        except StoreError as error:
            return str(error)
        return None

    refusals = [run(act) for act in acts]
    kept = "\x00" in text and store.writer.dialect.name == "sqlite"
    assert [kept] * len(acts) == [refusal is None for refusal in refusals]
    assert not any(word in (refusal or "") for refusal in refusals for word in ("SELECT", "INSERT", text))


@pytest.mark.parametrize("number", [2**31, 2**63, -(2**80)])
def test_a_number_outside_its_column_is_a_store_error_or_kept(store: SqlStore, station: int, number: int) -> None:
    """SQLite keeps what 64 bits can hold; nobody gets a driver's error."""
    too_much = abs(number) >= 2**63 or store.writer.dialect.name == "postgresql"
    with pytest.raises(StoreError) if too_much else nullcontext():
        start(store, a_start(station, connector_id=number))
    with store.reading() as work:
        assert [number] * (not too_much) == [transaction.connector_id for transaction in work.transactions.list()]
