"""`ocpp-soap transactions` and `reservations`: what is told, and an operator's closing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ocpp_soap.central.records import NewStop, Sample
from ocpp_soap.store.work import SqlStore
from tests.integration.queueing import order

from .conftest import AT, Terminal

Start = Callable[..., int]

WHY = ("--note", "station was scrapped")


def stop(store: SqlStore, transaction_id: int, effective: bool = True) -> None:
    """The station ends it, or sends a stop that ends nothing."""
    with store.writing() as work:
        point = work.charge_points.register("CP-1", "Accepted", AT)
        end = AT + timedelta(minutes=10)
        new = NewStop(
            charge_point_id=point.id,
            key="stop",
            transaction_id=transaction_id,
            timestamp=end,
            received=end,
            meter_stop=4667,
            id_tag="04A1",
            reason="Local",
            answer={},
            flags=[{"path": "reason", "raw": None, "assumed": "Local"}],
            effective=effective,
        )
        assert work.transactions.stop(new)


def test_an_open_transaction_has_null_where_its_end_will_be(terminal: Terminal, start: Start) -> None:
    """The object is the one that was promised, with nothing more and nothing less."""
    expected = {
        "transactionId": start(flags=[{"path": "timestamp", "raw": "x", "assumed": "y"}]),
        "chargeBoxIdentity": "CP-1",
        "connectorId": 1,
        "idTag": "04A1",
        "meterStart": 1000,
        "startTimestamp": "2024-01-31T12:00:00Z",
        "meterStop": None,
        "stopTimestamp": None,
        "reason": None,
        "energy": None,
        "idTagInfo": {"status": "Accepted"},
        "stopIdTag": None,
        "reservationId": None,
        "startReceived": "2024-01-31T12:00:00Z",
        "stopReceived": None,
        "closedBy": None,
        "changed": "2024-01-31T12:00:00Z",
        "flags": [{"path": "timestamp", "raw": "x", "assumed": "y"}],
    }
    assert [expected] == terminal.json("transactions", "list")
    details: dict[str, Any] = {"meterValue": [], "proposedMeterStop": None, "revisions": []}
    assert expected | details == terminal.json("transactions", "show", str(expected["transactionId"]))


def test_json_may_stand_before_the_command_too(terminal: Terminal, start: Start) -> None:
    """First, in the middle or last on the line."""
    start()
    last = terminal.says("transactions", "list", "--json")
    assert last == terminal.says("--json", "transactions", "list")
    assert last == terminal.says("transactions", "--json", "list")


def test_a_stopped_transaction_tells_both_ends_and_both_flags(
    terminal: Terminal, start: Start, store: SqlStore
) -> None:
    """Flags of the start come before those of the stop."""
    transaction_id = start(flags=[{"path": "idTag", "raw": " 04A1", "assumed": "04A1"}])
    stop(store, transaction_id)
    told = terminal.json("transactions", "show", str(transaction_id))
    assert (4667, "2024-01-31T12:10:00Z", "Local") == (told["meterStop"], told["stopTimestamp"], told["reason"])
    assert ["idTag", "reason"] == [flag["path"] for flag in told["flags"]]
    text = terminal.says("transactions", "show", str(transaction_id))
    assert ["4667"] == [line.split()[1] for line in text.splitlines() if line.startswith("meterStop ")]
    assert (3667, "04A1", "station") == (told["energy"], told["stopIdTag"], told["closedBy"])
    assert "3.667" in terminal.says("transactions", "list")
    csv = terminal.says("transactions", "list", "--csv").splitlines()
    assert ["transactionId", str(transaction_id)] == [line.split(",")[0] for line in csv]


def test_a_stop_without_a_transaction_is_none(terminal: Terminal, store: SqlStore) -> None:
    """It is kept elsewhere."""
    stop(store, 4711, effective=False)
    assert [] == terminal.json("transactions", "list")
    assert "no transaction is known\n" == terminal.says("transactions", "list")


def test_a_superseded_transaction_says_by_which_while_it_is_open(terminal: Terminal, start: Start) -> None:
    """Once it is closed, that is over."""
    old = start(key="old")
    new = start(key="new", ordered_at=AT + timedelta(hours=1))
    flags = terminal.json("transactions", "show", str(old))["flags"]
    assert [("superseded", str(new))] == [(flag["path"], flag["raw"]) for flag in flags]
    closed = terminal.json("transactions", "close", str(old), *WHY)
    assert ["closed"] == [flag["path"] for flag in closed["flags"]]


def test_lists_can_be_narrowed(terminal: Terminal, start: Start, store: SqlStore) -> None:
    """By charge point, tag, openness and number, newest first."""
    first = start(key="1", id_tag="A")
    second = start(key="2", id_tag="b", connector_id=2)
    stop(store, first)

    def ids(*words: str) -> list[int]:
        return [row["transactionId"] for row in terminal.json("transactions", "list", *words)]

    assert [second, first] == ids() == ids("--charge-point", "cp-1")
    assert [second] == ids("--open") == ids("--limit", "1") == ids("--id-tag", "B")
    assert [] == ids("--charge-point", "CP-2") == ids("--since", "2024-01-31T12:00:01Z")
    assert [] == ids("--until", "2024-01-31T12:00:00Z")
    assert [second, first] == ids("--limit", "0", "--since", "2024-01-31T12:00:00Z")


def test_every_meter_value_is_shown_once_in_the_shape_of_the_wsdl(
    terminal: Terminal, start: Start, store: SqlStore
) -> None:
    """Values of one meterValue stand together; phase and unit only where there are any."""
    transaction_id = start()
    plain = ("Sample.Periodic", "Raw")
    samples = [
        Sample(0, AT, "1100", *plain, "Energy.Active.Import.Register", "Outlet", "Wh"),
        Sample(0, AT, "16.1", *plain, "Current.Import", "Outlet", None, "L1"),
        Sample(1, AT + timedelta(minutes=1), "1200", *plain, "Energy.Active.Import.Register", "Outlet", "Wh"),
    ]
    with store.writing() as work:
        point = work.charge_points.register("CP-1", "Accepted", AT)
        assert work.transactions.meter(point.id, "m", 1, transaction_id, samples, AT, [])
        assert not work.transactions.meter(point.id, "m", 1, transaction_id, samples, AT, [])
    common = {"context": "Sample.Periodic", "format": "Raw", "location": "Outlet"}
    energy = {**common, "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    current = {**common, "value": "16.1", "measurand": "Current.Import", "phase": "L1"}
    expected = [
        {"timestamp": "2024-01-31T12:00:00Z", "sampledValue": [{**energy, "value": "1100"}, current]},
        {"timestamp": "2024-01-31T12:01:00Z", "sampledValue": [{**energy, "value": "1200"}]},
    ]
    assert expected == terminal.json("transactions", "show", str(transaction_id))["meterValue"]
    assert "16.1" in terminal.says("transactions", "show", str(transaction_id))


def test_closing_is_recorded_as_the_operators_act(terminal: Terminal, start: Start) -> None:
    """Time, meter, reason and note are theirs."""
    words = ("--at", "2024-01-31T13:00:00Z", "--meter-stop", "5000", "--reason", "PowerLoss", "--note", "it burnt")
    closed = terminal.json("transactions", "close", str(start()), *words)
    assert (5000, "2024-01-31T13:00:00Z", "PowerLoss") == (
        closed["meterStop"],
        closed["stopTimestamp"],
        closed["reason"],
    )
    assert [{"path": "closed", "raw": None, "assumed": "closed by the operator: it burnt"}] == closed["flags"]


def test_closing_needs_no_more_than_a_note(terminal: Terminal, start: Start) -> None:
    """It ends now, for another reason than those of the standard, with no meter value."""
    transaction_id = start()
    expected = f"transaction {transaction_id} of CP-1 is closed\n"
    assert expected == terminal.says("transactions", "close", str(transaction_id), *WHY)
    row = terminal.json("transactions", "list")[0]
    assert ("Other", None, True) == (row["reason"], row["meterStop"], row["stopTimestamp"] > "2024")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--at", "2024-01-31T11:59:59Z"), "at: expected a time not before its start, 2024-01-31T12:00:00Z, found"),
        (("--at", "2999-01-01T00:00:00Z"), "at: expected a time that does not lie in the future, found"),
        (("--meter-stop", "999"), "meterStop: expected a number not below meterStart, 1000, found '999'"),
        (("--reason", "Boredom"), "reason: expected one of "),
    ],
)
def test_an_odd_end_is_refused(terminal: Terminal, start: Start, words: tuple[str, ...], reason: str) -> None:
    """An operator can be asked, unlike a station; nothing changes."""
    transaction_id = start()
    assert terminal.refuses("transactions", "close", str(transaction_id), *WHY, *words).startswith(reason)
    assert [None] == [row["stopTimestamp"] for row in terminal.json("transactions", "list")]


def test_only_an_open_transaction_can_be_closed(terminal: Terminal, start: Start) -> None:
    """Neither one that has ended nor one that never was."""
    transaction_id = start()
    terminal.says("transactions", "close", str(transaction_id), *WHY)
    assert "has ended already" in terminal.refuses("transactions", "close", str(transaction_id), *WHY)
    assert "there is no transaction 4711" in terminal.refuses("transactions", "close", "4711", *WHY)
    assert "there is no transaction 4711" in terminal.refuses("transactions", "show", "4711")


def test_a_closing_proposes_the_last_reading(terminal: Terminal, start: Start, store: SqlStore) -> None:
    """Whoever gives no meter value is told it, and how to take it over."""
    transaction_id = start()
    energy = ("Sample.Periodic", "Raw", "Energy.Active.Import.Register", "Outlet")
    samples = [Sample(0, AT, "1.1", *energy, "kWh"), Sample(1, AT + timedelta(minutes=1), "1200", *energy, "Wh")]
    with store.writing() as work:
        point = work.charge_points.register("CP-1", "Accepted", AT)
        work.transactions.meter(point.id, "m", 1, transaction_id, samples, AT, [])
    assert 1200 == terminal.json("transactions", "show", str(transaction_id))["proposedMeterStop"]
    words = terminal.says("transactions", "close", str(transaction_id), *WHY)
    assert f"its last reading is 1200 Wh: `transactions correct {transaction_id} --meter-stop 1200" in words


def test_a_correction_keeps_what_it_replaced(terminal: Terminal, start: Start, store: SqlStore) -> None:
    """Who, why, and the old values stand in `show`."""
    transaction_id = str(start())
    stop(store, int(transaction_id))
    why = ("--reason", "meter exchanged", "--note", "read on site")
    assert 5000 == terminal.json("transactions", "correct", transaction_id, "--meter-stop", "5000", *why)["meterStop"]
    terminal.says("transactions", "annotate", transaction_id, "--reason", "complaint", "--note", "refunded")
    (first, second) = terminal.json("transactions", "show", transaction_id)["revisions"]
    assert ("correct", "read on site", 4667) == (first["action"], first["note"], first["before"]["meterStop"])
    assert ("annotate", "refunded", {}) == (second["action"], second["note"], second["before"])
    assert "read on site" in terminal.says("transactions", "show", transaction_id)
    assert "expected" in terminal.refuses("transactions", "correct", transaction_id, "--meter-stop", "999", *why)


@pytest.mark.parametrize("number", ["x", "1.5", "", "99999999999999999999"])
def test_what_is_no_transaction_id_is_refused(terminal: Terminal, number: str) -> None:
    """By usage, or because there is none; never by the database."""
    refused = terminal.run("transactions", "show", number)
    assert (True, "") == (refused.exit_code in (1, 2), refused.stdout)


def test_reservations_are_listed_with_their_state(terminal: Terminal, store: SqlStore) -> None:
    """An expired one is no longer active."""
    with store.writing() as work:
        point = work.charge_points.register("CP-1", "Accepted", AT)
        command_id = order(work, point.id, "ReserveNow", AT)
        request: dict[str, Any] = {"reservationId": 5, "connectorId": 2, "idTag": "B", "expiryDate": AT}
        work.transactions.reserve(point.id, request, command_id, AT)
    expected = {
        "reservationId": 5,
        "chargeBoxIdentity": "CP-1",
        "connectorId": 2,
        "idTag": "B",
        "parentIdTag": None,
        "expiryDate": "2024-01-31T12:00:00Z",
        "status": "Expired",
        "transactionId": None,
    }
    assert [expected] == terminal.json("reservations", "list")
    assert [] == terminal.json("reservations", "list", "--charge-point", "CP-2")
    assert "Expired" in terminal.says("reservations", "list")
