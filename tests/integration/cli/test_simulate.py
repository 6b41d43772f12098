"""`ocpp-soap simulate` and `ocpp-soap demo`, against gateways that run as processes of their own."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocpp_soap.cli import demo
from tests.e2e.gateway import Gateway, running

from .conftest import Terminal


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that accepts every station and tag, one for all tests here."""
    folder = tmp_path_factory.mktemp("gateway")
    with running(folder, f"sqlite:///{folder / 'gateway.db'}", UNKNOWN_TAGS="accept") as ready:
        yield ready


def test_many_stations_charge_and_are_counted(terminal: Terminal, gateway: Gateway) -> None:
    """Each session is in the store, and `check` finds the gateway in order."""
    words = ("simulate", gateway.url, "--count", "3", "--sessions", "2", "--connectors", "2")
    played = terminal.json(*words)
    assert (6, [], False) == (played["sessions"], played["errors"], played["interrupted"])
    counts = {row["operation"]: row["count"] for row in played["messages"]}
    assert (3, 6, 6) == (counts["BootNotification"], counts["StartTransaction"], counts["StopTransaction"])
    stored = [row for row in gateway.json("transactions", "list") if row["chargeBoxIdentity"].startswith("SIM-")]
    assert {("SIM-0001", 1), ("SIM-0001", 2), ("SIM-0002", 1), ("SIM-0002", 2), ("SIM-0003", 1), ("SIM-0003", 2)} == {
        (row["chargeBoxIdentity"], row["connectorId"]) for row in stored
    }
    assert 0 == gateway.run("check").returncode


def test_a_station_with_every_quirk_charges(terminal: Terminal, gateway: Gateway) -> None:
    """Each message breaks the specification, and the whole session is in the store."""
    played = terminal.json("simulate", gateway.url, "--identity", "ODD", "--quirk", "all")
    assert (1, []) == (played["sessions"], played["errors"])
    known = gateway.json("charge-points", "show", "ODD 1:1.a")
    assert {"identity-with-blanks", "header-padded", "children-order"} <= known["quirks"].keys()
    played = terminal.json("simulate", gateway.url, "--identity", "BARE", "--quirk", "old-http", "--quirk", "chunked")
    assert {"old-http", "chunked"} == gateway.json("charge-points", "show", "BARE")["quirks"].keys()


def test_for_people_it_tells_what_happens(terminal: Terminal, gateway: Gateway) -> None:
    """Sentences while it runs, a table and a sum at the end; the address may come from the settings."""
    words = ("simulate", "--identity", "CP-1", "--id-tag", "CARD", "--seconds", "60")
    lines = terminal.says(*words, PUBLIC_URL=gateway.url).splitlines()
    assert "CP-1 is accepted" == lines[0]
    assert re.fullmatch(r"CP-1 charged 367 Wh in transaction \d+", lines[1])
    assert "1 sessions in" == lines[-1][:13]


def test_what_fails_is_told_with_status_1(terminal: Terminal) -> None:
    """Nobody listens there."""
    words = ("simulate", "http://127.0.0.1:1/ocpp", "--accept-timeout", "0.1")
    failed = terminal.run(*words)
    assert (1, True) == (failed.exit_code, failed.stderr.startswith("SIM-0001: "))


@pytest.mark.parametrize(
    "words",
    [
        ("--count", "2", "--identity", "CP"),
        ("--count", "0"),
        ("--identity", "{"),
        ("--ca-file", "/nowhere"),
        ("--quirk", "odd"),
    ],
)
def test_a_plan_that_makes_no_sense_is_a_usage_error(terminal: Terminal, words: tuple[str, ...]) -> None:
    """Two stations of one name, for example."""
    assert 2 == terminal.run("simulate", *words).exit_code


def test_the_demo_plays_a_session_and_three_commands(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends by itself, leaves nothing behind, and tells what was done."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "made"))
    (tmp_path / "made").mkdir()
    story = terminal.json("demo")
    assert [] == list((tmp_path / "made").iterdir())
    transaction = story["transaction"]
    assert ("DEMO-CARD", 3667, "Local", [], 10) == (
        transaction["idTag"],
        transaction["meterStop"],
        transaction["reason"],
        transaction["flags"],
        len(transaction["meterValue"]),
    )
    expected = [(operation, "answered", None) for _, operation, _ in demo.COMMANDS]
    assert expected == [(command["operation"], command["outcome"], command["fault"]) for command in story["commands"]]


def test_the_demo_tells_its_story(terminal: Terminal) -> None:
    """Line by line, from the boot to the boot after the reset."""
    told = terminal.says("demo")
    for words in ("DEMO-1 -> gateway  StartTransaction", "gateway -> DEMO-1  Reset type Soft => status Accepted"):
        assert words in told
    assert 2 == told.count("DEMO-1 -> gateway  BootNotification")
    assert re.search(r"The store remembers transaction \d{7,}", told)


def test_a_gateway_that_does_not_start_ends_the_demo(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it said, and status 1."""
    monkeypatch.setattr(demo, "environment", lambda **_: {"OCPP_SOAP_NONSENSE": json.dumps("x")})
    failed = terminal.run("demo")
    assert (1, True) == (failed.exit_code, "OCPP_SOAP_NONSENSE is no setting" in failed.stderr)
