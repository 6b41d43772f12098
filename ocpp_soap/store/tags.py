"""idTags that the operator knows, and those that somebody presented. Compared by their folded text alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, false, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.records import Json, Tag
from .columns import folded
from .compiled import Compiled
from .repository import Repository, replacing
from .session_tables import tags, unknown_tags
from .tables import charge_points

# Unknown tags of one charge point, which may make up another with each message; the newest are kept.
UNKNOWN_KEPT_OF_STATION = 1_000

# Tags that one statement looks up.
TOGETHER = 500

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
SOME = TAGS.where(T.id_tag_folded.in_(bindparam("keys", expanding=True))).order_by(T.id_tag_folded)
SOME_LOCKED = SOME.with_for_update(of=tags, key_share=True)
LIST = TAGS.order_by(T.id_tag_folded)
SAVE = replacing(upsert(tags))
ADD = upsert(tags).on_conflict_do_nothing(index_elements=["id_tag_folded"]).returning(T.id_tag_folded)
REMOVE = tags.delete().where(T.id_tag_folded == bindparam("id_tag_folded"))
FORGET_UNKNOWN = unknown_tags.delete().where(U.id_tag_folded.in_(bindparam("forgotten", expanding=True)))

_PRESENTED = upsert(unknown_tags)
REMEMBER = Compiled(
    _PRESENTED.on_conflict_do_update(
        index_elements=["id_tag_folded"],
        set_={
            "charge_point_id": _PRESENTED.excluded.charge_point_id,
            "last_seen": _PRESENTED.excluded.last_seen,
            "count": U.count + 1,
        },
    ).returning(U.count),
    *U.keys(),
)
_OF_STATION = U.charge_point_id == bindparam("of_station")
FORGET_OLDEST_UNKNOWN = unknown_tags.delete().where(
    _OF_STATION,
    U.last_seen
    < select(U.last_seen)
    .where(_OF_STATION)
    .order_by(U.last_seen.desc())
    .offset(UNKNOWN_KEPT_OF_STATION - 1)
    .limit(1)
    .scalar_subquery(),
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
        """Notes an idTag that nobody knows; of each charge point the newest 1,000 are kept."""
        values = {"id_tag": id_tag, "charge_point_id": charge_point_id, "first_seen": at, "last_seen": at, "count": 1}
        row = self._first(REMEMBER, {"id_tag_folded": folded(id_tag), **values})
        if row is not None and row[0] == 1:
            self._run(FORGET_OLDEST_UNKNOWN, {"of_station": charge_point_id})

    def unknown(self) -> Sequence[Json]:
        """{idTag, firstSeen, lastSeen, chargeBoxIdentity, count}, newest first."""
        return [dict(row) for row in self._run(UNKNOWN).mappings()]

    def list(self) -> Sequence[Tag]:
        """By idTag."""
        return [Tag(*row) for row in self._run(LIST)]

    def some(self, id_tags: Sequence[str], lock: bool = False) -> Mapping[str, Tag]:
        """Those of these that are known, by their idTag without regard to case."""
        found: dict[str, Tag] = {}
        statement = SOME_LOCKED if lock else SOME
        # In the order of the index, so that two who lock many wait for each other, and not both.
        keys = sorted({folded(id_tag) for id_tag in id_tags})
        for few in (keys[i : i + TOGETHER] for i in range(0, len(keys), TOGETHER)):
            found |= {row[0].casefold(): Tag(*row) for row in self._run(statement, {"keys": few})}
        return found

    def add(self, tag: Tag) -> bool:
        """Adds a tag; False when it is known already."""
        values = _values(tag)
        added = self._run(ADD, values).first() is not None
        self._run(FORGET_UNKNOWN, {"forgotten": [values["id_tag_folded"]]})
        return added

    def save(self, tag: Tag) -> None:
        """Adds or replaces a tag, which is no unknown one any more."""
        self.save_all([tag])

    def save_all(self, tags: Sequence[Tag]) -> None:
        """Adds or replaces tags, which are no unknown ones any more."""
        rows = sorted(map(_values, tags), key=lambda row: str(row["id_tag_folded"]))
        if rows:
            self._run(SAVE, rows)
            self._run(FORGET_UNKNOWN, {"forgotten": [row["id_tag_folded"] for row in rows]})

    def remove(self, id_tag: str) -> bool:
        """Forgets a tag; False when it is not known."""
        return self._run(REMOVE, {"id_tag_folded": folded(id_tag)}).rowcount > 0


def _values(tag: Tag) -> Json:
    return {
        "id_tag_folded": folded(tag.id_tag),
        "id_tag": tag.id_tag,
        "blocked": tag.blocked,
        "expires": tag.expires,
        "parent": tag.parent,
        "parent_folded": folded(tag.parent) if tag.parent is not None else None,
        "max_transactions": tag.max_transactions,
    }
