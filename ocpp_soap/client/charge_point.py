"""One charge point: what is known of it, what operators decide of it, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict

from . import words
from .awaiting import Awaiting
from .commands import Command, State
from .editing import changing
from .journal import JournalEntry
from .models import Callback, ConfigurationKey, Json, Portrait, Registration
from .operations import Operations
from .paging import every, rows
from .reading import given, read


class Profile(TypedDict, total=False):
    """How a station is spoken to; what is not given stays as it is. `portrait().profile` shows what there is."""

    strictness: Literal["lenient", "strict"]
    compression: Literal["none", "gzip", "deflate"]
    faultStatus: Literal["soap", "200", "400", "500"] | None
    headers: Literal["full", "classic", "bare"]
    contentTypeAction: bool
    tlsMinimum: Literal["default", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
    tlsPin: str | None


class ChargePoint(Operations, Awaiting):
    """A charge point by its chargeBoxIdentity; nothing is asked of the gateway before a method is called.

    Every operation of the standard is a method that sends a `Command`: `point.reset(type="Soft").wait(10).answer`.
    How it is sent stands before the standard's words and has no name, so that it can't be taken for one of them:
    `point.reset(Options(when="next-contact"), type="Soft")`.

    What changes something takes an `etag` of what was read before: when somebody has changed it meanwhile, `Changed`
    is raised and nothing is done. Without one it is done in any case.
    """

    def __repr__(self) -> str:
        return f"ChargePoint({self.chargeBoxIdentity!r})"

    def change(
        self,
        *,
        status: Registration | None = None,
        heartbeatInterval: int | Literal["usual"] | None = None,
        profile: Profile | None = None,
        etag: str | None = None,
    ) -> Portrait:
        """Decides whether it may charge here, the seconds between its heartbeats, and how it is spoken to.

        What is not given stays as it is; an interval is the "usual" one again when there is none of its own.
        """
        fields = given(status=status, heartbeatInterval=heartbeatInterval, profile=profile)
        if heartbeatInterval == "usual":
            fields["heartbeatInterval"] = None
        with changing(self.portrait):
            headers = {"If-Match": etag or "*"}
            reply = self._transport.call("PATCH", self._path, body=fields, headers=headers)
        return read(Portrait, reply.object(), etag=reply.headers.get("ETag"))

    def callback(self) -> Callback:
        """Where it is called, and how that address came about."""
        return self._callback("GET")

    def set_callback(self, url: str, *, etag: str | None = None) -> Callback:
        """Fixes where it is called; nothing that the station says changes it then."""
        with changing(self.callback):
            return self._callback("PUT", {"url": url}, {"If-Match": etag or "*"})

    def forget_callback(self, *, etag: str | None = None) -> None:
        """Forgets where it is called; its next message says it anew."""
        with changing(self.callback):
            self._transport.call("DELETE", f"{self._path}/callback", headers={"If-Match": etag or "*"})

    def _callback(self, method: str, body: Json | None = None, headers: Mapping[str, str] | None = None) -> Callback:
        reply = self._transport.call(method, f"{self._path}/callback", body=body, headers=headers)
        return read(Callback, reply.object(), etag=reply.headers.get("ETag"))

    def configuration(self) -> tuple[ConfigurationKey, ...]:
        """Its settings as far as it has told them: `get_configuration` asks for them."""
        return every(self._transport, f"{self._path}/configuration", ConfigurationKey)

    def journal(
        self,
        *,
        operation: str | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[JournalEntry]:
        """What went over the wire between it and the gateway, newest first."""
        wanted = {"operation": operation, "outcome": outcome, "since": since, "until": until}
        return rows(self._transport, f"{self._path}/journal", JournalEntry, limit, **wanted)

    def commands(
        self, *, state: State | None = None, operation: words.Operation | None = None, limit: int | None = None
    ) -> Iterator[Command[Any]]:
        """What it was told, newest first."""
        return rows(self._transport, f"{self._path}/commands", Command, limit, state=state, operation=operation)
