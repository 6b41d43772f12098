"""kill -9 in the middle of a load: what got an answer is in the store, once; the gateway goes on; on both databases."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Condition, Event, Thread
from typing import Any

from sqlalchemy import func, select

from ocpp_soap import bootstrap
from ocpp_soap.central.records import Command
from ocpp_soap.settings import Settings
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.session_tables import meter_messages, transactions
from ocpp_soap.store.work import open_store
from tests.integration.messages import answer_fields, content, envelope

from .gateway import PROGRAM, Gateway, running
from .wire import children, post

CLIENTS, ROUNDS = 4, 25
PATIENCE = 60.0


class Load:
    """Stations that send distinct messages one after another, each again and again until it is answered."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.progress = Condition()
        self.answered: list[tuple[int, int, str]] = []
        """(client, round, transactionId) of each StartTransaction that is answered, as its MeterValues is."""
        self.unanswered = 0
        self.failed: list[str] = []

    def wait_for(self, number: int) -> None:
        """Until so many rounds are done."""
        with self.progress:
            assert self.progress.wait_for(lambda: self.failed or len(self.answered) >= number, PATIENCE)
        assert [] == self.failed

    def client(self, number: int) -> None:
        """One station: in each round a start, and a meter value of that transaction."""
        try:
            for turn in range(ROUNDS):
                said = {"connectorId": 1, "idTag": f"TAG{number}", "timestamp": "2024-01-31T12:00:00Z"}
                start = self.say(f"CP{number}", "StartTransaction", {**said, "meterStart": turn})
                value = {"timestamp": "2024-01-31T12:30:00Z", "sampledValue": [{"value": turn}]}
                said = {"connectorId": 1, "transactionId": start["transactionId"]}
                self.say(f"CP{number}", "MeterValues", {**said, "meterValue": [value]})
                with self.progress:
                    self.answered.append((number, turn, start["transactionId"]))
                    self.progress.notify_all()
        except Exception as error:  # noqa: BLE001 shown by the test, which this thread is no part of
            with self.progress:
                self.failed.append(repr(error))
                self.progress.notify_all()

    def say(self, identity: str, operation: str, said: dict[str, Any]) -> dict[str, Any]:
        """The fields of the first answer; a connection that fails or breaks is tried again, as stations do."""
        body = envelope(operation, identity, said)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = post(self.url, body)
                break
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        assert 200 == answer.status, answer.body
        return answer_fields(content(answer.body))

    @contextmanager
    def running(self) -> Iterator[None]:
        """The clients at work; waits for their end."""
        clients = [Thread(target=self.client, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            for client in clients:
                client.join()


def assert_stored_once(database_url: str, load: Load) -> None:
    """Every answered start is one transaction of the id that was answered, and has its one meter value."""
    store = open_store(database_url)
    try:
        with store.reading() as work:
            stored = {
                (int(t.identity.removeprefix("CP")), t.meter_start, str(t.id)): [s.value for s in samples]
                for t in work.transactions.list()
                for samples in [work.transactions.samples(t.id)]
            }
        with store.reader.connect() as connection:
            rows = [connection.scalar(select(func.count()).select_from(t)) for t in (transactions, meter_messages)]
    finally:
        store.close()
    assert CLIENTS * ROUNDS == len(load.answered)
    assert {key: [str(key[1])] for key in load.answered} == stored
    assert [CLIENTS * ROUNDS] * 2 == rows


def kill_a_worker(gateway: Gateway) -> None:
    """kill -9 of the worker that is there for the longest time."""
    os.kill(children(gateway)[0], signal.SIGKILL)


def test_a_killed_worker_takes_no_answered_message_with_it(database_url: str, tmp_path: Path) -> None:
    """Workers are killed three times in the middle of a load: each message is stored once, and answered in the end."""
    with running(tmp_path / "gateway", database_url, WORKERS="2") as gateway:
        load = Load(gateway.url)
        with load.running():
            for part in range(1, 4):
                load.wait_for(part * CLIENTS * ROUNDS // 4)
                kill_a_worker(gateway)
        assert [] == load.failed
        assert_stored_once(database_url, load)
        assert "SIGKILL" in gateway.log()


def test_a_gateway_that_was_killed_whole_goes_on_where_it_was(database_url: str, tmp_path: Path) -> None:
    """Master and workers are killed in the middle of a load and started again: nothing is lost, nothing is doubled."""
    with running(tmp_path / "first", database_url, WORKERS="2") as gateway:
        load = Load(gateway.url)
        with load.running():
            load.wait_for(CLIENTS * ROUNDS // 3)
            os.killpg(gateway.process.pid, signal.SIGKILL)
            gateway.process.wait()
            with running(tmp_path / "second", database_url, WORKERS="2") as again:
                load.url = again.url
                load.wait_for(CLIENTS * ROUNDS)
        assert [] == load.failed
        assert 0 < load.unanswered
        assert_stored_once(database_url, load)


class Silent(BaseRequestHandler):
    """A station that takes a request and never answers."""

    def handle(self) -> None:
        """Reads until the caller has gone."""
        self.server.heard.set()  # type: ignore[attr-defined]
        while self.request.recv(4096):
            pass


@contextmanager
def silent_station() -> Iterator[tuple[str, Event]]:
    """The address of a silent station, and what it sets when it hears something."""
    with ThreadingTCPServer(("127.0.0.1", 0), Silent) as server:
        server.daemon_threads = True
        server.heard = Event()  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/", server.heard  # type: ignore[attr-defined]
        finally:
            server.shutdown()


def test_a_command_whose_sender_was_killed_becomes_uncertain(database_url: str, tmp_path: Path) -> None:
    """kill -9 while a command waits for its answer: once its lease has run out, the next one says what is known."""
    settings = Settings(database_url=database_url, environment="development", connect_timeout=0.2, read_timeout=1.0)
    gateway = bootstrap.Gateway(settings)
    upgrade(gateway.store)
    with silent_station() as (url, heard):
        with gateway.store.writing() as work:
            station = work.charge_points.register("CP1", "Accepted", bootstrap.now())
            work.charge_points.set_callback(station.id, url, None, "operator", None, bootstrap.now())
        sender = subprocess.Popen(
            [*PROGRAM, "send", "CP1", "ClearCache", "{}"], env=environment(settings), cwd=tmp_path
        )
        assert heard.wait(PATIENCE)
        sender.kill()
        sender.wait()
        assert ["sending"] == [command.state for command in commands(gateway)]
        # The time of the dead sender's lease is over.
        later = bootstrap.Gateway(settings, lambda: bootstrap.now() + timedelta(minutes=1))
        outcome = later.commands.send("CP1", "ClearCache", {}).state
        later.store.close()
    first = commands(gateway)[-1]
    gateway.store.close()
    assert "uncertain" == outcome
    assert ("uncertain", True) == (first.state, first.finished is not None)
    assert "ended before it saw an answer" in str(first.error)


def environment(settings: Settings) -> dict[str, str]:
    """The same settings for a process of its own."""
    names = ("database_url", "environment", "connect_timeout", "read_timeout")
    chosen = {f"OCPP_SOAP_{name.upper()}": str(getattr(settings, name)) for name in names}
    return {name: value for name, value in os.environ.items() if not name.startswith("OCPP_SOAP_")} | chosen


def commands(gateway: bootstrap.Gateway) -> Sequence[Command]:
    """The commands to the station, newest first."""
    with gateway.store.reading() as work:
        return work.commands.list("CP1")
