"""How one station wants to be spoken to: what an operator sets for firmware that is odd, or for a vendor who certifies.

Frozen data and its form in the store; it decides nothing. `soap` writes messages by it, `inbox` reads by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

STRICTNESS = ("lenient", "strict")
COMPRESSION = ("none", "gzip", "deflate")
FAULT_STATUS = ("soap", "200", "400", "500")
HEADERS = ("full", "classic", "bare")
TLS_MINIMUM = ("default", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@dataclass(frozen=True, slots=True)
class Profile:
    """What is special about a station; the defaults are everybody's.

    `strictness`: lenient, or strict (whatever breaks the specification is a fault). `compression` of our answers.
    `fault_status`: the HTTP status of faults, None for OCPP_SOAP_FAULT_STATUS. `headers` that we send: full (OCPP-S 1.6
    §3), classic (without From, as most central systems do), bare (chargeBoxIdentity alone in requests, none in
    answers). `content_type_action`: whether our Content-Type names the SOAP action. `tls_minimum` and `tls_pin`
    (SHA-256 of the certificate, hexadecimal, which then needs no authority) are for HTTPS to the station.
    """

    strictness: str = "lenient"
    compression: str = "none"
    fault_status: str | None = None
    headers: str = "full"
    content_type_action: bool = False
    tls_minimum: str = "default"
    tls_pin: str | None = None

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Profile:
        """From what the store holds: the fields that differ from the defaults, if any."""
        return cls(**{name: value for name, value in stored.items() if name in _NAMES}) if stored else EVERYBODYS

    def stored(self) -> dict[str, Any]:
        """The fields that differ from the defaults."""
        return {name: value for name, value in asdict(self).items() if value != getattr(EVERYBODYS, name)}

    @property
    def strict(self) -> bool:
        """Whether what breaks the specification is refused."""
        return self.strictness == "strict"


EVERYBODYS = Profile()
_NAMES = frozenset(field.name for field in fields(Profile))
