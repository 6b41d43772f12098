"""A trace: exchanges of the journal as JSON lines in a file, a head first, to be sent to somebody and played again.

It knows the form of the file and checks every line of one that it reads; what is redacted is up to `redaction`.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from typing import Any, BinaryIO, NamedTuple

from ..central.pseudonyms import KINDS
from ..central.records import Exchange, Flags, Json
from ..errors import ProtocolError, Refused
from ..protocol.catalog import Catalog
from ..protocol.dialects import Side
from ..protocol.times import format_time, parse_time
from .redaction import Redactor
from .rereading import Rereader, missing

FORMAT, FORMAT_VERSION = "ocpp-soap-trace", 1

LONGEST_LINE = 32 * 1024 * 1024
"""The longest line that is read (bytes): many times a message with its answer."""

_HALF = re.compile("[\ud800-\udfff]")

_SIDES: tuple[tuple[Side, str], ...] = (("request", "request"), ("response", "answer"))


@dataclass
class Writer:
    """Makes the lines of one trace; `kept` are the kinds of `KINDS` that are not redacted."""

    catalog: Catalog
    kept: Collection[str]
    left_out: int = 0

    def __post_init__(self) -> None:
        self._redactor = Redactor(self.catalog, self.kept)
        self._rereader = Rereader(self.catalog)
        self.redacted = [kind for kind in KINDS if kind not in self.kept]

    def head(self, at: datetime) -> Json:
        """The first line."""
        return {
            "format": FORMAT,
            "formatVersion": FORMAT_VERSION,
            "software": f"ocpp-soap {version('ocpp-soap')}",
            "exported": format_time(at),
            "redacted": self.redacted,
        }

    def line(self, exchange: Exchange) -> Json:
        """One exchange, redacted; a message that can't be is left out, and `leftOut` says why."""
        identity, peer = self._redactor.begin(exchange.identity), self._redactor.peer(exchange.peer)
        messages: dict[str, bytes | None] = {}
        left_out: dict[str, str] = {}
        for side, name in _SIDES:
            messages[name] = raw = getattr(exchange, name)
            try:
                messages[name] = None if raw is None else self._redactor.message(exchange, side)
            except ProtocolError as error:
                if "unreadable" not in self.kept:
                    # What follows the colon quotes the message.
                    messages[name], left_out[name] = None, error.text.partition(":")[0]
        if "request" in left_out and messages["answer"] is not None:
            messages["answer"], left_out["answer"] = None, "it may quote the request"
        self.left_out += bool(left_out)
        redacted = replace(exchange, request=messages["request"] or b"", answer=messages["answer"])
        return {
            "at": format_time(exchange.at),
            "direction": exchange.direction,
            "chargeBoxIdentity": identity,
            "operation": exchange.operation,
            "version": exchange.version,
            "peer": peer,
            "milliseconds": round(exchange.duration * 1000, 1),
            "outcome": exchange.outcome,
            **{name: _written(message) for name, message in messages.items()},
            **({"leftOut": left_out} if left_out else {}),
            "flags": self._flags(exchange, redacted) if exchange.flags else [],
        }

    def _flags(self, exchange: Exchange, redacted: Exchange) -> Flags:
        """The flags that reading the redacted message brings up again; of the others, not the text that stood there."""
        side: Side = "request" if exchange.direction == "in" else "response"
        after = self._rereader.read(redacted, side)
        # Nothing of a message that was left out can be shown.
        before = self._rereader.read(exchange, side) if after and after.element is not None else None
        others = missing(exchange.flags, before.flags if before else ())
        made = [flag.as_dict() for flag in after.flags] if after and before else []
        return made + [
            {**flag, "raw": None, "assumed": self._redactor.sentence(flag.get("assumed") or "")} for flag in others
        ]


def encoded(line: Json) -> str:
    """A line as it stands in the file: ASCII, so that it can't steer a terminal."""
    return json.dumps(line, separators=(",", ":")) + "\n"


def _written(message: bytes | None) -> str | dict[str, str] | None:
    """A message as text; one that is not UTF-8 as base64."""
    if message is None:
        return None
    try:
        return message.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(message).decode()}


