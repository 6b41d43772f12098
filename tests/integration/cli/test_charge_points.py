"""`ocpp-soap charge-points`: registering, deciding, addressing, explaining."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ocpp_soap.central.records import StatusNotice
from ocpp_soap.store.work import SqlStore
from tests.integration.queueing import order

from .conftest import AT, Terminal

PROFILE = {"chargingProfileId": 3, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile"}
BOOT = {"chargePointVendor": "ACME", "chargePointModel": "X1"}


def remember(store: SqlStore, identity: str = "CP-9", callback: str | None = "http://:8082/") -> None:
    """A station boots without being registered."""
    with store.writing() as work:
        work.charge_points.remember_unknown(identity, "1.6", "BootNotification", "10.0.0.9", callback, BOOT, AT)


def test_an_empty_list_says_what_to_do(terminal: Terminal) -> None:
    """For people a sentence, for programs an empty list."""
    assert "charge-points add" in terminal.says("charge-points", "list")
    assert [] == terminal.json("charge-points", "list")


def test_a_charge_point_is_added_with_its_address_and_interval(terminal: Terminal) -> None:
    """Accepted by default; the address is fixed by the operator."""
    words = ("charge-points", "add", " CP-1 ", "--callback", "http://10.0.0.7:8080/ocpp", "--interval", "300")
    assert "CP-1 is registered: Accepted\n" == terminal.says(*words)
    shown = terminal.json("charge-points", "show", "cp-1")
    expected = ("CP-1", True, "Accepted", "http://10.0.0.7:8080/ocpp", "operator", 300)
    names = ("chargeBoxIdentity", "registered", "status", "callback", "callbackSource", "heartbeatInterval")
    assert expected == tuple(shown[name] for name in names)


def test_a_charge_point_is_added_once(terminal: Terminal) -> None:
    """A second time is refused and changes nothing."""
    terminal.says("charge-points", "add", "CP-1", "--status", "Pending")
    assert "CP-1 is registered already, as Pending" == terminal.refuses("charge-points", "add", "CP-1")
    assert ["Pending"] == [row["status"] for row in terminal.json("charge-points", "list")]


@pytest.mark.parametrize("identity", ["", "  ", "A" * 256, "CP\n1", "CP\x1b[2J"])
def test_what_no_station_can_be_called_is_refused(terminal: Terminal, identity: str) -> None:
    """Empty, too long, or with controls."""
    assert "1 to 255 characters" in terminal.refuses("charge-points", "add", identity)


@pytest.mark.parametrize(
    "url", ["", "station", "ftp://10.0.0.7/", "http://", "http://:8080/", "http://0.0.0.0:1/", "10.0.0.7:80"]
)
def test_what_is_no_address_is_refused(terminal: Terminal, url: str) -> None:
    """An operator has to say the whole of it."""
    assert "expected the station's address" in terminal.refuses("charge-points", "add", "CP-1", "--callback", url)
    assert [] == terminal.json("charge-points", "list")


def test_an_address_that_would_be_refused_is_kept_with_a_warning(terminal: Terminal) -> None:
    """The rules for callbacks are told when they matter."""
    words = ("charge-points", "add", "CP-1", "--callback", "http://127.0.0.1:8080/")
    added = terminal.run(*words, ENVIRONMENT="production")
    assert (0, True) == (added.exit_code, added.stderr.startswith("Warning: the station will not be called there"))


def test_a_station_that_is_not_registered_is_shown_with_the_way_in(terminal: Terminal, store: SqlStore) -> None:
    """The list has it with what its boot is answered, `show` with the command that accepts it."""
    remember(store)
    row = terminal.json("charge-points", "list")[0]
    assert ("CP-9", False, "Pending", "ACME") == tuple(
        row[name] for name in ("chargeBoxIdentity", "registered", "status", "chargePointVendor")
    )
    assert "Rejected" == terminal.json("charge-points", "list", UNKNOWN_CHARGE_POINTS="reject")[0]["status"]
    assert "`ocpp-soap charge-points accept CP-9` lets it in." in terminal.says("charge-points", "show", "CP-9")
    assert row == terminal.json("charge-points", "show", "cp-9")


def test_accepting_takes_over_what_is_known(terminal: Terminal, store: SqlStore) -> None:
    """Its boot, its version and its address, completed from where it called."""
    remember(store)
    accepted = terminal.json("charge-points", "accept", "cp-9")
    expected: dict[str, Any] = {
        "chargeBoxIdentity": "CP-9",
        "registered": True,
        "status": "Accepted",
        "version": "1.6",
        "chargePointVendor": "ACME",
        "chargePointModel": "X1",
        "firstSeen": "2024-01-31T12:00:00Z",
        "lastSeen": "2024-01-31T12:00:00Z",
        "peer": "10.0.0.9",
        "callback": "http://10.0.0.9:8082/",
        "callbackSource": "station",
    }
    assert (expected, [expected]) == (accepted, terminal.json("charge-points", "list"))


def test_rejecting_works_on_both_kinds(terminal: Terminal, store: SqlStore) -> None:
    """A stranger becomes registered as Rejected; a registered one changes."""
    remember(store)
    terminal.says("charge-points", "add", "CP-1")
    assert "CP-9 is Rejected\n" == terminal.says("charge-points", "reject", "CP-9")
    assert "CP-1 is Rejected\n" == terminal.says("charge-points", "reject", "CP-1")
    assert ["Rejected", "Rejected"] == [row["status"] for row in terminal.json("charge-points", "list")]


@pytest.mark.parametrize("words", [("show",), ("accept",), ("reject",), ("set-callback", "--forget")])
def test_who_never_spoke_is_not_found(terminal: Terminal, words: tuple[str, ...]) -> None:
    """The reason names the command that lists them."""
    assert "charge-points list" in terminal.refuses("charge-points", *words, "CP-404")


def test_an_address_is_fixed_and_given_back(terminal: Terminal, store: SqlStore) -> None:
    """An operator's address has the operator as its source; --forget leaves it to the station; both are remembered."""
    terminal.says("charge-points", "add", "CP-1")
    fixed = terminal.json("charge-points", "set-callback", "CP-1", "HTTP://station.example:8080/x?y=1")
    assert ("http://station.example:8080/x?y=1", "operator") == (fixed["callback"], fixed["callbackSource"])
    assert "CP-1 says where it is\n" == terminal.says("charge-points", "set-callback", "CP-1", "--forget")
    shown = terminal.json("charge-points", "show", "CP-1")
    assert (None, None) == (shown["callback"], shown["callbackSource"])
    assert ["http://station.example:8080/x?y=1"] == [row["url"] for row in shown["callbackHistory"]]


