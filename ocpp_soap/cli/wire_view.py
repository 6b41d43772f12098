"""One exchange as it went over the wire: XML as it is spelled beside JSON in the newest words, and why they differ.

For people and as an object for programs. It changes nothing, and lets nothing of a message steer the terminal.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import click

from ..central.inbox import KEPT_OF_STRANGERS
from ..central.records import Exchange, Flags, Json
from ..central.shapes import shown
from ..errors import ProtocolError
from ..protocol.catalog import Catalog
from ..protocol.dialects import Side
from ..protocol.reading import Flag
from ..protocol.writing import to_json
from ..soap.rereading import Reread, Rereader, document
from .output import put_beside, put_facts, put_section

DIRECTIONS = {"in": "from the station", "out": "to the station"}

NOT_STORED = (
    "Not stored: HTTP headers (content type, compression) and the path; what was odd about them is in the table."
)
UNKNOWN_TYPE = "its content type is not stored, so an encoding that it alone named can't be known"


@dataclass(frozen=True, slots=True)
class _Message:
    """A message: its text in `lines` as it is spelled, what it says, and why that can't be told if it can't."""

    title: str
    lines: list[str]
    read: Reread

    @property
    def why(self) -> str | None:
        return self.read.unreadable

    def said(self) -> Json | None:
        """The payload in the newest words as JSON, or the fault."""
        if self.read.fault is not None:
            return {"fault": self.read.fault._asdict()}
        payload: Json | None = to_json(self.read.payload)
        return payload


@dataclass(frozen=True, slots=True)
class WireView:
    """One exchange with its messages, and all tolerances and mappings: those stored, then those of reading it again."""

    exchange: Exchange
    messages: dict[str, _Message]
    flags: Flags
    newest: str

    @classmethod
    def of(cls, exchange: Exchange, catalog: Catalog) -> WireView:
        """Reads the messages of an exchange once more."""
        rereader = Rereader(catalog)
        sides: tuple[tuple[str, Side], ...] = (("request", "request"), ("answer", "response"))
        found = {name: rereader.read(exchange, side) for name, side in sides}
        messages = {
            name: _Message(f"{name.capitalize()} {read.element or ''}".rstrip(), _lines(exchange, side), read)
            for name, side in sides
            if (read := found[name]) is not None
        }
        flags = list(exchange.flags)
        for message in messages.values():
            again = map(Flag.as_dict, message.read.flags + message.read.renamed)
            flags += [flag for flag in again if flag not in flags]
        return cls(exchange, messages, flags, catalog.newest.name)

    def as_json(self) -> Json:
        """The messages as --json has them."""
        return {
            name: {
                "element": message.read.element,
                "xml": None if _is_raw(message) else "\n".join(message.lines),
                "text": "\n".join(message.lines) if _is_raw(message) else None,
                "unreadable": self._why(name, message),
                "payload": None if message.read.fault else message.said(),
                "fault": message.read.fault and message.read.fault._asdict(),
                "problems": [asdict(problem) for problem in message.read.problems],
            }
            for name, message in self.messages.items()
        }

    def put(self) -> None:
        """Prints all of it."""
        exchange = self.exchange
        put_facts(
            [
                ("number", exchange.id),
                ("at", shown(exchange.at)),
                ("direction", DIRECTIONS.get(exchange.direction, exchange.direction)),
                ("charge point", exchange.identity or "it named none"),
                ("operation", exchange.operation),
                ("OCPP version", exchange.version),
                ("peer", exchange.peer),
                ("duration", f"{exchange.duration * 1000:.1f} ms"),
                ("outcome", exchange.outcome),
            ]
        )
        for name, message in self.messages.items():
            why = self._why(name, message)
            says = [f"can't be read: {why}"] if why else _json_lines(message.said())
            put_beside((message.title, message.lines), (f"In the words of OCPP {self.newest}", says))
            problems = [[problem.path, problem.raw, problem.expected] for problem in message.read.problems]
            put_section(f"What the {name} lacks", ["path", "raw", "expected"], problems)
        if "answer" not in self.messages:
            click.echo("\nThere is no answer.")
        rows = [[flag.get(name) for name in ("path", "raw", "assumed", "quirk")] for flag in self.flags]
        put_section("Tolerances and mappings", ["path", "what stood there", "what was assumed, and why", "quirk"], rows)
        click.echo(f"\n{NOT_STORED}")

    def _why(self, name: str, message: _Message) -> str | None:
        if message.why is None:
            return None
        size = len(getattr(self.exchange, name) or b"")
        cut = f"; only its first {size} bytes were kept" if size == KEPT_OF_STRANGERS else ""
        return f"{message.why.rstrip('.')}{cut}; {UNKNOWN_TYPE}" if _is_raw(message) else message.why


def _is_raw(message: _Message) -> bool:
    """Whether its lines are those of its text, since it is no XML to lay out."""
    return message.read.element is None and message.why is not None


def _lines(exchange: Exchange, side: Side) -> list[str]:
    try:
        return document(exchange, side).lines()
    except ProtocolError:
        raw = (exchange.request if side == "request" else exchange.answer) or b""
        return raw.decode("utf-8", "backslashreplace").split("\n")


def _json_lines(said: Json | None) -> list[str]:
    return json.dumps(said, indent=2, ensure_ascii=False).splitlines()
