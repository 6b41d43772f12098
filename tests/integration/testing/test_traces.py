"""Recorded traces sent again by a scripted charge point: to another gateway, as they were spelled."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ocpp_soap import bootstrap, client
from ocpp_soap.bootstrap import now
from ocpp_soap.central.pseudonyms import KINDS
from ocpp_soap.central.records import Exchange
from ocpp_soap.errors import Refused
from ocpp_soap.protocol.catalog import VERSIONS
from ocpp_soap.settings import Settings
from ocpp_soap.soap.reenactment import BEFORE, LEFT_OUT, UNREADABLE
from ocpp_soap.soap.trace import Line, Writer, encoded
from ocpp_soap.testing import ChargePoints, Clock, NotTransmitted, Trace, Uncertain
from ocpp_soap.testing.gateway import empty_store, running
from ocpp_soap.testing.traces import replay
from tests.certificates import make, serving
from tests.integration.soap_client.stations import Station, answer, cut

ELSEWHERE = "http://192.0.2.9/station"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of a session of each version and of a command, with a tag that was refused."""
    folder = tmp_path_factory.mktemp("recorded")
    clock = Clock(0, now() - timedelta(hours=1))
    with running(empty_store(folder), folder, clock, {}) as gateway:
        gateway.client.id_tags.save("BLOCKED", blocked=True)
        points = ChargePoints(gateway, clock, map(str, count()))
        for version in VERSIONS:
            cp = points(f"OLD-{version}", version)
            cp.boot()
            cp.authorize("BLOCKED")
            tx = cp.start(1, "TAG")
            cp.meter(tx, kWh=3.2)
            cp.stop(tx)
            gateway.client.charge_point(cp.identity).clear_cache().wait(10)
        points.close()
    file = folder / "trace.jsonl"
    kept = bootstrap.Gateway(Settings(database_url=f"sqlite:///{folder}/gateway.db"))
    with kept.store.reading() as work, file.open("w") as written:
        writer = Writer(kept.catalog, KINDS)
        written.write(encoded(writer.head(now())))
        for exchange in work.journal.list(limit=1000)[::-1]:
            written.write(encoded(writer.line(exchange)))
    kept.store.close()
    return file


@pytest.fixture
def changed(recorded: Path, tmp_path: Path) -> Callable[[Callable[[Any], object]], Path]:
    """Makes another trace, in which all exchanges of the newest version went through a function."""

    def make_another(change: Callable[[Any], object]) -> Path:
        head, *exchanges = map(json.loads, recorded.read_text().splitlines())
        chosen = [one for one in exchanges if one["version"] == VERSIONS[0]]
        file = tmp_path / "changed.jsonl"
        file.write_text("".join(encoded(one) for one in [head, *(one for one in chosen if change(one) is not ...)]))
        return file

    return make_another


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_session_happens_again(
    version: str,
    recorded: Path,
    charge_point: ChargePoints,
    id_tag: Callable[..., str],
    gateway_client: client.Gateway,
) -> None:
    """At a gateway that gives other transactionIds: all answers are the same, and the station can be called."""
    for tag, info in Trace.read(recorded).id_tags.items():
        id_tag(tag, blocked=info["status"] == "Blocked")
    another = charge_point()
    another.boot()
    for _ in range(7):
        another.stop(another.start(1, "TAG"))
    cp = charge_point(version=version)
    replayed = cp.replay(recorded, f"OLD-{version}")
    replayed.check()
    assert ([("ClearCache", {})], {}) == (replayed.commands, replayed.passed_over)
    steps = {step.operation: step for step in replayed.steps}
    start, stop = steps["StartTransaction"], steps["StopTransaction"]
    assert "Blocked" == (steps["Authorize"].answer or {})["idTagInfo"]["status"]
    assert start.recorded is not None
    assert start.answer is not None
    assert stop.request["transactionId"] == start.recorded["transactionId"] != start.answer["transactionId"]
    known = gateway_client.transactions.get(start.answer["transactionId"])
    assert (cp.identity, 3200) == (known.chargeBoxIdentity, known.meterStop)
    assert {"status": "Accepted"} == gateway_client.charge_point(cp.identity).clear_cache().wait(10).answer


def test_a_difference_is_told_with_its_line(
    changed: Callable[[Callable[[Any], object]], Path], charge_point: ChargePoints
) -> None:
    """Another outcome, another status; neither times nor intervals."""

    def change(one: Any) -> None:
        if one["operation"] == "StopTransaction":
            one["outcome"] = "NotSupported"
        one["answer"] = re.sub("(?<=interval>)[0-9]+", "17", one["answer"])

    replayed = charge_point().replay(changed(change))
    with pytest.raises(AssertionError) as raised:
        replayed.check()
    first, *told = str(raised.value).splitlines()
    assert "the answers differ from those of the trace:" == first
    assert told == [f"  {one}" for one in replayed.differences]
    assert [
        ("Authorize", "idTagInfo.status", "Blocked", "Accepted"),
        ("StopTransaction", "the outcome", "NotSupported", "answered"),
    ] == [one[1:] for one in replayed.differences]
    assert re.fullmatch(
        r"line \d+, Authorize: idTagInfo.status was Blocked in the trace, here it is Accepted",
        str(replayed.differences[0]),
    )


