"""What the audit tells of the things that people change: how they stand as far as people decide it.

Each function says, of the charge points, tags, … that a call names, which they are and how they stand: before the call,
when there is no result yet, and after it. Payloads of commands may hold passwords: the commands have them, not the
audit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..protocol.times import format_time
from .authentication import Access
from .ports import Work
from .profile import Profile
from .records import ChargePoint, Json, Tag
from .shapes import profile_object, shown, token_object, transaction_object

State = Mapping[str, Json | None]
"""How each subject stands; None for one that is not there."""

Look = Callable[[Work, Json, Any], State]
"""Of a unit of work, the call's arguments by their names, and its result."""


def charge_point(work: Work, call: Json, _result: Any) -> State:
    """The one of an identity, or of a number."""
    if "charge_point_id" in call:
        point = work.charge_points.get(call["charge_point_id"])
        return {} if point is None else {f"charge-point {point.identity}": _decided(point)}
    identity = call["identity"]
    point = work.charge_points.find(identity)
    return {f"charge-point {identity}": _decided(point) if point and point.identity == identity else None}


def _decided(point: ChargePoint) -> Json:
    access = Access.read(point.access)
    return {
        "status": point.status,
        "heartbeatInterval": point.heartbeat_interval,
        "callback": point.callback_url,
        "callbackSource": point.callback_source,
        "profile": profile_object(Profile.read(point.profile)) if point.profile else None,
        "networks": list(access.networks),
        "secret": access.secret,
        "user": access.user,
        "password": access.password,
        "certificate": access.certificate,
    }


def transaction(work: Work, call: Json, _result: Any) -> State:
    """The one of a transactionId."""
    number = call["revision"].transaction_id if "revision" in call else call["transaction_id"]
    found = work.transactions.find(number)
    if found is None:
        return {}
    state = {**transaction_object(found), "by": found.closed_by}
    del state["changed"], state["closedBy"]
    for last in work.transactions.revisions(number)[-1:]:
        state |= {"why": last.reason, "note": last.note}
    return {f"transaction {number}": state}


def tag(work: Work, call: Json, _result: Any) -> State:
    """The one that is saved, or named; spelled as it is known, which another spelling of it changes."""
    id_tag = call["tag"].id_tag if "tag" in call else call["id_tag"]
    found = work.tags.find(id_tag)
    return {f"id-tag {found.id_tag if found else id_tag}": _tag(found)}


def tags(work: Work, call: Json, _result: Any) -> State:
    """All that are saved at once."""
    names = [one.id_tag for one in call["tags"]]
    known = work.tags.some(names)
    found = {name: known.get(name.casefold()) for name in names}
    return {f"id-tag {one.id_tag if one else name}": _tag(one) for name, one in found.items()}


def _tag(found: Tag | None) -> Json | None:
    if found is None:
        return None
    return {
        "idTag": found.id_tag,
        "blocked": found.blocked,
        "expires": shown(found.expires),
        "parentIdTag": found.parent,
        "maxTransactions": found.max_transactions,
    }


def command(work: Work, call: Json, result: Any) -> State:
    """The one that is cancelled, or was made."""
    number = call.get("command_id", result)
    found = None if number is None else work.commands.find(number)
    if found is None:
        return {}
    told = {"chargeBoxIdentity": found.identity, "operation": found.operation, "when": found.when}
    return {f"command {number}": {**told, "deadline": shown(found.deadline), "state": found.state}}


def batch(work: Work, call: Json, result: Any) -> State:
    """The one that is cancelled, or was made."""
    number = call.get("batch_id", result)
    found = None if number is None else work.batches.find(number)
    if found is None:
        return {}
    states = {state: count for state, count in found.states.items() if count}
    return {f"batch {number}": {"operation": found.operation, "total": found.total, "states": states}}


def token(work: Work, call: Json, _result: Any) -> State:
    """The one of a name."""
    name = call["new"].name if "new" in call else call["name"]
    found = work.tokens.find(name)
    return {f"token {name}": None if found is None else token_object(found)}


def journal(_work: Work, call: Json, result: Any) -> State:
    """All that is too old."""
    before = format_time(call["moment"])
    return {"journal": {"removedBefore": None if result is None else before}}
