"""Data sets in the DICOM JSON model, made in one pass over their bytes (PS3.18 F)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson

from filmless.standards.data_set.elements import PIXEL_REPRESENTATION, PIXELS, Buffer, Encoding
from filmless.standards.data_set.inflate import readable
from filmless.standards.data_set.json_values import BINARY_VRS, Json, element_json, little_endian_bytes
from filmless.standards.data_set.scanner import SPECIFIC_CHARACTER_SET, Scan
from filmless.standards.data_set.walk import Kind, Step, fragment_values, walk
from filmless.standards.dicom.dictionary import VR, vr_of

DicomJson = dict[str, Json]
"""A data set: "GGGGEEEE" to attribute."""

BULK_THRESHOLD = 1024  # bytes of a binary value from which it is referred to
_MAX_LEVEL_SEQUENCE = 64 << 10  # bytes of a sequence that is kept with a patient, study or series
_NOT_SHOWN = frozenset((0x0000, 0x0002))  # groups of commands and files (PS3.18 F.2.1.1)
_MAX_INLINE = 1 << 20  # bytes of a value of any VR; many values in one make many objects
_DEFAULT_CHARACTER_SETS = (b"", b"ISO_IR 6", b"ISO 2022 IR 6")
_UTF_8: Json = {"vr": "CS", "Value": ["ISO_IR 192"]}


def data_set_json(
    data_set: Buffer, transfer_syntax_uid: str, bulk_uri: str | None, bulk_threshold: int = BULK_THRESHOLD
) -> bytes:
    """Write a data set, or one that ends behind the head of Pixel Data, as one JSON object; never raises.

    Pixel data, and binary values from ``bulk_threshold`` bytes, are referred to as ``bulk_uri/bulkdata/PATH``, where
    PATH is ``GGGGEEEE`` or ``GGGGEEEE/ITEM/GGGGEEEE``, items counted from 1; without ``bulk_uri`` pixel data have no
    value and the rest is inline.
    """
    data, encoding = readable(data_set, transfer_syntax_uid)
    writer = _Writer(data, bulk_uri, bulk_threshold)
    writer.add(walk(data, encoding))
    return orjson.dumps(writer.root, option=None if writer.is_sorted else orjson.OPT_SORT_KEYS)


def level_json(scan: Scan, tags: Iterable[int]) -> DicomJson:
    """Give the attributes of a level from what was scanned, those that are there, each with the VR of its tag."""
    character_set = scan.values.get(SPECIFIC_CHARACTER_SET)
    attributes: DicomJson = {}
    for tag in sorted(tags):
        vr = VR.get(tag) or scan.vrs.get(tag, "UN")
        if vr == "SQ":
            raw = scan.sequences.get(tag)
            if raw is not None and len(raw) <= _MAX_LEVEL_SEQUENCE:
                attributes[f"{tag:08X}"] = _sequence_json(raw, scan.encoding, character_set)
        elif (value := scan.values.get(tag)) is not None:
            little_endian = scan.encoding.little_endian
            attributes[f"{tag:08X}"] = element_json(vr, value, little_endian=little_endian, character_set=character_set)
    return attributes


def bulk_value(data_set: Buffer, transfer_syntax_uid: str, path: str) -> bytes | None:
    """Give the value that a BulkDataURI of ``data_set_json`` refers to, in little endian order; None if there is none.

    Of a value of fragments that is each fragment's bytes, joined, without the offset table.
    """
    data, encoding = readable(data_set, transfer_syntax_uid)
    place = _Place()
    for step in walk(data, encoding):
        kind, tag, vr, start, stop, inner = step
        if kind is Kind.FRAGMENTS and place.path(tag) == path.upper():
            return b"".join(bytes(data[first:last]) for first, last in fragment_values(data, start, stop, inner))
        if kind is Kind.ELEMENT and place.path(tag) == path.upper():
            return little_endian_bytes(vr, bytes(data[start:stop]), inner.little_endian)
        place.follow(step)
    return None


def _sequence_json(raw: bytes, encoding: Encoding, character_set: bytes | None) -> Json:
    writer = _Writer(raw, None, BULK_THRESHOLD, character_set)
    writer.add(walk(raw, encoding, in_items=True))
    items = writer.items
    return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}


@dataclass(slots=True)
class _Place:
    """Where a walk is: the sequences that are open and the number of the item in each, from 1."""

    sequences: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def follow(self, step: Step) -> None:
        kind = step[0]
        if kind is Kind.SEQUENCE:
            self.sequences.append(step[1])
            self.numbers.append(0)
        elif kind is Kind.ITEM and self.numbers:
            self.numbers[-1] += 1
        elif kind is Kind.END_SEQUENCE:
            self.sequences.pop()
            self.numbers.pop()

    def path(self, tag: int) -> str:
        outer = "".join(
            f"{sequence:08X}/{number}/" for sequence, number in zip(self.sequences, self.numbers, strict=True)
        )
        return f"{outer}{tag:08X}"


class _Writer:
    """Builds the objects of a data set and its items from the steps of a walk."""

    def __init__(
        self, data: Buffer, bulk_uri: str | None, bulk_threshold: int, character_set: bytes | None = None
    ) -> None:
        self.root: DicomJson = {}
        self.items: list[DicomJson] = []  # of a walk that starts among items
        self.is_sorted = True
        self._data = data
        self._bulk_uri = bulk_uri
        self._bulk_threshold = bulk_threshold
        self._character_set = character_set
        self._pixel_representation = 0
        self._place = _Place()
        self._object = self.root
        self._siblings = self.items
        self._last_tag = -1
        self._outer: list[tuple[DicomJson, list[DicomJson], bytes | None, int]] = []

    def add(self, steps: Iterable[Step]) -> None:
        """Take the steps of one walk."""
        for step in steps:
            kind, tag, *_ = step
            if kind is Kind.ELEMENT or kind is Kind.FRAGMENTS:
                if tag >> 16 not in _NOT_SHOWN and tag & 0xFFFF:
                    self._set(tag, self._element(step))
            elif kind is not Kind.UNREAD:
                _CONTAINERS[kind](self, step)

    def _set(self, tag: int, attribute: Json) -> None:
        if tag <= self._last_tag:
            self.is_sorted = False
        self._last_tag = tag
        self._object[f"{tag:08X}"] = attribute

    def _element(self, step: Step) -> Json:
        kind, tag, vr, start, stop, encoding = step
        if kind is Kind.FRAGMENTS or tag in PIXELS:
            return {"vr": vr} if kind is Kind.ELEMENT and stop == start else self._referred(tag, vr)
        length = stop - start
        if length > _MAX_INLINE or (vr in BINARY_VRS and length >= self._bulk_threshold and self._bulk_uri):
            return self._referred(tag, vr)
        raw = bytes(self._data[start:stop])
        if vr == "US" and bytes(self._data[start - 4 : start - 2]) != b"US":  # the dictionary says it, not the data
            vr = vr_of(tag, pixel_representation=self._pixel_representation)
        if tag == SPECIFIC_CHARACTER_SET:
            self._character_set = raw
            return _UTF_8 if raw.strip(b" \0") not in _DEFAULT_CHARACTER_SETS else element_json(vr, raw)
        if tag == PIXEL_REPRESENTATION:
            self._pixel_representation = max(raw[:2], default=0)
        return element_json(vr, raw, little_endian=encoding.little_endian, character_set=self._character_set)

    def _referred(self, tag: int, vr: str) -> Json:
        if self._bulk_uri is None:
            return {"vr": vr}
        return {"vr": vr, "BulkDataURI": f"{self._bulk_uri}/bulkdata/{self._place.path(tag)}"}

    def _open_sequence(self, step: Step) -> None:
        items: list[DicomJson] = []
        self._set(step[1], {"vr": "SQ"})
        self._outer.append((self._object, self._siblings, self._character_set, self._last_tag))
        self._siblings = items
        self._place.follow(step)

    def _open_item(self, step: Step) -> None:
        self._outer.append((self._object, self._siblings, self._character_set, self._last_tag))
        self._object = {}
        self._siblings.append(self._object)
        self._last_tag = -1
        self._place.follow(step)

    def _close_item(self, _: Step) -> None:
        self._object, self._siblings, self._character_set, self._last_tag = self._outer.pop()

    def _close_sequence(self, step: Step) -> None:
        items = self._siblings
        self._object, self._siblings, self._character_set, self._last_tag = self._outer.pop()
        if items:
            self._object[f"{step[1]:08X}"]["Value"] = items
        self._place.follow(step)


_CONTAINERS: dict[Kind, Callable[[_Writer, Step], None]] = {
    Kind.SEQUENCE: _Writer._open_sequence,  # noqa: SLF001  the table belongs to the class
    Kind.ITEM: _Writer._open_item,  # noqa: SLF001
    Kind.END_ITEM: _Writer._close_item,  # noqa: SLF001
    Kind.END_SEQUENCE: _Writer._close_sequence,  # noqa: SLF001
}
