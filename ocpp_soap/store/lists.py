"""The repositories with their lists in pages: which rows are meant, and the order that an index has them in.

Conditions on the charge point of a row are on its number, which the indexes begin with.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from ..central.pages import Only, Page, Position, ReservationFilter, StationFilter, TagFilter, TransactionFilter
from ..central.records import ChargePoint, Json, Tag, Transaction, UnknownChargePoint
from .charge_points import RECORD, UNKNOWN_RECORD, SqlChargePoints
from .columns import folded, harmless
from .pages import Condition, Listing, StationNumbers, begins_with, between
from .reservations import ALL_RESERVATIONS, IN_FORCE, PROFILE
from .session_tables import charging_profiles, reservations, tags, transactions, unknown_tags
from .tables import charge_points, unknown_charge_points
from .tags import TAGS, UNKNOWN_TAGS, SqlTags
from .transactions import TRANSACTIONS, SqlTransactions

C, S, U = charge_points.c, unknown_charge_points.c, unknown_tags.c
T, G, R, P = transactions.c, tags.c, reservations.c, charging_profiles.c


def _named(rows: Select[Any]) -> Callable[..., Json]:
    names = rows.exported_columns.keys()
    return lambda *row: dict(zip(names, row, strict=True))


_LOCAL_LISTS = select(C.identity.label("chargeBoxIdentity"), C.local_list_version.label("listVersion"))
_PROFILES = select(C.identity.label("chargeBoxIdentity"), *PROFILE).join_from(charging_profiles, charge_points)

STATIONS = Listing(select(*RECORD), (C.identity,), ChargePoint, newest_first=False)
STRANGERS = Listing(select(*UNKNOWN_RECORD), (S.last_seen, S.identity), UnknownChargePoint)
LOCAL_LISTS = Listing(_LOCAL_LISTS, (C.identity,), _named(_LOCAL_LISTS), newest_first=False)
TAG_LIST = Listing(TAGS, (G.id_tag_folded,), Tag, newest_first=False)
UNKNOWN_TAG_LIST = Listing(UNKNOWN_TAGS, (U.last_seen, U.id_tag_folded), _named(UNKNOWN_TAGS))
# By the time that orders starts: a station whose clock was never set would have its latest ones at the very end.
STARTS = Listing(TRANSACTIONS, (T.ordered_at, T.id), Transaction, station=T.charge_point_id)
CHANGES = Listing(TRANSACTIONS, (T.changed, T.id), Transaction, newest_first=False, station=T.charge_point_id)
RESERVED = Listing(ALL_RESERVATIONS, (R.command_id,), _named(ALL_RESERVATIONS), station=R.charge_point_id)
PROFILES = Listing(_PROFILES, (P.charge_point_id, P.profile_id), _named(_PROFILES), newest_first=False)


class ListedChargePoints(SqlChargePoints):
    """Charge points with their lists."""

    __slots__ = ()

    def page(self, chosen: StationFilter, limit: int, after: Position | None = None) -> Page[ChargePoint]:
        """By identity."""
        meant: list[Condition] = []
        for column, text in (
            (C.status, chosen.status),
            (C.version, chosen.version),
            (C.vendor, chosen.vendor),
            (C.model, chosen.model),
        ):
            if text is not None:
                meant.append(column == harmless(text))
        if chosen.identity_prefix:
            meant.append(begins_with(C.identity, chosen.identity_prefix))
        return STATIONS.page(self._run, [*meant, *_seen(chosen.only)], limit, after)

    def page_unknown(self, limit: int, after: Position | None = None) -> Page[UnknownChargePoint]:
        """The latest first."""
        return STRANGERS.page(self._run, [], limit, after)

    def page_local_lists(self, only: Only, limit: int, after: Position | None = None) -> Page[Json]:
        """{chargeBoxIdentity, listVersion} of those whose list is known, by identity."""
        return LOCAL_LISTS.page(self._run, [C.local_list_version.is_not(None), *_seen(only)], limit, after)


class ListedTags(SqlTags):
    """Tags with their lists."""

    __slots__ = ()

    def page(self, chosen: TagFilter, limit: int, after: Position | None = None) -> Page[Tag]:
        """By idTag, regardless of case."""
        meant: list[Condition] = []
        if chosen.prefix and chosen.exact:
            meant.append(G.id_tag_folded == folded(chosen.prefix))
        elif chosen.prefix:
            meant.append(begins_with(G.id_tag_folded, chosen.prefix.casefold()))
        if chosen.blocked is not None:
            meant.append(G.blocked == chosen.blocked)
        if chosen.parent is not None:
            meant.append(G.parent_folded == folded(chosen.parent))
        if chosen.only is not None:
            meant.append(
                select(T.id)
                .join_from(transactions, charge_points)
                .where(T.id_tag_folded == G.id_tag_folded, charge_points.c.identity.in_(chosen.only))
                .exists()
            )
        return TAG_LIST.page(self._run, meant, limit, after)

    def page_unknown(self, limit: int, after: Position | None = None) -> Page[Json]:
        """Those that were presented though nobody knows them, the latest first."""
        return UNKNOWN_TAG_LIST.page(self._run, [], limit, after)


class ListedTransactions(SqlTransactions, StationNumbers):
    """Transactions, reservations and charging profiles with their lists."""

    __slots__ = ()

    def page(self, chosen: TransactionFilter, limit: int, after: Position | None = None) -> Page[Transaction]:
        """By their start, the newest first; those changed since a time by their change, the oldest first."""
        stations = self._numbers(chosen.identity, chosen.only)
        meant = list(between(T.ordered_at, chosen.started_from, chosen.started_before))
        if chosen.connector_id is not None:
            # Those of one charge point's connector have an index with the order; else an expression, so that none is
            # chosen that has not.
            meant.append((T.connector_id if stations else T.connector_id + 0) == chosen.connector_id)
        if chosen.open is not None:
            meant.append(T.closed_by.is_(None) if chosen.open else T.closed_by.is_not(None))
        if chosen.id_tag is not None:
            meant.append(T.id_tag_folded == folded(chosen.id_tag))
        if chosen.changed_since is not None:
            meant.append(T.changed >= chosen.changed_since)
        if stations is not None and (chosen.open or chosen.id_tag is not None):
            # A tag has few transactions and few are open, but a charge point has many.
            meant.append(T.charge_point_id.in_(stations))
            stations = None
        order = STARTS if chosen.changed_since is None else CHANGES
        return order.page(self._run, meant, limit, after, stations)

    def page_reservations(
        self, chosen: ReservationFilter, now: datetime, limit: int, after: Position | None = None
    ) -> Page[Json]:
        """As they were asked for, the newest first."""
        meant: list[Condition] = []
        if chosen.status in ("Active", "Expired"):
            # The few that are active are found by their end, the many that were by an index that has the order.
            meant.append(R.expiry_date > now if chosen.status == "Active" else func.coalesce(R.expiry_date, now) <= now)
        if chosen.status is not None:
            meant.append(R.status == ("Active" if chosen.status == "Expired" else harmless(chosen.status)))

        def run(statement: Select[Any]) -> Any:
            return self._run(statement, {"now": now})

        return RESERVED.page(run, meant, limit, after, self._numbers(chosen.identity, chosen.only))

    def page_profiles(self, identity: str | None, only: Only, limit: int, after: Position | None = None) -> Page[Json]:
        """Those in force, of one charge point after the other."""
        stations = self._numbers(identity, only)
        meant = [IN_FORCE] if stations is None else [IN_FORCE, P.charge_point_id.in_(stations)]
        return PROFILES.page(self._run, meant, limit, after)


def _seen(only: Only) -> list[Condition]:
    return [] if only is None else [C.identity.in_(sorted(only))]
