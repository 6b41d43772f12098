"""One caller for a whole process: threads share it, a fork may take it along."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from ocpp_soap.errors import Uncertain
from ocpp_soap.protocol.schema import Service
from ocpp_soap.soap.client import SoapCaller
from tests.conftest import PROJECT
from tests.integration.soap_client.stations import Station, answer, confirmation, reset

# In a process of its own: one with threads, as this one, had better not fork.
FORK = """
import os, sys
from ocpp_soap.protocol import catalog
from ocpp_soap.soap.client import SoapCaller
from tests.integration.soap_client.stations import reset

caller = SoapCaller(catalog.load().newest.charge_point)
reset(caller, sys.argv[1])
child = os.fork()
os.write(1, reset(caller, sys.argv[1]).payload["status"].encode() + b" ")
if child:
    os.waitpid(child, 0)
"""


@pytest.fixture
def ready(station: Station, service: Service) -> Station:
    """A station that confirms whatever has a status."""
    station.act = answer(confirmation(service, "Reset"))
    return station


def test_threads_share_a_caller_from_its_first_call_on(ready: Station, service: Service) -> None:
    """Each thread's message is its own: identity, operation, payload and MessageID never mix."""
    caller = SoapCaller(service, connect_timeout=10, read_timeout=10)
    together = threading.Barrier(8)

    def call(number: int) -> tuple[str, str]:
        if number < 8:
            together.wait(30)
        payload = {"connectorId": number, "idTag": f"TAG{number}"}
        sent = caller.call(
            ready.url, f"CP{number}", "RemoteStartTransaction", payload, from_address="http://cs/"
        ).request
        found = re.search(rb">CP(\d+)<.*>urn:uuid:([^<]+)<.*connectorId>(\d+)<.*idTag>TAG(\d+)<", sent, re.S)
        assert found is not None
        assert {str(number).encode()} == {found[1], found[3], found[4]}
        return found[2].decode(), found[1].decode()

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(call, range(200)))
    assert 200 == len({message_id for message_id, _ in ids})


def test_a_caller_that_was_used_before_a_fork_is_of_use_after_it(ready: Station) -> None:
    """Nothing open is shared: parent and child each make connections of their own."""
    done = subprocess.run(
        [sys.executable, "-c", FORK, ready.url], capture_output=True, text=True, check=False, cwd=PROJECT, timeout=240
    )
    assert ["Accepted", "Accepted"] == done.stdout.split(), done.stderr
    assert 3 == ready.connections


def test_no_file_descriptor_is_left_behind(ready: Station, service: Service) -> None:
    """Answers, faults and failures all close their connection."""
    caller = SoapCaller(service, connect_timeout=10, read_timeout=10)
    failures = [answer(b"no"), answer(b"<" * 2_000_000), lambda connection: connection.close()]
    for act in (ready.act, *failures):
        ready.act = act
        with suppress(Uncertain):
            reset(caller, ready.url)
    assert 0 == _open_to(ready.port)


def _open_to(port: int) -> int:
    """How many sockets of this machine are connected to that port (ESTABLISHED, or CLOSE_WAIT: left open by us)."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] in ("01", "08") for row in rows)
