"""The core cases of OCPP 1.6 certification of a Central System, between the real gateway and a simulated station."""

from __future__ import annotations

from datetime import datetime

from .stations import Case


def test_tc001_cold_boot(case: Case) -> None:
    """A cold boot is accepted with time and interval, and the statuses that follow are confirmed."""
    station = case.station
    station.tick(20)
    boot = station.sent.of("BootNotification")[0].answer or {}
    assert ("Accepted", 3600) == (boot["status"], boot["interval"])
    assert isinstance(boot["currentTime"], datetime)
    assert (["Available"], ["Available"]) == (case.statuses(0), case.statuses(1))
    assert [] == station.sent.of("Heartbeat")
    assert [(0, "Available"), (1, "Available")] == [(c["connectorId"], c["status"]) for c in case.known()["connectors"]]
    case.confirmed("BootNotification", "StatusNotification")


def session_is_stored(case: Case, id_tag: str) -> None:
    """A regular session of a tag is closed in the store with all that the station said of it."""
    done = case.station.transactions[0]
    kept = case.latest()
    assert {"status": "Accepted"} == done.id_tag_info
    assert (done.transaction_id, id_tag, "Local") == (kept.id, kept.id_tag, kept.reason)
    assert (done.meter_start, done.meter_stop) == (kept.meter_start, kept.meter_stop)
    assert (done.started, done.stopped) == (kept.start_timestamp, kept.stop_timestamp)
    said = [
        v for one in case.station.sent.payloads("MeterValues") for m in one["meterValue"] for v in m["sampledValue"]
    ]
    kept_values = case.central.samples(kept.id)
    assert [(v["measurand"], v["value"], v["unit"]) for v in said] == [
        (s.measurand, s.value, s.unit) for s in kept_values
    ]
    case.confirmed("Authorize", "StartTransaction", "MeterValues", "StopTransaction", "StatusNotification")


def test_tc003_charging_plugin_first(case: Case) -> None:
    """A regular session in which the car comes first is confirmed throughout and closed in the store."""
    case.station.run_session("CERT003", seconds=90)
    assert ["Available", "Preparing", "Charging", "Finishing", "Available"] == case.statuses()
    session_is_stored(case, "CERT003")


def test_tc004_charging_id_first(case: Case) -> None:
    """A regular session in which identification comes first is confirmed throughout and closed in the store."""
    case.station.run_session("CERT004", seconds=90, plug_first=False)
    assert ["Authorize", "StatusNotification", "StartTransaction"] == case.station.sent.operations()[3:6]
    session_is_stored(case, "CERT004")


def test_tc005_ev_side_disconnect(case: Case) -> None:
    """A session that ends because the car leaves is stored with that reason."""
    case.station.run_session("CERT005", seconds=30, reason="EVDisconnected")
    assert ("CERT005", "EVDisconnected") == (case.latest().id_tag, case.latest().reason)
    case.confirmed("StatusNotification", "StopTransaction")


def test_tc013_hard_reset(case: Case) -> None:
    """A hard reset, sent from the command line, ends the session with its reason, and the station boots again."""
    case.station.start_transaction(1, "CERT013")
    case.station.tick(3)
    assert {"status": "Accepted"} == case.type_in("Reset", type="Hard")
    case.station.tick(5)
    assert ("CERT013", "HardReset") == (case.latest().id_tag, case.latest().reason)
    assert 2 == len(case.station.sent.of("BootNotification"))
    case.confirmed("BootNotification", "StatusNotification")


def test_tc014_soft_reset(case: Case) -> None:
    """A soft reset ends the session with its reason, and the station boots again."""
    case.station.start_transaction(1, "CERT014")
    case.station.tick(3)
    assert {"status": "Accepted"} == case.send("Reset", type="Soft")
    case.station.tick(5)
    assert ("CERT014", "SoftReset") == (case.latest().id_tag, case.latest().reason)
    assert 2 == len(case.station.sent.of("BootNotification"))
    case.confirmed("BootNotification", "StatusNotification")


