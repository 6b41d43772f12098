"""Has a vehicle charged at the first of several connectors that takes it, whatever is wrong with the others."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ocpp_soap.client import Gateway, GatewayError, NotInTime, Options, Transaction


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
    """Where the vehicle charges now, if anywhere, and what came of each place that was tried before."""

    transaction: Transaction | None = None
    failed: dict[Place, str] = field(default_factory=dict)

    def told(self) -> Iterator[str]:
        """It in words."""
        yield from (f"{place}: {why}" for place, why in self.failed.items())
        yield f"charging: {self.transaction}" if self.transaction else "it does not charge anywhere"


@dataclass(frozen=True)
class Patience:
    """Seconds: until a slow station has answered, and until the transaction of one that accepted has begun."""

    answer: float = 60.0
    begin: float = 60.0


def charge(gateway: Gateway, id_tag: str, places: Iterable[Place], patience: Patience | None = None) -> Charging:
    """Tries one place after the other until the vehicle with that tag charges."""
    result = Charging()
    for place in places:
        found = begin(gateway, id_tag, place, patience or Patience())
        if isinstance(found, Transaction):
            result.transaction = found
            break
        result.failed[place] = found
    return result


def begin(gateway: Gateway, id_tag: str, place: Place, patience: Patience) -> Transaction | str:
    """Begins to charge there; the transaction, or why there is none."""
    point = gateway.charge_point(place.chargeBoxIdentity)
    # A command that could not be sent by then is not sent any more: by then the vehicle stands somewhere else.
    options = Options(deadline=datetime.now(UTC) + timedelta(seconds=patience.answer))
    try:
        order = point.remote_start_transaction(options, connectorId=place.connectorId, idTag=id_tag)
        ended = order.wait(patience.answer, check=False)
    except NotInTime:
        # It may still accept: it is looked for below, and a second order would be one too many.
        ended = order.refresh()
    except GatewayError as error:
        return str(error)
    if ended.answered and ended.answer["status"] != "Accepted":
        return "it refuses"
    if ended.ended and not ended.answered and ended.state != "uncertain":
        return f"it was not told: {ended.error}" if ended.fault is None else f"it answers with a fault: {ended.fault}"
    try:
        # Nobody knows what became of an uncertain order but the station: if it has begun, its transaction shows it.
        return point.wait_for_transaction(since=ended, timeout=patience.begin)
    except GatewayError:
        return "it gave no answer, and nothing began" if ended.state == "uncertain" else "nobody plugged in"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="The token is read from the variable TOKEN.")
    parser.add_argument("gateway", help="such as http://127.0.0.1:8180")
    parser.add_argument("id_tag", help="the tag of the vehicle")
    parser.add_argument("place", nargs="+", type=Place.read, help="station and connector, such as DEPOT-1:2")
    parser.add_argument("--patience", type=float, default=60.0, metavar="SECONDS", help="for each wait (60)")
    given = parser.parse_args()
    if "TOKEN" not in os.environ:
        parser.error("TOKEN is not set: `ocpp-soap tokens create fleet --scope operate` makes one")
    with Gateway(given.gateway, os.environ["TOKEN"]) as gateway:
        result = charge(gateway, given.id_tag, given.place, Patience(given.patience, given.patience))
    print(*result.told(), sep="\n")
    sys.exit(result.transaction is None)


if __name__ == "__main__":
    main()
