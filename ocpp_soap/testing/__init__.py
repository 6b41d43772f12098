"""Tests with a real gateway and charge points in them: pytest fixtures, and what they give.

`plugin` is what pytest loads; `gateway` runs one in this process or knows a deployed one; `stations` makes each
`charge_point`, which `expectations` script; `traces` are played again; `report` is what a failure shows; `strategies`
are for hypothesis. What stands here is imported when it is first asked for: nobody pays for what they do not use.
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..errors import InvalidPayload, NotTransmitted, StationFault, Uncertain
    from ..simulator.clock import Clock
    from ..simulator.errors import NotAccepted, NotPossible
    from .charge_point import ChargePoint, Transaction
    from .expectations import Expectation
    from .gateway import Gateway
    from .stations import ChargePoints
    from .traces import Replayed, Trace

_ROOMS = {
    "..errors": ("InvalidPayload", "NotTransmitted", "StationFault", "Uncertain"),
    "..simulator.clock": ("Clock",),
    "..simulator.errors": ("NotAccepted", "NotPossible"),
    ".charge_point": ("ChargePoint", "Transaction"),
    ".expectations": ("Expectation",),
    ".gateway": ("Gateway",),
    ".stations": ("ChargePoints",),
    ".traces": ("Replayed", "Trace"),
}

__all__ = [  # noqa: RUF022 in the order of the rooms
    "InvalidPayload",
    "NotTransmitted",
    "StationFault",
    "Uncertain",
    "Clock",
    "NotAccepted",
    "NotPossible",
    "ChargePoint",
    "Transaction",
    "Expectation",
    "Gateway",
    "ChargePoints",
    "Replayed",
    "Trace",
]


def room(name: str) -> Any:
    """A module by its name from here. What the libraries below warn of at their import must not fail a strict test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(name, __name__)


def __getattr__(name: str) -> Any:
    for module, names in _ROOMS.items():
        if name in names:
            return getattr(room(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
