"""The soak itself: stations under load while things happen, and the comparison of their count with the store."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

import psycopg

from .plant import PATIENCE, Plant
from .stations import Entry, Ledger, Loiterer, Station

STATIONS, LOITERERS = 12, 3
# After each event so many messages have to be answered before the next one comes: at least, at most.
BETWEEN = (20, 400)

# In words of its own, so that nothing of the gateway is trusted to count.
STORED = """
SELECT 'StartTransaction', c.identity, t.id, t.meter_start
FROM transactions t JOIN charge_points c ON c.id = t.charge_point_id
UNION ALL
SELECT 'StopTransaction', c.identity, t.id, s.meter_stop
FROM stops s JOIN charge_points c ON c.id = s.charge_point_id
LEFT JOIN transactions t ON t.id = s.transaction_id AND t.meter_stop = s.meter_stop AND t.closed_by = 'station'
UNION ALL
SELECT 'MeterValues', c.identity, m.transaction_id, CAST(v.value AS INTEGER)
FROM meter_messages m JOIN charge_points c ON c.id = m.charge_point_id
LEFT JOIN meter_values v ON v.message_id = m.id
"""


@dataclass
class Report:
    """What came of it."""

    seed: int
    ledger: Ledger
    events: Counter[str] = field(default_factory=Counter)
    lost: list[Entry] = field(default_factory=list)
    doubled: list[Entry] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether the store holds each answered message once, and no replay was answered otherwise."""
        return not (self.lost or self.doubled or self.ledger.wrong)

    def compare(self, database_url: str) -> None:
        """Holds the stations' count against the store's."""
        stored = _stored(database_url)
        self.lost = sorted((self.ledger.entries - stored).elements(), key=str)
        self.doubled = sorted((stored - self.ledger.entries).elements(), key=str)


def soak(plant: Plant, seconds: float, seed: int, tell: Callable[[str], object], loiterers: int = LOITERERS) -> Report:
    """Lets every event happen at least once, and goes on for so long."""
    report, over, luck = Report(seed, Ledger()), Event(), random.Random(seed)
    stations = [Station(number, plant.url, report.ledger, seed, over) for number in range(STATIONS)]
    threads = [*stations, *(Loiterer(plant.url, report.ledger, over) for _ in range(loiterers))]
    for thread in threads:
        thread.start()
    try:
        _happen(plant, report, seconds, luck, tell)
    finally:
        over.set()
        deadline = time.monotonic() + PATIENCE
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))
    if late := [station.identity for station in stations if station.is_alive()]:
        report.ledger.complain(f"still without an answer after {PATIENCE:.0f} s: {', '.join(late)}")
    report.compare(plant.database_url)
    return report


def _happen(plant: Plant, report: Report, seconds: float, luck: random.Random, tell: Callable[[str], object]) -> None:
    begun, names = time.monotonic(), list(plant.events)
    luck.shuffle(names)
    while not report.ledger.wrong:
        for name in names:
            if not report.ledger.wait_for(more := luck.randint(*BETWEEN), PATIENCE):
                report.ledger.complain(f"no {more} messages were answered within {PATIENCE:.0f} s before: {name}")
                return
            tell(f"{time.monotonic() - begun:4.0f} s: {report.ledger.entries.total()} messages; {name}")
            plant.events[name]()
            report.events[name] += 1
            if report.events.total() >= len(names) and time.monotonic() - begun > seconds:
                return
        luck.shuffle(names)


def _stored(database_url: str) -> Counter[Entry]:
    """The sessions and readings of the store."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file:
            rows = file.execute(STORED).fetchall()
    else:
        with psycopg.connect(database_url) as connection:
            rows = connection.execute(STORED).fetchall()
    return Counter(Entry(*row) for row in rows)
