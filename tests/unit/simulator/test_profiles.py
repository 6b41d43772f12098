"""The rules by which a charge point takes, replaces and forgets charging profiles."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ocpp_soap.simulator.configuration import Configuration
from ocpp_soap.simulator.profiles import Profiles


def profile(number: int = 1, purpose: str = "TxDefaultProfile", level: int = 0, **fields: Any) -> dict[str, Any]:
    """A profile with one period of 11 kW."""
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": Decimal(11000)}]}
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
        **fields,
    }


def starting(*starts: int) -> dict[str, Any]:
    """A schedule whose periods start there."""
    return {
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": start, "limit": Decimal(1)} for start in starts],
        }
    }


@pytest.mark.parametrize(
    ("connector_id", "offered", "fits"),
    [
        (0, profile(), True),
        (1, profile(), True),
        (0, profile(purpose="ChargePointMaxProfile"), True),
        (1, profile(purpose="ChargePointMaxProfile"), False),
        (0, profile(purpose="ChargePointMaxProfile", chargingProfileKind="Relative"), False),
        (1, profile(purpose="TxProfile"), True),
        (0, profile(purpose="TxProfile"), False),
        (1, profile(level=10), True),
        (1, profile(level=11), False),
        (1, profile(level=-1), False),
        (1, profile(chargingProfileKind="Recurring", recurrencyKind="Daily"), True),
        (1, profile(chargingProfileKind="Recurring"), False),
        (1, profile(**starting(0, 60)), True),
        (1, profile(**starting(1)), False),
        (1, profile(**starting(0, 60, 60)), False),
        (1, profile(**starting(*range(25))), False),
    ],
)
def test_a_profile_has_to_fit(connector_id: int, offered: dict[str, Any], fits: bool) -> None:
    """Its place, kind, stack level and periods are looked at."""
    assert fits is Profiles().fits(connector_id, offered, Configuration())


def test_only_so_many_profiles_fit_and_a_replacement_always_does() -> None:
    """MaxChargingProfilesInstalled counts them."""
    profiles, configuration = Profiles(), Configuration(MaxChargingProfilesInstalled=1)
    profiles.install(1, profile(1))
    assert (False, True) == tuple(profiles.fits(1, profile(n, level=n), configuration) for n in (2, 1))


def test_a_profile_replaces_one_of_its_id_or_place() -> None:
    """The same purpose and stack level on the same connector is the same place (§5.16)."""
    profiles = Profiles()
    profiles.install(1, profile(1))
    profiles.install(2, profile(2))
    profiles.install(1, profile(3))
    profiles.install(2, profile(2, level=5))
    assert [(1, 3, 0), (2, 2, 5)] == [
        (i.connector_id, i.profile["chargingProfileId"], i.profile["stackLevel"]) for i in profiles.installed
    ]


@pytest.mark.parametrize(
    ("criteria", "left"),
    [
        ({"id": 1}, [2, 3]),
        ({"id": 9}, [1, 2, 3]),
        ({"connectorId": 1}, [2]),
        ({"chargingProfilePurpose": "TxDefaultProfile"}, [3]),
        ({"stackLevel": 1}, [1, 3]),
        ({"connectorId": 1, "chargingProfilePurpose": "TxProfile"}, [1, 2]),
        ({"connectorId": 2, "stackLevel": 0}, [1, 2, 3]),
        ({}, []),
    ],
)
def test_profiles_are_cleared_that_fit_every_criterion(criteria: dict[str, Any], left: list[int]) -> None:
    """None given means all of them (§5.5); the number of those that were cleared is told."""
    profiles = Profiles()
    profiles.install(1, profile(1))
    profiles.install(2, profile(2, level=1))
    profiles.install(1, profile(3, "TxProfile"))
    assert 3 - len(left) == profiles.clear(criteria)
    assert left == [i.profile["chargingProfileId"] for i in profiles.installed]


def test_the_end_of_a_transaction_ends_its_txprofiles() -> None:
    """Those of other connectors, and defaults, stay."""
    profiles = Profiles()
    for connector_id, number, purpose in ((1, 1, "TxProfile"), (1, 2, "TxDefaultProfile"), (2, 3, "TxProfile")):
        profiles.install(connector_id, profile(number, purpose))
    profiles.end_transaction(1)
    assert [2, 3] == [i.profile["chargingProfileId"] for i in profiles.installed]
