"""Failed authentications: counted for each identity and address, so that a flood of them fills no table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, case, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.records import Attempt
from .columns import harmless
from .repository import Repository
from .tables import attempts

KEPT = 10_000

A = attempts.c

_NEW = upsert(attempts)
_OVER = A.since < bindparam("limit", type_=A.since.type)
NOTE = _NEW.on_conflict_do_update(
    index_elements=["peer", "identity"],
    set_={
        "reason": _NEW.excluded.reason,
        "last": _NEW.excluded.last,
        "count": A.count + 1,
        "since": case((_OVER, _NEW.excluded.last), else_=A.since),
        "lately": case((_OVER, 1), else_=A.lately + 1),
    },
).returning(A.count)
_OF_PEER, _OF_IDENTITY = A.peer == bindparam("from_peer"), A.identity == bindparam("called")
LATELY = select(func.sum(case((_OF_PEER, A.lately))), func.sum(case((_OF_IDENTITY, A.lately)))).where(
    or_(_OF_PEER, _OF_IDENTITY), A.since >= bindparam("limit")
)
FORGET_OLDEST = delete(attempts).where(
    A.last < select(A.last).order_by(A.last.desc()).offset(KEPT - 1).limit(1).scalar_subquery()
)
LATEST = select(A.identity, A.peer, A.reason, A.first, A.last, A.count).order_by(A.last.desc()).limit(bindparam("rows"))
LATEST_OF_ONE = LATEST.where(A.identity == bindparam("called"))


class SqlAttempts(Repository):
    """Implements `central.repositories.Attempts`."""

    __slots__ = ()

    def note(self, identity: str, peer: str, reason: str, at: datetime, since: datetime) -> tuple[int, int]:
        """Counts one; returns how many there were since `since`, with this one: from there, and of the identity."""
        named = {"identity": harmless(identity), "peer": peer, "reason": reason}
        values = {**named, "first": at, "last": at, "count": 1, "since": at, "lately": 1, "limit": since}
        if self._run(NOTE, values).scalar_one() == 1:
            self._run(FORGET_OLDEST)
        return self.lately(peer, identity, since)

    def lately(self, peer: str, identity: str, since: datetime) -> tuple[int, int]:
        """How many there were since then: from that address or network, and of that identity."""
        row = self._run(LATELY, {"from_peer": peer, "called": harmless(identity), "limit": since}).one()
        return int(row[0] or 0), int(row[1] or 0)

    def list(self, identity: str | None = None, limit: int = 100) -> Sequence[Attempt]:
        """Newest first."""
        if identity is None:
            return [Attempt(*row) for row in self._run(LATEST, {"rows": limit})]
        return [Attempt(*row) for row in self._run(LATEST_OF_ONE, {"called": harmless(identity), "rows": limit})]
