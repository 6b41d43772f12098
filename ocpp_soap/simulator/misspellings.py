"""How stations misspell a body and the values in it: one small function for each quirk of these two groups.

Values come first, while every element still has the name that the schema knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

from lxml import etree

from ..protocol.dialects_tables import SAMPLES
from ..protocol.schema import ComplexType, Field, SimpleType
from ..protocol.times import format_time
from ..protocol.writing import to_text
from ..soap import ns
from .letters import Letter

Respelling = Callable[[Letter], object]

# Nobody's: what stands in it is understood by its local name, or not at all.
OF_A_VENDOR = "urn:example:station"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"A": "Amp", "Amp": "A", "V": "Volt", "Volt": "V", "Celsius": "Celcius"}


def _texts(of: Callable[[Field], object], spell: Callable[[str], str]) -> Respelling:
    """Spells the fields that are meant."""
    return lambda letter: letter.rewrite(lambda text, one: spell(text) if of(one) else text)


def _of(base: str) -> Callable[[Field], object]:
    return lambda one: isinstance(one.type, SimpleType) and one.type.base == base


def _words(one: Field) -> object:
    return isinstance(one.type, SimpleType) and one.type.enumeration


def _times(spell: Callable[[datetime], str]) -> Respelling:
    return _texts(_of("dateTime"), lambda text: spell(datetime.fromisoformat(text)))


def _nearly_iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d} {moment.hour}:{moment:%M:%S.%f}000Z"


def _since_1970(moment: datetime) -> str:
    return format_time(_EPOCH + (moment - datetime(moment.year, 1, 1, tzinfo=UTC)))


def _whole_number(text: str) -> str:
    return f"+{text}" if len(text) == 1 else f"{text}.0"


def _boolean(letter: Letter) -> None:
    spellings = cycle(({"true": "TRUE", "false": "FALSE"}, {"true": "1", "false": "0"}))
    letter.rewrite(lambda text, one: next(spellings)[text] if _of("boolean")(one) else text)


def _field_missing(letter: Letter) -> None:
    for model in letter.content.findall("{*}chargePointModel"):
        letter.content.remove(model)


def _overlong(letter: Letter) -> None:
    def spell(text: str, one: Field) -> str:
        limit = isinstance(one.type, SimpleType) and one.type.max_length
        return text.ljust(limit + 1, "0") if limit and one.name == "chargePointSerialNumber" else text

    letter.rewrite(spell)


def _unreadable_number(letter: Letter) -> None:
    for one in letter.absent():
        if _of("int")(one):
            letter.add(one.name, "none")


def _empty_elements(letter: Letter) -> None:
    for number, one in enumerate(letter.absent()):
        element = letter.add(one.name, "")
        if number % 2:
            element.set(f"{{{ns.XSI}}}nil", "true")


def _clock(shift: Callable[[datetime], str]) -> Respelling:
    return lambda letter: None if letter.answers else _times(shift)(letter)


VALUES: dict[str, Respelling] = {
    "time-without-zone": _times(lambda moment: format_time(moment).removesuffix("Z")),
    "time-as-epoch": _times(lambda moment: str((moment - _EPOCH) // timedelta(milliseconds=1))),
    "time-spelling": _times(_nearly_iso),
    "time-with-fraction": _times(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"),
    "time-impossible": _times(lambda moment: f"{moment:%Y-%m-%d}T24:23:23Z"),
    "clock-never-set": _clock(_since_1970),
    "time-in-future": _clock(lambda moment: format_time(moment + timedelta(days=2))),
    "unknown-word": _texts(lambda one: one.name == "errorCode", lambda text: f"Vendor{text}"),
    "word-in-another-case": _texts(_words, str.lower),
    "word-of-another-version": _texts(
        lambda one: one.type.name == "UnitOfMeasure", lambda text: _UNITS.get(text, text)
    ),
    "number-spelling": _texts(_of("int"), _whole_number),
    "number-unreadable": _unreadable_number,
    "boolean-spelling": _boolean,
    "boolean-unreadable": _texts(_of("boolean"), lambda text: f"{text}?"),
    "field-missing": _field_missing,
    "overlong-text": _overlong,
    "padded-value": _texts(lambda one: one.name != "data", lambda text: f"\n      {text} "),
    "empty-element": _empty_elements,
}


def _elements(letter: Letter) -> Iterable[etree._Element]:
    return letter.content.iter("*")


def _children(letter: Letter) -> list[etree._Element]:
    return list(_elements(letter))[1:]


def _put(namespace: str | None, elements: Iterable[etree._Element]) -> None:
    for element in elements:
        name = ns.local(element.tag)
        element.tag = f"{{{namespace}}}{name}" if namespace else name


def _in_cp_namespace(letter: Letter) -> None:
    if not letter.answers:
        _put(letter.service.namespace.replace("/Cs/", "/Cp/"), _elements(letter))


def _without_namespace(letter: Letter) -> None:
    # Only the newest version could be told from a first message of no namespace.
    if letter.operation.name != "BootNotification":
        _put(None, [letter.content])


def _capital(elements: Iterable[etree._Element]) -> None:
    for element in elements:
        name = ns.local(element.tag)
        _put(ns.namespace(element.tag), [element])
        element.tag = element.tag.removesuffix(name) + name[:1].upper() + name[1:]


def _sorted(letter: Letter) -> None:
    for element in list(_elements(letter)):
        element[:] = sorted(element, key=lambda child: ns.local(child.tag))


def _simple(letter: Letter, of: Callable[[Field, SimpleType], object]) -> etree._Element | None:
    """The first field of its own that is one text, and is meant."""
    known: Any = letter.type.by_name
    for child in letter.content:
        one = known.get(ns.local(child.tag))
        if child.text and one is not None and isinstance(one.type, SimpleType) and of(one, one.type):
            return child
    return None


def _repeated(letter: Letter) -> None:
    if (child := _simple(letter, lambda one, _: not one.many)) is not None:
        again = deepcopy(child)
        again.text = "0"
        child.addnext(again)


def _markup(letter: Letter) -> None:
    # Text without a limit may hold markup, and would keep it.
    if (child := _simple(letter, lambda _, type_: type_.base != "string" or type_.max_length)) is not None:
        inner = etree.SubElement(child, f"{{{letter.service.namespace}}}value")
        inner.text, child.text = child.text, None


def _xml_in_data(letter: Letter) -> None:
    for data in letter.content.findall("{*}data"):
        with suppress(etree.XMLSyntaxError):
            found = etree.fromstring(f"<data>{data.text or ''}</data>")
            data.text = found.text
            data.extend(found)


def _elements_for_attributes(letter: Letter) -> None:
    for element, type_ in letter.complexes():
        for one in type_.fields:
            if one.attribute and (text := element.get(one.name)) is not None:
                del element.attrib[one.name]
                etree.SubElement(element, f"{{{letter.service.namespace}}}{one.name}").text = text


def _items_named_like_their_list(letter: Letter) -> None:
    for element, type_ in list(letter.complexes())[1:]:
        lists = [one for one in type_.fields if one.many and isinstance(one.type, ComplexType)]
        if len(lists) == 1 and lists[0].name in ("value", "sampledValue"):
            for item in element.findall(f"{{*}}{lists[0].name}"):
                item.tag = element.tag


def _of_another_version(letter: Letter) -> None:
    """Values have the other versions' name, or their attributes."""
    names = {SAMPLES[0]: SAMPLES[1], SAMPLES[1]: SAMPLES[0]}
    for element, type_ in list(letter.complexes())[1:]:
        for item in element if "timestamp" in type_.by_name else ():
            if (name := ns.local(item.tag)) not in names:
                continue
            if isinstance(type_.by_name[name].type, SimpleType):
                item.set("unit", "Wh")
            else:
                item.tag = f"{{{letter.service.namespace}}}{names[name]}"


def _later_fields(letter: Letter) -> None:
    for one in letter.type.later:
        if one.name in letter.payload:
            letter.add(one.name, to_text(letter.payload[one.name]))


BODY: dict[str, Respelling] = {
    "structure-of-another-version": _of_another_version,
    "field-of-a-later-version": _later_fields,
    "xml-in-data": _xml_in_data,
    "element-for-attribute": _elements_for_attributes,
    "element-in-itself": _items_named_like_their_list,
    "repeated-element": _repeated,
    "markup-in-text": _markup,
    "unknown-element": lambda letter: letter.add("signalStrength", "-71"),
    "children-order": _sorted,
    "child-name-case": lambda letter: _capital(_children(letter)),
    "children-unqualified": lambda letter: _put(None, _children(letter)),
    "children-in-another-namespace": lambda letter: _put(OF_A_VENDOR, _children(letter)),
    "operation-name-case": lambda letter: _capital([letter.content]),
    "body-in-cp-namespace": _in_cp_namespace,
    "namespace-spelling": lambda letter: _put(letter.service.namespace.rstrip("/"), _elements(letter)),
    "body-without-namespace": _without_namespace,
}
