"""Recorded traces: what a station sent once is sent again, as it spelled it, and the answers are compared.

A trace is what `ocpp-soap journal export` writes. It goes to any gateway, over HTTP alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from ..errors import CallFailed, Refused
from ..protocol import catalog
from ..soap.connection import Limits
from ..soap.reenactment import LEFT_OUT, Reenactment
from ..soap.rereading import SOAP_TYPE, content_type
from ..soap.tls import Contexts
from ..soap.trace import LONGEST_LINE, Line, Reader
from ..soap.transport import Target, Transport

Payload = dict[str, Any]

# So many differences are shown; they repeat themselves.
SHOWN = 40
LIMITS = Limits(connect=5.0, read=25.0, total=30.0, answer=LONGEST_LINE)


class Difference(NamedTuple):
    """One thing that is otherwise than in the trace: `what` it is, what it was there and what it is here."""

    line: int
    operation: str | None
    what: str
    there: str | None
    here: str | None

    def __str__(self) -> str:
        there, here = self.there or "nothing", self.here or "nothing"
        operation = self.operation or "a message"
        return f"line {self.line}, {operation}: {self.what} was {there} in the trace, here it is {here}"


@dataclass(frozen=True)
class Step:
    """A message that was sent again: what it asked, what was answered then and now, in the words of the newest version.

    `fault` is the subcode and text of the SOAP fault that came now in place of an answer.
    """

    line: int
    operation: str | None
    request: Payload
    recorded: Payload | None
    answer: Payload | None
    fault: str | None = None
    differences: tuple[Difference, ...] = ()


@dataclass
class Replayed:
    """What became of a trace: its `steps`; its `commands`, which were not sent; what was `passed_over`, by reason."""

    steps: list[Step] = field(default_factory=list)
    commands: list[tuple[str | None, Payload]] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)

    @property
    def differences(self) -> list[Difference]:
        """All that was answered otherwise than in the trace."""
        return [one for step in self.steps for one in step.differences]

    def check(self) -> None:
        """Raises AssertionError, which lists the differences, unless everything was answered as in the trace."""
        if self.differences:
            told = ["the answers differ from those of the trace:", *map(str, self.differences[:SHOWN])]
            if more := self.differences[SHOWN:]:
                told.append(f"and {len(more)} more, in `differences`")
            raise AssertionError("\n  ".join(told))


@dataclass(frozen=True)
class Trace:
    """A trace that was read: its lines, in order."""

    lines: tuple[Line, ...]

    @classmethod
    def read(cls, path: Path | str) -> Trace:
        """Reads a file; raises `Refused`, with the line's number, for what is no trace."""
        try:
            with Path(path).open("rb") as file:
                return cls(tuple(Reader(file)))
        except OSError as error:
            raise Refused(f"{path} can't be read: {error.strerror}") from None

    @property
    def identities(self) -> list[str]:
        """The stations in it."""
        return sorted({one.exchange.identity for one in self.lines if one.exchange.identity})

    @property
    def id_tags(self) -> dict[str, Payload]:
        """Its idTags, each with the idTagInfo that it was first answered with."""
        playing = Reenactment(catalog.load())
        found: dict[str, Payload] = {}
        for one in self.lines:
            tag = (playing.read(one.exchange, "request").payload or {}).get("idTag")
            info = (playing.read(one.exchange, "response").payload or {}).get("idTagInfo")
            if tag and info:
                found.setdefault(tag, info)
        return found

    def of(self, identity: str | None = None) -> list[Line]:
        """The lines of one station; raises `Refused` where it is not there, or none is named and there are several."""
        there = ", ".join(self.identities) or "nobody"
        if identity is None and len(self.identities) > 1:
            raise Refused(f"identity has to say whose messages to send: the trace has those of {there}")
        chosen = identity or next(iter(self.identities), "a station")
        if chosen not in self.identities:
            raise Refused(f"the trace has nothing of {chosen}, only of {there}")
        return [one for one in self.lines if one.exchange.identity == chosen]


def replay(lines: Iterable[Line], url: str, identity: str, from_address: str, ca_file: Path | None = None) -> Replayed:
    """Sends what the station of these lines sent to the gateway at `url`, one message after the other.

    It calls itself `identity` and wants to be called at `from_address`; transactionIds are those of the gateway, whose
    certificate is checked against `ca_file` or the system's authorities. Raises `NotTransmitted` or `Uncertain`, which
    note the line, where no answer comes.
    """
    playing, tls = Reenactment(catalog.load()), Contexts(ca_file)
    played = Replayed(passed_over=playing.passed_over)
    for number, exchange, left_out in lines:
        asked, told = playing.read(exchange, "request"), playing.read(exchange, "response")
        operation = exchange.operation
        if exchange.direction == "out":
            played.commands.append((operation, asked.payload or {}))
            continue
        if left_out:
            played.passed_over[LEFT_OUT] += 1
            continue
        message = playing.message(exchange, asked, {"chargeboxidentity": identity, "from": from_address})
        # Where the message does not say who sent it, its path does.
        place = url if asked.identity else f"{url.rstrip('/')}/{quote(identity, safe='')}"
        try:
            wire = Transport(Target.parse(place), LIMITS, None, tls)
            answer = wire.post(message, content_type(exchange, "request") or SOAP_TYPE).body
        except CallFailed as error:
            error.add_note(f"at line {number} of the trace, {operation or 'a message'}")
            raise
        here = playing.read(replace(exchange, answer=answer, flags=[]), "response")
        differences = tuple(Difference(number, operation, *one) for one in playing.differences(exchange, told, here))
        fault = here.fault and f"{here.fault.subcode or here.fault.code}: {here.fault.text}"
        payloads = asked.payload or {}, told.payload, here.payload
        played.steps.append(Step(number, operation, *payloads, fault, differences))
    return played
