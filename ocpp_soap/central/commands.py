"""One path for every operation that goes to a station: checked, recorded, sent, recorded again, followed up.

No transaction is open while a station is called: `sending` is committed before, the outcome after. It knows no XML, no
SQL and no version; the WSDL's types and the FOLLOW_UPS table are all it has of an operation.
"""

from __future__ import annotations

import difflib
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..errors import Busy, CallFailed, NotFound, NotTransmitted, Refused, StationFault, Uncertain
from ..protocol.catalog import Catalog
from ..protocol.schema import Operation
from ..protocol.validation import check
from ..protocol.writing import to_json
from .follow_ups import FOLLOW_UPS, FollowUp
from .ports import Answered, Clock, Link, Store
from .records import ChargePoint, Command, Exchange, Json

# How often a command that waits for its turn asks for the station's lease (seconds).
TURN = 0.1


@dataclass(frozen=True, slots=True)
class _Sending:
    """A command on its way: `payload` in typed values, `at` when it was sent."""

    command_id: int
    station: ChargePoint
    version: str
    operation: str
    payload: Json
    at: datetime

    def exchange(self, result: Answered | CallFailed, duration: float) -> Exchange:
        """The journal's row of it."""
        return Exchange(
            at=self.at,
            direction="out",
            identity=self.station.identity,
            operation=self.operation,
            version=self.version,
            peer=None,
            duration=duration,
            outcome=result.outcome if isinstance(result, CallFailed) else "answered",
            request=result.request,
            answer=result.answer,
            flags=[] if isinstance(result, CallFailed) else result.flags,
        )


@dataclass(frozen=True, slots=True)
class Commands:
    """Calls stations. `patience`: how long a command waits for its turn; `call_time`: the longest call (seconds)."""

    store: Store
    link: Link
    catalog: Catalog
    clock: Clock
    call_time: float = 60.0
    patience: float = 60.0

    def send(self, identity: str, operation: str, payload: Any) -> Command:
        """Sends one operation of the Charge Point, named as in the WSDL, with a JSON payload in its words.

        Returns the command with its outcome, whatever it is. Raises `NotFound`, `Refused` (no such operation in the
        station's version) or `InvalidPayload`, all before anything is recorded or sent.
        """
        with self.store.reading() as work:
            station = work.charge_points.find(identity)
        if station is None:
            raise NotFound(f"there is no charge point {identity!r}; see `ocpp-soap charge-points list`")
        version = self.catalog.versions.get(station.version or "", self.catalog.newest)
        typed = check(payload, self.operation(version.name, operation).input.type)
        with self.store.writing() as work:
            command_id = work.commands.add(station.id, operation, to_json(typed), self.clock())
        holder = uuid.uuid4().hex
        if self._wait_for_turn(station, holder):
            try:
                self._call(_Sending(command_id, station, version.name, operation, typed, self.clock()))
            finally:
                with self.store.writing() as work:
                    work.commands.release(station.id, holder)
        else:
            with self.store.writing() as work:
                error = f"another command to this station was still running after {self.patience:g} s"
                work.commands.finish(command_id, "not_transmitted", self.clock(), error=error)
        return self._finished(command_id)

    def operation(self, version: str, name: str) -> Operation:
        """The operation of the Charge Point of that name; raises `Refused` with the names that the version knows."""
        known = self.catalog.versions[version].charge_point.operations
        if name in known:
            return known[name]
        near = [n for n in known if n.lower() == name.lower()] or difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else "it has " + ", ".join(sorted(known))
        raise Refused(f"OCPP {version} has no operation {name!r} to a station; {hint}")

    def _wait_for_turn(self, station: ChargePoint, holder: str) -> bool:
        deadline = time.monotonic() + self.patience
        while True:
            now = self.clock()
            try:
                with self.store.writing() as work:
                    if work.commands.lease(station.id, holder, now, now + timedelta(seconds=2 * self.call_time)):
                        return True
            except Busy:
                pass
            if time.monotonic() > deadline:
                return False
            time.sleep(TURN)

    def _call(self, sending: _Sending) -> None:
        station = sending.station
        with self.store.writing() as work:
            # Read again under the lease: the station may have moved while the command waited.
            address = (work.charge_points.find(station.identity) or station).callback_url
            work.commands.sending(sending.command_id, address or "", sending.at)
        try:
            if address is None:
                raise NotTransmitted("no address of this station is known; see `ocpp-soap charge-points set-callback`")
            result = self.link.call(address, station.identity, sending.version, sending.operation, sending.payload)
        except CallFailed as failure:
            self._finish(sending, failure)
        except BaseException as error:  # also Ctrl-C: the request may be on its way
            self._finish(sending, Uncertain(f"interrupted: {type(error).__name__}"))
            raise
        else:
            self._finish(sending, result)

    def _finish(self, sending: _Sending, result: Answered | CallFailed) -> None:
        now, command_id = self.clock(), sending.command_id
        with self.store.writing() as work:
            if isinstance(result, StationFault):
                fault = {"code": result.code, "subcode": result.subcode, "text": result.text}
                work.commands.finish(command_id, "answered", now, fault=fault)
            elif isinstance(result, CallFailed):
                work.commands.finish(command_id, result.outcome, now, error=result.text)
            else:
                work.commands.finish(command_id, "answered", now, answer=to_json(result.payload))
                if (follow_up := FOLLOW_UPS.get(sending.operation)) is not None:
                    follow_up(FollowUp(work, sending.station.id, command_id, sending.payload, result.payload, now))
            work.journal.add(sending.exchange(result, (now - sending.at).total_seconds()))

    def _finished(self, command_id: int) -> Command:
        with self.store.reading() as work:
            command = work.commands.find(command_id)
        if command is None:
            raise NotFound(f"command {command_id} was removed while it ran")
        return command
