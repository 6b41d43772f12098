"""What can be said to a station: an operation and its payload, checked against the types of the version that it speaks.

It knows the WSDLs and the dialects, and nothing of how or when something is sent.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..errors import Refused
from ..protocol.catalog import Catalog
from ..protocol.dialects import downgrade, unsayable
from ..protocol.validation import check, unbounded
from .records import ChargePoint, Json


@dataclass(frozen=True, slots=True)
class Phrasing:
    """Knows what stations of each version can be told."""

    catalog: Catalog

    def version_of(self, station: ChargePoint) -> str:
        """The version that it spoke last; the newest for one that has not spoken yet."""
        return self.catalog.versions.get(station.version or "", self.catalog.newest).name

    def sayable(self, version: str, operation: str, payload: Any, may_leave_out: Collection[str]) -> Json:
        """The payload in typed values and the newest words, without what the version lacks and may be left out.

        The words are those of the newest version; how long a text may be is for the station's own to say. Raises
        `Refused` (no such operation in that version, no such field to leave out) or `InvalidPayload`.
        """
        self._must_know(version, operation)
        newest, own = (
            known.charge_point.operations[operation].input.type
            for known in (self.catalog.newest, self.catalog.versions[version])
        )
        if odd := sorted(set(may_leave_out) - newest.by_name.keys()):
            names = ", ".join(newest.by_name)
            raise Refused(f"{operation} has no field {odd[0][:80]!r} to be left out; it has {names or 'none'}")
        typed = check(payload, newest if own is newest else unbounded(newest))
        left_out = unsayable(version, operation).intersection(may_leave_out)
        said = {name: value for name, value in typed.items() if name not in left_out}
        check(downgrade(version, operation, "request", said)[0], own)
        return said

    def _must_know(self, version: str, operation: str) -> None:
        """Raises `Refused`, with the reason, for an operation that stations of that version do not have."""
        known = self.catalog.versions[version].charge_point.operations
        if operation in known:
            return
        names, newest = ", ".join(sorted(known)), self.catalog.newest
        if operation in newest.charge_point.operations:
            raise Refused(f"this station speaks OCPP {version}, which has no {operation}; it has {names}")
        every = newest.charge_point.operations
        near = [n for n in every if n.lower() == operation.lower()] or difflib.get_close_matches(operation, every, 1)
        hint = f"did you mean {near[0]}?" if near else "it has " + names
        raise Refused(f"OCPP {version} has no operation {operation!r} to a station; {hint}")
