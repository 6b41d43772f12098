"""Invents what stands somewhere: charge points of many makes over a dozen cities, their connectors, and idTags.

A few are used far more than most. It knows no session; `sessions` invents those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from ocpp_soap.protocol import catalog
from ocpp_soap.store import session_tables, tables
from ocpp_soap.store.columns import folded

from .bulk import DAY, NO_FLAGS, Bulk, Row, document, moment, said_time

CITIES = ("BER", "HAM", "MUC", "CGN", "FRA", "STR", "LEJ", "VIE", "GRZ", "ZRH", "BSL", "AMS", "UTR", "ANR")


class Make(NamedTuple):
    """What is sold: the power of a connector in kW, how many there are, how many of a hundred charge points it is."""

    vendor: str
    model: str
    power: float
    connectors: int
    share: int


MAKES = (
    Make("ABL", "eMH3", 11, 2, 21),
    Make("Mennekes", "Amtron Twincharge", 22, 2, 18),
    Make("Schneider Electric", "EVlink Parking", 22, 2, 15),
    Make("KEBA", "KeContact P20", 11, 1, 14),
    Make("Alfen", "ICU Twin", 22, 2, 12),
    Make("EVBox", "BusinessLine G3", 7.4, 2, 10),
    Make("ABB", "Terra 53 CJG", 50, 3, 7),
    Make("Efacec", "QC45", 50, 3, 3),
)
# Of a hundred charge points, by version, the newest first; and by registration.
SPOKEN = (62, 32, 6)
STATUSES, DECIDED = ("Accepted", "Pending", "Rejected"), (975, 20, 5)

POINT = (
    "id identity identity_folded status registered heartbeat_interval version callback_url callback_said "
    "callback_source callback_peer first_seen last_seen last_boot clock_offset clock_offset_at peer boot "
    "quirks vendor model"
)
CALLBACK = "charge_point_id url said source peer at"
STATE = "charge_point_id connector_id status error_code timestamp received ordered_at"
NOTICE = STATE + " flags"
STRANGER = "identity identity_folded version operation peer boot first_seen last_seen messages"
TAG = "id_tag_folded id_tag blocked expires parent parent_folded max_transactions"
UNKNOWN_TAG = "id_tag_folded id_tag charge_point_id first_seen last_seen count"


@dataclass(slots=True)
class Point:
    """A charge point: `since` and `last` are when it was put up and last heard of, in seconds since 1970."""

    id: int
    identity: str
    make: Make
    version: str
    status: str
    since: int
    last: int
    peer: str

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"http://{self.peer}:8080/ocpp"


@dataclass(slots=True)
class Connector:
    """A connector with its meter in Wh: it is free from `free_at` on; `dead` is a transaction that never ended."""

    point: Point
    number: int
    meter: int
    free_at: int = 0
    dead: int | None = None


class Holder(NamedTuple):
    """An idTag, what is known of it, and the answer that it gets; `expires` in seconds since 1970."""

    id_tag: str
    folded: str
    status: str
    expires: int | None
    parent: str | None
    info: str


@dataclass(slots=True)
class Fleet:
    """Everything that stands there and everybody who charges, with how much each is used (cumulated)."""

    points: list[Point]
    connectors: list[Connector] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    holders: list[Holder] = field(default_factory=list)
    driven: list[float] = field(default_factory=list)


def invent(size: int, first: int, begin: int, until: int, random: Random) -> Fleet:
    """So many charge points, numbered from `first`, put up from before `begin` on until a month before `until`."""
    versions = list(catalog.load().versions)
    points = []
    for number in range(first, first + size):
        make = random.choices(MAKES, [make.share for make in MAKES])[0]
        # A third stood there when it began.
        since = max(begin, begin + int(random.uniform(-0.5, 1) * (until - begin - 30 * DAY)))
        silent = random.random() < 0.03
        last = until - (random.randint(2 * DAY, 200 * DAY) if silent else random.randint(1, 900))
        points.append(
            Point(
                id=number,
                identity=f"{random.choice(CITIES)}-{number:05}",
                make=make,
                version=random.choices(versions, SPOKEN[: len(versions)])[0],
                status=random.choices(STATUSES, DECIDED)[0],
                since=since,
                last=max(last, since + DAY),
                peer=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            )
        )
    fleet = Fleet(points)
    total = 0.0
    for point in points:
        # Few places are used all day, most once in a while.
        use = random.lognormvariate(0, 1.1) if point.status == "Accepted" else 0.0
        for connector in range(1, point.make.connectors + 1):
            total += use
            fleet.connectors.append(Connector(point, connector, random.randrange(50_000)))
            fleet.used.append(total)
    _invent_holders(fleet, 5 * size, until, random)
    return fleet


def _invent_holders(fleet: Fleet, size: int, until: int, random: Random) -> None:
    """idTags: a third of them in groups of companies, some blocked, some expired."""
    groups = [f"GROUP{random.getrandbits(40):010X}" for _ in range(max(1, size // 100))]
    total = 0.0
    for _ in range(size):
        id_tag = f"{random.getrandbits(56):014X}"
        parent = random.choice(groups) if random.random() < 0.33 else None
        status = random.choice(("Blocked", "Expired")) if random.random() < 0.02 else "Accepted"
        expires = until - random.randint(1, 300) * DAY if status == "Expired" else None
        said = {"status": status, "expiryDate": expires and said_time(expires), "parentIdTag": parent}
        info = document({name: value for name, value in said.items() if value})
        total += random.lognormvariate(0, 1.3)
        fleet.holders.append(Holder(id_tag, folded(id_tag), status, expires, parent, info))
        fleet.driven.append(total)


def put_points(bulk: Bulk, fleet: Fleet, random: Random) -> None:
    """The charge points themselves, and where they are called."""
    rows, addresses = [], []
    for p in fleet.points:
        serial = f"{random.getrandbits(32):08X}"
        boot = {"chargePointVendor": p.make.vendor, "chargePointModel": p.make.model}
        boot |= {
            "chargePointSerialNumber": serial,
            "firmwareVersion": f"{random.randint(1, 4)}.{random.randint(0, 30)}",
        }
        since, last = moment(p.since), moment(p.last)
        address = (p.url, p.url, "station", p.peer)
        quirks = _quirks(p) if random.random() < 0.1 else None
        booted = moment(max(p.since, p.last - random.randint(0, 60 * DAY)))
        interval = random.choice((None, None, 300, 900))
        known = (p.id, p.identity, folded(p.identity), p.status, since, interval, p.version)
        heard = (since, last, booted, round(random.gauss(-1, 3), 3), last, p.peer)
        rows.append((*known, *address, *heard, document(boot), quirks, p.make.vendor, p.make.model))
        addresses.append((p.id, *address, since))
    bulk.load(tables.charge_points, POINT, rows)
    bulk.load(tables.callbacks, CALLBACK, addresses)


def _quirks(point: Point) -> str:
    seen = {"first": said_time(point.since), "last": said_time(point.last), "operation": "Heartbeat", "raw": ""}
    return document({"from-missing": seen})


def put_states(bulk: Bulk, fleet: Fleet, until: int, random: Random) -> None:
    """What each connector reported last; connector 0 stands for the whole charge point."""
    rows = []
    for p in fleet.points:
        rows.append((p.id, 0, "Available", "NoError", *[moment(p.since)] * 3))
    for c in fleet.connectors:
        failed = random.random() < 0.02
        status = "Charging" if c.free_at > until else "Faulted" if failed else "Available"
        at = moment(min(max(c.free_at, c.point.since), c.point.last, until - 1))
        error = "GroundFailure" if status == "Faulted" else "NoError"
        rows.append((c.point.id, c.number, status, error, at, at, at))
    bulk.load(tables.connector_states, STATE, rows)
    bulk.load(tables.status_notices, NOTICE, ((*row, NO_FLAGS) for row in rows))


def put_tags(bulk: Bulk, fleet: Fleet, random: Random) -> None:
    """The tags and the groups that they are in."""
    rows: list[Row] = []
    for holder in fleet.holders:
        expires = None if holder.expires is None else moment(holder.expires)
        parent = holder.parent and folded(holder.parent)
        most = 2 if random.random() < 0.1 else None
        rows.append((holder.folded, holder.id_tag, holder.status == "Blocked", expires, holder.parent, parent, most))
    groups = sorted({holder.parent for holder in fleet.holders if holder.parent})
    rows += [(folded(group), group, False, None, None, None, None) for group in groups]
    bulk.load(session_tables.tags, TAG, rows)


def put_strangers(bulk: Bulk, fleet: Fleet, until: int, random: Random) -> None:
    """Stations that nobody registered, and idTags that nobody knows."""
    found: Sequence[int] = range(len(fleet.points) // 200 + 1)
    boot = document({"chargePointVendor": MAKES[0].vendor, "chargePointModel": MAKES[0].model})
    heard = [(moment(until - random.randint(DAY, 90 * DAY)), moment(until - n - 1)) for n in found]
    names = [f"{random.getrandbits(48):012X}" for _ in found]
    version = fleet.points[0].version
    strangers = (
        (name, folded(name), version, "BootNotification", "192.0.2.7", boot, *times, random.randint(1, 900))
        for name, times in zip(names, heard, strict=True)
    )
    bulk.load(tables.unknown_charge_points, STRANGER, strangers)
    bulk.load(session_tables.unknown_tags, UNKNOWN_TAG, _unknown_tags(fleet, heard, random))


def _unknown_tags(fleet: Fleet, heard: Sequence[tuple[str, str]], random: Random) -> Iterator[Row]:
    for first, last in heard:
        id_tag = f"{random.getrandbits(32):08X}"
        yield folded(id_tag), id_tag, random.choice(fleet.points).id, first, last, random.randint(1, 20)
