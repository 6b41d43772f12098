"""The exception tree; each class carries the one decision that its catcher has to make.

OcppSoapError
├── SettingsError             a setting is unknown or bad: say it and exit
├── WsdlError                 a WSDL document is missing or holds a construct we do not know: say it and exit
├── StoreError                the database can't be used: say it and exit
│   ├── Busy                  a deadlock or a lock timeout: run the whole transaction again
│   └── Unreachable           no connection to it now, as while it restarts: try again soon
├── Fault                     answered to the peer as a SOAP fault with this subcode
│   ├── SecurityError         Sender: not registered, not accepted, not authenticated
│   ├── IdentityMismatch      Sender: two identities that disagree, or not ours
│   ├── ProtocolError         Sender: the message breaks the specification; `path` names the field
│   ├── NotSupported          Receiver: no such operation in that version
│   ├── InternalError         Receiver: our own failure; its text never reaches the peer
│   ├── VersionMismatch       not SOAP 1.2
│   └── MustUnderstand        a header block that must be understood and is not
├── Refused                   a command or an operator's act is refused here, before anything is sent or changed
│   ├── InvalidPayload        `problems` lists path and expectation of each field at fault
│   ├── NotFound              there is no such charge point, transaction, tag
│   └── Conflict              its state does not allow it, or it is there already
└── CallFailed                a call to a station ended without its confirmation
    ├── NotTransmitted        nothing reached the station: safe to send again
    ├── Uncertain             sent, no answer: it may or may not have been executed
    └── StationFault          the station answered with a SOAP fault
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OcppSoapError(Exception):
    """Everything that this package raises on purpose."""


class SettingsError(OcppSoapError):
    """A setting is unknown or has a value that can't be used."""


class WsdlError(OcppSoapError):
    """A WSDL document is missing, unreadable, or holds a construct that this package does not know."""


class StoreError(OcppSoapError):
    """The database can't be reached or used."""


class Busy(StoreError):
    """The database gave up on this transaction (deadlock, lock timeout): the whole of it may be run again."""


class Unreachable(StoreError):
    """No connection to the database could be made, as while it restarts: another try may find it soon.

    `lasting` is for how many seconds that has been so.
    """

    def __init__(self, text: str, lasting: float = 0.0) -> None:
        super().__init__(text)
        self.lasting = lasting


class Fault(OcppSoapError):
    """Answered to the peer as a SOAP fault.

    `text` is the sentence the peer reads; `path` the field at fault, when there is one; `status` an HTTP status
    that the transport demands (405, 413, …), else the one that belongs to the fault code (SOAP 1.2 part 2 §7.5.2);
    `retry_after` the seconds to wait after a 429.
    """

    sender = True

    def __init__(
        self, text: str, *, path: str | None = None, status: int | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.path = path
        self.status = status
        self.retry_after = retry_after

    @property
    def subcode(self) -> str:
        """The OCPP subcode: the name of the class."""
        return type(self).__name__


class SecurityError(Fault):
    """The sender failed authentication or may not use the operation (OCPP-S 1.6 §4)."""


class IdentityMismatch(Fault):
    """The sender sent the wrong identity value."""


class ProtocolError(Fault):
    """The message does not comply with the specification."""


class NotSupported(Fault):
    """The receiver does not support the requested operation."""

    sender = False


class InternalError(Fault):
    """The receiver failed; the cause is logged here and never told."""

    sender = False


class VersionMismatch(Fault):
    """The envelope is not SOAP 1.2; answered without an OCPP subcode (SOAP 1.2 part 1 §5.4.7)."""


class MustUnderstand(Fault):
    """A mandatory header block is not understood; answered without an OCPP subcode (SOAP 1.2 part 1 §5.4.8)."""


class Refused(OcppSoapError):
    """A command or an operator's act is refused here; nothing was sent or changed."""


class NotFound(Refused):
    """What the operator named does not exist."""


class Conflict(Refused):
    """What the operator named is in a state that does not allow this, or exists already."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a payload: where (`idTagInfo.status`), what was expected, and the text that stood there.

    `quirk` names it, should it be tolerated.
    """

    path: str
    expected: str
    raw: str | None = None
    quirk: str = "field-missing"

    def __str__(self) -> str:
        found = "it is missing" if self.raw is None else f"found {self.raw[:80]!r}"
        return f"{self.path}: expected {self.expected}, {found}"


class InvalidPayload(Refused):
    """A payload does not fit the WSDL's type."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


class CallFailed(OcppSoapError):
    """A call to a station ended without its confirmation; `request` and `answer` are the bytes on the wire.

    `trouble` names what went wrong, for `central.advice`; "" for what needs none.
    """

    outcome = "uncertain"

    def __init__(self, text: str, *, request: bytes = b"", answer: bytes | None = None, trouble: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.request = request
        self.answer = answer
        self.trouble = trouble


class NotTransmitted(CallFailed):
    """Nothing reached the station; the command was not executed."""

    outcome = "not_transmitted"


class Uncertain(CallFailed):
    """The request was sent and no readable answer came; the station may have executed it."""


class StationFault(CallFailed):
    """The station answered with a SOAP fault: code and subcode are local names, text is the station's own."""

    outcome = "answered"

    def __init__(self, code: str, subcode: str | None, text: str, *, request: bytes, answer: bytes) -> None:
        super().__init__(text, request=request, answer=answer)
        self.code = code
        self.subcode = subcode
