"""What each act costs: its statements, counted, and the rows that they have to look at."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from ocpp_soap.central.orders import NewCommand, Turn
from ocpp_soap.central.pages import (
    AuditFilter,
    CommandFilter,
    ReservationFilter,
    StationFilter,
    TagFilter,
    TransactionFilter,
)
from ocpp_soap.central.ports import Work
from ocpp_soap.central.records import Chosen, Exchange
from ocpp_soap.store.columns import metadata
from ocpp_soap.store.work import SqlStore, open_store
from tests.integration.queueing import order, put_on_the_wire

from .conftest import NOON, a_notice, a_sample, a_start, a_stop, counted

EXCHANGE = Exchange(NOON, "in", "CP1", "Heartbeat", "new", None, 0.1, "answered", b"<a/>", b"<b/>")

SEEN, BEGUN = StationFilter(vendor="V"), TransactionFilter("CP1", 1, started_from=NOON)
CHARGED, KEPT = TransactionFilter(id_tag="A", open=True), ReservationFilter(status="Active")

Act = Callable[[Work, int, int], object]

ACTS: dict[str, tuple[int, Act]] = {
    "nothing": (0, lambda work, station, transaction: None),
    "contact": (1, lambda work, station, transaction: work.charge_points.contact("CP1", "new", None, NOON)),
    "journal": (1, lambda work, station, transaction: work.journal.add(EXCHANGE)),
    "boot": (1, lambda work, station, transaction: work.charge_points.boot(station, {}, NOON)),
    "status": (2, lambda work, station, transaction: work.charge_points.notice_status(a_notice(station), NOON)),
    "tag": (1, lambda work, station, transaction: work.tags.find("TAG", lock=True)),
    "start": (1, lambda work, station, transaction: work.transactions.start(a_start(station))),
    "start again": (1, lambda work, station, transaction: work.transactions.start(a_start(station, "k0"))),
    "supersede": (1, lambda work, station, transaction: work.transactions.supersede(transaction)),
    "link start": (1, lambda work, station, transaction: work.commands.link_start(station, transaction, NOON)),
    "stop": (2, lambda work, station, transaction: work.transactions.stop(a_stop(station, transaction))),
    "stop of nothing": (
        1,
        lambda work, station, transaction: work.transactions.stop(a_stop(station, 9, effective=False)),
    ),
    "link stop": (1, lambda work, station, transaction: work.commands.link_stop(station, transaction)),
    "meter": (
        2,
        lambda work, station, transaction: work.transactions.meter(
            station, "m", 1, transaction, [a_sample(n, str(n)) for n in range(50)], NOON, []
        ),
    ),
}


# What is asked for one station, tag or transaction, and not for all of them.
LOOKUPS: dict[str, Act] = {
    "station by another case": lambda work, station, transaction: work.charge_points.contact("cp1", "new", None, NOON),
    "station": lambda work, station, transaction: work.charge_points.find("CP1"),
    "stranger": lambda work, station, transaction: work.charge_points.register("S", "Accepted", NOON),
    "new stranger": lambda work, station, transaction: work.charge_points.remember_unknown(
        "S", "new", "Heartbeat", None, None, {}, NOON
    ),
    "callbacks": lambda work, station, transaction: work.charge_points.callback_history(station),
    "connectors": lambda work, station, transaction: work.charge_points.connectors(station),
    "file notice": lambda work, station, transaction: work.charge_points.notice_file(station, "firmware", "", NOON, []),
    "file notices": lambda work, station, transaction: work.charge_points.file_notices(station),
    "data": lambda work, station, transaction: work.charge_points.data(station),
    "orphan stops": lambda work, station, transaction: work.transactions.orphan_stops(station),
    "configuration": lambda work, station, transaction: work.charge_points.configuration(station),
    "transaction": lambda work, station, transaction: work.transactions.find(transaction),
    "start by key": lambda work, station, transaction: work.transactions.by_start("k1"),
    "stop by key": lambda work, station, transaction: work.transactions.answer_of_stop("s1"),
    "open of a tag": lambda work, station, transaction: work.transactions.open_for_tag("TAG"),
    "open on a connector": lambda work, station, transaction: work.transactions.open_on(station, 1),
    "transactions of a station": lambda work, station, transaction: work.transactions.list("CP1"),
    "transactions of a tag": lambda work, station, transaction: work.transactions.list(id_tag="TAG"),
    "samples": lambda work, station, transaction: work.transactions.samples(transaction),
    "reservation": lambda work, station, transaction: work.transactions.end_reservation(station, 1, "Used"),
    "reservations": lambda work, station, transaction: work.transactions.reservations(NOON, "CP1"),
    "profiles": lambda work, station, transaction: work.transactions.profiles(station),
    "profiles to clear": lambda work, station, transaction: work.transactions.clear_profiles(station, {"id": 1}),
    "command": lambda work, station, transaction: work.commands.find(1),
    "commands": lambda work, station, transaction: work.commands.list("CP1"),
    "commands in a page": lambda work, station, transaction: work.commands.page(CommandFilter("CP1"), 9, (9,)),
    "commands in a state": lambda work, station, transaction: work.commands.page(CommandFilter(state="queued"), 9),
    "commands of an operation": lambda work, station, transaction: work.commands.page(
        CommandFilter(None, None, "X"), 9
    ),
    "commands of a batch": lambda work, station, transaction: work.commands.page(CommandFilter(batch_id=1), 9),
    "order": lambda work, station, transaction: order(work, station, "Reset", NOON),
    "batch": lambda work, station, transaction: work.batches.add(
        "Reset", {}, None, NOON, [NewCommand(station, "Reset", {}, NOON, NOON)]
    ),
    "batch to see": lambda work, station, transaction: work.batches.find(1),
    "batch to cancel": lambda work, station, transaction: work.batches.cancel(1, NOON, ""),
    "key": lambda work, station, transaction: work.keys.take("me", "k", "f", NOON),
    "old keys": lambda work, station, transaction: work.keys.remove_before(NOON),
    "agenda": lambda work, station, transaction: work.queue.agenda(),
    "claim": lambda work, station, transaction: (
        order(work, station, "Reset", NOON) and work.queue.claim("a", NOON, NOON, 9)
    ),
    "claim of a station": lambda work, station, transaction: work.queue.claim("a", NOON, NOON, 1, station),
    "lease": lambda work, station, transaction: work.queue.lease(station, "a", NOON, NOON),
    "sent": lambda work, station, transaction: put_on_the_wire(work, station, order(work, station, "A", NOON), NOON),
    "finish": lambda work, station, transaction: work.queue.finish(Turn(station, 1, "a"), "answered", NOON),
    "put back": lambda work, station, transaction: work.queue.put_back(Turn(station, 1, "a"), NOON, ""),
    "give up": lambda work, station, transaction: work.queue.give_up(1, NOON, ""),
    "expire": lambda work, station, transaction: work.queue.expire(NOON),
    "contacted": lambda work, station, transaction: work.queue.contacted(station, NOON),
    "journal of a station": lambda work, station, transaction: work.journal.list("CP1"),
    "page of the journal of a station": lambda work, station, transaction: work.journal.page(Chosen("CP1"), 9, (9,)),
    "page of charge points": lambda work, station, transaction: work.charge_points.page(SEEN, 9, ("A",)),
    "page of transactions": lambda work, station, transaction: work.transactions.page(BEGUN, 9, (9, 9)),
    "page of a tag's transactions": lambda work, station, transaction: work.transactions.page(CHARGED, 9),
    "page of tags": lambda work, station, transaction: work.tags.page(TagFilter("A", True, "B"), 9),
    "page of reservations": lambda work, station, transaction: work.transactions.page_reservations(KEPT, NOON, 9),
    "page of profiles": lambda work, station, transaction: work.transactions.page_profiles("CP1", None, 9),
    "page of the audit": lambda work, station, transaction: work.audit.page(AuditFilter("cli:me"), 9),
    "token": lambda work, station, transaction: work.tokens.find_by_key("00"),
    "tags to import": lambda work, station, transaction: work.tags.some(["A", "B"]),
    "old rows of the journal": lambda work, station, transaction: work.journal.remove_before(NOON, 100),
}


def plan_of(tmp_path: Path, act: Act) -> list[str]:
    """What SQLite does for an act, in its own words."""
    store = open_store(f"sqlite:///{tmp_path}/x.db")
    # Plans show the check of foreign keys for new parents, which SQLite skips unless a deferred one is violated.
    event.listen(store.writer, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = OFF"))
    metadata.create_all(store.writer, checkfirst=False)
    steps: list[str] = []

    def explain(connection: Connection, _cursor: object, sql: str, parameters: Any, *_: object) -> None:
        if not sql.startswith(("BEGIN", "EXPLAIN")):
            values = parameters[0] if parameters and isinstance(parameters[0], list | tuple) else parameters
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(values)).all()
            steps.extend(row.detail for row in plan)

    with store.writing() as work:
        station = work.charge_points.register("CP1", "Accepted", NOON).id
        transaction = work.transactions.start(a_start(station, "k0")) or 0
    event.listen(store.writer, "before_cursor_execute", explain)
    with store.writing() as work:
        act(work, station, transaction)
    store.close()
    return steps


@pytest.mark.parametrize("act", [*ACTS, *LOOKUPS])
def test_no_act_looks_at_every_row_of_a_table(tmp_path: Path, act: str) -> None:
    """Each has an index for what it looks up, by SQLite's own plan."""
    steps = plan_of(tmp_path, LOOKUPS[act] if act in LOOKUPS else ACTS[act][1])
    is_whole_table = re.compile(rf"SCAN ({'|'.join(metadata.tables)})\b")
    assert [] == [step for step in steps if is_whole_table.match(step) and "COVERING" not in step]


