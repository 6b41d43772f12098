"""The context of one call from a station: who, in which version, from where, when, under which policy.

Handlers take the time and everything else about the exchange from here, never from a clock or a request object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from ..errors import Fault, Problem
from ..protocol.quirks import AROUND_A_MESSAGE
from ..protocol.reading import Flag
from .authentication import NOTHING, Credentials, Rules
from .callback import CallbackGuard
from .profile import EVERYBODYS, Profile
from .records import ChargePoint, Flags, Json

# Characters that are kept of the texts of one flag; of all flags of a message, before each is cut to the least.
KEPT_OF_A_FLAG, KEPT_AT_LEAST = 2000, 80
KEPT_OF_FLAGS, KEPT_OF_A_STRANGERS_FLAGS = 32 * 1024, 2 * 1024


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator decided for all stations.

    `unknown_charge_points` is accept, pending or reject; `unknown_tags` accept or reject; the interval is in seconds.
    `access` is what a station has to show; after `failures` failed authentications in ten minutes an address is told to
    wait. `guard` says which callback addresses may be learned.
    """

    unknown_charge_points: str = "pending"
    unknown_tags: str = "reject"
    heartbeat_interval: int = 3600
    journal_heartbeats: bool = True
    access: Rules = field(default_factory=Rules)
    failures: int = 20
    guard: CallbackGuard = field(default_factory=CallbackGuard)


@dataclass(slots=True)
class Call:
    """One call: `identity` as the station spelled it (trimmed), `received` aware UTC, `raw` the request's bytes.

    `callback` is the text of wsa:From/Address as sent, None when the header is missing; `sent` the request's fields as
    nested text, before they were read. `flags` and `problems` are what reading brought up; `violation` finds what
    breaks the specification, for a strict station. The inbox adds `station`, its `profile` and `policy` before a
    handler sees the call; `proven` says that the sender has shown what
    is asked of that station; without `journaled` the exchange leaves no row.
    """

    identity: str
    version: str
    operation: str
    received: datetime
    peer: str | None = None
    message_id: str | None = None
    callback: str | None = None
    raw: bytes = b""
    sent: Mapping[str, Any] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    credentials: Credentials = NOTHING
    violation: Callable[[], Fault | None] = lambda: None
    profile: Profile = EVERYBODYS
    proven: bool = False
    journaled: bool = True
    station: ChargePoint = field(init=False, repr=False)
    policy: Policy = field(init=False, repr=False)

    def flag(self, path: str, raw: object, assumed: str, quirk: str = "") -> None:
        """Notes a tolerance: the field's path, what stood there, what was assumed instead, its name in the table."""
        self.flags.append(Flag(path, None if raw is None else str(raw), assumed, quirk))

    def flags_as_json(self) -> Flags:
        """All flags as the store keeps them."""
        return self._kept(self.flags)

    def content_flags(self) -> Flags:
        """Those about what the message says, and not about how it was sent: for what is kept of its content."""
        return self._kept(flag for flag in self.flags if flag.quirk not in AROUND_A_MESSAGE)

    def _kept(self, flags: Iterable[Flag]) -> Flags:
        """Flags within bounds: the more they say in all the less is kept of each, and of a stranger's the least."""
        left, most = (KEPT_OF_FLAGS, len(self.flags)) if self.proven else (KEPT_OF_A_STRANGERS_FLAGS, 20)
        kept: Flags = []
        for flag in islice(flags, most):
            longest = max(KEPT_AT_LEAST, min(KEPT_OF_A_FLAG, left))
            kept.append({name: text and text[:longest] for name, text in flag.as_dict().items()})
            left -= sum(len(text or "") for text in kept[-1].values())
        return kept


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer ready to leave: HTTP status, body, and for the journal "answered" or the fault's subcode.

    `action` is named in the content type where the station wants that.
    """

    status: int
    body: bytes
    outcome: str
    action: str | None = None
    retry_after: int | None = None


Render = Callable[[Json | Fault], Reply]
"""Makes a reply of a response or a fault; may be called again when the transaction is run again."""
