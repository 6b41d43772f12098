"""Who may speak: registration, unknown charge points, callback addresses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ocpp_soap.central.strangers import MOST_OF_A_NETWORK
from ocpp_soap.errors import ProtocolError, SecurityError

from .conftest import NOON, Central


def test_a_known_charge_point_gets_its_status_and_interval(central: Central) -> None:
    """BootNotification answers Accepted with the gateway's time in whole seconds."""
    central.later(microseconds=345678)
    assert {"status": "Accepted", "currentTime": "2024-01-31T12:00:00Z", "interval": 3600} == central.boot()


def test_every_field_of_a_boot_is_stored(central: Central) -> None:
    """All nine fields are there for the operator."""
    fields = {
        "chargePointVendor": "V",
        "chargePointModel": "M",
        "chargePointSerialNumber": "S" * 26,
        "chargeBoxSerialNumber": "B",
        "firmwareVersion": "1.8.6.3.2@110.8.3 3",
        "iccid": "i",
        "imsi": "j",
        "meterType": "t",
        "meterSerialNumber": "Maksopus A.Ş.",
    }
    central.boot(**fields)
    with central.store.reading() as work:
        station = work.charge_points.find("CP1")
    assert station is not None
    assert fields == station.boot
    assert NOON == station.last_boot


@pytest.mark.parametrize(("policy", "status"), [("pending", "Pending"), ("reject", "Rejected")])
def test_an_unknown_charge_point_waits(make_central: Any, policy: str, status: str) -> None:
    """Its boot is answered, anything else is a SecurityError, and nothing of it changes state."""
    central: Central = make_central(unknown_charge_points=policy)
    assert status == central.boot()["status"]
    central.later(minutes=1)
    assert isinstance(central.start(), SecurityError)
    assert isinstance(central.say("Heartbeat"), SecurityError)
    assert [] == central.transactions()
    with central.store.reading() as work:
        (unknown,) = work.charge_points.unknown()
        assert [] == work.charge_points.list()
    expected = ("CP1", "V", "10.0.0.1", NOON, NOON + timedelta(minutes=1), 3, "Heartbeat")
    found = (
        unknown.identity,
        unknown.boot["chargePointVendor"],
        unknown.peer,
        unknown.first_seen,
        unknown.last_seen,
        unknown.messages,
        unknown.operation,
    )
    assert expected == found


def test_an_unknown_charge_point_is_remembered_from_any_operation(make_central: Any) -> None:
    """A station moved here by DNS does not boot again."""
    central: Central = make_central()
    central.say("Heartbeat", "CP9")
    with central.store.reading() as work:
        assert ["CP9"] == [u.identity for u in work.charge_points.unknown()]


def test_accepting_unknown_ones_registers_on_the_first_message(make_central: Any) -> None:
    """The very first message is answered as from a known station."""
    central: Central = make_central(unknown_charge_points="accept")
    assert "currentTime" in central.say("Heartbeat")
    with central.store.reading() as work:
        assert [("CP1", "Accepted")] == [(c.identity, c.status) for c in work.charge_points.list()]


def test_registering_takes_over_what_was_remembered(make_central: Any) -> None:
    """Vendor and model are there without another boot, and the station leaves the list of unknown ones."""
    central: Central = make_central()
    central.boot()
    with central.store.writing() as work:
        work.charge_points.register("CP1", "Accepted", central.now)
    with central.store.reading() as work:
        station = work.charge_points.find("CP1")
        assert [] == work.charge_points.unknown()
    assert station is not None
    assert "V" == station.boot["chargePointVendor"]
    assert "Accepted" == central.boot()["status"]


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_a_station_that_is_not_accepted_changes_nothing(central: Central, status: str) -> None:
    """Known but not accepted: the boot is answered with the status, anything else refused and journalled."""
    with central.store.writing() as work:
        station = work.charge_points.find("CP1")
        assert station is not None
        work.charge_points.change(station.id, status=status)
    assert status == central.boot()["status"]
    assert isinstance(central.start(), SecurityError)
    assert [] == central.transactions()
    with central.store.reading() as work:
        last = work.journal.list(limit=1)[0]
    assert ("StartTransaction", "SecurityError") == (last.operation, last.outcome)


def test_the_identity_is_found_regardless_of_case_and_flagged(central: Central) -> None:
    """A station that spells itself differently is the same one."""
    assert "currentTime" in central.say("Heartbeat", "cp1")
    assert ["chargeBoxIdentity"] == central.flags()
    with central.store.reading() as work:
        assert ["CP1"] == [c.identity for c in work.charge_points.list()]


def test_a_boot_without_vendor_or_model_is_accepted_and_flagged(central: Central) -> None:
    """Real stations send it."""
    answer = central.say("BootNotification", chargePointSerialNumber="1")
    assert "Accepted" == answer["status"]
    assert ["chargePointVendor", "chargePointModel"] == central.flags()


