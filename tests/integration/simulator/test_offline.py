"""A lost connection: what waits, what is decided without the Central System, what is told afterwards."""

from __future__ import annotations

import pytest

from ocpp_soap.errors import InternalError, NotTransmitted, StationFault, Uncertain
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.errors import NotAuthorized
from tests.integration.simulator.central_system import ACCEPTED, CentralSystem

SESSION = ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"]


def about_transactions(central: CentralSystem) -> list[str]:
    """What came that belongs to transactions."""
    return [name for name in central.operations() if name in SESSION]


def offline_session(cp: ChargePoint) -> None:
    """A session of two minutes without a connection."""
    cp.configuration["AllowOfflineTxForUnknownId"] = True
    cp.faults.offline = True
    cp.run_session("TAG", seconds=120)
    assert cp.sent.last("StopTransaction") is None


def test_a_session_without_connection_is_told_afterwards_in_order(central: CentralSystem, cp: ChargePoint) -> None:
    """With its own times, and the transactionId that its start brings."""
    offline_session(cp)
    cp.faults.offline = False
    cp.tick(10)
    assert SESSION == about_transactions(central)
    (start,), (stop,) = central.payloads("StartTransaction"), central.payloads("StopTransaction")
    assert 120 == (stop["timestamp"] - start["timestamp"]).total_seconds()
    assert [1, 1, 1] == [stop["transactionId"], *(v["transactionId"] for v in central.payloads("MeterValues"))]


def test_the_first_message_that_arrives_brings_everything_else(central: CentralSystem, cp: ChargePoint) -> None:
    """Here a heartbeat, before the pause is over; the statuses are those of now."""
    offline_session(cp)
    cp.plug_in()
    cp.faults.offline = False
    cp.heartbeat()
    cp.settle()
    assert SESSION == about_transactions(central)
    assert ["Available", "Preparing"] == central.statuses(1)


def test_a_message_whose_answer_was_lost_is_repeated_as_it_was(central: CentralSystem, cp: ChargePoint) -> None:
    """A replay, as gateways have to recognize it."""
    cp.faults.lose_answers = True
    cp.configuration["AllowOfflineTxForUnknownId"] = True
    cp.start_transaction(1, "TAG")
    cp.faults.lose_answers = False
    cp.tick(10)
    first, second = central.payloads("StartTransaction")
    assert first == second
    assert 2 == cp.transactions[0].transaction_id


def test_what_the_central_system_can_not_process_is_repeated_so_often(central: CentralSystem, cp: ChargePoint) -> None:
    """TransactionMessageAttempts; then the next message has its turn."""
    cp.configuration["TransactionMessageAttempts"] = 2
    central.answers["MeterValues"] = InternalError("no")
    cp.start_transaction(1, "TAG")
    cp.send_meter_values()
    cp.stop_transaction()
    cp.tick(30)
    assert ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"] == about_transactions(central)


@pytest.mark.parametrize(
    ("fault", "error"), [("offline", NotTransmitted), ("lose_answers", Uncertain)], ids=["unsent", "unanswered"]
)
def test_what_a_person_sends_fails_where_they_can_see_it(cp: ChargePoint, fault: str, error: type[Exception]) -> None:
    """Heartbeats and DataTransfers are not queued."""
    setattr(cp.faults, fault, True)
    with pytest.raises(error):
        cp.heartbeat()
    assert isinstance(cp.sent[-1].error, error)


def test_a_fault_of_the_central_system_is_seen_as_such(central: CentralSystem, cp: ChargePoint) -> None:
    """With its subcode."""
    central.answers["Heartbeat"] = InternalError("no")
    with pytest.raises(StationFault) as fault:
        cp.heartbeat()
    assert "InternalError" == fault.value.subcode


def test_without_connection_the_local_list_decides(central: CentralSystem, cp: ChargePoint) -> None:
    """Those that it does not know are refused."""
    entries = [{"idTag": "KNOWN", "idTagInfo": ACCEPTED}, {"idTag": "BAD", "idTagInfo": {"status": "Blocked"}}]
    central.command("SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=entries)
    cp.faults.offline = True
    assert ["Accepted", "Blocked", "Invalid"] == [cp.authorize(tag)["status"] for tag in ("KNOWN", "BAD", "NEW")]


def test_without_connection_the_cache_remembers_who_was_admitted(central: CentralSystem, cp: ChargePoint) -> None:
    """Until it is cleared."""
    cp.run_session("TAG")
    cp.faults.offline = True
    assert "Accepted" == cp.authorize("tag")["status"]
    cp.faults.offline = False
    assert central.status("ClearCache") == "Accepted"
    cp.faults.offline = True
    with pytest.raises(NotAuthorized):
        cp.start_transaction(1, "TAG")


def test_with_localpreauthorize_known_tags_are_not_asked_for(central: CentralSystem, cp: ChargePoint) -> None:
    """The list decides at once."""
    central.command("ChangeConfiguration", key="LocalPreAuthorize", value="true")
    known = [{"idTag": "TAG", "idTagInfo": ACCEPTED}]
    central.command("SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=known)
    cp.run_session("TAG")
    cp.run_session("NEW")
    assert [{"idTag": "NEW"}] == central.payloads("Authorize")


def test_while_it_boots_again_transactions_wait(central: CentralSystem, cp: ChargePoint) -> None:
    """Nothing may be sent before it is accepted again, and nothing is lost."""
    cp.start_transaction(1, "TAG")
    cp.reboot()
    cp.stop_transaction()
    assert [] == central.payloads("StopTransaction")
    cp.tick(1)
    assert 1 == len(central.payloads("StopTransaction"))
