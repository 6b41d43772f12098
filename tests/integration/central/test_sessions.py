"""Transactions, meter values, authorization: what the Central System decides about a charging session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from .conftest import NOON, Central


def _status(answer: Any) -> str:
    return str(answer["idTagInfo"]["status"])


def test_authorize_knows_each_state_of_a_tag(central: Central) -> None:
    """Accepted, Blocked, Expired, Invalid, regardless of case; a parent binds its children."""
    central.add_tag("Parent", blocked=True)
    central.add_tag("OldGroup", expires=NOON - timedelta(days=1))
    central.add_tag("Blocked", blocked=True)
    central.add_tag("Expired", expires=NOON)
    central.add_tag("Child", parent="PARENT")
    central.add_tag("OldChild", parent="OldGroup", expires=NOON + timedelta(days=1))
    expected = {
        "tag": "Accepted",
        "BLOCKED": "Blocked",
        "expired": "Expired",
        "child": "Blocked",
        "oldchild": "Expired",
        "nobody": "Invalid",
    }
    assert expected == {tag: _status(central.say("Authorize", idTag=tag)) for tag in expected}


def test_id_tag_info_has_expiry_and_parent(central: Central) -> None:
    """A station can cache what it is told."""
    central.add_tag("P")
    central.add_tag("C", parent="P", expires=NOON + timedelta(days=1))
    expected = {"status": "Accepted", "expiryDate": "2024-02-01T12:00:00Z", "parentIdTag": "P"}
    assert expected == central.say("Authorize", idTag="C")["idTagInfo"]


def test_unknown_tags_are_remembered(make_central: Any) -> None:
    """Whether refused or accepted by policy, the operator sees who presented what where."""
    central: Central = make_central(unknown_charge_points="accept", unknown_tags="accept")
    for _ in range(2):
        assert "Accepted" == _status(central.say("Authorize", idTag="NEW"))
    with central.store.reading() as work:
        (unknown,) = work.tags.unknown()
    assert ("NEW", "CP1", 2) == (unknown["idTag"], unknown["chargeBoxIdentity"], unknown["count"])


def test_a_session_is_stored_from_start_to_stop(central: Central) -> None:
    """Start, meter values, stop with transactionData: everything is in the transaction."""
    started = central.start()
    assert "Accepted" == _status(started)
    transaction_id = started["transactionId"]
    assert 0 < transaction_id < 2**31
    central.later(minutes=10)
    sampled = [{"value": "150", "context": "Sample.Clock", "measurand": "Voltage", "phase": "L1"}, {"value": "160"}]
    value = {"timestamp": central.now, "sampledValue": sampled}
    assert {} == central.say("MeterValues", connectorId=1, transactionId=transaction_id, meterValue=[value])
    central.later(minutes=10)
    last = {"timestamp": central.now, "sampledValue": [{"value": "200", "context": "Transaction.End"}]}
    stopped = central.stop(transaction_id, idTag="tag", reason="EVDisconnected", transactionData=[last])
    assert "Accepted" == _status(stopped)
    (transaction,) = central.transactions()
    assert (100, 200, "EVDisconnected", NOON, central.now) == (
        transaction.meter_start,
        transaction.meter_stop,
        transaction.reason,
        transaction.start_timestamp,
        transaction.stop_timestamp,
    )
    assert ([], [], "station") == (transaction.start_flags, transaction.stop_flags, transaction.closed_by)
    with central.store.reading() as work:
        samples = work.transactions.samples(transaction_id)
    register = "Energy.Active.Import.Register"
    expected = [
        ("150", "Sample.Clock", "Raw", "Voltage", "Outlet", None, "L1"),
        ("160", "Sample.Periodic", "Raw", register, "Outlet", "Wh", None),
        ("200", "Transaction.End", "Raw", register, "Outlet", "Wh", None),
    ]
    found = [(s.value, s.context, s.format, s.measurand, s.location, s.unit, s.phase) for s in samples]
    assert expected == found


@pytest.mark.parametrize("tag", ["NOBODY", "BLOCKED"])
def test_a_start_is_stored_whatever_the_tag(central: Central, tag: str) -> None:
    """The station has started: what we think of the tag does not change that."""
    central.add_tag("BLOCKED", blocked=True)
    answer = central.start(tag=tag)
    assert _status(answer) != "Accepted"
    assert [answer["transactionId"]] == [t.id for t in central.transactions()]


def test_a_start_is_confirmed_however_bad(central: Central) -> None:
    """The sanity rule: nothing readable in it, and still a transactionId."""
    answer = central.say("StartTransaction", connectorId="x", timestamp="T24:23:23", meterStart="much")
    assert answer["transactionId"] > 0
    assert "Invalid" == _status(answer)
    (transaction,) = central.transactions()
    assert (None, None, None, NOON) == (
        transaction.connector_id,
        transaction.id_tag,
        transaction.meter_start,
        transaction.start_timestamp,
    )
    flagged = {flag["path"]: flag["raw"] for flag in transaction.start_flags}
    said = {"connectorId": "x", "idTag": None, "timestamp": "T24:23:23", "meterStart": "much"}
    assert {**said, "idTagInfo": "Invalid"} == flagged


def test_concurrent_transactions_are_refused_at_the_start_only(central: Central) -> None:
    """ConcurrentTx answers StartTransaction, by the tag's limit; Authorize never says it."""
    first = central.start("CP1")
    assert "Accepted" == _status(first)
    central.boot("CP2")
    assert "ConcurrentTx" == _status(central.start("CP2", tag="tag"))
    assert "Accepted" == _status(central.say("Authorize", idTag="TAG"))
    central.add_tag("TAG", max_transactions=3)
    found = []  # the one that was refused does not count, although its station has not stopped it
    for identity in ("CP3", "CP4", "CP5"):
        central.boot(identity)
        found.append(_status(central.start(identity)))
    assert ["Accepted", "Accepted", "ConcurrentTx"] == found