@pytest.mark.parametrize(
    ("operation", "fields", "path"),
    [
        ("Authorize", {}, "idTag"),
        ("StatusNotification", {"connectorId": "one", "status": "Available", "errorCode": "NoError"}, "connectorId"),
        ("StatusNotification", {"connectorId": "1", "status": "Available"}, "errorCode"),
        ("FirmwareStatusNotification", {}, "status"),
        ("DataTransfer", {"data": "x"}, "vendorId"),
    ],
)
def test_a_missing_field_gets_the_fault_that_names_it(
    central: Central, operation: str, fields: dict[str, str], path: str
) -> None:
    """Elsewhere than in transactions a required field is required."""
    fault = central.say(operation, **fields)
    assert isinstance(fault, ProtocolError)
    assert path == fault.path
    assert "expected" in fault.text


def test_the_callback_address_is_learned_when_it_changes(central: Central) -> None:
    """wsa:From is written once, completed from the peer, with its history; the operator's address wins."""
    for come in ("http://:8082/", "http://:8082/", "http://10.0.0.7:80/cp", "anonymous", None):
        central.say("Heartbeat", come=come)
    with central.store.reading() as work:
        station = work.charge_points.find("CP1")
        assert station is not None
        history = [row["url"] for row in work.charge_points.callback_history(station.id)]
    assert "http://10.0.0.7:80/cp" == station.callback_url
    assert ["http://10.0.0.1:8082/"] == history
    with central.store.writing() as work:
        work.charge_points.set_callback(station.id, "http://fixed:1/", None, "operator", None, central.now)
    central.say("Heartbeat", come="http://10.0.0.8/")
    with central.store.reading() as work:
        fixed = work.charge_points.find("CP1")
    assert fixed is not None
    assert ("http://fixed:1/", "operator") == (fixed.callback_url, fixed.callback_source)


def test_every_exchange_is_in_the_journal(make_central: Any) -> None:
    """Raw messages both ways; heartbeats only when the setting says so."""
    central: Central = make_central(unknown_charge_points="accept", journal_heartbeats=False)
    central.boot()
    central.say("Heartbeat")
    with central.store.reading() as work:
        (row,) = work.journal.list()
    assert ("in", "CP1", "BootNotification", "10.0.0.1", "answered") == (
        row.direction,
        row.identity,
        row.operation,
        row.peer,
        row.outcome,
    )
    assert (b"<raw/>", b"<answer/>") == (row.request, row.answer)


@pytest.mark.parametrize(("policy", "status"), [("pending", "Pending"), ("reject", "Rejected")])
def test_a_station_that_waits_asks_again_soon(make_central: Any, policy: str, status: str) -> None:
    """The interval of a boot that is not accepted is the time to the next one: nobody waits an hour for an operator."""
    answer = make_central(unknown_charge_points=policy).boot()
    assert (status, 60) == (answer["status"], answer["interval"])


def test_a_rejected_station_does_not_move_its_address(central: Central) -> None:
    """Nothing that it says changes state, not even a boot's wsa:From."""
    with central.store.writing() as work:
        station = work.charge_points.find("CP1")
        assert station is not None
        work.charge_points.change(station.id, status="Rejected")
    for operation in ("BootNotification", "Heartbeat"):
        central.say(operation, come="http://10.9.9.9:1/", chargePointVendor="V", chargePointModel="M")
    with central.store.reading() as work:
        found = work.charge_points.find("CP1")
    assert found is not None
    assert found.callback_url is None


def test_a_stranger_does_not_fill_the_journal(make_central: Any) -> None:
    """Of its message the beginning is kept."""
    central: Central = make_central()
    central.say("Heartbeat", raw=b"x" * 1_000_000)
    with central.store.reading() as work:
        (row,) = work.journal.list()
    assert 16 * 1024 == len(row.request)


@pytest.mark.parametrize("flood", ["203.0.113.9", "2001:db8::{:x}"])
def test_strangers_of_one_network_are_heard_so_often(make_central: Any, flood: str) -> None:
    """Then they are told to wait, nothing of them is kept, and those of other networks are heard."""
    central: Central = make_central()
    central.say("Heartbeat", "REAL", peer="10.0.0.1")
    answers = [central.say("Heartbeat", f"JUNK{n}", peer=flood.format(n)) for n in range(MOST_OF_A_NETWORK + 50)]
    assert [None] * MOST_OF_A_NETWORK + [429] * 50 == [answer.status for answer in answers]
    assert central.boot("OTHER", peer="10.0.0.2")["status"] == "Pending"
    with central.store.reading() as work:
        assert MOST_OF_A_NETWORK + 2 == len(work.journal.list(limit=1000)) == len(work.charge_points.unknown())
    central.later(minutes=10)
    assert central.say("Heartbeat", "JUNK", peer=flood.format(1)).status is None
