"""`ocpp-soap journal replay`: what is otherwise is told, what no trace holds is excused, no broken one is played."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.central.records import Tag
from ocpp_soap.soap.reenactment import UNREADABLE
from ocpp_soap.soap.trace import LONGEST_LINE

from .conftest import AT, Terminal, terminal_on
from .lived import TAG, export, golden, lines, replayed, rewritten


@pytest.mark.parametrize(
    ("change", "what", "there", "here"),
    [
        pytest.param(
            lambda one: one.update(outcome="NotSupported"), "the outcome", "NotSupported", "answered", id="outcome"
        ),
        pytest.param(
            lambda one: one.update(answer=re.sub("status>Accepted", "status>Expired", one["answer"])),
            "idTagInfo.status",
            "Expired",
            "Accepted",
            id="status",
        ),
    ],
)
def test_what_is_otherwise_is_told(
    trace: Path, change: Callable[[Any], None], what: str, there: str, here: str
) -> None:
    """In words, with the line and what it was; exit status 1."""
    objects = lines(trace)
    number = max(n for n, one in enumerate(objects[1:], 1) if one["operation"] == "StopTransaction")
    file = rewritten(trace, lambda objects: change(objects[number]))
    (found,) = replayed(file, exit_code=1)["differences"]
    assert (number + 1, "StopTransaction", what, there, here) == tuple(
        found[name] for name in ("line", "operation", "what", "trace", "here")
    )
    told = terminal_on("sqlite://").run("journal", "replay", file)
    identity = objects[number]["chargeBoxIdentity"]
    expected = f"line {number + 1}, StopTransaction of {identity}: {what} was {there} in the trace, here it is {here}"
    assert (1, expected) == (told.exit_code, told.stdout.splitlines()[0])


def test_a_transaction_that_was_another_before_is_told(trace: Path) -> None:
    """Two starts that the trace gave the same transactionId are two here."""

    def give_the_same(objects: list[Any]) -> None:
        for one in objects[1:]:
            if one["operation"] == "StartTransaction":
                one["answer"] = re.sub(r"transactionId>\d+", "transactionId>1", one["answer"])

    found = replayed(rewritten(trace, give_the_same), exit_code=1)["differences"]
    assert {"transactionId"} == {one["what"] for one in found}


def test_a_trace_that_begins_in_the_middle_is_played_as_far_as_it_goes(trace: Path) -> None:
    """Messages of transactions that it does not know the start of are answered, and counted; none ends another's."""

    def begin_later(objects: list[Any]) -> None:
        for one in starts(objects):
            objects.remove(one)

    told = replayed(rewritten(trace, begin_later))
    (reason,) = (reason for reason in told["passedOver"] if "began before" in reason)
    named = [one for one in lines(trace)[1:] if one["direction"] == "in" and "transactionId>" in one["request"]]
    assert len(named) == told["passedOver"][reason]


def starts(objects: list[Any]) -> list[Any]:
    """The StartTransactions of a trace."""
    return [one for one in objects[1:] if one["operation"] == "StartTransaction"]


def test_what_an_operator_did_meanwhile_is_done_again(terminal: Terminal, gateway: Gateway, tmp_path: Path) -> None:
    """A station waits, is accepted, and is set to strict; a tag is made known, and may start two at a time."""
    client = Client(gateway.application)
    messages: list[bytes | Callable[[], object]] = [
        golden("BootNotification"),
        golden("Heartbeat"),
        lambda: terminal.says("charge-points", "accept", "CP-2041"),
        golden("BootNotification"),
        golden("Authorize"),
        lambda: terminal.says("tags", "add", TAG, "--max-transactions", "2"),
        *(golden("StartTransaction", ("connectorId>1<", f"connectorId>{n}<")) for n in (1, 2, 3)),
        golden("Heartbeat", ("<wsa:To", "<wsa:Other"), ("</wsa:To", "</wsa:Other")),
        lambda: strict(gateway),
        golden("Heartbeat", ("<wsa:To", "<wsa:Other"), ("</wsa:To", "</wsa:Other")),
    ]
    for message in messages:
        if isinstance(message, bytes):
            client.post("/ocpp", data=message)
        else:
            message()
    gateway.store.close()
    rows = terminal.json("journal", "list")[::-1]
    assert ["answered", "SecurityError"] + ["answered"] * 6 + ["MustUnderstand"] == [row["outcome"] for row in rows]
    told = replayed(export(terminal, tmp_path / "t", "--keep", "identity", "--keep", "tags"))
    acts = [
        "line 4: CP-2041 was accepted",
        f"line 6: the idTag {TAG} was allowed",
        "line 10: CP-2041 was set to strict",
    ]
    assert ([], [f"before {act}" for act in acts]) == (told["differences"], told["operator"])


def strict(gateway: Gateway) -> None:
    """Sets the golden station to strict."""
    with gateway.store.writing() as work:
        station = work.charge_points.find("CP-2041")
        assert station is not None
        work.charge_points.change(station.id, profile={"strictness": "strict"})


