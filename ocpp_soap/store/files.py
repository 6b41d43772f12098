"""SQLite's file: only its owner reads it, and a connection to one that was deleted or replaced is never used again."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from ..errors import StoreError

OWNER_ONLY = 0o600

# A file's device and inode.
Identity = tuple[int, int]


def watch(engine: Engine) -> None:
    """Opens the file with care, and looks at each use whether its name still means the file that was opened."""
    if (name := engine.url.database or "").startswith("file:"):
        return
    place = Place(Path(name).absolute())
    event.listen(engine, "do_connect", place.prepare)
    event.listen(engine, "connect", place.note)
    event.listen(engine, "checkout", place.compare)
    event.listen(engine, "checkin", place.remember_journal)


class Place:
    """Where the database's file is, and what was there when it was last used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal = Path(f"{path}-wal")
        self._file: Identity | None = None
        self._file_journal: Identity | None = None
        # Held open, so that no other file is given its inode.
        self._release: Callable[[], object] = lambda: None

    def prepare(self, *_: Any) -> None:
        """Before a connection: makes the file at the first one, and mixes no other file with this one's journal."""
        found = identity(self.path)
        if found is None and self._file is not None:
            raise self._missing()
        if found is None:
            _create(self.path)
        elif self._file not in (None, found) and self._file_journal == identity(self._journal) is not None:
            name = self.path.name
            raise StoreError(f"{name} was replaced beside its former journal: delete {name}-wal and {name}-shm")

    def note(self, _connection: sqlite3.Connection, record: Any) -> None:
        """After a connection: which file it has open, which others may not read."""
        self._file = record.info["file"] = identity(self.path)
        self.remember_journal(None, record)
        _close_to_others(self.path)

    def compare(self, _connection: sqlite3.Connection, record: Any, _proxy: object) -> None:
        """Before a transaction: raises for a file that is gone, and opens a new one in place of one replaced."""
        found = identity(self.path)
        if found is None:
            raise self._missing()
        if found != record.info["file"]:
            raise DisconnectionError("the database's file was replaced")

    def remember_journal(self, _connection: object, record: Any) -> None:
        """After a transaction: the journal's identity, for as long as the file is the one it belongs to."""
        if self._file == record.info.get("file") == identity(self.path) and self._file_journal != identity(
            self._journal
        ):
            self._release()
            self._file_journal = None
            with suppress(OSError):
                held = os.open(self._journal, os.O_RDONLY | os.O_CLOEXEC)
                self._release = weakref.finalize(self, os.close, held)
                found = os.fstat(held)
                self._file_journal = found.st_dev, found.st_ino

    def _missing(self) -> StoreError:
        name = self.path.name
        return StoreError(f"the database's file {name} is gone: delete {name}-wal and {name}-shm, and restore {name}")


def identity(path: Path) -> Identity | None:
    """What tells one file from another of the same name; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _create(path: Path) -> None:
    """An empty file of the right mode, which SQLite also gives to its journals; a failure is SQLite's to say."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))


def _close_to_others(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            os.chmod(f"{path}{suffix}", OWNER_ONLY)
