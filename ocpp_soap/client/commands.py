"""Commands to stations, one by one and in batches: how they are sent, how they stand, how they ended."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, cast

from . import words
from .errors import NOT_ANSWERED, NotAnswered, Unfinished
from .models import Fault, Json, Model
from .reading import given, query, read
from .transport import Transport, segment
from .waiting import story, until

A = TypeVar("A", covariant=True)

State = Literal["queued", "sending", "answered", "not_transmitted", "uncertain", "expired", "cancelled"]
"""`uncertain`: it was sent and no answer came, so that the station may or may not have executed it."""

When = Literal["now", "next-contact"]


@dataclass(frozen=True, slots=True)
class Options:
    """How a command is sent.

    when: "now", or "next-contact" for a station that can't be reached: right after it next calls.
    deadline: When it expires unsent; by default in 10 minutes, or in 24 hours for the next contact.
    retries: How often it may be sent again after it was not transmitted; for operations that may be done twice.
    may_leave_out: Fields to leave out where the station's version has no words for them, such as chargingProfile.
    idempotency_key: The same key sends once, however often it is given; by default each sending has one of its own.
    """

    when: When = "now"
    deadline: datetime | None = None
    retries: int = 0
    may_leave_out: str | Collection[str] = ()
    idempotency_key: str | None = None

    def headers(self) -> dict[str, str]:
        """The key, a new one where none was given."""
        return {"Idempotency-Key": str(uuid.uuid4()) if self.idempotency_key is None else self.idempotency_key}

    def fields(self) -> Json:
        """The others, in the API's words, where they are not as usual."""
        when = None if self.when == "now" else self.when
        left_out = ([self.may_leave_out] if isinstance(self.may_leave_out, str) else list(self.may_leave_out)) or None
        return {"when": when, "deadline": self.deadline, "retries": self.retries or None, "mayLeaveOut": left_out}


@dataclass(frozen=True, kw_only=True)
class Command(Model, Generic[A]):
    """A command as it stood when it was read; `refresh` and `wait` return it as it stands then.

    `answer` is the station's confirmation. `deadline` and `notBefore` say when it may be sent, `who` sent it, `error`
    why there is no answer, `transactionId` which transaction a remote start or stop brought about.
    """

    commandId: int
    chargeBoxIdentity: str
    operation: str
    request: Json = field(default_factory=dict)
    state: State
    when: When = "now"
    deadline: datetime | None = None
    attempts: int = 0
    notBefore: datetime | None = None
    batchId: int | None = None
    who: str | None = None
    fault: Fault | None = None
    error: str | None = None
    address: str | None = None
    created: datetime
    sent: datetime | None = None
    finished: datetime | None = None
    transactionId: int | None = None
    _transport: Transport = field(repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether it is neither waiting nor on its way; an uncertain one may still be answered."""
        return self.state not in ("queued", "sending")

    @property
    def answered(self) -> bool:
        """Whether the station confirmed it, also by Rejected."""
        return self.state == "answered" and self.fault is None

    @property
    def answer(self) -> A:
        """The station's confirmation; raises the `NotAnswered` that says why there is none."""
        self.check()
        return cast(A, self.raw.get("answer") or {})

    def check(self) -> None:
        """Raises the `NotAnswered` that says why there is no confirmation, if there is none."""
        if not self.answered:
            raise (NOT_ANSWERED.get(self.state, NotAnswered) if self.ended else Unfinished)(self)

    def refresh(self) -> Command[A]:
        """The command as it stands now."""
        return read(Command, self._transport.get(self._path).object(), _transport=self._transport)

    def wait(self, timeout: float = 30.0, *, check: bool = True) -> Command[A]:
        """The command when it has ended; `NotInTime` after `timeout` seconds, which leaves the command as it is.

        Where it ended without a confirmation, a `NotAnswered` is raised (`NotTransmitted`, `Uncertain`, …), or not,
        with `check` false.
        """
        seen = self

        def look() -> Command[A] | None:
            nonlocal seen
            seen = seen if seen.ended else seen.refresh()
            return seen if seen.ended else None

        def fail() -> str:
            return f"within {timeout:g} s: {seen}\n{story(self._transport, self.chargeBoxIdentity)}"

        ended = until(self._transport, look, timeout, fail)
        if check:
            ended.check()
        return ended

    def cancel(self) -> Command[A]:
        """Takes it back while it is queued; `Conflict` when it is not."""
        cancelled = self._transport.call("POST", f"{self._path}/cancel").object()
        return read(Command, cancelled, _transport=self._transport)

    @property
    def _path(self) -> str:
        return f"/commands/{self.commandId}"

    def __str__(self) -> str:
        how = self.state.replace("_", " ")
        if self.answered:
            how = f"answered {self.raw.get('answer')}"
        elif self.state == "uncertain":
            how = "uncertain, so that it may or may not have been executed"
        elif self.fault:
            how = f"answered with a fault, {self.fault}"
        why = f": {self.error}" if self.error else ""
        return f"{self.operation} to {self.chargeBoxIdentity} (command {self.commandId}): {how}{why}"


class Sending:
    """A charge point that is told something."""

    def __init__(self, transport: Transport, chargeBoxIdentity: str) -> None:
        self._transport = transport
        self.chargeBoxIdentity = chargeBoxIdentity
        self._path = f"/charge-points/{segment(chargeBoxIdentity)}"

    def send(
        self, operation: words.Operation, payload: Mapping[str, object], options: Options | None = None, /
    ) -> Command[Any]:
        """Sends an operation by its name, with its request as a dict; the methods of that name are typed."""
        how = options or Options()
        path = f"{self._path}/commands/{segment(operation)}"
        order = {"query": query(**how.fields()), "body": given(**payload), "headers": how.headers()}
        return read(Command, self._transport.call("POST", path, **order).object(), _transport=self._transport)
