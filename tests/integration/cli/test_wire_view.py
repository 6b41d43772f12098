"""`ocpp-soap journal show`: a message as it was sent beside what it says, with the reason for whatever differs."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.central.inbox import KEPT_OF_STRANGERS
from ocpp_soap.protocol import catalog

from .conftest import AT, Terminal
from .lived import TAG, WIRE, golden

ODD = WIRE / catalog.VERSIONS[0] / "odd"

# Controls of the second kind, and an override of the direction: XML can hold them.
HOSTILE = "\x9b2J\u202e\u2028"


@pytest.fixture
def station(gateway: Gateway) -> Client:
    """Speaks for a registered station; the journal has one row for each of its messages."""
    with gateway.store.writing() as work:
        work.charge_points.register("CP-2041", "Accepted", AT)
    return Client(gateway.application)


def rows_of(terminal: Terminal) -> list[Any]:
    """The journal, oldest first."""
    rows: list[Any] = terminal.json("journal", "list", "--limit", "1000")
    return rows[::-1]


def test_a_message_is_shown_with_all_that_is_known_of_it(terminal: Terminal, station: Client) -> None:
    """Facts, both messages in XML and JSON, and the reason for each tolerance."""
    station.post("/ocpp", data=golden("StartTransaction", (f">{TAG}<", f"> {TAG} <")), content_type="text/xml")
    (row,) = rows_of(terminal)
    lines = terminal.says("journal", "show", str(row["id"])).splitlines()
    assert f"number        {row['id']}" == lines[0]
    for line in ("direction     from the station", "charge point  CP-2041", "outcome       answered"):
        assert line in lines
    parts = [lines.index(part) for part in ("Request startTransactionRequest", "Answer startTransactionResponse")]
    assert f"      <cs:idTag> {TAG} </cs:idTag>" in lines[parts[0] : parts[1]]
    assert f'  "idTag": "{TAG}",' in lines[parts[0] : parts[1]]
    assert '    "status": "Invalid"' in lines[parts[1] :]
    table = "\n".join(lines[lines.index("Tolerances and mappings") :])
    assert re.search(rf"^idTag +{TAG} +surrounding blanks taken away +padded-value$", table, re.MULTILINE)
    assert re.search(r"^Content-Type +text/xml +SOAP .* odd-content-type$", table, re.MULTILINE)
    assert "Not stored" in lines[-1]


def test_a_program_gets_the_same(terminal: Terminal, station: Client) -> None:
    """The row as `list` has it, and under "messages" what each one says."""
    station.post("/ocpp", data=golden("Authorize"))
    (row,) = rows_of(terminal)
    shown = terminal.json("journal", "show", str(row["id"]))
    messages = shown.pop("messages")
    assert row == shown
    request, answer = messages["request"], messages["answer"]
    assert ("authorizeRequest", {"idTag": TAG}, None, None) == tuple(
        request[name] for name in ("element", "payload", "fault", "text")
    )
    assert {"idTagInfo": {"status": "Invalid"}} == answer["payload"]
    assert "    <cs:authorizeRequest>\n      <cs:idTag>" in request["xml"]


def test_a_fault_says_what_was_missing(terminal: Terminal, station: Client) -> None:
    """The fault as JSON, and which field was at fault."""
    station.post("/ocpp", data=golden("Authorize", (f">{TAG}<", "><")))
    (row,) = rows_of(terminal)
    messages = terminal.json("journal", "show", str(row["id"]))["messages"]
    assert ("Sender", "ProtocolError") == (messages["answer"]["fault"]["code"], messages["answer"]["fault"]["subcode"])
    assert ["idTag"] == [problem["path"] for problem in messages["request"]["problems"]]
    assert "What the request lacks\n" in terminal.says("journal", "show", str(row["id"]))


def test_messages_of_older_versions_are_told_in_the_words_of_the_newest(terminal: Terminal, station: Client) -> None:
    """What was called otherwise, or shaped otherwise, is in the table."""
    oldest, older = catalog.VERSIONS[:0:-1]
    for version in (older, oldest):
        station.post("/ocpp", data=(WIRE / version / "cs" / "MeterValues.request.xml").read_bytes())
    for row in rows_of(terminal):
        shown = terminal.json("journal", "show", str(row["id"]))
        assert "sampledValue" in shown["messages"]["request"]["payload"]["meterValue"][0]
        assert "<cs:values>" in shown["messages"]["request"]["xml"]
        assert f"meterValue, as OCPP {catalog.VERSIONS[0]} calls it" in [
            flag["assumed"] for flag in shown["flags"] if flag["path"] == "values"
        ]


def test_commands_are_shown_too(lived: Terminal) -> None:
    """Both directions of every version."""
    rows = [row for row in rows_of(lived) if row["operation"] == "ChangeConfiguration"]
    assert len(catalog.VERSIONS) == len(rows)
    for row in rows:
        shown = lived.json("journal", "show", str(row["id"]))
        assert "AuthorizationKey" == shown["messages"]["request"]["payload"]["key"]
        assert "status" in shown["messages"]["answer"]["payload"]
        assert "direction     to the station\n" in lived.says("journal", "show", str(row["id"]))


def test_every_oddity_can_be_shown(terminal: Terminal, station: Client) -> None:
    """As XML with what it says, or as text with the reason; no tolerance is told twice."""
    for file in sorted(ODD.glob("*.xml")):
        latin = "; charset=iso-8859-1" if "8859" in file.stem else ""
        station.post("/ocpp", data=file.read_bytes(), content_type="application/soap+xml" + latin)
    rows = rows_of(terminal)
    assert len(list(ODD.glob("*.xml"))) == len(rows)
    for row in rows:
        shown = terminal.json("journal", "show", str(row["id"]))
        request = shown["messages"]["request"]
        assert row["flags"] == shown["flags"]
        if row["operation"] is not None:
            assert (True, None) == ("Envelope" in request["xml"], request["unreadable"])
        if row["outcome"] == "answered":
            assert {} != request["payload"] or row["operation"] == "Heartbeat"
        assert (request["xml"] is None) == (request["element"] is None)


LATIN = golden("DataTransfer", ("CableState", "Lööp"), (' encoding="UTF-8"', "")).decode().encode("iso8859-1")


@pytest.mark.parametrize(
    ("body", "type_", "payload", "why"),
    [
        pytest.param(LATIN, "text/xml; charset=iso-8859-1", "Lööp", None, id="named by the content type"),
        pytest.param(LATIN, "text/xml", None, "not valid UTF-8", id="named nowhere"),
        pytest.param(golden("DataTransfer").decode().encode("utf-16"), "text/xml", "CableState", None, id="UTF-16"),
        pytest.param(
            b"<a>" + b"x" * KEPT_OF_STRANGERS, "text/xml", None, f"only its first {KEPT_OF_STRANGERS} bytes", id="cut"
        ),
        pytest.param(b"\x1f\x8b\0\1", "text/xml", None, "its content type is not stored", id="bytes"),
    ],
)
def test_what_can_not_be_known_is_told(
    terminal: Terminal, station: Client, body: bytes, type_: str, payload: str | None, why: str | None
) -> None:
    """An encoding that the content type alone named is taken from the flags; without any, the reason stands there."""
    station.post("/ocpp", data=body, content_type=type_)
    (row,) = rows_of(terminal)
    request = terminal.json("journal", "show", str(row["id"]))["messages"]["request"]
    assert payload == (request["payload"] or {}).get("messageId")
    assert (why or "") in (request["unreadable"] or "")
    assert (why is None) == (request["unreadable"] is None)
    assert ("can't be read: " in terminal.says("journal", "show", str(row["id"]))) == (why is not None)


def test_nothing_of_a_message_steers_the_terminal(terminal: Terminal, station: Client) -> None:
    """Neither of one that is XML nor of one that is none; in JSON neither."""
    hostile = golden("Authorize", (f">{TAG}<", f">{HOSTILE}<"), ("<cs:idTag>", f"<!--{HOSTILE}--><cs:idTag>"))
    station.post("/ocpp", data=hostile)
    station.post("/ocpp", data=b"\x1b]0;owned\x07" + HOSTILE.encode() + b"\r\n\x1b[2J")
    for row in rows_of(terminal):
        for words in ((), ("--json",)):
            text = terminal.says("journal", "show", str(row["id"]), *words)
            assert [] == [char for char in ("\x1b", "\x07", "\x9b", "\r", "\u202e", "\u2028") if char in text]
            assert ("\\u009b2J" if words else "\\x9b2J") + r"\u202e\u2028" in text


def test_a_wide_terminal_shows_both_side_by_side(terminal: Terminal, station: Client) -> None:
    """A narrow one shows one below the other; nothing is left out of either, and nothing steers it."""
    station.post("/ocpp", data=golden("Authorize", (f">{TAG}<", f">{HOSTILE}<")))
    (row,) = rows_of(terminal)
    wide, narrow = (seen(terminal, columns, "journal", "show", str(row["id"])) for columns in (160, 80))
    said = [line for text in (wide, narrow) for line in text.splitlines() if '"idTag": "' in line]
    assert [True, False] == ["<soap:Envelope" in line for line in said]
    for text in (wide, narrow):
        assert (r"\x9b2J\u202e\u2028" in text, "\x9b" in text, "\u202e" in text) == (True, False, False)


def seen(terminal: Terminal, columns: int, *words: str) -> str:
    """What a command prints on a terminal of so many columns."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", **{k: v for k, v in terminal.environment.items() if v}}
    environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "ocpp_soap.cli", *words]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment) as process:
        os.close(its)
        parts = []
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:  # Linux says so at the end
            pass
    os.close(ours)
    assert 0 == process.returncode
    return b"".join(parts).decode()


