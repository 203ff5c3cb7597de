"""Data sets in the DICOM JSON model, made in one pass over their bytes (PS3.18 F)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson

from filmless.standards.data_set.elements import Buffer, Encoding
from filmless.standards.data_set.inflate import readable
from filmless.standards.data_set.json_values import Json, element_json, little_endian_bytes
from filmless.standards.data_set.scanner import SPECIFIC_CHARACTER_SET, Scan
from filmless.standards.data_set.walk import Kind, Step, fragment_values, walk
from filmless.standards.dicom.dictionary import VR
from filmless.standards.models.json_text import PLAIN
from filmless.standards.models.model_writer import BULK_THRESHOLD, ModelWriter

DicomJson = dict[str, Json]
"""A data set: "GGGGEEEE" to attribute."""

_MAX_LEVEL_SEQUENCE = 64 << 10  # bytes of a sequence that is kept with a patient, study or series


def data_set_json(
    data_set: Buffer, transfer_syntax_uid: str, bulk_uri: str | None, bulk_threshold: int = BULK_THRESHOLD
) -> bytes:
    """Write a data set, or one that ends behind the head of Pixel Data, as one JSON object; never raises.

    Pixel data, and binary values from ``bulk_threshold`` bytes, are referred to as ``bulk_uri/bulkdata/PATH``, where
    PATH is ``GGGGEEEE`` or ``GGGGEEEE/ITEM/GGGGEEEE``, items counted from 1; without ``bulk_uri`` pixel data have no
    value and the rest is inline.
    """
    data, encoding = readable(data_set, transfer_syntax_uid)
    attributes = _Writer(bytes(data), bulk_uri, bulk_threshold).write(encoding)
    return f"{{{','.join(attributes)}}}".encode()


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
    items = orjson.loads(f"[{','.join(writer.write(encoding, in_items=True))}]")
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


class _Writer(ModelWriter):
    """Writes in JSON; the attributes' parts begin with their names."""

    heads = PLAIN

    def _attribute(self, tag: int, vr: str, raw: bytes, *, little_endian: bool) -> str:
        attribute = element_json(vr, raw, little_endian=little_endian, character_set=self._character_set)
        return f'"{tag:08X}":{orjson.dumps(attribute).decode()}'

    def _reference(self, tag: int, vr: str, uri: str | None) -> str:
        attribute = {"vr": vr} if uri is None else {"vr": vr, "BulkDataURI": uri}
        return f'"{tag:08X}":{orjson.dumps(attribute).decode()}'

    def _sequence(self, tag: int, items: list[str]) -> str:
        return f'"{tag:08X}":{{"vr":"SQ","Value":[{",".join(items)}]}}' if items else f'"{tag:08X}":{{"vr":"SQ"}}'

    def _item(self, attributes: list[str], number: int) -> str:  # noqa: ARG002  their order tells
        return f"{{{','.join(attributes)}}}"

    def _key(self, attribute: str) -> str:
        return attribute[:10]
