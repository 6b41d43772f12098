"""Stations that charge one session after another, and their own count of what was answered.

They know messages and HTTP, and nothing of a store.
"""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tests.e2e.bad_messages import http as request_of
from tests.e2e.wire import Answer, connected, read_answer
from tests.integration.messages import answer_fields, content, envelope

READINGS = 3
# Of a station's messages, how many come slowly, are sent and not waited for, are repeated at once, or some time later.
SLOW, LEFT, AGAIN, LATER = 0.05, 0.05, 0.15, 0.1
REMEMBERED = 60


class Entry(NamedTuple):
    """A message that was answered: what it was, whose, of which transaction, and the number that tells it apart."""

    operation: str
    identity: str
    transaction: int
    number: int


@dataclass
class Ledger:
    """What the stations know, for all of them."""

    entries: Counter[Entry] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, what: str) -> None:
        """Counts something that happened."""
        with self.changed:
            self.notes[what] += 1

    def enter(self, entry: Entry) -> None:
        """A message was answered for the first time."""
        with self.changed:
            self.entries[entry] += 1
            self.changed.notify_all()

    def complain(self, words: str) -> None:
        """Something that must not be."""
        with self.changed:
            self.wrong.append(words)
            self.changed.notify_all()

    def wait_for(self, more: int, seconds: float) -> bool:
        """Waits until so many more messages are answered."""
        with self.changed:
            goal = self.entries.total() + more
            return self.changed.wait_for(lambda: self.entries.total() >= goal, seconds)


class Station(threading.Thread):
    """One station; half of them have a MessageID for each message, the others always the same."""

    def __init__(self, number: int, url: str, ledger: Ledger, seed: int, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.identity = f"SOAK-{number:02}"
        self.url = url
        self.ledger = ledger
        self.over = over
        self.luck = random.Random(f"{seed} {number}")
        self.names_messages = number % 2 == 0
        self.meter = 0
        self.past: list[tuple[bytes, dict[str, Any]]] = []

    def run(self) -> None:
        """Sessions until it is over; the last one is ended too."""
        try:
            self.say("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
            self.past.clear()  # the answer to a boot holds the time
            while not self.over.is_set():
                self.session()
        except Exception as error:  # noqa: BLE001 told by the verdict, which this thread is no part of
            self.ledger.complain(f"{self.identity}: {error!r}")

    def session(self) -> None:
        """A start, some readings, a stop; each is one line of the ledger."""
        tag = f"TAG-{self.identity}"
        said: dict[str, Any] = {"connectorId": 1, "idTag": tag, "timestamp": now(), "meterStart": self.meter}
        answer = self.say("StartTransaction", said)
        transaction = int(answer["transactionId"])
        if answer["idTagInfo"] != {"status": "Accepted"}:
            self.ledger.complain(f"{self.identity}: transaction {transaction} was answered {answer['idTagInfo']}")
        self.enter("StartTransaction", transaction)
        for _ in range(READINGS):
            self.meter += 1
            value = {"timestamp": now(), "sampledValue": [{"value": self.meter}]}
            self.say("MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": [value]})
            self.enter("MeterValues", transaction)
        self.meter += 1
        said = {"transactionId": transaction, "idTag": tag, "timestamp": now(), "meterStop": self.meter}
        self.say("StopTransaction", said)
        self.enter("StopTransaction", transaction)
        self.meter += 1

    def enter(self, operation: str, transaction: int) -> None:
        """A line of the ledger."""
        self.ledger.enter(Entry(operation, self.identity, transaction, self.meter))

    def say(self, operation: str, said: dict[str, Any]) -> dict[str, Any]:
        """The answer to a message; it and others may be repeated afterwards, which has to change nothing."""
        name = {"MessageID": f"urn:uuid:{UUID(int=self.luck.getrandbits(128))}"} if self.names_messages else {}
        body = envelope(operation, self.identity, said, header=name)
        if self.luck.random() < LEFT:
            self.leave(body)
        answer = self.insist(body)
        self.past = [*self.past[1 - REMEMBERED :], (body, answer)]
        repeated = [self.past[-1]] if self.luck.random() < AGAIN else []
        if self.luck.random() < LATER:
            repeated.append(self.luck.choice(self.past))
        for before, first in repeated if operation != "BootNotification" else []:
            self.ledger.note("replays")
            if (again := self.insist(before)) != first:
                self.ledger.complain(f"{self.identity}: {first} at first, {again} at a replay of {before.decode()}")
        return answer

    def insist(self, body: bytes) -> dict[str, Any]:
        """Sends it until it is answered, as stations do."""
        pause = 0.05
        while True:
            try:
                answer = self.deliver(body)
                if answer.status == 200:
                    return answer_fields(content(answer.body))
                if answer.status < 500 and answer.status != 429:
                    raise AssertionError(f"{answer.status} {answer.body!r} to {body!r}")
                self.ledger.note(f"answered {answer.status}")
            except (OSError, http.client.HTTPException):
                self.ledger.note("without an answer")
            time.sleep(pause * self.luck.uniform(0.5, 1))
            pause = min(2 * pause, 1)

    def deliver(self, body: bytes) -> Answer:
        """Sends it once and reads the answer; some come slowly."""
        request = request_of(body)
        with connected(self.url) as connection:
            if self.luck.random() < SLOW:
                self.ledger.note("slow messages")
                for part in range(0, len(request), 200):
                    connection.sendall(request[part : part + 200])
                    time.sleep(0.05)
            else:
                connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return read_answer(response)

    def leave(self, body: bytes) -> None:
        """Sends it and goes away before the answer."""
        self.ledger.note("left before the answer")
        try:
            with connected(self.url) as connection:
                connection.sendall(request_of(body))
        except OSError:
            self.ledger.note("without an answer")


class Loiterer(threading.Thread):
    """A client that begins a message and says no more, again and again."""

    def __init__(self, url: str, ledger: Ledger, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.ledger = ledger
        self.over = over

    def run(self) -> None:
        """Until it is over."""
        while not self.over.wait(0.1):
            try:
                with connected(self.url) as connection:
                    self.ledger.note("unended messages")
                    connection.sendall(b"POST /ocpp HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n<")
                    self.wait(connection)
            except OSError:
                continue

    def wait(self, connection: socket.socket) -> None:
        """Until the gateway has had enough, or it is over."""
        connection.settimeout(0.5)
        while not self.over.is_set():
            try:
                if not connection.recv(4096):
                    return
            except TimeoutError:
                continue


def now() -> str:
    """The time as stations say it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
