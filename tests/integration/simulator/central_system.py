"""A small Central System that records what comes and answers what a test sets, on the gateway's own SOAP code."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from threading import Condition, Thread
from typing import Any

from werkzeug.serving import make_server

from ocpp_soap.central.call import Call, Render, Reply
from ocpp_soap.errors import Fault
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.validation import check
from ocpp_soap.soap.client import SoapCaller
from ocpp_soap.soap.server import SoapEndpoint

Payload = dict[str, Any]
Answer = Payload | Fault | Callable[[Payload], Payload | Fault]

ACCEPTED = {"status": "Accepted"}


class CentralSystem:
    """Answers every operation kindly unless `answers` says otherwise; `received` holds operations and payloads."""

    def __init__(self) -> None:
        version = catalog.load().newest
        self.received: list[tuple[str, Payload]] = []
        self.calls: list[Call] = []
        self.changed = Condition()
        self._numbers = count(1)
        self.answers: dict[str, Answer] = {
            "Authorize": {"idTagInfo": ACCEPTED},
            "BootNotification": lambda _: ACCEPTED | {"currentTime": datetime.now(UTC), "interval": 300},
            "DataTransfer": ACCEPTED,
            "Heartbeat": lambda _: {"currentTime": datetime.now(UTC)},
            "StartTransaction": lambda _: {"transactionId": next(self._numbers), "idTagInfo": ACCEPTED},
        }
        self.service = version.charge_point
        self._caller = SoapCaller(version.charge_point, connect_timeout=30, read_timeout=30)
        self._impatient = SoapCaller(version.charge_point, connect_timeout=30, read_timeout=0.3)
        endpoint = SoapEndpoint([version.central_system], self._receive, public_url=lambda: self.url)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, endpoint, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = Thread(target=lambda: self._server.serve_forever(poll_interval=0.01), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def payloads(self, operation: str) -> list[Payload]:
        """What came with one operation."""
        return [payload for name, payload in list(self.received) if name == operation]

    def operations(self, *but: str) -> list[str]:
        """The names of what came, in order, some left out."""
        return [name for name, _ in list(self.received) if name not in but]

    def statuses(self, connector_id: int) -> list[str]:
        """What was reported of a connector, in order."""
        reports = self.payloads("StatusNotification")
        return [report["status"] for report in reports if report["connectorId"] == connector_id]

    def command(self, operation: str, *, patient: bool = True, **fields: Any) -> Payload:
        """Sends a command to the station that spoke last, where its wsa:From says; returns the confirmation."""
        call = self.calls[-1]
        assert call.callback is not None
        checked = check(fields, self.service.operations[operation].input.type)
        caller = self._caller if patient else self._impatient
        return caller.call(call.callback, call.identity, operation, checked, from_address=self.url).payload

    def status(self, operation: str, **fields: Any) -> str:
        """The same; returns the confirmation's status alone."""
        status: str = self.command(operation, **fields)["status"]
        return status

    def _receive(self, call: Call, request: Payload | Fault, render: Render) -> Reply:
        if isinstance(request, Fault):
            return render(request)
        with self.changed:
            self.received.append((call.operation, request))
            self.calls.append(call)
            self.changed.notify_all()
        answer = self.answers.get(call.operation, {})
        return render(answer(request) if callable(answer) else answer)


def profile(limit: float = 11000, purpose: str = "TxDefaultProfile", number: int = 56, **fields: Any) -> Payload:
    """A charging profile with one period, in watts."""
    return {
        "chargingProfileId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        },
        **fields,
    }
