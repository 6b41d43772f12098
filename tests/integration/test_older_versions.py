"""Golden messages of older versions at a whole gateway: answered in their own words, kept in the newest ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from werkzeug.test import Client

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.central.records import Exchange
from ocpp_soap.protocol import catalog
from ocpp_soap.settings import Settings
from ocpp_soap.store.schema import upgrade

WIRE = Path(__file__).resolve().parent.parent / "wire"
IDENTITY = "CP-2041"
OLDER = catalog.VERSIONS[1:]


@pytest.fixture(params=["accept", "pending"])
def gateway(database_url: str, request: pytest.FixtureRequest) -> Iterator[Gateway]:
    """A gateway in this process; "accept" takes in every station."""
    upgrade(database_url)
    gateway = Gateway(Settings(database_url=database_url, unknown_charge_points=request.param))
    yield gateway
    gateway.store.close()


def golden(version: str, operation: str) -> bytes:
    """A golden request of a station."""
    return (WIRE / version / "cs" / f"{operation}.request.xml").read_bytes()


def send(gateway: Gateway, message: bytes) -> etree._Element:
    """The content of the answer's Body."""
    response = Client(gateway.application).post("/ocpp", data=message, content_type="application/soap+xml")
    assert 200 == response.status_code, response.data
    return etree.fromstring(response.data)[1][0]


def latest(gateway: Gateway) -> Exchange:
    """The newest row of the journal."""
    with gateway.store.reading() as work:
        return work.journal.list(limit=1)[0]


@pytest.mark.parametrize("version", OLDER)
@pytest.mark.parametrize("gateway", ["pending"], indirect=True)
def test_a_station_that_waits_for_acceptance_is_told_so_in_its_words(gateway: Gateway, version: str) -> None:
    """There is no Pending: Rejected, the gateway's time, and the interval under its older name; the journal says so."""
    told = send(gateway, golden(version, "BootNotification"))
    assert ["status", "currentTime", "heartbeatInterval"] == [etree.QName(child).localname for child in told]
    assert "Rejected" == told.findtext("{*}status")
    assert [("status", "Pending")] == [(flag["path"], flag["raw"]) for flag in latest(gateway).flags]


@pytest.mark.parametrize("version", OLDER)
@pytest.mark.parametrize("gateway", ["accept"], indirect=True)
def test_a_start_that_is_sent_again_is_answered_as_the_first_time(gateway: Gateway, version: str) -> None:
    """The same transactionId, and one transaction."""
    first, again = (send(gateway, golden(version, "StartTransaction")).findtext("{*}transactionId") for _ in range(2))
    assert first == again
    with gateway.store.reading() as work:
        assert [int(first or 0)] == [transaction.id for transaction in work.transactions.list()]


@pytest.mark.parametrize("version", OLDER)
@pytest.mark.parametrize("gateway", ["accept"], indirect=True)
def test_a_body_without_a_namespace_is_of_the_version_that_the_station_spoke_last(
    gateway: Gateway, version: str
) -> None:
    """Of a station that nobody has heard yet it is the newest one's."""
    bare = golden(version, "MeterValues").replace(b"<cs:", b"<").replace(b"</cs:", b"</")
    bare = bare.replace(b"<chargeBoxIdentity", b"<cs:chargeBoxIdentity").replace(b"</chargeBox", b"</cs:chargeBox")
    send(gateway, bare)
    assert catalog.VERSIONS[0] == latest(gateway).version
    send(gateway, golden(version, "Heartbeat"))
    send(gateway, bare)
    assert version == latest(gateway).version
