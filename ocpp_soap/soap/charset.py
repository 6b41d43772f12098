"""From a message's bytes to UTF-8: byte order marks, declarations, charset labels, and those that lie.

ISO-8859-1 is read only where the declaration or the content type says so (soap-binding decision 2). It must not know
what the message is.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Mapping
from email.message import Message as HeaderFields
from encodings import normalize_encoding
from encodings.aliases import aliases

from ..errors import ProtocolError
from ..protocol.reading import Flag

BLANKS = b" \t\r\n"

# In UTF-8, with the null byte as Java spells it; references are judged by their number, and literal in CDATA sections.
_FORBIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xc0\x80|\xed[\xa0-\xbf][\x80-\xbf]|\xef\xbf[\xbe\xbf]"
    rb"|&#(?:0*([0-9]*)|[xX]0*([0-9A-Fa-f]*));|<!\[CDATA\[|\]\]>"
)
_END = re.compile(rb"</(?:[^\s<>:]{1,100}:)?Envelope[ \t\r\n]*>(?=[ \t\r\n]*\0)")
_NULL_OF_JAVA = b"\xc0\x80"
_NAMED = 5
_BEYOND = 0x110000
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


def without_forbidden(text: bytes, flags: list[Flag]) -> bytes:
    """The message, in UTF-8, without the characters that XML can't hold, written as they are or as references."""
    dropped: Counter[str] = Counter()
    literal = False

    def replaced(found: re.Match[bytes]) -> bytes:
        nonlocal literal
        sign = found[0]
        if sign in (b"<![CDATA[", b"]]>"):
            literal = sign == b"<![CDATA["
            return sign
        if not sign.startswith(b"&"):
            code = ord(sign.decode("utf-8", "surrogatepass")) if sign != _NULL_OF_JAVA else 0
            dropped[f"U+{code:04X}"] += 1
            return b""
        digits, base = (found[1], 10) if found[1] is not None else (found[2], 16)
        number = int(digits or b"0", base) if len(digits) < 8 else _BEYOND
        if literal or _may_stand(number):
            return sign
        dropped[f"&#x{number:X};" if number < _BEYOND else "&#…;"] += 1
        return b""

    bare = _FORBIDDEN.sub(replaced, text)
    if dropped:
        flags.append(_dropped(dropped))
    return bare


def _may_stand(number: int) -> bool:
    """Whether XML can hold the character of that number."""
    return number in (9, 10, 13) or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0xFFFF < number < _BEYOND


def _dropped(signs: Mapping[str, int], further: str = "") -> Flag:
    """The flag that names some of the signs."""
    count = sum(signs.values())
    said = ", ".join([*list(signs)[:_NAMED], *(["…"] if len(signs) > _NAMED else [])])
    assumed = f"dropped{further}, since XML can't hold it"
    return Flag("Envelope", f"{said} ({count} in all)" if count > 1 else said, assumed, "forbidden-characters")


def _unusual(raw: bytes, labelled: str | None, flags: list[Flag]) -> bytes:
    """A message with a byte order mark, leading blanks, or null bytes."""
    if _is_utf16(raw):
        return _utf16(raw, labelled, flags)
    if b"\0" in raw:
        found = _END.search(raw)
        bare = (raw[: found.end()] if found else raw).replace(b"\0", b"")
        flags.append(_dropped({"U+0000": raw.count(b"\0")}, " with what follows the envelope" if found else ""))
        raw = bare
    bare = raw.strip(BLANKS).removeprefix(codecs.BOM_UTF8).lstrip(BLANKS)
    if not bare:
        raise ProtocolError("The message is empty: expected a SOAP 1.2 envelope.")
    if bare[:1] != b"<":
        raise ProtocolError("The message is not XML: expected a SOAP 1.2 envelope.")
    if raw.lstrip(BLANKS).startswith(codecs.BOM_UTF8):
        flags.append(Flag("Envelope", None, "without its byte order mark", "byte-order-mark"))
    if bare.startswith(b"<?xml") and raw[:1] in BLANKS:
        flags.append(Flag("Envelope", None, "without the blanks before its declaration", "blanks-before-declaration"))
    return to_utf8(bare, "text/xml; charset=" + labelled if labelled else None, flags)


def _is_utf16(raw: bytes) -> bool:
    """By its byte order mark, or by a null byte beside each of its first two signs."""
    marked = raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return marked or ((raw[:1] + raw[2:3], raw[1:2] + raw[3:4]).count(b"\0\0") == 1 and b"<" in raw[:2])


def _utf16(raw: bytes, labelled: str | None, flags: list[Flag]) -> bytes:
    little = raw.startswith((codecs.BOM_UTF16_LE, b"<\0"))
    if len(raw) % 2 and raw.endswith(b"\0"):
        flags.append(_dropped({"U+0000": 1}))
        raw = raw[:-1]
    try:
        text = raw.decode("utf-16-le" if little else "utf-16-be", "surrogatepass").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise ProtocolError("The message looks like UTF-16 but can't be read as such; send UTF-8.") from None
    found = _DECLARED.match(text[:300].encode())
    declared = _known(found[1].decode(), flags) if found else None
    label = labelled or declared
    if (label or "utf-16") != "utf-16":
        flags.append(Flag("Envelope", f"labelled {label}", "utf-16", "encoding-labels-disagree"))
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
