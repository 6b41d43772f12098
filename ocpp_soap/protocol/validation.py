"""Checks a payload, as JSON brings it or as Python code makes it, against a type of the WSDL.

Strict: it guards what we send and what operators ask for. What stations send is read by `reading`, which tolerates.
It knows neither XML nor what an operation means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ..errors import InvalidPayload, Problem
from .reading import INT_RANGE
from .schema import ComplexType, Field, SimpleType
from .times import parse_time
from .writing import NOT_XML

Payload = dict[str, Any]


def check(payload: Any, type_: ComplexType) -> Payload:
    """The payload with its values as int, Decimal, bool, aware UTC datetime and text, in the order of the schema.

    Accepts those types or their JSON spelling (times and decimals as text or number). A field that is None is absent.
    Raises `InvalidPayload` with every problem found, each with its path (`chargingSchedule.duration`).
    """
    problems: list[Problem] = []
    checked = _complex(payload, type_, "", problems)
    if problems:
        raise InvalidPayload(problems)
    return checked


def unbounded(type_: ComplexType) -> ComplexType:
    """The type without its limits of length, for what is to be said in another version, which has its own."""
    return replace(type_, fields=tuple(replace(field, type=_unbounded(field.type)) for field in type_.fields))


def _unbounded(type_: SimpleType | ComplexType) -> SimpleType | ComplexType:
    return unbounded(type_) if isinstance(type_, ComplexType) else replace(type_, max_length=None)


def _complex(payload: Any, type_: ComplexType, path: str, problems: list[Problem]) -> Payload:
    if not isinstance(payload, Mapping):
        problems.append(Problem(path or type_.name, "an object with the fields of " + type_.name, _shown(payload)))
        return {}
    for name in payload:
        if name not in type_.by_name:
            known = ", ".join(type_.by_name) or "no field at all"
            problems.append(
                Problem(_join(path, str(name)), f"a field of {type_.name} ({known})", _shown(payload[name]))
            )
    result: Payload = {}
    for field in type_.contents:
        value = payload.get(field.name)
        if value is None or (field.many and value == [] and not field.required):
            if field.required:
                problems.append(Problem(_join(path, field.name), _expected(field)))
        else:
            result[field.name] = _field(value, field, _join(path, field.name), problems)
    return result


def _field(value: Any, field: Field, path: str, problems: list[Problem]) -> Any:
    if not field.many:
        return _value(value, field.type, path, problems)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or (field.required and not value):
        problems.append(Problem(path, "a list" + (" of at least one" if field.required else ""), _shown(value)))
        return []
    return [_value(item, field.type, f"{path}[{i}]", problems) for i, item in enumerate(value)]


def _value(value: Any, type_: SimpleType | ComplexType, path: str, problems: list[Problem]) -> Any:
    if isinstance(type_, ComplexType):
        return _complex(value, type_, path, problems)
    try:
        converted = CONVERTERS[type_.base](value)
        _check_facets(converted, type_)
    except (ValueError, TypeError, InvalidOperation, OverflowError):
        problems.append(Problem(path, type_.expected, _shown(value)))
        return None
    return converted


def _check_facets(value: Any, type_: SimpleType) -> None:
    if type_.enumeration and value not in type_.enumeration:
        raise ValueError
    if type_.max_length is not None and len(value) > type_.max_length:
        raise ValueError
    if type_.fraction_digits is not None and -value.as_tuple().exponent > type_.fraction_digits:
        raise ValueError


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if NOT_XML.search(value):
        raise ValueError
    return value


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value):
        raise TypeError
    if int(value) not in INT_RANGE:
        raise ValueError
    return int(value)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise TypeError
    number = Decimal(str(value)).normalize()
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _time(value: Any) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError
        return value.astimezone(UTC)
    parsed, assumed = parse_time(_text(value))
    if assumed is not None:
        raise ValueError
    return parsed


CONVERTERS = {
    "string": _text,
    "anyURI": _text,
    "int": _int,
    "decimal": _decimal,
    "boolean": _boolean,
    "dateTime": _time,
}


def _expected(field: Field) -> str:
    return field.type.expected if isinstance(field.type, SimpleType) else "an object of " + field.type.name


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    return str(value)[:200]
