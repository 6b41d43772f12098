"""The certification cases of remote starts, stops and triggers, between the real gateway and a simulated station."""

from __future__ import annotations

from .stations import Case

ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}


def running(case: Case, id_tag: str) -> int:
    """The transactionId of the tag's open transaction, as the gateway has it."""
    found = [one.id for one in case.central.transactions(case.station.identity, id_tag) if one.stop_timestamp is None]
    assert 1 == len(found)
    return found[0]


def test_tc010_remote_start(case: Case) -> None:
    """A remote start becomes a transaction of that tag, without Authorize, and a remote stop ends it."""
    case.station.configuration["MeterValueSampleInterval"] = 5
    assert ACCEPTED == case.send("RemoteStartTransaction", connectorId=1, idTag="CERT-TAG-1")
    assert ["Available", "Preparing", "Charging"] == case.statuses()
    case.station.tick(8)
    assert ACCEPTED == case.send("RemoteStopTransaction", transactionId=running(case, "CERT-TAG-1"))
    assert ("CERT-TAG-1", "Remote") == (case.latest().id_tag, case.latest().reason)
    assert [] == case.station.sent.of("Authorize")
    case.confirmed("StatusNotification", "StartTransaction", "MeterValues", "StopTransaction")


def test_tc011_remote_start_stop(case: Case) -> None:
    """A remote start and a remote stop make a transaction that is closed, as the command line shows it too."""
    assert ACCEPTED == case.send("RemoteStartTransaction", connectorId=1, idTag="CERT-TAG-2")
    case.station.tick(5)
    assert ACCEPTED == case.send("RemoteStopTransaction", transactionId=running(case, "CERT-TAG-2"))
    assert ["Remote"] == [one["reason"] for one in case.station.sent.payloads("StopTransaction")]
    shown = case.central.gateway.json("transactions", "show", str(case.latest().id))
    assert ("CERT-TAG-2", "Remote") == (shown["idTag"], shown["reason"])
    assert shown["stopTimestamp"] is not None
    assert [] == case.station.sent.of("Authorize")
    case.confirmed("StatusNotification", "StartTransaction", "StopTransaction")


def test_tc012_remote_stop(case: Case) -> None:
    """A session that began at the station is stopped from afar by the transactionId that the gateway gave it."""
    started = case.station.start_transaction(1, "CERT012")
    case.station.tick(4)
    assert started.transaction_id is not None
    assert ACCEPTED == case.send("RemoteStopTransaction", transactionId=started.transaction_id)
    assert (started.transaction_id, "CERT012", "Remote") == (
        case.latest().id,
        case.latest().id_tag,
        case.latest().reason,
    )
    case.confirmed("StatusNotification", "StopTransaction")


def test_tc026_remote_start_rejected(case: Case) -> None:
    """A remote start that the station rejects makes no transaction."""
    case.station.answers.once("RemoteStartTransaction", REJECTED)
    assert REJECTED == case.send("RemoteStartTransaction", connectorId=1, idTag="CERT-TAG-1")
    assert [] == case.central.transactions(case.station.identity)
    case.confirmed()


def test_tc028_remote_stop_rejected(case: Case) -> None:
    """A remote stop that the station rejects leaves the transaction open until the station ends it."""
    started = case.station.start_transaction(1, "CERT028")
    case.station.answers.once("RemoteStopTransaction", REJECTED)
    assert REJECTED == case.send("RemoteStopTransaction", transactionId=started.transaction_id)
    assert case.latest().stop_timestamp is None
    case.station.stop_transaction()
    assert ("CERT028", "Local") == (case.latest().id_tag, case.latest().reason)
    assert case.latest().stop_timestamp is not None
    case.confirmed("StopTransaction")


def test_tc054_trigger_message(case: Case) -> None:
    """A triggered Heartbeat comes and is confirmed."""
    assert ACCEPTED == case.send("TriggerMessage", requestedMessage="Heartbeat")
    assert 1 == len(case.station.sent.of("Heartbeat"))
    case.confirmed("Heartbeat", "StatusNotification")


def test_tc055_trigger_message_rejected(case: Case) -> None:
    """A trigger that the station rejects brings nothing."""
    case.station.answers.once("TriggerMessage", REJECTED)
    assert REJECTED == case.send("TriggerMessage", requestedMessage="Heartbeat")
    case.station.tick(5)
    assert [] == case.station.sent.of("Heartbeat")
    case.confirmed()
