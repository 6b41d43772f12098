"""The messages of real stations and of other people's tests, where the folder shared/ is there to read them from."""

from __future__ import annotations

import csv
from pathlib import Path

from ocpp_soap.errors import Fault
from tests.unit.soap.endpoint import CENTRAL, Station, ask, endpoint, ready_answers, versions

# What must be refused: an undefined entity, and an operation that its version does not have.
REFUSED = {"shiv3-xxe": "ProtocolError", "not-in-12": "NotSupported"}


def test_every_request_of_the_corpus_is_understood(shared: Path) -> None:
    """Whatever its oddities, a request reaches the receiver as its operation; the few others get their fault."""
    corpus = shared / "corpus"
    services = [version.central_system for version in versions()]
    known = {version.name for version in versions()}
    others = {version.charge_point.namespace: version.name for version in versions()}
    station = Station(ready_answers(services[0]))
    app = endpoint(station.receive, services, CENTRAL, other_namespaces=others)
    expected, actual = {}, {}
    with (corpus / "INDEX.tsv").open() as index:
        for row in csv.DictReader(index, delimiter="\t"):
            if (row["direction"], row["kind"]) == ("CP->CS", "request") and row["version"] in known:
                ask(app, (corpus / row["file"]).read_bytes())
                refusal = next((subcode for name, subcode in REFUSED.items() if name in row["file"]), None)
                expected[row["file"]] = refusal or row["operation"].lower()
                fault = station.request.subcode if isinstance(station.request, Fault) else None
                actual[row["file"]] = fault or station.call.operation.lower()
    assert expected == actual
    assert len(actual) > 20
