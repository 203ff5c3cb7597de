"""Metadata that are sent to be stored: data sets of the DICOM JSON model, from JSON or XML (PS3.18 F, PS3.19 A.1)."""

import json
import re
from collections.abc import Mapping, Sequence
from xml.parsers import expat

import orjson

from filmless.standards.data_set.fault import MAX_DEPTH, MAX_ELEMENTS, BadBytes, FaultKind
from filmless.standards.models.xml_values import COMPONENTS, GROUPS

Attributes = dict[str, dict[str, object]]

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_NUMBER = re.compile(r"[0-9]{1,5}")
_OF_ATTRIBUTE = ("DicomAttribute",)
_PARENTS: dict[str, tuple[str, ...]] = {  # PS3.19 A.1.6
    "NativeDicomModel": ("",),
    "DicomAttribute": ("NativeDicomModel", "Item"),
    **dict.fromkeys(("Value", "BulkData", "InlineBinary", "PersonName", "Item"), _OF_ATTRIBUTE),
    **dict.fromkeys(GROUPS, ("PersonName",)),
    **dict.fromkeys(COMPONENTS, GROUPS),
}
_LEAVES = frozenset((*COMPONENTS, "Value", "InlineBinary"))


def metadata_of_json(text: bytes) -> list[Attributes]:
    """The data sets of a JSON document; ``BadBytes`` for what is none."""
    try:
        found = orjson.loads(text)
        json.loads(text, object_pairs_hook=_see_once, parse_int=len, parse_float=len)
    except RecursionError:
        raise BadBytes(FaultKind.LIMIT, "The metadata are nested too deeply") from None
    except ValueError:
        raise BadBytes(FaultKind.NOT_DICOM, "The metadata are not JSON") from None
    data_sets = found if isinstance(found, list) else [found]
    return [_checked(data_set) for data_set in data_sets]


def _see_once(pairs: list[tuple[str, object]]) -> None:
    """Of a name that an object has twice, a reader would take the last without a word (RFC 8259 4)."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name.upper() in seen:
            raise BadBytes(FaultKind.NOT_DICOM, f"The metadata have {name[:16]} twice in one object")
        seen.add(name.upper())


def _checked(data_set: object) -> Attributes:
    """The data set itself, seen to be of the model and of bearable depth: no recursion on what a client nests."""
    waiting: list[tuple[object, int]] = [(data_set, 0)]
    count = 0
    while waiting:
        inner, depth = waiting.pop()
        if not isinstance(inner, dict) or depth > MAX_DEPTH:
            raise BadBytes(FaultKind.NOT_DICOM, "The metadata are no data sets of the DICOM JSON model")
        for tag, attribute in inner.items():
            count += 1
            if not _TAG.fullmatch(tag) or not isinstance(attribute, dict) or count > MAX_ELEMENTS:
                raise BadBytes(FaultKind.NOT_DICOM, "The metadata have an attribute that is none")
            if attribute.get("vr") == "SQ":
                items = attribute.get("Value", [])
                waiting += [(item, depth + 1) for item in (items if isinstance(items, list) else [None])]
    return data_set if isinstance(data_set, dict) else {}


def metadata_of_xml(text: bytes) -> list[Attributes]:
    """The data set of a Native DICOM Model; ``BadBytes`` for what is none. No entities, nothing from elsewhere."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(text, True)  # noqa: FBT003  the parser takes it by place alone
    except expat.ExpatError:
        raise BadBytes(FaultKind.NOT_DICOM, "The metadata are not XML") from None
    return [reader.data_set]


