"""Stations of every older version at a real gateway: whole sessions, every command, and what they cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ocpp_soap.central.records import Tag
from ocpp_soap.errors import InvalidPayload, Refused
from ocpp_soap.protocol import catalog
from ocpp_soap.simulator.traits import Traits
from ocpp_soap.simulator.wire import SoapWire

from .stations import NUMBERS, Case, Central
from .test_commands import PROFILE, STEPS

ACCEPTED = {"status": "Accepted"}
TAG = "CERT-TAG-1"
# What an older station says in fewer words, or does not say at all.
NOTED = ("status", "reason", "transactionId", "values[0].value[0].unit", "values[0].value[1].unit")


@pytest.fixture(params=catalog.VERSIONS[1:])
def older(central: Central, request: pytest.FixtureRequest) -> Iterator[Case]:
    """A station of each older version."""
    wire = SoapWire(central.gateway.url, version=request.param)
    measurands = "Energy.Active.Import.Register,Current.Import"
    traits = Traits(configuration={"MeterValuesSampledData": measurands})
    with central.station("older", wire=wire, traits=traits) as station:
        yield Case(central, station)
        assert request.param == central.registered(station.identity).version


def shown(case: Case) -> str:
    """The status of connector 1, as the operator sees it."""
    status: str = case.known()["connectors"][1]["status"]
    return status


def test_a_whole_session_is_kept_in_the_newest_words(older: Case) -> None:
    """What Occupied means follows from the transactions; energy, times and reason are in the store."""
    station = older.station
    statuses = [shown(older)]
    station.plug_in()
    statuses.append(shown(older))
    transaction = station.start_transaction(1, TAG)
    statuses.append(shown(older))
    station.tick(130)
    station.stop_transaction()
    statuses.append(shown(older))
    station.unplug()
    assert ["Available", "Preparing", "Charging", "Finishing", "Available"] == [*statuses, shown(older)]
    stored = older.latest()
    assert (transaction.transaction_id, TAG, "Local") == (stored.id, stored.id_tag, stored.reason)
    assert (transaction.meter_start, transaction.meter_stop) == (stored.meter_start, stored.meter_stop)
    kept = {(s.measurand, s.unit) for s in older.central.samples(stored.id)}
    # The oldest version has no word for current; that it can't name the transaction of its values is made up for.
    energy = ("Energy.Active.Import.Register", "Wh")
    told = {"1.5": {energy, ("Current.Import", "A")}, "1.2": {energy}}
    assert told[older.central.registered(station.identity).version or ""] == kept
    older.confirmed("BootNotification", "Authorize", "StartTransaction", "MeterValues", "StopTransaction", noted=NOTED)


def test_every_command_of_its_version_is_answered_and_the_others_are_refused(older: Case) -> None:
    """Nothing that a station does not know is sent or recorded; the reason names its version."""
    known = catalog.load().versions[older.station.wire.version].charge_point.operations  # type: ignore[attr-defined]
    for step in STEPS:
        sent = len(older.central.journal(older.station.identity, "out"))
        if step.operation in known:
            answer = older.send(step.operation, **step.payload)
            assert step.answer == {name: answer[name] for name in step.answer}, step.operation
            assert step.expected == step.seen(older.known()), step.operation
        else:
            with pytest.raises(Refused, match=f"speaks OCPP 1.., which has no {step.operation}"):
                older.send(step.operation, **step.payload)
            assert sent == len(older.central.journal(older.station.identity, "out"))
    # The states on the way have no word: the station says only how it ended, and is none the worse for it.
    assert [{"status": "UploadFailed"}] == older.station.sent.payloads("DiagnosticsStatusNotification")


def test_a_remote_start_and_stop_reach_an_older_station(older: Case) -> None:
    """Without a charging profile, which it does not know, unless the caller does without."""
    profile: dict[str, Any] = PROFILE | {"chargingProfilePurpose": "TxProfile"}
    asked = {"connectorId": 1, "idTag": TAG}
    identity = older.station.identity
    version = older.central.registered(identity).version
    with pytest.raises(InvalidPayload, match=rf"chargingProfile: .* OCPP {version} has no charging profiles"):
        older.central.send(identity, "RemoteStartTransaction", asked | {"chargingProfile": profile})
    sent = older.central.inside.commands.send(
        identity, "RemoteStartTransaction", asked | {"chargingProfile": profile}, ["chargingProfile"]
    )
    assert (asked, ACCEPTED) == (sent.request, sent.answer)
    older.station.settle()
    running = older.latest()
    assert ACCEPTED == older.send("RemoteStopTransaction", transactionId=running.id)
    assert ("Local", older.station.transactions[0].transaction_id) == (older.latest().reason, running.id)
    older.confirmed("StartTransaction", "StopTransaction", noted=NOTED)


@pytest.mark.parametrize("version", catalog.VERSIONS)
@pytest.mark.parametrize("central", ["sqlite"], indirect=True)
def test_stations_of_a_version_are_simulated_on_the_command_line(central: Central, version: str) -> None:
    """Two sessions without an error, in the store in full."""
    number = next(NUMBERS)
    identity, tag = f"version-{number}", f"VERSION-{number}"
    central.save_tags([Tag(tag, False, None, None, None)])
    options = ["--version", version, "--sessions", "2", "--seconds", "150", "--speed", "0", "--identity", identity]
    said = central.gateway.json("simulate", central.gateway.url, *options, "--id-tag", tag)
    assert (2, [], False) == (said["sessions"], said["errors"], said["interrupted"])
    assert [(tag, "Local")] * 2 == [(one.id_tag, one.reason) for one in central.transactions(identity)]
    assert version == central.registered(identity).version