def test_what_a_trace_does_not_hold_is_no_difference(terminal: Terminal, gateway: Gateway, tmp_path: Path) -> None:
    """Proofs of identity, transactions from before, data that was redacted: passed over, and said so."""
    client = Client(gateway.application)
    with gateway.store.writing() as work:
        station = work.charge_points.register("CP-2041", "Accepted", AT)
        work.tags.save(Tag(TAG, False, None, None, None))
    client.post("/ocpp", data=golden("StartTransaction"))
    with gateway.store.writing() as work:
        work.journal.remove_before(AT + timedelta(days=36500), 10)
    client.post("/ocpp", data=golden("StartTransaction", ("connectorId>1<", "connectorId>2<")))
    client.post("/ocpp/ANOTHER", data=golden("Heartbeat"))
    with gateway.store.writing() as work:
        work.charge_points.change(station.id, access={"networks": ["10.0.0.0/8"]})
    client.post("/ocpp", data=golden("Heartbeat"), environ_base={"REMOTE_ADDR": "192.0.2.1"})
    gateway.store.close()
    assert ["SecurityError", "IdentityMismatch", "answered"] == [
        row["outcome"] for row in terminal.json("journal", "list")
    ]
    told = replayed(export(terminal, tmp_path / "t"))
    assert ([], [1, 2]) == (told["differences"], sorted(told["passedOver"].values()))
    assert {"ConcurrentTx", "refused"} == {
        word for reason in told["passedOver"] for word in ("ConcurrentTx", "refused") if word in reason
    }


def test_an_answer_that_can_not_be_read_is_not_taken_for_an_equal_one(trace: Path) -> None:
    """Nor is one that the trace lacks: both are counted as not compared."""

    def spoil(objects: list[Any]) -> None:
        first, second = [one for one in objects[1:] if one["operation"] == "StatusNotification"][:2]
        first["answer"], second["answer"] = first["answer"][:-20], None

    told = replayed(rewritten(trace, spoil))
    assert ([], 2) == (told["differences"], told["passedOver"][UNREADABLE])


GOOD: dict[str, Any] = {
    "at": "2024-01-31T12:00:00Z",
    "direction": "in",
    "chargeBoxIdentity": None,
    "operation": None,
    "version": None,
    "peer": None,
    "milliseconds": 1.5,
    "outcome": "ProtocolError",
    "request": "",
    "answer": None,
    "flags": [],
}
HEAD = json.dumps({"format": "ocpp-soap-trace", "formatVersion": 1, "redacted": []})


def broken(**fields: Any) -> str:
    """A trace whose third line has these fields; one that is ... is missing."""
    wrong = {name: value for name, value in (GOOD | fields).items() if value is not ...}
    return "\n".join([HEAD, json.dumps(GOOD), json.dumps(wrong)])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "the file is empty: expected what `ocpp-soap journal export` writes", id="empty"),
        pytest.param("a,b\n1,2\n", "line 1: not JSON", id="a table"),
        pytest.param('{"format": "pcap"}', 'line 1: expected {"format": "ocpp-soap-trace", …}', id="another format"),
        pytest.param(HEAD.replace("1", "2"), "line 1: a trace of formatVersion 2; this ocpp-soap reads 1", id="newer"),
        pytest.param(HEAD.replace("[]", "1"), "line 1: redacted: expected a list of texts", id="head"),
        pytest.param(HEAD + "\n[1]\n", "line 2: expected a JSON object", id="a list"),
        pytest.param(HEAD + "\n{\n", "line 2: not JSON", id="half an object"),
        pytest.param(HEAD + "\n" + "[" * 100_000, "line 2: not JSON", id="deep"),
        pytest.param(HEAD + "\n" + "x" * (LONGEST_LINE + 1), f"line 2: longer than {LONGEST_LINE} bytes", id="huge"),
        pytest.param(broken(outcome=...), "line 3: outcome is missing", id="missing"),
        pytest.param(broken(direction="up"), "line 3: direction: expected in or out", id="direction"),
        pytest.param(broken(at="yesterday"), "line 3: at: expected a time such as 2024-01-31T12:00:00Z", id="time"),
        pytest.param(broken(at="2024-01-31T12:00:00"), "line 3: at: expected a time", id="no zone"),
        pytest.param(broken(request={"base64": "?"}), "line 3: request: not base64", id="base64"),
        pytest.param(broken(answer="\ud800"), "line 3: answer: expected text", id="half a character"),
        pytest.param(broken(chargeBoxIdentity="\udc80"), "line 3: chargeBoxIdentity: expected text or null", id="name"),
        pytest.param(broken(flags=[{}]), "line 3: flags: expected a list", id="flags"),
        pytest.param(broken(milliseconds="fast"), "line 3: milliseconds: expected a number", id="number"),
    ],
)
def test_a_broken_trace_is_refused_with_the_line(text: str, reason: str) -> None:
    """Whatever is wrong with it."""
    told = terminal_on("sqlite://").run("journal", "replay", "-", stdin=text.encode("utf-8", "surrogatepass"))
    assert (1, True) == (told.exit_code, told.stderr.startswith(f"Error: {reason}")), told.stderr


def test_a_trace_may_come_from_anywhere(trace: Path) -> None:
    """From stdin, and with hostile words in it, which do not steer the terminal."""

    def hostile(objects: list[Any]) -> None:
        objects[2]["outcome"] = "\x1b[2J\u202e"

    text = Path(rewritten(trace, hostile)).read_bytes()
    told = terminal_on("sqlite://").run("journal", "replay", "-", stdin=text)
    assert (1, True) == (told.exit_code, r"was \x1b[2J\u202e in the trace" in told.stdout)
    assert "\x1b" not in told.stdout


def test_a_difference_names_no_more_than_it_knows(tmp_path: Path) -> None:
    """A message of nobody."""
    file = tmp_path / "t"
    file.write_text(broken(outcome="answered"))
    told = terminal_on("sqlite://").run("journal", "replay", str(file))
    expected = "line 3, a message of nobody: the outcome was answered in the trace, here it is ProtocolError"
    assert [expected, "2 exchanges, 2 played: 1 difference"] == told.stdout.splitlines()
