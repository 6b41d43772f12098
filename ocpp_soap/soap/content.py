"""Reads a body element into nested dicts and lists of text, tolerating how stations spell it (soap-binding C.4).

Any order, unqualified or strangely qualified children, names in another case, repetitions, unknown extras, markup
where text should be: all are read, and each is flagged. It knows a type's fields and nothing of their meaning.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lxml import etree

from ..protocol.dialects_tables import LISTS, SAMPLES
from ..protocol.reading import Flag
from ..protocol.schema import ComplexType, Field, Mixture, SimpleType
from ..protocol.widening import in_newest_structure
from . import ns

MAX_FLAG_TEXT = 2000
# More than are kept of any message: what a hostile one has beyond is counted, and not written out.
MAX_WRITTEN = 1000


# The names by which another version's structure is known.
_FRACTION = re.compile(r"\s*[+-]?[0-9]+\.0*[1-9][0-9]*\s*")
_LISTS = frozenset(name.lower() for name in LISTS)
_STRUCTURE = _LISTS | {name.lower() for name in (*SAMPLES, "timestamp")}

# The position of a field that its version does not have.
ANYWHERE = -1


class Slot(NamedTuple):
    """Where a child's content goes; `inner` is the shape of a complex one, `markup` whether it may hold XML as text."""

    name: str
    position: int
    many: bool
    inner: Shape | None
    markup: bool


class Shape:
    """A complex type made ready for reading in one namespace: conforming children are found by their whole tag."""

    __slots__ = (
        "attributes",
        "folded",
        "has_text",
        "lone_value",
        "mixed",
        "mixture",
        "name",
        "namespace",
        "tags",
        "wide",
    )

    def __init__(self, type_: ComplexType, namespace: str, *, wide: bool = False) -> None:
        self.name = type_.name
        self.namespace = namespace
        self.wide = wide
        self.mixture = type_.mixture
        self.mixed = Shape(type_.mixture.wide, namespace, wide=True) if type_.mixture is not None else None
        slots = [_slot(position, field, namespace, wide=wide) for position, field in enumerate(type_.fields)]
        self.tags: Mapping[str, Slot] = {
            f"{{{namespace}}}{slot.name}": slot for slot, f in zip(slots, type_.fields, strict=True) if not f.attribute
        }
        slots += [_slot(ANYWHERE, field, namespace, wide=wide) for field in type_.later]
        self.folded: Mapping[str, Slot] = {slot.name.lower(): slot for slot in slots}
        value = self.folded.get("value")
        self.lone_value = value is not None and value.inner is None and not value.many
        self.attributes = any(f.attribute for f in type_.fields)
        self.has_text = type_.text is not None
        if self.has_text:
            self.folded = {**self.folded, "value": Slot("value", 0, False, None, False)}


def _slot(position: int, field: Field, namespace: str, *, wide: bool) -> Slot:
    simple = isinstance(field.type, SimpleType)
    inner = None if isinstance(field.type, SimpleType) else Shape(field.type, namespace, wide=wide)
    # Text without a limit may be a vendor's own XML (DataTransfer's data): its markup is part of it.
    markup = simple and isinstance(field.type, SimpleType) and field.type.base == "string" and not field.type.max_length
    return Slot(field.name, position, field.many, inner, markup)


