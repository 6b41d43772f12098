"""The audit as operators read it: each command that changes something leaves a row, and those that look leave none."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import click
import pytest

from ocpp_soap.bootstrap import now
from ocpp_soap.central.records import Exchange
from ocpp_soap.cli.main import cli
from ocpp_soap.store.work import SqlStore

from .conftest import Terminal

# Stands for the transactionId that the store gave.
BEGUN = "TRANSACTION"

# Run one after the other, each with the rows (what, subject) that it leaves.
CHANGING: list[tuple[tuple[str, ...], list[tuple[str, str]]]] = [
    (("charge-points", "add", "CP-2", "--callback", "http://127.0.0.1:9/"), [("register", "charge-point CP-2")]),
    (("charge-points", "accept", "S-1"), [("register", "charge-point S-1")]),
    (("charge-points", "reject", "S-1"), [("change", "charge-point S-1")]),
    (("charge-points", "set-callback", "CP-1", "http://10.0.0.7:8080/"), [("set callback", "charge-point CP-1")]),
    (("charge-points", "access", "CP-1", "--make-secret"), [("change", "charge-point CP-1")]),
    (("charge-points", "profile", "CP-1", "--strictness", "strict"), [("change", "charge-point CP-1")]),
    (("charge-points", "probe", "CP-2"), [("submit", "command 1")]),
    (("tags", "add", "04A1"), [("add", "id-tag 04A1")]),
    (("tags", "add", "04A1", "--parent", "G", "--replace"), [("save", "id-tag 04A1")]),
    (("tags", "block", "04A1"), [("save", "id-tag 04A1")]),
    (("tags", "import", "-"), [("import", "id-tag 04A1"), ("import", "id-tag 04A2")]),
    (("tags", "remove", "04A2"), [("remove", "id-tag 04A2")]),
    (("transactions", "close", BEGUN, "--note", "n"), [("close", f"transaction {BEGUN}")]),
    (
        ("transactions", "correct", BEGUN, "--id-tag", "B", "--reason", "r", "--note", "n"),
        [("correct", f"transaction {BEGUN}")],
    ),
    (("transactions", "annotate", BEGUN, "--reason", "r", "--note", "o"), [("annotate", f"transaction {BEGUN}")]),
    (("send", "CP-2", "ClearCache"), [("submit", "command 2")]),
    (("send", "CP-2", "ClearCache", "--no-wait", "--when", "next-contact"), [("submit", "command 3")]),
    (("commands", "cancel", "3"), [("cancel", "command 3")]),
    (("tokens", "create", "dash", "--scope", "read", "--charge-point", "CP-1"), [("create", "token dash")]),
    (("tokens", "revoke", "dash"), [("revoke", "token dash")]),
    (("tags", "export"), [("export", "id-tags")]),
    (("journal", "export"), [("export", "journal")]),
    (("retention", "run"), [("clean", "journal")]),
]
LOOKING = (
    *(("charge-points", word, "CP-1") for word in ("show", "access", "profile")),
    *(("charge-points", word) for word in ("list", "attempts")),
    ("tags", "list"),
    *(("transactions", "show", BEGUN), ("commands", "show", "1"), ("journal", "show", "601")),
    *((group, "list") for group in ("transactions", "reservations", "commands", "journal", "tokens", "audit")),
    *(("check",), ("send", "--describe", "Reset")),
)
# They run the gateway itself, make its tables, or stay away from its store.
OTHERS = {("serve",), ("worker",), ("migrate",), ("journal", "replay"), ("simulate",), ("demo",)}

ME = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


@pytest.fixture
def lived(store: SqlStore, start: Callable[..., int]) -> str:
    """CP-1 has begun the transaction whose number this is, S-1 has spoken, and the journal is long and mostly old."""
    begun = start()
    exchange = Exchange(now() - timedelta(days=60), "in", "CP-1", "Heartbeat", None, None, 0.1, "answered", b"", b"")
    with store.writing() as work:
        work.charge_points.remember_unknown("S-1", "", "Heartbeat", None, None, {}, now())
        for _ in range(600):
            work.journal.add(exchange)
        work.journal.add(Exchange(now(), "in", "CP-1", "Heartbeat", None, None, 0.1, "answered", b"<a/>", b"<b/>"))
    return str(begun)


def names(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    for name, command in group.commands.items():
        yield from names(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]


def test_each_command_that_changes_something_is_in_the_audit(terminal: Terminal, lived: str) -> None:
    """By whom, and on what; a command that is missing here has to be put where it belongs."""
    run = [words for words, _ in CHANGING] + list(LOOKING)
    assert set(names()) == OTHERS | {words[:2] if words[:2] in set(names()) else words[:1] for words in run}
    seen = 0
    for words, expected in CHANGING:
        terminal.run(*(word.replace(BEGUN, lived) for word in words), stdin="idTag,blocked\n04A1,no\n04A2,no\n")
        rows = terminal.json("audit", "list", "--limit", "1000")
        new, seen = rows[: len(rows) - seen], len(rows)
        told = sorted((row["what"], row["subject"].replace(lived, BEGUN)) for row in new)
        assert (words, expected) == (words, told)
        assert {ME} == {row["who"] for row in new}
    for words in LOOKING:
        assert 2 != terminal.run(*(word.replace(BEGUN, lived) for word in words)).exit_code, words
        assert (words, seen) == (words, len(terminal.json("audit", "list", "--limit", "1000")))


def test_the_audit_shows_before_and_after(terminal: Terminal) -> None:
    """As JSON and in a table; filters narrow it."""
    terminal.says("charge-points", "add", "CP-1", "--status", "Pending")
    terminal.says("charge-points", "accept", "CP-1")
    terminal.says("tags", "add", "04A1")
    rows: list[dict[str, Any]] = terminal.json("audit", "list", "--subject", "charge-point CP-1")
    assert [("change", {"status": "Pending"}, {"status": "Accepted"}), ("register", None, {"status": "Pending"})] == [
        (row["what"], row["before"], row["after"]) for row in rows
    ]
    assert rows[:1] == terminal.json("audit", "list", "--subject", "charge-point CP-1", "--limit", "1")
    assert [] == terminal.json("audit", "list", "--who", "token:dash")
    assert [] == terminal.json("audit", "list", "--until", rows[1]["at"])
    assert 3 == len(terminal.json("audit", "list", "--since", rows[1]["at"], "--who", ME))
    assert '{"status": "Pending"}  {"status": "Accepted"}' in terminal.says("audit", "list")
    assert "nobody has changed" in terminal.says("audit", "list", "--who", "x")


def test_a_token_is_printed_once(terminal: Terminal) -> None:
    """Alone on a line, or as JSON; the list has everything but the token."""
    terminal.says("charge-points", "add", "CP-1")
    text = terminal.says("tokens", "create", "dash", "--scope", "operate").strip()
    made = terminal.json("tokens", "create", "old", "--scope", "read", "--expires", "2999-01-01T00:00:00Z")
    assert {"name": "old", "scope": "read", "expires": "2999-01-01T00:00:00Z", "token": made["token"]} == made
    some = terminal.json("tokens", "create", "some", "--scope", "read", "--charge-point", "cp-1")
    assert ["CP-1"] == some["chargePoints"]
    listed = terminal.says("tokens", "list", "--json")
    assert [] == [one for one in (text, made["token"], some["token"]) if one.rpartition("_")[2] in listed]
    assert ["dash", "old", "some"] == [row["name"] for row in terminal.json("tokens", "list")]
    assert "take another name" in terminal.refuses("tokens", "create", "dash", "--scope", "read")
    assert "chargePoints.0: expected a registered" in terminal.refuses(
        "tokens", "create", "new", "--scope", "read", "--charge-point", "CP-9"
    )
    terminal.says("tokens", "revoke", "old")
    assert "revoked already" in terminal.refuses("tokens", "revoke", "old")
    assert "there is no token" in terminal.refuses("tokens", "revoke", "new")
