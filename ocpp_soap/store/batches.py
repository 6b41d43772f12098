"""Batches of commands: the same one to many stations, queued in one transaction and counted by what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.confidential import without_secrets
from ..central.orders import NewCommand
from ..central.pages import BatchFilter, Page, Position
from ..central.records import STATES, Batch, Json
from .commands import COLUMNS, ENDED, due_sooner, forget_secrets, row_of
from .compiled import Compiled
from .pages import Listing
from .repository import Repository
from .tables import QUEUED, batches, charge_points, commands, station_leases

B, C, P = batches.c, commands.c, charge_points.c

ADD = insert(batches).returning(B.id)
ADD_COMMAND = Compiled(insert(commands).inline(), *COLUMNS, "batch_id")
_OF_BATCH = C.batch_id == bindparam("of_batch")
_QUEUED = select(C.charge_point_id, func.min(C.not_before)).where(_OF_BATCH, QUEUED)
# In an order, so that two batches can't wait for each other's rows.
_IN_ORDER = _QUEUED.where(C.not_before.is_not(None)).group_by(C.charge_point_id).order_by(C.charge_point_id)
DUE_OF_BATCH = due_sooner(upsert(station_leases).from_select(["charge_point_id", "due"], _IN_ORDER))
EXPECT = (
    update(charge_points)
    .where(P.id.in_(select(C.charge_point_id).where(_OF_BATCH, QUEUED, C.not_before.is_(None))))
    .values(commands_waiting=True)
)
CANCEL = update(commands).where(_OF_BATCH, QUEUED).returning(*ENDED)
COUNTS = (
    select(C.batch_id, C.state, func.count())
    .where(C.batch_id.in_(bindparam("batch_ids", expanding=True)))
    .group_by(C.batch_id, C.state)
)
_BATCHES = select(B.id, B.operation, B.request, B.who, B.created, B.total)
FIND = _BATCHES.where(B.id == bindparam("batch_id"))
LISTING = Listing(_BATCHES, (B.id,), Batch)


class SqlBatches(Repository):
    """Implements `central.exchanges.Batches`."""

    __slots__ = ()

    def add(self, operation: str, request: Json, who: str | None, at: datetime, commands: Sequence[NewCommand]) -> int:
        """Queues the commands as one batch; returns its id."""
        # Its commands have what is secret, until they end.
        shown = without_secrets(operation, request)
        values = {"operation": operation, "request": shown, "who": who, "created": at, "total": len(commands)}
        batch_id: int = self._run(ADD, values).scalar_one()
        self._each(ADD_COMMAND, [{**row_of(new), "batch_id": batch_id} for new in commands])
        self._run(DUE_OF_BATCH, {"of_batch": batch_id})
        self._run(EXPECT, {"of_batch": batch_id})
        self._ring()
        return batch_id

    def cancel(self, batch_id: int, at: datetime, error: str) -> int:
        """Takes those out of the queue that are still there; returns how many they were."""
        cancelled = {"state": "cancelled", "finished": at, "error": error}
        return forget_secrets(self._run, self._run(CANCEL, {"of_batch": batch_id, **cancelled}).all())

    def find(self, batch_id: int) -> Batch | None:
        """The batch of that id, with what its commands have come to."""
        row = self._run(FIND, {"batch_id": batch_id}).first()
        return None if row is None else self._counted([Batch(*row)])[0]

    def page(self, chosen: BatchFilter, limit: int, after: Position | None = None) -> Page[Batch]:
        """Newest first."""
        meant = [] if chosen.who is None else [B.who == chosen.who]
        page = LISTING.page(self._run, meant, limit, after)
        return Page(self._counted(page.rows), page.next)

    def _counted(self, found: Sequence[Batch]) -> Sequence[Batch]:
        counts: dict[int, dict[str, int]] = {batch.id: dict.fromkeys(STATES, 0) for batch in found}
        for batch_id, state, count in self._run(COUNTS, {"batch_ids": list(counts)}):
            counts[batch_id][state] = count
        return [replace(batch, states=counts[batch.id]) for batch in found]
