"""A data set rewritten in UTF-8, nested items included, lengths set right (PS3.3 C.12.1.1.2, PS3.5 6.1, 7.5)."""

from dataclasses import dataclass, field

from filmless.standards.data_set.elements import UNDEFINED, Buffer, Encoding
from filmless.standards.data_set.fault import BadBytes, FaultKind
from filmless.standards.data_set.scanner import SPECIFIC_CHARACTER_SET
from filmless.standards.data_set.walk import Kind, Step, walk
from filmless.standards.dicom.text import TEXT_VRS, decode
from filmless.standards.editing.encode import byte_order

UTF_8 = b"ISO_IR 192"

_LONGEST_SHORT = 0xFFFE  # bytes of a value whose length has 16 bits
_REPLACEMENT = "\ufffd"


@dataclass(slots=True)
class _Container:
    """The data set, a sequence or an item while it is written."""

    header: bytes
    is_defined: bool
    encoding: Encoding  # of its header
    is_own: bool  # it, or what contains it, names a character set of its own
    parts: list[bytes] = field(default_factory=list)


def in_utf_8(data: Buffer, encoding: Encoding, character_set: bytes | None) -> bytes:
    """Rewrite all texts of a data set, or a part of one that begins and ends with whole elements.

    Specific Character Set itself is left to the caller. Items that name a character set of their own stay as they
    are, and so do bytes that the character set does not have, which nobody could read before either. Group lengths
    are left out: they are retired (PS3.5 7.2). Raises BadBytes where a text becomes too long for its VR.
    """
    writer = _Writer(data, encoding, character_set)
    for step in walk(data, encoding):
        writer.take(step)
    return writer.written()


class _Writer:
    """Writes what a walk comes to; everything between the values is copied."""

    def __init__(self, data: Buffer, encoding: Encoding, character_set: bytes | None) -> None:
        self._data, self._character_set = data, character_set
        self._open = [_Container(b"", is_defined=False, encoding=encoding, is_own=False)]
        self._at = 0  # up to where was written

    def take(self, step: Step) -> None:
        kind, tag, vr, start, stop, encoding = step
        if kind in (Kind.SEQUENCE, Kind.ITEM):
            header, outer = bytes(self._data[self._at : start]), self._open[-1]
            self._open.append(_Container(header, stop != UNDEFINED, encoding, outer.is_own))
            self._at = start
        elif kind in (Kind.END_SEQUENCE, Kind.END_ITEM):
            self._close(start)
        elif kind is Kind.ELEMENT:
            self._element(tag, vr, start, stop, encoding)
        else:
            self._copy(stop)

    def written(self) -> bytes:
        self._copy(len(self._data))
        return b"".join(self._open[0].parts)

    def _copy(self, stop: int) -> None:
        self._open[-1].parts.append(bytes(self._data[self._at : stop]))
        self._at = max(stop, self._at)

    def _element(self, tag: int, vr: str, start: int, stop: int, encoding: Encoding) -> None:
        container = self._open[-1]
        if tag & 0xFFFF == 0:
            self._at = stop
            return
        if tag == SPECIFIC_CHARACTER_SET and len(self._open) > 1:
            container.is_own = True
        if vr not in TEXT_VRS or container.is_own or stop > len(self._data):
            self._copy(stop)
            return
        value = _utf_8(bytes(self._data[start:stop]), self._character_set, vr)
        container.parts.append(_with_length(bytes(self._data[self._at : start]), len(value), encoding) + value)
        self._at = stop

    def _close(self, stop: int) -> None:
        self._copy(stop)  # the delimiter, where there is one
        container = self._open.pop()
        body = b"".join(container.parts)
        header = container.header
        if container.is_defined:
            header = _with_length(header, len(body), self._open[-1].encoding)
        self._open[-1].parts.append(header + body)


def _utf_8(raw: bytes, character_set: bytes | None, vr: str) -> bytes:
    if raw.isascii() and b"\x1b" not in raw:
        return raw
    text = decode(raw, character_set, vr)
    if _REPLACEMENT in text:
        return raw
    encoded = text.rstrip(" ").encode("utf-8")
    return encoded + b" " * (len(encoded) % 2)


def _with_length(header: bytes, length: int, encoding: Encoding) -> bytes:
    """The header of an element or item with another length; stray delimiters may stand before it."""
    order = byte_order(encoding)
    vr = header[-4:-2]
    is_short = len(header) % 8 == 0 and encoding.explicit_vr and vr.isalpha() and vr.isupper()
    if not is_short:
        return header[:-4] + length.to_bytes(4, order)
    if length > _LONGEST_SHORT:
        raise BadBytes(FaultKind.LIMIT, "A text becomes too long for its VR")
    return header[:-2] + length.to_bytes(2, order)
