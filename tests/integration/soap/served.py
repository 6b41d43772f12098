"""What the servers of these tests serve: a Central System's endpoint that gives the golden answers."""

from __future__ import annotations

from ocpp_soap.soap.server import SoapEndpoint
from tests.unit.soap.endpoint import CENTRAL, RECEIVED, Station, ready_answers, versions

MAX_BODY = 100_000


def application() -> SoapEndpoint:
    """A WSGI application; gunicorn calls this by name."""
    services = [version.central_system for version in versions()]
    station = Station(ready_answers(services[0]))
    return SoapEndpoint(services, station.receive, public_url=CENTRAL, max_body=MAX_BODY, clock=lambda: RECEIVED)
