"""What a station's answer to a command changes in what we know of it: the FOLLOW_UPS table.

Each row is a function of a `FollowUp`; it runs in the transaction that stores the answer and never calls a station.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..protocol.writing import to_json
from .confidential import without_secrets
from .ports import Work
from .records import Json


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An answered command: `request` and `answer` in typed values."""

    work: Work
    station_id: int
    command_id: int
    request: Json
    answer: Json
    now: datetime

    @property
    def accepted(self) -> bool:
        """Whether the station did, or will do, what it was asked."""
        return self.answer.get("status") in ("Accepted", "Scheduled", "RebootRequired")


def _reserve(done: FollowUp) -> None:
    if done.accepted:
        done.work.transactions.reserve(done.station_id, done.request, done.command_id, done.now)


def _cancel_reservation(done: FollowUp) -> None:
    if done.accepted:
        done.work.transactions.end_reservation(done.station_id, done.request["reservationId"], "Cancelled")


def _local_list_sent(done: FollowUp) -> None:
    if done.accepted:
        done.work.charge_points.change(done.station_id, local_list_version=done.request["listVersion"])


def _local_list_version(done: FollowUp) -> None:
    done.work.charge_points.change(done.station_id, local_list_version=done.answer["listVersion"])


def _configuration(done: FollowUp) -> None:
    keys, unknown = done.answer.get("configurationKey", []), done.answer.get("unknownKey", [])
    # Asked for no key in particular, the station has told all that it has.
    everything = bool(keys) and not done.request.get("key")
    done.work.charge_points.set_configuration(done.station_id, keys, unknown, done.now, everything)


def _configuration_changed(done: FollowUp) -> None:
    if done.accepted:
        changed = without_secrets("ChangeConfiguration", {name: done.request[name] for name in ("key", "value")})
        done.work.charge_points.set_configuration(done.station_id, [changed], [], done.now)


def _availability(done: FollowUp) -> None:
    if done.accepted:
        done.work.charge_points.set_availability(
            done.station_id, done.request["connectorId"], done.request["type"], done.now
        )


def _profile_set(done: FollowUp) -> None:
    if done.accepted:
        profile = to_json(done.request["csChargingProfiles"])
        done.work.transactions.set_profile(done.station_id, done.request["connectorId"], profile, done.now)


def _profiles_cleared(done: FollowUp) -> None:
    # Unknown means that the station has no such profile: then none is in force either.
    done.work.transactions.clear_profiles(done.station_id, done.request)


# RemoteStartTransaction and RemoteStopTransaction are linked by the transaction that they cause, as soon as the station
# reports it (handlers/transactions): the answer to the command may well come later than that.
FOLLOW_UPS: Mapping[str, Callable[[FollowUp], None]] = {
    "CancelReservation": _cancel_reservation,
    "ChangeAvailability": _availability,
    "ChangeConfiguration": _configuration_changed,
    "ClearChargingProfile": _profiles_cleared,
    "GetConfiguration": _configuration,
    "GetLocalListVersion": _local_list_version,
    "ReserveNow": _reserve,
    "SendLocalList": _local_list_sent,
    "SetChargingProfile": _profile_set,
}
