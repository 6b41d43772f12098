"""What is asked of a seeded store: each list, its filters, a page in its middle, and what a restricted token sees.

What a store is asked for is what it has most of, so that a small store's pages are as full as a large one's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, func, select

from ocpp_soap.central.pages import Position
from ocpp_soap.protocol.times import format_time
from ocpp_soap.store import batches, commands, ledger, ledger_tables, lists, session_tables, tables
from ocpp_soap.store.pages import EPOCH, MICROSECOND, Listing
from ocpp_soap.store.work import SqlStore
from ocpp_soap.web.api.paging import cursor_of, listed

ROOT = "/api/v1"
LIMIT = 20
# Filters with few values.
WORDS = ("open", "status", "state", "blocked", "registered", "known")

T, C, P, G, J, A = (
    session_tables.transactions.c,
    tables.commands.c,
    tables.charge_points.c,
    session_tables.tags.c,
    tables.journal.c,
    ledger_tables.audit.c,
)


@dataclass(frozen=True, slots=True)
class Question:
    """A path with its query, asked with the token for all charge points or a `restricted` one; or a `command`."""

    name: str
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    restricted: bool = False
    command: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a store has most of, the middle of its lists, and the charge points of a restricted token."""

    most: Mapping[str, str]
    transaction: str
    times: tuple[str, str]
    middles: Mapping[str, Position]
    seen: Sequence[str]


# Lists that have a page in the middle, by their path; and the parameters that a cursor is bound to by default.
MIDDLES: Mapping[str, tuple[Listing[Any], Mapping[str, Any]]] = {
    "/transactions": (lists.STARTS, {}),
    "/charge-points": (lists.STATIONS, {"registered": True}),
    "/id-tags": (lists.TAG_LIST, {"known": True}),
    "/commands": (commands.LISTING, {}),
    "/reservations": (lists.RESERVED, {}),
    "/batches": (batches.LISTING, {}),
    "/audit": (ledger.ENTRIES, {}),
}

MOST: Mapping[str, Column[Any]] = {
    "tag": T.id_tag,
    "station": T.charge_point_id,
    "called": C.charge_point_id,
    "operation": C.operation,
    "vendor": P.vendor,
    "model": P.model,
    "version": P.version,
    "group": G.parent,
    "heard": J.identity,
    "who": A.who,
    "subject": A.subject,
    "batch": C.batch_id,
}


def known(store: SqlStore, seen: int) -> Known:
    """Looks what a store has."""
    with store.reader.connect() as connection:
        most = {name: str(_most(connection, column)) for name, column in MOST.items()}
        for name in ("station", "called"):
            most[name] = str(connection.scalar(select(P.identity).where(P.id == int(most[name]))))
        starts = connection.execute(select(func.min(T.start_timestamp), func.max(T.start_timestamp))).one()
        halfway: datetime = starts[0] + (starts[1] - starts[0]) / 2
        metered = connection.scalar(select(func.max(session_tables.meter_messages.c.transaction_id)))
        points = connection.scalars(select(P.identity).order_by(P.identity).limit(seen)).all()
        middles = {path: _middle(connection, listing) for path, (listing, _) in MIDDLES.items()}
    times = (format_time(starts[0]), format_time(halfway))
    return Known(most, str(metered), times, middles, points)


def _most(connection: Connection, column: Column[Any]) -> Any:
    counted = select(column).where(column.is_not(None)).group_by(column).order_by(func.count().desc(), column)
    return connection.scalar(counted.limit(1))


