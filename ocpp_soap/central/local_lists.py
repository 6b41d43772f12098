"""A charge point's local authorization list, as the SendLocalList commands that it accepted have made it."""

from __future__ import annotations

from collections.abc import Iterator

from .pages import CommandFilter
from .ports import Work
from .records import ChargePoint, Command, Json

OPERATION, FULL = "SendLocalList", "Full"

# Commands that are read at a time.
ROWS = 100


def local_list(point: ChargePoint, work: Work) -> Json:
    """{chargeBoxIdentity, listVersion, complete, localAuthorizationList}, by idTag.

    `complete`: the list is known from a full one on, each update ended with an answer, and the version is the one that
    the charge point was heard of last.
    """
    since: list[Command] = []
    known, version = False, None
    for command in _sent(point, work):
        if command.state == "answered" and (command.answer or {}).get("status") != "Accepted":
            continue
        since.append(command)
        if command.state == "answered" and command.request["updateType"] == FULL:
            known = True
            break
    entries: dict[str, Json] = {}
    for command in reversed(since):
        if command.state != "answered":
            known = False
            continue
        version = command.request["listVersion"]
        for entry in command.request.get("localAuthorizationList", ()):
            # An entry without idTagInfo takes the tag off the list (OCPP 1.6 §5.15).
            if "idTagInfo" in entry:
                entries[entry["idTag"].casefold()] = entry
            else:
                entries.pop(entry["idTag"].casefold(), None)
    return {
        "chargeBoxIdentity": point.identity,
        "listVersion": point.local_list_version,
        "complete": known and version == point.local_list_version,
        "localAuthorizationList": [entries[tag] for tag in sorted(entries)],
    }


def _sent(point: ChargePoint, work: Work) -> Iterator[Command]:
    """Those that it accepted or may have executed, the newest first."""
    after = None
    while True:
        page = work.commands.page(CommandFilter(point.identity, operation=OPERATION), ROWS, after)
        yield from (command for command in page.rows if command.state in ("answered", "uncertain"))
        if page.next is None:
            return
        after = page.next
