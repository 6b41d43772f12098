"""Every oddity of stations that is tolerated, as a table: what a station does, what is made of it, who was seen so.

A flag names its row, so that a station's habits are known by name; a strict station is refused what breaks the
specification. `python -m ocpp_soap.protocol.quirks docs/quirks.md` writes the table down. It must not know how a
message is read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from .export import table

REAL = "a real station"
CODE = "worked around by deployed software"
TEST = "a test or a simulator"
NOBODY = "nobody yet"

REFUSED = "Refused"


class Quirk(NamedTuple):
    """`does` says what a station does, `answer` what is made of it, `seen` who was seen doing it.

    `strict`: it breaks the specification though the schema can't tell, so that a strict station gets a fault; `schema`:
    the schema tells. `flagged` is false where the standard allows it and there is nothing to note.
    """

    group: str
    does: str
    answer: str
    seen: str
    strict: bool = False
    flagged: bool = True
    schema: bool = False


def _header(does: str, answer: str, seen: str, strict: bool = True) -> Quirk:
    return Quirk("Headers", does, answer, seen, strict)


def _envelope(does: str, answer: str, seen: str, strict: bool = True) -> Quirk:
    return Quirk("Envelope", does, answer, seen, strict)


def _body(does: str, answer: str, seen: str) -> Quirk:
    return Quirk("Body", does, answer, seen, schema=True)


def _value(does: str, answer: str, seen: str, schema: bool = True) -> Quirk:
    return Quirk("Values", does, answer, seen, schema=schema)


def _http(does: str, answer: str, seen: str, flagged: bool = True) -> Quirk:
    return Quirk("HTTP", does, answer, seen, flagged=flagged)


def _answer(does: str, answer: str, seen: str) -> Quirk:
    return Quirk("Answers to commands", does, answer, seen)


_HEADERS = {
    "headers-missing": _header(
        "leaves out Action, MessageID or To", "answered; RelatesTo then names the unspecified message", CODE
    ),
    "from-missing": _header("leaves out wsa:From", "the address known before stays", REAL, strict=False),
    "header-empty": _header("sends an empty block", "as if it were missing", REAL),
    "header-padded": _header("puts blanks around a block's text", "taken away", REAL, strict=False),
    "header-doubled": _header("sends a block twice", "the first with a text counts", NOBODY),
    "header-without-namespace": _header("puts header blocks into no namespace", "known by their local names", CODE),
    "header-in-another-namespace": _header("puts blocks into another namespace", "known by their local names", REAL),
    "header-name-case": _header("writes MessageId, chargeboxidentity", "known regardless of case", CODE, strict=False),
    "must-understand-unknown": _header("sends a block of its own that must be understood", "ignored", CODE),
    "from-without-address": _header("writes the address into wsa:From itself", "read there", TEST),
    "from-unusable": _header(
        "names no host that can be called, such as http://:8082/",
        "completed by the address that the message came from, or not used",
        REAL,
        strict=False,
    ),
    "reply-to-elsewhere": _header("wants the answer elsewhere", "answered on the same connection", TEST),
    "action-mismatch": _header("names another operation in wsa:Action", "the body's element decides", TEST),
    "identity-from-path": _header("sends no chargeBoxIdentity", "the identity at the end of the URL", REAL),
    "identity-case": _header(
        "spells its identity in another case at times", "the registered station it is", REAL, strict=False
    ),
    "identity-with-blanks": _header("has blanks inside its identity", "kept as it is", TEST, strict=False),
    "identity-with-signs": Quirk(
        "Headers", "has colons, dots or other signs in its identity", "kept as it is", REAL, flagged=False
    ),
}
_ENVELOPE = {
    "envelope-without-namespace": _envelope("sends an envelope of no namespace", "read as SOAP 1.2", NOBODY),
    "undeclared-prefix": _envelope("uses a prefix such as xsi that it never declares", "declared for it", REAL),
    "blanks-before-declaration": _envelope("begins with a blank line", "taken away", TEST),
    "byte-order-mark": _envelope("begins with a byte order mark", "taken away", NOBODY, strict=False),
    "encoding-unknown": _envelope("declares an encoding that nobody knows", "read as UTF-8", NOBODY),
    "encoding-labels-disagree": _envelope(
        "names one encoding in the content type and another in the declaration", "the one that its bytes fit", NOBODY
    ),
    "latin-1": _envelope("declares ISO-8859-1", "read as such", NOBODY, strict=False),
    "utf-16": _envelope("sends UTF-16", "read as such", NOBODY, strict=False),
    "forbidden-characters": _envelope(
        "sends characters that XML can't hold, such as null bytes behind the envelope or &#0; in a text",
        "dropped, null bytes behind the envelope with all that follows",
        REAL,
    ),
    "envelope-disorder": _envelope(
        "puts the header after the body, or others beside them", "read all the same", NOBODY
    ),
    "body-with-more": _envelope("puts more than one element into the body", "the first is read", NOBODY),
}
_BODY = {
    "body-without-namespace": _body("sends a body of no namespace", "its last version, else the newest", CODE),
    "body-in-cp-namespace": _body("sends it in the Charge Point's namespace", "that version's, answered in Cs", REAL),
    "namespace-spelling": _body("leaves out the namespace's last slash, or its case", "the version it means", TEST),
    "children-unqualified": _body("puts fields into no namespace", "known by their local names", CODE),
    "children-in-another-namespace": _body("puts fields into another namespace", "known by local names", CODE),
    "operation-name-case": _body("writes AuthorizeRequest", "known regardless of case", TEST),
    "child-name-case": _body("writes ConnectorId, IdTag", "known regardless of case", TEST),
    "children-order": _body("sends fields in an order of its own", "read in any order", REAL),
    "unknown-element": _body("sends fields that the standard has not", "dropped, kept in the journal", CODE),
    "repeated-element": _body("repeats a field that may stand once", "the first with a text counts", NOBODY),
    "markup-in-text": _body("puts elements where text belongs", "their text", NOBODY),
    "xml-in-data": _body("puts XML into DataTransfer's data", "kept as text", TEST),
    "element-for-attribute": _body("writes an attribute as an element", "read as the attribute", REAL),
    "element-in-itself": _body("puts values into values", "the inner ones are its items", TEST),
    "structure-of-another-version": _body(
        "writes readings of meters in the structure of another version, or mixes several", "read, nothing is lost", REAL
    ),
    "field-of-a-later-version": _body("sends a field that only a later version has", "kept", TEST),
}
_VALUES = {
    "field-missing": _value(
        "leaves out a required field, or leaves it empty", "confirmed without it where a fault would do harm", REAL
    ),
    "empty-element": _value("sends empty elements and xsi:nil for what it does not know", "absent", REAL),
    "padded-value": _value("puts blanks around a value", "taken away", REAL),
    "overlong-text": _value("sends a text longer than allowed", "kept whole", REAL),
    "unknown-word": _value("sends a word that its version does not have", "kept as sent", CODE),
    "word-in-another-case": _value("writes accepted, AVAILABLE", "the word that it is", CODE),
    "word-of-another-version": _value("writes Celcius, or Amp and A in each other's version", "Celsius, A, V", CODE),
    "number-spelling": _value("writes whole numbers as 12.0, +5 or 1.2E1", "the whole number", TEST),
    "number-unreadable": _value("sends a number that is none, or too great", "absent, its text kept", TEST),
    "boolean-spelling": _value("writes 0, 1, TRUE in an answer", "false, true", REAL, schema=False),
    "boolean-unreadable": _value(
        "sends a boolean that is none in an answer", "absent, its text kept", NOBODY, schema=False
    ),
    "time-without-zone": _value("gives no zone", "UTC", REAL, schema=False),
    "time-as-epoch": _value("writes times as seconds or milliseconds since 1970", "that time", CODE),
    "time-spelling": _value("writes T5:13:33, a blank for T, more digits than microseconds", "that time", CODE),
    "time-with-fraction": Quirk("Values", "gives milliseconds or microseconds", "that time", REAL, flagged=False),
    "time-impossible": _value("sends a time that can't be, such as 24:23:23", "the time of receipt", REAL),
    "clock-never-set": _value("has a clock that was never set", "kept, and ordered by receipt", NOBODY, schema=False),
    "time-in-future": _value("is ahead of time", "kept, and ordered by receipt", NOBODY, schema=False),
}
_HTTP = {
    "no-content-type": _http("sends no Content-Type", "read as SOAP", NOBODY),
    "odd-content-type": _http("sends text/xml, two types, or one that is none", "read as SOAP", CODE),
    "coding-without-compression": _http("says gzip or deflate of a body that is neither", "read as it is", CODE),
    "compressed": _http("compresses its messages with gzip or deflate", "as the standard demands", CODE),
    "chunked": _http("sends chunks instead of a length", "read to its end", NOBODY),
    "expect-continue": _http("waits for 100 Continue", "told to go on", NOBODY, flagged=False),
    "path-slashes": _http("has a slash too many in its URL", "as with single slashes", REAL),
    "old-http": _http("speaks HTTP/1.0", "answered in kind", NOBODY),
}
_ANSWERS = {
    "answer-named-otherwise": _answer("answers in an element of another name", "read by its fields", CODE),
    "answer-of-another-identity": _answer("answers with another chargeBoxIdentity", "taken all the same", REAL),
    "answer-with-odd-status": _answer(
        "sends a confirmation with an HTTP status of failure", "taken all the same", CODE
    ),
    "answer-cut-off": _answer("ends the connection before the length it named", "complete if the envelope is", CODE),
}

_REFUSED = {
    "soap-1.1": Quirk(
        REFUSED,
        "sends a SOAP 1.1 envelope",
        "VersionMismatch in SOAP 1.1, naming SOAP 1.2",
        TEST,
        flagged=False,
    ),
}

QUIRKS: Mapping[str, Quirk] = _HEADERS | _ENVELOPE | _BODY | _VALUES | _HTTP | _ANSWERS | _REFUSED

AROUND_A_MESSAGE = frozenset(_HEADERS | _ENVELOPE | _HTTP)
"""The names of those that say nothing about a message's content."""

