"""Lists in pages: every row once and in order, whatever happens between two pages, and only what may be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import product
from typing import Any

import pytest

from ocpp_soap.central.ledger import AuditEntry
from ocpp_soap.central.orders import NewCommand
from ocpp_soap.central.pages import (
    AuditFilter,
    Page,
    Position,
    ReservationFilter,
    StationFilter,
    TagFilter,
    TransactionFilter,
)
from ocpp_soap.central.ports import Work
from ocpp_soap.central.records import Chosen, Exchange, Tag, Transaction
from ocpp_soap.errors import Refused
from ocpp_soap.store import pages
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, a_start, after

FEW = 7
EXCHANGE = Exchange(NOON, "in", "P1", "Heartbeat", "new", None, 0.1, "answered", b"<a/>", b"<b/>")


def at(minutes: int) -> dict[str, datetime]:
    """The fields of a transaction that started so many minutes after NOON."""
    return dict.fromkeys(("start_timestamp", "ordered_at"), after(minutes=minutes))


@pytest.fixture
def stations(store: SqlStore) -> list[int]:
    """Five charge points, P1 to P5, with transactions, reservations, tags, messages and changes of each."""
    with store.writing() as work:
        points = [work.charge_points.register(f"P{n}", "Accepted", NOON, chargePointVendor="V") for n in range(1, 6)]
        work.charge_points.change(points[1].id, status="Rejected", local_list_version=3)
        numbers = [point.id for point in points]
        for n in range(40):
            start = a_start(numbers[n % 5], f"k{n}", id_tag=f"Tag{n % 3}", **at(n % 17))
            found = work.transactions.start(start)
            assert found is not None
            if n % 4 == 0:
                work.transactions.close(found, after(hours=1), None, None, "")
            request = {"reservationId": n, "expiryDate": after(minutes=n), "idTag": f"Tag{n}", "connectorId": 1}
            order = NewCommand(numbers[n % 5], "ReserveNow", request | {"expiryDate": None}, NOON, after(hours=1))
            work.transactions.reserve(numbers[n % 5], request, work.commands.add(order), NOON)
            work.journal.add(replace(EXCHANGE, identity=f"P{n % 5 + 1}", outcome="answered" if n % 2 else "fault"))
        work.tags.save_all([Tag(f"tag{n:02}", n % 9 == 0, None, f"G{n % 2}", None) for n in range(30)])
        work.audit.add(
            [AuditEntry(after(seconds=n % 5), f"w{n % 2}", "did", f"s{n % 3}", None, None) for n in range(20)]
        )
    return numbers


def walked(
    store: SqlStore, turn: Callable[[Work, int, Position | None], Page[Any]], between: Callable[[], None] = lambda: None
) -> list[Any]:
    """All rows of a list, a few at a time."""
    rows: list[Any] = []
    place: Position | None = None
    while True:
        with store.reading() as work:
            page = turn(work, FEW, place)
        assert page.next is None or len(page.rows) == FEW
        rows += page.rows
        if page.next is None:
            return rows
        place = page.next
        between()


Fits = Callable[[Transaction], bool]
SOME = frozenset({"P1", "P4"})

# Which transactions are asked for, and how one who looks at all of them finds them.
MEANT: list[tuple[TransactionFilter, Fits]] = [
    (TransactionFilter(), lambda t: True),
    (TransactionFilter(open=True), lambda t: t.closed_by is None),
    (TransactionFilter(open=False), lambda t: t.closed_by is not None),
    (TransactionFilter("p2"), lambda t: t.identity == "P2"),
    (TransactionFilter("P2", open=True), lambda t: t.identity == "P2" and t.closed_by is None),
    (TransactionFilter("P2", 2), lambda t: False),
    (TransactionFilter(id_tag="TAG1"), lambda t: t.id_tag == "Tag1"),
    (
        TransactionFilter(started_from=after(minutes=3), started_before=after(minutes=6)),
        lambda t: after(minutes=3) <= t.start_timestamp < after(minutes=6),
    ),
    (TransactionFilter(only=SOME), lambda t: t.identity in SOME),
    (TransactionFilter(only=SOME, open=True), lambda t: t.identity in SOME and t.closed_by is None),
    (TransactionFilter(only=SOME, id_tag="Tag1"), lambda t: t.identity in SOME and t.id_tag == "Tag1"),
    (TransactionFilter("P2", only=SOME), lambda t: False),
    (TransactionFilter(only=frozenset()), lambda t: False),
]


def test_pages_of_transactions_are_the_list_of_what_is_meant(
    store: SqlStore, stations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newest start first, then by id, whatever the filter is, and however many charge points may be seen."""
    with store.reading() as work:
        every = work.transactions.list()
    assert 40 == len(every)
    for (chosen, fits), together in product(MEANT, (50, 1)):
        monkeypatch.setattr(pages, "TOGETHER", together)
        rows = walked(store, lambda w, few, place: w.transactions.page(chosen, few, place))  # noqa: B023
        expected = sorted((t for t in every if fits(t)), key=lambda t: (t.start_timestamp, t.id), reverse=True)
        assert expected == rows, chosen