class Line(NamedTuple):
    """A line that was read: its number, the exchange, and whether its request was left out."""

    number: int
    exchange: Exchange
    left_out: bool


class Reader:
    """Reads a trace line by line, after its head; `redacted` are the kinds that were, `lines` counts the exchanges."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises `Refused` for a file that is no trace."""
        self._file = file
        head = self._object(1)
        if head is None:
            raise Refused("the file is empty: expected what `ocpp-soap journal export` writes")
        if head.get("format") != FORMAT:
            raise Refused(f'line 1: expected {{"format": "{FORMAT}", …}}, as `ocpp-soap journal export` writes it')
        if head.get("formatVersion") != FORMAT_VERSION:
            found = json.dumps(head.get("formatVersion"))[:40]
            raise Refused(f"line 1: a trace of formatVersion {found}; this ocpp-soap reads {FORMAT_VERSION}")
        if not _is_texts(head.get("redacted")):
            raise Refused("line 1: redacted: expected a list of texts")
        self.redacted = frozenset(head["redacted"])
        self.lines = 0

    def __iter__(self) -> Iterator[Line]:
        """Each exchange; raises `Refused`, with the line's number, for what is none."""
        number = 2
        while (fields := self._object(number)) is not None:
            try:
                line = _line(number, fields)
            except ValueError as error:
                raise Refused(f"line {number}: {error}") from None
            self.lines += 1
            yield line
            number += 1

    def _object(self, number: int) -> Json | None:
        raw = self._file.readline(LONGEST_LINE + 1)
        if not raw:
            return None
        if len(raw) > LONGEST_LINE:
            raise Refused(f"line {number}: longer than {LONGEST_LINE} bytes")
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            raise Refused(f"line {number}: not JSON; a trace has one JSON object on each line") from None
        if not isinstance(found, dict):
            raise Refused(f"line {number}: expected a JSON object")
        return found


def _line(number: int, fields: Json) -> Line:
    for name, (fits, expected) in _FIELDS.items():
        if name not in fields:
            raise ValueError(f"{name} is missing")
        if not fits(fields[name]):
            raise ValueError(f"{name}: expected {expected}")
    request, answer = (_read(name, fields[name]) for name in ("request", "answer"))
    exchange = Exchange(
        at=_time(fields["at"]),
        direction=fields["direction"],
        identity=fields["chargeBoxIdentity"],
        operation=fields["operation"],
        version=fields["version"],
        peer=fields["peer"],
        duration=fields["milliseconds"] / 1000,
        outcome=fields["outcome"],
        request=request or b"",
        answer=answer,
        flags=fields["flags"],
    )
    return Line(number, exchange, request is None)


def _read(name: str, message: Any) -> bytes | None:
    if message is None or isinstance(message, str):
        return None if message is None else message.encode()
    try:
        return b64decode(message["base64"], validate=True)
    except ValueError:
        raise ValueError(f"{name}: not base64") from None


def _time(text: str) -> datetime:
    read, assumed = parse_time(text)
    if assumed is not None:
        raise ValueError(text)
    return read


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(_time(value))
    except ValueError:
        return False


def _is_text(value: Any) -> bool:
    # JSON can hold half a character, and nothing else can.
    return isinstance(value, str) and _HALF.search(value) is None


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _may_be_text(value: Any) -> bool:
    return value is None or _is_text(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def _is_message(value: Any) -> bool:
    return _may_be_text(value) or (isinstance(value, dict) and _is_text(value.get("base64")))


def _are_flags(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(flag, dict) and _is_text(flag.get("path")) and _may_be_text(flag.get("assumed")) for flag in value
    )


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "at": (_is_time, "a time such as 2024-01-31T12:00:00Z"),
    "direction": (lambda value: value in ("in", "out"), "in or out"),
    "chargeBoxIdentity": (_may_be_text, "text or null"),
    "operation": (_may_be_text, "text or null"),
    "version": (_may_be_text, "text or null"),
    "peer": (_may_be_text, "text or null"),
    "milliseconds": (_is_number, "a number"),
    "outcome": (_is_text, "text"),
    "request": (_is_message, 'text, {"base64": text} or null'),
    "answer": (_is_message, 'text, {"base64": text} or null'),
    "flags": (_are_flags, "a list of {path, raw, assumed}"),
}
