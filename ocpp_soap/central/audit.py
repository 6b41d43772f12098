"""The audit: each change that a person or program decides leaves a row in its own transaction, or is not made.

`Audited` is the store with its changing methods watched: CHANGES says of each what it is called and what it changes;
READS and ASIDE may be called as they are, and whatever stands in no table raises. What stations bring about goes
another way and costs nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from ..logs import request_id
from .again import transact
from .confidential import HIDDEN
from .ledger import AuditEntry
from .ports import Clock, Store, Work
from .records import Json
from .subjects import Look, batch, charge_point, command, journal, tag, tags, token, transaction

READS = frozenset(
    {
        "answer_of_stop",
        "between",
        "by_start",
        "callback_history",
        "configuration",
        "connectors",
        "data",
        "extent",
        "file_notices",
        "find",
        "find_by_key",
        "find_unknown",
        "get",
        "lately",
        "last_energy",
        "latest_on",
        "list",
        "open_for_tag",
        "open_on",
        "orphan_stops",
        "page",
        "page_local_lists",
        "page_profiles",
        "page_reservations",
        "page_unknown",
        "profiles",
        "reachability",
        "reservations",
        "revisions",
        "samples",
        "some",
        "unknown",
    }
)
"""Methods of any repository that change nothing."""

ASIDE = frozenset({("keys", "take"), ("keys", "settle"), ("jobs", "lease"), ("jobs", "release"), ("queue", "lease")})
"""They belong to a change that is told: a command's key and its turn at the station, the lease of a job."""


@dataclass(frozen=True, slots=True)
class Act:
    """A changing method: what it is called in the audit, and the state of what it changes.

    `once`: called again and again for one act, which one row tells.
    """

    what: str
    look: Look
    once: bool = False


CHANGES: Mapping[tuple[str, str], Act] = {
    ("charge_points", "register"): Act("register", charge_point),
    ("charge_points", "add"): Act("register", charge_point),
    ("charge_points", "change"): Act("change", charge_point),
    ("charge_points", "set_callback"): Act("set callback", charge_point),
    ("transactions", "close"): Act("close", transaction),
    ("transactions", "correct"): Act("correct", transaction),
    ("transactions", "revise"): Act("annotate", transaction),
    ("tags", "add"): Act("add", tag),
    ("tags", "save"): Act("save", tag),
    ("tags", "save_all"): Act("import", tags),
    ("tags", "remove"): Act("remove", tag),
    ("commands", "add"): Act("submit", command),
    ("commands", "cancel"): Act("cancel", command),
    ("batches", "add"): Act("submit", batch),
    ("batches", "cancel"): Act("cancel", batch),
    ("tokens", "add"): Act("create", token),
    ("tokens", "revoke"): Act("revoke", token),
    ("journal", "remove_before"): Act("clean", journal, once=True),
}


@dataclass(slots=True)
class _Change:
    """What one transaction has done to a subject."""

    what: str
    before: Json | None
    after: Json | None


@dataclass(frozen=True, slots=True)
class Audited:
    """The store of somebody who changes something: `who` is `cli:<user>` or `token:<name>`."""

    store: Store
    who: str
    clock: Clock
    _done: set[str] = field(default_factory=set, repr=False)

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """A transaction that ends with a row for each subject that was changed in it."""
        with self.store.writing() as work:
            books = _Books(work, self._done)
            yield cast(Work, books)
            entries = [
                AuditEntry(
                    *(self.clock(), self.who, told.what, subject),
                    *difference(told.before, told.after),
                    request_id=request_id.get(),
                )
                for subject, told in books.told.items()
                if told.before != told.after
            ]
            if entries:
                work.audit.add(entries)
        self._done.update(books.once)

    def reading(self) -> AbstractContextManager[Work]:
        """A transaction that only reads."""
        return self.store.reading()


def tell_export(store: Store, who: str, clock: Clock, subject: str) -> None:
    """Enters that somebody takes all of something away: a row for each export, which changes nothing."""
    entry = AuditEntry(clock(), who, "export", subject, None, None, request_id=request_id.get())
    transact(store, lambda work: work.audit.add([entry]))


class _Books:
    """A unit of work whose repositories are watched."""

    def __init__(self, work: Work, done: set[str]) -> None:
        self.work, self.told, self.once = work, dict[str, _Change](), set[str]()
        self._done = done

    def __getattr__(self, name: str) -> _Watched:
        return _Watched(self, name, getattr(self.work, name))

    def carry_out(self, act: Act, method: Callable[..., Any], *given: Any, **named: Any) -> Any:
        arguments = inspect.signature(method).bind(*given, **named).arguments
        before = act.look(self.work, arguments, None)
        result = method(*given, **named)
        after = act.look(self.work, arguments, result)
        for subject in {**before, **after}:
            if subject in self._done:
                continue
            if act.once:
                self.once.add(subject)
            told = self.told.setdefault(subject, _Change(act.what, before.get(subject), None))
            told.after = after.get(subject)
        return result


class _Watched:
    """A repository of which only what a table names can be called."""

    def __init__(self, books: _Books, name: str, repository: object) -> None:
        self._books, self._name, self._repository = books, name, repository

    def __getattr__(self, method: str) -> Any:
        called = getattr(self._repository, method)
        if method in READS or (self._name, method) in ASIDE:
            return called
        act = CHANGES.get((self._name, method))
        if act is None:
            raise LookupError(f"no table of the audit has {self._name}.{method}: it says what a change changes")
        return partial(self._books.carry_out, act, called)


SECRETS = frozenset(("secret", "password"))


def difference(before: Json | None, after: Json | None) -> tuple[Json | None, Json | None]:
    """The fields in which two states differ, or all that are set of what came or went; secrets are not shown."""
    if before is None or after is None:
        return _set(before), _set(after)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return _told(before, names), _told(after, names)


def _set(state: Json | None) -> Json | None:
    return state and _told(state, [name for name, value in state.items() if value not in (None, [], {})])


def _told(state: Json, names: Iterable[str]) -> Json:
    values = {name: state.get(name) for name in names}
    return {name: HIDDEN if name in SECRETS and value is not None else value for name, value in values.items()}
