"""A command is sent as the station's profile wants it, and what is odd about the answer is remembered."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from lxml import etree

from ocpp_soap.bootstrap import Gateway, now
from ocpp_soap.protocol import catalog
from ocpp_soap.settings import Settings
from ocpp_soap.soap.ns import SOAP12
from ocpp_soap.store.work import SqlStore
from tests.integration.soap_client.stations import answer, confirmation

from .conftest import AT, Terminal
from .probes import called_at, odd

SERVICE = catalog.load().newest.charge_point
CONFIRMED = confirmation(SERVICE, "ClearCache")


def blocks(message: bytes) -> list[str]:
    """The local names of a message's header blocks."""
    header = etree.fromstring(message).find(f"{{{SOAP12}}}Header")
    assert header is not None
    return [etree.QName(block).localname for block in header]


def test_a_command_is_sent_as_the_profile_says(terminal: Terminal) -> None:
    """Header blocks and Content-Type of that station alone."""
    with odd(answer(CONFIRMED)) as station:
        called_at(terminal, station.url)
        terminal.says("charge-points", "profile", "CP-1", "--headers", "bare", "--content-type-action")
        assert "CP-1 answered ClearCache: Accepted\n" == terminal.says("send", "CP-1", "ClearCache")
    (request,) = station.requests
    assert ["chargeBoxIdentity"] == blocks(request.body)
    assert 'application/soap+xml; charset=utf-8; action="/ClearCache"' == dict(request.headers)["Content-Type"]


def test_a_profile_that_changes_while_a_command_waits_counts(terminal: Terminal, store: SqlStore) -> None:
    """It is read again when the station's turn has come, as its address is."""
    with odd(answer(CONFIRMED)) as station:
        called_at(terminal, "http://127.0.0.1:1/")
        with store.writing() as work:
            point = work.charge_points.find("CP-1")
            assert point is not None
            # The turn of a command whose process is gone.
            work.queue.lease(point.id, "lost", AT, AT.replace(year=2999))
        settings = Settings.from_environment({name: text for name, text in terminal.environment.items() if text})
        asked: list[datetime] = []
        waits = threading.Event()

        def clock() -> datetime:
            asked.append(now())
            if len(asked) > 1:  # for its turn, the command being stored
                waits.set()
            return asked[-1]

        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(Gateway(settings, clock).commands.send, "CP-1", "ClearCache", {})
            assert waits.wait(30)
            terminal.says("charge-points", "set-callback", "CP-1", station.url)
            with store.writing() as work:
                work.charge_points.change(point.id, profile={"headers": "classic"})
                work.queue.release(point.id, "lost", now())
            assert "answered" == sent.result(30).state
    assert "From" not in blocks(station.requests[0].body)


def test_what_is_odd_about_an_answer_is_one_of_the_stations_quirks(terminal: Terminal, store: SqlStore) -> None:
    """Beside those that its own messages have shown."""
    with store.writing() as work:
        point = work.charge_points.register("CP-1", "Accepted", AT)
        shown = {"first": "2024-01-31T12:00:00Z", "last": "2024-01-31T12:00:00Z", "operation": "Heartbeat", "raw": ""}
        work.charge_points.change(point.id, quirks={"old-http": shown})
    with odd(answer(CONFIRMED, "500 Internal Server Error")) as station:
        terminal.says("charge-points", "set-callback", "CP-1", station.url)
        terminal.says("send", "CP-1", "ClearCache")
    with store.reading() as work:
        known = work.charge_points.find("CP-1")
    assert known is not None
    quirks = known.quirks or {}
    assert {"old-http", "answer-with-odd-status"} == set(quirks)
    assert "ClearCache" == quirks["answer-with-odd-status"]["operation"]
