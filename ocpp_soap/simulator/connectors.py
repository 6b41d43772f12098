"""A connector of a simulated charge point: what is plugged in, what runs on it, and the status that follows.

Data and rules only: it neither sends nor keeps time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .charging import Profile


@dataclass(slots=True)
class Transaction:
    """A transaction; `transaction_id` is None until the Central System has given it one.

    `id_tag_info` is what StartTransaction was answered; times are simulated ones; meters in Wh.
    """

    connector_id: int
    id_tag: str
    started: datetime
    meter_start: int
    parent: str | None = None
    reservation_id: int | None = None
    transaction_id: int | None = None
    id_tag_info: dict[str, Any] | None = None
    stopped: datetime | None = None
    meter_stop: int | None = None
    reason: str | None = None
    data: list[dict[str, Any]] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """The Central System did not accept its tag."""
        return self.id_tag_info is not None and self.id_tag_info["status"] != "Accepted"


@dataclass(frozen=True, slots=True)
class Awaited:
    """Somebody is admitted and has not yet plugged in."""

    id_tag: str
    profile: Profile | None = None


@dataclass(slots=True)
class Connector:
    """One connector; 0 is the charge point as a whole.

    `operative` is what ChangeAvailability asked for, `scheduled` what it asked for during a transaction. `suspended`
    names the status while no energy flows for a reason of its own, `limited` says that charging profiles allow none.
    `forced` are fields of a StatusNotification that a test put in place of the facts.
    """

    connector_id: int
    plugged: bool = False
    finishing: bool = False
    operative: bool = True
    scheduled: bool | None = None
    suspended: str | None = None
    limited: bool = False
    awaited: Awaited | None = None
    transaction: Transaction | None = None
    forced: dict[str, Any] | None = None
    meter: float = 0.0
    metered: datetime | None = None
    reported: dict[str, Any] | None = None
    untold: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def facts(self, reserved: bool, station_operative: bool = True) -> dict[str, Any]:
        """The fields of a StatusNotification that tell the state (§4.9), without its timestamp."""
        if self.forced is not None:
            return {"connectorId": self.connector_id, **self.forced}
        status = self._status(reserved, self.operative and station_operative)
        return {"connectorId": self.connector_id, "status": status, "errorCode": "NoError"}

    def _status(self, reserved: bool, operative: bool) -> str:
        if self.transaction:
            return self.suspended or ("SuspendedEVSE" if self.limited else "Charging")
        if not operative:
            return "Unavailable"
        if self.plugged and self.finishing:
            return "Finishing"
        if self.plugged or self.awaited:
            return "Preparing"
        return "Reserved" if reserved else "Available"

    def forget_reports(self) -> None:
        """Nobody knows its status any more."""
        self.reported = None
        self.untold.clear()

    def set_operative(self, operative: bool) -> str:
        """ChangeAvailability (§5.2): Accepted, or Scheduled while a transaction runs."""
        if self.transaction and operative != self.operative:
            self.scheduled = operative
            return "Scheduled"
        self.operative, self.scheduled = operative, None
        return "Accepted"

    def end_transaction(self) -> None:
        """The transaction is over: what was scheduled comes into force."""
        self.transaction = self.suspended = None
        self.limited = False
        self.finishing = self.plugged
        if self.scheduled is not None:
            self.operative, self.scheduled = self.scheduled, None
