"""WS-Addressing and the identity header: read from a request tolerantly, written into an answer strictly.

OCPP-S 1.6 chapter 3; soap-binding decisions 1, 3 and 8. Blocks are matched by local name, without regard to case or
namespace. It must not know any operation.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from typing import NamedTuple

from lxml import etree

from ..errors import IdentityMismatch, ProtocolError
from ..protocol.reading import Flag
from . import ns

IDENTITY = "chargeBoxIdentity"
MAX_IDENTITY = 255
MAX_MESSAGE_ID = 2000
WHERE_TO_SET_IT = (
    "it is set in the charge point's own menu, or put at the end of the Central System's URL: …/ocpp/<identity>"
)

_WSA_NAMES = ("Action", "MessageID", "RelatesTo", "From", "ReplyTo", "FaultTo", "To")
_ENDPOINTS = ("From", "ReplyTo", "FaultTo")
_BY_NAME = {name.lower(): name for name in (*_WSA_NAMES, IDENTITY)}
_BY_TAG = {f"{{{ns.WSA}}}{name}": name for name in _WSA_NAMES}
_REQUIRED = {"Action", "MessageID", "To"}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ACTION, _MESSAGE_ID, _RELATES_TO, _FROM, _, _, _TO = _BY_TAG
_ADDRESS = f"{{{ns.WSA}}}Address"
_HEADER = f"{{{ns.SOAP12}}}Header"


class Addressing(NamedTuple):
    """What a header says, trimmed: None where a block is missing, "" where From is there but names nothing."""

    identity: str | None = None
    message_id: str | None = None
    action: str | None = None
    callback: str | None = None


def read(blocks: list[etree._Element], identity_tags: Collection[str], flags: list[Flag]) -> Addressing:
    """Reads the header blocks of a message; tolerances go to `flags`, also an identity with none of `identity_tags`."""
    found: dict[str, str] = {}
    for block in blocks:
        name = _BY_TAG.get(block.tag) or (IDENTITY if block.tag in identity_tags else _odd(block, identity_tags, flags))
        if name is not None:
            raw = _text(block, name, flags)
            value = raw.strip()
            if not value:
                flags.append(Flag(name, raw, "absent", "header-empty"))
            elif len(value) != len(raw) and name in (IDENTITY, "MessageID", "Action"):
                flags.append(Flag(name, raw, "surrounding blanks taken away", "header-padded"))
            if name in found:
                earlier = found[name]
                found[name] = earlier or value
                flags.append(Flag(name, value, f"{found[name]}, the first of several", "header-doubled"))
            else:
                found[name] = value
    if len(found.get("MessageID", "")) > MAX_MESSAGE_ID:
        flags.append(
            Flag("MessageID", found["MessageID"][:MAX_MESSAGE_ID], "absent, since no answer should repeat that")
        )
        found["MessageID"] = ""
    _look_over(found, flags)
    get = found.get
    return Addressing(get(IDENTITY) or None, get("MessageID") or None, get("Action") or None, get("From"))


def _look_over(found: dict[str, str], flags: list[Flag]) -> None:
    """Notes what is missing of the header, and where an answer is wanted elsewhere (OCPP-S 1.6 §3.3 to §3.9)."""
    if not (_REQUIRED <= found.keys()):
        missing = [name for name in _WSA_NAMES if name in _REQUIRED and name not in found]
        flags.append(Flag("Header", None, "without " + ", ".join(missing), "headers-missing"))
    if "From" not in found:
        flags.append(Flag("From", None, "the address known before", "from-missing"))
    reply_to = found.get("ReplyTo")
    if reply_to and reply_to != ns.ANONYMOUS:
        flags.append(Flag("ReplyTo", reply_to, "answered on this connection", "reply-to-elsewhere"))


def _odd(block: etree._Element, identity_tags: Collection[str], flags: list[Flag]) -> str | None:
    """The name of a block that is not spelled as the specification does; None when it is none of ours."""
    local = ns.local(block.tag)
    name = _BY_NAME.get(local.lower())
    if name is None:
        must = next((str(v) for k, v in block.attrib.items() if ns.local(k) == "mustUnderstand"), "")
        role = next((str(v) for k, v in block.attrib.items() if ns.local(k) == "role"), "")
        # A block with the role of nobody is for nobody to understand (SOAP 1.2 part 1 §2.2).
        if must.strip().strip("'\"").lower() in ("true", "1") and not role.endswith("/role/none"):
            flags.append(Flag(local, must, "ignored, since it is not understood", "must-understand-unknown"))
        return None
    namespace = ns.namespace(block.tag)
    assumed = f"read as {name}" + ("" if namespace else ", of no namespace")
    proper = namespace in _spaces(name, identity_tags)
    quirk = "header-name-case" if proper else "header-in-another-namespace" if namespace else "header-without-namespace"
    flags.append(Flag(name, block.tag, assumed, quirk))
    return name


def _text(block: etree._Element, name: str, flags: list[Flag]) -> str:
    """The block's text: of its Address child, its own, or that of an attribute `Address` (soap-binding C.1)."""
    text = block.text or ""
    if len(block):
        for child in block:
            if ns.local(child.tag).lower() == "address":
                return child.text or ""
        text = "".join(map(str, block.itertext()))
    if name in _ENDPOINTS:
        text = text or next((str(v) for key, v in block.attrib.items() if ns.local(key).lower() == "address"), "")
        if text.strip():
            flags.append(Flag(name, text, "its address, though it has no element Address", "from-without-address"))
    return text


