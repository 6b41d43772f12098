"""A charge point made of software, as tests and people use it: what a driver, a technician or a car can do to it.

Its state and its life are in `station`. Break it by `faults` and `answers`; read what happened in `sent` and
`commands_received`; wait for what will happen with `wait_for`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from ..errors import OcppSoapError
from . import sampling, sessions
from .authorization import IdTagInfo
from .connectors import Transaction
from .errors import NotAuthorized, NotPossible
from .station import Payload, Station


class ChargePoint(Station):
    """A simulated charge point; as a context manager it boots at the beginning and ends all its threads at the end.

    Methods that send wait for the confirmation and raise `NotTransmitted`, `Uncertain` or `StationFault` (a SOAP
    fault of the Central System) where it does not come; messages of transactions and StatusNotifications never raise:
    they are repeated. Any thread may call them.
    """

    def wait_for(self, predicate: Callable[[], Any], timeout: float = 30.0) -> Any:
        """Waits until `predicate` gives something true, asked at every change of state, and returns that.

        `timeout` is in real seconds; raises TimeoutError, which tells what was sent and received.
        """
        with self.changed:
            if result := self.changed.wait_for(predicate, timeout):
                return result
            raise TimeoutError(
                f"not within {timeout} s; sent: {self.sent.operations()}; "
                f"received: {self.commands_received.operations()}"
            )

    def wait_accepted(self, timeout: float = 30.0) -> None:
        """Waits until the Central System has accepted it and every connector's status is told."""
        told = self.connectors.values()
        self.wait_for(lambda: self.hurried.is_set() or (self.accepted and all(c.reported for c in told)), timeout)

    def tick(self, seconds: float) -> None:
        """Lets simulated time pass at once; returns when all that fell due is done."""
        self.agenda.tick(seconds)

    def pass_time(self, seconds: float, until: Callable[[], Any] = lambda: False) -> None:
        """Lets simulated time pass at the clock's speed (at once when the clock stands still), or `until` is true."""
        if not self.clock.speed:
            self.tick(seconds)
            return
        end = self.clock.now() + timedelta(seconds=seconds)
        with self.changed:
            while not until() and not self.hurried.is_set() and (left := self.clock.real_seconds(end)):
                self.changed.wait(left)

    def hurry(self) -> None:
        """Lets nobody wait any more: who waits in `pass_time` or for being accepted goes on at once."""
        with self.changed:
            self.hurried.set()
            self.changed.notify_all()

    def settle(self) -> None:
        """Waits until nothing is left to do at this moment."""
        self.agenda.tick(0)

    # What a technician sees

    def set_status(self, connector_id: int, status: str, error_code: str = "NoError", **fields: str) -> None:
        """Puts a status (Faulted, Unavailable, …) in place of the facts and tells it.

        `fields` are further ones of the message. The status that the facts give anyway puts the facts back.
        """
        with self.changed:
            connector = self.connector(connector_id)
            connector.forced = None
            if fields or (status, error_code) != (self.status(connector_id), "NoError"):
                connector.forced = {"status": status, "errorCode": error_code, **fields}
        self.refresh(connector_id)

    def heartbeat(self) -> Payload:
        """Sends a Heartbeat."""
        return self.send("Heartbeat", {})

    def data_transfer(self, vendor_id: str, message_id: str | None = None, data: str | None = None) -> Payload:
        """Sends a DataTransfer; returns its confirmation."""
        payload = {"vendorId": vendor_id, "messageId": message_id, "data": data}
        return self.send("DataTransfer", {name: value for name, value in payload.items() if value is not None})

    def send_meter_values(self, connector_id: int = 1, context: str = "Sample.Periodic") -> None:
        """Sends a MeterValues now, with the measurands of MeterValuesSampledData."""
        sampling.send_meter_values(self, connector_id, context, self.configuration.words("MeterValuesSampledData"))

    # What a driver and a car do

    def authorize(self, id_tag: str) -> IdTagInfo:
        """Presents a tag: the idTagInfo of the local list, the cache, or the Central System."""
        return sessions.authorize(self, id_tag)

    def plug_in(self, connector_id: int = 1) -> None:
        """A car is connected; a transaction that waited for it begins."""
        sessions.plug_in(self, connector_id)

    def unplug(self, connector_id: int = 1) -> None:
        """The car leaves; a running transaction ends with reason EVDisconnected."""
        sessions.unplug(self, connector_id)

    def start_transaction(
        self, connector_id: int, id_tag: str, *, authorize: bool = True, force: bool = False
    ) -> Transaction:
        """Presents a tag and begins to charge, plugging in first where no car is.

        Raises `NotAuthorized` or `NotPossible`. `authorize` false leaves the tag unasked; `force` charges on a
        connector that is reserved, unavailable or faulted. The transaction's `transaction_id` is None while its start
        is not confirmed.
        """
        return sessions.start(self, connector_id, id_tag, authorize_first=authorize, force=force)

    def stop_transaction(
        self, connector_id: int = 1, reason: str | None = "Local", id_tag: str | None = None
    ) -> Transaction:
        """Ends the connector's transaction; `id_tag` is the tag presented, for a Local stop the one that began it.

        Raises `NotAuthorized` for a tag of another group.
        """
        transaction = self.connector(connector_id).transaction
        if transaction is None:
            raise NotPossible(f"no transaction runs on connector {connector_id}")
        if id_tag is not None and not sessions.may_stop(self, transaction, id_tag):
            raise NotAuthorized(id_tag, {"status": "Invalid"})
        sessions.stop(self, transaction, reason, transaction.id_tag if id_tag is None and reason == "Local" else id_tag)
        return transaction

    def run_session(
        self,
        id_tag: str,
        connector_id: int = 1,
        seconds: float = 0.0,
        *,
        plug_first: bool = True,
        reason: str = "Local",
        force: bool = False,
    ) -> Transaction:
        """Plays a whole session: a car, a tag, `seconds` of simulated charging, the end, the car leaves.

        Identification comes first where `plug_first` is false. An end from outside (RemoteStop, Reset) is the end.
        """
        if plug_first:
            self.plug_in(connector_id)
        try:
            transaction = self.start_transaction(connector_id, id_tag, force=force)
        except OcppSoapError:
            if plug_first:
                self.unplug(connector_id)
            raise
        self.pass_time(seconds, lambda: transaction.stopped)
        if reason != "EVDisconnected":
            with suppress(NotPossible):  # it has ended from outside
                self.stop_transaction(connector_id, reason)
        self.unplug(connector_id)
        self.outbox.flush()  # whoever ended it: its messages have been sent, or wait for a connection
        return transaction
