"""`/charge-points`: who may charge here, what is known of each station, and where it is called."""

from __future__ import annotations

from ...central.confidential import settings_without_secrets
from ...central.desk.charge_points import LONGEST_IDENTITY, STATUS
from ...central.pages import StationFilter
from ...central.portrait import everything, stranger_summary, summary
from ...central.ports import Work
from ...central.profile import COMPRESSION, FAULT_STATUS, HEADERS, STRICTNESS, TLS_MINIMUM
from ...central.records import ChargePoint, Chosen, Json
from ...central.shapes import exchange_object
from ..segments import spelled
from .answers import page_of, ref
from .endpoints import ROOT, STATION, Answer, Call, Routes, tagged
from .etags import IfMatch
from .fields import Paged, Question, choice, flag, moment, part, text, whole

charge_points = Routes("charge-points", "Charge points that are registered, and stations that spoke without being so.")

LONGEST_URL = 2000


class Which(Paged):
    """Which charge points."""

    status = choice("What they get when they boot.", STATUS)
    version = text("Of OCPP, as they spoke last.")
    chargePointVendor = text("As they booted.")
    chargePointModel = text("As they booted.")
    prefix = text("What their identities begin with.")
    registered = flag("False: those that spoke without being registered, the latest first.", load_default=True)


class Newcomer(Question):
    """A charge point to be registered."""

    chargeBoxIdentity = text("What it calls itself, in upper or lower case.", LONGEST_IDENTITY, required=True)
    status = choice("What it gets when it boots.", STATUS, load_default=STATUS[0])
    heartbeatInterval = whole("Seconds between its heartbeats.", 1)
    callback = text("Where it is called; else it says so itself.", LONGEST_URL)


class NewProfile(Question):
    """How a station is spoken to; what is left out stays as it is."""

    strictness = choice("strict: whatever breaks the specification is a fault.", STRICTNESS)
    compression = choice("Of answers.", COMPRESSION)
    faultStatus = choice(
        "The HTTP status of faults; null: everybody's.", FAULT_STATUS, allow_none=True, attribute="fault_status"
    )
    headers = choice("Those that are sent.", HEADERS)
    contentTypeAction = flag("Whether Content-Type names the action.", attribute="content_type_action")
    tlsMinimum = choice("For calls by HTTPS.", TLS_MINIMUM, attribute="tls_minimum")
    tlsPin = text("The SHA-256 of its certificate; null: none.", allow_none=True, attribute="tls_pin")


class Change(Question):
    """What is decided of a charge point; what is left out stays as it is."""

    status = choice("What it gets when it boots.", STATUS)
    heartbeatInterval = whole("Seconds; null: everybody's.", 1, allow_none=True, attribute="interval")
    profile = part(NewProfile, "How it is spoken to.")


class Address(Question):
    """Where a charge point is called."""

    url = text("Such as http://10.0.0.7:8080/ocpp.", LONGEST_URL, required=True)


class Messages(Paged):
    """Which messages."""

    operation = text("Of this operation.")
    outcome = text("answered, the subcode of a fault, or a command's outcome.")
    since = moment("From this time on.")
    until = moment("Before this time.")


def decided(point: ChargePoint) -> Json:
    """What operators decide of a charge point, apart from its address."""
    return {"status": point.status, "interval": point.heartbeat_interval, "profile": point.profile}


def called(point: ChargePoint) -> Json:
    """What operators decide of its address."""
    return {"url": point.callback_url, "source": point.callback_source}


@charge_points.add("GET", "/charge-points", query=Which, gives={200: page_of("ChargePointSummary")}, shows=("Link",))
def list_charge_points(call: Call) -> Answer:
    """Charge points, by identity."""
    asked = call.query
    with call.office.store.reading() as work:
        if not asked["registered"]:
            call.must_see_all()
            call.must_not_choose("registered")
            unknown = work.charge_points.page_unknown(asked["limit"], call.after)
            return call.page(unknown, lambda stranger: stranger_summary(stranger, call.office.answered))
        chosen = StationFilter(
            status=asked.get("status"),
            version=asked.get("version"),
            vendor=asked.get("chargePointVendor"),
            model=asked.get("chargePointModel"),
            identity_prefix=asked.get("prefix"),
            only=call.only,
        )
        return call.page(work.charge_points.page(chosen, asked["limit"], call.after), summary)


