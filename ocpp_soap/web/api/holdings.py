"""`/reservations`, `/charging-profiles` and `/local-lists`: what charge points hold, as they have accepted it."""

from __future__ import annotations

from ...central.local_lists import local_list
from ...central.pages import ReservationFilter
from .answers import page_of, ref
from .endpoints import Answer, Call, Routes
from .fields import Paged, choice, text

reservations = Routes("reservations", "Connectors that are kept free for somebody.")
charging_profiles = Routes("charging-profiles", "Limits of power and current that charge points hold.")
local_lists = Routes("local-lists", "The idTags that charge points accept while they are offline.")

STATUS = ("Active", "Used", "Cancelled", "Expired")


class OfStation(Paged):
    """Of which charge point."""

    chargePoint = text("Of this charge point.")


class Reservations(OfStation):
    """Which reservations."""

    status = choice("", STATUS)


@reservations.add("GET", "/reservations", query=Reservations, gives={200: page_of("Reservation")}, shows=("Link",))
def list_reservations(call: Call) -> Answer:
    """Reservations that charge points accepted, newest first; ReserveNow makes one."""
    chosen = ReservationFilter(call.query.get("chargePoint"), call.query.get("status"), call.only)
    with call.office.store.reading() as work:
        page = work.transactions.page_reservations(chosen, call.office.clock(), call.query["limit"], call.after)
    return call.page(page, dict)


@charging_profiles.add(
    "GET", "/charging-profiles", query=OfStation, gives={200: page_of("ChargingProfileInForce")}, shows=("Link",)
)
def list_charging_profiles(call: Call) -> Answer:
    """Charging profiles in force, one charge point after the other; SetChargingProfile sets one."""
    with call.office.store.reading() as work:
        asked = call.query
        page = work.transactions.page_profiles(asked.get("chargePoint"), call.only, asked["limit"], call.after)
    return call.page(page, dict)


@local_lists.add("GET", "/local-lists", query=Paged, gives={200: page_of("LocalListVersion")}, shows=("Link",))
def list_local_lists(call: Call) -> Answer:
    """The charge points whose local list is known, with its version."""
    with call.office.store.reading() as work:
        return call.page(work.charge_points.page_local_lists(call.only, call.query["limit"], call.after), dict)


@local_lists.add("GET", "/local-lists/<segment:identity>", gives={200: ref("LocalList")})
def show_local_list(call: Call) -> Answer:
    """A charge point's list, as the SendLocalList commands that it accepted have made it."""
    with call.office.store.reading() as work:
        return Answer(local_list(call.station(work), work))
