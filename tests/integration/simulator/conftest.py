"""A Central System, and charge points at it whose clocks move only when they are told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.traits import Traits
from tests.integration.simulator.central_system import CentralSystem


@pytest.fixture
def central() -> Iterator[CentralSystem]:
    """A Central System."""
    made = CentralSystem()
    yield made
    made.close()


@pytest.fixture
def cp(central: CentralSystem) -> Iterator[ChargePoint]:
    """An accepted charge point with one connector."""
    with ChargePoint(central.url, "CP-1", speed=0) as made:
        made.wait_accepted()
        made.settle()
        yield made


@pytest.fixture
def pair(central: CentralSystem) -> Iterator[ChargePoint]:
    """A charge point with two connectors, where cars do not come by themselves."""
    with ChargePoint(central.url, "CP-2", Traits(connectors=2, auto_plug=False), speed=0) as made:
        made.wait_accepted()
        made.settle()
        yield made
