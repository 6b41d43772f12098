"""The Python client and the OpenAPI document of a running gateway: neither has what the other lacks."""

from __future__ import annotations

import inspect
import json
import urllib.request
from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from ocpp_soap import client
from ocpp_soap.client import access, batches, charge_point, charge_points, id_tags, resources

from .gateway import Gateway

pytestmark = pytest.mark.xdist_group("programs")

MODELS = {
    "Batch": client.Batch,
    "Callback": client.Callback,
    "ChargePoint": client.Portrait,
    "ChargePointSummary": client.ChargePointSummary,
    "Command": client.Command,
    "Exchange": client.JournalEntry,
    "Profile": charge_point.Profile,
    "Reservation": client.Reservation,
    "Token": client.Token,
    "TokenWithText": client.NewToken,
}
# A portrait repeats commands; `answer` is a property, and `outcome` the state of one that has ended.
NO_FIELDS = {"commands", "answer", "outcome"}

# What the client has as methods of their own, or by itself.
OTHERWISE = {"cursor", "registered", "known"}
LISTS: dict[str, Callable[..., Any]] = {
    "/audit": access.Audit.list,
    "/batches": batches.Batches.list,
    "/charge-points": charge_points.ChargePoints.list,
    "/charge-points/{identity}/commands": charge_point.ChargePoint.commands,
    "/charge-points/{identity}/journal": charge_point.ChargePoint.journal,
    "/charging-profiles": resources.ChargingProfiles.list,
    "/commands": batches.Commands.list,
    "/id-tags": id_tags.IdTags.list,
    "/local-lists": resources.LocalLists.list,
    "/reservations": resources.Reservations.list,
    "/tokens": access.Tokens.list,
    "/transactions": resources.Transactions.list,
}
SENT: dict[str, Callable[..., Any]] = {
    "post /charge-points": charge_points.ChargePoints.register,
    "patch /charge-points/{identity}": charge_point.ChargePoint.change,
    "post /transactions/{number}/close": resources.Transactions.close,
    "put /id-tags/{id_tag}": id_tags.IdTags.save,
    "post /tokens": access.Tokens.create,
}


@pytest.fixture(scope="module")
def document(process: Gateway) -> Any:
    """The OpenAPI document as the gateway tells it."""
    with urllib.request.urlopen(process.url.replace("/ocpp", "/api/v1/openapi.json")) as answer:
        return json.load(answer)


def words_of(kind: Any) -> set[str]:
    """The words of a Literal, with None or without."""
    inside = {word for one in get_args(kind) for word in words_of(one)}
    return set(get_args(kind)) if get_origin(kind) is Literal else inside


def parameters(method: Callable[..., Any]) -> set[str]:
    """The names of what a method takes."""
    return {*inspect.signature(method).parameters} - {"self", "etag"}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_each_field_and_the_same_words(document: Any, name: str) -> None:
    """What the gateway tells has a field, and what is one of a few there is one of the same few here."""
    told = document["components"]["schemas"][name]["properties"]
    hints = get_type_hints(MODELS[name])
    assert set() == told.keys() - hints.keys() - NO_FIELDS
    for field in hints.keys() & {field for field, schema in told.items() if "enum" in schema}:
        assert set(told[field]["enum"]) - {None} == words_of(hints[field]), field


def test_each_list_takes_each_filter(document: Any) -> None:
    """No parameter of a list is out of reach, and none is made up."""
    taken = {
        path.removeprefix("/api/v1"): {one["name"] for one in operations["get"]["parameters"] if one["in"] == "query"}
        for path, operations in document["paths"].items()
        if any(one.get("name") == "cursor" for one in operations.get("get", {}).get("parameters", []))
    }
    assert {path: names - OTHERWISE for path, names in taken.items()} == {
        path: parameters(method) for path, method in LISTS.items()
    }


def test_each_change_takes_each_field(document: Any) -> None:
    """What can be decided by a request can be decided by the client."""
    for request, method in SENT.items():
        verb, path = request.split()
        body = document["paths"][f"/api/v1{path}"][verb]["requestBody"]["content"]["application/json"]["schema"]
        schema = document["components"]["schemas"][body["$ref"].rpartition("/")[2]]
        assert set() == schema["properties"].keys() - parameters(method), request
    chosen = document["components"]["schemas"]["Stations"]["properties"].keys()
    assert chosen == parameters(batches.Batches.send) - {"operation", "payload", "options"}
    reset = document["paths"]["/api/v1/charge-points/{identity}/commands/Reset"]["post"]
    assert client.Options().fields().keys() == {one["name"] for one in reset["parameters"] if one["in"] == "query"}
