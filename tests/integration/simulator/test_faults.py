"""What can be made to go wrong, as the Central System sees it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

from ocpp_soap.errors import InternalError, NotTransmitted, SecurityError, StationFault, Uncertain
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.soap.client import SoapCaller
from tests.integration.simulator.central_system import CentralSystem


def test_a_dropped_request_is_not_executed(central: CentralSystem, cp: ChargePoint) -> None:
    """The connection closes without a word."""
    cp.faults.drop = "request"
    with pytest.raises(Uncertain):
        central.command("RemoteStartTransaction", connectorId=1, idTag="TAG")
    cp.settle()
    assert ([], []) == (cp.commands_received, central.payloads("StartTransaction"))


def test_a_dropped_answer_belongs_to_a_command_that_was_executed(central: CentralSystem, cp: ChargePoint) -> None:
    """Seen from outside it is the same."""
    cp.faults.drop = "answer"
    with pytest.raises(Uncertain):
        central.command("RemoteStartTransaction", connectorId=1, idTag="TAG")
    cp.wait_for(lambda: cp.sent.last("StartTransaction"))
    assert ["RemoteStartTransaction"] == cp.commands_received.operations()


def test_silence_lasts_until_the_other_side_gives_up(central: CentralSystem, cp: ChargePoint) -> None:
    """The connection stays open."""
    cp.faults.drop = "silence"
    with pytest.raises(Uncertain):
        central.command("Reset", type="Hard", patient=False)
    assert [] == cp.commands_received


def test_a_delayed_answer_comes(central: CentralSystem, cp: ChargePoint) -> None:
    """For whoever waits that long."""
    cp.faults.delay = 1.5
    with pytest.raises(Uncertain):
        central.command("ClearCache", patient=False)
    began = time.monotonic()
    assert central.status("ClearCache") == "Accepted"
    assert time.monotonic() - began >= 1.5


def test_a_charge_point_that_is_offline_takes_no_command(central: CentralSystem, cp: ChargePoint) -> None:
    """It comes back as if nothing had been."""
    cp.faults.offline = True
    with pytest.raises(Uncertain):
        central.command("ClearCache")
    cp.faults.offline = False
    assert central.status("ClearCache") == "Accepted"


def test_a_charge_point_that_is_switched_off_is_not_reached(central: CentralSystem) -> None:
    """Nobody listens any more, and nothing of it goes on."""
    with ChargePoint(central.url, "CP-1") as cp:
        cp.wait_accepted()
    with pytest.raises(NotTransmitted):
        central.command("ClearCache")


def test_every_command_can_be_answered_with_a_fault(central: CentralSystem, cp: ChargePoint) -> None:
    """Of any kind."""
    cp.faults.fault = SecurityError("broken")
    with pytest.raises(StationFault) as fault:
        central.command("Reset", type="Hard")
    assert ("Sender", "SecurityError") == (fault.value.code, fault.value.subcode)
    assert "broken" in fault.value.text
    cp.settle()
    assert cp.accepted


def test_each_message_can_be_sent_twice(central: CentralSystem, cp: ChargePoint) -> None:
    """The first answer counts."""
    cp.faults.duplicate = True
    transaction = cp.run_session("TAG")
    starts = central.payloads("StartTransaction")
    assert (2, starts[0], 1) == (len(starts), starts[1], transaction.transaction_id)
    assert [1, 1] == [stop["transactionId"] for stop in central.payloads("StopTransaction")]


def test_wsa_from_can_be_left_out(central: CentralSystem, cp: ChargePoint) -> None:
    """Otherwise it says where commands go."""
    assert cp.address == central.calls[-1].callback
    cp.faults.no_from = True
    cp.heartbeat()
    assert central.calls[-1].callback is None


@pytest.mark.parametrize(
    ("clock", "year"),
    [(timedelta(days=-3650), None), (datetime(1970, 1, 1, tzinfo=UTC), 1970)],
    ids=["off", "never set"],
)
def test_its_clock_can_be_wrong(
    central: CentralSystem, cp: ChargePoint, clock: timedelta | datetime, year: int | None
) -> None:
    """In every timestamp; durations stay right."""
    cp.faults.clock = clock
    cp.run_session("TAG", seconds=60)
    start, stop = central.payloads("StartTransaction")[0], central.payloads("StopTransaction")[0]
    assert timedelta(seconds=60) == stop["timestamp"] - start["timestamp"]
    assert (year or (cp.clock.now() - timedelta(days=3650)).year) == start["timestamp"].year


def test_an_answer_can_be_set_for_once_or_for_good(central: CentralSystem, cp: ChargePoint) -> None:
    """Then nothing follows from the command."""
    cp.answers.once("RemoteStartTransaction", {"status": "Rejected"})
    cp.answers["Reset"] = {"status": "Rejected"}
    answers = [central.status("RemoteStartTransaction", connectorId=1, idTag="TAG") for _ in range(2)]
    assert ["Rejected", "Accepted"] == answers
    assert ["Rejected", "Rejected"] == [central.status("Reset", type="Soft") for _ in range(2)]
    cp.settle()
    assert 1 == len(central.payloads("StartTransaction"))
    assert [{"status": "Rejected"}] * 2 == [received.answer for received in cp.commands_received.of("Reset")]


@pytest.mark.parametrize("answer", [InternalError("no"), {"status": "Perhaps"}], ids=["a fault", "not in the schema"])
def test_an_answer_can_be_a_fault(central: CentralSystem, cp: ChargePoint, answer: object) -> None:
    """And becomes one when the schema does not have it."""
    cp.answers["Reset"] = answer  # type: ignore[assignment]
    with pytest.raises(StationFault) as fault:
        central.command("Reset", type="Soft")
    assert "InternalError" == fault.value.subcode
    cp.settle()


def test_a_command_for_another_charge_point_is_refused(central: CentralSystem, cp: ChargePoint) -> None:
    """As the SOAP specification demands (§3.3); the case of letters does not matter."""
    caller = SoapCaller(central.service, connect_timeout=30, read_timeout=30)
    with pytest.raises(StationFault) as fault:
        caller.call(cp.address, "CP-9", "ClearCache", {}, from_address=central.url)
    assert ("Sender", "IdentityMismatch") == (fault.value.code, fault.value.subcode)
    assert {"status": "Accepted"} == caller.call(cp.address, "cp-1", "ClearCache", {}, from_address=None).payload


@pytest.mark.parametrize(
    ("operation", "payload", "path"),
    [
        ("Reset", {"type": "Gentle"}, "type"),
        ("ChangeAvailability", {"connectorId": "one", "type": "Operative"}, "connectorId"),
        ("ChangeConfiguration", {"key": "K" * 51, "value": "1"}, "key"),
    ],
)
def test_a_command_that_breaks_the_schema_is_refused(
    central: CentralSystem, cp: ChargePoint, operation: str, payload: dict[str, str], path: str
) -> None:
    """A simulator that answered Accepted to anything would hide the gateway's mistakes."""
    caller = SoapCaller(central.service, connect_timeout=30, read_timeout=30)
    with pytest.raises(StationFault) as fault:
        caller.call(cp.address, "CP-1", operation, payload, from_address=central.url)
    assert ("Sender", "ProtocolError") == (fault.value.code, fault.value.subcode)
    assert f": {path}: expected " in fault.value.text


def test_what_is_no_soap_is_answered_with_a_fault(cp: ChargePoint) -> None:
    """As by the gateway itself."""
    answer = requests.post(cp.address, data=b"<html/>", timeout=60)
    assert (400, True) == (answer.status_code, b"ProtocolError" in answer.content)
    assert [] == cp.commands_received


def test_the_end_leaves_no_threads(central: CentralSystem) -> None:
    """Not even where a command waits in silence."""

    def of_charge_point() -> set[str]:
        return {thread.name for thread in threading.enumerate() if thread.name.startswith("CP-END")}

    with ChargePoint(central.url, "CP-END") as cp:
        cp.wait_accepted()
        cp.faults.drop = "silence"
        with pytest.raises(Uncertain):
            central.command("ClearCache", patient=False)
        assert {"CP-END agenda", "CP-END server"} == of_charge_point()
    assert set() == of_charge_point()
