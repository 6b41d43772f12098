"""The commands and the store: migrating, what is said when it can't be used, the journal and its cleaning."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ocpp_soap.central.records import Exchange, Flags
from ocpp_soap.store.work import SqlStore

from .conftest import AT, Terminal, terminal_on

READING = [("charge-points", "list"), ("tags", "add", "A"), ("send", "CP-1", "ClearCache"), ("retention", "run")]


def exchange(at: datetime = AT, identity: str = "CP-1") -> Exchange:
    """A row of the journal, with a message that would steer a terminal."""
    flags: Flags = [{"path": "idTag", "raw": " A", "assumed": "A"}]
    request = b"<a>\n\x1b[2J\xff</a>"
    return Exchange(at, "in", identity, "Authorize", "1.6", "10.0.0.7", 0.0123, "answered", request, b"<b/>", flags)


@pytest.mark.parametrize("words", READING, ids=lambda words: words[0])
def test_a_missing_database_is_told_and_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A wrong folder must not look like an empty gateway."""
    file = tmp_path / "missing.db"
    reason = terminal_on(f"sqlite:///{file}").refuses(*words)
    assert (True, False) == ("run `ocpp-soap migrate`" in reason, file.exists())


def test_migrating_makes_the_tables_once(database_url: str) -> None:
    """Then the commands work, on both databases; doing it again changes nothing, and no password is shown."""
    terminal = terminal_on(database_url)
    assert "is up to date\n" in terminal.says("migrate")
    terminal.says("charge-points", "add", "CP-1")
    terminal.says("tags", "import", "-", stdin="idTag\nA\nB\n")
    assert "current" == terminal.json("migrate")["schema"]
    assert ["CP-1"] == [row["chargeBoxIdentity"] for row in terminal.json("charge-points", "list")]
    assert ["A", "B"] == [row["idTag"] for row in terminal.json("tags", "list")]
    assert {"removed": 0, "days": 7} == terminal.json("retention", "run")


def test_an_empty_database_says_what_to_do(postgresql_database: str) -> None:
    """One that is there but has no tables."""
    assert "run `ocpp-soap migrate`" in terminal_on(postgresql_database).refuses("tags", "list")


def test_a_schema_of_the_future_is_refused(terminal: Terminal, store: SqlStore) -> None:
    """Neither used nor touched, where something that we need is gone."""
    with store.writer.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tags RENAME TO labels")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'f00'")
    assert "newer ocpp_soap" in terminal.refuses("tags", "list")
    assert "newer ocpp_soap" in terminal.refuses("migrate")


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:secret@127.0.0.1:1/none", "sqlite:////nowhere/at/all.db", "sqlite://"]
)
def test_a_database_that_can_not_be_reached_is_told_without_its_password(url: str) -> None:
    """In one line, with no traceback."""
    reason = terminal_on(url).refuses("migrate")
    assert (False, 1) == ("secret" in reason, len(reason.splitlines()))


def test_wrong_settings_are_told_all_at_once(terminal: Terminal) -> None:
    """Each with what was expected."""
    reason = terminal.refuses("tags", "list", ENVIROMENT="production", MAX_BODY="lots")
    expected = [
        "OCPP_SOAP_ENVIROMENT is no setting; did you mean OCPP_SOAP_ENVIRONMENT?",
        "OCPP_SOAP_MAX_BODY: expected a whole number from 1024 to 67108864, found 'lots'",
    ]
    assert expected == reason.splitlines()


def test_the_journal_is_listed_newest_first(terminal: Terminal, store: SqlStore) -> None:
    """The messages come as text, whatever bytes they are."""
    with store.writing() as work:
        work.journal.add(exchange())
        work.journal.add(exchange(AT + timedelta(seconds=1), "CP-2"))
    rows = terminal.json("journal", "list")
    assert ["CP-2", "CP-1"] == [row["chargeBoxIdentity"] for row in rows]
    expected = {
        "id": rows[1]["id"],
        "at": "2024-01-31T12:00:00Z",
        "direction": "in",
        "chargeBoxIdentity": "CP-1",
        "operation": "Authorize",
        "version": "1.6",
        "peer": "10.0.0.7",
        "milliseconds": 12.3,
        "outcome": "answered",
        "flags": [{"path": "idTag", "raw": " A", "assumed": "A"}],
        "requestId": None,
        "request": "<a>\n\x1b[2J\\xff</a>",
        "answer": "<b/>",
    }
    assert [expected] == terminal.json("journal", "list", "--charge-point", "CP-1", "--limit", "5")


def test_messages_are_printed_when_asked_for(terminal: Terminal, store: SqlStore) -> None:
    """Line by line, and nothing of them steers the terminal."""
    assert "the journal is empty\n" == terminal.says("journal", "list")
    with store.writing() as work:
        work.journal.add(exchange())
    assert 2 == len(terminal.says("journal", "list").splitlines())
    text = terminal.says("journal", "list", "--messages")
    assert r"<a>" in text.splitlines()
    assert r"\x1b[2J\xff</a>" in text.splitlines()
    assert "\x1b" not in text


def test_old_rows_are_removed(terminal: Terminal, store: SqlStore) -> None:
    """Those older than the setting, or than --days; 0 keeps everything."""
    today = datetime.now(UTC)
    with store.writing() as work:
        for days in (40, 20, 10, 1):
            work.journal.add(exchange(today - timedelta(days=days)))
    assert {"removed": 1, "days": 30} == terminal.json("retention", "run", "--days", "30")
    assert "everything is kept" in terminal.says("retention", "run", JOURNAL_DAYS="0")
    assert "2 journal rows older than 7 days were removed\n" == terminal.says("retention", "run")
    assert 1 == len(terminal.json("journal", "list"))


def test_one_process_cleans_at_a_time(terminal: Terminal, store: SqlStore) -> None:
    """The others leave it to that one."""
    now = datetime.now(UTC)
    with store.writing() as work:
        assert work.jobs.lease("retention", "another", now, now + timedelta(minutes=1))
    assert "another process is at it\n" == terminal.says("retention", "run")
    with store.writing() as work:
        assert not work.jobs.lease("retention", "third", now, now + timedelta(minutes=1))
        work.jobs.release("retention", "third")
        assert work.jobs.lease("retention", "another", now, now + timedelta(minutes=2))
        work.jobs.release("retention", "another")
    assert {"removed": 0, "days": 7} == terminal.json("retention", "run")


def test_a_lease_that_ran_out_is_taken(terminal: Terminal, store: SqlStore) -> None:
    """A process that died must not stop the cleaning for ever."""
    with store.writing() as work:
        assert work.jobs.lease("retention", "dead", AT, AT + timedelta(minutes=1))
    assert {"removed": 0, "days": 7} == terminal.json("retention", "run")


def test_a_pipe_that_closes_early_is_no_error(terminal: Terminal, store: SqlStore) -> None:
    """`ocpp-soap journal list | head -1` ends quietly."""
    with store.writing() as work:
        for _ in range(2000):
            work.journal.add(exchange())
    environment = {**os.environ, **{name: value for name, value in terminal.environment.items() if value}}
    command = [sys.executable, "-m", "ocpp_soap.cli", "journal", "list", "--limit", "2000"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"number ")
        process.stdout.close()
        assert b"" == process.stderr.read()