def test_what_can_not_be_compared_is_counted(
    changed: Callable[[Callable[[Any], object]], Path], charge_point: ChargePoints
) -> None:
    """A request or an answer that was left out, an answer that can't be read, a transaction from before."""

    def change(one: Any) -> object:
        if one["operation"] == "BootNotification":
            one["answer"] = one["answer"][:-20]
        elif one["operation"] == "StatusNotification":
            one["answer"] = None
        elif one["operation"] == "Authorize":
            one["request"] = None
        return ... if one["operation"] == "StartTransaction" else None

    replayed = charge_point().replay(changed(change))
    replayed.check()
    operations = [step.operation for step in replayed.steps]
    statuses = operations.count("StatusNotification")
    assert {LEFT_OUT: 1, BEFORE: 2, UNREADABLE: 1 + statuses} == replayed.passed_over
    assert {"BootNotification", "StatusNotification", "MeterValues", "StopTransaction"} == set(operations)


SPELLED = """<?xml version='1.0'?><!-- mine -->
<e:Envelope  xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:o='urn://Ocpp/Cs/2015/10/'>
<e:Header><o:chargeBoxIdentity e:mustUnderstand='true'> {identity} </o:chargeBoxIdentity>
<From xmlns="http://www.w3.org/2005/08/addressing"><Address><![CDATA[{address}]]></Address></From></e:Header>
<e:Body><o:heartbeatRequest ></o:heartbeatRequest></e:Body></e:Envelope>

"""
HTML = b"<html>here is no gateway</html>"


def heartbeat(request: str) -> list[Line]:
    """The lines of a trace of one message."""
    said = request.encode(), None
    return [Line(2, Exchange(now(), "in", "OLD", "Heartbeat", VERSIONS[0], None, 0, "answered", *said), False)]


@pytest.mark.parametrize(
    ("recorded_as", "sent", "path"),
    [
        (
            SPELLED.format(identity="OLD", address="http://10.0.0.1/"),
            SPELLED.format(identity="CP &amp; 1", address=ELSEWHERE),
            "/ocpp",
        ),
        (SPELLED.replace("e:Header", "e:Other"), SPELLED.replace("e:Header", "e:Other"), "/ocpp/CP%20%26%201"),
        ("<e:Envelope", "<e:Envelope", "/ocpp/CP%20%26%201"),
    ],
    ids=["odd", "of nobody", "broken"],
)
def test_a_message_stays_as_it_was_spelled(recorded_as: str, sent: str, path: str) -> None:
    """But for who sends it and where it is called; where it does not say who sends it, the path does."""
    with closing(Station(answer(HTML, "404 Not Found"))) as gateway:
        url = f"http://127.0.0.1:{gateway.port}/ocpp"
        replayed = replay(heartbeat(recorded_as), url, "CP & 1", ELSEWHERE)
    (request,) = gateway.requests
    assert (f"POST {path} HTTP/1.1", sent) == (request.line, request.body.decode())
    (found,) = replayed.differences
    assert ("the outcome", "answered") == (found.what, found.there)
    assert str(found.here).startswith("unreadable: ")


def test_a_gateway_that_does_not_answer_is_told_with_the_line(tmp_path: Path) -> None:
    """Nothing was sent, or nobody knows; certificates are checked against the authority that is named."""
    lines, shown = heartbeat(SPELLED), make(tmp_path, "gateway", place="127.0.0.1")
    with closing(Station(cut)) as gateway, pytest.raises(Uncertain) as uncertain:
        replay(lines, f"http://127.0.0.1:{gateway.port}/", "CP-1", ELSEWHERE)
    assert ["at line 2 of the trace, Heartbeat"] == uncertain.value.__notes__
    with closing(Station(answer(HTML), tls=serving(shown))) as gateway:
        url = f"https://127.0.0.1:{gateway.port}/"
        with pytest.raises(NotTransmitted, match="certificate"):
            replay(lines, url, "CP-1", ELSEWHERE)
        assert 1 == len(replay(lines, url, "CP-1", ELSEWHERE, shown.certificate).steps)


def test_what_can_not_be_sent_again_is_refused(recorded: Path, tmp_path: Path) -> None:
    """No file, no trace, a station that is not there, one of several that is not named."""
    trace, there = Trace.read(recorded), ", ".join(f"OLD-{version}" for version in sorted(VERSIONS))
    assert there == ", ".join(trace.identities)
    with pytest.raises(Refused, match=re.escape(f"the trace has those of {there}")):
        trace.of()
    with pytest.raises(Refused, match=re.escape(f"the trace has nothing of CP-9, only of {there}")):
        trace.of("CP-9")
    with pytest.raises(Refused, match=r"nothing\.jsonl can't be read: No such file"):
        Trace.read(tmp_path / "nothing.jsonl")
    (empty := tmp_path / "empty.jsonl").write_text(recorded.read_text().splitlines()[0])
    with pytest.raises(Refused, match="the trace has nothing of a station, only of nobody"):
        Trace.read(empty).of()
    with pytest.raises(Refused, match="line 1: not JSON"):
        Trace.read(Path(__file__))
