"""Authorize, and the idTagInfo of every answer that carries one.

Functions of (request, call, work); they know no XML, no SQL and no version.
"""

from __future__ import annotations

from ..call import Call
from ..ports import Work
from ..records import Json, Tag
from ..tag_status import judge

# Open transactions per idTag where the tag itself says nothing.
DEFAULT_LIMIT = 1


def authorize(request: Json, call: Call, work: Work) -> Json:
    """Says whether the idTag may charge (OCPP 1.6 §4.1); ConcurrentTx belongs to StartTransaction alone (§7.2)."""
    return {"idTagInfo": id_tag_info(request["idTag"], call, work)}


def id_tag_info(id_tag: str | None, call: Call, work: Work) -> Json:
    """The idTagInfo of a tag as JSON; an unknown tag is remembered."""
    return _info(id_tag, work.tags.find(id_tag) if id_tag else None, call, work)


def start_info(id_tag: str | None, connector_id: int | None, call: Call, work: Work) -> Json:
    """idTagInfo for a StartTransaction: as for Authorize, and ConcurrentTx above the tag's limit (OCPP 1.6 §7.2).

    The tag stays locked until the transaction ends, so that two starts at once count each other. Transactions on the
    same connector do not count: the new start supersedes them.
    """
    tag = work.tags.find(id_tag, lock=True) if id_tag else None
    info = _info(id_tag, tag, call, work)
    if info["status"] != "Accepted" or id_tag is None:
        return info
    limit = tag.max_transactions if tag and tag.max_transactions is not None else DEFAULT_LIMIT
    running = work.transactions.open_for_tag(id_tag)
    if running >= limit and connector_id is not None:
        here = work.transactions.open_on(call.station.id, connector_id)
        running -= sum(t.superseded_by is None and (t.id_tag or "").casefold() == id_tag.casefold() for t in here)
    return {**info, "status": "ConcurrentTx"} if running >= limit else info


def _info(id_tag: str | None, tag: Tag | None, call: Call, work: Work) -> Json:
    if tag is not None:
        return judge(tag, call.received)
    if id_tag:
        work.tags.remember_unknown(id_tag, call.station.id, call.received)
    return {"status": "Accepted" if id_tag and call.policy.unknown_tags == "accept" else "Invalid"}
