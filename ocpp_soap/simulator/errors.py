"""Why a simulated charge point, or the car at it, does not do what a test asks."""

from __future__ import annotations

from typing import Any

from ..errors import Refused


class NotAccepted(Refused):
    """The Central System has not accepted the charge point, so it may not send this (OCPP 1.6 §4.2)."""


class NotPossible(Refused):
    """The connector is taken, out of order, kept for somebody else, or not there."""


class NotAuthorized(Refused):
    """The tag is not admitted; `id_tag_info` says why."""

    def __init__(self, id_tag: str, id_tag_info: dict[str, Any]) -> None:
        super().__init__(f"{id_tag} is not admitted: {id_tag_info['status']}")
        self.id_tag_info = id_tag_info
