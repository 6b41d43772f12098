"""The certification cases of charging profiles, between the real gateway and a simulated station."""

from __future__ import annotations

from typing import Any

from .stations import Case

ACCEPTED = {"status": "Accepted"}
LIMIT = 11_000


def profile(number: int, purpose: str, **more: Any) -> dict[str, Any]:
    """A profile of one period that allows 11 kW, half of what the station can give."""
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": LIMIT}]}
    return {
        "chargingProfileId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
        **more,
    }


def in_force(case: Case) -> list[tuple[int, dict[str, Any]]]:
    """The profiles that the gateway holds to be in force there, with their connectors."""
    return [(one["connectorId"], one["csChargingProfiles"]) for one in case.known()["chargingProfiles"]]


def charges_half(case: Case) -> None:
    """In a minute the car gets what the profile allows."""
    before = case.station.sent.payloads("MeterValues")
    case.station.tick(60)
    sampled = case.station.sent.payloads("MeterValues")[len(before)]["meterValue"][0]["sampledValue"]
    assert [str(LIMIT)] == [v["value"] for v in sampled if v["measurand"] == "Power.Active.Import"]


def ends(case: Case, id_tag: str) -> None:
    """The session ends at the station and is closed in the store."""
    case.station.stop_transaction()
    assert (id_tag, "Local") == (case.latest().id_tag, case.latest().reason)
    assert case.latest().stop_timestamp is not None
    case.confirmed("StatusNotification", "StartTransaction", "StopTransaction")


def test_tc056_central_smart_charging_txdefault(case: Case) -> None:
    """A TxDefaultProfile limits the running session, and stays in force after it."""
    default = profile(56, "TxDefaultProfile")
    case.station.start_transaction(1, "CERT056")
    assert ACCEPTED == case.send("SetChargingProfile", connectorId=1, csChargingProfiles=default)
    charges_half(case)
    ends(case, "CERT056")
    assert [(1, default)] == in_force(case)


def test_tc057_central_smart_charging_txprofile(case: Case) -> None:
    """A TxProfile with the running transactionId limits that session alone."""
    started = case.station.start_transaction(1, "CERT057")
    own = profile(57, "TxProfile", transactionId=started.transaction_id)
    assert ACCEPTED == case.send("SetChargingProfile", connectorId=1, csChargingProfiles=own)
    assert [(1, own)] == in_force(case)
    charges_half(case)
    ends(case, "CERT057")
    assert [] == case.station.profiles.installed
    assert [] == in_force(case)


def test_tc059_remote_start_with_profile(case: Case) -> None:
    """A profile inside of a remote start limits the session that comes of it."""
    own = profile(59, "TxProfile")
    answer = case.send("RemoteStartTransaction", connectorId=1, idTag="CERT-TAG-1", chargingProfile=own)
    assert ACCEPTED == answer
    charges_half(case)
    assert [] == case.station.sent.of("Authorize")
    ends(case, "CERT-TAG-1")


def test_tc066_get_composite_schedule(case: Case) -> None:
    """The composite schedule shows the limit of the profile that was set before."""
    assert ACCEPTED == case.send(
        "SetChargingProfile", connectorId=1, csChargingProfiles=profile(66, "TxDefaultProfile")
    )
    answer = case.send("GetCompositeSchedule", connectorId=1, duration=600, chargingRateUnit="W")
    assert ("Accepted", 1) == (answer["status"], answer["connectorId"])
    assert [{"startPeriod": 0, "limit": LIMIT}] == answer["chargingSchedule"]["chargingSchedulePeriod"]
    case.confirmed()


def test_tc067_clear_charging_profile(case: Case) -> None:
    """A profile that is cleared by its id is gone at the station and in the store; its neighbour stays."""
    kept = profile(68, "TxDefaultProfile", stackLevel=1)
    for one in (profile(67, "TxDefaultProfile"), kept):
        assert ACCEPTED == case.send("SetChargingProfile", connectorId=1, csChargingProfiles=one)
    assert ACCEPTED == case.send("ClearChargingProfile", id=67)
    assert [68] == [one.profile["chargingProfileId"] for one in case.station.profiles.installed]
    assert [(1, kept)] == in_force(case)
    case.confirmed()
