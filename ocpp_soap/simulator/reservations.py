"""The reservations that a charge point holds, and the rules by which it makes, uses and ends them.

Pure (OCPP 1.6 §5.13); expiry is timed elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ANSWERS = {"Available": "Accepted", "Faulted": "Faulted", "Unavailable": "Unavailable"}


@dataclass(frozen=True, slots=True)
class Reservation:
    """One reservation; connector 0 means any connector."""

    reservation_id: int
    connector_id: int
    id_tag: str
    parent_id_tag: str | None
    expiry: datetime

    def admits(self, id_tag: str, parent: str | None) -> bool:
        """Whether this tag, or its group, may use it."""
        own = self.id_tag.casefold() == id_tag.casefold()
        return own or (parent is not None and (self.parent_id_tag or "").casefold() == parent.casefold())


class Reservations:
    """The reservations in force, by id."""

    def __init__(self) -> None:
        self.active: dict[int, Reservation] = {}

    def make(self, request: Mapping[str, Any], statuses: Mapping[int, str], zero: bool, now: datetime) -> str:
        """ReserveNow: makes or replaces a reservation; returns the answer's status.

        `statuses` are those of the connectors from 0 on; `zero`: connector 0 can be reserved.
        """
        number, connector_id = request["reservationId"], request["connectorId"]
        if connector_id not in statuses or (connector_id == 0 and not zero) or request["expiryDate"] <= now:
            return "Rejected"
        replaced = self.active.get(number)
        if replaced and replaced.connector_id:
            statuses = {**statuses, replaced.connector_id: "Available"}
        status = self._answer(connector_id, statuses, promised=self._promised(number))
        if status == "Accepted":
            self.active[number] = Reservation(
                number, connector_id, request["idTag"], request.get("parentIdTag"), request["expiryDate"]
            )
        return status

    def cancel(self, reservation_id: int) -> Reservation | None:
        """Ends a reservation; None when there is none of that id."""
        return self.active.pop(reservation_id, None)

    def on(self, connector_id: int) -> Reservation | None:
        """The reservation of that very connector."""
        return next((r for r in self.active.values() if r.connector_id == connector_id), None)

    def usable(self, connector_id: int, id_tag: str, parent: str | None) -> Reservation | None:
        """The reservation that this tag would use by charging on that connector."""
        fitting = [r for r in self.active.values() if r.connector_id in (0, connector_id) and r.admits(id_tag, parent)]
        return max(fitting, key=lambda r: r.connector_id, default=None)

    def forbids(self, connector_id: int, id_tag: str, parent: str | None, free: int) -> bool:
        """Whether that connector is kept for somebody else; `free` counts those that nobody uses or reserved."""
        if self.usable(connector_id, id_tag, parent):
            return False
        return self.on(connector_id) is not None or 0 < free <= self._promised()

    def _promised(self, but: int | None = None) -> int:
        """How many connectors are promised without saying which, one reservation aside."""
        return sum(not r.connector_id for r in self.active.values() if r.reservation_id != but)

    @staticmethod
    def _answer(connector_id: int, statuses: Mapping[int, str], promised: int) -> str:
        own = [status for number, status in statuses.items() if number]
        free = own.count("Available")
        if statuses[0] != "Available":
            return ANSWERS[statuses[0]]
        if connector_id:
            answer = ANSWERS.get(statuses[connector_id], "Occupied")
            return "Occupied" if answer == "Accepted" and free <= promised else answer
        if free > promised:
            return "Accepted"
        return ANSWERS[own[0]] if free == 0 and len(set(own)) == 1 and own[0] in ANSWERS else "Occupied"
