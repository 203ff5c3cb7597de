"""A data set written as text in one pass over its bytes: what the models in JSON and XML have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from struct import Struct

from filmless.standards.data_set.elements import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_BIG,
    IMPLICIT_LITTLE,
    PIXEL_REPRESENTATION,
    PIXELS,
    VR_NAMES,
    Encoding,
)
from filmless.standards.data_set.json_values import BINARY_VRS
from filmless.standards.data_set.scanner import SPECIFIC_CHARACTER_SET
from filmless.standards.data_set.walk import Kind, Step, Walker
from filmless.standards.dicom.dictionary import vr_of

BULK_THRESHOLD = 1024  # bytes of a binary value from which it is referred to
MAX_INLINE = 1 << 20  # bytes of a value of any VR; many values in one make many objects
NOT_SHOWN = frozenset((0x0000, 0x0002, 0xFFFE))  # groups of commands, files (PS3.18 F.2.1.1) and items
DEFAULT_CHARACTER_SETS = (b"", b"ISO_IR 6", b"ISO 2022 IR 6")
UTF_8 = b"ISO_IR 192"

Text = Callable[[bytes], str | None]
"""Writes what follows the head of an attribute; None where the value is not of a common shape."""

Head = tuple[int, str, Text, Text]
"""Of an element: its tag, the text up to its value, and what writes a short value and any value."""

_ENCODINGS = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_BIG)
_HEAD_AND_LENGTH = {
    encoding: Struct(f"{'<' if encoding.little_endian else '>'}{'6sH' if encoding.explicit_vr else '4sI'}").unpack_from
    for encoding in _ENCODINGS
}
_MAX_HEADS = 8192  # 3 MB; files have some hundreds of tags in common
_SHORT = 64  # bytes of a value up to which what was written of it is kept: instances of a series share most values
_MAX_SHORT = 2048  # such values of each kind, 0.5 MB
_APART = frozenset((SPECIFIC_CHARACTER_SET, PIXEL_REPRESENTATION, *PIXELS))  # what others depend on, and bulk


class PlainHeads:
    """The heads of plain elements met so far, by the bytes of tag and VR: what files have in common is read once.

    Plain are elements on which no other depends, with a VR of 16-bit length that is written or unambiguous.
    """

    def __init__(self, named: Callable[[int, str], str], texts: dict[bool, dict[str, Text]]) -> None:
        """Take what writes an attribute up to its value, and by byte order (little?) and VR what writes values."""
        self.known: dict[Encoding, dict[bytes, Head]] = {encoding: {} for encoding in _ENCODINGS}
        self._named = named
        self._texts = texts
        kinds = {text for of_vrs in texts.values() for text in of_vrs.values()} | {_left}
        self._short: dict[Text, Text] = {text: lru_cache(maxsize=_MAX_SHORT)(text) for text in kinds}

    def read(self, head: bytes, encoding: Encoding) -> Head:
        """Read six bytes of an explicit element or four of an implicit one; what is not plain has no text."""
        order, little = ("<", True) if encoding.little_endian else (">", False)
        group, element = Struct(order + "HH").unpack_from(head)
        tag = group << 16 | element
        vr = VR_NAMES.get(head[4:], "") if encoding.explicit_vr else vr_of(tag)
        text = self._texts[little].get(vr, _left)
        if group in NOT_SHOWN or not element or tag in _APART:
            text = _left
        if not encoding.explicit_vr and vr != vr_of(tag, pixel_representation=1):
            text = _left
        known = self.known[encoding]
        if len(known) >= _MAX_HEADS:  # sent by somebody who has other tags in each file
            known.clear()
        named = "" if text is _left else self._named(tag, vr)
        text = text if named else _left
        known[head] = found = (tag, named, self._short[text], text)
        return found


def _left(_: bytes) -> str | None:
    return None


class ModelWriter(ABC):
    """Writes the attributes of a data set and its items from a walk, plain elements without a step for each."""

    heads: PlainHeads

    def __init__(
        self,
        data: bytes,
        bulk_uri: str | None,
        bulk_threshold: int = BULK_THRESHOLD,
        character_set: bytes | None = None,
    ) -> None:
        self.parts: list[str] = []  # attributes of the object that is written, or objects among items
        self._data = data
        self._bulk_uri = bulk_uri
        self._bulk_threshold = bulk_threshold
        self._character_set = character_set
        self._pixel_representation = 0
        self._encoding = EXPLICIT_LITTLE  # for which these two are; looked up only when it changes
        self._known, self._unpack = self.heads.known[EXPLICIT_LITTLE], _HEAD_AND_LENGTH[EXPLICIT_LITTLE]
        self._last_tag = -1
        self._is_sorted = True
        self._sequences: list[tuple[int, list[str]]] = []  # that are open: tag, and items written so far
        self._outer: list[tuple[list[str], int, bool, bytes | None]] = []

    @abstractmethod
    def _attribute(self, tag: int, vr: str, raw: bytes, *, little_endian: bool) -> str:
        """One element with its value."""

    @abstractmethod
    def _reference(self, tag: int, vr: str, uri: str | None) -> str:
        """One element whose value lies elsewhere, or is not shown."""

    @abstractmethod
    def _sequence(self, tag: int, items: list[str]) -> str:
        """One sequence of written items."""

    @abstractmethod
    def _item(self, attributes: list[str], number: int) -> str:
        """One item, counted from 1."""

    @abstractmethod
    def _key(self, attribute: str) -> str:
        """What orders the attributes, and is the same of a repeated one."""

    def write(self, encoding: Encoding, *, in_items: bool = False) -> list[str]:
        """Give the attributes of the data set, or the items of a sequence's content."""
        walker = Walker(self._data, encoding, in_items=in_items)
        if not in_items:
            self._take_plain(walker)
        while (step := walker.step()) is not None:
            kind = step[0]
            if kind is Kind.ELEMENT or kind is Kind.FRAGMENTS:
                self._take_element(step)
            elif kind is not Kind.UNREAD:
                _CONTAINERS[kind](self, step[1])
            if not walker.in_items:
                self._take_plain(walker)
        return self._ordered()

    def _ordered(self) -> list[str]:
        """The attributes in the order of their tags, of a repeated one the last."""
        if not self._is_sorted:
            self.parts = [part for _, part in sorted({self._key(part): part for part in self.parts}.items())]
        return self.parts

    def _take_plain(self, walker: Walker) -> None:
        """Write the plain elements from the walker's place to the first that is not, and put the walker there."""
        data, position, limit, encoding = self._data, walker.position, walker.limit, walker.encoding
        parts, last_tag = self.parts, self._last_tag
        if encoding is not self._encoding:
            self._encoding = encoding
            self._known, self._unpack = self.heads.known[encoding], _HEAD_AND_LENGTH[encoding]
        heads, unpack = self._known, self._unpack
        last_start = limit - 8
        while position <= last_start:
            head, length = unpack(data, position)
            tag, named, short, text = heads.get(head) or self.heads.read(head, encoding)
            start = position + 8
            stop = start + length
            if length > _SHORT:
                if stop > limit or length > MAX_INLINE:
                    break
                short = text
            if stop > limit or (value := short(data[start:stop])) is None:
                break
            parts.append(named + value)
            if tag <= last_tag:
                self._is_sorted = False
            last_tag = tag
            position = stop
        self._last_tag = last_tag
        walker.position = position

    def _take_element(self, step: Step) -> None:
        kind, tag, vr, start, stop, encoding = step
        if tag >> 16 in NOT_SHOWN or not tag & 0xFFFF:
            return
        if tag in PIXELS or kind is Kind.FRAGMENTS:
            is_empty = kind is Kind.ELEMENT and stop == start
            self._add(tag, self._reference(tag, vr, None if is_empty else self._uri(tag)))
            return
        length = stop - start
        if length > MAX_INLINE or (vr in BINARY_VRS and length >= self._bulk_threshold and self._bulk_uri):
            self._add(tag, self._reference(tag, vr, self._uri(tag)))
            return
        raw = self._data[start:stop]
        if vr == "US" and self._data[start - 4 : start - 2] != b"US":  # the dictionary says it, not the data
            vr = vr_of(tag, pixel_representation=self._pixel_representation)
        if tag == SPECIFIC_CHARACTER_SET:
            self._character_set = raw
            raw = UTF_8 if raw.strip(b" \0") not in DEFAULT_CHARACTER_SETS else raw
        elif tag == PIXEL_REPRESENTATION:
            self._pixel_representation = max(raw[:2], default=0)
        self._add(tag, self._attribute(tag, vr, raw, little_endian=encoding.little_endian))

    def _uri(self, tag: int) -> str | None:
        if self._bulk_uri is None:
            return None
        outer = "".join(f"{sequence:08X}/{len(items) + 1}/" for sequence, items in self._sequences)
        return f"{self._bulk_uri}/bulkdata/{outer}{tag:08X}"

    def _add(self, tag: int, attribute: str) -> None:
        if tag <= self._last_tag:
            self._is_sorted = False
        self._last_tag = tag
        self.parts.append(attribute)

    def _open_sequence(self, tag: int) -> None:
        self._outer.append((self.parts, self._last_tag, self._is_sorted, self._character_set))
        self.parts = []
        self._sequences.append((tag, self.parts))

    def _open_item(self, _: int) -> None:
        self._outer.append((self.parts, self._last_tag, self._is_sorted, self._character_set))
        self.parts, self._last_tag, self._is_sorted = [], -1, True

    def _close_item(self, _: int) -> None:
        attributes = self._ordered()
        self.parts, self._last_tag, self._is_sorted, self._character_set = self._outer.pop()
        self.parts.append(self._item(attributes, len(self.parts) + 1))

    def _close_sequence(self, tag: int) -> None:
        self._sequences.pop()
        items = self.parts
        self.parts, self._last_tag, self._is_sorted, self._character_set = self._outer.pop()
        self._add(tag, self._sequence(tag, items))


_CONTAINERS: dict[Kind, Callable[[ModelWriter, int], None]] = {
    Kind.SEQUENCE: lambda writer, tag: writer._open_sequence(tag),  # noqa: SLF001  the table belongs to the class
    Kind.ITEM: lambda writer, tag: writer._open_item(tag),  # noqa: SLF001
    Kind.END_ITEM: lambda writer, tag: writer._close_item(tag),  # noqa: SLF001
    Kind.END_SEQUENCE: lambda writer, tag: writer._close_sequence(tag),  # noqa: SLF001
}
