"""Invents two years of charging, in the order in which it was reported: starts, stops, meter values, statuses.

More each month, most of it by day; almost all of it as it should be, and the rest what a Central System meets: a dead
transaction, a stop that ends nothing, a message that came hours late. It knows no database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import NamedTuple

from ocpp_soap.protocol import catalog
from ocpp_soap.store import session_tables, tables

from .bulk import DAY, NO_FLAGS, Bulk, Row, document, moment
from .fleet import NOTICE, Connector, Fleet, Holder

HOUR = 3600
# How many sessions begin in each hour of a day, UTC, against each other.
DAYTIME = (2, 1, 1, 1, 2, 5, 14, 22, 20, 16, 14, 14, 15, 14, 13, 14, 18, 22, 20, 14, 10, 7, 5, 3)

AT_ONCE = 20_000
TRIES = 30
POOL = 5000

# Of all transactions: how many of the newest have their meter values, and how often something is odd.
METERED, METERED_AT_LEAST = 0.02, 50
NEVER_ENDED, LATE, ORPHANED = 0.0005, 0.01, 0.0005
SAMPLES, EVERY = 8, 15 * 60

LOCAL = document([{"path": "reason", "raw": None, "assumed": "Local"}])
CLOSED = document([{"path": "", "raw": None, "assumed": "closed by the operator: the station was replaced"}])
ORPHAN = document([{"path": "transactionId", "raw": "-1", "assumed": "kept apart, since no transaction has this id"}])
ACCEPTED = document({"status": "Accepted"})
MEASURED = (("Energy.Active.Import.Register", "Wh"), ("Power.Active.Import", "W"))
REASONS, OFTEN = ("Local", "EVDisconnected", "Remote", "PowerLoss", "Other"), (55, 35, 7, 2, 1)

TRANSACTION = (
    "id key charge_point_id connector_id id_tag id_tag_folded start_timestamp received ordered_at "
    "meter_start id_tag_info start_flags stop_timestamp meter_stop stop_id_tag reason stop_flags "
    "closed_by stop_received changed"
)
STOP = "id key charge_point_id transaction_id effective timestamp received meter_stop id_tag reason answer flags"
MESSAGE = "id key charge_point_id connector_id said_transaction_id transaction_id source received flags"
VALUE = "message_id position meter_value timestamp value context format measurand location unit"


class Numbers(NamedTuple):
    """The first ids of what is invented."""

    transaction: int
    stop: int
    message: int


@dataclass(slots=True)
class Rows:
    """The rows of some thousand transactions, for each table."""

    transactions: list[Row] = field(default_factory=list)
    stops: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    values: list[Row] = field(default_factory=list)
    notices: list[Row] = field(default_factory=list)

    def put(self, bulk: Bulk) -> None:
        """Into the store, what is referred to first."""
        bulk.load(session_tables.transactions, TRANSACTION, self.transactions)
        bulk.load(session_tables.stops, STOP, self.stops)
        bulk.load(session_tables.meter_messages, MESSAGE, self.messages)
        bulk.load(session_tables.meter_values, VALUE, self.values)
        bulk.load(tables.status_notices, NOTICE, self.notices)


class Sessions:
    """`size` transactions of a fleet between two times in seconds since 1970."""

    def __init__(self, fleet: Fleet, size: int, begin: int, until: int, numbers: Numbers, random: Random) -> None:
        self._fleet, self._size, self._begin, self._until = fleet, size, begin, until
        self._random = random
        self._transaction, self._stop, self._message = numbers
        self._says_why = next(iter(catalog.load().versions))
        self.superseded: list[tuple[int, int]] = []
        self._slow = [int(random.lognormvariate(9.2, 0.8)) + 300 for _ in range(POOL)]
        self._quick = [int(random.lognormvariate(7.4, 0.5)) + 120 for _ in range(POOL)]

    def chunks(self) -> Iterator[Rows]:
        """All of them in order, some thousand at a time."""
        starts = self._starts()
        for at in range(0, self._size, AT_ONCE):
            chunk, rows = starts[at : at + AT_ONCE], Rows()
            fleet, choices = self._fleet, self._random.choices
            connectors = choices(fleet.connectors, cum_weights=fleet.used, k=len(chunk))
            holders = choices(fleet.holders, cum_weights=fleet.driven, k=len(chunk))
            reasons = choices(REASONS, OFTEN, k=len(chunk))
            metered = self._size - max(self._size * METERED, METERED_AT_LEAST) - at
            for number, session in enumerate(zip(chunk, connectors, holders, reasons, strict=True)):
                self._session(rows, number >= metered, *session)
            yield rows

    def _starts(self) -> list[int]:
        """When they begin: by the hour of the day, fewer on Sundays, twice as many in the end as in the beginning."""
        hours = range(self._begin // HOUR, self._until // HOUR)
        weights = (
            DAYTIME[hour % 24] * (0.6 if hour // 24 % 7 == 3 else 1) * (1 + (hour - hours.start) / len(hours))
            for hour in hours
        )
        chosen = self._random.choices(hours, cum_weights=list(accumulate(weights)), k=self._size)
        return sorted(hour * HOUR + int(self._random.random() * HOUR) for hour in chosen)

    def _free(self, at: int, chosen: Connector) -> Connector:
        """A connector that is free at that time, the chosen one if it can be."""
        for _ in range(TRIES):
            if chosen.free_at < at and chosen.point.since < at < chosen.point.last:
                return chosen
            chosen = self._random.choices(self._fleet.connectors, cum_weights=self._fleet.used)[0]
        return min(self._fleet.connectors, key=lambda c: (c.point.since > at, c.free_at))

    def _session(self, rows: Rows, metered: bool, at: int, connector: Connector, holder: Holder, reason: str) -> None:
        """One transaction with all that belongs to it."""
        connector = self._free(at, connector)
        at = max(at, connector.free_at)
        if connector.dead is not None:
            self.superseded.append((self._transaction, connector.dead))
            connector.dead = None
        lasts, charged, info = self._use(connector, holder, at)
        point, number, chance = connector.point, self._transaction, self._random.random()
        ends, meter_stop = at + lasts, connector.meter + charged
        came = at + (int(chance * 1e6) % (8 * HOUR) if chance > 1 - LATE else 1)
        start, key = moment(at), f"{point.id}/{number}".encode()
        if ends < self._until and chance > NEVER_ENDED:
            why, told = reason if charged else "DeAuthorized", max(ends + 1, came)
            end = self._end(rows, connector, number, key, ends, told, meter_stop, holder, why)
            changes: tuple[str | None, str] = (moment(told), moment(told))
        else:
            end, changes = self._open(connector, number, ends), (None, moment(came))
        said = (number, _key(b"start", key), point.id, connector.number, holder.id_tag, holder.folded, start)
        rows.transactions.append((*said, moment(came), start, connector.meter, info, NO_FLAGS, *end, *changes))
        if metered:
            times = range(at, min(ends, self._until), EVERY)[:SAMPLES]
            self._meter(rows, connector, number, key, times, charged * EVERY // lasts)
        connector.meter, connector.free_at = meter_stop, ends
        self._transaction += 1

    def _use(self, connector: Connector, holder: Holder, at: int) -> tuple[int, int, str]:
        """How long it lasts in seconds, what is charged in Wh, and what the start is answered."""
        refused = holder.status == "Blocked" or (holder.expires is not None and holder.expires < at)
        if refused:
            return 30, 0, holder.info
        random, power = self._random, connector.point.make.power
        lasts = random.choice(self._quick if power >= 50 else self._slow)
        charged = int(min(lasts / HOUR * power * 0.7, random.choice((7, 18, 30, 45))) * 1000)
        return lasts, charged, ACCEPTED if holder.expires else holder.info

    def _end(
        self,
        rows: Rows,
        connector: Connector,
        number: int,
        key: bytes,
        at: int,
        came: int,
        meter: int,
        holder: Holder,
        why: str,
    ) -> Row:
        """The station's stop; gives what the transaction shows of it."""
        point, end = connector.point, moment(at)
        said = point.version == self._says_why
        reason, flags = (why, NO_FLAGS) if said else ("Local", LOCAL)
        answer = f'{{"idTagInfo": {holder.info}}}'
        own = (end, moment(came), meter, holder.id_tag, reason, answer, flags)
        rows.stops.append((self._stop, _key(b"stop", key), point.id, number, True, *own))
        self._stop += 1
        if self._random.random() < ORPHANED:
            unknown = (end, end, meter, holder.id_tag, reason, answer, ORPHAN)
            rows.stops.append((self._stop, _key(b"orphan", key), point.id, -1, False, *unknown))
            self._stop += 1
        return end, meter, holder.id_tag, reason, flags, "station"

    def _open(self, connector: Connector, number: int, ends: int) -> Row:
        """One that runs, or whose stop never came: half of those are closed by somebody."""
        closed = ends + 3 * DAY
        if closed < self._until and number % 2:
            return moment(closed), None, None, "Other", CLOSED, "operator"
        if ends < self._until:
            connector.dead = number
        return None, None, None, None, NO_FLAGS, None

    def _meter(self, rows: Rows, connector: Connector, number: int, key: bytes, times: range, each: int) -> None:
        """What its meter said every quarter of an hour, and what the connector said of itself."""
        point = connector.point
        for position, at in enumerate(times):
            message, when = self._message, moment(at)
            own = (point.id, connector.number, number, number, "MeterValues", when, NO_FLAGS)
            rows.messages.append((message, _key(b"meter%d" % position, key), *own))
            energy, power = str(connector.meter + position * each), str(each * HOUR // EVERY)
            said = (when, "Sample.Periodic", "Raw")
            for place, value in enumerate((energy, power)):
                measurand, unit = MEASURED[place]
                rows.values.append((message, place, 0, said[0], value, *said[1:], measurand, "Outlet", unit))
            self._message += 1
        when = moment(times.start)
        rows.notices.append((point.id, connector.number, "Charging", "NoError", when, when, when, NO_FLAGS))


def _key(kind: bytes, key: bytes) -> str:
    """A key as messages have them; nobody will send these again."""
    return hashlib.sha256(kind + key).hexdigest()
