"""What the Central System asks of a charge point: the answers, and what really follows."""

from __future__ import annotations

from typing import Any

import pytest

from ocpp_soap.errors import StationFault
from ocpp_soap.protocol import catalog
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.commands import HANDLERS
from ocpp_soap.simulator.dispatch import PROFILES, WITHOUT_PROFILE
from ocpp_soap.simulator.traits import Traits
from tests.integration.simulator.central_system import ACCEPTED, CentralSystem, Payload, profile


def test_every_operation_of_the_wsdl_has_a_handler() -> None:
    """And no other; those of a feature profile are among them."""
    assert set(catalog.load().newest.charge_point.operations) == set(HANDLERS)
    assert set(PROFILES) < set(HANDLERS)
    assert set(WITHOUT_PROFILE) < set(PROFILES)


def test_configuration_is_read_and_changed(central: CentralSystem, cp: ChargePoint) -> None:
    """As the configuration's own tests have it in detail."""
    assert central.status("ChangeConfiguration", key="MeterValueSampleInterval", value="10") == "Accepted"
    assert central.status("ChangeConfiguration", key="NumberOfConnectors", value="9") == "Rejected"
    assert {
        "configurationKey": [{"key": "MeterValueSampleInterval", "readonly": False, "value": "10"}],
        "unknownKey": ["Nonsense"],
    } == central.command("GetConfiguration", key=["MeterValueSampleInterval", "Nonsense"])
    every = {entry["key"] for entry in central.command("GetConfiguration")["configurationKey"]}
    assert {"HeartbeatInterval", "SupportedFeatureProfiles"} < every


def test_availability_changes_one_connector(central: CentralSystem, pair: ChargePoint) -> None:
    """And back."""
    for kind in ("Inoperative", "Inoperative", "Operative"):
        assert central.status("ChangeAvailability", connectorId=1, type=kind) == "Accepted"
    pair.settle()
    assert (["Available", "Unavailable", "Available"], ["Available"]) == (central.statuses(1), central.statuses(2))


def test_availability_of_the_whole_waits_where_a_transaction_runs(central: CentralSystem, pair: ChargePoint) -> None:
    """The other connector follows at once."""
    pair.start_transaction(1, "TAG")
    assert central.status("ChangeAvailability", connectorId=0, type="Inoperative") == "Scheduled"
    pair.settle()
    assert ["Unavailable"] * 2 + ["Charging"] == [central.statuses(n)[-1] for n in (0, 2, 1)]
    pair.stop_transaction()
    assert "Unavailable" == central.statuses(1)[-1]


def test_availability_of_an_unknown_connector_is_rejected(central: CentralSystem, cp: ChargePoint) -> None:
    """There is no such thing."""
    assert central.status("ChangeAvailability", connectorId=9, type="Operative") == "Rejected"


def test_the_cache_can_not_be_cleared_where_there_is_none(central: CentralSystem, cp: ChargePoint) -> None:
    """AuthorizationCacheEnabled is false."""
    central.command("ChangeConfiguration", key="AuthorizationCacheEnabled", value="false")
    assert central.status("ClearCache") == "Rejected"


def test_a_known_vendors_data_comes_back(central: CentralSystem, cp: ChargePoint) -> None:
    """Others are told that they are not known."""
    assert {"status": "Accepted", "data": "hi"} == central.command(
        "DataTransfer", vendorId="org.example.echo", data="hi"
    )
    assert {"status": "Accepted"} == central.command("DataTransfer", vendorId="org.example.echo")
    assert central.status("DataTransfer", vendorId="nobody") == "UnknownVendorId"


def test_the_local_list_has_a_version(central: CentralSystem, cp: ChargePoint) -> None:
    """Nought when there is no list yet."""
    entries = [{"idTag": "TAG", "idTagInfo": ACCEPTED}]
    assert {"listVersion": 0} == central.command("GetLocalListVersion")
    request = {"listVersion": 2, "updateType": "Full", "localAuthorizationList": entries}
    assert central.status("SendLocalList", **request) == "Accepted"
    assert {"listVersion": 2} == central.command("GetLocalListVersion")
    assert central.status("SendLocalList", listVersion=2, updateType="Differential") == "VersionMismatch"