def test_what_comes_or_goes_between_two_pages_shifts_nothing(store: SqlStore, stations: list[int]) -> None:
    """Each row that is there all the time is shown once."""
    with store.reading() as work:
        before = [transaction.id for transaction in work.transactions.list()]
    numbers = iter(range(100, 200))

    def happen() -> None:
        with store.writing() as work:
            for minutes in (0, 8, 20):
                new = a_start(stations[0], f"k{next(numbers)}", **at(minutes))
                work.transactions.start(new)

    shown = walked(store, lambda w, few, place: w.transactions.page(TransactionFilter(), few, place), happen)
    assert before == [transaction.id for transaction in shown if transaction.id in before]


Turn = Callable[[Work, Any, int, Position | None], Page[Any]]

# The other lists: what is asked for, and how many of those that `stations` makes there are.
LISTS: list[tuple[Turn, list[tuple[Any, int]]]] = [
    (
        lambda work, chosen, few, place: work.charge_points.page(chosen, few, place),
        [
            (StationFilter(), 5),
            (StationFilter(status="Rejected"), 1),
            (StationFilter(vendor="V", identity_prefix="P"), 5),
            (StationFilter(identity_prefix="p"), 0),
            (StationFilter(only=SOME), 2),
        ],
    ),
    (
        lambda work, chosen, few, place: work.tags.page(chosen, few, place),
        [(TagFilter(), 30), (TagFilter("TAG1"), 10), (TagFilter(blocked=True), 4), (TagFilter(parent="g1"), 15)],
    ),
    (
        lambda work, chosen, few, place: work.transactions.page_reservations(chosen, after(minutes=30), few, place),
        [
            (ReservationFilter(), 40),
            (ReservationFilter("p3"), 8),
            (ReservationFilter(status="Active"), 9),
            (ReservationFilter(status="Expired"), 31),
            (ReservationFilter(only=SOME), 16),
        ],
    ),
    (
        lambda work, chosen, few, place: work.journal.page(chosen, few, place),
        [(Chosen(), 40), (Chosen("P1"), 8), (Chosen("P1", outcome="fault"), 4), (Chosen(since=after(seconds=1)), 0)],
    ),
    (
        lambda work, chosen, few, place: work.audit.page(chosen, few, place),
        [
            (AuditFilter(), 20),
            (AuditFilter("w1"), 10),
            (AuditFilter(subject="s2", since=after(seconds=1), until=after(seconds=3)), 3),
        ],
    ),
]


def test_the_other_lists_are_whole_and_in_order(store: SqlStore, stations: list[int]) -> None:
    """Charge points and tags by name; reservations, the journal and the audit newest first; filters narrow each."""
    found = [
        [walked(store, lambda w, few, place: turn(w, chosen, few, place)) for chosen, _ in asked]  # noqa: B023
        for turn, asked in LISTS
    ]
    assert [[count for _, count in asked] for _, asked in LISTS] == [[len(rows) for rows in one] for one in found]
    points, tags, reserved, journal, audit = (every for every, *_ in found)
    assert [f"P{n}" for n in range(1, 6)] == [point.identity for point in points]
    assert [f"tag{n:02}" for n in range(30)] == [tag.id_tag for tag in tags]
    assert list(range(39, -1, -1)) == [row["reservationId"] for row in reserved]
    assert sorted(journal, key=lambda row: row.id, reverse=True) == journal
    assert sorted(audit, key=lambda entry: (entry.at, entry.id), reverse=True) == audit
    with store.reading() as work:
        assert [{"chargeBoxIdentity": "P2", "listVersion": 3}] == work.charge_points.page_local_lists(None, FEW).rows
        assert [] == work.charge_points.page_local_lists(SOME, FEW).rows


ODD: tuple[Any, ...] = ((), ("x", 1), (1,), (1, 2, 3), (1, "x"), (True, 1), (2**70, 1), (1, 2**40), (1, None), ([], {}))


def test_an_odd_position_is_refused(store: SqlStore) -> None:
    """It comes from outside, and reaches no database."""
    for place in ODD:
        with pytest.raises(Refused, match="no such place in this list"), store.reading() as work:
            work.transactions.page(TransactionFilter(), FEW, place)
