"""The configuration keys: types, read-only ones, those that wait for a boot."""

from __future__ import annotations

import pytest

from ocpp_soap.simulator.configuration import KEYS, Configuration


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("MeterValueSampleInterval", "10", "Accepted"),
        ("metervaluesampleinterval", "10", "Accepted"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("MeterValueSampleInterval", "ten", "Rejected"),
        ("LocalPreAuthorize", "true", "Accepted"),
        ("LocalPreAuthorize", "yes", "Rejected"),
        ("LightIntensity", "101", "Rejected"),
        ("MeterValuesSampledData", "Voltage, Current.Import", "Accepted"),
        ("MeterValuesSampledData", "", "Accepted"),
        ("MeterValuesSampledData", "RPM", "Rejected"),
        ("NumberOfConnectors", "2", "Rejected"),
        ("ConnectorPhaseRotation", "0.STR", "RebootRequired"),
        ("NoSuchKey", "1", "NotSupported"),
    ],
)
def test_a_change_is_answered_by_type_and_kind_of_the_key(key: str, value: str, status: str) -> None:
    """Keys are compared without regard to case (§5.3)."""
    assert status == Configuration().change(key, value)


def test_an_accepted_change_holds_and_a_rejected_one_does_not() -> None:
    """The key keeps its own spelling."""
    configuration = Configuration()
    configuration.change("heartbeatinterval", "60")
    configuration.change("HeartbeatInterval", "soon")
    assert configuration.number("HeartbeatInterval") == 60


def test_a_change_that_requires_a_reboot_holds_after_it() -> None:
    """And not before."""
    configuration = Configuration()
    configuration.change("ConnectorPhaseRotation", "0.STR")
    before = configuration["ConnectorPhaseRotation"]
    configuration.boot()
    assert (KEYS["ConnectorPhaseRotation"].default, "0.STR") == (before, configuration["ConnectorPhaseRotation"])


def test_asking_for_no_key_gives_all() -> None:
    """With their values and whether they are read-only."""
    answer = Configuration().get([])
    assert sorted(KEYS) == [entry["key"] for entry in answer["configurationKey"]]
    assert "unknownKey" not in answer


def test_asking_for_keys_separates_the_unknown_ones() -> None:
    """They come back as they were asked for."""
    answer = Configuration().get(["numberofconnectors", "Nonsense"])
    known = [{"key": "NumberOfConnectors", "readonly": True, "value": "1"}]
    assert {"configurationKey": known, "unknownKey": ["Nonsense"]} == answer


def test_values_can_be_given_from_inside_also_for_keys_of_its_own() -> None:
    """Booleans and numbers are written as the standard has them."""
    configuration = Configuration(LocalPreAuthorize=True, VendorKey=7)
    assert ("true", "7") == (configuration["LocalPreAuthorize"], configuration["VendorKey"])
    assert configuration.change("vendorkey", "anything") == "Accepted"
