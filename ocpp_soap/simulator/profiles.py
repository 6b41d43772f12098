"""The charging profiles that a charge point holds, and the rules by which it takes, replaces and forgets them.

Pure (OCPP 1.6 §3.13, §5.5, §5.16); what they mean for the power is in `charging`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .charging import Installed, Profile
from .configuration import Configuration


class Profiles:
    """The installed profiles of one charge point."""

    def __init__(self) -> None:
        self.installed: list[Installed] = []

    def fits(self, connector_id: int, profile: Profile, configuration: Configuration) -> bool:
        """Whether the charge point can take this profile on that connector, the transaction aside."""
        schedule, purpose = profile["chargingSchedule"], profile["chargingProfilePurpose"]
        starts = [period["startPeriod"] for period in schedule["chargingSchedulePeriod"]]
        on_station = connector_id == 0
        placed = {"ChargePointMaxProfile": on_station, "TxProfile": not on_station}.get(purpose, True)
        kind_fits = {
            "Relative": purpose != "ChargePointMaxProfile",
            "Recurring": profile.get("recurrencyKind") is not None,
        }.get(profile["chargingProfileKind"], True)
        replaced = any(self._replaces(one, connector_id, profile) for one in self.installed)
        return (
            placed
            and kind_fits
            and starts[0] == 0
            and starts == sorted(set(starts))
            and all(period["limit"] >= 0 for period in schedule["chargingSchedulePeriod"])
            and 0 <= profile["stackLevel"] <= configuration.number("ChargeProfileMaxStackLevel")
            and len(starts) <= configuration.number("ChargingScheduleMaxPeriods")
            and (replaced or len(self.installed) < configuration.number("MaxChargingProfilesInstalled"))
        )

    def install(self, connector_id: int, profile: Profile) -> None:
        """Takes a profile; it replaces one of the same id, or of the same purpose and stack level there (§5.16)."""
        kept = [one for one in self.installed if not self._replaces(one, connector_id, profile)]
        self.installed = [*kept, Installed(connector_id, dict(profile))]

    def clear(self, criteria: Mapping[str, Any]) -> int:
        """Forgets the profiles that fit every given criterion of ClearChargingProfile (§5.5); returns how many."""
        kept = [one for one in self.installed if not self._named(one, criteria)]
        cleared = len(self.installed) - len(kept)
        self.installed = kept
        return cleared

    def end_transaction(self, connector_id: int) -> None:
        """Forgets the TxProfiles of a connector, whose transaction ended (§3.13)."""
        self.clear({"connectorId": connector_id, "chargingProfilePurpose": "TxProfile"})

    @staticmethod
    def _replaces(one: Installed, connector_id: int, profile: Profile) -> bool:
        same_place = one.connector_id == connector_id and all(
            one.profile[name] == profile[name] for name in ("chargingProfilePurpose", "stackLevel")
        )
        return same_place or one.profile["chargingProfileId"] == profile["chargingProfileId"]

    @staticmethod
    def _named(one: Installed, criteria: Mapping[str, Any]) -> bool:
        facts = {
            "id": one.profile["chargingProfileId"],
            "connectorId": one.connector_id,
            "chargingProfilePurpose": one.profile["chargingProfilePurpose"],
            "stackLevel": one.profile["stackLevel"],
        }
        return all(criteria.get(name) in (None, fact) for name, fact in facts.items())
