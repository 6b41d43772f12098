"""A scripted charge point: what a test has it do, one call a message, and what came of it, in the standard's words.

It plays by means of the simulated station in `simulated`, which goes on behaving like one: it answers commands, begins
the transactions that a remote start asks for, repeats what was not confirmed. All payloads are dicts of OCPP 1.6,
whatever version goes over the wire; times in them are aware datetimes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ..errors import OcppSoapError
from ..simulator import charge_point, connectors, metering, quirks
from ..simulator.errors import NotAccepted, NotPossible
from ..simulator.records import Received
from ..simulator.wire import SoapWire
from .expectations import Expectation, Expectations, name_of_command, name_of_report
from .traces import Replayed, Trace, replay
from .transaction import Transaction, played

Payload = dict[str, Any]
T = TypeVar("T")

ENERGY = "Energy.Active.Import.Register"
# They leave in order (§3.7): one that was not confirmed goes first, and a script does not wait until it is repeated.
IN_ORDER = ("StartTransaction", "MeterValues", "StopTransaction")


class ChargePoint:
    """A charge point at `url`, where it takes commands; `charge_point()` makes it, and ends it after the test.

    What it does returns the confirmation, and raises what came instead: `StationFault` (the gateway's SOAP fault),
    `NotTransmitted`, `Uncertain`; `NotAccepted` before it has booted; `NotPossible` where no real station could do it.
    `replayed` counts the messages of traces that it had to send.
    """

    def __init__(self, simulated: charge_point.ChargePoint, wire: SoapWire, fellows: Sequence[ChargePoint]) -> None:
        self.simulated = simulated
        self.version = wire.version
        self._wire, self._fellows = wire, fellows
        self._expectations = Expectations(simulated)
        self.replayed = 0
        self._transactions: list[Transaction] = []
        self._taken: list[Received] = []

    def __repr__(self) -> str:
        return f"ChargePoint({self.identity!r}, version={self.version!r})"

    @property
    def identity(self) -> str:
        """Its chargeBoxIdentity, as its quirks have it."""
        return self.simulated.identity

    @property
    def url(self) -> str:
        """Where it listens for commands."""
        return self._wire.address

    @property
    def quirks(self) -> frozenset[str]:
        """The quirks of docs/quirks.md that it has, by name; may be assigned, "all" among them for all it can have."""
        return frozenset(self.simulated.faults.quirks)

    @quirks.setter
    def quirks(self, names: Collection[str]) -> None:
        self.simulated.faults.quirks = quirks.named(names)

    # What it does

    def boot(self) -> Payload:
        """Sends BootNotification (OCPP 1.6 §4.2) and, once accepted, the status of each connector."""
        with self._acting():
            return self.simulated.boot()

    def heartbeat(self) -> Payload:
        """Sends Heartbeat (§4.6)."""
        return self.simulated.heartbeat()

    def authorize(self, idTag: str) -> Payload:
        """Asks the gateway whether that tag may charge (§4.1), whatever the station knows by itself."""
        return self.simulated.send("Authorize", {"idTag": idTag})

    def plug_in(self, connectorId: int = 1) -> Payload:
        """A car is connected: StatusNotification Preparing (§4.9)."""
        with self._acting("StatusNotification") as answer:
            self.simulated.plug_in(connectorId)
        return answer

    def unplug(self, connectorId: int = 1) -> Payload:
        """The car leaves: StatusNotification Available; a running transaction is stopped before, EVDisconnected."""
        with self._acting("StatusNotification") as answer:
            self.simulated.unplug(connectorId)
        return answer

    def start(self, connectorId: int, idTag: str) -> Transaction:
        """Begins to charge: StartTransaction (§4.8), without asking by Authorize; plugs in first where no car is.

        A tag that is refused shows in the idTagInfo; the station ends the transaction then, as its setting
        StopTransactionOnInvalidId says.
        """
        with self._acting("StartTransaction"):
            begun = self.simulated.start_transaction(connectorId, idTag, authorize=False)
        return self._transaction(begun)

    def meter(
        self, tx: Transaction, kWh: float | None = None, sampledValue: Sequence[Mapping[str, Any]] = ()
    ) -> Payload:
        """Sends MeterValues (§4.7) of the transaction: `kWh` is all that it has taken so far, and more `sampledValue`.

        Without `kWh` the meter is read as it is. Raises ValueError where it would run backwards.
        """
        station, transaction = self.simulated, played(tx)
        with self._acting("MeterValues") as answer:
            with station.changed:
                metering.run(station)
                connector = station.connector(self._connector(tx))
                if kWh is not None:
                    reading = transaction.meter_start + round(kWh * 1000)
                    if reading < round(connector.meter):
                        taken = (connector.meter - transaction.meter_start) / 1000
                        raise ValueError(f"the meter can't run back: the transaction has taken {taken:g} kWh already")
                    connector.meter = float(reading)
                value = metering.meter_value(station, connector, "Sample.Periodic", [ENERGY])
                value["sampledValue"] += [dict(one) for one in sampledValue]
                payload = {"connectorId": connector.connector_id, "meterValue": [value]}
                station.outbox.add("MeterValues", payload, transaction)
            station.outbox.flush()
        return answer

    def stop(self, tx: Transaction, reason: str = "Local", idTag: str | None = None) -> Payload:
        """Ends the transaction: StopTransaction (§4.10). A Local stop is made with the tag that began it."""
        with self._acting("StopTransaction") as answer:
            self.simulated.stop_transaction(self._connector(tx), reason, idTag)
        return answer

    def status(self, connectorId: int, status: str, errorCode: str = "NoError", **fields: str) -> Payload:
        """Tells a status in place of the facts (§4.9), such as Faulted with errorCode GroundFailure.

        The status that the facts give anyway puts the facts back.
        """
        with self._acting("StatusNotification") as answer:
            self.simulated.set_status(connectorId, status, errorCode, **fields)
        return answer

    def data_transfer(self, vendorId: str, messageId: str | None = None, data: str | None = None) -> Payload:
        """Sends DataTransfer (§4.3)."""
        return self.simulated.data_transfer(vendorId, messageId, data)

    def send(self, operation: str, payload: Payload | None = None) -> Payload:
        """Sends any message, whatever the state; raises `InvalidPayload` for what the WSDL has no words for."""
        name_of_report(operation)
        return self.simulated.call(operation, payload or {})

    def replay(self, trace: Path | str, identity: str | None = None) -> Replayed:
        """Sends what a station sent in a recorded trace (`ocpp-soap journal export`), and compares the answers.

        `identity` says which station of the trace, where there are several.
        """
        if self.simulated.faults.offline:
            raise NotPossible(f"{self.identity} is offline or off: it can't send a trace")
        lines = Trace.read(trace).of(identity)
        self.replayed += len(lines)
        return replay(lines, self._wire.url, self.identity, self.url)

    # Commands

    def expect(self, operation: str, **request: Any) -> Expectation:
        """Expects the next command of that operation with these fields; without more the station answers by itself.

        `cp.expect("Reset").respond(status="Rejected")`. The test fails when the command never came.
        """
        return self._expectations.add(operation, request)

    def wait_for(self, operation: str, timeout: float = 30.0) -> Payload:
        """The request of the first command of that operation that no earlier call has given, come already or not.

        Raises TimeoutError after `timeout` seconds, and says what came instead.
        """
        name_of_command(operation)

        def found() -> Received | None:
            came = self.simulated.commands_received.of(operation)
            return next((one for one in came if not any(one is taken for taken in self._taken)), None)

        one = self._wait(found, timeout, f"no {operation} came")
        self._taken.append(one)
        return one.payload

    def wait_for_transaction(self, connectorId: int | None = None, timeout: float = 30.0) -> Transaction:
        """The first transaction that began by a command and that no earlier call has given, once it is confirmed."""

        def found() -> connectors.Transaction | None:
            known = [one.simulated for one in self._transactions]
            there = [one for one in self.simulated.transactions if connectorId in (None, one.connector_id)]
            confirmed = [one for one in there if one.transaction_id is not None]
            return next((one for one in confirmed if not any(one is other for other in known)), None)

        where = "" if connectorId is None else f" on connector {connectorId}"
        return self._transaction(self._wait(found, timeout, f"no transaction began{where}"))

    def sent(self, operation: str | None = None) -> list[Payload]:
        """What it has sent, in order, as far as the gateway confirmed it: of one operation, or of all."""
        if operation is not None:
            name_of_report(operation)
        return [
            one.payload for one in list(self.simulated.sent) if operation in (None, one.operation) and not one.error
        ]

    def received(self, operation: str | None = None) -> list[Payload]:
        """The requests of the commands that came, in order: of one operation, or of all."""
        if operation is not None:
            name_of_command(operation)
        return [one.payload for one in list(self.simulated.commands_received) if operation in (None, one.operation)]

    # Time and trouble

    def tick(self, seconds: float) -> None:
        """Lets so many seconds pass at once on its clock; what falls due is done, also by those who share it."""
        if seconds < 0:
            raise ValueError(f"time does not run back: expected seconds from 0 on, found {seconds}")
        self.simulated.tick(seconds)
        for other in self._fellows:
            if other.simulated.clock is self.simulated.clock:
                other.simulated.settle()

    @contextmanager
    def offline(self) -> Iterator[None]:
        """Meanwhile it neither sends nor answers; transactions go on, and what it has to tell is sent afterwards."""
        before, self.simulated.faults.offline = self.simulated.faults.offline, True
        try:
            yield
        finally:
            self.simulated.faults.offline = before
        with self._acting():
            self.simulated.refresh()
            self.simulated.outbox.flush(at_once=True)

    def power_off(self) -> None:
        """Dies: nobody listens at its address any more, and it sends nothing."""
        self.simulated.faults.offline = True
        self._wire.refuse()

    def power_on(self) -> None:
        """Listens again, at the same address; it has to boot."""
        self.simulated.registration = None
        for connector in self.simulated.connectors.values():
            connector.forget_reports()
        self._wire.open(self.simulated)
        self.simulated.faults.offline = False

    def unmet(self) -> list[str]:
        """The expectations that no command has met, in words."""
        return self._expectations.unmet()

    @contextmanager
    def _acting(self, operation: str = "") -> Iterator[Payload]:
        """Gives what will hold the answer to the last message of that operation; raises what came instead of one."""
        if operation and not self.simulated.accepted and not self.simulated.faults.offline:
            state = self.simulated.registration or "not booted"
            raise NotAccepted(f"{self.identity} may not send {operation} ({state}): call boot() first")
        answer: Payload = {}
        before = len(self.simulated.sent)
        if operation in IN_ORDER and not self.simulated.faults.offline:
            self.simulated.outbox.flush(at_once=True)
        yield answer
        # What it does by itself meanwhile, such as a heartbeat, is not this act's.
        own = {operation, "StatusNotification"} | (set(IN_ORDER) if operation in IN_ORDER else set())
        for one in [one for one in self.simulated.sent[before:] if one.operation in own]:
            if isinstance(one.error, OcppSoapError) and not self.simulated.faults.offline:
                raise one.error
            if one.operation == operation:
                answer.clear()
                answer.update(one.answer or {})
        for transaction in self._transactions:
            transaction.catch_up()

    def _transaction(self, simulated: connectors.Transaction) -> Transaction:
        self._transactions.append(transaction := Transaction(simulated))
        return transaction

    def _connector(self, tx: Transaction) -> int:
        transaction = played(tx)
        connector = self.simulated.connector(transaction.connector_id)
        if connector.transaction is not transaction:
            raise NotPossible(f"transaction {transaction.transaction_id} has ended ({transaction.reason})")
        return connector.connector_id

    def _wait(self, found: Callable[[], T | None], timeout: float, otherwise: str) -> T:
        try:
            result: T = self.simulated.wait_for(found, timeout)
            return result
        except TimeoutError:
            came = ", ".join(self.simulated.commands_received.operations()) or "none"
            said = f"{self.identity}: {otherwise} within {timeout:g} s; commands that came: {came}"
            raise TimeoutError(said) from None
