"""Payloads made from the WSDL's types, for properties that hold for all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ocpp_soap.protocol.schema import ComplexType, SimpleType

# Whole milliseconds: what `to_text` writes is what `reading` gives back.
MOMENTS = st.integers(0, 2**40).map(lambda millis: datetime.fromtimestamp(millis / 1000, UTC))


def _leaf(type_: SimpleType) -> st.SearchStrategy[Any]:
    if type_.enumeration:
        return st.sampled_from(type_.enumeration)
    leaves: dict[str, st.SearchStrategy[Any]] = {
        "int": st.integers(-(2**31), 2**31 - 1),
        "decimal": st.integers(0, 10**6).map(lambda tenths: Decimal(tenths).scaleb(-1)),
        "boolean": st.booleans(),
        "dateTime": MOMENTS,
    }
    # Numbers among the texts, since one version has meter values as text and another as numbers.
    texts = st.one_of(st.text("abc é1.-", min_size=1, max_size=8), st.integers(-(10**6), 10**6).map(str))
    return leaves.get(type_.base, texts)


def valid(type_: ComplexType) -> st.SearchStrategy[dict[str, Any]]:
    """Every payload that the type allows; a list that may be empty is then absent."""
    needed: dict[str, st.SearchStrategy[Any]] = {}
    others: dict[str, st.SearchStrategy[Any]] = {}
    for field in type_.contents:
        one = valid(field.type) if isinstance(field.type, ComplexType) else _leaf(field.type)
        made = st.lists(one, min_size=1, max_size=3) if field.many else one
        (needed if field.required else others)[field.name] = made
    return st.fixed_dictionaries(needed, optional=others)
