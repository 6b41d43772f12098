"""Counts the SQL statements of each operation, without BEGIN and COMMIT, in the gateway's own code without a server."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import event
from werkzeug.test import Client

from ocpp_soap.bootstrap import Gateway, now
from ocpp_soap.settings import Settings

STATION = "BENCH-0000"
# The first three messages of a station are not like the others: it is registered, called back, its clock noted.
AGAIN = 3


def statements(settings: Settings, templates: dict[str, str]) -> dict[str, int]:
    """How many statements each operation takes, of a known station with a known tag and an open transaction."""
    gateway = Gateway(settings)
    client = Client(gateway.application)
    seen: list[str] = []

    @event.listens_for(gateway.store.writer, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    counts, number, transaction = {}, 0, "0"
    try:
        for name, template in list(templates.items()) * AGAIN:
            number += 1
            values = {
                "identity": STATION,
                "tag": STATION,
                "connector": "1",
                "transaction": transaction,
                "time": now().isoformat(),
                "meter": str(number),
                "number": str(number),
            }
            seen.clear()
            answer = client.post("/ocpp", data=re.sub(r"{(\w+)}", lambda place: values[place[1]], template))  # noqa: B023
            counts[name] = len(seen)
            if found := re.search(r"transactionId>(\d+)<", answer.text):
                transaction = found[1]
            if answer.status_code != 200:
                raise ValueError(f"{name}: {answer.text}")
    finally:
        gateway.store.close()
    return counts
