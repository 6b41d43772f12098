"""What documents and programs get from the WSDLs: JSON Schemas and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ocpp_soap.protocol import catalog, export
from ocpp_soap.protocol.schema import ComplexType, Field, SimpleType
from tests.conftest import PROJECT

CATALOG = catalog.load()
STATION = CATALOG.newest.charge_point


def request(operation: str) -> ComplexType:
    """What an operation to a station takes."""
    return STATION.operations[operation].input.type


def bare(schema: Any) -> Any:
    """A schema without its prose."""
    if isinstance(schema, dict):
        return {name: bare(value) for name, value in schema.items() if name != "description"}
    return schema


def test_a_flat_message_becomes_an_object_with_facets() -> None:
    """Types, lengths, enumerations and what is required are those of the WSDL."""
    whole = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
    expected = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ReserveNowRequest",
        "type": "object",
        "properties": {
            "connectorId": whole,
            "expiryDate": {"type": "string", "format": "date-time"},
            "idTag": {"type": "string", "maxLength": 20},
            "parentIdTag": {"type": "string", "maxLength": 20},
            "reservationId": whole,
        },
        "additionalProperties": False,
        "required": ["connectorId", "expiryDate", "idTag", "reservationId"],
    }
    assert expected == bare(export.json_schema(request("ReserveNow")))


def test_nested_types_are_named_once() -> None:
    """A complex type stands under $defs and is referred to; lists and decimals keep their limits."""
    schema = bare(export.json_schema(request("SetChargingProfile")))
    assert {"$ref": "#/$defs/ChargingProfile"} == schema["properties"]["csChargingProfiles"]
    assert ["ChargingProfile", "ChargingSchedule", "ChargingSchedulePeriod"] == list(schema["$defs"])
    schedule = schema["$defs"]["ChargingSchedule"]["properties"]
    assert {
        "type": "array",
        "items": {"$ref": "#/$defs/ChargingSchedulePeriod"},
        "minItems": 1,
    } == schedule["chargingSchedulePeriod"]
    assert {"type": "number", "multipleOf": 0.1} == schedule["minChargingRate"]


def test_text_with_attributes_is_the_field_value() -> None:
    """An element that has a text of its own (a meter value of the older versions) has it under `value`."""
    text, unit = SimpleType("string", "string"), SimpleType("Unit", "string", enumeration=("Wh", "kWh"))
    meter = ComplexType("MeterValue", (Field("unit", unit, required=False, attribute=True),), text=text)
    expected = {"unit": {"type": "string", "enum": ["Wh", "kWh"]}, "value": {"type": "string"}}
    schema = export.json_schema(meter)
    assert (expected, ["value"]) == (schema["properties"], schema["required"])
    assert [("unit", "one of Wh, kWh", False, ""), ("value", "text", True, "")] == list(export.field_rows(meter))


@pytest.mark.parametrize("name", sorted(STATION.operations))
def test_every_message_has_a_schema_that_names_what_it_uses(name: str) -> None:
    """No reference of a schema leads nowhere, and each field of the type is there."""
    for message in (STATION.operations[name].input, STATION.operations[name].output):
        schema = export.json_schema(message.type)
        assert [field.name for field in message.type.fields] == list(schema["properties"])
        assert {f"#/$defs/{defined}" for defined in schema.get("$defs", {})} == references(schema)


def references(schema: Any) -> set[str]:
    """Every $ref in a schema."""
    if isinstance(schema, dict):
        own = {schema["$ref"]} if "$ref" in schema else set()
        return own.union(*(references(value) for value in schema.values()))
    return set().union(*map(references, schema)) if isinstance(schema, list) else set()


def test_the_rows_of_a_message_name_every_field_however_deep() -> None:
    """A path has a dot for each level and [] after a list."""
    paths = [path for path, *_ in export.field_rows(request("SendLocalList"))]
    expected = [
        "listVersion",
        "localAuthorizationList[]",
        "localAuthorizationList[].idTag",
        "localAuthorizationList[].idTagInfo",
        "localAuthorizationList[].idTagInfo.status",
        "localAuthorizationList[].idTagInfo.expiryDate",
        "localAuthorizationList[].idTagInfo.parentIdTag",
        "updateType",
    ]
    assert expected == paths


def test_tables_are_markdown_that_survives_a_bar() -> None:
    """A bar in a text does not end its cell."""
    kind = ComplexType("X", (Field("a", SimpleType("int", "int"), True, documentation="this | that"),))
    expected = [
        "| Field | What is expected | Required | What it is for |",
        "| --- | --- | --- | --- |",
        "| `a` | a whole number of 32 bits | yes | this \\| that |",
    ]
    assert expected == export.fields_table(kind).splitlines()


def test_the_operations_of_a_service_are_listed_by_name() -> None:
    """Each operation has one row with its documentation."""
    rows = export.operations_table(STATION).splitlines()[2:]
    assert [f"| `{name}` | {STATION.operations[name].documentation} |" for name in sorted(STATION.operations)] == rows


def test_a_document_is_renewed_between_its_markers() -> None:
    """What stands around the markers stays, what stood between them goes, and doing it again changes nothing."""
    renewed = export.renew(f"before\n{export.BEGIN}\nlast year's\n{export.END}\nafter\n", CATALOG)
    assert renewed.startswith(f"before\n{export.BEGIN}\n")
    assert renewed.endswith(f"{export.END}\nafter\n")
    assert ("last year" in renewed, 29) == (False, renewed.count("\n| `"))
    assert renewed == export.renew(renewed, CATALOG)


def test_a_document_without_markers_is_refused() -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="markers"):
        export.renew(f"{export.END} {export.BEGIN}", CATALOG)


def test_the_command_rewrites_the_files_it_is_given(tmp_path: Path) -> None:
    """`python -m ocpp_soap.protocol.export FILE` renews it in place."""
    document = tmp_path / "README.md"
    document.write_text(f"{export.BEGIN}{export.END}", encoding="utf-8")
    export.main([str(document)])
    assert export.renew(f"{export.BEGIN}{export.END}", CATALOG) == document.read_text(encoding="utf-8")


def test_the_tables_of_the_readme_are_those_of_the_wsdls() -> None:
    """README says what the WSDLs say; `python -m ocpp_soap.protocol.export README.md` renews it."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert text == export.renew(text, CATALOG)
