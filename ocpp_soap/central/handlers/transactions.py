"""StartTransaction and StopTransaction: always stored, always confirmed, replays answered as the first time.

Functions of (request, call, work); they know no XML, no SQL and no version. OCPP 1.6 §4.8, §4.10, §3.7.
"""

from __future__ import annotations

from ..call import Call
from ..clocks import clock_restarted, judge_time, plausible
from ..ports import Work
from ..records import Json, NewStop, NewTransaction, Transaction
from ..replays import delivery_key, key_after
from .authorization import id_tag_info, start_info
from .judging import judge_energy, judge_lateness, judge_refusal, keep_closing
from .metering import read_samples

# What of a message does not fit its transaction: path, raw, why, and whether it proves something.
Contradictions = list[tuple[str, object, str, bool]]


def start_transaction(request: Json, call: Call, work: Work) -> Json:
    """Stores the start whatever the tag's status and answers with its transactionId and idTagInfo.

    The same message again gets the same answer and changes nothing.
    """
    first = _first_delivery(request, call, work)
    if isinstance(first, Transaction):
        return _start_answer(first.id, first.id_tag_info)
    id_tag, connector_id = request.get("idTag"), request.get("connectorId")
    timestamp = request.get("timestamp") or call.received
    judge_time("timestamp", timestamp, call)
    judge_lateness(timestamp, call)
    judge_refusal(info := start_info(id_tag, connector_id, call, work), call)
    new = NewTransaction(
        charge_point_id=call.station.id,
        key=first,
        connector_id=connector_id,
        id_tag=id_tag,
        start_timestamp=timestamp,
        received=call.received,
        ordered_at=timestamp if plausible(timestamp, call) else call.received,
        meter_start=request.get("meterStart"),
        reservation_id=request.get("reservationId"),
        id_tag_info=info,
        flags=call.content_flags(),
    )
    transaction_id = work.transactions.start(new)
    if transaction_id is None:  # delivered twice at the same moment; the other one was stored
        return start_transaction(request, call, work)
    if connector_id is not None:
        work.transactions.supersede(transaction_id)
    if new.reservation_id is not None:
        work.transactions.end_reservation(call.station.id, new.reservation_id, "Used", transaction_id)
    _link_remote_start(transaction_id, connector_id, call, work)
    return _start_answer(transaction_id, new.id_tag_info)


def _link_remote_start(transaction_id: int, connector_id: int | None, call: Call, work: Work) -> None:
    """Links the RemoteStartTransaction that caused it; a charging profile in that one is now in force (§5.11)."""
    command_id = work.commands.link_start(call.station.id, transaction_id, call.received)
    command = work.commands.find(command_id) if command_id is not None else None
    profile = command.request.get("chargingProfile") if command else None
    if profile and connector_id is not None:
        in_force = {**profile, "transactionId": transaction_id}
        work.transactions.set_profile(call.station.id, connector_id, in_force, call.received)


def _first_delivery(request: Json, call: Call, work: Work) -> Transaction | str:
    """The transaction that this very message has made already, or the key under which to store a new one.

    A start that equals a stopped transaction and carries the time of a clock that began at a default is a new one: such
    a station says the same words after each power cycle.
    """
    key = delivery_key(call)
    known = work.transactions.by_start(key)
    if known is None:
        return key
    timestamp = request.get("timestamp")
    said = str(call.sent.get("timestamp") or "").strip()
    clock_runs = not clock_restarted(timestamp, call) if timestamp is not None else bool(said)
    if clock_runs or known.stop_timestamp is None:
        return known
    call.flag("timestamp", said or None, f"a new transaction, though it equals {known.id}, which was stopped before")
    return key_after(key, known.id)


def _start_answer(transaction_id: int, info: Json) -> Json:
    return {"transactionId": transaction_id, "idTagInfo": info}


