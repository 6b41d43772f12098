"""What `make bench` measures beside messages, at a small size: it asks for everything and counts right."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ocpp_soap.central.pages import TransactionFilter
from ocpp_soap.store.work import open_store
from tests.bench import commands, crowd, pages, questions, sheets
from tests.bench.seed import Size, seed
from tests.e2e import gateway

MARCH = 1_772_323_200


def test_commands_reach_the_living_among_the_dead() -> None:
    """One in twenty is dead, in each of three ways; all of the living answer, whose figures alone are compared."""
    told: list[int] = []
    timeouts = {"CONNECT_TIMEOUT": "2", "READ_TIMEOUT": "2"}
    line = commands.measure("SQLite", 60, 1, timeouts, lambda: told.append(1))
    assert (57, 3, 2) == (line.living, line.dead, len(told))
    assert ([57], [57]) == ([run.answered for run in line.alone], [run.answered for run in line.among])
    assert all(0 < run.p50 <= run.p95 <= run.p99 <= 1000 * run.last for run in (*line.alone, *line.among))
    assert set(commands.FIGURES) == set(line.ratios())


def test_each_question_is_asked_of_both_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list answers with its filters, from its middle and to a restricted token."""
    monkeypatch.setattr(pages, "ASKED", 1)
    monkeypatch.setattr(gateway, "PROGRAM", None)  # what Python takes to start is nothing to measure here
    by_command = questions._by_command
    monkeypatch.setattr(questions, "_by_command", lambda known: by_command(known)[:1])
    done: list[float] = []
    sizes = (Size(60, 300), Size(120, 600))
    lines = pages.measure("SQLite", sizes, 1, lambda _, share: done.append(share))
    assert pytest.approx(1) == sum(done)
    by_name = {line.name: line for line in lines}
    assert len(lines) == len(by_name)
    assert [questions.LIMIT] * 2 == list(by_name["transactions deep"].rows)
    assert [questions.LIMIT] * 2 == list(by_name["charge-points restricted"].rows)
    assert all([1, 1] == [len(times) for times in line.times] for line in lines)
    assert all(line.ratio > 0 for line in lines)
    (summary,) = pages.summaries(lines, sizes)
    assert len(lines) == sum(int(row[1]) for row in summary.rows[:-1]) == int(summary.rows[-1][1])


def test_the_middle_of_a_list_is_where_half_of_it_is_over(tmp_path: Path) -> None:
    """A deep page begins after half of the rows."""
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    seed(store, Size(60, 300), MARCH, 1, False, lambda _: None)
    middle = questions.known(store, 5).middles["/transactions"]
    with store.reading() as work:
        rows = work.transactions.page(TransactionFilter(), 500, middle).rows
    store.close()
    assert 149 == len(rows)


def test_figures_go_between_their_own_marks(tmp_path: Path) -> None:
    """A file without marks is refused; what stands around them stays, and so do the marks of others."""
    file = tmp_path / "README.md"
    begin, end = sheets.marks("bench-pages")
    file.write_text(f"before\n{begin}\nold\n{end}\nafter\n{sheets.marks('bench')[0]}\n", encoding="utf-8")
    sheets.write(file, "bench-pages", "Words.", [sheets.Sheet("t", "SQLite", ("a", "b"), [("1", "2")])])
    table = "| SQLite: a | b |\n|---|---:|\n| 1 | 2 |\n"
    assert f"before\n{begin}\nWords.\n\n{table}{end}\nafter\n{sheets.marks('bench')[0]}\n" == file.read_text("utf-8")
    with pytest.raises(ValueError, match="bench-commands:begin"):
        sheets.write(file, "bench-commands", "", [])


def test_the_dead_are_dead_in_three_ways() -> None:
    """The first refuses, the second takes a connection and says nothing, the third takes none."""
    with crowd.dead() as addresses:
        places = [(urlsplit(address).hostname, urlsplit(address).port) for address in addresses]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(places[0], 0.2)
        with socket.create_connection(places[1], 0.2) as silent, pytest.raises(TimeoutError):
            silent.recv(1)
        with pytest.raises(TimeoutError):
            socket.create_connection(places[2], 0.2)