def _spaces(name: str, identity_tags: Collection[str]) -> set[str | None]:
    """The namespaces in which a block of that name belongs."""
    return {ns.namespace(tag) for tag in identity_tags} if name == IDENTITY else {ns.WSA}


def identify(said: str | None, in_path: str | None, flags: list[Flag]) -> str:
    """The identity from header and path (soap-binding decision 8).

    Raises `ProtocolError` when there is none or it can't be one, `IdentityMismatch` when the two disagree.
    """
    identity = said or in_path
    if not identity:
        raise ProtocolError(f"The header {IDENTITY} is missing or empty; {WHERE_TO_SET_IT}.", path=IDENTITY)
    for candidate in filter(None, (said, in_path)):
        if len(candidate) > MAX_IDENTITY:
            raise ProtocolError(f"{IDENTITY} is longer than {MAX_IDENTITY} characters.", path=IDENTITY)
        if _UNPRINTABLE.search(candidate):
            raise ProtocolError(f"{IDENTITY} holds control characters.", path=IDENTITY)
    if not said:
        flags.append(Flag(IDENTITY, None, f"{identity}, from the path", "identity-from-path"))
    elif in_path and said != in_path:
        if said.casefold() != in_path.casefold():
            raise IdentityMismatch(f"{IDENTITY} in the header is not the one at the end of the URL.", path=IDENTITY)
        flags.append(Flag(IDENTITY, in_path, f"{said}, equal but for case", "identity-case"))
    if " " in identity:
        flags.append(Flag(IDENTITY, identity, "kept with its blanks", "identity-with-blanks"))
    return identity


def header(action: str, relates_to: str | None, address: str, blocks: str = "full") -> etree._Element | None:
    """The Header of an answer (decision 3): `relates_to` is the request's MessageID, `address` our public URL.

    `blocks` is a profile's `headers`: classic leaves out From, bare gives None.
    """
    if blocks == "bare":
        return None
    header = etree.Element(_HEADER)
    element = etree.SubElement
    element(header, _ACTION).text = action
    element(header, _MESSAGE_ID).text = uuid.uuid4().urn
    element(header, _RELATES_TO).text = relates_to or ns.NO_MESSAGE
    element(header, _TO).text = ns.ANONYMOUS
    if blocks == "full":
        element(element(header, _FROM), _ADDRESS).text = address
    return header
