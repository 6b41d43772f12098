"""Playing a trace again: transactionIds of the trace and of the store are never mixed up."""

from __future__ import annotations

from ocpp_soap.central.reenactment import TransactionIds


def test_a_transaction_of_the_trace_has_one_id_here() -> None:
    """However often its start is answered; an id that was another's before is told."""
    ids = TransactionIds()
    assert ids.learn(700, 1)
    assert ids.learn(700, 1)
    assert (1, True) == (ids.here(700), ids.known(700))
    assert not ids.learn(700, 2)
    assert not ids.learn(701, 1)


def test_a_transaction_from_before_the_trace_is_nobody_elses_here() -> None:
    """Its id is one that the store will not give, each its own, and within what the standard allows."""
    ids = TransactionIds()
    ids.learn(2, 1)
    before = [ids.here(there) for there in (1, 3, 1)]
    assert (before[0], False, 2) == (before[2], ids.known(1), len(set(before)))
    assert all(1_000_000_000 < here < 2**31 for here in before)


def test_an_id_that_no_central_system_gives_stays() -> None:
    """Stations send 0 and -1 for none."""
    assert [0, -1] == [TransactionIds().here(there) for there in (0, -1)]
