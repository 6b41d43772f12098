"""What a test expects to be commanded, and how the station answers then instead of by itself.

Everything is checked when it is written down: an answer that the WSDL has no words for is an error there, not later.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from .. import errors
from ..errors import Fault, InvalidPayload
from ..protocol import catalog
from ..protocol.schema import Operation
from ..protocol.validation import check
from ..protocol.writing import to_json
from ..simulator.charge_point import ChargePoint
from ..simulator.faults import Answering

Payload = dict[str, Any]
Drop = Literal["request", "answer", "silence"]


def central_system() -> Mapping[str, Operation]:
    """The operations that a station calls, as the newest version describes them."""
    return catalog.load().newest.central_system.operations


def commands() -> Mapping[str, Operation]:
    """The operations that a station can be commanded, as the newest version describes them."""
    return catalog.load().newest.charge_point.operations


def name_of_command(operation: str) -> Operation:
    """The operation of that name; raises ValueError, with the nearest name, when there is none."""
    return _named(operation, commands(), "a charge point is never commanded")


def name_of_report(operation: str) -> Operation:
    """What a station sends by that name; raises ValueError, with the nearest name, when there is none."""
    return _named(operation, central_system(), "a charge point never sends")


def _named(operation: str, known: Mapping[str, Operation], never: str) -> Operation:
    if operation not in known:
        near = difflib.get_close_matches(str(operation), known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise ValueError(f"{never} {operation}; {hint}")
    return known[operation]


class Expectation:
    """A command that is expected, once unless `times` says otherwise; its methods give it back, to be chained.

    `requests` are those that came.
    """

    def __init__(self, station: ChargePoint, operation: str, request: Mapping[str, Any]) -> None:
        self.requests: list[Payload] = []
        self._station = station
        self._operation = name_of_command(operation)
        self._request = dict(request)
        self._times = 1
        self._answer: Payload | Fault | None = None
        self._delay = 0.0
        self._drop: Drop | None = None
        known = self._operation.input.type.by_name
        for name in self._request:
            if name not in known:
                raise ValueError(f"{operation} has no field {name}, only {', '.join(known) or 'none at all'}")
        _check_values(self._request, self._operation)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={to_json(value)!r}" for name, value in self._request.items())
        return f"{self._operation.name}({fields})"

    def respond(self, **answer: Any) -> Expectation:
        """Answers so, and does nothing of what was commanded; raises `InvalidPayload` for no answer of the WSDL."""
        self._answer = check(answer, self._operation.output.type)
        return self

    def fault(self, code: str = "InternalError", text: str = "as the test wants it") -> Expectation:
        """Answers with a SOAP fault of that OCPP subcode, such as NotSupported or ProtocolError.

        The text of an InternalError is not sent: it stays with whoever has it.
        """
        kind = getattr(errors, code, None)
        if not (isinstance(kind, type) and issubclass(kind, Fault) and kind is not Fault):
            names = ", ".join(sorted(one.__name__ for one in Fault.__subclasses__()))
            raise ValueError(f"there is no fault {code}: expected one of {names}")
        self._answer = kind(text)
        return self

    def delay(self, seconds: float) -> Expectation:
        """Answers only after so many real seconds."""
        if not 0 <= seconds < math.inf:
            raise ValueError(f"expected a delay of 0 seconds or more, found {seconds}")
        self._delay = seconds
        return self

    def drop(self, what: Drop = "request") -> Expectation:
        """Gives no answer: "request" closes the connection before the command is done, "answer" after that.

        "silence" leaves the connection open until the gateway gives up, and does nothing.
        """
        if what not in ("request", "answer", "silence"):
            raise ValueError(f'expected "request", "answer" or "silence", found {what!r}')
        self._drop = what
        return self

    def times(self, count: int) -> Expectation:
        """It comes so often, each time with the same answer."""
        if count < 1 or count != int(count):
            raise ValueError(f"expected a whole number of times, at least 1, found {count}")
        self._times = count
        return self

    def wait(self, timeout: float = 30.0) -> Payload:
        """Waits until it has come as often as expected; gives the last request.

        Raises TimeoutError after `timeout` seconds, and says what came instead.
        """
        try:
            self._station.wait_for(lambda: self.met, timeout)
        except TimeoutError:
            raise TimeoutError(f"{self.miss()}, within {timeout:g} s") from None
        return self.requests[-1]

    @property
    def met(self) -> bool:
        """It has come as often as expected."""
        return len(self.requests) >= self._times

    def miss(self) -> str:
        """In words, that it did not come."""
        often = f" came {len(self.requests)} times of {self._times}" if self._times > 1 else " never came"
        came = ", ".join(self._station.commands_received.operations()) or "none"
        return f"{self._station.identity}: the expected {self!r}{often}; commands that came: {came}"

    def fits(self, request: Payload) -> bool:
        """Whether that request is what is expected."""
        sent = to_json(request)
        return not self.met and all(sent.get(name) == to_json(value) for name, value in self._request.items())

    def take(self, request: Payload) -> Answering:
        """Takes the request; how it is to be answered."""
        self.requests.append(request)
        return Answering(self._answer, self._delay, self._drop)


def _check_values(request: Mapping[str, Any], operation: Operation) -> None:
    """Raises `InvalidPayload` for a value that no request can have; fields may be missing, the test names but some."""
    try:
        check(request, operation.input.type)
    except InvalidPayload as error:
        wrong = [one for one in error.problems if one.raw is not None]
        if wrong:
            raise InvalidPayload(wrong) from None


class Expectations:
    """Those of one station, in the order in which they were written down: the first that fits takes a command."""

    def __init__(self, station: ChargePoint) -> None:
        self._station = station
        self._all: list[tuple[str, Expectation]] = []

    def add(self, operation: str, request: Mapping[str, Any]) -> Expectation:
        """Expects a command from now on."""
        expectation = Expectation(self._station, operation, request)
        self._all.append((operation, expectation))
        self._station.answers[operation] = self._answer(operation)
        return expectation

    def unmet(self) -> list[str]:
        """Those that never came, in words."""
        return [one.miss() for _, one in self._all if not one.met]

    def _answer(self, operation: str) -> Callable[[Payload], Any]:
        def answer(request: Payload) -> Answering | None:
            """None where nothing was expected: the station answers by itself."""
            fitting = (one for named, one in self._all if named == operation and one.fits(request))
            one = next(fitting, None)
            return one.take(request) if one else None

        return answer
