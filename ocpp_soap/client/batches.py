"""One command for many stations, as a batch with progress; and the commands of all stations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import words
from .commands import Command, Options, State
from .errors import NotInTime
from .models import Json, Model, Registration
from .reading import given, read
from .resources import Resource
from .transport import Transport
from .waiting import looks


@dataclass(frozen=True, kw_only=True)
class Batch(Model):
    """A batch as it stood when it was read: how many of its commands are in which state."""

    batchId: int
    operation: str
    request: Json = field(default_factory=dict)
    who: str | None = None
    created: datetime
    total: int
    finished: bool
    states: dict[State, int]
    _transport: Transport = field(repr=False, compare=False)

    def refresh(self) -> Batch:
        """The batch as it stands now."""
        return read(Batch, self._transport.get(self._path).object(), _transport=self._transport)

    def watch(self, timeout: float = 600.0) -> Iterator[Batch]:
        """The batch as it is now, and then whenever it has moved on, until it is finished; for a progress bar.

        Raises `NotInTime` when it is not finished after `timeout` seconds.
        """
        told = self
        yield told
        for _ in looks(timeout):
            if told.finished:
                return
            seen = told.refresh()
            if seen != told:
                told = seen
                yield told
        if not told.finished:
            raise NotInTime(f"within {timeout:g} s: {told}")

    def wait(self, timeout: float = 600.0) -> Batch:
        """The batch when all of its commands have ended, however they did; `NotInTime` after `timeout` seconds."""
        *_, last = self.watch(timeout)
        return last

    def commands(self, *, state: State | None = None, limit: int | None = None) -> Iterator[Command[Any]]:
        """Its commands, newest first; with `state` those alone, such as "uncertain"."""
        return Commands(self._transport).list(batch=self.batchId, state=state, limit=limit)

    def cancel(self) -> Batch:
        """Takes back those of its commands that are queued; `Conflict` when none is."""
        cancelled = self._transport.call("POST", f"{self._path}/cancel").object()
        return read(Batch, cancelled, _transport=self._transport)

    @property
    def _path(self) -> str:
        return f"/batches/{self.batchId}"

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in self.states.items() if count)
        return f"{self.operation} to {self.total} charge points (batch {self.batchId}): {states}"


class Commands(Resource):
    """The commands of all stations. Those of one, and how they are sent: `gateway.charge_point`."""

    def list(
        self,
        *,
        chargePoint: str | None = None,
        state: State | None = None,
        operation: words.Operation | None = None,
        batch: int | None = None,
        limit: int | None = None,
    ) -> Iterator[Command[Any]]:
        """Commands, newest first."""
        return self._rows(
            "/commands", Command, limit, chargePoint=chargePoint, state=state, operation=operation, batch=batch
        )

    def get(self, commandId: int) -> Command[Any]:
        """One command."""
        found = self._transport.get(f"/commands/{commandId}").object()
        return read(Command, found, _transport=self._transport)


class Batches(Resource):
    """Commands for many stations at once."""

    def send(
        self,
        operation: words.Operation,
        payload: Mapping[str, object],
        options: Options | None = None,
        /,
        *,
        ids: Sequence[str] | None = None,
        status: Registration | None = None,
        version: str | None = None,
        chargePointVendor: str | None = None,
        chargePointModel: str | None = None,
        prefix: str | None = None,
        all: bool = False,
    ) -> Batch:
        """Sends one command to each of the stations that are named by `ids`, or fit all of the other filters.

        Every station there is must be asked for with `all`. What a station's version can't be told becomes a command
        that is not transmitted, with the reason.
        """
        chosen = given(
            ids=ids,
            status=status,
            version=version,
            chargePointVendor=chargePointVendor,
            chargePointModel=chargePointModel,
            prefix=prefix,
            all=all or None,
        )
        if not chosen:
            raise ValueError("name the charge points: ids=…, prefix=…, status=… and so on, or all=True")
        how = options or Options()
        order = given(operation=operation, payload=given(**payload), chargePoints=chosen, **how.fields())
        reply = self._transport.call("POST", "/commands", body=order, headers=how.headers())
        return read(Batch, reply.object(), _transport=self._transport)

    def list(self, *, limit: int | None = None) -> Iterator[Batch]:
        """Batches, newest first."""
        return self._rows("/batches", Batch, limit)

    def get(self, batchId: int) -> Batch:
        """One batch."""
        return read(Batch, self._transport.get(f"/batches/{batchId}").object(), _transport=self._transport)
