"""The gateway as a program sees it: one object from which everything else is reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .access import Audit, Token, Tokens
from .batches import Batches, Commands
from .charge_point import ChargePoint
from .charge_points import ChargePoints
from .id_tags import IdTags
from .reading import read
from .resources import ChargingProfiles, LocalLists, Reservations, Transactions
from .transport import Transport
from .waiting import until

T = TypeVar("T")


class Gateway:
    """A gateway's web API, with a token of `ocpp-soap tokens create NAME --scope operate`.

        with Gateway("http://127.0.0.1:8180", token) as gateway:
            point = gateway.charge_point("CP1")
            started = point.remote_start_transaction(connectorId=1, idTag="04A1B2C3").wait(10)
            assert started.answer["status"] == "Accepted"
            transaction = point.wait_for_transaction(since=started, timeout=10)

    `url` may end in /api/v1 or not. `timeout` is the seconds that a call may take, repetitions after a failure
    included; it is repeated only where that is safe. `verify` is a file of trusted authorities, or false to trust
    anybody. Any thread may use it: each has a connection of its own, and so has a process after a fork.
    """

    def __init__(self, url: str, token: str, *, timeout: float = 30.0, verify: bool | str | Path = True) -> None:
        """Connects to nothing yet; raises ValueError for an address or a token that can't be right."""
        self._transport = transport = Transport(url, token, timeout=timeout, verify=verify)
        self.url = transport.url
        self.charge_points = ChargePoints(transport)
        self.commands = Commands(transport)
        self.batches = Batches(transport)
        self.transactions = Transactions(transport)
        self.id_tags = IdTags(transport)
        self.reservations = Reservations(transport)
        self.charging_profiles = ChargingProfiles(transport)
        self.local_lists = LocalLists(transport)
        self.tokens = Tokens(transport)
        self.audit = Audit(transport)

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Gateway({self.url!r})"

    def close(self) -> None:
        """Closes its connections; it can't be used any more."""
        self._transport.close()

    def charge_point(self, chargeBoxIdentity: str) -> ChargePoint:
        """The charge point of that identity, registered or not; nothing is asked of the gateway yet."""
        return ChargePoint(self._transport, chargeBoxIdentity)

    def whoami(self) -> Token:
        """The token that is used here: its name, scope, charge points and expiry."""
        return read(Token, self._transport.get("/whoami").object())

    def wait_for(self, question: Callable[[], T | None], timeout: float = 30.0, *, what: str = "it") -> T:
        """What `question` answers as soon as that is true, asked again and again for `timeout` seconds.

        Else `NotInTime` is raised, and says that `what` did not happen. `point.wait_for` also shows the messages of
        that station then.
        """
        return until(self._transport, question, timeout, lambda: f"waited {timeout:g} s for {what}")
