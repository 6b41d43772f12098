"""A message as it is spelled: its tokens in order, so that it can be shown or changed without losing an oddity.

Prefixes, quotes, blanks, comments, entities and the encoding stay as they came; only texts and values of attributes can
be changed. It reads what `envelope` has found to be XML without a document type, and knows nothing of SOAP or OCPP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .charset import to_utf8, without_forbidden

# Exact for well-formed XML; possessive, so that no text can make it slow.
_TOKEN = re.compile(
    r"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>|[^<]+""", re.DOTALL
)
_ATTRIBUTE = re.compile(r"""([^\s=<>"'/]+)(\s*=\s*)("[^"]*"|'[^']*')""")
_UNIT = re.compile(r"&[^;&]*;|.", re.DOTALL)
_NAME = re.compile(r"</?([^\s/>]+)")
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "iso8859-1")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&apos;": "'"}
_ESCAPES = {char: entity for entity, char in _ENTITIES.items()}
_CDATA, _COMMENT = "<![CDATA[", "<!--"


@dataclass(slots=True)
class Element:
    """An element: `name` is its local name in lower case, `start` the number of its start tag's token, `texts` those of
    the texts directly in it."""

    name: str
    start: int
    children: list[Element] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)

    def find(self, name: str) -> Element | None:
        """The first child of that local name, in lower case."""
        return next((child for child in self.children if child.name == name), None)

    def all_texts(self) -> list[int]:
        """The tokens of all texts in it and its descendants, in order."""
        return sorted([*self.texts, *(text for child in self.children for text in child.all_texts())])


class Document:
    """A message that is known to be well-formed; `root` is its element, `loose` the tokens of comments and
    instructions. `str()` and `encoded` give it with what was changed."""

    def __init__(self, raw: bytes, content_type: str | None = None) -> None:
        """Raises `ProtocolError` for bytes that are no text."""
        # As the parser had to read it: what is redacted must be what was understood.
        utf8 = without_forbidden(to_utf8(raw, content_type, []), [])
        text = utf8.decode("utf-8", "surrogatepass")
        self._encoding, spelled = next(_spellings(text, raw), ("utf-8", raw))
        before, _, after = raw.partition(spelled)
        self._around = before, after
        self.tokens: list[str] = _TOKEN.findall(text)
        self.loose: list[int] = []
        self.root = self._read()

    def _read(self) -> Element:
        top = Element("", -1)
        open_ = [top]
        for number, token in enumerate(self.tokens):
            if not token.startswith("<") or token.startswith(_CDATA):
                open_[-1].texts.append(number)
            elif token.startswith(("<?", _COMMENT)):
                self.loose.append(number)
            elif token.startswith("</"):
                open_.pop()
            else:
                element = Element(_local(token), number)
                open_[-1].children.append(element)
                if not token.endswith("/>"):
                    open_.append(element)
        return top.children[0]

    def __str__(self) -> str:
        return "".join(self.tokens)

    def encoded(self) -> bytes:
        """The message in its own encoding, with the byte order mark and the blanks that stood around it."""
        handling = "xmlcharrefreplace" if self._encoding == "iso8859-1" else "surrogatepass"
        return str(self).encode(self._encoding, handling).join(self._around)

    def text(self, tokens: list[int]) -> str:
        """What the texts in these tokens say together."""
        return "".join(map(_said, map(self.tokens.__getitem__, tokens)))

    def put_text(self, tokens: list[int], new: str) -> None:
        """Puts another text in their place, divided among them as the old one was."""
        for number in tokens:
            token = self.tokens[number]
            size = len(_said(token)) if number != tokens[-1] else len(new)
            part, new = new[:size], new[size:]
            cdata = token.startswith(_CDATA)
            self.tokens[number] = f"{_CDATA}{part}]]>" if cdata else _respelled(token, part)

    def attributes(self, element: Element) -> list[tuple[str, str]]:
        """Name and value of its attributes and namespace declarations, as often as they stand there."""
        found = _ATTRIBUTE.findall(self.tokens[element.start])
        return [(name, _said(value[1:-1])) for name, _, value in found]

    def put_attributes(self, element: Element, values: list[str]) -> None:
        """Puts other values in their place, in the same order."""
        new = iter(values)

        def put(found: re.Match[str]) -> str:
            quote, old = found[3][0], found[3][1:-1]
            return f"{found[1]}{found[2]}{quote}{_respelled(old, next(new))}{quote}"

        self.tokens[element.start] = _ATTRIBUTE.sub(put, self.tokens[element.start])

    def lines(self) -> list[str]:
        """The message in lines, two blanks deeper with each element; what holds no element stays on one line."""
        lines, depth, tokens, number = [], 0, self.tokens, 0
        while number < len(tokens):
            token = tokens[number]
            number += 1
            if not token.startswith("<") and not token.strip():
                continue
            if token.startswith("</"):
                depth -= 1
            line = token
            if _opens(token):
                end = number
                while end < len(tokens) and not _is_tag(tokens[end]):
                    end += 1
                if end < len(tokens) and tokens[end].startswith("</"):
                    line += "".join(tokens[number : end + 1])
                    number = end + 1
            lines.append("  " * depth + line)
            depth += _opens(token) and line == token
        return lines


def _spellings(text: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The encodings in which the text stands in the message."""
    for encoding in _ENCODINGS:
        try:
            spelled = text.encode(encoding, "strict" if encoding == "iso8859-1" else "surrogatepass")
        except UnicodeEncodeError:
            continue
        if spelled in raw:
            yield encoding, spelled


def _local(tag: str) -> str:
    """The local name of a tag, in lower case."""
    found = _NAME.match(tag)
    return found[1].rpartition(":")[2].lower() if found else ""


def _is_tag(token: str) -> bool:
    return token.startswith("<") and not token.startswith(("<?", "<!"))


def _opens(token: str) -> bool:
    return _is_tag(token) and not token.startswith("</") and not token.endswith("/>")


def _said(spelled: str) -> str:
    """A text without its entities and its CDATA section."""
    if spelled.startswith(_CDATA):
        return spelled[len(_CDATA) : -3]
    return "".join(map(_char, _UNIT.findall(spelled))) if "&" in spelled else spelled


def _char(unit: str) -> str:
    if not unit.startswith("&#"):
        return _ENTITIES.get(unit, unit)
    digits = unit[2:-1]
    return chr(int(digits[1:], 16) if digits.startswith("x") else int(digits))


def _respelled(old: str, new: str) -> str:
    """The new text; each character that is the old one at its place stays spelled as it was."""
    units = _UNIT.findall(old)
    kept = units if len(units) <= len(new) else []
    spelled = [unit if _char(unit) == char else _ESCAPES.get(char, char) for unit, char in zip(kept, new, strict=False)]
    return "".join([*spelled, *(_ESCAPES.get(char, char) for char in new[len(kept) :])])
