"""From a message's bytes to UTF-8: byte order marks, declarations, charset labels, and those that lie.

ISO-8859-1 is read only where the declaration or the content type says so (soap-binding decision 2). It must not know
what the message is.
"""

from __future__ import annotations

import codecs
import re
from email.message import Message as HeaderFields
from encodings import normalize_encoding
from encodings.aliases import aliases

from ..errors import ProtocolError
from ..protocol.reading import Flag

BLANKS = b" \t\r\n"

_DECLARED = re.compile(rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_KNOWN = {"utf_8": "utf-8", "ascii": "utf-8", "utf_16": "utf-16", "utf_16_le": "utf-16", "utf_16_be": "utf-16"}
_KNOWN["latin_1"] = "iso8859-1"


def to_utf8(raw: bytes, content_type: str | None, flags: list[Flag]) -> bytes:
    """The message in UTF-8, from its first `<` on (an XML declaration may still name its old encoding).

    Raises `ProtocolError` in words when label and bytes don't fit, or the encoding is unknown.
    """
    labelled = _labelled(content_type, flags)
    if raw[:1] == b"<" and b"\0" not in raw:
        found = _DECLARED.match(raw)
        declared = _known(found[1].decode(), flags) if found else None
        if labelled in (None, "utf-8") and declared in (None, "utf-8"):
            return raw
        return _decoded(raw, labelled, declared, flags)
    return _unusual(raw, labelled, flags)


def _unusual(raw: bytes, labelled: str | None, flags: list[Flag]) -> bytes:
    """A message with a byte order mark, leading blanks, or null bytes."""
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<"):
        return _utf16(raw, labelled, flags)
    bare = raw.strip(BLANKS).removeprefix(codecs.BOM_UTF8).lstrip(BLANKS)
    if not bare:
        raise ProtocolError("The message is empty: expected a SOAP 1.2 envelope.")
    if b"\0" in bare:
        raise ProtocolError("The message holds a null byte, which XML can't hold.")
    if bare[:1] != b"<":
        raise ProtocolError("The message is not XML: expected a SOAP 1.2 envelope.")
    if raw.lstrip(BLANKS).startswith(codecs.BOM_UTF8):
        flags.append(Flag("Envelope", None, "without its byte order mark", "byte-order-mark"))
    if bare.startswith(b"<?xml") and raw[:1] in BLANKS:
        flags.append(Flag("Envelope", None, "without the blanks before its declaration", "blanks-before-declaration"))
    return to_utf8(bare, "text/xml; charset=" + labelled if labelled else None, flags)


def _utf16(raw: bytes, labelled: str | None, flags: list[Flag]) -> bytes:
    little = raw.startswith((codecs.BOM_UTF16_LE, b"<\0"))
    try:
        text = raw.decode("utf-16-le" if little else "utf-16-be").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise ProtocolError("The message looks like UTF-16 but can't be read as such; send UTF-8.") from None
    found = _DECLARED.match(text[:300].encode())
    declared = _known(found[1].decode(), flags) if found else None
    label = labelled or declared
    if (label or "utf-16") != "utf-16":
        flags.append(Flag("Envelope", f"labelled {label}", "utf-16", "encoding-labels-disagree"))
    if "\0" in text:
        raise ProtocolError("The message holds a null character, which XML can't hold.")
    flags.append(Flag("Envelope", "utf-16", "utf-16", "utf-16"))
    return text.encode("utf-8", "surrogatepass")


def _decoded(raw: bytes, labelled: str | None, declared: str | None, flags: list[Flag]) -> bytes:
    """By the label that fits: UTF-8 where either says so and it is (Latin-1 would fit anything), else the other."""
    labels = {labelled, declared} - {None}
    if "utf-16" in labels:
        raise ProtocolError("The message is labelled UTF-16, although it is not; send UTF-8.")
    for label in sorted(filter(None, labels), reverse=True):
        try:
            text = raw.decode(label)
        except UnicodeDecodeError:
            continue
        if len(labels) > 1:
            disagreeing = f"labelled {labelled}, declared {declared}"
            flags.append(Flag("Envelope", disagreeing, label, "encoding-labels-disagree"))
        elif label != "utf-8":
            flags.append(Flag("Envelope", label, label, "latin-1"))
        return text.encode()
    raise ProtocolError("The bytes of the message are not UTF-8.")


def _labelled(content_type: str | None, flags: list[Flag]) -> str | None:
    """The charset that the content type names, as one of ours."""
    if content_type is None or "charset" not in content_type.lower():
        return None
    if "charset=utf-8" in content_type.lower():
        return "utf-8"
    fields = HeaderFields()
    # Of two types that somebody on the way has put into one line, that which names an encoding.
    fields["Content-Type"] = next(type_ for type_ in content_type.split(",") if "charset" in type_.lower())
    name = fields.get_param("charset")
    return _known(name, flags) if isinstance(name, str) and name.strip() else None


def _known(name: str, flags: list[Flag]) -> str:
    """The encoding of that name as one of ours; one that is not is read as UTF-8, if it can be."""
    if name.lower() == "utf-8":
        return "utf-8"
    # By Python's table of names: its look-up remembers each name that it does not find, for ever.
    spelled = normalize_encoding(name.strip().strip("'\"")).lower()
    found = _KNOWN.get(aliases.get(spelled, spelled))
    if found is None:
        flags.append(Flag("Envelope", name[:80], "utf-8", "encoding-unknown"))
    return found or "utf-8"
