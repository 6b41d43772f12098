"""The gateway of a test: one in this process with a store of its own, or one that is deployed somewhere.

Both are reached over HTTP alone. The one in this process is the real one, with its web API and its courier; only the
HTTP server is another than gunicorn, which needs a process of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import bootstrap, client
from ..errors import OcppSoapError, SettingsError
from ..settings import PREFIX, Settings
from ..simulator.clock import Clock
from ..simulator.listening import Listening
from ..store.schema import upgrade

PATH = "/ocpp"

# Calls to stations at the same time.
COURIERS = 8
# Seconds in which a deployed gateway has to answer for the first time.
ATTENTION = 5.0
# Seconds in which the calls in flight may end; the stations are gone by then.
LAST_CALLS = 5.0

OPEN = {"environment": "development", "unknown_charge_points": "accept", "unknown_tags": "accept"}
"""The settings of a gateway in this process, unless a test says otherwise."""


@dataclass(frozen=True)
class Gateway:
    """A running gateway: stations call `url`, programs use `client`, whose token may do everything, or `token`.

    `deployed` says that it is not this test's own: others may use it too, and nothing in it is removed at the end.
    """

    url: str
    token: str = field(repr=False)
    client: client.Gateway = field(repr=False)
    deployed: bool = False


def empty_store(folder: Path) -> Path:
    """A store without contents, to be copied for each gateway."""
    path = folder / "empty.db"
    upgrade(f"sqlite:///{path}")
    return path


@contextmanager
def running(store: Path, folder: Path, clock: Clock, settings: Mapping[str, Any]) -> Iterator[Gateway]:
    """Runs a gateway in this process, on a copy of `store` in `folder` and on a free port, until the end.

    `settings` are those of OCPP_SOAP_*, in small letters; raises `SettingsError` for one that is unknown or bad.
    """
    if not isinstance(clock, Clock):
        raise SettingsError(f"ocpp_clock: expected an ocpp_soap.testing.Clock, found {clock!r}")
    database = shutil.copy(store, folder / "gateway.db")
    with ExitStack() as stack:
        inside: list[bootstrap.Gateway] = []
        last = stack.enter_context(ExitStack())  # when nobody is let in any more
        server = Listening(lambda *asked: inside[0].application(*asked), "127.0.0.1", [0], "gateway")
        stack.callback(server.close)
        base = f"http://127.0.0.1:{server.port}"
        chosen = {"database_url": f"sqlite:///{database}", "public_url": base + PATH} | OPEN | dict(settings)
        try:
            read = Settings.from_environment({PREFIX + name.upper(): str(value) for name, value in chosen.items()})
        except SettingsError as error:
            raise SettingsError(f"pytest.mark.gateway: {error}") from None
        inside.append(bootstrap.Gateway(read, clock.now))
        last.callback(inside[0].store.close)
        courier = inside[0].courier(COURIERS)
        courier.start()
        stack.callback(courier.stop, LAST_CALLS)
        _, token = inside[0].tokens.create("tests", "admin")
        yield Gateway(base + PATH, token, stack.enter_context(client.Gateway(base, token)))


@contextmanager
def deployed(url: str, token: str) -> Iterator[Gateway]:
    """A gateway that runs somewhere; `url` may end in /ocpp or /api/v1, or in neither.

    Raises `OcppSoapError` in words when it is none, can't be reached, or the token may not command stations.
    """
    base = url.rstrip("/").removesuffix(PATH).removesuffix("/api/v1")
    try:
        with client.Gateway(base, token, timeout=ATTENTION) as opened:
            told = opened.whoami()
    except (client.GatewayError, ValueError) as error:
        raise OcppSoapError(f"the gateway of --gateway-url can't be used: {error}") from error
    # The kit registers stations and idTags, which takes one for all charge points.
    lack = "may only read" if told.scope == "read" else "is for some charge points only" if told.chargePoints else ""
    if lack:
        another = "`ocpp-soap tokens create tests --scope operate` makes another"
        raise OcppSoapError(f"the token of --gateway-token {lack}; {another}")
    with client.Gateway(base, token) as opened:
        yield Gateway(base + PATH, token, opened, deployed=True)
