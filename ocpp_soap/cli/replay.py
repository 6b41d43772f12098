"""Plays a trace against a gateway with an empty store, and says where the answers differ from those in the trace.

What stations sent goes through the real endpoint, at the times of the trace. It knows no option and no file.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ..bootstrap import Gateway, now
from ..central.records import Exchange, Json
from ..central.reenactment import Operator
from ..protocol.times import format_time
from ..settings import Settings
from ..soap.reenactment import LEFT_OUT, OUTCOME, STATUSES, Reenactment
from ..soap.rereading import SOAP_TYPE, Reread, content_type
from ..soap.trace import LONGEST_LINE, Line
from ..store.schema import upgrade

OUT = "commands to stations"
PROOFS = "messages refused for the sender's identity, the proof of which no trace holds"
REDACTED = "statuses of DataTransfer that may be otherwise since its data was redacted"
RUNNING = "statuses ConcurrentTx for a transaction that began before the trace"

# What the gateway says of a station that its operator has not let in, as against one that did not prove who it is.
NOT_LET_IN = ("not registered here", "not Accepted")

DATA_TRANSFER = "DataTransfer"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise than in the trace: `what` it is, what it was in the trace and what it is here."""

    line: int
    exchange: Exchange
    what: str
    there: str | None
    here: str | None

    def as_json(self) -> Json:
        """As --json has it."""
        return {
            "line": self.line,
            "at": format_time(self.exchange.at),
            "chargeBoxIdentity": self.exchange.identity,
            "operation": self.exchange.operation,
            "what": self.what,
            "trace": self.there,
            "here": self.here,
        }

    def __str__(self) -> str:
        operation, identity = self.exchange.operation or "a message", self.exchange.identity or "nobody"
        there, here = self.there or "nothing", self.here or "nothing"
        return f"line {self.line}, {operation} of {identity}: {self.what} was {there} in the trace, here it is {here}"


@dataclass
class _Clock:
    """The time of the line that is played."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Replay:
    """Plays one trace; `redacted` are the kinds that its head names.

    `played` counts the messages that went through; `passed_over` what was not played or not compared, by the reason;
    `acts` what the trace shows that an operator had done meanwhile.
    """

    gateway: Gateway
    clock: _Clock
    redacted: Collection[str]
    played: int = 0
    passed_over: Counter[str] = field(init=False)
    acts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reenactment = Reenactment(self.gateway.catalog)
        self.passed_over = self._reenactment.passed_over
        self._operator = Operator()

    def play(self, line: Line) -> Iterator[Difference]:
        """Plays a line; gives what is otherwise."""
        exchange = line.exchange
        if exchange.direction == "out" or line.left_out:
            self.passed_over[LEFT_OUT if line.left_out else OUT] += 1
            return
        asked, told = self._reenactment.read(exchange, "request"), self._reenactment.read(exchange, "response")
        request, answer = asked.payload or {}, told.payload or {}
        with self.gateway.store.writing() as work:
            acts = self._operator.prepare(exchange, request, answer, asked.problems, work)
        self.acts += [f"before line {line.number}: {act}" for act in acts]
        here = self._reenactment.read(self._ask(exchange, asked), "response")
        self.played += 1
        for what, one, other in self._compare(exchange, request, told, here):
            yield Difference(line.number, exchange, what, one, other)
        self._operator.note(exchange, request, answer)

    def _ask(self, exchange: Exchange, asked: Reread) -> Exchange:
        """The exchange as it goes here; where the message does not say who sent it, its path does."""
        self.clock.at = exchange.at
        message = self._reenactment.message(exchange, asked)
        path = "" if asked.identity or not exchange.identity else f"/{exchange.identity}"
        called = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path.encode("utf-8", "replace").decode("latin-1"),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": content_type(exchange, "request") or SOAP_TYPE,
            "CONTENT_LENGTH": str(len(message)),
            "REMOTE_ADDR": exchange.peer or "",
            "wsgi.input": io.BytesIO(message),
        }
        body = b"".join(self.gateway.endpoint(called, lambda *_: None))
        return replace(exchange, answer=body, flags=[])

    def _compare(
        self, exchange: Exchange, request: Json, told: Reread, here: Reread
    ) -> Iterator[tuple[str, str | None, str | None]]:
        """What is otherwise and can't be excused, as (what, there, here)."""
        for what, one, other in self._reenactment.differences(exchange, told, here):
            if what == OUTCOME and _is_unproven(exchange, told):
                self.passed_over[PROOFS] += 1
            elif what not in STATUSES or not self._is_excused(exchange, request, one):
                yield what, one, other

    def _is_excused(self, exchange: Exchange, request: Json, there: str | None) -> bool:
        """Whether a status may be otherwise for what the trace does not hold."""
        reason = None
        if exchange.operation == DATA_TRANSFER and "data" in self.redacted:
            reason = REDACTED
        elif there == "ConcurrentTx" and not self._operator.running(exchange, request):
            reason = RUNNING
        if reason is not None:
            self.passed_over[reason] += 1
        return reason is not None


@contextmanager
def scratch(wsdl_dir: Path | None, redacted: Collection[str]) -> Iterator[Replay]:
    """A replay on a gateway with an empty store, which is gone at the end."""
    with TemporaryDirectory(prefix="ocpp-soap-replay-") as folder:
        clock = _Clock(now())
        url = f"sqlite:///{folder}/replay.db"
        gateway = Gateway(Settings(database_url=url, wsdl_dir=wsdl_dir, max_body=LONGEST_LINE), clock)
        upgrade(gateway.store)
        with gateway.store.writer.connect() as connection:
            # The disk need not remember what is thrown away; whoever writes here gets this connection.
            assert connection.connection.driver_connection is not None
            connection.connection.driver_connection.execute("PRAGMA synchronous = OFF")
        try:
            yield Replay(gateway, clock, redacted)
        finally:
            gateway.store.close()


def _is_unproven(exchange: Exchange, told: Reread) -> bool:
    """Whether the sender was refused for who it is: network, secret, password, certificate or path are in no trace."""
    if exchange.outcome == "IdentityMismatch":
        return True
    text = told.fault.text if told.fault else NOT_LET_IN[0]
    return exchange.outcome == "SecurityError" and not any(words in text for words in NOT_LET_IN)
