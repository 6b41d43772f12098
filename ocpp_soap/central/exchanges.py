"""The repositories of what goes to stations and of what is kept of messages: commands, the journal, leases of jobs.

Protocols only; `store` provides them as the parts of one unit of work (`ports.Work`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from .records import Chosen, Command, Exchange, Json


class Commands(Protocol):
    """Calls to stations, and the lease that lets one run at a time per station."""

    def add(self, charge_point_id: int, operation: str, request: Json, at: datetime) -> int:
        """A queued command; returns its id."""

    def lease(self, charge_point_id: int, holder: str, now: datetime, until: datetime) -> bool:
        """Takes the station's lease when it is free or has run out.

        Commands left in `sending` by a holder that ran out become uncertain.
        """

    def release(self, charge_point_id: int, holder: str) -> None:
        """Gives the lease back, when it is still this holder's."""

    def sending(self, command_id: int, address: str, at: datetime) -> None:
        """The request is about to be put on the wire."""

    def finish(
        self,
        command_id: int,
        state: str,
        at: datetime,
        answer: Json | None = None,
        fault: Json | None = None,
        error: str | None = None,
    ) -> None:
        """The outcome."""

    def find(self, command_id: int) -> Command | None:
        """The command of that id."""

    def list(self, identity: str | None = None, limit: int = 100) -> Sequence[Command]:
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

    def get(self, exchange_id: int) -> Exchange | None:
        """One row."""

    def extent(self, chosen: Chosen, limit: int | None = None) -> tuple[int, int, int]:
        """The first and last id of the newest `limit` rows that are meant, and how many there are; zeros for none."""

    def between(self, chosen: Chosen, first: int, last: int, rows: int) -> Sequence[Exchange]:
        """Up to `rows` of those meant, with ids from `first` to `last`, oldest first."""

    def remove_before(self, moment: datetime, batch: int) -> int:
        """Removes up to `batch` of the oldest rows before that time; returns how many."""
