"""Many messages at the same moment, over two processes: nothing is doubled, nothing fails, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from ocpp_soap.central.records import Tag, Transaction
from ocpp_soap.store.work import SqlStore, open_store
from tests.integration.messages import answer_fields, content, envelope, schema

from .gateway import running
from .wire import fresh_database, post, workers

START = {"connectorId": 1, "timestamp": "2024-01-31T12:00:00Z", "meterStart": 100}
STOP = {"idTag": "tag", "timestamp": "2024-01-31T13:00:00Z", "meterStop": 200}
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
STATUS = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}

Said = tuple[str, str, dict[str, Any]]
"""Operation, identity and fields of a message."""


class Central:
    """A gateway of two processes, and its store."""

    def __init__(self, url: str, store: SqlStore) -> None:
        self.url = url
        self.store = store

    def at_once(self, messages: Sequence[Said]) -> list[dict[str, Any]]:
        """The answers to messages that are all sent at the same moment by a thread each; none is a fault."""
        together = Barrier(len(messages))
        bodies = [envelope(*message) for message in messages]
        with ThreadPoolExecutor(len(messages)) as pool:
            answers = list(pool.map(lambda body: post(self.url, body, before=lambda: together.wait(60)), bodies))
        for answer in answers:
            assert 200 == answer.status, answer.body
            schema().assertValid(content(answer.body))
        return [answer_fields(content(answer.body)) for answer in answers]

    def know(self, id_tag: str, parent: str | None = None) -> None:
        """Adds a tag."""
        with self.store.writing() as work:
            work.tags.save(Tag(id_tag, blocked=False, expires=None, parent=parent, max_transactions=None))

    def transactions(self, id_tag: str) -> Sequence[Transaction]:
        """The transactions of a tag."""
        with self.store.reading() as work:
            return work.transactions.list(id_tag=id_tag)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def central(
    request: pytest.FixtureRequest, postgresql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Central]:
    """A gateway of two processes that accepts every station and every tag: one for all tests here."""
    folder = tmp_path_factory.mktemp("concurrency")
    url = fresh_database(request.param, postgresql_url, folder, "concurrency")
    with running(folder / "gateway", url, WORKERS="2", UNKNOWN_TAGS="accept") as gateway:
        workers(gateway, 2)
        store = open_store(url)
        yield Central(gateway.url, store)
        store.close()
        assert 2 == gateway.log().count("Booting worker"), "a worker has died"


def test_a_message_that_comes_fifty_times_at_once_is_one(central: Central) -> None:
    """50 threads replay a StartTransaction, then its stop: one transaction, and every answer is the same."""
    central.know("TAG", parent="GROUP")
    starts = central.at_once([("StartTransaction", "REPLAY", {**START, "idTag": "TAG"})] * 50)
    assert [starts[0]] * 50 == starts
    assert {"status": "Accepted", "parentIdTag": "GROUP"} == starts[0]["idTagInfo"]
    stop = {"transactionId": starts[0]["transactionId"], **STOP}
    stops = central.at_once([("StopTransaction", "REPLAY", stop)] * 50)
    assert [{"idTagInfo": {"status": "Accepted", "parentIdTag": "GROUP"}}] * 50 == stops
    (transaction,) = central.transactions("TAG")
    assert (100, 200, "station") == (transaction.meter_start, transaction.meter_stop, transaction.closed_by)
    assert "kept apart" not in str(transaction.stop_flags)
    with central.store.reading() as work:
        assert [] == work.transactions.orphan_stops(transaction.charge_point_id)
        assert 100 == len(work.journal.list("REPLAY", limit=200))


@pytest.mark.parametrize("tag", ["KNOWN", "UNKNOWN"])
def test_of_fifty_stations_one_gets_the_tag(central: Central, tag: str) -> None:
    """50 stations start with the same idTag at the same moment: one Accepted, the others ConcurrentTx."""
    if tag == "KNOWN":
        central.know(tag)
    answers = central.at_once([("StartTransaction", f"{tag}-{n}", {**START, "idTag": tag}) for n in range(50)])
    assert {"Accepted": 1, "ConcurrentTx": 49} == Counter(answer["idTagInfo"]["status"] for answer in answers)
    stored = {str(transaction.id) for transaction in central.transactions(tag)}
    assert (50, stored) == (len(stored), {answer["transactionId"] for answer in answers})


def test_stations_first_seen_at_the_same_moment_are_each_registered_once(central: Central) -> None:
    """20 unknown stations say four things at once: every message is answered, every station registered once."""
    start = {**START, "idTag": "ANY"}
    said: dict[str, dict[str, Any]] = {"BootNotification": BOOT, "StatusNotification": STATUS, "Heartbeat": {}}
    said["StartTransaction"] = start
    names = [f"NEW-{n}" for n in range(20)]
    central.at_once([(operation, name, fields) for name in names for operation, fields in said.items()])
    with central.store.reading() as work:
        points = [point for point in work.charge_points.list() if point.identity.startswith("NEW-")]
        states = [work.charge_points.connectors(point.id) for point in points]
    assert sorted(names) == sorted(point.identity for point in points)
    assert [("Accepted", BOOT)] * 20 == [(point.status, point.boot) for point in points]
    assert ["Available"] * 20 == [row["status"] for rows in states for row in rows]
    assert 20 == len(central.transactions("ANY"))


def test_strangers_that_are_kept_pending_are_each_remembered_once(database_url: str, tmp_path: Path) -> None:
    """The same where unknown stations wait for the operator: no boot is lost, no answer is an InternalError."""
    names = [f"CP{n % 20}" for n in range(60)]
    with running(tmp_path, database_url, WORKERS="2", UNKNOWN_CHARGE_POINTS="pending") as gateway:
        central = Central(gateway.url, open_store(database_url))
        answers = central.at_once([("BootNotification", name, BOOT) for name in names])
        with central.store.reading() as work:
            strangers = {point.identity: (point.messages, point.boot) for point in work.charge_points.unknown()}
        central.store.close()
    assert {"Pending": 60} == Counter(answer["status"] for answer in answers)
    assert dict.fromkeys(names, (3, BOOT)) == strangers
