"""`ocpp-soap charge-points probe`: whatever keeps a station from being called is found, and said with what to try."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.errors import IdentityMismatch, NotSupported, SecurityError
from ocpp_soap.protocol import catalog
from ocpp_soap.settings import Settings
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.wire import SoapWire
from ocpp_soap.store.work import SqlStore
from tests.integration.soap_client.stations import Act, answer, cut, raw

from .conftest import AT, Terminal
from .probes import called_at, odd, probed

LOGIN = b"<!DOCTYPE html><html><body>Log in</body></html>"


def journal(terminal: Terminal) -> list[tuple[str, str, str]]:
    """What was asked, of whom, with what outcome, newest first."""
    return [(row["operation"], row["peer"], row["outcome"]) for row in terminal.json("journal", "list")]


def test_a_station_that_answers_can_be_called(terminal: Terminal, station: ChargePoint) -> None:
    """Exit status 0; the question is a command like any other, in the journal, and with what follows from it."""
    report = probed(terminal, 0)
    assert f"CP-1 can be called: at {station.address}, it confirms GetConfiguration after " in report["conclusion"]
    steps = [(step["step"], step["trouble"]) for step in report["addresses"][0]["steps"]]
    assert [("guard", None), ("connect", None), ("http", None), ("soap", None)] == steps
    assert ["GetConfiguration"] == station.commands_received.operations()
    assert [("GetConfiguration", "127.0.0.1", "answered")] == journal(terminal)
    known = terminal.json("charge-points", "show", "CP-1")
    assert (True, ["GetConfiguration"]) == (
        known["callbackReachable"]["reachable"],
        [command["operation"] for command in known["commands"]],
    )
    assert "HeartbeatInterval" in {entry["key"] for entry in known["configuration"]}


def set_callbacks(store: SqlStore, *urls: str) -> None:
    """CP-1 has said that it is there, one after another."""
    with store.writing() as work:
        point = work.charge_points.register("CP-1", "Accepted", AT)
        for url in urls:
            work.charge_points.set_callback(point.id, url, url, "station", "127.0.0.1", AT)


def test_other_addresses_are_tried_when_it_is_asked_for(
    terminal: Terminal, store: SqlStore, station: ChargePoint
) -> None:
    """Once the address in use is answered they are only listed; with --all each is asked, though not by a command."""
    with odd(raw(b"")) as former:
        set_callbacks(store, former.url, station.address)
        listed = [(one["address"], one["tried"], one["sources"][0]) for one in probed(terminal, 0)["addresses"]]
        assert [(station.address, True, "station"), (former.url, False, "earlier")] == listed
        assert 0 == former.connections
        assert "--all tries it too" in terminal.says("charge-points", "probe", "CP-1")
        tried = {one["address"]: one["trouble"] for one in probed(terminal, 0, "--all")["addresses"]}
        assert {station.address: None, former.url: "closed"} == tried
    assert 3 == len(terminal.json("charge-points", "show", "CP-1")["commands"])
    assert ("GetConfiguration", "127.0.0.1", "uncertain") == journal(terminal)[0]


def test_a_station_at_another_address_is_found(terminal: Terminal, store: SqlStore, station: ChargePoint) -> None:
    """Exit status 3, and the advice is a command that puts it right."""
    with odd(answer(LOGIN)) as wrong:
        set_callbacks(store, station.address, wrong.url)
        report = probed(terminal, 3)
        assert f"CP-1 can't be called at {wrong.url}: a web page answers" in report["conclusion"]
        (advice,) = report["try"]
        assert f"`ocpp-soap charge-points set-callback CP-1 {station.address}`" == advice
        terminal.says(*shlex.split(advice.strip("`"))[1:])
        assert station.address == probed(terminal, 0)["addresses"][0]["address"]


@pytest.mark.parametrize(
    ("act", "trouble", "words"),
    [
        (answer(LOGIN), "html", "a web page answers instead of the station"),
        (answer(LOGIN, "404 Not Found"), "no-path", "a web server answers there"),
        (answer(b"", "405 Method Not Allowed"), "no-path", "but has nothing at the path /station"),
        (answer(LOGIN, "401 Unauthorized"), "wants-password", "wants a user and a password"),
        (answer(b"", "403 Forbidden"), "forbidden", "forbids it (HTTP 403)"),
        (answer(LOGIN, "502 Bad Gateway"), "gateway", "a proxy answers there, but does not reach the station"),
        (answer(b"", "302 Found", Location="/login?a=`id`"), "redirect", "it leads to /login?a=`id`"),
        (answer(b"hello"), "no-soap", "not in SOAP: the answer (HTTP 200 OK) can't be read"),
        (answer(b"", "400 Bad Request"), "no-soap", "not in SOAP: the answer (HTTP 400 Bad Request) is empty"),
        (answer(b"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><x/></e:Body></e:Envelope>"),
         "no-confirmation", "not with the confirmation: the answer is x, not getConfigurationResponse"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "no-http", "speaks no HTTP: it is the wrong port"),
        (raw(b""), "closed", "ends without an answer"),
        (cut, "closed", "a connection is taken there, but ends"),
        (answer(b"The plain HTTP request was sent to HTTPS port", "400 Bad Request"), "needs-tls", "wants https"),
    ],
)  # fmt: skip
def test_what_answers_instead_of_the_station_is_told(terminal: Terminal, act: Act, trouble: str, words: str) -> None:
    """Exit status 4: in words, with what to try; each command in the advice is safe to copy into a shell."""
    with odd(act) as station:
        called_at(terminal, station.url)
        report = probed(terminal, 4)
        assert trouble == report["addresses"][0]["trouble"] == report["addresses"][0]["steps"][-1]["trouble"]
        assert f"CP-1 can't be called at {station.url}: " in report["conclusion"]
        assert words in report["conclusion"]
        assert report["try"]
        assert [] == [advice for advice in report["try"] if "`id`" in advice and "'" not in advice]
        steps = [step["step"] for step in report["addresses"][0]["steps"]]
        assert ["guard", "connect"] == steps[:2]


def test_a_station_that_is_silent_is_told(terminal: Terminal) -> None:
    """Something takes the message, and nothing comes back in time."""
    with odd(raw(b"")) as station:
        station.act = station.silence
        called_at(terminal, station.url)
        report = probed(terminal, 4, READ_TIMEOUT="0.3", CONNECT_TIMEOUT="0.3")
    assert "the message is not answered: nothing came for 0.3 s" in report["conclusion"]


@pytest.mark.parametrize(
    ("url", "trouble", "words"),
    [
        ("http://127.0.0.1:1/a", "refused", "127.0.0.1 is there, but nothing listens on its port 1"),
        ("http://nowhere.invalid/a", "unresolved", "the name nowhere.invalid means nothing to the name servers"),
        ("http://169.254.169.254/a", "not-allowed", "this gateway's rules forbid to call it: 169.254.169.254 is link-"),
    ],
)
def test_an_address_without_anybody_is_told(terminal: Terminal, url: str, trouble: str, words: str) -> None:
    """By the step at which the way ends; nothing goes into the journal but the command that was not transmitted."""
    terminal.run("charge-points", "add", "CP-1", "--callback", url)
    report = probed(terminal, 4)
    assert (trouble, True) == (report["addresses"][0]["trouble"], words in report["conclusion"])
    assert [("GetConfiguration", url.split("/")[2].split(":")[0], "not_transmitted")] == journal(terminal)


def test_nothing_that_the_rules_forbid_is_connected_to(terminal: Terminal, store: SqlStore) -> None:
    """Whatever a station or an operator has named, and although it was asked for."""
    with odd(answer(LOGIN)) as first, odd(raw(b"")) as second:
        set_callbacks(store, first.url, second.url)
        report = probed(terminal, 4, "--all", ENVIRONMENT="production")
        assert ["not-allowed"] * 2 == [one["trouble"] for one in report["addresses"]]
        assert (0, 0) == (first.connections, second.connections)


def test_another_station_is_not_the_station(terminal: Terminal, station: ChargePoint) -> None:
    """It says so by a fault, and the station counts as not reachable."""
    station.faults.fault = IdentityMismatch("This charge point is CP-2.")
    report = probed(terminal, 4)
    assert ("wrong-identity", True) == (
        report["addresses"][0]["trouble"],
        "another station answers there: it says that it is not CP-1" in report["conclusion"],
    )
    assert False is terminal.json("charge-points", "show", "CP-1")["callbackReachable"]["reachable"]


@pytest.mark.parametrize(("fault", "trouble"), [(NotSupported("no"), "fault"), (SecurityError("no"), "refuses")])
def test_a_station_that_answers_with_a_fault_can_be_called(
    terminal: Terminal, station: ChargePoint, fault: NotSupported | SecurityError, trouble: str
) -> None:
    """Exit status 0: it is there, and what it thinks of the question is told."""
    station.faults.fault = fault
    report = probed(terminal, 0)
    assert (trouble, True) == (
        report["addresses"][0]["trouble"],
        f"at {station.address}, the station is there" in report["conclusion"],
    )


def test_a_station_that_others_are_calling_is_left_to_them(
    terminal: Terminal, store: SqlStore, station: ChargePoint
) -> None:
    """When its turn does not come in time, nothing is sent to any address."""
    set_callbacks(store, "http://127.0.0.1:1/", station.address)
    with store.writing() as work:
        point = work.charge_points.find("CP-1")
        assert point is not None
        work.queue.lease(point.id, "another", AT, AT.replace(year=2999))
    settings = {name: text for name, text in terminal.environment.items() if text}
    gateway = Gateway(Settings.from_environment(settings))
    prober = replace(gateway.prober, sender=replace(gateway.sender, call_time=-4.9))
    report = prober.probe("CP-1", everywhere=True)
    gateway.store.close()
    assert ["busy", None] == [visit.walk and visit.walk.trouble for visit in report.visits]
    assert "it was not asked: another command to this station was still running" in report.conclusion
    assert [] == station.commands_received.operations()


def test_a_station_without_an_address_is_told(terminal: Terminal, store: SqlStore) -> None:
    """One that never spoke has to, and one that spoke without wsa:From has to be looked up."""
    terminal.says("charge-points", "add", "CP-1")
    assert "it has never spoken, and nobody has set its address" in probed(terminal, 4)["conclusion"]
    with store.writing() as work:
        work.charge_points.contact("CP-1", catalog.VERSIONS[0], "10.0.0.7", AT)
    report = probed(terminal, 4)
    assert "it names no address in wsa:From" in report["conclusion"]
    assert "`ocpp-soap charge-points set-callback CP-1 http://10.0.0.7:PORT/`" in report["try"][0]


def test_an_address_that_was_refused_is_tried(terminal: Terminal, store: SqlStore, station: ChargePoint) -> None:
    """What the station says now, while the operator has fixed something else."""
    with odd(raw(b"")) as fixed:
        terminal.says("charge-points", "set-callback", "CP-1", fixed.url)
        with store.writing() as work:
            point = work.charge_points.find("CP-1")
            assert point is not None
            work.charge_points.change(point.id, callback_refused={"url": station.address, "reason": "it is fixed"})
        report = probed(terminal, 3)
    assert ["refused", "earlier"] == report["addresses"][1]["sources"]
    assert "(a change that was not taken over)" in report["conclusion"]


def test_a_version_without_a_harmless_question_is_asked_as_a_browser_does(terminal: Terminal, store: SqlStore) -> None:
    """Whether that is the station remains open, and is said; where it leads elsewhere is found out all the same."""
    version = catalog.VERSIONS[-1]
    wire = SoapWire("http://127.0.0.1:9/ocpp", version=version)
    with ChargePoint(wire.url, "CP-1", auto_boot=False, wire=wire) as station:
        called_at(terminal, station.address)
        with store.writing() as work:
            work.charge_points.contact("CP-1", version, None, AT)
        report = probed(terminal, 0)
        assert (None, f"OCPP {version} has no operation that can be sent") == (
            report["operation"],
            report["conclusion"][(at := report["conclusion"].index("OCPP")) : at + 42],
        )
        assert [] == station.commands_received.operations()
    assert ("", "127.0.0.1", "answered") == tuple(part or "" for part in journal(terminal)[0])
    with odd(answer(b"", "301 Moved", Location="https://x/")) as page:
        terminal.says("charge-points", "set-callback", "CP-1", page.url)
        assert "redirect" == probed(terminal, 4)["addresses"][0]["trouble"]


def test_tables_and_words_tell_it_to_people(terminal: Terminal) -> None:
    """A table of steps for each address, then the conclusion and what to try; nothing in them steers a terminal."""
    with odd(answer(b"", "302 Found", Location="http://x/\x1b[2J")) as wrong:
        called_at(terminal, wrong.url)
        done = terminal.run("charge-points", "probe", "CP-1")
    assert (4, "") == (done.exit_code, done.stderr)
    lines = done.stdout.splitlines()
    assert f"{wrong.url} (in use: fixed by the operator)" in lines
    assert ["step", "result", "what", "was", "met"] in [line.split() for line in lines]
    assert 1 == sum(line.startswith("CP-1 can't be called at ") for line in lines)
    assert "Try" in lines
    assert "\x1b" not in done.stdout


def test_a_station_that_nobody_knows_is_refused(terminal: Terminal, store: SqlStore) -> None:
    """With the words of the other commands, and how to let one in that waits."""
    assert "charge-points list" in terminal.refuses("charge-points", "probe", "CP-404")
    with store.writing() as work:
        work.charge_points.remember_unknown("CP-9", catalog.VERSIONS[0], "Heartbeat", None, None, {}, AT)
    assert "charge-points accept CP-9" in terminal.refuses("charge-points", "probe", "CP-9")