class _Reader:
    """Builds a data set from the elements of its document."""

    def __init__(self) -> None:
        self.data_set: Attributes = {}
        self._open: list[object] = []  # data sets, attributes and names, the innermost last
        self._names: list[str] = []
        self._texts: list[str] = []
        self._place = 0  # of the value among its attribute's
        self._count = 0

    def refuse(self, *_: object) -> None:
        """A document type could define entities."""
        raise BadBytes(FaultKind.NOT_DICOM, "The metadata have a document type, which is not taken")

    def start(self, name: str, given: Mapping[str, str]) -> None:
        """An element begins."""
        name = name.rpartition(" ")[2]
        self._count += 1
        if self._count > 4 * MAX_ELEMENTS or len(self._names) > 4 * MAX_DEPTH:
            raise BadBytes(FaultKind.LIMIT, "The metadata exceed the limit")
        if (self._names[-1] if self._names else "") not in _PARENTS.get(name, ()):
            raise BadBytes(FaultKind.NOT_DICOM, f"The metadata have {name[:16]} where it is not to be")
        self._names.append(name)
        self._texts = []
        if name in ("Value", "PersonName", "Item"):
            number = given.get("number", "")
            self._place = int(number) if _NUMBER.fullmatch(number) else 0
        if name == "NativeDicomModel":
            self._open.append(self.data_set)
        elif name == "DicomAttribute":
            self._begin_attribute(given)
        elif name == "Item":
            self._add("SQ", {})
        elif name == "PersonName":
            self._add("PN", {})
        elif name == "BulkData":
            self._set("BulkDataURI", given.get("uri", ""))

    def end(self, name: str) -> None:
        """An element ends."""
        name = name.rpartition(" ")[2]
        self._names.pop()
        text = "".join(self._texts)
        if name in ("NativeDicomModel", "DicomAttribute", "Item", "PersonName"):
            self._open.pop()
        elif name == "Value":
            self._append(text)
        elif name == "InlineBinary":
            self._set("InlineBinary", "".join(text.split()))
        elif name in COMPONENTS:
            self._name_component(name, text)
        self._texts = []

    def text(self, text: str) -> None:
        """Characters between tags."""
        if self._names and self._names[-1] in _LEAVES:
            self._texts.append(text)

    def _begin_attribute(self, given: Mapping[str, str]) -> None:
        tag, owner = given.get("tag", ""), self._open[-1] if self._open else None
        if not _TAG.fullmatch(tag) or not isinstance(owner, dict):
            raise BadBytes(FaultKind.NOT_DICOM, "The metadata have an attribute that is none")
        attribute: dict[str, object] = {"vr": given.get("vr", "")}
        place = _placed(tag.upper(), given.get("privateCreator", ""), owner)
        if place in owner:  # which of the two is meant, nobody can tell
            raise BadBytes(FaultKind.NOT_DICOM, f"The metadata have {place} twice in one data set")
        owner[place] = attribute
        self._open.append(attribute)

    def _attribute(self) -> dict[str, object]:
        attribute = self._open[-1] if self._open else None
        if not isinstance(attribute, dict) or "vr" not in attribute:
            raise BadBytes(FaultKind.NOT_DICOM, "The metadata have a value without attribute")
        return attribute

    def _set(self, name: str, value: str) -> None:
        attribute = self._attribute()
        if name in attribute:
            raise BadBytes(FaultKind.NOT_DICOM, f"The metadata have {name} twice in one attribute")
        attribute[name] = value

    def _append(self, value: object) -> None:
        """Add a value at its place; those that were left out before it are empty."""
        values = self._attribute().setdefault("Value", [])
        if not isinstance(values, list) or self._place > MAX_ELEMENTS or 0 < self._place <= len(values):
            raise BadBytes(FaultKind.NOT_DICOM, "The metadata have a value at no place")
        values += [None] * max(self._place - 1 - len(values), 0)
        values.append(value)

    def _add(self, vr: str, value: dict[str, object]) -> None:
        if self._attribute()["vr"] != vr:
            raise BadBytes(FaultKind.NOT_DICOM, "The metadata have a value of another VR")
        self._append(value)
        self._open.append(value)

    def _name_component(self, component: str, text: str) -> None:
        group, name = (self._names[-1] if self._names else ""), self._open[-1] if self._open else None
        if group not in GROUPS or not isinstance(name, dict):
            raise BadBytes(FaultKind.NOT_DICOM, "The metadata have a part of a name outside one")
        parts = str(name.get(group, "")).split("^")
        parts += [""] * (COMPONENTS.index(component) + 1 - len(parts))
        parts[COMPONENTS.index(component)] = text
        name[group] = "^".join(parts)


def _placed(tag: str, creator: str, among: Attributes) -> str:
    """The tag of a private attribute in the block of its creator, which is reserved where it is not (PS3.19 A.1.5)."""
    if not creator or tag[4:6] != "00" or int(tag[3], 16) % 2 == 0:
        return tag
    owners = {block: text_of(among, f"{tag[:4]}00{block:02X}") for block in range(0x10, 0x100)}
    block = next((block for block, owner in owners.items() if owner == creator), None)
    if block is None:
        block = next((block for block in owners if f"{tag[:4]}00{block:02X}" not in among), None)
        if block is None:
            raise BadBytes(FaultKind.NOT_DICOM, "The metadata have a private group without a free block")
        among[f"{tag[:4]}00{block:02X}"] = {"vr": "LO", "Value": [creator]}
    return f"{tag[:4]}{block:02X}{tag[6:]}"


def values_of(attributes: Mapping[str, Mapping[str, object]], tag: str) -> Sequence[object]:
    """The values of an attribute; none where it is empty or missing."""
    values = attributes.get(tag, {}).get("Value")
    return values if isinstance(values, list) else ()


def text_of(attributes: Mapping[str, Mapping[str, object]], tag: str) -> str:
    """The first value of an attribute as text, "" for none."""
    values = values_of(attributes, tag)
    return str(values[0]) if values and values[0] is not None else ""
