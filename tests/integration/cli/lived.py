"""A gateway that has lived: stations of every version charged at it, and its store remembers all of it; and its traces.

It is served in this process and stands still when the tests look at it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from ocpp_soap.bootstrap import Gateway, now
from ocpp_soap.central.records import Tag
from ocpp_soap.protocol import catalog
from ocpp_soap.settings import Settings
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.clock import Clock
from ocpp_soap.simulator.wire import SoapWire
from ocpp_soap.store.schema import upgrade

from .conftest import Terminal, terminal_on

WIRE = Path(__file__).resolve().parents[2] / "wire"

TAG, PARENT, BLOCKED, UNKNOWN = "04A37B12C9", "FLEET-OSLO", "B10C4ED", "5742A6E5"
PASSWORD, PLATE, FILES = "hunter2-s3cret", "EL-12345", "files.nordlys.example"
SECRETS = (TAG, PARENT, BLOCKED, UNKNOWN, PASSWORD, PLATE, FILES, "STOREGATA", "bob", "pw123", "SN-0815")


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nothing: the tests read stderr."""


@contextmanager
def serving(gateway: Gateway) -> Iterator[str]:
    """Serves a gateway on a free port; gives its URL for stations."""
    server = make_server("127.0.0.1", 0, gateway.application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ocpp"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def live(database: str) -> None:
    """Lets a station of each version charge once, and gives it two commands."""
    upgrade(database)
    settings = Settings(database_url=database, unknown_charge_points="accept", environment="development")
    gateway = Gateway(settings)
    with gateway.store.writing() as work:
        work.tags.save(Tag(TAG, False, None, PARENT, None))
        work.tags.save(Tag(BLOCKED, True, None, None, None))
    with serving(gateway) as url:
        for version in catalog.VERSIONS:
            _charge(gateway, url, version)
    gateway.store.close()


def _charge(gateway: Gateway, url: str, version: str) -> None:
    clock = Clock(0, now() - timedelta(minutes=20))
    identity = f"STOREGATA-{version.replace('.', '')}"
    with ChargePoint(url, identity, clock=clock, wire=SoapWire(url, version=version)) as station:
        station.wait_accepted()
        station.run_session(TAG, 1, 300)
        for tag in (BLOCKED, UNKNOWN):
            station.authorize(tag)
        if "DataTransfer" in gateway.catalog.versions[version].central_system.operations:
            station.data_transfer("com.nordlys", "Plate", f'{{"plate": "{PLATE}"}}')
        station.settle()
        gateway.commands.send(identity, "ChangeConfiguration", {"key": "AuthorizationKey", "value": PASSWORD})
        gateway.commands.send(identity, "GetDiagnostics", {"location": f"ftp://bob:pw123@{FILES}/SN-0815"})
        station.settle()


def lines(file: Path) -> list[Any]:
    """The objects in a trace, the head first."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def rewritten(file: Path, change: Callable[[list[Any]], object]) -> str:
    """The path of the trace after a change of its objects."""
    objects = lines(file)
    change(objects)
    file.write_text("".join(json.dumps(one) + "\n" for one in objects))
    return str(file)


def replayed(file: Path | str, exit_code: int = 0) -> Any:
    """What `replay --json` tells; there is no store of its own in that environment."""
    result = terminal_on("sqlite:////nowhere/at/all.db").run("journal", "replay", str(file), "--json")
    assert exit_code == result.exit_code, result.output
    return json.loads(result.stdout)


def golden(operation: str, *changes: tuple[str, str]) -> bytes:
    """A golden request of the newest version, changed."""
    text = (WIRE / catalog.VERSIONS[0] / "cs" / f"{operation}.request.xml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def export(terminal: Terminal, file: Path, *words: str) -> Path:
    """All of the journal as a trace."""
    assert 0 == terminal.run("journal", "export", "-o", str(file), *words).exit_code
    return file
