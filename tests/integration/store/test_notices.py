"""What stations report: connector states in the right order, files, vendors' data, configuration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ocpp_soap.central.records import StatusNotice
from ocpp_soap.store.work import SqlStore
from tests.integration.queueing import order, put_on_the_wire

from .conftest import NOON, a_notice, after


def _notice(store: SqlStore, *notices: StatusNotice, last_boot: datetime | None = None) -> None:
    for notice in notices:
        with store.writing() as work:
            work.charge_points.notice_status(notice, last_boot)


def _status(store: SqlStore, station: int) -> Any:
    with store.reading() as work:
        (state,) = work.charge_points.connectors(station)
    return state["status"]


def test_a_connector_shows_all_that_it_reported(store: SqlStore, station: int) -> None:
    """Every field of the notification, each connector by itself; unknown connectors come into being."""
    first = a_notice(station, "Faulted", error_code="OtherError", info="Ş", vendor_id="v", vendor_error_code="7")
    whole = a_notice(station, connector_id=0, timestamp=None, ordered_at=None, received=after(seconds=1))
    _notice(store, first, whole)
    faulted = {
        "connectorId": 1,
        "status": "Faulted",
        "errorCode": "OtherError",
        "info": "Ş",
        "timestamp": NOON,
        "vendorId": "v",
        "vendorErrorCode": "7",
        "received": NOON,
        "availability": None,
    }
    nothing = {"info": None, "vendorId": None, "vendorErrorCode": None, "timestamp": None, "errorCode": "NoError"}
    available = {**faulted, **nothing, "connectorId": 0, "status": "Available", "received": after(seconds=1)}
    with store.reading() as work:
        assert [available, faulted] == work.charge_points.connectors(station)


@pytest.mark.parametrize(
    ("current", "new", "last_boot", "expected"),
    [
        pytest.param(after(hours=1), after(hours=2), None, "New", id="newer"),
        pytest.param(after(hours=1), after(hours=1), None, "New", id="same time: as received"),
        pytest.param(after(hours=2), after(hours=1), None, "Current", id="older, sent late"),
        pytest.param(None, after(hours=1), None, "New", id="current has no time to order by"),
        pytest.param(after(hours=2), None, None, "New", id="new has no time to order by"),
        pytest.param(after(hours=2), after(hours=1), after(seconds=1), "New", id="booted since"),
        pytest.param(after(hours=2), after(hours=1), after(hours=-1), "Current", id="booted before both"),
    ],
)
def test_a_state_gives_way_to_one_that_is_not_older(
    store: SqlStore,
    station: int,
    current: datetime | None,
    new: datetime | None,
    last_boot: datetime | None,
    expected: str,
) -> None:
    """Ordered by the station's clock where it can be trusted, else by receipt; a boot starts anew (decision 9)."""
    _notice(store, a_notice(station, "Current", ordered_at=current))
    later = a_notice(station, "New", ordered_at=new, received=after(seconds=2))
    _notice(store, later, last_boot=last_boot)
    assert expected == _status(store, station)


def test_availability_is_shown_with_the_connector(store: SqlStore, station: int) -> None:
    """What was asked for stays when the connector reports, also when it had not reported before."""
    with store.writing() as work:
        work.charge_points.set_availability(station, 1, "Inoperative", NOON)
    assert None is _status(store, station)
    _notice(store, a_notice(station, "Unavailable"))
    with store.writing() as work:
        (state,) = work.charge_points.connectors(station)
        assert ("Unavailable", "Inoperative") == (state["status"], state["availability"])
        work.charge_points.set_availability(station, 1, "Operative", NOON)
        (state,) = work.charge_points.connectors(station)
        assert ("Unavailable", "Operative") == (state["status"], state["availability"])


def test_a_file_notice_is_linked_to_the_latest_command_that_it_follows(store: SqlStore, station: int) -> None:
    """Of its kind, and one that may have reached the station; the charge point shows the latest status."""
    with store.writing() as work:
        work.charge_points.notice_file(station, "firmware", "Idle", NOON, [])
        first = order(work, station, "UpdateFirmware", NOON)
        second = order(work, station, "UpdateFirmware", NOON)
        other = order(work, station, "GetDiagnostics", NOON)
        turns = [put_on_the_wire(work, station, command, NOON) for command in (first, second, other)]
        work.queue.finish(turns[0], "answered", NOON, answer={})
        work.queue.finish(turns[1], "not_transmitted", NOON)
        work.charge_points.notice_file(station, "firmware", "Downloading", after(seconds=1), [])
        work.charge_points.notice_file(station, "diagnostics", "Uploaded", after(seconds=2), [])
        known = work.charge_points.find("CP1")
        notices = work.charge_points.file_notices(station)
    assert [
        {"kind": "diagnostics", "status": "Uploaded", "received": after(seconds=2), "command_id": other},
        {"kind": "firmware", "status": "Downloading", "received": after(seconds=1), "command_id": first},
        {"kind": "firmware", "status": "Idle", "received": NOON, "command_id": None},
    ] == notices
    assert known is not None
    assert ("Downloading", "Uploaded") == (known.firmware_status, known.diagnostics_status)


def test_vendors_data_is_kept_with_its_answer(store: SqlStore, station: int) -> None:
    """Newest first, as it came, with what a plug-in made of it."""
    with store.writing() as work:
        first = work.charge_points.keep_data(station, "Vendor", None, '{"a": 1}', NOON)
        work.charge_points.keep_data(station, "Vendor", "m", None, after(seconds=1))
        work.charge_points.answer_data(first, "Accepted", {"a": [1, None, "Ş"]})
    old = {"vendorId": "Vendor", "messageId": None, "data": '{"a": 1}', "received": NOON}
    new = {"vendorId": "Vendor", "messageId": "m", "data": None, "received": after(seconds=1)}
    expected = [{**new, "status": None, "record": None}, {**old, "status": "Accepted", "record": {"a": [1, None, "Ş"]}}]
    with store.reading() as work:
        assert expected == work.charge_points.data(station)
        assert expected[:1] == work.charge_points.data(station, limit=1)


def test_the_known_configuration_follows_what_the_station_says(store: SqlStore, station: int) -> None:
    """Keys regardless of case; a change leaves `readonly` alone; unknown keys are forgotten."""
    with store.writing() as work:
        keys = [
            {"key": "HeartbeatInterval", "readonly": False, "value": "60"},
            {"key": "Gone", "readonly": True},
            {"key": "NumberOfConnectors", "readonly": True, "value": "2"},
        ]
        work.charge_points.set_configuration(station, keys, [], NOON)
        changed = [{"key": "heartbeatinterval", "value": "30"}]
        work.charge_points.set_configuration(station, changed, ["GONE", "never"], after(seconds=1))
        work.charge_points.set_configuration(station, [], [], after(seconds=2))
        configuration = work.charge_points.configuration(station)
    assert [
        {"key": "heartbeatinterval", "readonly": False, "value": "30", "updated": after(seconds=1)},
        {"key": "NumberOfConnectors", "readonly": True, "value": "2", "updated": NOON},
    ] == configuration
