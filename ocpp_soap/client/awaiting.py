"""Waiting for a charge point: for the state of a connector, a transaction, a boot.

What is so when the call begins counts, so that nothing is missed that happened just before. `since` leaves out what is
older: a time by the gateway's clock, or a command, which stands for the moment when the gateway took it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from . import words
from .commands import Command, Sending
from .errors import GatewayError, NotFound
from .models import Connector, Portrait, Transaction
from .paging import every, rows
from .reading import read, written
from .waiting import story, until

T = TypeVar("T")

Since = datetime | Command[Any] | None

REMOTE_START = "RemoteStartTransaction"


class Awaiting(Sending):
    """A charge point that is waited for; each failure says what was instead, and shows the last messages."""

    def portrait(self) -> Portrait:
        """All that is known of it; raises `NotFound` when it is not registered."""
        reply = self._transport.get(self._path)
        return read(Portrait, reply.object(), etag=reply.headers.get("ETag"))

    def connectors(self) -> tuple[Connector, ...]:
        """The newest state of each connector, by connectorId; 0 is the station itself."""
        return every(self._transport, f"{self._path}/connectors", Connector)

    def wait_for(self, question: Callable[[], T | None], timeout: float = 30.0, *, what: str = "it") -> T:
        """What `question` answers as soon as that is true, asked again and again for `timeout` seconds.

        Else `NotInTime` is raised, and says that `what` did not happen.
        """
        return until(self._transport, question, timeout, lambda: self._failure(timeout, what, ()))

    def wait_for_status(
        self, connectorId: int, *status: words.ChargePointStatus, timeout: float = 30.0, since: Since = None
    ) -> Connector:
        """The connector when its state is one of these, or any where none is named; `since` by the gateway's time."""
        seen: dict[int, Connector] = {}
        begin = _moment(since)

        def look() -> Connector | None:
            seen.update((one.connectorId, one) for one in self._connectors())
            found = seen.get(connectorId)
            fresh = found and (begin is None or (found.received is not None and found.received >= begin))
            return found if found and fresh and (not status or found.status in status) else None

        def fail() -> str:
            what = f"connector {connectorId} to be {' or '.join(status) or 'in any state'}{_after(begin)}"
            return self._failure(timeout, what, seen.values() or ["no connector has told its state"])

        return until(self._transport, look, timeout, fail)

    def wait_for_transaction(
        self,
        *,
        connectorId: int | None = None,
        idTag: str | None = None,
        since: Since = None,
        timeout: float = 30.0,
    ) -> Transaction:
        """The newest transaction that fits: an open one or, with `since`, also one that has ended by now.

        A time in `since` is compared with startTimestamp, or with the time of receipt where the station's clock can't
        be right. A remote start in `since` stands for the transaction that it brought about; where it certainly failed,
        its `NotAnswered` is raised.
        """
        started = {"startedFrom": _moment(since), "open": True if since is None else None}

        def look() -> Transaction | None:
            if isinstance(since, Command) and since.operation == REMOTE_START:
                return self._brought_about(since.refresh(), connectorId, idTag)
            return next(self._transactions(1, connectorId=connectorId, idTag=idTag, **started), None)

        def fail() -> str:
            named = {"on connector": connectorId, "of idTag": idTag}
            told = "".join(f" {word} {value}" for word, value in named.items() if value is not None)
            what = f"{'an open transaction' if since is None else 'a transaction'}{told}{_after(_moment(since))}"
            return self._failure(timeout, what, self._newest_transactions())

        return until(self._transport, look, timeout, fail)

    def wait_for_end(self, transactionId: int, timeout: float = 30.0) -> Transaction:
        """The transaction when it has ended, with its meter values."""
        seen: list[Transaction] = []

        def look() -> Transaction | None:
            seen[:] = [self._transaction(transactionId)]
            return seen[0] if seen[0].stopTimestamp else None

        what = f"the end of transaction {transactionId}"
        return until(self._transport, look, timeout, lambda: self._failure(timeout, what, seen))

    def wait_for_boot(self, *, since: Since = None, timeout: float = 30.0) -> Portrait:
        """All that is known of it once it has booted and is registered; `since` by when the gateway heard of it."""
        begin = _moment(since)
        seen: list[str] = []

        def look() -> Portrait | None:
            found = self._portrait()
            booted = found.lastBoot if found else None
            seen[:] = [f"last boot {booted or 'never'}" if found else f"{self.chargeBoxIdentity} is not registered"]
            return found if booted and (begin is None or booted >= begin) else None

        return until(self._transport, look, timeout, lambda: self._failure(timeout, f"a boot{_after(begin)}", seen))

    def _connectors(self) -> tuple[Connector, ...]:
        try:
            return self.connectors()
        except NotFound:  # it may come yet
            return ()

    def _portrait(self) -> Portrait | None:
        try:
            return self.portrait()
        except NotFound:
            return None

    def _transaction(self, number: int) -> Transaction:
        return read(Transaction, self._transport.get(f"/transactions/{number}").object())

    def _transactions(self, limit: int, **wanted: Any) -> Iterator[Transaction]:
        return rows(self._transport, "/transactions", Transaction, limit, chargePoint=self.chargeBoxIdentity, **wanted)

    def _brought_about(self, start: Command[Any], connectorId: int | None, idTag: str | None) -> Transaction | None:
        if start.state != "uncertain" and start.ended:
            start.check()
        if start.transactionId is None:
            return None
        found = self._transaction(start.transactionId)
        tag = found.idTag or ""
        return found if connectorId in (None, found.connectorId) and (idTag or tag).lower() == tag.lower() else None

    def _newest_transactions(self) -> Iterable[object]:
        try:
            return list(self._transactions(3)) or ["it has no transaction"]
        except GatewayError as error:
            return [f"its transactions can't be read: {error}"]

    def _failure(self, timeout: float, what: str, instead: Iterable[object]) -> str:
        lines = [f"{self.chargeBoxIdentity}: waited {timeout:g} s for {what}", *(f"  {line}" for line in instead)]
        return "\n".join([*lines, story(self._transport, self.chargeBoxIdentity)])


def _moment(since: Since) -> datetime | None:
    moment = since.created if isinstance(since, Command) else since
    written(moment)  # a time without a zone could not be compared
    return moment


def _after(begin: datetime | None) -> str:
    return f" since {begin}" if begin else ""
