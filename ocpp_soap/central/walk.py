"""The way to a station, gone step by step: what `soap` meets on it, and what `probing` judges by.

Data, and the Protocol of who goes; it knows no socket and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..errors import CallFailed
from .ports import Answered
from .profile import Profile
from .records import Json

NAME, GUARD, CONNECT, TLS, HTTP, SOAP = STEPS = ("name", "guard", "connect", "tls", "http", "soap")


@dataclass(frozen=True, slots=True)
class Step:
    """One of STEPS: what was met there; `trouble` is a name of `advice.TROUBLES`, None where all is well."""

    name: str
    words: str
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """A whole way and its end: `trouble` says where it ended, None for an answer; `seconds` how long it took.

    `tls` is the protocol's version, `certificate` {sha256, subject, issuer, names, notBefore, notAfter} that of whoever
    is there; `location` where a redirect leads. `result` holds both messages as bytes.
    """

    steps: tuple[Step, ...]
    trouble: str | None
    result: Answered | CallFailed
    seconds: float
    tls: str | None = None
    certificate: Json | None = None
    location: str | None = None

    @property
    def words(self) -> str:
        """What was met last."""
        return self.steps[-1].words if self.steps else ""


class Walker(Protocol):
    """Who goes the way."""

    def walk(
        self, address: str, identity: str, version: str, operation: str | None, payload: Json, profile: Profile
    ) -> Walk:
        """Calls the station once, exactly as a command does; without an operation it asks as a browser does (GET)."""

    def look_closer(self, walk: Walk, address: str, profile: Profile) -> Walk:
        """What a connection without a message tells of a trouble: certificate, old protocol, wrong scheme."""
