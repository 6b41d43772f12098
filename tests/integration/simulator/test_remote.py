"""Transactions that the Central System begins and ends."""

from __future__ import annotations

import pytest

from ocpp_soap.simulator.charge_point import ChargePoint
from tests.integration.simulator.central_system import CentralSystem, profile


def test_a_remote_start_begins_a_transaction_where_a_car_is(central: CentralSystem, pair: ChargePoint) -> None:
    """Without asking for the tag, unless AuthorizeRemoteTxRequests is true."""
    pair.plug_in(2)
    assert central.status("RemoteStartTransaction", connectorId=2, idTag="TAG") == "Accepted"
    pair.settle()
    assert [(2, "TAG")] == [(s["connectorId"], s["idTag"]) for s in central.payloads("StartTransaction")]
    assert ["Available", "Preparing", "Charging"] == central.statuses(2)
    assert [] == central.payloads("Authorize")


def test_a_remote_start_waits_for_the_car(central: CentralSystem, pair: ChargePoint) -> None:
    """The connector is Preparing meanwhile."""
    assert central.status("RemoteStartTransaction", connectorId=1, idTag="TAG") == "Accepted"
    pair.tick(59)
    assert ([], "Preparing") == (central.payloads("StartTransaction"), central.statuses(1)[-1])
    pair.plug_in()
    assert 1 == len(central.payloads("StartTransaction"))


def test_a_remote_start_is_given_up_when_no_car_comes(central: CentralSystem, pair: ChargePoint) -> None:
    """After ConnectionTimeOut."""
    assert central.status("RemoteStartTransaction", connectorId=1, idTag="TAG") == "Accepted"
    pair.tick(60)
    pair.plug_in()
    assert [] == central.payloads("StartTransaction")
    assert ["Available", "Preparing", "Available", "Preparing"] == central.statuses(1)


def test_a_car_that_is_willing_plugs_itself_in(central: CentralSystem, cp: ChargePoint) -> None:
    """Traits.auto_plug, the default."""
    assert central.status("RemoteStartTransaction", idTag="TAG") == "Accepted"
    cp.settle()
    assert ["Available", "Preparing", "Charging"] == central.statuses(1)


@pytest.mark.parametrize(("status", "started"), [("Accepted", 1), ("Blocked", 0)])
def test_a_remote_start_may_have_to_be_admitted(
    central: CentralSystem, cp: ChargePoint, status: str, started: int
) -> None:
    """AuthorizeRemoteTxRequests asks as for a driver at the station (§3.5)."""
    central.command("ChangeConfiguration", key="AuthorizeRemoteTxRequests", value="true")
    central.answers["Authorize"] = {"idTagInfo": {"status": status}}
    assert central.status("RemoteStartTransaction", connectorId=1, idTag="TAG") == "Accepted"
    cp.settle()
    assert (1, started) == (len(central.payloads("Authorize")), len(central.payloads("StartTransaction")))


def test_a_remote_start_without_connector_takes_one_that_is_free(central: CentralSystem, pair: ChargePoint) -> None:
    """When none is left it is rejected, and so is one on a connector that is taken or not there."""
    pair.start_transaction(1, "ONE")
    assert central.status("RemoteStartTransaction", idTag="TWO") == "Accepted"
    assert central.status("RemoteStartTransaction", idTag="THREE") == "Rejected"
    for connector_id in (0, 1, 9):
        assert central.status("RemoteStartTransaction", connectorId=connector_id, idTag="TAG") == "Rejected"


def test_a_remote_start_brings_its_profile_along(central: CentralSystem, cp: ChargePoint) -> None:
    """It limits the transaction and ends with it."""
    limited = profile(3600, "TxProfile")
    assert central.status("RemoteStartTransaction", connectorId=1, idTag="TAG", chargingProfile=limited) == "Accepted"
    cp.tick(3600)
    assert 3600 == cp.stop_transaction().meter_stop
    assert [] == cp.profiles.installed


def test_a_remote_start_takes_no_other_profile(central: CentralSystem, cp: ChargePoint) -> None:
    """Only TxProfile is right there (§5.11)."""
    assert central.status("RemoteStartTransaction", idTag="TAG", chargingProfile=profile()) == "Rejected"


def test_a_remote_stop_ends_the_transaction_of_that_id(central: CentralSystem, cp: ChargePoint) -> None:
    """Another id is rejected, and so is the same one later."""
    cp.start_transaction(1, "TAG")
    assert ["Rejected", "Accepted"] == [central.status("RemoteStopTransaction", transactionId=n) for n in (99, 1)]
    cp.settle()
    assert "Remote" == central.payloads("StopTransaction")[0]["reason"]
    assert central.status("RemoteStopTransaction", transactionId=1) == "Rejected"