@charge_points.add(
    "POST",
    "/charge-points",
    "operate",
    whole=True,
    body=Newcomer,
    gives={201: ref("ChargePoint")},
    shows=("ETag", "Location"),
    tells=(409,),
)
def register_charge_point(call: Call) -> Answer:
    """Registers a charge point, whether it has spoken or not; 409 when it is registered already."""
    new = call.body
    point = call.desk.register(
        new["chargeBoxIdentity"], new["status"], interval=new.get("heartbeatInterval"), url=new.get("callback")
    )
    location = f"{ROOT}/charge-points/{spelled(point.identity)}"
    return tagged(_portrait(call, point), decided(point), 201, Location=location)


@charge_points.add("GET", STATION, gives={200: ref("ChargePoint")}, shows=("ETag",))
def show_charge_point(call: Call) -> Answer:
    """Everything that is known of a charge point; the ETag is over what operators decide of it."""
    with call.office.store.reading() as work:
        point = call.station(work)
        return tagged(everything(point, work, call.office.clock()), decided(point))


@charge_points.add(
    "PATCH",
    STATION,
    "operate",
    body=Change,
    headers=IfMatch,
    gives={200: ref("ChargePoint")},
    shows=("ETag",),
    tells=(412, 428),
)
def change_charge_point(call: Call) -> Answer:
    """Decides whether a charge point may charge, how often its heart beats, and how it is spoken to."""
    identity = _seen(call)
    point = call.desk.change(identity, check=lambda now: call.must_match(decided(now)), **call.body)
    return tagged(_portrait(call, point), decided(point))


@charge_points.add("GET", f"{STATION}/callback", gives={200: ref("Callback")}, shows=("ETag",))
def show_callback(call: Call) -> Answer:
    """Where a charge point is called, and how that address came about."""
    with call.office.store.reading() as work:
        point = call.station(work)
        return tagged(_address(call, point, work), called(point))


@charge_points.add(
    "PUT",
    f"{STATION}/callback",
    "operate",
    body=Address,
    headers=IfMatch,
    gives={200: ref("Callback")},
    shows=("ETag",),
    tells=(412, 428),
)
def set_callback(call: Call) -> Answer:
    """Fixes where a charge point is called; nothing that the station says changes it then."""
    return _moved(call, call.body["url"])


@charge_points.add("DELETE", f"{STATION}/callback", "operate", headers=IfMatch, gives={204: None}, tells=(412, 428))
def forget_callback(call: Call) -> Answer:
    """Forgets where a charge point is called; its next message says it anew."""
    _moved(call, None)
    return Answer(status=204)


@charge_points.add("GET", f"{STATION}/connectors", gives={200: page_of("Connector")})
def list_connectors(call: Call) -> Answer:
    """The newest state of each connector; 0 is the charge point itself."""
    with call.office.store.reading() as work:
        return call.whole(work.charge_points.connectors(call.station(work).id))


@charge_points.add("GET", f"{STATION}/configuration", gives={200: page_of("ConfigurationKey")})
def list_configuration(call: Call) -> Answer:
    """A charge point's settings as far as it has told them; scope operate sees those that are secrets."""
    with call.office.store.reading() as work:
        settings = work.charge_points.configuration(call.station(work).id)
    return call.whole(settings if call.may("operate") else settings_without_secrets(settings))


@charge_points.add("GET", f"{STATION}/journal", query=Messages, gives={200: page_of("Exchange")}, shows=("Link",))
def list_journal(call: Call) -> Answer:
    """What went over the wire between it and the gateway, newest first; scope read sees no secrets of commands."""
    asked = call.query.get
    with call.office.store.reading() as work:
        identity = call.station(work).identity
        chosen = Chosen(identity, asked("operation"), asked("since"), asked("until"), asked("outcome"))
        page = work.journal.page(chosen, call.query["limit"], call.after)
    plain = call.may("operate")
    return call.page(page, lambda row: exchange_object(row if plain else call.office.conceal(row)))


def _moved(call: Call, url: str | None) -> Answer:
    identity = _seen(call)
    point = call.desk.set_callback(identity, url, check=lambda now: call.must_match(called(now)))
    with call.office.store.reading() as work:
        return tagged(_address(call, point, work), called(point))


def _seen(call: Call) -> str:
    with call.office.store.reading() as work:
        return call.station(work).identity


def _portrait(call: Call, point: ChargePoint) -> Json:
    with call.office.store.reading() as work:
        return everything(point, work, call.office.clock())


def _address(call: Call, point: ChargePoint, work: Work) -> Json:
    return {
        "url": point.callback_url,
        "source": point.callback_source,
        "warning": call.desk.warning(point),
        "said": point.callback_said,
        "refused": point.callback_refused,
        "reachable": work.commands.reachability(point.id),
        "history": work.charge_points.callback_history(point.id),
    }
