"""Data elements as they lie in bytes: their headers and encodings (PS3.5 7)."""

from dataclasses import dataclass
from struct import Struct

from filmless.standards.dicom.dictionary import VR, vr_of

Buffer = bytes | bytearray | memoryview

UNDEFINED = 0xFFFFFFFF
ITEM = 0xFFFEE000
ITEM_DELIMITATION = 0xFFFEE00D
SEQUENCE_DELIMITATION = 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010
PIXELS = frozenset((0x7FE00008, 0x7FE00009, PIXEL_DATA))  # Float, Double Float and Pixel Data
PIXEL_REPRESENTATION = 0x00280103

LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
SHORT_VRS = frozenset(
    (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS")
    + (b"ST", b"TM", b"UI", b"UL", b"US")
)
VR_NAMES = {vr: vr.decode() for vr in LONG_VRS | SHORT_VRS}


@dataclass(frozen=True, slots=True)
class Encoding:
    """Byte order, and whether elements name their VR."""

    little_endian: bool = True
    explicit_vr: bool = True


IMPLICIT_LITTLE = Encoding(explicit_vr=False)
EXPLICIT_LITTLE = Encoding()
IMPLICIT_BIG = Encoding(little_endian=False, explicit_vr=False)
EXPLICIT_BIG = Encoding(little_endian=False)
_OTHER_VR = {
    EXPLICIT_LITTLE: IMPLICIT_LITTLE,
    IMPLICIT_LITTLE: EXPLICIT_LITTLE,
    EXPLICIT_BIG: IMPLICIT_BIG,
    IMPLICIT_BIG: EXPLICIT_BIG,
}

_SHORT_HEADER = {True: Struct("<HH2sH").unpack_from, False: Struct(">HH2sH").unpack_from}
_TAG_AND_LENGTH = {True: Struct("<HHI").unpack_from, False: Struct(">HHI").unpack_from}
_LENGTH = {True: Struct("<I").unpack_from, False: Struct(">I").unpack_from}


Header = tuple[int, str, int, int]
"""Tag, VR, where the value starts, and its length, which may be UNDEFINED or more than there is."""


def read_header(data: Buffer, position: int, stop: int, encoding: Encoding) -> Header | None:
    """Read the header of the element at a position; None where there are too few bytes.

    What is met in practice is read too: an implicit header among explicit ones, a VR that is not of the standard,
    and a UN whose VR the dictionary knows (PS3.5 6.2.2).
    """
    if position + 8 > stop:
        return None
    group, element, length = _TAG_AND_LENGTH[encoding.little_endian](data, position)
    tag = group << 16 | element
    if group == 0xFFFE:
        return (tag, "", position + 8, length)
    if not encoding.explicit_vr:
        return (tag, vr_of(tag), position + 8, length)
    vr = bytes(data[position + 4 : position + 6])
    if vr in SHORT_VRS:
        return (tag, VR_NAMES[vr], position + 8, _short_length(data, position, encoding))
    if vr in LONG_VRS:
        if position + 12 > stop:
            return None
        length = _LENGTH[encoding.little_endian](data, position + 8)[0]
        return (tag, _known_vr(tag, vr, length), position + 12, length)
    if not (vr.isalpha() and vr.isupper()):
        return (tag, vr_of(tag), position + 8, length)
    return _unknown_vr(data, position, stop, encoding)


def _short_length(data: Buffer, position: int, encoding: Encoding) -> int:
    return int.from_bytes(data[position + 6 : position + 8], "little" if encoding.little_endian else "big")


def _known_vr(tag: int, vr: bytes, length: int) -> str:
    if vr != b"UN":
        return VR_NAMES[vr]
    return "SQ" if length == UNDEFINED and tag not in PIXELS else VR.get(tag, "UN")


def _unknown_vr(data: Buffer, position: int, stop: int, encoding: Encoding) -> Header:
    """A VR not of the standard: new ones have a long header (PS3.5 7.1.2), what is damaged mostly a short one."""
    group, element, _, short = _SHORT_HEADER[encoding.little_endian](data, position)
    tag = group << 16 | element
    if position + 12 <= stop and not _is_boundary(data, position + 8 + short, stop, encoding):
        length = _LENGTH[encoding.little_endian](data, position + 8)[0]
        if _is_boundary(data, position + 12 + length, stop, encoding):
            return (tag, vr_of(tag), position + 12, length)
    return (tag, vr_of(tag), position + 8, short)


def _is_boundary(data: Buffer, position: int, stop: int, encoding: Encoding) -> bool:
    if position + 8 > stop:
        return position == stop
    group = _TAG_AND_LENGTH[encoding.little_endian](data, position)[0]
    return group == 0xFFFE or bytes(data[position + 4 : position + 6]) in VR_NAMES


def tag_and_length(data: Buffer, position: int, stop: int, encoding: Encoding) -> tuple[int, int] | None:
    """Read the header of an item or delimiter, which never has a VR (PS3.5 7.5)."""
    if position + 8 > stop:
        return None
    group, element, length = _TAG_AND_LENGTH[encoding.little_endian](data, position)
    return group << 16 | element, length


def actual_encoding(data: Buffer, position: int, stop: int, labelled: Encoding) -> Encoding:
    """Give the encoding in which a data set is written, should its label be wrong about VRs.

    The first element tells: a VR is two capital letters, which as part of a length would be over 16 KiB. A wrong
    byte order is not corrected: hardly anybody else could read what we would keep.
    """
    return item_encoding(data, position, stop, labelled)


def guessed_encoding(data: Buffer, position: int, stop: int) -> Encoding:
    """Give the encoding of a data set without a label: its first group is small in one byte order only."""
    if position + 8 > stop:
        return EXPLICIT_LITTLE
    little, big = (_TAG_AND_LENGTH[order](data, position)[0] for order in (True, False))
    is_big = little > 0x00FF >= big and little & 0xFF == 0
    return item_encoding(data, position, stop, EXPLICIT_BIG if is_big else EXPLICIT_LITTLE)


def item_encoding(data: Buffer, position: int, stop: int, outer: Encoding) -> Encoding:
    """Give the encoding of an item: VRs may be missing within an explicit data set (PS3.5 6.2.2), and were added."""
    if position + 8 > stop or _TAG_AND_LENGTH[outer.little_endian](data, position)[0] == 0xFFFE:
        return outer
    vr = bytes(data[position + 4 : position + 6])
    explicit = vr in VR_NAMES or (outer.explicit_vr and vr.isalpha() and vr.isupper())
    return outer if explicit == outer.explicit_vr else _OTHER_VR[outer]
