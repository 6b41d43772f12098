"""idTags that the operator knows, and those that somebody presented. Compared by their folded text alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, false, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.records import Json, Tag
from .columns import folded
from .compiled import Compiled
from .repository import Repository, replacing
from .session_tables import tags, unknown_tags
from .tables import charge_points

T, P, U = tags.c, tags.alias("parents").c, unknown_tags.c

TAGS = select(
    T.id_tag,
    T.blocked,
    T.expires,
    T.parent,
    T.max_transactions,
    func.coalesce(P.blocked, false()),
    P.expires,
).outerjoin_from(tags, P.id_tag.table, P.id_tag_folded == T.parent_folded)
_FOUND = TAGS.where(T.id_tag_folded == bindparam("id_tag_folded"))
FIND = Compiled(_FOUND)
FIND_LOCKED = Compiled(_FOUND.with_for_update(of=tags, key_share=True))
LIST = TAGS.order_by(T.id_tag_folded)
SAVE = replacing(upsert(tags))
FORGET_UNKNOWN = unknown_tags.delete().where(U.id_tag_folded == bindparam("id_tag_folded"))

_PRESENTED = upsert(unknown_tags)
REMEMBER = Compiled(
    _PRESENTED.on_conflict_do_update(
        index_elements=["id_tag_folded"],
        set_={
            "charge_point_id": _PRESENTED.excluded.charge_point_id,
            "last_seen": _PRESENTED.excluded.last_seen,
            "count": U.count + 1,
        },
    ),
    *U.keys(),
)
UNKNOWN_TAGS = select(
    U.id_tag.label("idTag"),
    U.first_seen.label("firstSeen"),
    U.last_seen.label("lastSeen"),
    charge_points.c.identity.label("chargeBoxIdentity"),
    U.count,
).join_from(unknown_tags, charge_points)
UNKNOWN = UNKNOWN_TAGS.order_by(U.last_seen.desc())


class SqlTags(Repository):
    """Implements `central.repositories.Tags`."""

    __slots__ = ()

    def find(self, id_tag: str, lock: bool = False) -> Tag | None:
        """The tag with its parent's state, in one statement; `lock` holds it until the end of the transaction."""
        row = self._first(FIND_LOCKED if lock else FIND, {"id_tag_folded": folded(id_tag)})
        return Tag(*row) if row is not None else None

    def remember_unknown(self, id_tag: str, charge_point_id: int, at: datetime) -> None:
        """Notes an idTag that nobody knows."""
        values = {"id_tag": id_tag, "charge_point_id": charge_point_id, "first_seen": at, "last_seen": at, "count": 1}
        self._first(REMEMBER, {"id_tag_folded": folded(id_tag), **values})

    def unknown(self) -> Sequence[Json]:
        """{idTag, firstSeen, lastSeen, chargeBoxIdentity, count}, newest first."""
        return [dict(row) for row in self._run(UNKNOWN).mappings()]

    def list(self) -> Sequence[Tag]:
        """By idTag."""
        return [Tag(*row) for row in self._run(LIST)]

    def save(self, tag: Tag) -> None:
        """Adds or replaces a tag, which is no unknown one any more."""
        values = {
            "id_tag_folded": folded(tag.id_tag),
            "id_tag": tag.id_tag,
            "blocked": tag.blocked,
            "expires": tag.expires,
            "parent": tag.parent,
            "parent_folded": folded(tag.parent) if tag.parent is not None else None,
            "max_transactions": tag.max_transactions,
        }
        self._run(SAVE, values)
        self._run(FORGET_UNKNOWN, {"id_tag_folded": values["id_tag_folded"]})
