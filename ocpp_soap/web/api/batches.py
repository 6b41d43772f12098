"""`POST /commands` and `/batches`: one command to many charge points at once, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator

from ...central.commands import MAX_BATCH
from ...central.desk.charge_points import STATUS
from ...central.orders import MAX_RETRIES
from ...central.pages import BatchFilter, StationFilter
from ...central.ports import Work
from ...central.records import TIMINGS, Batch, Json
from ...central.shapes import batch_object
from ...errors import InvalidPayload, NotFound
from .answers import page_of, ref
from .commands import DEADLINE, LEAVE_OUT, RETRIES, WHEN, Key, order_of, replay_headers
from .endpoints import ROOT, Answer, Call, Routes
from .fields import MOST_ROWS, Paged, Question, choice, flag, mapped, moment, part, text, texts, whole
from .problems import Wrong, pointed, unfit

# Of charge points that there are not; whoever mends those has found the reason for the others.
MOST_TOLD = 20


class Stations(Question):
    """Which charge points: what is given must all hold. `all`: none is left out."""

    ids = texts("These.", MAX_BATCH)
    status = choice("", STATUS)
    version = text("Of OCPP, as they spoke last.")
    chargePointVendor = text("As they booted.")
    chargePointModel = text("As they booted.")
    prefix = text("What their identities begin with.")
    all = flag("True: every one that is registered; nothing else can be given then.")


class NewBatch(Question):
    """One command to many charge points."""

    operation = text("As in the WSDL.", required=True)
    payload = mapped("The request, as for one charge point.", load_default=dict)
    chargePoints = part(Stations, "To which.", required=True)
    when = choice(WHEN, TIMINGS, load_default=TIMINGS[0])
    deadline = moment(DEADLINE)
    retries = whole(RETRIES, 0, MAX_RETRIES, load_default=0)
    mayLeaveOut = texts(LEAVE_OUT, 20)


batches = Routes("batches", "One command to many charge points at once, and how far it has come.")


@batches.add("POST", "/commands", "operate", body=NewBatch, headers=Key, gives={202: ref("Batch")}, shows=("Location",))
def send_to_many(call: Call) -> Answer:
    """Orders one command for many charge points.

    One whose version can't say it gets a command that is not transmitted, with the reason.
    """
    asked = call.body
    order = order_of(asked["operation"], asked["payload"], asked)
    chosen = _meant(call, asked["chargePoints"])
    key = call.headers.get("idempotency_key")
    try:
        batch, replayed = call.office.commands.submit_batch(chosen, order, call.who, key)
    except InvalidPayload as error:
        raise unfit(pointed(error, "payload")) from None
    return Answer(batch_object(batch), 202, {"Location": f"{ROOT}/batches/{batch.id}", **replay_headers(replayed)})


def _meant(call: Call, asked: Json) -> StationFilter:
    everyone = asked.pop("all", None)
    if everyone is False or bool(everyone) is bool(asked):
        raise unfit([Wrong("#/chargePoints", "expected either all: true, or which ones")])
    only = call.only
    if "ids" in asked:
        only = frozenset(_named(call, asked["ids"]))
    return StationFilter(
        asked.get("status"),
        asked.get("version"),
        asked.get("chargePointVendor"),
        asked.get("chargePointModel"),
        asked.get("prefix"),
        only,
    )


def _named(call: Call, ids: list[str]) -> list[str]:
    """The identities as they are registered; whoever names one that is not gets nothing sent."""
    with call.office.store.reading() as work:
        exact = set(_registered(work, frozenset(ids)))
        others = {one: work.charge_points.find(one) for one in ids if one not in exact}
    found = {one: one for one in exact} | {one: point.identity for one, point in others.items() if point is not None}
    lost = [i for i, one in enumerate(ids) if one not in found or not call.may_see(found[one])]
    if lost:
        raise unfit(Wrong(f"#/chargePoints/ids/{i}", f"there is no charge point {ids[i]!r}") for i in lost[:MOST_TOLD])
    return list(found.values())


def _registered(work: Work, ids: frozenset[str]) -> Iterator[str]:
    after = None
    while True:
        page = work.charge_points.page(StationFilter(only=ids), MOST_ROWS, after)
        yield from (point.identity for point in page.rows)
        if page.next is None:
            return
        after = page.next


@batches.add("GET", "/batches", query=Paged, gives={200: page_of("Batch")}, shows=("Link",))
def list_batches(call: Call) -> Answer:
    """Batches, newest first; a token for some charge points sees its own."""
    chosen = BatchFilter(None if call.only is None else call.who)
    with call.office.store.reading() as work:
        return call.page(work.batches.page(chosen, call.query["limit"], call.after), batch_object)


@batches.add("GET", "/batches/<number:number>", gives={200: ref("Batch")})
def show_batch(call: Call) -> Answer:
    """One batch, and in which states its commands are."""
    return Answer(batch_object(_batch(call)))


@batches.add("POST", "/batches/<number:number>/cancel", "operate", gives={200: ref("Batch")}, tells=(409,))
def cancel_batch(call: Call) -> Answer:
    """Takes the batch's commands out of the queue; 409 when none is there any more."""
    return Answer(batch_object(call.office.commands.cancel_batch(_batch(call).id, call.who)))


def _batch(call: Call) -> Batch:
    number = call.path["number"]
    with call.office.store.reading() as work:
        batch = work.batches.find(number)
    if batch is None or (call.only is not None and batch.who != call.who):
        raise NotFound(f"there is no batch {number}")
    return batch