def test_a_local_list_that_is_disabled_is_not_supported(central: CentralSystem, cp: ChargePoint) -> None:
    """Its version is -1 (§5.10)."""
    central.command("ChangeConfiguration", key="LocalAuthListEnabled", value="false")
    assert {"listVersion": -1} == central.command("GetLocalListVersion")
    assert central.status("SendLocalList", listVersion=1, updateType="Full") == "NotSupported"


@pytest.mark.parametrize(
    ("message", "fields", "sent"),
    [
        ("Heartbeat", {}, [{}]),
        ("StatusNotification", {}, [0, 1]),
        ("StatusNotification", {"connectorId": 1}, [1]),
        ("MeterValues", {}, [1]),
        ("DiagnosticsStatusNotification", {}, [{"status": "Idle"}]),
        ("FirmwareStatusNotification", {}, [{"status": "Idle"}]),
    ],
)
def test_a_trigger_makes_it_send(
    central: CentralSystem, cp: ChargePoint, message: str, fields: Payload, sent: list[Any]
) -> None:
    """What was asked for, for the connector named or for all."""
    before = len(central.received)
    assert central.status("TriggerMessage", requestedMessage=message, **fields) == "Accepted"
    cp.settle()
    came = [payload for name, payload in central.received[before:] if name == message]
    assert sent == [payload.get("connectorId", payload) for payload in came]
    assert len(sent) == len(central.received) - before


def test_a_triggered_sample_says_so(central: CentralSystem, cp: ChargePoint) -> None:
    """By its context; in a transaction it names that."""
    cp.start_transaction(1, "TAG")
    central.command("TriggerMessage", requestedMessage="MeterValues", connectorId=1)
    cp.settle()
    (values,) = central.payloads("MeterValues")
    assert (1, "Trigger") == (values["transactionId"], values["meterValue"][0]["sampledValue"][0]["context"])


def test_a_trigger_for_an_unknown_connector_is_rejected(central: CentralSystem, cp: ChargePoint) -> None:
    """Nothing is sent."""
    assert central.status("TriggerMessage", requestedMessage="MeterValues", connectorId=9) == "Rejected"
    cp.settle()
    assert [] == central.payloads("MeterValues")


def test_unlocking_ends_the_transaction(central: CentralSystem, cp: ChargePoint) -> None:
    """With its own reason."""
    cp.start_transaction(1, "TAG")
    assert central.status("UnlockConnector", connectorId=1) == "Unlocked"
    cp.settle()
    assert "UnlockCommand" == central.payloads("StopTransaction")[0]["reason"]


def test_unlocking_may_fail(central: CentralSystem, cp: ChargePoint) -> None:
    """Then the transaction goes on."""
    cp.faults.unlock_fails = True
    cp.start_transaction(1, "TAG")
    assert central.status("UnlockConnector", connectorId=1) == "UnlockFailed"
    cp.settle()
    assert [] == central.payloads("StopTransaction")


@pytest.mark.parametrize("connector_id", [0, 99])
def test_an_unknown_connector_has_no_lock(central: CentralSystem, cp: ChargePoint, connector_id: int) -> None:
    """NotSupported, as the certification has it."""
    assert central.status("UnlockConnector", connectorId=connector_id) == "NotSupported"


def test_a_feature_profile_can_be_missing(central: CentralSystem) -> None:
    """The confirmation says so where it can, else a fault does."""
    traits = Traits(configuration={"SupportedFeatureProfiles": "Core,RemoteTrigger"})
    with ChargePoint(central.url, "CP-1", traits, speed=0) as cp:
        cp.wait_accepted()
        request = {"connectorId": 1, "csChargingProfiles": profile()}
        assert central.status("SetChargingProfile", **request) == "NotSupported"
        assert {"listVersion": -1} == central.command("GetLocalListVersion")
        assert central.status("TriggerMessage", requestedMessage="FirmwareStatusNotification") == "NotImplemented"
        with pytest.raises(StationFault) as fault:
            central.command("CancelReservation", reservationId=1)
    assert ("Receiver", "NotSupported") == (fault.value.code, fault.value.subcode)
