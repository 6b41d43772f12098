"""How many statements each act costs: what every message pays for, counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ocpp_soap.central.ports import Work
from ocpp_soap.central.records import Exchange
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, a_notice, a_sample, a_start, a_stop, counted

EXCHANGE = Exchange(NOON, "in", "CP1", "Heartbeat", "new", None, 0.1, "answered", b"<a/>", b"<b/>")

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


@pytest.mark.parametrize("act", ACTS)
def test_an_act_costs_this_many_statements(store: SqlStore, station: int, act: str) -> None:
    """No more than its table says, however many rows it writes."""
    expected, run = ACTS[act]
    with store.writing() as work:
        transaction = work.transactions.start(a_start(station, "k0"))
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
