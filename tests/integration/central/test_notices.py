"""Connector states, maintenance notices and DataTransfer."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any

import pytest

from ocpp_soap.central.call import Call
from ocpp_soap.central.handlers import vendor
from ocpp_soap.central.handlers.vendor import PlugInReply
from ocpp_soap.vendors.schneider_electric import detection_loop
from tests.integration.queueing import order, put_on_the_wire

from .conftest import NEWEST, Central


def _states(central: Central) -> dict[int, str]:
    with central.store.reading() as work:
        station = work.charge_points.find("CP1")
        assert station is not None
        return {row["connectorId"]: row["status"] for row in work.charge_points.connectors(station.id)}


def _status(central: Central, status: str, connector: int = 1, **fields: Any) -> None:
    assert {} == central.say("StatusNotification", connectorId=connector, status=status, errorCode="NoError", **fields)


def test_every_operation_has_a_handler() -> None:
    """The table and the WSDL name the same operations."""
    from ocpp_soap.central.handlers import HANDLERS

    assert set(NEWEST.central_system.operations) == set(HANDLERS)


def test_each_connector_has_its_current_state(central: Central) -> None:
    """0 is the whole charge point; unknown connectors come into being."""
    for connector, status in ((0, "Available"), (1, "Preparing"), (7, "Faulted"), (1, "Charging")):
        central.later(seconds=1)
        _status(central, status, connector, timestamp=central.now)
    assert {0: "Available", 1: "Charging", 7: "Faulted"} == _states(central)


def test_an_older_notice_does_not_change_the_state(central: Central) -> None:
    """A queued notice comes late and goes to the history only."""
    _status(central, "Charging", timestamp="2024-01-31T11:59:00Z")
    _status(central, "Preparing", timestamp="2024-01-31T11:58:00Z")
    assert {1: "Charging"} == _states(central)
    _status(central, "Finishing", timestamp="2024-01-31T11:59:00Z")
    assert {1: "Finishing"} == _states(central)


@pytest.mark.parametrize("timestamp", [None, "1970-01-01T00:00:00Z", "2034-01-31T12:00:00Z", "T24:00"])
def test_without_a_plausible_time_the_order_is_that_of_receipt(central: Central, timestamp: str | None) -> None:
    """A clock that was never set, or that lies in the future, orders nothing."""
    _status(central, "Charging", timestamp="2024-01-31T11:59:00Z")
    _status(central, "Finishing", timestamp=timestamp)
    assert {1: "Finishing"} == _states(central)
    _status(central, "Available", timestamp="2024-01-31T11:00:00Z")
    assert {1: "Available"} == _states(central)


def test_a_boot_starts_the_order_anew(central: Central) -> None:
    """After a boot the first notice counts, even from a clock that was set back."""
    _status(central, "Charging", timestamp="2024-01-31T11:59:00Z")
    central.later(minutes=1)
    central.boot()
    central.later(seconds=1)
    _status(central, "Available", timestamp="2024-01-31T11:30:00Z")
    assert {1: "Available"} == _states(central)


def test_an_unknown_word_is_kept(central: Central) -> None:
    """A vendor's own status is shown as sent."""
    _status(central, "Snoozing")
    assert {1: "Snoozing"} == _states(central)
    assert ["status"] == central.flags()


def test_maintenance_notices_are_kept_and_linked(central: Central) -> None:
    """Each belongs to the command that it follows, when there is one."""
    central.say("DiagnosticsStatusNotification", status="Idle")
    with central.store.writing() as work:
        station = work.charge_points.find("CP1")
        assert station is not None
        command_id = order(work, station.id, "UpdateFirmware", central.now)
        put_on_the_wire(work, station.id, command_id, central.now)
    central.later(seconds=1)
    central.say("FirmwareStatusNotification", status="Downloading")
    with central.store.reading() as work:
        notices = work.charge_points.file_notices(station.id)
        found = work.charge_points.find("CP1")
    expected = [("firmware", "Downloading", command_id), ("diagnostics", "Idle", None)]
    assert expected == [(n["kind"], n["status"], n["command_id"]) for n in notices]
    assert found is not None
    assert ("Downloading", "Idle") == (found.firmware_status, found.diagnostics_status)


class Echo:
    """A plug-in that does as its data says."""

    vendor_id = "Acme"
    message_ids: Collection[str] | None = ("echo", "fail", "lie", "hang")

    def __init__(self) -> None:
        self.released = threading.Event()

    def receive(self, request: dict[str, Any], call: Call) -> PlugInReply:
        """Echoes, fails, lies or hangs."""
        if request["messageId"] == "fail":
            raise RuntimeError("secret")
        if request["messageId"] == "hang":
            self.released.wait(30)
        status = "Nonsense" if request["messageId"] == "lie" else "Accepted"
        return PlugInReply(status, data=request.get("data"), record={"from": call.station.identity})


def _data(central: Central) -> list[dict[str, Any]]:
    with central.store.reading() as work:
        station = work.charge_points.find("CP1")
        assert station is not None
        return list(work.charge_points.data(station.id))


