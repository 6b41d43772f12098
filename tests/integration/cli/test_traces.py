"""`ocpp-soap journal export`: what leaves the house, and that it plays as it did here."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from click.testing import Result
from werkzeug.test import Client

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.central.pseudonyms import KINDS
from ocpp_soap.central.records import Exchange
from ocpp_soap.protocol import catalog
from ocpp_soap.store.work import SqlStore

from .conftest import AT, Terminal
from .lived import SECRETS, WIRE, export, golden, lines, replayed

KEEP_ALL = [word for kind in KINDS for word in ("--keep", kind)]


def test_a_trace_holds_no_secret_and_plays_with_the_same_outcome(lived: Terminal, trace: Path) -> None:
    """Sessions of every version: no tag, identity, host, password or free text is left; every answer is the same."""
    text = trace.read_text()
    assert [] == [secret for secret in SECRETS if secret.lower() in text.lower()]
    head, *exchanges = lines(trace)
    assert ("ocpp-soap-trace", 1, list(KINDS)) == (head["format"], head["formatVersion"], head["redacted"])
    rows = lived.json("journal", "list", "--limit", "1000")[::-1]
    facts = ("at", "direction", "operation", "version", "milliseconds", "outcome")
    assert [[row[name] for name in facts] for row in rows] == [[one[name] for name in facts] for one in exchanges]
    told = replayed(trace)
    out = sum(row["direction"] == "out" for row in rows)
    assert (len(rows), len(rows) - out, [], []) == tuple(
        told[name] for name in ("exchanges", "played", "differences", "operator")
    )
    assert {"commands to stations": out} == told["passedOver"]
    assert told == replayed(trace)


def test_the_same_word_is_the_same_in_the_whole_trace(trace: Path) -> None:
    """One driver, three stations of three identities; a tag keeps its shape."""
    _, *exchanges = lines(trace)
    tags = {tag for one in exchanges for tag in re.findall(r"idTag>(\w+)<", one["request"])}
    assert 3 == len(tags)
    assert 1 == sum(re.fullmatch(r"\d\d[A-F]\d\d[A-F]\d\d[A-F]\d", tag) is not None for tag in tags)
    assert len(catalog.VERSIONS) == len({one["chargeBoxIdentity"] for one in exchanges})
    for one in exchanges:
        assert f">{one['chargeBoxIdentity']}</" in one["request"]


def test_nothing_is_redacted_that_is_kept(lived: Terminal) -> None:
    """Then the messages are those of the journal, byte by byte."""
    result = lived.run("journal", "export", *KEEP_ALL)
    head, *exchanges = (json.loads(line) for line in result.stdout.splitlines())
    rows = lived.json("journal", "list", "--limit", "1000")[::-1]
    assert [] == head["redacted"]
    names = ("chargeBoxIdentity", "peer", "request", "answer")
    assert [[row[name] for name in names] for row in rows] == [[one[name] for name in names] for one in exchanges]
    assert result.stdout.isascii()
    assert f"{len(rows)} exchanges exported; redacted: nothing\n" == result.stderr


def test_an_export_is_limited_to_what_is_asked_for(terminal: Terminal, store: SqlStore, tmp_path: Path) -> None:
    """By station, operation, time and number, which takes the newest; always oldest first."""
    with store.writing() as work:
        for n, (identity, operation) in enumerate([("A", "X"), ("B", "X"), ("A", "Y"), ("A", "X"), ("B", "Y")] * 30):
            request = b"<Envelope><Body><x/></Body></Envelope>"
            row = Exchange(
                AT + timedelta(seconds=n), "in", identity, operation, None, None, 0, "answered", request, None
            )
            work.journal.add(row)

    def seconds(*words: str) -> list[int]:
        exchanges = lines_of(terminal.run("journal", "export", *words))
        return [int(one["at"][14:16]) * 60 + int(one["at"][17:19]) for one in exchanges]

    assert list(range(150)) == seconds()
    assert [n for n in range(150) if n % 5 in (0, 2, 3)] == seconds("--charge-point", "A")
    assert [143, 145, 148] == seconds("--charge-point", "A", "--operation", "X", "--limit", "3")
    assert [59, 60] == seconds("--since", "2024-01-31T12:00:59Z", "--until", "2024-01-31T12:01:01Z")
    told = terminal.json("journal", "export", "--limit", "7", "-o", str(tmp_path / "t"))
    assert (7, 0) == (told["exchanges"], told["leftOut"])
    assert 8 == len((tmp_path / "t").read_text().splitlines())


def lines_of(result: Result) -> list[Any]:
    """The exchanges that a command printed."""
    assert 0 == result.exit_code, result.output
    return [json.loads(line) for line in result.stdout.splitlines()[1:]]


def test_a_command_that_fails_leaves_an_older_file_alone(lived: Terminal, tmp_path: Path) -> None:
    """The trace takes its place when it is whole."""
    file = tmp_path / "trace.jsonl"
    file.write_text("older")
    assert 1 == lived.run("journal", "export", "-o", str(file), DATABASE_URL="sqlite:////nowhere/x.db").exit_code
    assert "older" == file.read_text()
    assert "can't be written: No such file" in lived.refuses("journal", "export", "-o", str(tmp_path / "no" / "folder"))


def test_odd_messages_are_exported_and_play_the_same(
    terminal: Terminal, gateway: Gateway, store: SqlStore, tmp_path: Path
) -> None:
    """Every known oddity, once redacted and once as it was; what can't be parsed is left out, with the reason."""
    with gateway.store.writing() as work:
        work.charge_points.register("CP-2041", "Accepted", AT)
    client = Client(gateway.application)
    for file in sorted((WIRE / catalog.VERSIONS[0] / "odd").glob("*.xml")):
        latin = "; charset=iso-8859-1" if "8859" in file.stem else ""
        client.post("/ocpp", data=file.read_bytes(), content_type="application/soap+xml" + latin)
    gateway.store.close()
    redacted = export(terminal, tmp_path / "redacted")
    told = replayed(redacted)
    left_out = [one for one in lines(redacted)[1:] if "leftOut" in one]
    assert ([], len(left_out)) == (told["differences"], told["passedOver"]["messages that the trace lacks"])
    assert {None} == {one["request"] for one in left_out}
    assert any("not well-formed" in one["leftOut"]["request"] for one in left_out)
    assert [] == [flag for one in left_out for flag in one["flags"] if flag["raw"] is not None]
    whole = export(terminal, tmp_path / "whole", *KEEP_ALL)
    told = replayed(whole)
    assert ([], told["exchanges"]) == (told["differences"], told["played"])


def test_the_flags_of_a_trace_tell_nothing_that_its_messages_do_not(
    terminal: Terminal, gateway: Gateway, tmp_path: Path
) -> None:
    """Those of reading show the redacted text; of the others, what stood there is left out."""
    with gateway.store.writing() as work:
        work.charge_points.register("CP-2041", "Accepted", AT)
    padded = golden("Authorize", (">04A37B12C9<", "> 04A37B12C9 <"), ("10.31.7.4", ""))
    Client(gateway.application).post("/ocpp", data=padded, environ_base={"REMOTE_ADDR": "10.99.0.1"})
    gateway.store.close()
    (one,) = lines(export(terminal, tmp_path / "t"))[1:]
    flags = {flag["path"]: flag for flag in one["flags"]}
    tag = re.search(r"idTag>( \w+ )<", one["request"])
    assert tag is not None
    assert (tag[1], "padded-value") == (flags["idTag"]["raw"], flags["idTag"]["quirk"])
    assert (None, "from-unusable") == (flags["wsa:From"]["raw"], flags["wsa:From"]["quirk"])
    assert [] == re.findall(r"CP-2041|04A37B12C9|10\.99\.0\.1", json.dumps(one))
