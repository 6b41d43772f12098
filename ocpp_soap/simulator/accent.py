"""How one simulated station says what it says: its quirks put to its requests and to its answers.

Without quirks everything is as the gateway's own code makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from itertools import count
from typing import Any

from lxml import etree

from ..protocol.schema import Operation, Service
from ..soap import ns
from ..soap.transport import Transport
from .letters import Letter, LetterPost
from .quirks import address, chosen, respell

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# So many messages are known again.
_REMEMBERED = 200


class Accent:
    """That of one station, which sends requests to the service `called` and answers those to the service `own`."""

    def __init__(self, called: Service, own: Service) -> None:
        self._called = called
        self._own = own
        self._numbers = count()
        self._known: dict[str, int] = {}

    def of_request(
        self, quirks: Collection[str], url: str, identity: str, operation: str, payload: dict[str, Any]
    ) -> tuple[str, Callable[..., Transport]]:
        """Where a request goes, and what makes its transport (`SoapCaller.call`)."""
        if not quirks:
            return url, Transport
        turn = self._turn(repr((operation, payload)) if payload else None)
        shown = chosen(quirks, turn)
        described = self._called.operations[operation]

        def write(envelope: etree._Element) -> Letter:
            return respell(Letter(envelope, self._called, described, identity, turn, payload=payload), shown)

        return address(url, identity, shown), partial(LetterPost, write)

    def of_answers(self, quirks: Collection[str], identity: str, application: Application) -> Application:
        """The WSGI application with its confirmations respelled; faults stay as they are."""
        if not quirks:
            return application

        def say(request: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            begun: list[Any] = []
            body = b"".join(application(request, lambda *said: begun.extend(said)))
            found = self._operation(body) if request["REQUEST_METHOD"] == "POST" else None
            if found is None:
                start_response(*begun)
                return [body]
            turn = self._turn(None)
            letter = Letter(etree.fromstring(body), self._own, found, identity, turn, answers=True)
            written = respell(letter, chosen(quirks, turn)).written()
            length = ("Content-Length", str(len(written) + letter.missing))
            start_response(letter.status, [*(one for one in letter.head() if one[0].startswith("Content-")), length])
            return [written]

        return say

    def _operation(self, confirmation: bytes) -> Operation | None:
        """Whose confirmation it is; None for a fault."""
        content = etree.fromstring(confirmation).find("{*}Body/*")
        name = ns.local(content.tag) if content is not None else ""
        return next((one for one in self._own.operations.values() if one.output.element == name), None)

    def _turn(self, said: str | None) -> int:
        """The number of a message; one that says the same again keeps it, None is like no other."""
        number = next(self._numbers)
        if said is None:
            return number
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        return self._known.setdefault(said, number)
