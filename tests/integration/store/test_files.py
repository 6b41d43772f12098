"""SQLite's file on the disk: who may read it, and what happens when it is deleted or replaced."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ocpp_soap.central.records import Tag
from ocpp_soap.errors import StoreError
from ocpp_soap.store.schema import check_schema, upgrade
from ocpp_soap.store.work import SqlStore, open_store


def _add(store: SqlStore, id_tag: str) -> None:
    with store.writing() as work:
        work.tags.save(Tag(id_tag, False, None, None, None))


def test_only_its_owner_reads_the_database(tmp_path: Path) -> None:
    """The file and its journals are made 0600, also one that was readable before."""
    file = tmp_path / "new.db"
    file.touch(0o644)
    store = open_store(f"sqlite:///{file}")
    try:
        upgrade(store)
        with store.writing():
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        store.close()
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


def test_nothing_is_written_to_a_file_that_is_gone(tmp_path: Path) -> None:
    """Reading and writing are refused while the file is away, none is made in its place; all works when it is back."""
    file, copy = tmp_path / "gone.db", tmp_path / "copy"
    upgrade(f"sqlite:///{file}")
    shutil.copy(file, copy)
    store = open_store(f"sqlite:///{file}")
    try:
        with store.writing(), store.reading():
            pass
        file.unlink()
        with pytest.raises(StoreError, match=r"gone\.db is gone"), store.writing():
            pass
        with pytest.raises(StoreError, match=r"gone\.db is gone"):
            check_schema(store)
        assert not file.exists()
        for journal in tmp_path.glob("gone.db-*"):
            journal.unlink()
        shutil.copy(copy, file)
        check_schema(store)
        with store.writing():
            pass
    finally:
        store.close()


def test_a_replaced_file_is_opened_anew(tmp_path: Path) -> None:
    """Nothing goes to the file that was there before; the former's journal is mixed with no other file."""
    file, copy = tmp_path / "new.db", tmp_path / "copy"
    upgrade(f"sqlite:///{file}")
    shutil.copy(file, copy)
    store = open_store(f"sqlite:///{file}")
    try:
        _add(store, "BEFORE")
        copy.replace(file)
        with pytest.raises(StoreError, match=r"delete new\.db-wal"):
            _add(store, "BETWEEN")
        for journal in tmp_path.glob("new.db-*"):
            journal.unlink()
        _add(store, "AFTER")
        with store.reading() as work:
            assert ["AFTER"] == [tag.id_tag for tag in work.tags.list()]
    finally:
        store.close()
