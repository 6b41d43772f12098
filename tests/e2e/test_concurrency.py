"""Many messages at the same moment, over two processes: nothing is doubled, nothing fails, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.integration.messages import answer_fields, content, envelope, schema

from .gateway import Gateway, running
from .wire import children, post

START = {"connectorId": 1, "idTag": "TAG", "timestamp": "2024-01-31T12:00:00Z", "meterStart": 100}
STOP = {"idTag": "tag", "timestamp": "2024-01-31T13:00:00Z", "meterStop": 200}
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
STATUS = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway of two processes that accepts unknown tags too."""
    with running(tmp_path / "gateway", database_url, WORKERS="2", UNKNOWN_TAGS="accept") as started:
        assert 2 == len(children(started))
        yield started


def at_once(gateway: Gateway, *messages: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers to (operation, identity, fields), all sent at the same moment by a thread each; none is a fault."""
    together = Barrier(len(messages))

    def send(operation: str, identity: str, said: dict[str, Any]) -> dict[str, Any]:
        body = envelope(operation, identity, said)
        answer = post(gateway.url, body, before=lambda: together.wait(60))
        assert 200 == answer.status, answer.body
        schema().assertValid(content(answer.body))
        return answer_fields(content(answer.body))

    with ThreadPoolExecutor(len(messages)) as pool:
        return [future.result() for future in [pool.submit(send, *message) for message in messages]]


def test_a_message_that_comes_fifty_times_at_once_is_one(gateway: Gateway) -> None:
    """50 threads replay a StartTransaction, then its stop: one transaction, and every answer is the same."""
    gateway.run("tags", "add", "TAG", "--parent", "GROUP")
    starts = at_once(gateway, *[("StartTransaction", "CP1", START)] * 50)
    assert [starts[0]] * 50 == starts
    assert {"status": "Accepted", "parentIdTag": "GROUP"} == starts[0]["idTagInfo"]
    stop = {"transactionId": starts[0]["transactionId"], **STOP}
    stops = at_once(gateway, *[("StopTransaction", "CP1", stop)] * 50)
    assert [{"idTagInfo": {"status": "Accepted", "parentIdTag": "GROUP"}}] * 50 == stops
    (transaction,) = gateway.json("transactions", "list")
    assert (100, 200, "Local") == (transaction["meterStart"], transaction["meterStop"], transaction["reason"])
    assert "kept apart" not in str(transaction["flags"])
    assert 100 == len(gateway.json("journal", "list", "--limit", "200"))


@pytest.mark.parametrize("known", [True, False], ids=["known-tag", "unknown-tag"])
def test_of_fifty_stations_one_gets_the_tag(gateway: Gateway, known: bool) -> None:
    """50 stations start with the same idTag at the same moment: one Accepted, the others ConcurrentTx."""
    if known:
        gateway.run("tags", "add", "TAG")
    answers = at_once(gateway, *[("StartTransaction", f"CP{n}", START) for n in range(50)])
    assert {"Accepted": 1, "ConcurrentTx": 49} == Counter(answer["idTagInfo"]["status"] for answer in answers)
    assert 50 == len({answer["transactionId"] for answer in answers})
    assert 50 == len(gateway.json("transactions", "list"))


def test_stations_first_seen_at_the_same_moment_are_each_registered_once(gateway: Gateway) -> None:
    """20 unknown stations say four things at once: every message is answered, every station registered once."""
    start = {**START, "idTag": "ANY"}
    said: list[tuple[str, dict[str, Any]]]
    said = [("BootNotification", BOOT), ("StatusNotification", STATUS), ("Heartbeat", {}), ("StartTransaction", start)]
    answers = at_once(gateway, *[(operation, f"CP{n}", fields) for n in range(20) for operation, fields in said])
    assert 80 == len(answers)
    points = gateway.json("charge-points", "list")
    assert sorted(f"CP{n}" for n in range(20)) == sorted(point["chargeBoxIdentity"] for point in points)
    assert {("Accepted", "V", "M")} == {(p["status"], p["chargePointVendor"], p["chargePointModel"]) for p in points}
    assert 20 == len(gateway.json("transactions", "list"))


def test_strangers_that_are_kept_pending_are_each_remembered_once(database_url: str, tmp_path: Path) -> None:
    """The same where unknown stations wait for the operator: no boot is lost, no answer is an InternalError."""
    with running(tmp_path / "gateway", database_url, WORKERS="2", UNKNOWN_CHARGE_POINTS="pending") as gateway:
        answers = at_once(gateway, *[("BootNotification", f"CP{n % 20}", BOOT) for n in range(60)])
        assert {"Pending": 60} == Counter(answer["status"] for answer in answers)
        points = gateway.json("charge-points", "list")
        assert sorted(f"CP{n}" for n in range(20)) == sorted(point["chargeBoxIdentity"] for point in points)
