"""Couriers and those who order at the same time: nothing is overlooked, nothing is sent twice or side by side."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ocpp_soap.bootstrap import Gateway, now
from ocpp_soap.central.orders import Order
from ocpp_soap.settings import Settings
from ocpp_soap.store.bell import Bell
from ocpp_soap.store.schema import upgrade
from ocpp_soap.worker.courier import Courier
from tests.integration.central.posting import ME, Confirmed

STATIONS, ORDERS, CLERKS, COURIERS = 6, 15, 4, 3


@dataclass
class Way:
    """A link (`central.ports.Link`) that keeps what went over it, and who was called while being called."""

    sent: Counter[str] = field(default_factory=Counter)
    busy: Counter[str] = field(default_factory=Counter)
    side_by_side: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, address: str, identity: str, version: str, operation: str, payload: Any, profile: Any) -> Confirmed:
        """Answers after a moment."""
        with self.lock:
            self.busy[identity] += 1
            self.sent[payload["data"]] += 1
            if self.busy[identity] > 1:
                self.side_by_side.append(identity)
        time.sleep(0.001)
        with self.lock:
            self.busy[identity] -= 1
        return Confirmed({"status": "Accepted"})


# SQLite has one writer at a time anyway.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nothing_that_is_ordered_meanwhile_is_overlooked(database_url: str) -> None:
    """Several order while several send: each command is sent once, and no station is called twice at once."""
    settings = Settings(database_url=database_url)
    gateways = [Gateway(settings) for _ in range(COURIERS)]
    upgrade(gateways[0].store)
    with gateways[0].store.writing() as work:
        for number in range(STATIONS):
            point = work.charge_points.register(f"CP{number}", "Accepted", now())
            work.charge_points.set_callback(point.id, "http://a/", None, "operator", None, now())
    way = Way()
    couriers = [Courier(replace(one.sender, link=way), Bell(one.store), 4) for one in gateways]

    def order(clerk: int) -> None:
        for number in range(ORDERS):
            payload = {"vendorId": "V", "data": f"{clerk}-{number}"}
            gateways[0].commands.submit(f"CP{number % STATIONS}", Order("DataTransfer", payload), ME)

    for courier in couriers:
        courier.start()
    with ThreadPoolExecutor(CLERKS) as pool:
        list(pool.map(order, range(CLERKS)))
    commands = [gateways[0].commands.wait(number + 1, 120) for number in range(CLERKS * ORDERS)]
    assert [0] * COURIERS == [courier.stop(120) for courier in couriers]
    assert (dict.fromkeys(way.sent, 1), []) == (dict(way.sent), way.side_by_side)
    assert {"answered"} == {command.state for command in commands}
    assert CLERKS * ORDERS == len(way.sent)
    for one in gateways:
        one.store.close()
