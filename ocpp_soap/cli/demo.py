"""`ocpp-soap demo`: a gateway, a simulated station, a charging session and three commands, told on the terminal."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from ..bootstrap import Gateway, now
from ..central.orders import Order
from ..central.records import Json, Tag
from ..central.shapes import command_object, meter_values, transaction_object
from ..errors import OcppSoapError
from ..settings import Settings, environment
from .grammar import Command, listen_to_logs, wants_json, who
from .output import cell, put_json

if TYPE_CHECKING:
    from ..simulator.charge_point import ChargePoint
    from ..simulator.records import Received, Sent

Tell = Callable[[str], object]

STATION, TAG = "DEMO-1", "DEMO-CARD"
# How long the session takes in simulated time, and how long a gateway may take to be ready (seconds).
CHARGING, PATIENCE = 600, 20

COMMANDS: tuple[tuple[str, str, Json], ...] = (
    ("It asks for a setting", "GetConfiguration", {"key": ["HeartbeatInterval", "NumberOfConnectors"]}),
    ("It wants to hear from the station now", "TriggerMessage", {"requestedMessage": "Heartbeat"}),
    ("It restarts the station, which then boots again", "Reset", {"type": "Soft"}),
)


@click.command(cls=Command, examples=["ocpp-soap demo", "ocpp-soap demo --json"])
def demo() -> None:
    """Shows a whole charging session and three commands on a gateway of its own, in a few seconds.

    It touches nothing: the gateway keeps its data in a temporary folder and listens on a free port of this machine.
    """
    listen_to_logs(Settings.from_environment().log_level)
    # Made here: the station tells what it does from its own threads, which know nothing of this command.
    tell: Tell = _keep_still if wants_json() else click.echo
    with TemporaryDirectory(prefix="ocpp-soap-demo-") as folder:
        database = f"sqlite:///{folder}/demo.db"
        tell("Starting a gateway with an empty store")
        with _serving(database, Path(folder) / "log") as url:
            tell(f"It answers at {url}\n")
            gateway = Gateway(Settings(database_url=database, public_url=url, environment="development"))
            try:
                story = _play(gateway, url, tell)
            finally:
                gateway.store.close()
    put_json(story) if wants_json() else tell("\nThat was it: the gateway is stopped, its store is gone.")


def _play(gateway: Gateway, url: str, tell: Tell) -> Json:
    """The session and the commands; returns both as `transactions show` and `send` would."""
    from ..simulator.charge_point import ChargePoint
    from ..simulator.clock import Clock

    with gateway.store.writing() as work:
        work.tags.save(Tag(TAG, False, None, None, None))
    tell(f"The operator knows the card {TAG}; station {STATION} is switched on")
    # Its clock stands still but for what we let pass, and ends at our own time.
    clock = Clock(0, now() - timedelta(seconds=CHARGING))
    with ChargePoint(url, STATION, clock=clock) as station:
        station.observe = partial(_narrate, tell)
        _wait(station)
        tell(f"\nA driver plugs in, presents the card and charges for {CHARGING // 60} minutes (made short here)")
        station.run_session(TAG, 1, CHARGING)
        commands = []
        for command in COMMANDS:
            commands.append(_send(gateway, tell, *command))
            station.settle()
        station.tick(station.traits.boot_seconds)
        _wait(station)
    with gateway.store.reading() as work:
        transaction = work.transactions.list()[0]
        values = meter_values(work.transactions.samples(transaction.id))
    charged = (transaction.meter_stop or 0) - (transaction.meter_start or 0)
    tell(
        f"\nThe store remembers transaction {transaction.id}: {transaction.id_tag} took {charged} Wh on connector "
        f"{transaction.connector_id}, in {len(values)} meter readings; it ended with reason {transaction.reason}"
    )
    return {"transaction": {**transaction_object(transaction), "meterValue": values}, "commands": commands}


def _wait(station: ChargePoint) -> None:
    try:
        station.wait_accepted(PATIENCE)
    except TimeoutError as error:
        raise OcppSoapError(f"the station was not accepted: {error}") from error


def _send(gateway: Gateway, tell: Tell, why: str, operation: str, payload: Json) -> Json:
    tell(f"\n{why}: ocpp-soap send {STATION} {operation} '{json.dumps(payload)}'")
    command = command_object(gateway.commands.deliver(STATION, Order(operation, payload), who()))
    if command["outcome"] != "answered" or command["fault"]:
        raise OcppSoapError(f"{operation} got no answer: {command['error'] or command['fault']}")
    return command


def _narrate(tell: Tell, exchange: Sent | Received) -> None:
    """One line for each message and its answer."""
    incoming = hasattr(exchange, "error")
    arrow = f"{STATION} -> gateway" if incoming else f"gateway -> {STATION}"
    tell(f"  {arrow}  {exchange.operation} {_short(exchange.payload)} => {_short(exchange.answer) or 'ok'}")


def _short(payload: Any) -> str:
    """The fields that tell something, in one line."""
    if not isinstance(payload, dict):
        return cell(payload)
    told = {
        name: value
        for name, value in payload.items()
        if isinstance(value, str | int | datetime) and name != "timestamp"
    }
    for sampled in (value for meter in payload.get("meterValue", []) for value in meter["sampledValue"]):
        told[sampled.get("measurand", "value")] = f"{sampled['value']} {sampled.get('unit', '')}".strip()
    told |= {entry["key"]: entry.get("value") for entry in payload.get("configurationKey", [])}
    told |= {"key": " ".join(payload["key"])} if isinstance(payload.get("key"), list) else {}
    told |= payload.get("idTagInfo", {})
    return ", ".join(f"{name} {cell(value)}" for name, value in told.items())


def _keep_still(_: str) -> None:
    """With --json nothing is told before the end."""


@contextmanager
def _serving(database: str, log: Path) -> Iterator[str]:
    """A gateway as a process of its own; gives its URL when it is ready, and stops it at the end."""
    settings = environment(database_url=database, environment="development", unknown_charge_points="accept")
    command = [sys.executable, "-m", __package__, "serve", "--bind", "127.0.0.1:0", "--json"]
    with log.open("wb") as errors:
        gateway = subprocess.Popen(
            command, env=settings, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL
        )
    try:
        assert gateway.stdout is not None
        line = gateway.stdout.readline()
        if not line or not _is_ready(url := json.loads(line)["urls"][0]):
            raise OcppSoapError(f"the gateway did not start:\n{log.read_text(errors='replace')}")
        yield url
    finally:
        gateway.terminate()
        try:
            gateway.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            gateway.kill()
            gateway.wait()


def _is_ready(url: str) -> bool:
    """Waits until the gateway says that it is ready; False when it does not come to that."""
    parts = urlsplit(url)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/healthz/ready")
            if connection.getresponse().status == 200:
                return True
        except OSError:  # it does not listen yet
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    return False