class Notes:
    """The flags of one message; what holds for many fields of it alike is noted once.

    `mixture` is set while another version's structure may be met, `understood` when it was: the type of what was read.
    """

    __slots__ = ("_said", "flags", "mixture", "understood")

    _ANOTHER = Flag("Body", None, "not written out")

    def __init__(self, flags: list[Flag]) -> None:
        self.flags = flags
        self._said: set[str] = set()
        self.mixture: Mixture | None = None
        self.understood: ComplexType | None = None

    def forget(self, kept: int) -> None:
        """Takes back all but the first flags."""
        del self.flags[kept:]
        self._said.clear()

    def once(self, what: str, path: str, raw: str, assumed: str, quirk: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self.add(path, raw, assumed, quirk)

    def add(self, path: str, raw: str | etree._Element, assumed: str, quirk: str) -> None:
        """`raw` is a text, or the element whose content it is."""
        if len(self.flags) < MAX_WRITTEN:
            text = raw if isinstance(raw, str) else _inner_xml(raw)
            self.flags.append(Flag(path, text[:MAX_FLAG_TEXT], assumed, quirk))
        else:
            self.flags.append(self._ANOTHER)


class _MixedError(Exception):
    """Another version's structure was met: the path and the name."""


def read_body(element: etree._Element, shape: Shape, notes: Notes) -> dict[str, Any]:
    """The fields of a body element; what has the structure of another version is put into the newest one's."""
    if shape.mixture is None or shape.mixed is None:
        return read(element, shape, notes)
    kept = len(notes.flags)
    notes.mixture = shape.mixture
    try:
        return read(element, shape, notes)
    except _MixedError as met:
        path, name = met.args
        notes.forget(kept)
    finally:
        notes.mixture = None
    notes.add(path, name, "read, though it has another version's structure", "structure-of-another-version")
    notes.understood = shape.mixture.understood
    return in_newest_structure(read(element, shape.mixed, notes), shape.mixture)


def read(element: etree._Element, shape: Shape, notes: Notes, path: str = "") -> dict[str, Any]:
    """The fields of `element`: text, dicts of fields, and lists of either where a field may repeat ("" where empty)."""
    raw: dict[str, Any] = {}
    tags = shape.tags
    last = 0
    for child in element:
        slot = tags.get(child.tag) or _odd(child, shape, notes, path)
        if slot is None:
            continue
        name, position, many, inner, _ = slot
        if ANYWHERE < position < last:
            notes.once("order", path + name, name, "read as if in the order of the schema", "children-order")
        last = max(last, position)
        if inner is not None:
            index = f"[{len(raw.get(name, ()))}]" if many else ""
            value: Any = read(child, inner, notes, f"{path}{name}{index}.")
        else:
            value = _nested(child, slot, notes, path) if len(child) else child.text or ""
        if many:
            raw.setdefault(name, []).append(value)
        elif not raw.get(name):
            raw[name] = value
        else:
            notes.add(path + name, child, "the first of several is kept", "repeated-element")
    if shape.has_text:
        raw.setdefault("value", element.text or "")
    if shape.attributes:
        for one in (element, *element) if shape.wide else (element,):
            _attributes(one, shape, raw, notes, path)
    elif notes.mixture is not None and shape.lone_value:
        _refuse_mixed(element, raw, shape, notes, path)
    return raw


def _refuse_mixed(element: etree._Element, raw: dict[str, Any], shape: Shape, notes: Notes, path: str) -> None:
    """Raises where attributes, a text or repetitions say more of a value than this version could."""
    marked = [one for one in (element, *element) if one.attrib]
    if marked and notes.mixture is not None:
        mixed = any(ns.local(key).lower() in notes.mixture.samples for one in marked for key in one.keys())  # noqa: SIM118
    elif "timestamp" in shape.folded:
        values = [child.text or "" for child in element if ns.local(child.tag).lower() == "value"]
        mixed = len(values) > 1 or any(map(_FRACTION.fullmatch, values))
    else:
        mixed = not raw.get("value") and bool((element.text or "").strip())
    if mixed:
        raise _MixedError(path + "value", "value")


def _odd(child: etree._Element, shape: Shape, notes: Notes, path: str) -> Slot | None:
    """The slot of a child that is not spelled as the schema does; None, with a flag, when there is none."""
    local = ns.local(child.tag)
    slot = shape.folded.get(local.lower())
    if slot is not None and slot.name != local:
        notes.add(path + slot.name, local, slot.name, "child-name-case")
    if slot is None and path and (slot := _items(child, shape)) is not None:
        notes.once("in itself", path + slot.name, local, f"read as {slot.name}", "element-in-itself")
    if slot is None and notes.mixture is not None and local.lower() in (_STRUCTURE if path else _LISTS):
        raise _MixedError(path + local, local)
    if slot is None:
        notes.add(path + local, child, f"dropped, since {shape.name} has no such field", "unknown-element")
        return None
    namespace = ns.namespace(child.tag) or ""
    if slot.position == ANYWHERE:
        _note_later(slot, child.text or "", shape, notes, path)
    elif not shape.wide and f"{{{shape.namespace}}}{slot.name}" not in shape.tags:
        assumed = "an element read as if it were an attribute or text"
        notes.once("element " + slot.name, path + slot.name, child.text or "", assumed, "element-for-attribute")
    if namespace != shape.namespace:
        quirk = "children-in-another-namespace" if namespace else "children-unqualified"
        assumed = f"{shape.namespace}, with all others like it"
        notes.once("namespace " + namespace, path + slot.name, namespace, assumed, quirk)
    return slot


def _items(child: etree._Element, shape: Shape) -> Slot | None:
    """The one list of a type, where its items are named like the element that they stand in (quirk 44)."""
    parent = child.getparent()
    lists = [slot for slot in shape.folded.values() if slot.many and slot.inner is not None]
    return lists[0] if len(lists) == 1 and parent is not None and child.tag == parent.tag else None


def _note_later(slot: Slot, text: str, shape: Shape, notes: Notes, path: str) -> None:
    if text.strip():
        assumed = f"kept, though {shape.name} has no such field in this version"
        notes.once("later " + slot.name, path + slot.name, text, assumed, "field-of-a-later-version")


def _nested(leaf: etree._Element, slot: Slot, notes: Notes, path: str) -> str:
    """The content of a leaf that holds elements: as XML text where any text may stand, else its words alone."""
    known = notes.mixture.samples if notes.mixture is not None and slot.name == "value" else ()
    if any(ns.local(child.tag).lower() in known for child in leaf):
        raise _MixedError(path + slot.name, slot.name)
    if slot.markup:
        text = _inner_xml(leaf)
        notes.add(path + slot.name, text, "XML kept as text", "xml-in-data")
    else:
        text = "".join(map(str, leaf.itertext()))
        notes.add(path + slot.name, leaf, text.strip()[:MAX_FLAG_TEXT], "markup-in-text")
    return text


def _inner_xml(element: etree._Element) -> str:
    """An element's content as text, without the namespace declarations that it merely inherits."""
    if len(element) > MAX_WRITTEN:  # each child would repeat the declarations that it needs
        whole = etree.tostring(element, encoding="unicode", with_tail=False)
        return whole[whole.index(">") + 1 : whole.rindex("<")]
    parts = [element.text or ""]
    for child in element:
        lone = copy.deepcopy(child)
        etree.cleanup_namespaces(lone)
        parts.append(etree.tostring(lone, encoding="unicode"))
    return "".join(parts)


def _attributes(element: etree._Element, shape: Shape, raw: dict[str, Any], notes: Notes, path: str) -> None:
    for key, value in element.attrib.items():
        slot = shape.folded.get(ns.local(key).lower())
        if slot is not None:
            raw.setdefault(slot.name, value)
            if slot.position == ANYWHERE:
                _note_later(slot, str(value), shape, notes, path)