@pytest.mark.parametrize(
    "act",
    [
        lambda work, station, transaction: work.transactions.supersede(transaction),
        lambda work, station, transaction: work.transactions.open_on(station, 1),
        lambda work, station, transaction: work.transactions.page(TransactionFilter(identity="CP1", open=True), 9),
    ],
    ids=["supersede", "open on a connector", "page"],
)
def test_what_runs_is_not_looked_for_among_all_that_ever_ran(tmp_path: Path, act: Act) -> None:
    """A connector has few transactions that are open and thousands that are not: the former have an index."""
    assert any("USING" in step and "ix_transactions_open" in step for step in plan_of(tmp_path, act))


@pytest.mark.parametrize("act", ACTS)
def test_an_act_costs_this_many_statements(store: SqlStore, station: int, act: str) -> None:
    """No more than its table says, however many rows it writes."""
    expected, run = ACTS[act]
    with store.writing() as work:
        transaction = work.transactions.start(a_start(station, "k0"))
        work.charge_points.contact("CP1", "new", None, NOON)
    assert transaction is not None
    with counted(store) as statements, store.writing() as work:
        run(work, station, transaction)
    assert expected == len(statements), statements


def test_a_statement_that_fails_undoes_its_transaction(store: SqlStore, station: int) -> None:
    """All or nothing, also when it is the caller who fails."""

    def fail() -> None:
        with store.writing() as work:
            work.transactions.start(a_start(station))
            work.journal.add(EXCHANGE)
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    with store.reading() as work:
        assert ([], []) == (work.transactions.list(), work.journal.list())
