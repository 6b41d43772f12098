"""Tests with a real gateway and charge points in them: pytest fixtures, and what they give.

`plugin` is what pytest loads; `gateway` runs one in this process or knows a deployed one; `stations` makes each
`charge_point`, which `expectations` script; `traces` are played again; `report` is what a failure shows; `strategies`
are for hypothesis. What stands here is imported when it is first asked for: nobody pays for what they do not use.
"""

from typing import TYPE_CHECKING

from .late import attributes

if TYPE_CHECKING:
    from ..errors import InvalidPayload, NotTransmitted, StationFault, Uncertain
    from ..simulator.clock import Clock
    from ..simulator.errors import NotAccepted, NotPossible
    from .charge_point import ChargePoint
    from .expectations import Expectation
    from .gateway import Gateway
    from .stations import ChargePoints
    from .traces import Replayed, Trace
    from .transaction import Transaction
else:
    # Not for checkers of types, who would take any name for one of ours.
    __getattr__ = attributes(
        {
            "..errors": ("InvalidPayload", "NotTransmitted", "StationFault", "Uncertain"),
            "..simulator.clock": ("Clock",),
            "..simulator.errors": ("NotAccepted", "NotPossible"),
            ".charge_point": ("ChargePoint",),
            ".expectations": ("Expectation",),
            ".gateway": ("Gateway",),
            ".stations": ("ChargePoints",),
            ".traces": ("Replayed", "Trace"),
            ".transaction": ("Transaction",),
        }
    )

__all__ = [
    "ChargePoint",
    "ChargePoints",
    "Clock",
    "Expectation",
    "Gateway",
    "InvalidPayload",
    "NotAccepted",
    "NotPossible",
    "NotTransmitted",
    "Replayed",
    "StationFault",
    "Trace",
    "Transaction",
    "Uncertain",
]