def _middle(connection: Connection, listing: Listing[Any]) -> Position:
    ways = [column.desc() if listing.newest_first else column.asc() for column in listing.key]
    rows: int = connection.scalar(select(func.count()).select_from(listing.key[0].table)) or 0
    found = connection.execute(select(*listing.key).order_by(*ways).offset(rows // 2).limit(1)).one()
    return tuple((v - EPOCH) // MICROSECOND if isinstance(v, datetime) else v for v in found)


def questions(known: Known) -> list[Question]:
    """All of them, in the order of the tables."""
    return [*_of_sessions(known), *_of_stations(known), *_of_orders(known), *_of_people(known), *_by_command(known)]


def _page(known: Known, path: str, *filters: Mapping[str, str], restricted: bool = True) -> list[Question]:
    """A list's first page, its middle, each choice of filters, and what a restricted token sees."""
    first, name = {"limit": str(LIMIT)}, path[1:]
    found = [Question(name, path, first)]
    if path in MIDDLES:
        cursor = cursor_of(known.middles[path], listed(ROOT + path, MIDDLES[path][1]))
        found.append(Question(f"{name} deep", path, {**first, "cursor": cursor}))
    for chosen in filters:
        # What is said of one word is another question with the other.
        said = (f"{key}={value}" if key in WORDS else key for key, value in chosen.items())
        found.append(Question(f"{name}?{'&'.join(said)}", path, {**first, **chosen}))
    if restricted:
        found.append(Question(f"{name} restricted", path, first, restricted=True))
    return found


def _of_sessions(known: Known) -> list[Question]:
    most, (begin, halfway) = known.most, known.times
    station, tag = {"chargePoint": most["station"]}, {"idTag": most["tag"]}
    return [
        *_page(
            known,
            "/transactions",
            station,
            {**station, "connectorId": "1"},
            {"connectorId": "2"},
            tag,
            {**tag, **station},
            {"open": "true"},
            {"open": "true", **station},
            {"open": "false"},
            {"startedFrom": halfway},
            {"startedFrom": begin, "startedBefore": halfway},
        ),
        Question("transactions?open=true restricted", "/transactions", {"limit": str(LIMIT), "open": "true"}, True),
        Question("transactions/{id}", f"/transactions/{known.transaction}"),
        *_page(known, "/reservations", {"chargePoint": most["station"]}, {"status": "Active"}, {"status": "Expired"}),
        *_page(known, "/charging-profiles", {"chargePoint": most["station"]}),
    ]


def _of_stations(known: Known) -> list[Question]:
    most = known.most
    vendor, version = {"chargePointVendor": most["vendor"]}, {"version": most["version"]}
    station, heard = f"/charge-points/{most['station']}", f"/charge-points/{most['heard']}"
    return [
        *_page(
            known,
            "/charge-points",
            {"status": "Pending"},
            version,
            vendor,
            {"chargePointModel": most["model"]},
            {"prefix": most["station"][:3]},
            {**vendor, **version, "status": "Accepted"},
            {"registered": "false"},
        ),
        Question("charge-points/{id}", station),
        Question("charge-points/{id}/journal", f"{heard}/journal", {"limit": str(LIMIT)}),
        Question("charge-points/{id}/journal?operation", f"{heard}/journal", {"operation": "Heartbeat"}),
        Question("charge-points/{id}/commands", f"/charge-points/{most['called']}/commands"),
        *_page(known, "/local-lists"),
    ]


def _of_orders(known: Known) -> list[Question]:
    most = known.most
    return [
        *_page(
            known,
            "/commands",
            {"chargePoint": most["called"]},
            {"state": "answered"},
            {"state": "uncertain"},
            {"operation": most["operation"]},
            {"operation": most["operation"], "state": "not_transmitted"},
            {"batch": most["batch"]},
        ),
        *_page(known, "/batches", restricted=False),
        Question("batches/{id}", f"/batches/{most['batch']}"),
    ]


def _of_people(known: Known) -> list[Question]:
    most = known.most
    return [
        *_page(
            known,
            "/id-tags",
            {"prefix": "0"},
            {"blocked": "true"},
            {"parentIdTag": most["group"]},
            {"known": "false"},
            restricted=False,
        ),
        Question("id-tags/{idTag}", f"/id-tags/{most['tag']}"),
        *_page(
            known,
            "/audit",
            {"who": most["who"]},
            {"subject": most["subject"]},
            {"since": known.times[1]},
            restricted=False,
        ),
    ]


def _by_command(known: Known) -> list[Question]:
    station = known.most["station"]
    said = (
        ("transactions", "list", "--limit", str(LIMIT)),
        ("transactions", "list", "--open", "--limit", str(LIMIT)),
        ("transactions", "list", "--charge-point", station, "--limit", str(LIMIT)),
        ("transactions", "show", known.transaction),
        ("charge-points", "show", station),
        ("commands", "list", "--limit", str(LIMIT)),
        ("journal", "list", "--limit", str(LIMIT)),
        ("audit", "list", "--limit", str(LIMIT)),
    )
    return [
        Question(f"ocpp-soap {' '.join(w for w in words[:3] if w not in (station, known.transaction))}", command=words)
        for words in said
    ]