def test_tc017_unlock_occupied(case: Case) -> None:
    """Unlocking a connector that charges ends the session."""
    case.station.start_transaction(1, "CERT017")
    case.station.tick(20)
    assert {"status": "Unlocked"} == case.send("UnlockConnector", connectorId=1)
    assert ("CERT017", "UnlockCommand") == (case.latest().id_tag, case.latest().reason)
    assert case.latest().stop_timestamp is not None
    case.confirmed("StopTransaction")


def test_tc018_unlock_failure(case: Case) -> None:
    """A failed unlock is an answer like any other; the session goes on until the station ends it."""
    case.station.faults.unlock_fails = True
    case.station.start_transaction(1, "CERT018")
    case.station.tick(20)
    assert {"status": "UnlockFailed"} == case.send("UnlockConnector", connectorId=1)
    assert case.latest().stop_timestamp is None
    case.station.stop_transaction()
    assert ("CERT018", "Local") == (case.latest().id_tag, case.latest().reason)
    assert case.latest().stop_timestamp is not None
    case.confirmed("StatusNotification", "StopTransaction")


def test_tc019_get_configuration_all(case: Case) -> None:
    """GetConfiguration without any key brings the whole configuration, which is stored."""
    answer = case.send("GetConfiguration")
    told, stored = (
        {entry["key"]: (entry["readonly"], entry.get("value")) for entry in entries}
        for entries in (answer["configurationKey"], case.known()["configuration"])
    )
    assert {"HeartbeatInterval", "SupportedFeatureProfiles"} <= set(told)
    assert told == stored
    case.confirmed()


def test_tc019_get_configuration_key(case: Case) -> None:
    """GetConfiguration of one key brings that key alone."""
    answer = case.send("GetConfiguration", key=["HeartbeatInterval"])
    expected = {"key": "HeartbeatInterval", "readonly": False, "value": "3600"}
    assert {"configurationKey": [expected]} == answer
    case.confirmed()


def test_tc021_change_configuration(case: Case) -> None:
    """A changed key is in force at the station and known to the gateway."""
    answer = case.send("ChangeConfiguration", key="MeterValueSampleInterval", value="10")
    assert ({"status": "Accepted"}, "10") == (answer, case.station.configuration["MeterValueSampleInterval"])
    assert [("MeterValueSampleInterval", "10")] == [(e["key"], e["value"]) for e in case.known()["configuration"]]
    case.confirmed()


def test_tc024_lock_failure(case: Case) -> None:
    """A connector that fails to lock is confirmed and known, though no transaction came of it."""
    station = case.station
    station.plug_in()
    station.set_status(1, "Faulted", "ConnectorLockFailure")
    assert ("Faulted", "ConnectorLockFailure") == tuple(
        case.known()["connectors"][1][name] for name in ("status", "errorCode")
    )
    station.unplug()
    station.set_status(1, "Available")
    assert ["Available", "Preparing", "Faulted", "Available"] == case.statuses()
    assert [] == station.sent.of("StartTransaction")
    case.confirmed("StatusNotification")


def test_tc031_unlock_unknown_connector(case: Case) -> None:
    """A connector that nobody knows can be addressed; the station says what it thinks of it."""
    assert {"status": "NotSupported"} == case.send("UnlockConnector", connectorId=99)
    assert [0, 1] == [c["connectorId"] for c in case.known()["connectors"]]
    case.confirmed()


def test_tc061_clear_cache(case: Case) -> None:
    """ClearCache empties the station's cache."""
    case.station.authorize("CERT003")
    assert {"status": "Accepted"} == case.send("ClearCache")
    assert {} == case.station.cache.entries
    case.confirmed("Authorize")


def test_tc064_data_transfer(case: Case) -> None:
    """Data of a vendor that no plug-in knows is confirmed in those words, and kept."""
    answer = case.station.data_transfer("com.example.cert16", "certTest", "hello-csms")
    assert {"status": "UnknownVendorId"} == answer
    kept = case.known()["dataTransfers"]
    assert [("com.example.cert16", "certTest", "hello-csms", "UnknownVendorId")] == [
        (one["vendorId"], one["messageId"], one["data"], one["status"]) for one in kept
    ]
    case.confirmed("DataTransfer")
