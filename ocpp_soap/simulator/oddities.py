"""How stations misspell what stands around a body: header, envelope, HTTP, and their answers to commands.

One small function for each quirk of these groups.
"""

from __future__ import annotations

from copy import deepcopy
from urllib.parse import urlsplit

from lxml import etree

from ..soap import ns
from .letters import COMPRESSED, Letter
from .misspellings import OF_A_VENDOR, Respelling

_ADDRESSING = ("Action", "MessageID", "From", "ReplyTo", "To", "RelatesTo")


def _remove(*names: str) -> Respelling:
    def respell(letter: Letter) -> None:
        for block in letter.blocks(*names):
            letter.header.remove(block)

    return respell


def _set(**changes: object) -> Respelling:
    """Sets fields of the letter."""

    def respell(letter: Letter) -> None:
        for name, value in changes.items():
            setattr(letter, name, value)

    return respell


def _padded(letter: Letter) -> None:
    for block in letter.blocks(letter.service.header, "MessageID", "Action"):
        block.text = f"\n      {block.text}\n    "


def _doubled(letter: Letter) -> None:
    for block in letter.blocks("MessageID"):
        again = deepcopy(block)
        again.text = "urn:uuid:another"
        block.addnext(again)


def _empty(letter: Letter) -> None:
    for block in letter.blocks("To"):
        block.text = ""


def _without_namespace(letter: Letter) -> None:
    for block in letter.blocks(*_ADDRESSING):
        block.tag = ns.local(block.tag)


def _in_addressing_namespace(letter: Letter) -> None:
    for block in letter.blocks(letter.service.header):
        block.tag = f"{{{ns.WSA}}}{letter.service.header}"


def _named_in_another_case(letter: Letter) -> None:
    for block in letter.blocks("MessageID"):
        block.tag = f"{{{ns.WSA}}}MessageId"


def _not_understood(letter: Letter) -> None:
    block = etree.SubElement(letter.header, f"{{{OF_A_VENDOR}}}Sequence")
    block.set(f"{{{ns.SOAP12}}}mustUnderstand", "true")


def _address_itself(letter: Letter) -> None:
    for block in letter.blocks("From"):
        address = block[0]
        block.remove(address)
        block.text = address.text


def _without_host(letter: Letter) -> None:
    for block in letter.blocks("From"):
        said = urlsplit(block[0].text or "")
        block[0].text = f"{said.scheme}://:{said.port}{said.path}"


def _elsewhere(letter: Letter) -> None:
    for block in letter.blocks("ReplyTo"):
        block[0].text = "http://192.0.2.1:8080/answers"


def _another_action(letter: Letter) -> None:
    for block in letter.blocks("Action"):
        block.text = "/Heartbeat" if letter.operation.name != "Heartbeat" else "/BootNotification"


def _another_case(letter: Letter) -> None:
    # At times, and so that it is registered under its own name.
    if letter.operation.name != "BootNotification":
        for block in letter.blocks(letter.service.header):
            block.text = (block.text or "").swapcase()


def _in_the_path(letter: Letter) -> None:
    # The URL has it instead (see `quirks.address`).
    if not letter.answers:
        _remove(letter.service.header)(letter)


HEADERS: dict[str, Respelling] = {
    "header-padded": _padded,
    "header-empty": _empty,
    "must-understand-unknown": _not_understood,
    "action-mismatch": _another_action,
    "reply-to-elsewhere": _elsewhere,
    "from-unusable": _without_host,
    "from-without-address": _address_itself,
    "from-missing": _remove("From"),
    "identity-case": _another_case,
    "identity-from-path": _in_the_path,
    "header-in-another-namespace": _in_addressing_namespace,
    "header-doubled": _doubled,
    "header-name-case": _named_in_another_case,
    "headers-missing": _remove("Action", "MessageID", "To"),
    "header-without-namespace": _without_namespace,
}


def _header_last(letter: Letter) -> None:
    for header in letter.envelope.findall("{*}Header"):
        letter.envelope.append(header)


def _more_in_the_body(letter: Letter) -> None:
    letter.content.addnext(etree.Element(f"{{{OF_A_VENDOR}}}signature"))


def _soap(namespace: str | None) -> Respelling:
    def respell(letter: Letter) -> None:
        for element in (letter.envelope, *letter.envelope):
            name = ns.local(element.tag)
            element.tag = f"{{{namespace}}}{name}" if namespace else name

    return respell


def _undeclared(letter: Letter) -> None:
    letter.undeclared = True
    letter.content.set(f"{{{ns.XSI}}}nil", "false")


def _encoded(encoding: str) -> Respelling:
    type_ = f"application/soap+xml; charset={encoding}"
    return _set(encoding=encoding, declares=encoding, types=(type_,))


def _before(signs: bytes) -> Respelling:
    """Puts bytes before the message; UTF-16 has a byte order mark of its own, which must come first."""

    def respell(letter: Letter) -> None:
        if letter.encoding == "UTF-8":
            letter.before = signs + letter.before

    return respell


ENVELOPE: dict[str, Respelling] = {
    "envelope-disorder": _header_last,
    "body-with-more": _more_in_the_body,
    "envelope-without-namespace": _soap(None),
    "undeclared-prefix": _undeclared,
    "encoding-unknown": _set(declares="UTF8-STATION"),
    "encoding-labels-disagree": _set(types=("application/soap+xml; charset=iso-8859-1",)),
    "latin-1": _encoded("ISO-8859-1"),
    "utf-16": _encoded("UTF-16"),
    "byte-order-mark": _before(b"\xef\xbb\xbf"),
    "blanks-before-declaration": _before(b"\n"),
    "forbidden-characters": _set(after=b"\0"),
}


def _compressed(letter: Letter) -> None:
    letter.coding = list(COMPRESSED)[letter.turn // 2 % 2]


def _two_types(letter: Letter) -> None:
    letter.types += (letter.types[0].replace("soap+xml", "xml"),)


HTTP: dict[str, Respelling] = {
    "odd-content-type": _two_types,
    "no-content-type": _set(types=()),
    "coding-without-compression": lambda letter: letter.fields.update({"Content-Encoding": "deflate"}),
    "compressed": _compressed,
    "chunked": lambda letter: letter.fields.update({"Transfer-Encoding": "chunked"}),
    "expect-continue": lambda letter: letter.fields.update({"Expect": "100-continue"}),
    "old-http": _set(old=True),
    "soap-1.1": _soap(ns.SOAP11),
}


def _named_otherwise(letter: Letter) -> None:
    # Without a field there would be nothing to know it by.
    if len(letter.content):
        letter.content.tag = str(letter.content.tag).removesuffix("Response") + "Reply"


def _of_another(letter: Letter) -> None:
    block = etree.SubElement(letter.header, f"{{{letter.service.namespace}}}{letter.service.header}")
    block.text = f"NOT-{letter.identity}"


def _answer(respell: Respelling) -> Respelling:
    return lambda letter: respell(letter) if letter.answers else None


ANSWERS: dict[str, Respelling] = {
    "answer-named-otherwise": _answer(_named_otherwise),
    "answer-of-another-identity": _answer(_of_another),
    "answer-with-odd-status": _answer(_set(status="500 Internal Server Error")),
    "answer-cut-off": _answer(_set(missing=20)),
}
