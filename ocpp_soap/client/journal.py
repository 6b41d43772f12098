"""What went over the wire between a station and the gateway, also as lines for people."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from .models import Flag, Model


@dataclass(frozen=True, kw_only=True)
class JournalEntry(Model):
    """A message and its answer as they went over the wire; `direction` "in": a station called.

    `outcome` is "answered", the subcode of a fault, or the outcome of a command.
    """

    id: int
    at: datetime
    direction: Literal["in", "out"]
    chargeBoxIdentity: str | None = None
    operation: str | None = None
    version: str | None = None
    peer: str | None = None
    milliseconds: float = 0.0
    outcome: str
    flags: tuple[Flag, ...] = ()
    requestId: str | None = None
    request: str | None = field(default=None, repr=False)
    answer: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        way = {"in": "← ", "out": "→ "}.get(self.direction, self.direction)
        flags = "; ".join(f"{flag.path}: {flag.assumed or flag.quirk or flag.raw}" for flag in self.flags)
        time = self.at.strftime("%H:%M:%S.%f")[:-3]
        told = f"{time} {way}{self.operation or '?'}{_words(self.request)}: {self.outcome}{_words(self.answer)}"
        return f"{told}  [{flags}]" if flags else told


# Never what may be a secret: no idTag, no value of a setting, no location.
_TELLING = re.compile(
    r"<(?:[\w.-]+:)?(connectorId|status|errorCode|type|requestedMessage|transactionId|reason)"
    r"(?:\s[^>]*)?>\s*([\w.-]{1,40})\s*</"
)


def _words(message: str | None) -> str:
    found = _TELLING.findall((message or "").partition("Body")[2])
    return f" ({', '.join(f'{name} {word}' for name, word in found[:4])})" if found else ""
