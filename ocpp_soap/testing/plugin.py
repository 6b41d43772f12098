"""What pytest loads: options, fixtures and hooks.

It imports pytest alone until a test asks for one of its fixtures: it is loaded wherever this package is installed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from .late import room

if TYPE_CHECKING:
    from ..client import Gateway as Client
    from ..simulator.clock import Clock
    from .gateway import Gateway
    from .stations import ChargePoints

POINTS = pytest.StashKey["ChargePoints"]()
"""The charge points of a test, for its report."""

MARKER = (
    "gateway(**settings): settings of the gateway in this process, named as in OCPP_SOAP_*, such as "
    'unknown_tags="reject"; against a deployed gateway the test is skipped.'
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command line."""
    group = parser.getgroup("ocpp-soap", "a gateway and charge points (ocpp-soap)")
    group.addoption(
        "--gateway-url",
        metavar="URL",
        help="Run against the gateway that is deployed there, such as https://ocpp.example.com, and not against one in "
        "this process. It has to be able to call the stations back: see --station-host.",
    )
    group.addoption(
        "--gateway-token",
        metavar="TOKEN",
        help="Its token, of `ocpp-soap tokens create tests --scope operate`; better in PYTEST_ADDOPTS than in sight of "
        "all who use the machine.",
    )
    group.addoption(
        "--station-host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="The address of this machine on which simulated stations listen for the gateway's commands "
        "(default: 127.0.0.1).",
    )
    group.addoption(
        "--station-port-range",
        metavar="FIRST-LAST",
        type=_ports,
        default=(0,),
        help="The ports on which they listen, such as 20000-20100; one for each that lives at the same time "
        "(default: any free ones).",
    )


def _ports(text: str) -> range:
    first, _, last = text.partition("-")
    try:
        found = range(int(first), int(last or first) + 1)
    except ValueError:
        found = range(0)
    if not found or not 1 <= found[0] <= found[-1] <= 65535:
        raise pytest.UsageError(f"--station-port-range: expected FIRST-LAST such as 20000-20100, found {text!r}")
    return found


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known, and refuses options that make no sense together."""
    config.addinivalue_line("markers", MARKER)
    url, token = config.getoption("gateway_url"), config.getoption("gateway_token")
    if bool(url) != bool(token):
        raise pytest.UsageError("--gateway-url and --gateway-token go together: one of them is missing")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Says which gateway is tested, where it is not one in this process."""
    url = config.getoption("gateway_url")
    return f"gateway: {url}, calling stations at {config.getoption('station_host')}" if url else None


@pytest.fixture
def ocpp_clock() -> Clock:
    """The time of all charge points of the test, and of the gateway when it is in this process; yours may stand still.

    It is real time, which `tick` moves on at once. Override this fixture for another.
    """
    clock: Clock = room("..simulator.clock").Clock()
    return clock


@pytest.fixture
def ocpp_ids() -> Iterator[str]:
    """What makes identities, idTags and MessageIDs different from all others; override it to have them known before."""
    run = secrets.token_hex(3).upper()
    return (f"{run}-{number}" for number in count(1))


@pytest.fixture(scope="session")
def _empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The gateway would import these at its first requests, when warnings may be errors.
    for late in ("..soap.client", "..soap.scout", "..soap.server", "..web.interface"):
        room(late)
    store: Path = room(".gateway").empty_store(tmp_path_factory.mktemp("ocpp-soap"))
    return store


@pytest.fixture
def gateway(request: pytest.FixtureRequest, ocpp_clock: Clock) -> Iterator[Gateway]:
    """A gateway with an empty store, in this process; or the one of --gateway-url, which others use as well.

    Any station and any idTag is accepted here, unless `pytest.mark.gateway` says otherwise.
    """
    markers = list(request.node.iter_markers("gateway"))  # the closest first
    if any(one.args for one in markers):
        pytest.fail(f"pytest.mark.{MARKER}", pytrace=False)
    option = request.config.getoption
    if option("gateway_url") and markers:
        pytest.skip("it wants a gateway with settings of its own, and --gateway-url names one that has its own")
    store = None if option("gateway_url") else request.getfixturevalue("_empty_store")
    settings = {name: value for one in reversed(markers) for name, value in one.kwargs.items()}
    with ExitStack() as stack:
        if store is None:
            opened = room(".gateway").deployed(option("gateway_url"), option("gateway_token"))
        else:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="ocpp-soap-")))
            opened = room(".gateway").running(store, folder, ocpp_clock, settings)
        try:
            started = stack.enter_context(opened)
        except room("..errors").OcppSoapError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None  # said once, not with all its causes
        yield started


@pytest.fixture
def gateway_client(gateway: Gateway) -> Client:
    """The Python client of the gateway's web API (docs/programs.md)."""
    return gateway.client


@pytest.fixture
def charge_point(
    request: pytest.FixtureRequest, gateway: Gateway, ocpp_clock: Clock, ocpp_ids: Iterator[str]
) -> Iterator[ChargePoints]:
    """Makes charge points: `charge_point(identity=None, version=…, **boot)`, see `ocpp_soap.testing.ChargePoints`.

    They end with the test. What a failing test shows tells of each.
    """
    option = request.config.getoption
    points = room(".stations").ChargePoints(
        gateway, ocpp_clock, ocpp_ids, option("station_host"), option("station_port_range")
    )
    request.node.stash[POINTS] = points
    yield points
    points.close()


@pytest.fixture
def id_tag(gateway: Gateway, ocpp_ids: Iterator[str]) -> Iterator[Callable[..., str]]:
    """Makes idTags that the gateway knows: `id_tag("TAG", blocked=True)`, or `id_tag()` for one like no other.

    Fields are those of `gateway_client.id_tags.save`. A deployed gateway forgets them after the test.
    """
    made: list[str] = []

    def make(idTag: str | None = None, **fields: Any) -> str:
        name = f"TAG-{next(ocpp_ids)}" if idTag is None else idTag
        made.append(gateway.client.id_tags.save(name, **fields).idTag)
        return made[-1]

    yield make
    for one in dict.fromkeys(made) if gateway.deployed else ():
        with suppress(room("..client").NotFound):  # the test may have removed it
            gateway.client.id_tags.remove(one)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A test that has passed fails when a command that it expected never came."""
    result = yield
    if POINTS in item.stash and (unmet := item.stash[POINTS].unmet()):
        pytest.fail("\n".join(unmet), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what went between charge points and gateway."""
    report = yield
    if report.failed and call.when != "teardown" and POINTS in item.stash:
        points = item.stash[POINTS]
        report.sections += room(".report").sections(points.gateway, points.made)
    return report
