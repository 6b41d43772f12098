"""Workers that send commands: killed in the middle, several at once, past dead stations; on both databases."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from ocpp_soap import bootstrap
from ocpp_soap.central.orders import Order
from ocpp_soap.central.pages import CommandFilter, StationFilter
from ocpp_soap.central.records import Command
from ocpp_soap.settings import Settings, environment
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.tables import station_leases

from .fleet import fleet, silent
from .gateway import PROGRAM, free_port
from .stations import Central, eventually
from .wire import SECONDS

ME = "cli:me"
STATIONS, EACH, AT_ONCE = 16, 3, 4


@pytest.fixture
def gateway(database_url: str) -> Iterator[bootstrap.Gateway]:
    """The operator's side of a store that nobody serves."""
    settings = Settings(database_url=database_url, environment="development", connect_timeout=1, read_timeout=20)
    made = bootstrap.Gateway(settings)
    upgrade(made.store)
    yield made
    made.store.close()


@contextmanager
def worker(gateway: bootstrap.Gateway, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`ocpp-soap worker` as a process of its own, at work."""
    settings = gateway.settings
    own = environment(
        database_url=gateway.settings.database_url,
        environment="development",
        connect_timeout=str(settings.connect_timeout),
        read_timeout=str(settings.read_timeout),
    )
    command = [*PROGRAM, "worker", "--threads", str(AT_ONCE)]
    process = subprocess.Popen(command, env=own, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "commands in" in process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()


def all_of(gateway: bootstrap.Gateway) -> Sequence[Command]:
    """Every command."""
    with gateway.store.reading() as work:
        return work.commands.page(CommandFilter(), 1000).rows


def of_state(gateway: bootstrap.Gateway, state: str) -> set[int]:
    """The numbers of the commands in that state."""
    return {command.id for command in all_of(gateway) if command.state == state}


def test_a_killed_worker_loses_no_command_and_none_is_sent_twice(gateway: bootstrap.Gateway, tmp_path: Path) -> None:
    """kill -9 of one of two workers in the middle of many commands: those in flight become uncertain, the others are
    sent, once and in their order; the other worker ends its calls when it is told to stop."""
    names = [f"CP{number:02}" for number in range(STATIONS)]
    # No first call to a station ends before one worker is dead.
    with fleet(lambda identity, data: data == "0") as stations:
        with gateway.store.writing() as work:
            for name in names:
                stations.register(work, name, bootstrap.now())
        for number in range(EACH):
            gateway.commands.submit_batch(StationFilter(), told(str(number)), ME)
        with worker(gateway, tmp_path) as first:
            stations.wait_until_held(AT_ONCE)
            with worker(gateway, tmp_path) as second:
                stations.wait_until_held(STATIONS)
                in_flight = of_state(gateway, "sending")
                first.kill()
                first.wait()
                stations.let_go()
                eventually(lambda: not stations.held)
                stations.slow = lambda identity, data: data == "last"
                time_is_over(gateway)
                last, _ = gateway.commands.submit(names[0], told("last"), ME)
                eventually(lambda: {"sending", "answered", "uncertain"} == {one.state for one in all_of(gateway)})
                stations.wait_until_held(1)
                second.send_signal(signal.SIGTERM)
                stations.let_go()
                assert 0 == second.wait(SECONDS)
    lost, done = of_state(gateway, "uncertain"), of_state(gateway, "answered")
    assert (True, True, True) == (lost <= in_flight, len(lost) >= AT_ONCE, last.id in done)
    assert STATIONS * EACH + 1 == len(lost) + len(done)
    # An uncertain one had come as well, and did not come again.
    expected = {name: [str(number) for number in range(EACH)] for name in names}
    expected[names[0]].append("last")
    assert expected == stations.told


def told(data: str) -> Order:
    """A DataTransfer that says it."""
    return Order("DataTransfer", {"vendorId": "V", "data": data})


def time_is_over(gateway: bootstrap.Gateway) -> None:
    """As if every lease had run out."""
    over = {"until": bootstrap.now(), "due": bootstrap.now()}
    with gateway.store.writer.begin() as connection:
        connection.execute(update(station_leases).where(station_leases.c.holder.is_not(None)).values(over))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_dead_stations_delay_no_living_one(gateway: bootstrap.Gateway) -> None:
    """More of them than calls at once, refusing or silent, and first in the queue: all others are done before one
    silent one is given up."""
    nowhere = f"http://127.0.0.1:{free_port()}/"
    with fleet() as stations, silent() as nothing:
        with gateway.store.writing() as work:
            for number in range(2 * AT_ONCE):
                stations.register(work, f"A-SILENT{number}", bootstrap.now(), nothing)
                stations.register(work, f"B-REFUSING{number}", bootstrap.now(), nowhere)
            for number in range(2 * STATIONS):
                stations.register(work, f"LIVING{number}", bootstrap.now())
        batch, _ = gateway.commands.submit_batch(StationFilter(), told("x"), ME)
        # Two couriers, each with connections of its own, as on two hosts.
        others = bootstrap.Gateway(gateway.settings)
        couriers = [one.courier(AT_ONCE) for one in (gateway, others)]
        for courier in couriers:
            courier.start()
        expected = {"answered": 2 * STATIONS, "not_transmitted": 2 * AT_ONCE}
        eventually(lambda: expected.items() <= dict(gateway.commands.find_batch(batch.id).states).items())
        counted = gateway.commands.find_batch(batch.id).states
    # What is silent has hung up.
    assert [0, 0] == [courier.stop(30) for courier in couriers]
    assert (2 * AT_ONCE, 2 * AT_ONCE) == (counted["sending"], counted["not_transmitted"])
    assert 2 * AT_ONCE == gateway.commands.find_batch(batch.id).states["uncertain"]
    assert {f"LIVING{number}": ["x"] for number in range(2 * STATIONS)} == stations.told
    others.store.close()


def test_a_command_for_the_next_contact_is_sent_when_the_station_has_spoken(central: Central) -> None:
    """From the command line; the station has the answer to its own message first."""
    with central.station("next-contact") as station:
        words = ("send", station.identity, "ClearCache", "--when", "next-contact", "--no-wait")
        queued = central.gateway.json(*words)
        assert ("queued", None, "next-contact") == tuple(queued[name] for name in ("state", "outcome", "when"))
        # On SQLite the gateway sends by itself.
        courier = central.inside.courier() if "postgresql" in central.inside.settings.database_url else None
        if courier is not None:
            courier.start()
        station.heartbeat()
        assert [] == list(station.commands_received)
        done = eventually(lambda: finished(central, queued["commandId"]))
        if courier is not None:
            courier.stop(5)
        assert ("answered", ["ClearCache"]) == (done.state, station.commands_received.operations())


def finished(central: Central, number: int) -> Command | None:
    """The command, once it is."""
    command = central.inside.commands.find(number)
    return command if command.is_finished else None
