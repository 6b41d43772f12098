"""JSON of the web API as models, and how a command says that it has no answer."""

from __future__ import annotations

import pickle
import subprocess
import sys
from copy import deepcopy
from dataclasses import FrozenInstanceError, asdict
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from ocpp_soap.client import (
    BadAnswer,
    Cancelled,
    Command,
    Expired,
    Gateway,
    JournalEntry,
    NoAnswer,
    NotAnswered,
    NotFound,
    NotInTime,
    NotTransmitted,
    Options,
    StationFault,
    Transaction,
    Uncertain,
    Unfinished,
)
from ocpp_soap.client.reading import given, query, read
from tests.conftest import PROJECT

AT = datetime(2024, 1, 31, 12, tzinfo=UTC)
FAULT = {"code": "Receiver", "subcode": "InternalError", "text": "out of paper"}

TRANSACTION = {
    "transactionId": 7,
    "chargeBoxIdentity": "CP1",
    "startTimestamp": "2024-01-31T12:00:00Z",
    "startReceived": "2024-01-31T12:00:01Z",
    "changed": "2024-01-31T12:00:01Z",
    "stopTimestamp": None,
    "flags": [{"path": "timestamp", "raw": "?", "assumed": "now", "quirk": "time-spelling", "line": 3}],
    "meterValue": [{"timestamp": "2024-01-31T13:00:00+01:00", "sampledValue": [{"value": "17"}]}],
    "price": 12,
}

HEAVY = """
import sys
import ocpp_soap.client
print([name for name in sys.modules if name.startswith("ocpp_soap.") and not name.startswith("ocpp_soap.client")])
print([name for name in ("spyne", "zeep", "sqlalchemy", "flask", "lxml", "marshmallow") if name in sys.modules])
"""


def test_the_client_stands_alone() -> None:
    """Importing it brings none of the server's rooms, and none of the libraries that they need."""
    done = subprocess.run([sys.executable, "-c", HEAVY], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "[]\n[]\n" == done.stdout


def test_json_becomes_frozen_models_all_the_way_down() -> None:
    """Times are aware, lists are tuples of models, and what this client does not know is in `raw`."""
    transaction = read(Transaction, TRANSACTION)
    assert (AT, None, None) == (transaction.startTimestamp, transaction.stopTimestamp, transaction.idTag)
    assert ("time-spelling", "?") == (transaction.flags[0].quirk, transaction.flags[0].raw)
    assert (AT, "17") == (transaction.meterValue[0].timestamp, transaction.meterValue[0].sampledValue[0].value)
    assert 12 == transaction.raw["price"]
    assert transaction == read(Transaction, {**TRANSACTION, "price": 13})
    with pytest.raises(FrozenInstanceError):
        transaction.idTag = "X"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ({"chargeBoxIdentity": "CP1"}, "Transaction: the gateway left out transactionId"),
        ({**TRANSACTION, "startTimestamp": "soon"}, "Transaction.startTimestamp: expected a time, found 'soon'"),
        ([], r"expected Transaction as an object, found '\[\]'"),
    ],
)
def test_what_is_no_such_thing_is_told_by_field(found: Any, complaint: str) -> None:
    """An answer that this client can't understand is no reason for a KeyError."""
    with pytest.raises(BadAnswer, match=complaint):
        read(Transaction, found)


def test_what_is_sent_is_json_and_its_times_have_a_zone() -> None:
    """Decimals are numbers, times are UTC, what is None is left out, and a time without a zone is refused."""
    cet = timezone(timedelta(hours=1))
    sent = given(limit=Decimal("16.1"), whole=Decimal(6), at=AT.astimezone(cet), ids=("a",), none=None)
    assert {"limit": 16.1, "whole": 6, "at": "2024-01-31T12:00:00Z", "ids": ["a"]} == sent
    assert {"open": "true", "mayLeaveOut": ["a", "b"]} == query(open=True, mayLeaveOut=("a", "b"), who=None)
    with pytest.raises(ValueError, match="has no zone"):
        given(at=AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="has no zone"):
        Gateway("http://127.0.0.1:9", "ocs_secret").charge_point("CP1").wait_for_boot(since=AT.replace(tzinfo=None))


