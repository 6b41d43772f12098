"""`ocpp-soap send` for later and `ocpp-soap commands`: what waits is listed, shown and cancelled."""

from __future__ import annotations

import json

from ocpp_soap.cli.grammar import who
from ocpp_soap.simulator.charge_point import ChargePoint

from .conftest import Terminal


def test_what_is_queued_is_listed_shown_and_cancelled(terminal: Terminal, station: ChargePoint) -> None:
    """Nothing of it is sent by the command line; a deadline may be a time or how far off it is."""
    later = ("--no-wait", "--deadline", "2h", "--retries", "3")
    told = terminal.says("send", "CP-1", "ClearCache", *later)
    assert "ClearCache to CP-1 is queued: `ocpp-soap commands show 1`\n" == told
    waiting = terminal.json("send", "CP-1", "ClearCache", "--when", "next-contact", "--no-wait")
    expected = ("queued", None, "next-contact", None, 0, who())
    assert expected == tuple(waiting[name] for name in ("state", "outcome", "when", "notBefore", "attempts", "who"))
    listed = terminal.json("commands", "list", "--charge-point", "CP-1", "--state", "queued")
    assert [waiting, terminal.json("commands", "show", "1")] == listed
    assert "operation          ClearCache\n" in terminal.says("commands", "show", "1")
    assert "command 1 is cancelled\n" == terminal.says("commands", "cancel", "1")
    assert "command 1 is cancelled: only what is still queued" in terminal.refuses("commands", "cancel", "1")
    assert [] == station.commands_received.operations()


def test_what_can_not_be_ordered_is_refused(terminal: Terminal, station: ChargePoint) -> None:
    """Before anything is queued, with the reason."""
    start = ("send", "CP-1", "RemoteStartTransaction", '{"idTag": "A"}')
    assert "is not tried again by itself" in terminal.refuses(*start, "--retries", "1")
    assert "30 days at most" in terminal.refuses(*start, "--deadline", "31d")
    assert "lies in the future" in terminal.refuses(*start, "--deadline", "2024-01-31T12:00:00Z")
    odd = terminal.run(*start, "--deadline", "tomorrow")
    assert (2, True) == (odd.exit_code, "found 'tomorrow'; or, from now: 30m, 2h, 3d" in odd.stderr)
    assert "there is no batch 7" in terminal.refuses("commands", "cancel", "--batch", "7")
    assert [] == json.loads(terminal.run("commands", "list", "--json").stdout)


def test_a_command_that_nobody_could_send_in_time_has_status_4(terminal: Terminal, station: ChargePoint) -> None:
    """It waits for a station that does not speak."""
    done = terminal.run("send", "CP-1", "ClearCache", "--when", "next-contact", "--deadline", "1s")
    waiting, why = done.stderr.splitlines()
    assert (4, "waiting until CP-1 speaks; Ctrl-C takes the command back") == (done.exit_code, waiting)
    assert "ClearCache was not transmitted to CP-1: its deadline passed before it could be sent" == why
    assert "expired" == terminal.json("commands", "show", "1")["outcome"]
