"""The exception tree of the client; each class carries the one decision that its catcher has to make.

GatewayError
├── NoAnswer                  no whole answer came; `sent` false: nothing reached the gateway, safe to do again
├── BadAnswer                 what answered is no gateway, or a newer one than this client: look at the URL
├── Problem                   the gateway refused: `status`, `title`, `detail`, `errors` with a pointer each
│   ├── NotAuthenticated      401: no token, or one that is wrong, expired or revoked
│   ├── NotAllowed            403: the token's scope, or its charge points, do not reach so far
│   ├── NotFound              404: there is no such thing, or this token may not see it
│   ├── Conflict              409: its state does not allow it, or it is there already
│   ├── Changed               412: somebody changed it since it was read; `current` is what it is now
│   ├── Invalid               400, 413, 415, 422, …: what was sent is wrong; `errors` says where
│   └── Unavailable           429 or 5xx: not now; `retry_after` in seconds, when it said so
├── NotAnswered               there is no answer to a command: `command` is how it stands
│   ├── Unfinished            it waits, or is being sent: wait for it
│   ├── StationFault          the station answered with a SOAP fault
│   ├── NotTransmitted        nothing reached the station: safe to send again
│   ├── Uncertain             sent, no answer: it may or may not have been executed
│   ├── Expired               its deadline passed before it could be sent
│   └── Cancelled             somebody cancelled it before it was sent
└── NotInTime                 what was waited for did not happen; also a TimeoutError
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .commands import Command


class GatewayError(Exception):
    """Everything that this client raises on purpose, but for ValueError where an argument can't be right."""

    def __reduce__(self) -> tuple[Any, ...]:
        # As it is, whatever its __init__ takes: a pool of processes hangs on an exception that it can't read.
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[GatewayError], args: tuple[Any, ...]) -> GatewayError:
    return kind.__new__(kind, *args)


class NoAnswer(GatewayError):
    """No whole answer came from the gateway: it can't be reached, or took too long."""

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.sent = sent


class BadAnswer(GatewayError):
    """What answered does not answer as a gateway does."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with what was sent: where (`#/chargingProfile/stackLevel`, or `?limit`), and what."""

    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.detail}" if self.pointer else self.detail


class Problem(GatewayError):
    """The gateway refused a request, as problem+json (RFC 9457); `raw` is the whole of it.

    `repeated`: an earlier attempt failed, and may have had its effect.
    """

    def __init__(
        self,
        request: str,
        status: int,
        raw: Mapping[str, Any],
        retry_after: float | None = None,
        repeated: bool = False,
    ) -> None:
        self.request = request
        self.status = status
        self.raw = raw
        self.type = str(raw.get("type") or "about:blank")
        self.title = str(raw.get("title") or "")
        self.detail = str(raw.get("detail") or "")
        self.errors: Sequence[FieldError] = _errors(raw.get("errors"))
        self.retry_after = retry_after
        self.repeated = repeated
        words = self.detail or self.title or "no reason was given"
        told = "".join(f"\n  {error}" for error in self.errors if error.detail not in words)
        earlier = " (an earlier attempt failed, and may have done it)" if repeated else ""
        super().__init__(f"{request}: {status} {words}{earlier}{told}")


def _errors(found: Any) -> tuple[FieldError, ...]:
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    return tuple(FieldError(str(row.get("pointer") or ""), str(row.get("detail") or "")) for row in rows)


class NotAuthenticated(Problem):
    """The token is missing, wrong, expired or revoked."""


class NotAllowed(Problem):
    """The token's scope or its charge points do not reach so far."""


class NotFound(Problem):
    """There is no such thing, or the token may not see it."""


class Conflict(Problem):
    """The state of the thing does not allow it, or it is there already."""


class Changed(Problem):
    """It was changed since it was read; `current` is it as it is now, None when it is gone."""

    current: Any = None


class Invalid(Problem):
    """What was sent is wrong; `errors` says where and why."""


class Unavailable(Problem):
    """The gateway can't now: it is told to wait, busy, or failed."""


def kind_of(status: int) -> type[Problem]:
    """The exception for an answer of that status."""
    return _KINDS.get(status, Unavailable if status >= 500 else Invalid)


_KINDS: Mapping[int, type[Problem]] = {
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    412: Changed,
    429: Unavailable,
}


class NotAnswered(GatewayError):
    """There is no answer of the station; `command` is how the command stands."""

    def __init__(self, command: Command[Any]) -> None:
        super().__init__(str(command))
        self.command = command


class Unfinished(NotAnswered):
    """The command has not ended; wait for it."""


class StationFault(NotAnswered):
    """The station answered with a SOAP fault, `command.fault`."""


class NotTransmitted(NotAnswered):
    """Nothing reached the station."""


class Uncertain(NotAnswered):
    """The command was sent and no answer came; the station may have executed it."""


class Expired(NotAnswered):
    """The deadline passed before the command could be sent."""


class Cancelled(NotAnswered):
    """The command was cancelled before it was sent."""


NOT_ANSWERED: Mapping[str, type[NotAnswered]] = {
    "answered": StationFault,
    "not_transmitted": NotTransmitted,
    "uncertain": Uncertain,
    "expired": Expired,
    "cancelled": Cancelled,
}
"""The exception for each state in which a command without an answer can end."""


class NotInTime(GatewayError, TimeoutError):
    """What was waited for did not happen; the text says what was instead, and what went over the wire."""
