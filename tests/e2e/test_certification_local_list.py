"""The certification cases of the local authorization list, between the real gateway and a simulated station."""

from __future__ import annotations

from typing import Any

from .stations import Case

ACCEPTED = {"status": "Accepted"}


def update(version: int, id_tag: str, kind: str = "Full") -> dict[str, Any]:
    """A SendLocalList with one tag."""
    entry = {"idTag": id_tag, "idTagInfo": ACCEPTED}
    return {"updateType": kind, "listVersion": version, "localAuthorizationList": [entry]}


def test_tc042_1_get_local_list_version_not_supported(case: Case) -> None:
    """The -1 of a station without a local list is taken as an answer."""
    case.station.configuration["LocalAuthListEnabled"] = False
    assert {"listVersion": -1} == case.send("GetLocalListVersion")
    assert -1 == case.known()["localListVersion"]
    case.confirmed()


def test_tc042_2_get_local_list_version_empty(case: Case) -> None:
    """The version of a list that is empty is 0."""
    assert {"listVersion": 0} == case.send("GetLocalListVersion")
    assert 0 == case.known()["localListVersion"]
    case.confirmed()


def test_tc043_1_send_local_list_not_supported(case: Case) -> None:
    """A list that a station does not support changes nothing of what is known."""
    case.station.configuration["LocalAuthListEnabled"] = False
    assert {"status": "NotSupported"} == case.send("SendLocalList", **update(1, "CERT-TAG-1"))
    assert case.known()["localListVersion"] is None
    case.confirmed()


def test_tc043_3_send_local_list_failed(case: Case) -> None:
    """A list that a station fails to take changes nothing of what is known."""
    case.station.answers.once("SendLocalList", {"status": "Failed"})
    assert {"status": "Failed"} == case.send("SendLocalList", **update(1, "CERT-TAG-1"))
    assert case.known()["localListVersion"] is None
    case.confirmed()


def test_tc043_4_send_local_list_full(case: Case) -> None:
    """A full list that is accepted is in force there, and its version is known here."""
    assert ACCEPTED == case.send("SendLocalList", **update(1, "CERT-TAG-1"))
    assert (1, ACCEPTED) == (case.station.local_list.version, case.station.local_list.find("CERT-TAG-1"))
    assert 1 == case.known()["localListVersion"]
    case.confirmed()


def test_tc043_5_send_local_list_differential(case: Case) -> None:
    """A differential list after a full one carries only the chosen entry, and both count."""
    assert ACCEPTED == case.send("SendLocalList", **update(1, "CERT-TAG-1"))
    case.station.tick(3)
    assert ACCEPTED == case.send("SendLocalList", **update(2, "CERT-TAG-2", "Differential"))
    assert {"cert-tag-1", "cert-tag-2"} == set(case.station.local_list.entries)
    assert (2, 2) == (case.station.local_list.version, case.known()["localListVersion"])
    case.confirmed()
