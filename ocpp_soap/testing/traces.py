"""Recorded traces: what a station sent once is sent again, as it spelled it, and the answers are compared.

A trace is what `ocpp-soap journal export` writes. It goes to any gateway, over HTTP alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import requests

from ..errors import CallFailed, NotTransmitted, Refused, Uncertain
from ..protocol import catalog
from ..soap.reenactment import Reenactment
from ..soap.rereading import SOAP_TYPE, content_type
from ..soap.trace import Line, Reader

Payload = dict[str, Any]

# Seconds: to connect, and for each wait.
TIMEOUT = (5.0, 25.0)

LEFT_OUT = "messages that the trace lacks"
BEFORE = "messages of transactions that began before the trace"


class Difference(NamedTuple):
    """One thing that is otherwise than in the trace: `what` it is, what it was there and what it is here."""

    what: str
    there: str | None
    here: str | None

    def __str__(self) -> str:
        return f"{self.what} was {self.there or 'nothing'} in the trace, here it is {self.here or 'nothing'}"


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
    def differences(self) -> list[str]:
        """All that was answered otherwise than in the trace, in sentences."""
        return [f"line {one.line}, {one.operation}: {what}" for one in self.steps for what in one.differences]

    def check(self) -> None:
        """Raises AssertionError, which lists the differences, unless everything was answered as in the trace."""
        if self.differences:
            raise AssertionError("\n  ".join(["the answers differ from those of the trace:", *self.differences]))


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
    def _whose(self) -> str:
        return ", ".join(self.identities) or "nobody's"

    @property
    def identities(self) -> list[str]:
        """The stations in it."""
        return sorted({one.exchange.identity for one in self.lines if one.exchange.identity})

    @property
    def id_tags(self) -> dict[str, Payload]:
        """Its idTags, each with the idTagInfo that it was first answered with."""
        playing = Reenactment(_catalog())
        found: dict[str, Payload] = {}
        for one in self.lines:
            tag = (playing.read(one.exchange, "request").payload or {}).get("idTag")
            info = (playing.read(one.exchange, "response").payload or {}).get("idTagInfo")
            if tag and info:
                found.setdefault(tag, info)
        return found

    def of(self, identity: str | None) -> list[Line]:
        """The lines of one station; raises `Refused` where it is not there, or none is named and there are several."""
        if identity is None and len(self.identities) != 1:
            raise Refused(f"identity has to say whose messages to send: those there are {self._whose}")
        identity = identity or self.identities[0]
        if identity not in self.identities:
            raise Refused(f"the trace has nothing of {identity}: those there are {self._whose}")
        return [one for one in self.lines if one.exchange.identity == identity]


def replay(lines: list[Line], url: str, identity: str, address: str) -> Replayed:
    """Sends what the station of these lines sent to the gateway at `url`, one message after the other.

    It calls itself `identity` and wants to be called at `address`; transactionIds are those of the gateway. Raises
    `NotTransmitted` or `Uncertain` where the gateway can't be reached.
    """
    playing, played = Reenactment(_catalog()), Replayed()
    for number, exchange, left_out in lines:
        asked, told = playing.read(exchange, "request"), playing.read(exchange, "response")
        if exchange.direction == "out":
            played.commands.append((exchange.operation, asked.payload or {}))
            continue
        if left_out:
            played.passed_over[LEFT_OUT] += 1
            continue
        message, known = playing.message(exchange, asked, {"chargeboxidentity": identity, "from": address})
        played.passed_over.update([] if known else [BEFORE])
        place = url if asked.identity else f"{url}/{quote(identity, safe='')}"
        sent = replace(exchange, request=message)
        try:
            answer = _post(place, message, content_type(sent, "request") or SOAP_TYPE)
        except CallFailed as error:
            raise type(error)(f"line {number}, {exchange.operation}: {error}") from error
        here = playing.read(replace(sent, answer=answer, flags=[]), "response")
        differences = tuple(Difference(*one) for one in playing.differences(exchange, told, here))
        if here.unreadable:
            differences += (Difference("the answer", "readable", here.unreadable),)
        fault = here.fault and f"{here.fault.subcode or here.fault.code}: {here.fault.text}"
        step = Step(number, exchange.operation, asked.payload or {}, told.payload, here.payload, fault, differences)
        played.steps.append(step)
    return played


def _post(url: str, message: bytes, type_: str) -> bytes:
    headers = {"Content-Type": type_}
    try:
        reply = requests.post(url, message, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except requests.exceptions.ConnectionError as error:
        raise NotTransmitted(f"nobody answers at {url}: {type(error).__name__}") from error
    except requests.exceptions.RequestException as error:
        raise Uncertain(f"no answer from {url}: {type(error).__name__}") from error
    return reply.content


@cache
def _catalog() -> catalog.Catalog:
    return catalog.load()