def stop_transaction(request: Json, call: Call, work: Work) -> Json:
    """Ends the transaction, or keeps a stop that ends none with the reason; answers normally either way."""
    key = delivery_key(call)
    known = work.transactions.answer_of_stop(key)
    if known is not None:
        return known
    transaction_id = request.get("transactionId")
    transaction = work.transactions.find(transaction_id, lock=True) if transaction_id is not None else None
    contradictions = _contradictions(request, transaction, call, work)
    new = _new_stop(key, request, transaction, contradictions, call, work)
    if not work.transactions.stop(new):  # delivered twice at the same moment; the other one was stored
        return stop_transaction(request, call, work)
    if transaction is not None and new.effective and transaction.closed_by == "operator":
        keep_closing(transaction, call, work)
    if samples := read_samples(request.get("transactionData", []), call):
        meant = None if _is_foreign(contradictions) else transaction
        own = meant if meant and meant.charge_point_id == call.station.id else None
        connector_id, own_id = (own.connector_id, own.id) if own else (None, None)
        work.transactions.meter(
            call.station.id, key, connector_id, own_id, samples, call.received, [], "transactionData"
        )
    if transaction is not None and new.effective:
        work.commands.link_stop(call.station.id, transaction.id)
    return new.answer


def _new_stop(
    key: str, request: Json, transaction: Transaction | None, contradictions: Contradictions, call: Call, work: Work
) -> NewStop:
    timestamp, id_tag = request.get("timestamp") or call.received, request.get("idTag")
    judge_time("timestamp", timestamp, call)
    effective = _ends(transaction, request.get("transactionId"), contradictions, call)
    if transaction is not None and effective:
        for path, raw, why, _ in contradictions:
            call.flag(path, raw, f"kept, though {why}")
        judge_energy(transaction, request.get("meterStop"), timestamp, call)
    return NewStop(
        charge_point_id=call.station.id,
        key=key,
        transaction_id=request.get("transactionId"),
        timestamp=timestamp,
        received=call.received,
        meter_stop=request.get("meterStop"),
        id_tag=id_tag,
        reason=request.get("reason") or "Local",
        answer={"idTagInfo": id_tag_info(id_tag, call, work)} if id_tag else {},
        flags=call.content_flags(),
        effective=effective,
    )


def _ends(
    transaction: Transaction | None, transaction_id: int | None, contradictions: Contradictions, call: Call
) -> bool:
    """Whether the stop ends a transaction; else a flag says why it is kept apart."""
    if transaction is None:
        reason = "kept apart, since no transaction has this id"
    elif transaction.charge_point_id != call.station.id:
        reason = "kept apart, since that transaction belongs to another charge point"
    elif _is_foreign(contradictions):
        reason = "kept apart, since idTag, time or meter contradict that transaction: it is another one of this number"
    elif transaction.stop_timestamp is not None and transaction.closed_by != "operator":
        reason = "kept apart, since that transaction was stopped before"
    else:
        if transaction.stop_timestamp is not None:
            call.flag("transactionId", transaction_id, "takes the place of the operator's closing")
        return True
    call.flag("transactionId", transaction_id, reason)
    return False


def _is_foreign(contradictions: Contradictions) -> bool:
    """Whether a stop is of another transaction of that number, as in the queue of a former Central System.

    One contradiction alone happens to a station's own stops: a clock that was set meanwhile, a meter that was changed,
    an attendant's card. Two at once do not.
    """
    return sum(proves for *_, proves in contradictions) > 1


def _contradictions(request: Json, transaction: Transaction | None, call: Call, work: Work) -> Contradictions:
    """What of a stop does not fit the transaction's start; a time only proves something where both are believed."""
    found: Contradictions = []
    if transaction is None or transaction.charge_point_id != call.station.id:
        return found
    meter_stop, timestamp, id_tag = request.get("meterStop"), request.get("timestamp"), request.get("idTag")
    if meter_stop is not None and transaction.meter_start is not None and meter_stop < transaction.meter_start:
        found.append(("meterStop", meter_stop, f"below meterStart {transaction.meter_start}", True))
    started = transaction.start_timestamp
    if timestamp is not None and timestamp < started:
        believed = plausible(timestamp, call) and plausible(started, call)
        found.append(("timestamp", timestamp.isoformat(), "before the start", believed))
    started_by = transaction.id_tag
    if id_tag and started_by and id_tag.casefold() != started_by.casefold():
        groups = [_group(tag, work) for tag in (id_tag, started_by)]
        if groups[0] != groups[1]:
            found.append(("idTag", id_tag, "the transaction was started by another group's idTag", True))
    return found


def _group(id_tag: str, work: Work) -> str:
    tag = work.tags.find(id_tag)
    return (tag.parent if tag and tag.parent else id_tag).casefold()
