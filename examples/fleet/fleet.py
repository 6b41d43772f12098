"""Has a vehicle charged at the first of several connectors that takes it, whatever is wrong with the others."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from ocpp_soap.client import Command, Conflict, Gateway, GatewayError, Invalid, NotFound, NotInTime, Transaction
from ocpp_soap.client.answers import RemoteStartTransactionResponse

Order = Command[RemoteStartTransactionResponse]

PATIENCE = 60.0
"""Seconds for each place: longer than the gateway waits for an answer, and enough to plug in."""


class Place(NamedTuple):
    """A connector of a station."""

    chargeBoxIdentity: str
    connectorId: int

    @classmethod
    def read(cls, text: str) -> Place:
        """From text such as DEPOT-1:2."""
        identity, _, connector = text.rpartition(":")
        if not identity or not connector.isdecimal():
            raise argparse.ArgumentTypeError(f"expected a place such as DEPOT-1:2, found {text!r}")
        return cls(identity, int(connector))

    def __str__(self) -> str:
        return f"{self.chargeBoxIdentity}:{self.connectorId}"


@dataclass
class Charging:
    """Where the vehicle charges now, if anywhere, and what came of each place that was tried before.

    `undecided`: the place where it may still begin, since its station has not answered; no other was told after that.
    """

    transaction: Transaction | None = None
    failed: dict[Place, str] = field(default_factory=dict)
    undecided: Place | None = None

    def told(self) -> Iterator[str]:
        """It in words."""
        yield from (f"{place}: {why}" for place, why in self.failed.items())
        if self.undecided:
            yield f"{self.undecided}: it has not answered yet, and may still begin"
        yield f"charging: {self.transaction}" if self.transaction else "it does not charge anywhere"


def charge(gateway: Gateway, id_tag: str, places: Iterable[Place], patience: float = PATIENCE) -> Charging:
    """Tries one place after the other until the vehicle with that tag charges.

    Raises `GatewayError` for what is wrong with the gateway or the token: no other place would be better then.
    """
    result = Charging()
    for place in places:
        found = begin(gateway, id_tag, place, patience)
        if isinstance(found, str):
            result.failed[place] = found
            continue
        result.transaction = found
        result.undecided = None if found else place
        break
    return result


def begin(gateway: Gateway, id_tag: str, place: Place, patience: float) -> Transaction | str | None:
    """Begins to charge there, and tells its station only once: the transaction, or why there is none.

    None where one may still begin.
    """
    point = gateway.charge_point(place.chargeBoxIdentity)
    try:
        order = point.remote_start_transaction(connectorId=place.connectorId, idTag=id_tag)
    except (NotFound, Conflict, Invalid) as error:
        return error.detail

    def decided() -> bool:
        now = order.refresh()
        return now.transactionId is not None or refusal(now) is not None

    try:
        # An uncertain order too: only its transaction shows whether the station has heard of it.
        point.wait_for(decided, patience)
    except NotInTime:
        with suppress(Conflict):  # it has been sent
            order.cancel()
    order = order.refresh()
    if order.transactionId is not None:
        transaction = gateway.transactions.get(order.transactionId)
        return f"it has stopped already: {transaction.reason}" if transaction.stopTimestamp else transaction
    if not order.ended:
        return None
    given_up = "nobody plugged in" if order.answered else "it gave no answer, and nothing began"
    return refusal(order) or given_up


def refusal(order: Order) -> str | None:
    """Why nothing will begin; None as long as something may."""
    if order.fault:
        return f"it answers with a fault: {order.fault}"
    if order.answered:
        return None if order.answer["status"] == "Accepted" else "it refuses"
    if order.state in ("queued", "sending", "uncertain"):
        return None
    return f"it was not told: {order.error or order.state}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="The token is read from the variable TOKEN.")
    parser.add_argument("gateway", help="such as http://127.0.0.1:8180")
    parser.add_argument("id_tag", help="the tag of the vehicle")
    parser.add_argument("place", nargs="+", type=Place.read, help="station and connector, such as DEPOT-1:2")
    parser.add_argument("--patience", type=float, default=PATIENCE, metavar="SECONDS", help="for each place (60)")
    given = parser.parse_args()
    if "TOKEN" not in os.environ:
        parser.error("TOKEN is not set: `ocpp-soap tokens create fleet --scope operate` makes one")
    try:
        with Gateway(given.gateway, os.environ["TOKEN"]) as gateway:
            result = charge(gateway, given.id_tag, given.place, given.patience)
    except GatewayError as error:
        sys.exit(f"it can't be said whether the vehicle charges: {error}")
    print(*result.told(), sep="\n")
    sys.exit(result.transaction is None)


if __name__ == "__main__":
    main()
