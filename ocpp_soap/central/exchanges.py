"""The repositories of what goes to stations and of what is kept of messages: commands, the journal, leases of jobs.

Protocols only; `store` provides them as the parts of one unit of work (`ports.Work`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from .orders import NewCommand, Ordered, Turn
from .pages import BatchFilter, CommandFilter, Page, Position
from .records import Batch, Chosen, Command, Exchange, Json


class Commands(Protocol):
    """Calls to stations, as they are ordered and as they can be seen."""

    def add(self, new: NewCommand) -> int:
        """Queues a command, unless it has an error already; returns its id."""

    def cancel(self, command_id: int, at: datetime, error: str) -> bool:
        """Takes it out of the queue; False when it is no longer there."""

    def find(self, command_id: int) -> Command | None:
        """The command of that id."""

    def list(self, identity: str | None = None, limit: int = 100) -> Sequence[Command]:
        """Newest first."""

    def page(self, chosen: CommandFilter, limit: int, after: Position | None = None) -> Page[Command]:
        """Newest first."""

    def reachability(self, charge_point_id: int) -> Json:
        """Whether the station's address does, by its commands: {reachable, since, lastTried, error}.

        `reachable` None: none was sent yet. Any answer will do but the fault IdentityMismatch, which is another
        station's. `since`: when the first of the unbroken row of commands was sent that went the same way.
        """

    def link_start(self, charge_point_id: int, transaction_id: int, at: datetime) -> int | None:
        """Links the latest RemoteStartTransaction (same idTag; same connector or none; sent within ten minutes; not yet
        linked; not refused) to the transaction that it caused; returns the command's id."""

    def link_stop(self, charge_point_id: int, transaction_id: int) -> int | None:
        """Links the latest RemoteStopTransaction of that transaction to it."""


class Batches(Protocol):
    """The same command to many stations."""

    def add(self, operation: str, request: Json, who: str | None, at: datetime, commands: Sequence[NewCommand]) -> int:
        """Queues the commands as one batch; returns its id."""

    def cancel(self, batch_id: int, at: datetime, error: str) -> int:
        """Takes those out of the queue that are still there; returns how many they were."""

    def find(self, batch_id: int) -> Batch | None:
        """The batch of that id, with what its commands have come to."""

    def page(self, chosen: BatchFilter, limit: int, after: Position | None = None) -> Page[Batch]:
        """Newest first."""


class Keys(Protocol):
    """Keys that orders come with, so that one that is repeated is not carried out twice (Idempotency-Key)."""

    def take(self, who: str, key: str, fingerprint: str, at: datetime) -> Ordered | None:
        """Notes a key of that person or program; what it was used for, when it was."""

    def find(self, who: str, key: str) -> Ordered | None:
        """What a key was used for."""

    def settle(self, who: str, key: str, command_id: int | None = None, batch_id: int | None = None) -> None:
        """Notes what came of a key that was taken in the same transaction."""

    def remove_before(self, moment: datetime) -> int:
        """Forgets the keys that were taken before that time; returns how many."""


class Queue(Protocol):
    """The steps of a command from the queue to its outcome, and the lease that lets one run at a time per station.

    Whoever holds a station's lease is the one who sends to it; `holder` is a text that nobody else has. A lease that
    runs out is free for the next one, which finds what was being sent, and calls it uncertain. All that one holder does
    after that is without effect, but for the outcome of what it has sent.
    """

    def agenda(self, station_id: int | None = None) -> tuple[datetime | None, datetime | None]:
        """When there is something to do next, for one station or for any: to send or to clean up, and to expire."""

    def claim(
        self,
        holder: str,
        now: datetime,
        until: datetime,
        limit: int = 1,
        station_id: int | None = None,
        silent_too: bool = True,
    ) -> Sequence[Turn]:
        """Takes the leases of up to `limit` stations that have something to send, passing over those that others are
        taking, and without `silent_too` over those that gave no answer when they were called last. Stations that turn
        out to have nothing are released again."""

    def first(self, station_id: int, holder: str, now: datetime) -> Turn | None:
        """The turn of a station whose lease this holder has; without one it is released."""

    def lease(self, station_id: int, holder: str, now: datetime, until: datetime) -> bool:
        """Takes the station's lease when it is free or has run out.

        Commands left in `sending` by a holder that ran out become uncertain.
        """

    def release(self, station_id: int, holder: str, now: datetime, silent: bool | None = None) -> None:
        """Gives the lease back, when it is still this holder's; `silent`: whether the station gave no answer."""

    def sending(self, turn: Turn, address: str, at: datetime, until: datetime) -> bool:
        """The request is about to be put on the wire; prolongs the lease.

        False when the lease is no longer this holder's or the command no longer queued.
        """

    def finish(
        self,
        turn: Turn,
        state: str,
        at: datetime,
        answer: Json | None = None,
        fault: Json | None = None,
        error: str | None = None,
    ) -> bool:
        """The outcome of what this holder has sent, also when it has become uncertain meanwhile; False otherwise."""

    def put_back(self, turn: Turn, not_before: datetime, error: str, tried: bool = True) -> bool:
        """Queues what did not reach the station once more; False when it is no longer this holder's to send.

        What was not even tried counts as no attempt, and says nothing of the station.
        """

    def give_up(self, command_id: int, at: datetime, error: str) -> bool:
        """A queued command that can't be sent is not transmitted; False when it is no longer queued."""

    def expire(self, now: datetime) -> int:
        """Queued commands whose deadline has passed are expired; returns how many they were."""

    def contacted(self, station_id: int, not_before: datetime) -> None:
        """The station has spoken: what waits for that may be sent from that time on."""


class Jobs(Protocol):
    """Leases of the jobs that one process at a time does."""

    def lease(self, job: str, holder: str, now: datetime, until: datetime) -> bool:
        """Takes or prolongs the lease of that job; False while another holder has it."""

    def release(self, job: str, holder: str) -> None:
        """Gives the lease back, when it is still this holder's."""


class Journal(Protocol):
    """Raw messages, one row per exchange."""

    def add(self, exchange: Exchange) -> None:
        """Appends a row."""

    def list(self, identity: str | None = None, limit: int = 100) -> Sequence[Exchange]:
        """Newest first."""

    def page(self, chosen: Chosen, limit: int, after: Position | None = None) -> Page[Exchange]:
        """Those that are meant, newest first."""

    def get(self, exchange_id: int) -> Exchange | None:
        """One row."""

    def extent(self, chosen: Chosen, limit: int | None = None) -> tuple[int, int, int]:
        """The first and last id of the newest `limit` rows that are meant, and how many there are; zeros for none."""

    def between(self, chosen: Chosen, first: int, last: int, rows: int) -> Sequence[Exchange]:
        """Up to `rows` of those meant, with ids from `first` to `last`, oldest first."""

    def remove_before(self, moment: datetime, batch: int) -> int:
        """Removes up to `batch` of the oldest rows before that time; returns how many."""
