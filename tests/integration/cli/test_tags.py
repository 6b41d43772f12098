"""`ocpp-soap tags`: adding, blocking, importing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ocpp_soap.store.work import SqlStore

from .conftest import AT, Terminal


def test_a_tag_is_added_with_all_of_its_limits(terminal: Terminal) -> None:
    """The list shows what a station would be told now."""
    words = ("--expires", "2999-01-01T00:00:00+02:00", "--parent", "FLEET", "--max-transactions", "2")
    assert "04A1 may charge\n" == terminal.says("tags", "add", "04A1", *words)
    expected = {
        "idTag": "04A1",
        "status": "Accepted",
        "expires": "2998-12-31T22:00:00Z",
        "parentIdTag": "FLEET",
        "maxTransactions": 2,
        "blocked": False,
    }
    assert [expected] == terminal.json("tags", "list")
    assert "04A1   Accepted  2998-12-31T22:00:00Z  FLEET        2" in terminal.says("tags", "list").splitlines()[1]


def test_the_state_of_a_parent_binds_its_children(terminal: Terminal) -> None:
    """Blocked and expired parents show in the list."""
    terminal.says("tags", "add", "A", "--parent", "OLD")
    terminal.says("tags", "add", "B", "--parent", "BAD")
    terminal.says("tags", "add", "OLD", "--expires", "2020-01-01T00:00:00Z")
    terminal.says("tags", "block", "bad")
    states = {row["idTag"]: row["status"] for row in terminal.json("tags", "list")}
    assert {"A": "Expired", "B": "Blocked", "OLD": "Expired", "bad": "Blocked"} == states


def test_a_known_tag_is_changed_only_when_asked(terminal: Terminal) -> None:
    """Adding must not unblock by accident."""
    terminal.says("tags", "add", "04A1")
    terminal.says("tags", "block", "04A1")
    assert "04A1 is known and blocked already; --replace changes it" in terminal.refuses("tags", "add", "04a1")
    assert terminal.json("tags", "list")[0]["blocked"]
    assert not terminal.json("tags", "add", "04a1", "--replace")["blocked"]


def test_blocking_and_its_undoing(terminal: Terminal) -> None:
    """An unknown tag can be blocked, since it might be accepted otherwise; only a known one can be unblocked."""
    assert "STOLEN is blocked; nobody knew it before\n" == terminal.says("tags", "block", "STOLEN")
    assert "STOLEN is no longer blocked\n" == terminal.says("tags", "block", "stolen", "--undo")
    assert "NOBODY is not known" in terminal.refuses("tags", "block", "NOBODY", "--undo")


@pytest.mark.parametrize(
    "words",
    [("add", ""), ("add", "A" * 256), ("add", "A\tB"), ("add", "A", "--parent", "P" * 21), ("block", "\x07")],
)
def test_what_no_station_can_send_is_refused(terminal: Terminal, words: tuple[str, ...]) -> None:
    """Empty, too long, or with controls."""
    assert "a tag of 1 to 2" in terminal.refuses("tags", *words)


def test_blanks_around_a_tag_are_none_of_it(terminal: Terminal) -> None:
    """And one that is longer than the standard allows may be added, since stations send such."""
    long = "04:A1:B2:C3:D4:E5:F6:07"
    assert f"{long} may charge\n" == terminal.says("tags", "add", f" {long}\n")


def test_a_tag_is_not_its_own_parent(terminal: Terminal) -> None:
    """Whatever its case."""
    assert "its own parent" in terminal.refuses("tags", "add", "A", "--parent", "a")


@pytest.mark.parametrize("words", [("--expires", "tomorrow"), ("--max-transactions", "0"), ("--max-transactions", "x")])
def test_bad_options_are_usage_errors(terminal: Terminal, words: tuple[str, ...]) -> None:
    """Exit status 2, and nothing is stored."""
    assert 2 == terminal.run("tags", "add", "A", *words).exit_code
    assert [] == terminal.json("tags", "list")


def test_unknown_tags_that_were_presented_are_listed(terminal: Terminal, store: SqlStore) -> None:
    """Which, where, how often."""
    with store.writing() as work:
        point = work.charge_points.register("CP-1", "Accepted", AT)
        work.tags.remember_unknown("GHOST", point.id, AT)
    expected: dict[str, Any] = {"idTag": "GHOST", "chargeBoxIdentity": "CP-1", "count": 1}
    expected |= {"firstSeen": "2024-01-31T12:00:00Z", "lastSeen": "2024-01-31T12:00:00Z"}
    assert [expected] == terminal.json("tags", "list", "--unknown")
    assert "GHOST" in terminal.says("tags", "list", "--unknown")


def test_a_file_adds_and_changes(terminal: Terminal, tmp_path: Path) -> None:
    """What the file has no column for, or an empty cell, stays: a blocked tag stays blocked, its spelling too."""
    terminal.says("tags", "add", "04A1", "--max-transactions", "5")
    terminal.says("tags", "block", "04A1")
    file = tmp_path / "cards.csv"
    file.write_text("idTag,expires,blocked\n04a1,2030-01-01T00:00:00Z,\n04B2,,\n", encoding="utf-8")
    change = {"expires": "2030-01-01T00:00:00Z", "parentIdTag": None, "maxTransactions": 5, "blocked": True}
    dry = terminal.json("tags", "import", str(file), "--dry-run")
    assert (1, 1, 0) == (dry["added"], dry["changed"], dry["unchanged"])
    first = {"line": 2, "idTag": "04A1", "before": {**change, "expires": None}, "after": change}
    assert [first, 3] == [dry["changes"][0], dry["changes"][1]["line"]]
    assert "1 tags would be added, 1 would be changed" in terminal.says("tags", "import", str(file), "--dry-run")
    assert ["04A1"] == [row["idTag"] for row in terminal.json("tags", "list")]
    done = {"added": 1, "changed": 1, "unchanged": 0, "notes": [], "changes": []}
    assert done == terminal.json("tags", "import", str(file))
    assert {**done, "added": 0, "changed": 0, "unchanged": 2} == terminal.json("tags", "import", str(file))
    rows = [(r["idTag"], r["blocked"], r["maxTransactions"], r["expires"]) for r in terminal.json("tags", "list")]
    assert [("04A1", True, 5, "2030-01-01T00:00:00Z"), ("04B2", False, None, None)] == rows


def test_a_file_may_come_by_stdin(terminal: Terminal) -> None:
    """With - as its name."""
    assert "2 tags added, 0 changed, 0 unchanged\n" == terminal.says("tags", "import", "-", stdin="idTag\nA\nB\n")


def test_a_file_in_another_encoding_needs_its_name(terminal: Terminal) -> None:
    """Nobody at a terminal can be asked: the error shows how the line would be read, and names the option."""
    data = "idTag;Fahrer\n04A1;M\u00fcller\n".encode("cp1252")
    reason = terminal.refuses("tags", "import", "-", stdin=data)
    assert "A1;M\u00fcller" in reason
    assert "add --encoding cp1252" in reason
    assert (
        "Note: ignored columns: Fahrer"
        in terminal.run("tags", "import", "-", "--encoding", "cp1252", stdin=data).stderr
    )
    assert ["04A1"] == [row["idTag"] for row in terminal.json("tags", "list")]


def test_an_export_is_no_formula_and_comes_back(terminal: Terminal) -> None:
    """A spreadsheet computes nothing of it, and an import of it changes nothing."""
    terminal.says("tags", "add", "=1+1", "--parent", "@FLEET")
    text = terminal.says("tags", "export")
    assert "'=1+1,,'@FLEET,,false" == text.splitlines()[1]
    assert "0 tags added, 0 changed, 1 unchanged\n" == terminal.says("tags", "import", "-", stdin=text)


def test_a_wrong_line_keeps_the_whole_file_out(terminal: Terminal) -> None:
    """All or nothing, and each line is told."""
    reason = terminal.refuses("tags", "import", "-", stdin=b"idTag,blocked\nA,no\nB,perhaps\nC\n")
    expected = [
        "nothing was imported",
        "line 3: blocked: expected true or false, found 'perhaps'",
        "line 4: expected 2 columns, found 1",
    ]
    assert expected == reason.splitlines()
    assert [] == terminal.json("tags", "list")


def test_a_file_that_is_not_there_is_a_usage_error(terminal: Terminal) -> None:
    """Exit status 2."""
    assert 2 == terminal.run("tags", "import", "/nowhere/cards.csv").exit_code