def test_a_new_start_supersedes_the_open_one_on_its_connector(central: Central) -> None:
    """The lost transaction is flagged and does not count as concurrent."""
    first = central.start()["transactionId"]
    central.later(hours=1)
    second = central.start(meter=500)
    assert "Accepted" == _status(second)
    assert [second["transactionId"], None] == [t.superseded_by for t in central.transactions()]
    central.boot("CP2")
    assert "ConcurrentTx" == _status(central.start("CP2"))
    central.stop(first)
    assert central.transactions()[0].stop_timestamp is not None


def test_a_replayed_start_changes_nothing_and_gets_the_same_answer(central: Central) -> None:
    """Same transactionId and same idTagInfo, also when the tag has been blocked since."""
    first = central.start()
    sent: dict[str, Any] = {
        "connectorId": 1,
        "idTag": " tag ",
        "timestamp": NOON,
        "meterStart": 100,
        "reservationId": "",
    }
    central.add_tag("TAG", blocked=True)
    central.later(minutes=5)
    assert first == central.say("StartTransaction", **sent)
    assert 1 == len(central.transactions())
    central.stop(first["transactionId"])
    assert first == central.say("StartTransaction", **sent)
    assert 1 == len(central.transactions())


def test_a_replayed_stop_gets_the_same_answer_and_stores_nothing_twice(central: Central) -> None:
    """The meter rows of a repeated stop are there once."""
    transaction_id = central.start()["transactionId"]
    data = [{"timestamp": NOON, "sampledValue": [{"value": "5"}]}]
    answers = [central.stop(transaction_id, idTag="TAG", transactionData=data) for _ in range(3)]
    assert answers[:1] * 3 == answers
    (transaction,) = central.transactions()
    # No reason means Local in OCPP 1.6, and older versions have none: that is no flag.
    assert ("Local", []) == (transaction.reason, transaction.stop_flags)
    with central.store.reading() as work:
        assert 1 == len(work.transactions.samples(transaction_id))
        assert [] == work.transactions.orphan_stops(transaction.charge_point_id)


def test_replayed_meter_values_are_stored_once(central: Central) -> None:
    """The same message again adds no row."""
    transaction_id = central.start()["transactionId"]
    value = [{"timestamp": NOON, "sampledValue": [{"value": "5"}, {"value": "6", "measurand": "Voltage"}]}]
    for _ in range(3):
        central.say("MeterValues", connectorId=1, transactionId=transaction_id, meterValue=value)
    with central.store.reading() as work:
        assert 2 == len(work.transactions.samples(transaction_id))


def test_a_station_without_a_clock_starts_anew_each_time(central: Central) -> None:
    """A start that equals a stopped one and carries a time before 2010 is a new transaction, flagged."""
    ids = []
    for _ in range(3):
        start: dict[str, Any] = {"connectorId": 1, "idTag": "TAG", "timestamp": "1970-01-01T00:00:10Z", "meterStart": 0}
        first, again = (central.say("StartTransaction", **start)["transactionId"] for _ in range(2))
        assert first == again
        ids.append(first)
        central.stop(first)
        central.later(hours=1)
    assert 3 == len(set(ids))
    assert "timestamp" in [flag["path"] for flag in central.transactions()[-1].start_flags]


