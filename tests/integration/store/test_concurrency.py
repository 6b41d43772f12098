"""Many at once: nothing is lost, nothing is doubled, and no connection crosses a fork."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from ocpp_soap.central.ports import Work
from ocpp_soap.central.records import Tag
from ocpp_soap.errors import Busy
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, a_sample, a_start, a_stop, after, register, start

FORK = """
import os, sys, threading
from datetime import UTC, datetime
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.work import open_store

NOON = datetime(2024, 1, 31, tzinfo=UTC)
store = open_store(sys.argv[1])
upgrade(store)

def speak(identity):
    with store.writing() as work:
        if work.charge_points.contact(identity, "new", None, NOON) is None:
            work.charge_points.register(identity, "Accepted", NOON)
    with store.reading() as work:
        assert work.charge_points.find(identity) is not None

speak("parent before")
running, enough = threading.Event(), threading.Event()

def write():  # another thread is in the middle of something when the process forks
    while not enough.is_set():
        speak("thread")
        running.set()

thread = threading.Thread(target=write)
thread.start()
for generation in range(5):
    running.clear()
    running.wait()
    child = os.fork()
    if child == 0:
        try:
            for n in range(20):
                speak(f"child {generation} {n}")
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    for n in range(20):
        speak(f"parent {generation} {n}")
    assert os.waitpid(child, 0)[1] == 0
enough.set()
thread.join()
with store.reading() as work:
    print(len(work.charge_points.list()))
"""


def at_once(number: int, act: Callable[[int], object]) -> list[Any]:
    """Runs `act` in that many threads that begin together; gives what each gave, Busy ones run again."""
    together, outcomes = Barrier(number), []

    def run(n: int) -> None:
        together.wait()
        while True:
            try:
                outcomes.append(act(n))
                return
            except Busy:
                continue
            except BaseException as error:
                outcomes.append(error)
                raise

    threads = [Thread(target=run, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_the_same_messages_from_many_threads_are_stored_once(store: SqlStore, station: int) -> None:
    """Start, stop and meter values: one is the first, and all others find it."""
    transaction_id = start(store, a_start(station, "other"))
    acts: dict[str, Callable[[Work], object]] = {
        "start": lambda work: work.transactions.start(a_start(station)) is not None,
        "stop": lambda work: work.transactions.stop(a_stop(station, transaction_id)),
        "meter": lambda work: work.transactions.meter(station, "m", 1, transaction_id, [a_sample()] * 3, NOON, []),
    }

    def run(act: Callable[[Work], object]) -> object:
        with store.writing() as work:
            return act(work)

    for name, act in acts.items():
        outcomes = at_once(20, lambda n, act=act: run(act))  # type: ignore[misc]
        assert (name, [False] * 19 + [True]) == (name, sorted(outcomes))
    with store.reading() as work:
        found = work.transactions.by_start("k1")
        assert found is not None
        assert [found.id, transaction_id] == [transaction.id for transaction in work.transactions.list()]


def test_threads_that_read_and_then_write_lose_nothing(store: SqlStore, station: int) -> None:
    """A transaction that has heard of a station holds it until its end."""

    def count(_: int) -> None:
        for _ in range(10):
            with store.writing() as work:
                known = work.charge_points.contact("CP1", "new", None, NOON)
                assert known is not None
                work.charge_points.change(station, local_list_version=(known.local_list_version or 0) + 1)

    assert [None] * 8 == at_once(8, count)
    with store.reading() as work:
        known = work.charge_points.find("CP1")
    assert known is not None
    assert 80 == known.local_list_version


def test_starts_of_one_tag_at_several_stations_count_each_other(store: SqlStore) -> None:
    """Whoever has locked the tag sees all that were stored before."""
    stations = [register(store, f"CP{n}") for n in range(8)]
    with store.writing() as work:
        work.tags.save(Tag("Tag1", False, None, None, 1))

    def begin(n: int) -> int:
        with store.writing() as work:
            work.tags.find("TAG1", lock=True)
            running = work.transactions.open_for_tag("tag1")
            assert work.transactions.start(a_start(stations[n], f"k{n}")) is not None
        return running

    assert list(range(8)) == sorted(at_once(8, begin))


def test_one_of_many_gets_a_stations_lease(store: SqlStore, station: int) -> None:
    """However many ask at the same moment."""

    def ask(n: int) -> bool:
        with store.writing() as work:
            return work.queue.lease(station, f"holder {n}", NOON, after(seconds=60))

    assert [False] * 19 + [True] == sorted(at_once(20, ask))


def test_a_child_process_uses_nothing_of_its_parents(database_url: str) -> None:
    """Fork while a thread writes: parent and child go on, with connections and locks of their own."""
    # Newer Pythons warn of any fork in a process with threads.
    command = [sys.executable, "-W", "ignore", "-c", FORK, database_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (0, "", f"{2 + 5 * 40}\n") == (done.returncode, done.stderr, done.stdout)