_PAGE = """# Quirks of stations

Stations of this age break the specification in many small ways, and will never be updated. Whatever can be understood
is answered. Each tolerance is a flag: the field, the text that stood there, what was assumed, and the quirk's name.

- `ocpp-soap charge-points show CP-1` lists the quirks that a station has shown, since when, and an example of each.
- `ocpp-soap journal list --charge-point CP-1` and `ocpp-soap journal show 4711` show the flags of each message.
- `ocpp-soap charge-points profile CP-1 --strictness strict` is for vendors who certify: a strict station gets a fault
  that names line and field wherever its message breaks the specification. All others are lenient.
- `ocpp-soap simulate --quirk NAME` is a station that has it, `--quirk all` one that has all of them.

A value is never guessed by resemblance: what is not in these tables is kept as it was sent. Who was seen doing it says
how far a quirk is known: {seen}.
The tests are in `{tests}`, each with a simulated station at a real gateway.

This page is written by `python -m ocpp_soap.protocol.quirks docs/quirks.md`.
"""
TESTS = "tests/e2e/test_quirks.py"
TOLERATED, TURNED_AWAY = "test_tolerated", "test_refused"


def refusal(name: str) -> str:
    """What a strict station gets for it."""
    quirk = QUIRKS[name]
    if name == "must-understand-unknown":
        return "MustUnderstand"
    return "ProtocolError" if quirk.strict else "ProtocolError, by the schema" if quirk.schema else "the same"


def page() -> str:
    """The whole page, in Markdown."""
    head = ("quirk", "a station …", "what the gateway makes of it", "a strict station gets", "seen", "proved by")
    parts = [_PAGE.format(seen=", ".join((REAL, CODE, TEST, NOBODY)), tests=TESTS)]
    for group, names in groupby(QUIRKS, lambda name: QUIRKS[name].group):
        rows = []
        for name in names:
            quirk, test = QUIRKS[name], TURNED_AWAY if group == REFUSED else TOLERATED
            noted = "" if quirk.flagged or group == REFUSED else "; not flagged, since it is allowed"
            rows.append((f"`{name}`", quirk.does, quirk.answer + noted, refusal(name), quirk.seen, f"`{test}[{name}]`"))
        parts.append(f"## {group}\n\n{table(head, rows)}")
    return "\n".join(parts)


def main(paths: list[str]) -> None:
    """Writes the page into these files."""
    for path in paths:
        Path(path).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
