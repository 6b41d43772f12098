"""Charging sessions of a simulated charge point: tags, cables, transactions and their messages.

Functions on a charge point. State changes under its lock; messages leave without it, one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import NotTransmitted, Uncertain
from . import maintenance, metering, sampling
from .authorization import IdTagInfo, current, decide
from .charging import Profile
from .connectors import Awaited, Connector, Transaction
from .errors import NotAccepted, NotAuthorized, NotPossible

if TYPE_CHECKING:
    from .outbox import Message
    from .station import Station

Payload = dict[str, Any]


def authorize(cp: Station, id_tag: str) -> IdTagInfo:
    """What becomes of that tag: decided here or asked, as the configuration says (OCPP 1.6 §3.5)."""
    if (decided := _decide(cp, id_tag, online=True)) is not None:
        return decided
    try:
        answer = cp.send("Authorize", {"idTag": id_tag})
    except (NotTransmitted, Uncertain, NotAccepted):
        return _decide(cp, id_tag, online=False) or {"status": "Invalid"}
    info: IdTagInfo = answer["idTagInfo"]
    learn(cp, id_tag, info)
    return info


def _decide(cp: Station, id_tag: str, *, online: bool) -> IdTagInfo | None:
    with cp.changed:
        return decide(id_tag, cp.local_list, cp.cache, cp.configuration, cp.clock.now(), online=online)


def learn(cp: Station, id_tag: str | None, info: IdTagInfo | None) -> None:
    """Takes an idTagInfo into the cache (§3.5.1)."""
    with cp.changed:
        if id_tag and info and cp.configuration.on("AuthorizationCacheEnabled"):
            cp.cache.learn(id_tag, info)


def parent_of(cp: Station, id_tag: str) -> str | None:
    """The group of a tag, as far as the charge point knows it."""
    info = cp.local_list.find(id_tag) or cp.cache.find(id_tag)
    parent: str | None = current(info, cp.clock.now()).get("parentIdTag") if info else None
    return parent


def plug_in(cp: Station, connector_id: int) -> Transaction | None:
    """A car is connected; a transaction that waited for it begins."""
    with cp.changed:
        connector = cp.connector(connector_id)
        if connector.plugged:
            raise NotPossible(f"a car is at connector {connector_id} already")
        metering.run(cp)
        connector.plugged, connector.finishing, connector.suspended = True, False, None
        awaited = connector.awaited
    cp.refresh(connector_id)
    return begin(cp, connector_id, awaited.id_tag, awaited.profile) if awaited else None


def unplug(cp: Station, connector_id: int) -> None:
    """The car leaves; a transaction ends, or pauses where StopTransactionOnEVSideDisconnect is false."""
    with cp.changed:
        connector = cp.connector(connector_id)
        metering.run(cp)
        connector.plugged = connector.finishing = False
        transaction = connector.transaction
        stops = cp.configuration.on("StopTransactionOnEVSideDisconnect")
        if transaction and not stops:
            connector.suspended = "SuspendedEV"
    if transaction and stops:
        stop(cp, transaction, "EVDisconnected")
    else:
        cp.refresh(connector_id)


def refusal(cp: Station, connector: Connector, id_tag: str) -> str | None:
    """Why no transaction of that tag can begin there, or None."""
    status = cp.status(connector.connector_id)
    if not connector.connector_id or connector.transaction or status in ("Unavailable", "Faulted"):
        return f"connector {connector.connector_id} is {status}"
    free = sum(cp.status(n) == "Available" for n in cp.connectors if n)
    if cp.reservations.forbids(connector.connector_id, id_tag, parent_of(cp, id_tag), free):
        return f"connector {connector.connector_id} is reserved"
    return None


def start(cp: Station, connector_id: int, id_tag: str, *, authorize_first: bool, force: bool) -> Transaction:
    """Somebody presents a tag at a connector; raises NotAuthorized or NotPossible where nothing can begin."""
    if authorize_first and (info := authorize(cp, id_tag))["status"] != "Accepted":
        raise NotAuthorized(id_tag, info)
    with cp.changed:
        connector = cp.connector(connector_id)
        if connector.transaction or (not force and refusal(cp, connector, id_tag)):
            raise NotPossible(refusal(cp, connector, id_tag) or f"connector {connector_id} is taken")
        plugged = connector.plugged
    if not plugged:
        plug_in(cp, connector_id)
    return begin(cp, connector_id, id_tag)


def begin(cp: Station, connector_id: int, id_tag: str, profile: Profile | None = None) -> Transaction:
    """Energy flows: StartTransaction is queued and sent, the connector charges, samples are planned."""
    with cp.changed:
        now = metering.run(cp)
        connector = cp.connector(connector_id)
        if connector.transaction:
            raise NotPossible(f"connector {connector_id} is taken")
        connector.awaited, connector.suspended = None, None
        cp.agenda.cancel(("plug", connector_id))
        parent = parent_of(cp, id_tag)
        used = cp.reservations.usable(connector_id, id_tag, parent)
        transaction = Transaction(connector_id, id_tag, now, round(connector.meter), parent)
        payload: Payload = {
            "connectorId": connector_id,
            "idTag": id_tag,
            "timestamp": cp.stamp(now),
            "meterStart": transaction.meter_start,
        }
        if used:
            cp.reservations.cancel(used.reservation_id)
            payload["reservationId"] = transaction.reservation_id = used.reservation_id
        connector.transaction = transaction
        cp.transactions.append(transaction)
        if profile is not None:
            cp.profiles.install(connector_id, profile)
        metering.run(cp)
        sampling.keep_data(cp, connector, transaction, "Transaction.Begin")
        cp.outbox.add("StartTransaction", payload, transaction)
    cp.outbox.flush()
    cp.refresh(connector_id)
    sampling.plan(cp, transaction)
    return transaction


def stop(cp: Station, transaction: Transaction, reason: str | None, id_tag: str | None = None) -> None:
    """Energy stops: StopTransaction is queued and sent; what waited for the end happens."""
    with cp.changed:
        if transaction.stopped is not None:
            raise NotPossible("the transaction has ended already")
        now = metering.run(cp)
        connector = cp.connector(transaction.connector_id)
        transaction.stopped, transaction.reason = now, reason
        transaction.meter_stop = round(connector.meter)
        sampling.keep_data(cp, connector, transaction, "Transaction.End")
        payload: Payload = {"idTag": id_tag, "timestamp": cp.stamp(now), "meterStop": transaction.meter_stop}
        payload |= {"reason": reason, "transactionData": transaction.data}
        connector.end_transaction()
        cp.profiles.end_transaction(connector.connector_id)
        cp.agenda.cancel(("sample", connector.connector_id))
        cp.outbox.add("StopTransaction", {k: v for k, v in payload.items() if v not in (None, [])}, transaction)
    cp.outbox.flush()
    cp.refresh()
    maintenance.install_when_idle(cp)


def may_stop(cp: Station, transaction: Transaction, id_tag: str) -> bool:
    """Whether a tag may end a transaction: its own, or one of the same group (§3.5)."""
    if id_tag.casefold() == transaction.id_tag.casefold():
        return True
    info = authorize(cp, id_tag)
    group = info.get("parentIdTag")
    return info["status"] == "Accepted" and group is not None and group == transaction.parent


def remote_start(cp: Station, connector_id: int, awaited: Awaited) -> None:
    """What follows an accepted RemoteStartTransaction (§5.11)."""
    connector = cp.connector(connector_id)
    if cp.configuration.on("AuthorizeRemoteTxRequests") and authorize(cp, awaited.id_tag)["status"] != "Accepted":
        give_up(cp, connector_id)
        return
    if not connector.plugged and cp.traits.auto_plug:
        plug_in(cp, connector_id)
    elif connector.plugged:
        cp.refresh(connector_id)
        begin(cp, connector_id, awaited.id_tag, awaited.profile)
    else:
        cp.refresh(connector_id)
        timeout = cp.configuration.number("ConnectionTimeOut")
        cp.agenda.after(timeout, lambda: give_up(cp, connector_id), ("plug", connector_id))


def give_up(cp: Station, connector_id: int) -> None:
    """Nobody plugged in, or the tag was not admitted."""
    with cp.changed:
        cp.connector(connector_id).awaited = None
    cp.refresh(connector_id)


def delivered(cp: Station, message: Message, answer: Payload) -> None:
    """Takes note of a confirmation: the transactionId, the idTagInfo, and what the latter means for the transaction."""
    transaction = message.transaction
    if message.operation == "MeterValues" or transaction is None:
        return
    with cp.changed:
        learn(cp, message.payload.get("idTag"), answer.get("idTagInfo"))
        if message.operation == "StartTransaction":
            transaction.transaction_id = answer["transactionId"]
            transaction.id_tag_info = answer["idTagInfo"]
            transaction.parent = answer["idTagInfo"].get("parentIdTag") or transaction.parent
            if transaction.refused:
                cp.agenda.soon(lambda: _refused(cp, transaction))
        cp.changed.notify_all()


def _refused(cp: Station, transaction: Transaction) -> None:
    """The Central System does not admit the tag of a running transaction (§4.8)."""
    if transaction.stopped is not None:
        return
    if cp.configuration.on("StopTransactionOnInvalidId"):
        stop(cp, transaction, "DeAuthorized")
        return
    if not cp.configuration.number("MaxEnergyOnInvalidId"):
        with cp.changed:
            metering.run(cp)
            cp.connector(transaction.connector_id).suspended = "SuspendedEVSE"
        cp.refresh(transaction.connector_id)
