"""Keys that orders come with, each kept with what came of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.orders import Ordered
from .repository import Repository
from .tables import idempotency_keys

K = idempotency_keys.c

_OF_KEY = (K.who == bindparam("of_whom"), K.key == bindparam("of_key"))
TAKE = upsert(idempotency_keys).on_conflict_do_nothing(index_elements=["who", "key"]).returning(K.key)
FIND = select(K.fingerprint, K.command_id, K.batch_id).where(*_OF_KEY)
SETTLE = update(idempotency_keys).where(*_OF_KEY)
REMOVE = delete(idempotency_keys).where(K.at < bindparam("moment"))


class SqlKeys(Repository):
    """Implements `central.exchanges.Keys`."""

    __slots__ = ()

    def take(self, who: str, key: str, fingerprint: str, at: datetime) -> Ordered | None:
        """Notes a key of that person or program; what it was used for, when it was."""
        values = {"who": who, "key": key, "fingerprint": fingerprint, "at": at}
        if self._run(TAKE, values).first() is not None:
            return None
        # Another transaction that takes it now has been waited for.
        return self.find(who, key)

    def find(self, who: str, key: str) -> Ordered | None:
        """What a key was used for."""
        row = self._run(FIND, {"of_whom": who, "of_key": key}).first()
        return None if row is None else Ordered(*row)

    def settle(self, who: str, key: str, command_id: int | None = None, batch_id: int | None = None) -> None:
        """Notes what came of a key that was taken in the same transaction."""
        self._run(SETTLE, {"of_whom": who, "of_key": key, "command_id": command_id, "batch_id": batch_id})

    def remove_before(self, moment: datetime) -> int:
        """Forgets the keys that were taken before that time; returns how many."""
        return self._run(REMOVE, {"moment": moment}).rowcount
