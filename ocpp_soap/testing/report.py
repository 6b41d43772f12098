"""What a failing test shows: the messages of each charge point as it saw them, and as the gateway's journal has them.

It must never fail itself, nor hide the failure by its length.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from .. import client
from ..errors import Fault
from ..protocol.writing import to_json
from ..simulator.records import Received, Sent
from .charge_point import ChargePoint
from .gateway import Gateway

# So many stations and messages, the last ones, and so many characters of each payload.
STATIONS, LINES, WIDTH = 8, 40, 400

Section = tuple[str, str]


def sections(gateway: Gateway, points: Sequence[ChargePoint]) -> Iterator[Section]:
    """A title and a text for each view of each charge point."""
    for point in (shown := sorted(points, key=_newest)[-STATIONS:]):
        yield f"{point.identity} (OCPP {point.version}), as it saw it", _stations(point)
        yield f"{point.identity}, as the gateway's journal has it", _gateways(gateway, point.identity)
    if others := [point.identity for point in points if point not in shown]:
        yield f"{len(others)} more charge points, which did nothing later", " ".join(others)


def _exchanges(point: ChargePoint) -> list[Sent | Received]:
    both: list[Sent | Received] = [*point.simulated.sent, *point.simulated.commands_received]
    return sorted(both, key=lambda one: one.at)


def _newest(point: ChargePoint) -> datetime:
    return max((one.at for one in _exchanges(point)), default=datetime.min.replace(tzinfo=UTC))


def _stations(point: ChargePoint) -> str:
    lines = [_line(one) for one in _exchanges(point)[-LINES:]]
    quirks = [f"its quirks: {', '.join(sorted(point.quirks))}"] if point.quirks else []
    traces = [f"it replayed {point.replayed} lines of traces; the journal has what it sent"] if point.replayed else []
    return "\n".join([*quirks, *traces, *lines]) or "It has sent nothing, and got no command."


def _line(exchange: Sent | Received) -> str:
    arrow, error = ("→", exchange.error) if isinstance(exchange, Sent) else ("←", None)
    came = exchange.answer
    if error is not None:
        outcome = f"{type(error).__name__}: {error}"
    else:
        outcome = f"{came.subcode}: {came.text}" if isinstance(came, Fault) else _json(came)
    manner = f"  [{exchange.manner}]" if isinstance(exchange, Received) and exchange.manner else ""
    return (
        f"{exchange.at:%H:%M:%S.%f}"[:-3]
        + f" {arrow} {exchange.operation} {_json(exchange.payload)} = {outcome}{manner}"
    )


def _json(payload: object) -> str:
    text = json.dumps(to_json(payload), ensure_ascii=False, default=repr)
    return text if len(text) <= WIDTH else f"{text[:WIDTH]} … ({len(text)} characters)"


def _gateways(gateway: Gateway, identity: str) -> str:
    try:
        entries = list(gateway.client.charge_point(identity).journal(limit=LINES))
    except client.NotFound:
        return "It is not registered there, so that it has no journal."
    except client.GatewayError as error:
        return f"The journal can't be read: {error}"
    return "\n".join(map(str, reversed(entries))) or "The journal has nothing of it."