def test_an_unknown_number_says_what_to_do(terminal: Terminal) -> None:
    """Where the numbers are, and that rows are not kept for ever."""
    reason = terminal.refuses("journal", "show", "4711")
    assert "the journal has no row 4711; `ocpp-soap journal list` shows the numbers" in reason
    assert "kept for 7 days (OCPP_SOAP_JOURNAL_DAYS)" in reason
    assert "kept" not in terminal.refuses("journal", "show", "4711", JOURNAL_DAYS="0")
    assert 2 == terminal.run("journal", "show", "9" * 30).exit_code


def test_the_numbers_are_in_the_list(terminal: Terminal, station: Client) -> None:
    """In the first column."""
    station.post("/ocpp", data=golden("Heartbeat"))
    (row,) = rows_of(terminal)
    head, line = terminal.says("journal", "list").splitlines()
    assert ("number", str(row["id"])) == (head.split()[0], line.split()[0])


def test_the_corpus_can_be_shown(terminal: Terminal, station: Client, shared: Path) -> None:
    """Messages of real stations and peers, all of one row each."""
    files = sorted((shared / "corpus").rglob("*.xml"))
    for file in files:
        station.post("/ocpp", data=file.read_bytes())
    for row in rows_of(terminal)[:: max(1, len(files) // 40)]:
        assert "Tolerances and mappings" in terminal.says("journal", "show", str(row["id"]))
