"""A data set, but for its pixels, written in another byte order or with or without VRs (PS3.5 7, annex A)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from filmless.standards.data_set.byte_order import swapped, word_of
from filmless.standards.data_set.elements import (
    ITEM,
    ITEM_DELIMITATION,
    LONG_VRS,
    PIXEL_REPRESENTATION,
    SEQUENCE_DELIMITATION,
    UNDEFINED,
    Buffer,
    Encoding,
)
from filmless.standards.data_set.fault import BadBytes, FaultKind
from filmless.standards.data_set.walk import Kind, Step, walk
from filmless.standards.dicom.dictionary import vr_of

_NUMBERS = frozenset(("SS", "US"))
_LONGEST_SHORT = 0xFFFE  # bytes of a value whose length has 16 bits


@dataclass(frozen=True, slots=True)
class Value:
    """What stands in the place of an attribute, in the target's byte order; None: the attribute goes."""

    vr: str
    raw: bytes | None


def element_header(tag: int, vr: str, length: int, encoding: Encoding) -> bytes:
    """Write the header of an element or item (PS3.5 7.1.2, 7.1.3)."""
    order = "<" if encoding.little_endian else ">"
    head = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if not encoding.explicit_vr or tag >> 16 == 0xFFFE:
        return head + struct.pack(f"{order}I", length)
    if vr.encode() in LONG_VRS:
        return head + vr.encode() + b"\0\0" + struct.pack(f"{order}I", length)
    return head + vr.encode() + struct.pack(f"{order}H", length)


def reencode(data: Buffer, source: Encoding, target: Encoding, changes: Mapping[int, Value]) -> bytes:
    """Write elements anew; ``changes`` are made at the top level, those that were missing are put in.

    Sequences get undefined lengths, group lengths go (they would be wrong, PS3.5 7.2), a sequence that holds
    encapsulated pixels (an icon) goes too. Raises BadBytes where ``data`` cannot be read to its end.
    """
    writer = _Writer(data, target, changes)
    for step in walk(data, source):
        writer.take(step)
    return writer.finish()


class _Writer:
    def __init__(self, data: Buffer, target: Encoding, changes: Mapping[int, Value]) -> None:
        self._data, self._target = data, target
        self._changes = sorted(changes.items(), reverse=True)  # the next one is the last
        self._out: list[bytes] = []
        self._depth = 0
        self._began = 0  # length of the output where the top-level sequence begins
        self._is_doomed = False  # that sequence goes
        self._pixel_representation = 0

    def take(self, step: Step) -> None:
        kind, tag, vr, start, stop, encoding = step
        match kind:
            case Kind.ELEMENT:
                if not encoding.explicit_vr or (vr in _NUMBERS and bytes(self._data[start - 8 : start - 6]) == b"UN"):
                    vr = vr_of(tag, pixel_representation=self._pixel_representation)
                self._element(tag, vr, self._data[start:stop], encoding)
            case Kind.SEQUENCE:
                self._begin(tag)
            case Kind.ITEM:
                self._put(element_header(ITEM, "", UNDEFINED, self._target))
            case Kind.END_ITEM:
                self._put(element_header(ITEM_DELIMITATION, "", 0, self._target))
            case Kind.END_SEQUENCE:
                self._end()
            case Kind.FRAGMENTS if self._depth:
                self._is_doomed = True
            case _:
                raise BadBytes(FaultKind.NOT_DICOM, "Data set has bytes that are no elements")

    def finish(self) -> bytes:
        """What is to be put in behind the last element, and all that was written."""
        self._change(1 << 32)
        return b"".join(self._out)

    def _element(self, tag: int, vr: str, raw: Buffer, encoding: Encoding) -> None:
        if tag & 0xFFFF == 0 or (self._depth == 0 and self._change(tag)):
            return
        if tag == PIXEL_REPRESENTATION and self._depth == 0:
            self._pixel_representation = raw[0 if encoding.little_endian else -1] if raw else 0
        if encoding.little_endian != self._target.little_endian:
            raw = swapped(raw, word_of(vr))
        if len(raw) > _LONGEST_SHORT and vr.encode() not in LONG_VRS:
            vr = "OW" if vr in _NUMBERS else "UN"  # PS3.5 6.2.2: too long for a VR with a short length
        self._put(element_header(tag, vr, len(raw), self._target))
        self._put(bytes(raw))

    def _change(self, tag: int) -> bool:
        """Put in what comes before the element; tell whether something stands in its place."""
        while self._changes and self._changes[-1][0] <= tag:
            changed, value = self._changes.pop()
            if value.raw is not None:
                self._put(element_header(changed, value.vr, len(value.raw), self._target) + value.raw)
            if changed == tag:
                return True
        return False

    def _begin(self, tag: int) -> None:
        if self._depth == 0:
            self._began = len(self._out)
            self._is_doomed = self._change(tag)
        self._depth += 1
        self._put(element_header(tag, "SQ", UNDEFINED, self._target))

    def _end(self) -> None:
        self._depth -= 1
        self._put(element_header(SEQUENCE_DELIMITATION, "", 0, self._target))
        if self._depth == 0 and self._is_doomed:
            del self._out[self._began :]
            self._is_doomed = False

    def _put(self, written: bytes) -> None:
        self._out.append(written)
