"""What a known idTag is answered with: a pure judgement of the tag and its group."""

from __future__ import annotations

from datetime import datetime

from ..protocol.writing import to_json
from .records import Json, Tag


def judge(tag: Tag, at: datetime) -> Json:
    """Accepted, Blocked or Expired at that time; a blocked or expired parent binds its children (OCPP 1.6 §7.8)."""
    expiries = [moment for moment in (tag.expires, tag.parent_expires) if moment is not None]
    status = "Accepted"
    if tag.blocked or tag.parent_blocked:
        status = "Blocked"
    elif expiries and min(expiries) <= at:
        status = "Expired"
    info: Json = to_json({"status": status, "expiryDate": min(expiries, default=None), "parentIdTag": tag.parent})
    return info