def test_a_plug_in_answers_its_vendor(make_central: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By vendorId and messageId; whatever a plug-in does, the message is kept and answered."""
    echo = Echo()
    monkeypatch.setattr(vendor, "TIME_LIMIT", 0.2)
    central: Central = make_central([echo], unknown_charge_points="accept")
    cases = [("acme", "echo"), ("Acme", "fail"), ("Acme", "lie"), ("Acme", "hang"), ("Acme", "x"), ("Other", "echo")]
    answers = [central.say("DataTransfer", vendorId=v, messageId=m, data=" d ") for v, m in cases]
    echo.released.set()
    expected = ["Accepted", "Rejected", "Rejected", "Rejected", "UnknownMessageId", "UnknownVendorId"]
    assert expected == [answer["status"] for answer in answers]
    assert " d " == answers[0]["data"]
    kept = _data(central)[::-1]
    assert expected == [row["status"] for row in kept]
    assert {"from": "CP1"} == kept[0]["record"]
    assert [" d "] * 6 == [row["data"] for row in kept]


def test_the_loop_detector_of_evlink_stations_is_understood(make_central: Any) -> None:
    """The vendor's JSON becomes a record, with its odd time."""
    central: Central = make_central([detection_loop], unknown_charge_points="accept")
    text = '{"connectorId":3,"name":"Car","state":"1","timestamp":"2024-01-31T11:42:03Z:"}'
    sent = {"vendorId": "Schneider Electric", "messageId": "Detection loop"}
    assert "Accepted" == central.say("DataTransfer", **sent, data=text)["status"]
    assert "Rejected" == central.say("DataTransfer", **sent, data="<nope>")["status"]
    assert "UnknownMessageId" == central.say("DataTransfer", vendorId="Schneider Electric", data="x")["status"]
    record = _data(central)[-1]["record"]
    expected = {"connectorId": 3, "name": "Car", "state": "1", "occupied": True, "timestamp": "2024-01-31T11:42:03Z"}
    assert expected == record


class Careless(Echo):
    """A plug-in whose replies no DataTransfer.conf or database can hold."""

    message_ids = None

    def receive(self, request: dict[str, Any], call: Call) -> PlugInReply:
        """What the messageId names."""
        replies: dict[str, Any] = {
            "null": PlugInReply("Accepted", data="a\x00b"),
            "set": PlugInReply("Accepted", record={"a": {1}}),
            "nan": PlugInReply("Accepted", record={"a": float("nan")}),
            "null-in-record": PlugInReply("Accepted", record={"a": "\x00"}),
            "number": PlugInReply("Accepted", data=7),  # type: ignore[arg-type]
            "none": None,
        }
        return replies[request["messageId"]]


@pytest.mark.parametrize("reply", ["null", "set", "nan", "number", "none", "missing"])
def test_a_careless_plug_in_costs_no_message(make_central: Any, reply: str) -> None:
    """Its reply is Rejected; the message is kept, on both databases."""
    central: Central = make_central([Careless()], unknown_charge_points="accept")
    assert {"status": "Rejected"} == central.say("DataTransfer", vendorId="Acme", messageId=reply, data="d")
    assert [("Rejected", "d")] == [(row["status"], row["data"]) for row in _data(central)]


def test_a_null_character_of_a_station_is_no_failure_of_its_plug_in(make_central: Any, caplog: Any) -> None:
    """The record is kept without it, and nothing is logged."""
    central: Central = make_central([detection_loop], unknown_charge_points="accept")
    sent = {"vendorId": "Schneider Electric", "messageId": "Detection loop", "data": '{"a": "\\u0000b"}'}
    assert {"status": "Accepted"} == central.say("DataTransfer", **sent)
    assert {"a": "b"} == _data(central)[0]["record"]
    assert [] == [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_plug_in_that_fails_is_logged_once_a_minute(make_central: Any, caplog: Any) -> None:
    """However often a station sends what it fails for."""
    central: Central = make_central([Careless()], unknown_charge_points="accept")
    for _ in range(5):
        central.say("DataTransfer", vendorId="Acme", messageId="nan", data="d")
    assert 1 == sum("plug-in for" in record.getMessage() for record in caplog.records)


def test_what_is_no_plug_in_is_left_out(make_central: Any) -> None:
    """An object without the attributes of a plug-in keeps no station out."""
    bare: Any = object()
    words: Any = type("Words", (), {"vendor_id": "Acme", "message_ids": "echo", "receive": lambda *_: None})()
    central: Central = make_central([bare, words, Echo()], unknown_charge_points="accept")
    assert "Accepted" == central.say("DataTransfer", vendorId="Acme", messageId="echo")["status"]


@pytest.mark.parametrize("state", ["NaN", "1e999", "-Infinity", "[" * 3000])
def test_numbers_that_json_lacks_are_rejected(make_central: Any, state: str) -> None:
    """Python reads them and PostgreSQL refuses them."""
    central: Central = make_central([detection_loop], unknown_charge_points="accept")
    text = f'{{"state": {state}}}'
    sent = {"vendorId": "Schneider Electric", "messageId": "Detection loop", "data": text}
    assert {"status": "Rejected"} == central.say("DataTransfer", **sent)
