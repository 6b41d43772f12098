"""What a strict station is told of its messages: the first thing that breaks the specification, by line and field.

The WSDL's own schema judges the body, the table of quirks everything around it. It changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from threading import Lock

from lxml import etree

from ..errors import Fault, MustUnderstand, ProtocolError
from ..protocol.quirks import QUIRKS
from ..protocol.reading import Flag
from ..protocol.schema import Service
from . import models

_ELEMENT = re.compile(r"Element '(?:\{[^}]*\})?([^']+)'")
_NAMESPACE = re.compile(r"\{[^}]*\}")


class Strict:
    """Judges messages to one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        # lxml keeps the log of the latest check in the schema.
        self._turn = Lock()

    @cached_property
    def _schema(self) -> etree.XMLSchema:
        return models.schema(self._service)

    def violation(self, element: etree._Element, flags: Sequence[Flag]) -> Fault | None:
        """The fault for a request whose body is `element` and whose tolerances are `flags`; None for a proper one."""
        for flag in flags:
            if flag.quirk == "must-understand-unknown":
                return MustUnderstand(f"The header block {flag.path} is not understood.")
            if flag.quirk and QUIRKS[flag.quirk].strict:
                found = f", found {flag.raw[:80]!r}" if flag.raw else ""
                if flag.quirk == "headers-missing":
                    found = f": this message is {flag.assumed}"
                return ProtocolError(f"a charge point {QUIRKS[flag.quirk].does}{found}", path=flag.path)
        with self._turn:
            if self._schema.validate(element):
                return None
            # The stubs don't know that a log can be iterated.
            error = next(iter(self._schema.error_log))  # type: ignore[call-overload]
            line, message = error.line, error.message
        named = _ELEMENT.match(message)
        words = _NAMESPACE.sub("", message)
        return ProtocolError(f"line {line}: {words}", path=named[1] if named else None)
