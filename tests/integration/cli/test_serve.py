"""`ocpp-soap serve` as a process: it announces itself, gets ready, and stops when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.e2e.gateway import PROGRAM, running
from tests.e2e.wire import first_line

from .conftest import Terminal

PATIENCE = 60


@contextmanager
def serving(folder: Path, *words: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """`ocpp-soap serve` with an empty store in that folder; stopped at the end if it still runs."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("OCPP_SOAP_")}
    environment = own | {f"OCPP_SOAP_{name}": value for name, value in settings.items()}
    with (folder / "log").open("w") as log:
        command = [*PROGRAM, "serve", *words]
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


def fetch(url: str) -> tuple[int, str]:
    """Status and body; asked again until somebody listens."""
    for _ in range(PATIENCE * 20):
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.05)
    raise AssertionError(f"nobody listens at {url}")


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that the process prints."""
    assert process.stdout is not None
    return process.stdout.readline()


def test_it_serves_on_a_free_port_and_stops_on_sigterm(tmp_path: Path) -> None:
    """The first line is the address to enter; the store is made, and the end is clean."""
    with serving(tmp_path, "--bind", "127.0.0.1:0", ENVIRONMENT="development") as process:
        url = line_of(process).strip()
        assert ("http://127.0.0.1:", "/ocpp") == (url[:17], url[-5:])
        assert (200, "ok\n") == fetch(url.removesuffix("/ocpp") + "/healthz/ready")
        status, wsdl = fetch(url + "?wsdl")
        assert (200, True) == (status, f'location="{url}"' in wsdl)
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(PATIENCE)
        assert process.stdout is not None
        rest = process.stdout.read()
    assert ["store: sqlite:///ocpp_soap.db", "unknown charge points are kept pending until you accept them"] == [
        line for line in rest.splitlines() if line.startswith(("store", "unknown charge"))
    ]
    assert (tmp_path / "ocpp_soap.db").exists()


def test_what_it_announces_can_be_read_by_programs(tmp_path: Path) -> None:
    """With --json one line; a PUBLIC_URL that is set stays; no password is shown."""
    words = ("--bind", ":0", "--json")
    with serving(tmp_path, *words, PUBLIC_URL="https://ocpp.example/ocpp", ENVIRONMENT="development") as process:
        announced = json.loads(line_of(process))
    assert "http://127.0.0.1:" == announced["urls"][0][:17]
    assert "https://ocpp.example/ocpp" == announced["publicUrl"]
    expected = {"database": "sqlite:///ocpp_soap.db", "unknownChargePoints": "pending", "unknownTags": "reject"}
    assert expected == {name: announced[name] for name in expected}


def test_a_port_that_is_taken_is_told_and_the_next_one_is_taken_when_asked(tmp_path: Path) -> None:
    """Status 1 in words; with --next-free-port another port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serving(tmp_path, "--bind", f"127.0.0.1:{port}") as process:
            assert 1 == process.wait(PATIENCE)
        words = (tmp_path / "log").read_text()
        assert ("Error: ", True, 1) == (words[:7], "--next-free-port" in words, len(words.splitlines()))
        with serving(tmp_path, "--bind", f"127.0.0.1:{port}", "--next-free-port", "--json") as process:
            assert port < int(json.loads(line_of(process))["urls"][0].split(":")[2].split("/")[0])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PUBLIC_URL": "nowhere"}, "OCPP_SOAP_PUBLIC_URL: expected a URL"),
        ({"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/none"}, "can't be reached"),
        ({"WSDL_DIR": "."}, "put the WSDLs of the newest version there too"),
    ],
)
def test_what_keeps_it_from_serving_is_told_in_words(terminal: Terminal, settings: dict[str, str], words: str) -> None:
    """Before anything listens: one line, no traceback, no password."""
    reason = terminal.refuses("serve", "--bind", "127.0.0.1:0", **settings)
    assert (True, False, 1) == (words in reason, "secret" in reason, len(reason.splitlines()))


def test_an_address_of_another_machine_can_not_be_bound(terminal: Terminal) -> None:
    """Said at once, not after trying every port."""
    assert "can't be bound" in terminal.refuses("serve", "--bind", "192.0.2.77:8180", "--next-free-port")


def test_no_id_tag_is_in_the_log(tmp_path: Path) -> None:
    """Not even when it tells everything."""
    settings = {"LOG_LEVEL": "debug", "UNKNOWN_TAGS": "accept"}
    with running(tmp_path, f"sqlite:///{tmp_path / 'log.db'}", **settings) as gateway:
        played = gateway.json("simulate", gateway.url, "--id-tag", "SECRETCARD")
        assert 1 == played["sessions"]
        payload = '{"connectorId": 1, "idTag": "SECRETCARD"}'
        gateway.run("send", "SIM-0001", "RemoteStartTransaction", payload, check=False)
        log = gateway.log()
    assert (True, False) == ("SIM-0001" in log or "debug" in log, "SECRETCARD" in log)


def test_gunicorn_serves_with_the_file_in_deploy(terminal: Terminal, tmp_path: Path) -> None:
    """For those who start it themselves, on a store that was migrated."""
    command = [sys.executable, "-m", "gunicorn", "-c", str(PROJECT / "deploy/gunicorn.conf.py")]
    environment = {**os.environ, **{name: value for name, value in terminal.environment.items() if value}}
    address = f"unix:{tmp_path / 'gateway.sock'}"
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([*command, "--bind", address], env=environment, cwd=PROJECT, stderr=log)
    try:
        for _ in range(PATIENCE * 20):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE)
                if client.connect_ex(str(tmp_path / "gateway.sock")) == 0:
                    client.sendall(b"GET /healthz/ready HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
                    assert b"HTTP/1.1 200 OK" == first_line(client)
                    break
            time.sleep(0.05)
        process.terminate()
        assert 0 == process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert " info Booting worker " in (tmp_path / "log").read_text()