@pytest.mark.parametrize("transaction_id", [424242, 0, -1])
def test_a_stop_of_an_unknown_transaction_is_kept_and_answered(central: Central, transaction_id: int) -> None:
    """It is no transaction, but the operator sees it with the reason."""
    assert "Accepted" == _status(central.stop(transaction_id, idTag="TAG"))
    assert [] == central.transactions()
    with central.store.reading() as work:
        station = work.charge_points.find("CP1")
        assert station is not None
        (orphan,) = work.transactions.orphan_stops(station.id)
    assert "transactionId" in str(orphan)


def test_a_stop_of_a_stopped_transaction_changes_nothing(central: Central) -> None:
    """Another stop, with another reading, is kept apart."""
    transaction_id = central.start()["transactionId"]
    central.stop(transaction_id, meter=200)
    central.later(minutes=1)
    assert {} == central.stop(transaction_id, meter=300)
    (transaction,) = central.transactions()
    assert 200 == transaction.meter_stop
    with central.store.reading() as work:
        assert 1 == len(work.transactions.orphan_stops(transaction.charge_point_id))


def test_nobody_stops_the_transaction_of_another_station(central: Central) -> None:
    """The transactionId of another charge point ends nothing."""
    transaction_id = central.start()["transactionId"]
    central.boot("CP2")
    central.stop(transaction_id, "CP2")
    assert central.transactions()[0].stop_timestamp is None


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"meterStop": 50}, "meterStop"),
        ({"timestamp": NOON - timedelta(hours=1)}, "timestamp"),
        ({"timestamp": NOON + timedelta(days=400)}, "timestamp"),
        ({"idTag": "STRANGER"}, "idTag"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"meterStop": "99999999999"}, "meterStop"),
    ],
)
def test_an_odd_stop_is_stored_and_flagged(central: Central, fields: dict[str, Any], path: str) -> None:
    """Whatever does not fit the start ends the transaction all the same."""
    transaction_id = central.start()["transactionId"]
    central.later(minutes=1)
    base = {"transactionId": transaction_id, "timestamp": central.now, "meterStop": 200, "reason": "Local"}
    central.say("StopTransaction", **{**base, **fields})
    (transaction,) = central.transactions()
    assert transaction.stop_timestamp is not None
    assert [path] == [flag["path"] for flag in transaction.stop_flags]


def test_a_tag_of_the_same_group_may_stop(central: Central) -> None:
    """Another tag with the same parent is no oddity."""
    central.add_tag("FAMILY")
    central.add_tag("TAG", parent="FAMILY")
    central.add_tag("OTHER", parent="family")
    transaction_id = central.start()["transactionId"]
    central.stop(transaction_id, idTag="OTHER", reason="Local")
    assert [] == central.transactions()[0].stop_flags


def test_an_operator_closes_a_dead_transaction(central: Central) -> None:
    """It is recorded as theirs; the station's own stop still takes its place."""
    transaction_id = central.start()["transactionId"]
    with central.store.writing() as work:
        work.transactions.close(transaction_id, central.now, None, None, "station was removed")
    (transaction,) = central.transactions()
    assert ("operator", NOON) == (transaction.closed_by, transaction.stop_timestamp)
    central.later(minutes=1)
    central.stop(transaction_id, meter=300)
    (transaction,) = central.transactions()
    assert ("station", 300) == (transaction.closed_by, transaction.meter_stop)


@pytest.mark.parametrize("transaction_id", [None, 424242])
def test_meter_values_without_a_transaction_are_kept(central: Central, transaction_id: int | None) -> None:
    """An unknown transaction is flagged; none at all is normal."""
    value = [{"timestamp": NOON, "sampledValue": [{"value": "5"}]}]
    fields: dict[str, Any] = {"transactionId": transaction_id} if transaction_id else {}
    assert {} == central.say("MeterValues", connectorId=0, meterValue=value, **fields)
    assert (["transactionId"] if transaction_id else []) == central.flags()


def test_meter_values_after_the_stop_belong_to_the_transaction(central: Central) -> None:
    """They come late when the station was offline."""
    transaction_id = central.start()["transactionId"]
    central.stop(transaction_id)
    value = [{"timestamp": NOON, "sampledValue": [{"value": "5"}]}]
    central.say("MeterValues", connectorId=1, transactionId=transaction_id, meterValue=value)
    assert ["transactionId"] == central.flags()
    with central.store.reading() as work:
        assert ["5"] == [s.value for s in work.transactions.samples(transaction_id)]


def test_times_at_the_edge_of_the_calendar_are_kept(central: Central) -> None:
    """Years 1 and 9999 neither overflow nor stop anything."""
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-01:00"):
        answer = central.say("StartTransaction", connectorId=1, idTag="TAG", timestamp=text, meterStart=0)
        assert answer["transactionId"] > 0
    assert [1, 9999] == [t.start_timestamp.year for t in central.transactions()]
