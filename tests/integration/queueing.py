"""Commands of tests, queued and put on the wire without anybody who sends them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ocpp_soap.central.orders import NewCommand, Turn
from ocpp_soap.central.ports import Work

DAY = timedelta(days=1)


def order(work: Work, station: int, operation: str, at: datetime, **request: Any) -> int:
    """Queues a command; returns its id."""
    return work.commands.add(NewCommand(station, operation, request, at, at + DAY))


def put_on_the_wire(work: Work, station: int, command_id: int, at: datetime, address: str = "http://a/") -> Turn:
    """A command as it is while it is sent; the station is free for the next one at once."""
    turn = Turn(station, command_id, f"holder of {command_id}")
    assert work.queue.lease(station, turn.holder, at, at + DAY)
    assert work.queue.sending(turn, address, at, at + DAY)
    work.queue.release(station, turn.holder, at)
    return turn
