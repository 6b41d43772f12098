"""What is ordered of stations: as operators give it, as it goes into the store, and whose turn it is to be sent.

Only what can be said of an order by itself; `commands` looks at its payload and queues it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..errors import Refused
from .records import NEXT_CONTACT, NOW, TIMINGS, ChargePoint, Json

# How long a command may wait before it is no longer sent: a remote start that comes late is dangerous.
DEADLINES = {NOW: timedelta(minutes=10), NEXT_CONTACT: timedelta(hours=24)}
FURTHEST = timedelta(days=30)

MAX_RETRIES = 10
# Said twice they come to the same as said once, also when something else was said between.
IDEMPOTENT = frozenset(
    {
        "CancelReservation",
        "ChangeAvailability",
        "ChangeConfiguration",
        "ClearCache",
        "ClearChargingProfile",
        "GetCompositeSchedule",
        "GetConfiguration",
        "GetLocalListVersion",
        "RemoteStopTransaction",
        "ReserveNow",
        "SendLocalList",
        "SetChargingProfile",
    }
)


@dataclass(frozen=True, slots=True)
class Order:
    """An operation with its JSON payload in the newest words, for one station or for many.

    `may_leave_out` names fields to do without where a station's version has no words for them. `when` is one of
    `records.TIMINGS`; `deadline` aware UTC, None for the default of `when`; `retries` how often it may be tried again
    when nothing of it reached the station.
    """

    operation: str
    payload: Any
    may_leave_out: Collection[str] = ()
    when: str = NOW
    deadline: datetime | None = None
    retries: int = 0

    def fingerprint(self, *addressees: object) -> str:
        """What tells it from every other order, or from the same one to others."""
        said = [self.operation, self.payload, sorted(self.may_leave_out), self.when, self.deadline, self.retries]
        text = json.dumps([said, addressees], sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def command_for(
        self, station: ChargePoint, request: Json, now: datetime, who: str, error: str | None = None
    ) -> NewCommand:
        """The command that it is for one station; raises `Refused` for options that are none."""
        return NewCommand(
            charge_point_id=station.id,
            operation=self.operation,
            request=request,
            created=now,
            deadline=self._until(now),
            when=self.when,
            retries=self.retries,
            may_leave_out=tuple(self.may_leave_out),
            who=who or None,
            error=error,
        )

    def _until(self, now: datetime) -> datetime:
        if self.when not in TIMINGS:
            raise Refused(f"a command is sent {' or '.join(TIMINGS)}, not {self.when[:40]!r}")
        if not 0 <= self.retries <= MAX_RETRIES:
            raise Refused(f"a command is tried again {MAX_RETRIES} times at most")
        if self.retries and self.operation not in IDEMPOTENT:
            others = ", ".join(sorted(IDEMPOTENT))
            raise Refused(
                f"{self.operation} is not tried again by itself, since it may come too late; these are: {others}"
            )
        deadline = self.deadline or now + DEADLINES[self.when]
        if not now < deadline <= now + FURTHEST:
            raise Refused(f"a deadline lies in the future, by {FURTHEST.days} days at most")
        return deadline


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command as it goes into the store; `request` as JSON, `may_leave_out` names fields of it.

    With an `error` it is finished already: not transmitted, for that reason.
    """

    charge_point_id: int
    operation: str
    request: Json
    created: datetime
    deadline: datetime
    when: str = NOW
    retries: int = 0
    may_leave_out: Sequence[str] = ()
    who: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """What came of the order that a key (Idempotency-Key) was given with first: a command or a batch."""

    fingerprint: str
    command_id: int | None = None
    batch_id: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """The right of a holder to send a command, while its lease of the station lasts.

    `silent`: the station gave no answer when it was called last.
    """

    station_id: int
    command_id: int
    holder: str
    silent: bool = False
