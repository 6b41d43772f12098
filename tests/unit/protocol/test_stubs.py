"""The typed operations of the client are those of the WSDLs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ocpp_soap.client import ChargePoint
from ocpp_soap.protocol import catalog, stubs
from tests.conftest import PROJECT

NEWEST = catalog.load().newest
CLIENT = PROJECT / "ocpp_soap" / "client"


@pytest.mark.parametrize("name", sorted(stubs.files(NEWEST)))
def test_what_is_committed_is_current(name: str) -> None:
    """`python -m ocpp_soap.protocol.stubs ocpp_soap/client` changes nothing."""
    assert stubs.files(NEWEST)[name] == (CLIENT / name).read_text(encoding="utf-8")


def test_every_operation_is_a_method_that_takes_each_field_by_its_name() -> None:
    """Fields that are required have no default; what is no field of the standard has no name."""
    for operation in NEWEST.charge_point.operations.values():
        method = getattr(ChargePoint, stubs.method_name(operation.name))
        fields = operation.input.type.contents
        assert [field.name for field in fields] == list(method.__annotations__)[1:-1]
        assert [f.name for f in fields if not f.required] == list(method.__kwdefaults__ or {})
        assert 2 == method.__code__.co_posonlyargcount, "self and the options"


def test_a_field_may_have_any_name_of_the_standard() -> None:
    """Even one that is called options can't be taken for how the command is sent."""
    reset = NEWEST.charge_point.operations["Reset"]
    fields = tuple(replace(field, name="options") for field in reset.input.type.contents)
    odd = replace(reset, input=replace(reset.input, type=replace(reset.input.type, fields=fields)))
    service = replace(NEWEST.charge_point, operations={"Reset": odd})
    text = stubs.files(replace(NEWEST, charge_point=service))["more_operations.py"]
    assert "/, *, options: words.ResetType" in text
    compile(text, "more_operations.py", "exec")