def command(**fields: Any) -> Command[Any]:
    """A command to reset CP1."""
    known = {"commandId": 7, "chargeBoxIdentity": "CP1", "operation": "Reset", "created": "2024-01-31T12:00:00Z"}
    made: Command[Any] = read(Command, {**known, **fields}, _transport=None)
    return made


def test_the_answer_is_the_confirmation() -> None:
    """Also where the station rejects, and where a confirmation has no field."""
    assert {"status": "Rejected"} == command(state="answered", answer={"status": "Rejected"}).answer
    assert {} == command(state="answered", answer={}).answer


MAYBE = "uncertain, so that it may or may not have been executed: timeout"
RECEIVER = "answered with a fault, Receiver/InternalError: out of paper"


@pytest.mark.parametrize(
    ("kind", "words", "fields"),
    [
        (Unfinished, "queued", {"state": "queued"}),
        (Unfinished, "sending", {"state": "sending"}),
        (NotTransmitted, "not transmitted: refused", {"state": "not_transmitted", "error": "refused"}),
        (Uncertain, MAYBE, {"state": "uncertain", "error": "timeout"}),
        (Expired, "expired", {"state": "expired"}),
        (Cancelled, "cancelled", {"state": "cancelled"}),
        (StationFault, RECEIVER, {"state": "answered", "fault": FAULT}),
        (NotAnswered, "pondering", {"state": "pondering"}),
    ],
)
def test_without_an_answer_there_is_the_reason(kind: type[NotAnswered], words: str, fields: dict[str, Any]) -> None:
    """Asking for it raises the exception of the outcome, which has the command and says it in words."""
    one = command(**fields)
    with pytest.raises(NotAnswered) as raised:
        one.answer  # noqa: B018
    assert (kind, one) == (type(raised.value), raised.value.command)
    assert f"Reset to CP1 (command 7): {words}" == str(raised.value)


def test_a_line_of_the_journal_says_what_matters() -> None:
    """The time, the way, the operation and its words, how it ended, and what was odd; nothing that may be a secret."""
    row = {"id": 1, "at": "2024-01-31T12:00:00.5Z", "direction": "in", "operation": "StatusNotification"}
    told = {**row, "outcome": "answered", "flags": TRANSACTION["flags"]}
    assert "12:00:00.500 ← StatusNotification: answered  [timestamp: now]" == str(read(JournalEntry, told))
    body = "<c:connectorId>1</c:connectorId><c:status\n> Charging </c:status><c:value>s3cret</c:value>"
    told |= {"flags": [], "request": f"<e:status>X</e:status><s:Body>{body}</s:Body>"}
    line = "12:00:00.500 ← StatusNotification (connectorId 1, status Charging): answered"
    assert line == str(read(JournalEntry, told))


def test_commands_and_failures_reach_another_process_and_no_token_does() -> None:
    """They are the same there, to be looked at; asking the gateway again needs a client of that process."""
    gateway = Gateway("http://127.0.0.1:9", "ocs_topsecret")
    row = {"commandId": 7, "chargeBoxIdentity": "CP1", "operation": "Reset", "created": "2024-01-31T12:00:00Z"}
    failed: Command[Any] = read(Command, {**row, "state": "expired"}, _transport=gateway._transport)
    assert failed == deepcopy(failed)
    assert 7 == asdict(failed)["commandId"]
    written = pickle.dumps((gateway, failed))
    assert b"topsecret" not in written
    other, copied = pickle.loads(written)  # noqa: S301 it is our own
    assert (failed, gateway.url) == (copied, other.url)
    with pytest.raises(RuntimeError, match="make a new one"), other:
        copied.refresh()
    for error in (NotFound("GET /x", 404, {"detail": "no"}), NoAnswer("none", sent=True), NotInTime("late")):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (type(error), str(error), vars(error)) == (type(again), str(again), vars(again))
    assert failed == pickle.loads(pickle.dumps(Expired(failed))).command  # noqa: S301


def test_a_key_is_never_made_up_for_one_that_was_given_and_a_name_is_one_name() -> None:
    """An empty key is the gateway's to refuse; a field to leave out may be given alone."""
    assert {"Idempotency-Key": ""} == Options(idempotency_key="").headers()
    for names in ("chargingProfile", ["chargingProfile"]):
        assert ["chargingProfile"] == Options(may_leave_out=names).fields()["mayLeaveOut"]
