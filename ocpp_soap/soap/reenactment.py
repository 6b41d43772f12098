"""Makes the messages of a trace anew: as they were spelled, but for what must be another here; compares answers.

It knows neither files nor how a message is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..central.records import Exchange
from ..central.reenactment import TransactionIds
from ..protocol.catalog import Catalog
from ..protocol.dialects import Side
from .markup import Document, Element
from .rereading import Reread, Rereader, document

OUTCOME, STATUSES = "the outcome", ("status", "idTagInfo.status")
"""What differences are of, besides transactionId."""

LEFT_OUT = "messages that the trace lacks"
BEFORE = "messages of transactions that began before the trace, compared without what was known of those"
UNREADABLE = "answers that the trace lacks or that can't be read there, of which the outcome alone was compared"
"""Why something was not played or not compared."""

Difference = tuple[str, str | None, str | None]
"""What is otherwise, what it was in the trace and what it is here."""


class Reenactment:
    """One trace played once: it remembers which transaction of the trace is which one here.

    `passed_over` counts what was not played or not compared, by the reason.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.passed_over: Counter[str] = Counter()
        self._rereader = Rereader(catalog)
        self._ids = TransactionIds()

    def read(self, exchange: Exchange, side: Side) -> Reread:
        """What a message says; nothing where there is none."""
        return self._rereader.read(exchange, side) or Reread()

    def message(self, exchange: Exchange, asked: Reread, headers: Mapping[str, str] | None = None) -> bytes:
        """The request with the transactionId of here, and `headers` (by names in small letters) that say otherwise.

        What is no SOAP message stays as it is.
        """
        there = (asked.payload or {}).get("transactionId")
        here = None if there is None else self._ids.here(there)
        if asked.element is None or (here == there and not headers):
            return exchange.request
        message = document(exchange, "request")
        header = message.root.find("header")
        for block in header.children if header is not None else ():
            said = block.find("address") if block.name == "from" else block
            if said is not None and (new := (headers or {}).get(block.name)) is not None:
                _put(message, said, new)
        if there is not None and here != there:
            self.passed_over.update([] if self._ids.known(there) else [BEFORE])
            body = message.root.find("body")
            for element in body.children[0].children if body is not None else ():
                if element.name == "transactionid":
                    _put(message, element, str(here))
        return message.encoded()

    def differences(self, exchange: Exchange, told: Reread, here: Reread) -> Iterator[Difference]:
        """What is otherwise in the answer here than in the one that the trace has."""
        outcome = (here.fault.subcode or here.fault.code) if here.fault else "answered"
        if here.unreadable:
            outcome = f"unreadable: {here.unreadable}"
        if outcome != exchange.outcome:
            yield OUTCOME, exchange.outcome, outcome
        elif here.payload is not None and told.payload is None:
            self.passed_over[UNREADABLE] += 1
        elif here.payload is not None and told.payload is not None:
            for what in STATUSES:
                one, other = (_at(payload, what) for payload in (told.payload, here.payload))
                if one != other:
                    yield what, one, other
            there, own = told.payload.get("transactionId"), here.payload.get("transactionId")
            if there is not None and own is not None and not self._ids.learn(there, own):
                yield "transactionId", str(there), "that of another transaction"


def _put(message: Document, element: Element, new: str) -> None:
    """Puts a text in place of another, with the blanks that stood around that."""
    texts = element.all_texts()
    old = message.text(texts)
    if old.strip():
        message.put_text(texts, old.replace(old.strip(), new))


def _at(payload: Mapping[str, object], path: str) -> str | None:
    found: object = payload
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None
