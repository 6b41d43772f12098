"""`ocpp-soap check`: what keeps a station from working is found and said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.work import SqlStore
from tests.integration.queueing import order

from .conftest import AT, Terminal, terminal_on


def found(terminal: Terminal, *words: str, status: int = 0, **settings: Any) -> list[tuple[str, str]]:
    """Subject and state of each finding that is not ok."""
    checked = terminal.run("check", *words, "--json", **settings)
    assert (status, "") == (checked.exit_code, checked.stderr)
    return [(row["subject"], row["state"]) for row in json.loads(checked.stdout) if row["state"] != "ok"]


@pytest.fixture
def web_site() -> Iterator[str]:
    """The URL of something that is no gateway."""

    class LoginPage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Please log in</html>")

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), LoginPage) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/ocpp"
        server.shutdown()
        thread.join()


def test_a_gateway_in_order_has_nothing_to_say(terminal: Terminal) -> None:
    """Each thing that was looked at is ok."""
    settings: dict[str, Any] = {"PUBLIC_URL": "https://ocpp.example/ocpp", "ENVIRONMENT": "production"}
    assert [] == found(terminal, "--offline", **settings)
    lines = terminal.says("check", "--offline", **settings).splitlines()
    assert {"settings", "WSDLs", "store", "stations"} == {line.split(":")[0].split()[1] for line in lines}
    assert "ok       WSDLs: OCPP 1.6: 10 operations in, 19 out" in lines


def test_a_default_public_url_is_warned_of(terminal: Terminal) -> None:
    """A warning leaves the exit status at 0."""
    assert [("public address", "warning")] == found(terminal, "--offline", ENVIRONMENT="production")


def test_open_doors_are_warned_of(terminal: Terminal) -> None:
    """What is right for trying out is told where it might be forgotten."""
    settings: dict[str, Any] = {"UNKNOWN_CHARGE_POINTS": "accept", "UNKNOWN_TAGS": "accept", "WORKERS": "4"}
    assert [("settings", "warning")] * 4 == found(
        terminal, "--offline", PUBLIC_URL="https://ocpp.example/ocpp", **settings
    )


def test_a_public_url_that_nobody_answers_is_wrong(terminal: Terminal) -> None:
    """Exit status 1."""
    settings: dict[str, Any] = {"PUBLIC_URL": "http://127.0.0.1:1/ocpp", "ENVIRONMENT": "production"}
    assert [("public address", "wrong")] == found(terminal, status=1, **settings)


def test_a_public_url_that_something_else_answers_is_wrong(terminal: Terminal, web_site: str) -> None:
    """A login page of a proxy is no Central System, though it says 200."""
    assert [("public address", "wrong")] == found(terminal, status=1, PUBLIC_URL=web_site, ENVIRONMENT="production")


def test_stations_that_can_not_be_called_are_warned_of(terminal: Terminal, store: SqlStore) -> None:
    """Those without an address, with one that the rules refuse, and those that wait to be let in."""
    with store.writing() as work:
        for identity, url in (("CP-1", None), ("CP-2", "http://127.0.0.1:8080/"), ("CP-3", "https://station.example/")):
            point = work.charge_points.register(identity, "Accepted", AT)
            if url is not None:
                work.charge_points.set_callback(point.id, url, None, "operator", None, AT)
        work.charge_points.register("CP-4", "Rejected", AT)
        work.charge_points.remember_unknown("CP-5", "1.6", "Heartbeat", None, None, {}, AT)
    settings: dict[str, Any] = {"PUBLIC_URL": "https://ocpp.example/ocpp", "ENVIRONMENT": "production"}
    expected = [("stations", "warning"), ("station CP-1", "warning"), ("station CP-2", "warning")]
    assert expected == found(terminal, "--offline", **settings)


def test_commands_that_nobody_sends_are_warned_of(terminal: Terminal, store: SqlStore) -> None:
    """With the name of what has to run."""
    with store.writing() as work:
        order(work, work.charge_points.register("CP-1", "Accepted", AT).id, "ClearCache", AT)
    assert ("commands", "warning") in found(terminal, "--offline")
    assert "since 2024-01-31T12:00:00Z, and nobody sends it: is `ocpp-soap serve`" in terminal.says(
        "check", "--offline"
    )


def test_a_store_that_can_not_be_used_is_wrong(tmp_path: Path) -> None:
    """The words say what to do."""
    checked = terminal_on(f"sqlite:///{tmp_path / 'missing.db'}").run("check", "--offline")
    assert (1, True) == (checked.exit_code, "run `ocpp-soap migrate`" in checked.stdout)


def test_wrong_settings_are_findings(terminal: Terminal) -> None:
    """Each on its own line, and nothing else is looked at."""
    wrong = {"FAULT_STATUS": "300", "NONSENSE": "x"}
    assert [("settings", "wrong")] * 2 == found(terminal, status=1, **wrong)


def test_a_folder_without_wsdls_is_wrong(terminal: Terminal, tmp_path: Path) -> None:
    """The operator's own copy is looked at."""
    assert ("WSDLs", "wrong") in found(terminal, "--offline", status=1, WSDL_DIR=str(tmp_path))


def test_a_server_s_connections_are_added_up(postgresql_database: str) -> None:
    """What all processes take at most against what there is room for; more than that is warned of."""
    upgrade(postgresql_database)
    terminal = terminal_on(postgresql_database)
    settings: dict[str, Any] = {"PUBLIC_URL": "https://ocpp.example/ocpp", "ENVIRONMENT": "production"}
    said = terminal.says("check", "--offline", WORKERS="2", **settings)
    assert "ok       connections: `serve` and one `worker` take 84 at most, and PostgreSQL has room for 197" in said
    assert [("connections", "warning")] == found(terminal, "--offline", WORKERS="8", **settings)


def test_a_role_without_rights_is_told_what_to_grant(postgresql_database: str) -> None:
    """Before anybody runs `migrate`."""
    with psycopg.connect(postgresql_database, autocommit=True) as connection:
        connection.execute('CREATE ROLE "ocpp-app" LOGIN')
        terminal = terminal_on(postgresql_database.replace("postgres@", "ocpp-app@"))
        said = terminal.run("check", "--offline", PUBLIC_URL="https://ocpp.example/ocpp").stdout
        connection.execute('DROP ROLE "ocpp-app"')
    assert "wrong    rights: the role ocpp-app may not create tables in schema public" in said
    assert 'GRANT USAGE, CREATE ON SCHEMA public TO "ocpp-app"' in said
