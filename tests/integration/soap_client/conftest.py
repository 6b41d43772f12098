"""What the tests of the calling half share: the services, a station, and callers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ocpp_soap.central.callback import CallbackGuard
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.schema import Service
from ocpp_soap.soap.client import SoapCaller
from tests.integration.soap_client.stations import Station


@pytest.fixture(scope="session")
def services() -> catalog.Catalog:
    """Every version's services."""
    return catalog.load()


@pytest.fixture(scope="session")
def service(services: catalog.Catalog) -> Service:
    """The newest version's ChargePointService."""
    return services.newest.charge_point


@pytest.fixture
def station() -> Iterator[Station]:
    """A station that answers nothing until a test says what."""
    made = Station()
    yield made
    made.close()


@pytest.fixture
def caller(service: Service) -> SoapCaller:
    """A caller that may call this machine."""
    guard = CallbackGuard(development=True)
    return SoapCaller(service, guard=guard, connect_timeout=10, read_timeout=10, max_answer=10_000)


@pytest.fixture
def hasty(service: Service) -> SoapCaller:
    """A caller that waits no longer than a second."""
    return SoapCaller(service, connect_timeout=1, read_timeout=1)
