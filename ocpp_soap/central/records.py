"""What handlers and operators see of the store: frozen records with the standard's own words, times aware UTC.

Repositories (`ports`) hand these out; no record reaches into a database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]
Flags = list[dict[str, str | None]]


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """A registered charge point. `status`: Accepted, Pending or Rejected; `heartbeat_interval` in seconds or None.

    `callback_url` is where it is called, completed; `callback_said` what its last wsa:From said; `callback_source` is
    "station" or "operator". `callback_peer` is the address it was learned from; `callback_refused` {url, said, peer,
    at, reason} a change that did not take effect. `profile` and `access` are `profile.Profile` and
    `authentication.Access` as stored; `quirks` those it has shown: {name: {first, last, operation, raw}}.
    `commands_waiting`: there may be commands that are to be sent when it speaks next.
    """

    id: int
    identity: str
    status: str
    heartbeat_interval: int | None
    version: str | None
    callback_url: str | None
    callback_said: str | None
    callback_source: str | None
    callback_peer: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    last_boot: datetime | None
    clock_offset: float | None
    clock_offset_at: datetime | None
    peer: str | None
    boot: Json
    firmware_status: str | None = None
    diagnostics_status: str | None = None
    local_list_version: int | None = None
    profile: Json | None = None
    access: Json | None = None
    quirks: Json | None = None
    callback_refused: Json | None = None
    commands_waiting: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """Failed authentications of a station from one address: how many in all, why the last one failed."""

    identity: str
    peer: str
    reason: str
    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class UnknownChargePoint:
    """A station that spoke without being registered; `boot` holds what a BootNotification said of it."""

    identity: str
    version: str
    operation: str
    peer: str | None
    callback: str | None
    boot: Json
    first_seen: datetime
    last_seen: datetime
    messages: int


@dataclass(frozen=True, slots=True)
class Tag:
    """An idTag. `parent` is the tag of its group; `parent_blocked` and `parent_expires` are that tag's own state."""

    id_tag: str
    blocked: bool
    expires: datetime | None
    parent: str | None
    max_transactions: int | None
    parent_blocked: bool = False
    parent_expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """A StartTransaction as it goes into the store. Meter values in Wh; `ordered_at` orders starts."""

    charge_point_id: int
    key: str
    connector_id: int | None
    id_tag: str | None
    start_timestamp: datetime
    received: datetime
    ordered_at: datetime
    meter_start: int | None
    reservation_id: int | None
    id_tag_info: Json
    flags: Flags


@dataclass(frozen=True, slots=True)
class Transaction:
    """A stored transaction; the stop fields are None while it is open. `parent` is the group of its idTag at the start.

    `closed_by` is "station" or "operator"; `superseded_by` the transaction that started on its connector meanwhile.
    `start_received`, `stop_received` (of the station's own stop) and `changed` are times of our own clock.
    """

    id: int
    charge_point_id: int
    identity: str
    connector_id: int | None
    id_tag: str | None
    start_timestamp: datetime
    meter_start: int | None
    reservation_id: int | None
    id_tag_info: Json
    start_flags: Flags
    stop_timestamp: datetime | None
    meter_stop: int | None
    stop_id_tag: str | None
    reason: str | None
    stop_flags: Flags
    closed_by: str | None
    superseded_by: int | None
    start_received: datetime
    stop_received: datetime | None
    changed: datetime

    @property
    def energy(self) -> int | None:
        """In Wh, where both readings are known."""
        return None if self.meter_start is None or self.meter_stop is None else self.meter_stop - self.meter_start


@dataclass(frozen=True, slots=True)
class Revision:
    """A change of a transaction after its end or by an operator: by whom, what for, and the values `before` it.

    `action` is close, correct, annotate, or stop: the station's own stop came after an operator's closing.
    """

    transaction_id: int
    at: datetime
    actor: str
    action: str
    reason: str | None
    note: str | None
    before: Json


@dataclass(frozen=True, slots=True)
class NewStop:
    """A StopTransaction as it goes into the store; `transaction_id` as sent, `effective`: whether it ends one."""

    charge_point_id: int
    key: str
    transaction_id: int | None
    timestamp: datetime
    received: datetime
    meter_stop: int | None
    id_tag: str | None
    reason: str | None
    answer: Json
    flags: Flags
    effective: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One sampledValue with all of its attributes, defaults filled in; `group` numbers its meterValue."""

    group: int
    timestamp: datetime
    value: str
    context: str
    format: str
    measurand: str
    location: str
    unit: str | None
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class StatusNotice:
    """A StatusNotification; `ordered_at` is None when its order is that of receipt (soap-binding decision 9)."""

    charge_point_id: int
    connector_id: int
    status: str
    error_code: str | None
    info: str | None
    vendor_id: str | None
    vendor_error_code: str | None
    timestamp: datetime | None
    received: datetime
    ordered_at: datetime | None
    flags: Flags


STATES = ("queued", "sending", "answered", "not_transmitted", "uncertain", "expired", "cancelled")
"""Of a command; the last five are final, but that an uncertain one may still be answered."""

NOW, NEXT_CONTACT = TIMINGS = ("now", "next-contact")


@dataclass(frozen=True, slots=True)
class Command:
    """A call to a station, in one of the STATES; `when` is one of TIMINGS.

    `answer` is the confirmation's payload as JSON; `fault` {code, subcode, text} when the station answered with one;
    `error` says in words why there is no answer. `address` is the URL that was called;
    `transaction_id` the transaction that a remote start or stop brought about. It is not sent before `not_before`
    (None: not before the station speaks), and never after `deadline`; `attempts` counts how often it was tried,
    `retries` how often more it may be while nothing of it reached the station.
    """

    id: int
    charge_point_id: int
    identity: str
    operation: str
    request: Json
    state: str
    answer: Json | None
    fault: Json | None
    error: str | None
    address: str | None
    created: datetime
    sent: datetime | None
    finished: datetime | None
    transaction_id: int | None = None
    when: str = NOW
    deadline: datetime | None = None
    not_before: datetime | None = None
    attempts: int = 0
    retries: int = 0
    may_leave_out: Sequence[str] = ()
    batch_id: int | None = None
    who: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether it is neither waiting nor on its way."""
        return self.state not in STATES[:2]


@dataclass(frozen=True, slots=True)
class Batch:
    """The same command to many stations; `states` counts its commands in each of the STATES."""

    id: int
    operation: str
    request: Json
    who: str | None
    created: datetime
    total: int
    states: dict[str, int] = field(default_factory=dict)

    @property
    def is_finished(self) -> bool:
        """Whether each of its commands is."""
        return not any(self.states[state] for state in STATES[:2])


@dataclass(frozen=True, slots=True)
class Exchange:
    """One row of the journal: a request and its answer as raw bytes.

    `direction` is "in" (a station called) or "out" (we called it); `outcome` is "answered", the subcode of a fault, or
    the outcome of a command; `duration` in seconds. `request_id` is the X-Request-ID that it came with.
    """

    at: datetime
    direction: str
    identity: str | None
    operation: str | None
    version: str | None
    peer: str | None
    duration: float
    outcome: str
    request: bytes
    answer: bytes | None
    flags: Flags = field(default_factory=list)
    id: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows of the journal are meant: from `since` on and before `until`; `outcome` as an `Exchange` has it."""

    identity: str | None = None
    operation: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcome: str | None = None
