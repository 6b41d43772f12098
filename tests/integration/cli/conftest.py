"""What the tests of the command line share: an empty store, the commands in this process, and a station to call."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.central.records import NewTransaction
from ocpp_soap.cli.main import cli
from ocpp_soap.settings import Settings
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.work import SqlStore, open_store

AT = datetime(2024, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Terminal:
    """Runs commands in this process, with settings of its own."""

    environment: dict[str, str | None]

    def run(self, *words: str, stdin: str | bytes | None = None, **settings: str) -> Result:
        """What a command printed, and its exit status."""
        more = {f"OCPP_SOAP_{name}": value for name, value in settings.items()}
        result = CliRunner().invoke(cli, words, input=stdin, env=self.environment | more)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def says(self, *words: str, **more: Any) -> str:
        """What a command that succeeds prints."""
        result = self.run(*words, **more)
        assert (0, "") == (result.exit_code, result.stderr)
        return result.stdout

    def json(self, *words: str, **more: Any) -> Any:
        """What a command that succeeds prints with --json last on the line."""
        return json.loads(self.says(*words, "--json", **more))

    def refuses(self, *words: str, **more: Any) -> str:
        """Why a command is refused: exit status 1, the reason on stderr and nothing on stdout."""
        result = self.run(*words, **more)
        assert (1, "", True) == (result.exit_code, result.stdout, result.stderr.startswith("Error: "))
        return result.stderr.removeprefix("Error: ").rstrip()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema and nothing in it, made once."""
    file = tmp_path_factory.mktemp("schema") / "empty.db"
    upgrade(f"sqlite:///{file}")
    return file


def terminal_on(url: str) -> Terminal:
    """Commands on that database and with no other settings than those."""
    foreign = {name: None for name in os.environ if name.startswith("OCPP_SOAP_")}
    return Terminal({**foreign, "OCPP_SOAP_DATABASE_URL": url, "OCPP_SOAP_ENVIRONMENT": "development"})


@pytest.fixture
def terminal(empty_database: Path, tmp_path: Path) -> Terminal:
    """Commands on an empty store."""
    return terminal_on(f"sqlite:///{shutil.copy(empty_database, tmp_path / 'cli.db')}")


@pytest.fixture
def store(terminal: Terminal) -> Iterator[SqlStore]:
    """The store that the commands use."""
    opened = open_store(terminal.environment["OCPP_SOAP_DATABASE_URL"] or "")
    yield opened
    opened.close()


@pytest.fixture
def start(store: SqlStore) -> Callable[..., int]:
    """Makes a transaction of charge point CP-1, as its StartTransaction would; gives the transactionId."""

    def started(key: str = "start", connector_id: int = 1, **fields: Any) -> int:
        with store.writing() as work:
            values: dict[str, Any] = {
                "charge_point_id": work.charge_points.register("CP-1", "Accepted", AT).id,
                "key": key,
                "connector_id": connector_id,
                "id_tag": "04A1",
                "start_timestamp": AT,
                "received": AT,
                "ordered_at": AT,
                "meter_start": 1000,
                "reservation_id": None,
                "id_tag_info": {"status": "Accepted"},
                "flags": [],
            }
            transaction_id = work.transactions.start(NewTransaction(**values | fields))
            assert transaction_id is not None
            work.transactions.supersede(transaction_id)
            return transaction_id

    return started


@pytest.fixture
def station(terminal: Terminal) -> Iterator[ChargePoint]:
    """A simulated station CP-1 that listens for commands, registered with its address."""
    with ChargePoint("http://127.0.0.1:9/ocpp", "CP-1", auto_boot=False) as cp:
        terminal.says("charge-points", "add", "CP-1", "--callback", cp.address)
        yield cp


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Commands on the store of a gateway that has lived; nobody changes it."""
    from .lived import live

    url = f"sqlite:///{tmp_path_factory.mktemp('lived') / 'lived.db'}"
    live(url)
    return terminal_on(url)


@pytest.fixture
def trace(lived: Terminal, tmp_path: Path) -> Path:
    """All that it did, redacted."""
    file = tmp_path / "trace.jsonl"
    assert 0 == lived.run("journal", "export", "-o", str(file)).exit_code
    return file


@pytest.fixture
def gateway(terminal: Terminal, store: SqlStore) -> Gateway:
    """A gateway in this process that lets nobody in by itself, on the store of the commands."""
    return Gateway(Settings(database_url=terminal.environment["OCPP_SOAP_DATABASE_URL"] or ""))