@pytest.mark.parametrize("words", [(), ("http://10.0.0.7/", "--forget")])
def test_an_address_or_forgetting_but_not_both(terminal: Terminal, words: tuple[str, ...]) -> None:
    """A usage error."""
    assert 2 == terminal.run("charge-points", "set-callback", "CP-1", *words).exit_code


def test_an_address_needs_a_registered_station(terminal: Terminal, store: SqlStore) -> None:
    """A stranger is named with the command that lets it in."""
    remember(store)
    reason = terminal.refuses("charge-points", "set-callback", "CP-9", "http://10.0.0.7/")
    assert "CP-9 is not registered; `ocpp-soap charge-points accept CP-9` lets it in" == reason


def fill(store: SqlStore) -> None:
    """Everything that CP-1 may report, or be asked to keep."""
    told: dict[str, Any] = {
        "status": "Charging",
        "error_code": "NoError",
        "info": "\x1b[2J",
        "vendor_id": None,
        "vendor_error_code": None,
    }
    with store.writing() as work:
        point = work.charge_points.find("CP-1")
        assert point is not None
        work.charge_points.boot(point.id, BOOT, AT)
        work.charge_points.change(point.id, clock_offset=-125.5, clock_offset_at=AT)
        notice = StatusNotice(point.id, 1, **told, timestamp=AT, received=AT, ordered_at=AT, flags=[])
        work.charge_points.notice_status(notice, AT)
        work.charge_points.notice_file(point.id, "firmware", "Installed", AT, [])
        work.charge_points.set_configuration(point.id, [{"key": "K", "readonly": True, "value": "V"}], [], AT)
        work.charge_points.change(point.id, local_list_version=7)
        data = work.charge_points.keep_data(point.id, "org.example", "m", '{"a": 1}', AT)
        work.charge_points.answer_data(data, "Accepted", {"a": 1})
        command_id = order(work, point.id, "ReserveNow", AT)
        expiry = AT + timedelta(days=365_000)
        request = {"reservationId": 5, "connectorId": 2, "idTag": "B", "expiryDate": expiry}
        work.transactions.reserve(point.id, request, command_id, AT)
        work.transactions.set_profile(point.id, 1, PROFILE, AT)


def test_show_tells_everything_that_is_known(terminal: Terminal, store: SqlStore, start: Any) -> None:
    """Connectors, transactions, reservations, profiles, files, configuration, vendor data, the clock."""
    transaction_id = start()
    fill(store)
    known = terminal.json("charge-points", "show", "CP-1")
    assert [(1, "Charging")] == [(row["connectorId"], row["status"]) for row in known["connectors"]]
    assert [transaction_id] == [row["transactionId"] for row in known["openTransactions"]]
    assert [5] == [row["reservationId"] for row in known["reservations"]]
    assert [PROFILE] == [row["csChargingProfiles"] for row in known["chargingProfiles"]]
    assert [("Installed", "2024-01-31T12:00:00Z")] == [(r["status"], r["received"]) for r in known["fileNotices"]]
    assert [("K", "V")] == [(row["key"], row["value"]) for row in known["configuration"]]
    assert [{"a": 1}] == [row["record"] for row in known["dataTransfers"]]
    assert (7, -125.5, "Installed", BOOT) == (
        known["localListVersion"],
        known["clockOffset"],
        known["firmwareStatus"],
        known["boot"],
    )
    text = terminal.says("charge-points", "show", "CP-1")
    for words in ("125.5 s behind", "Connectors", "Open transactions", "Configuration", "Vendor data", r"\x1b[2J"):
        assert words in text
    assert "\x1b" not in text
