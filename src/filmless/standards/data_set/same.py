"""Whether two data sets hold the same elements, though encoded in another way (PS3.5 7, 10)."""

import struct
from collections.abc import Iterator
from itertools import zip_longest

from filmless.standards.data_set.elements import PIXELS, Buffer, Encoding
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.inflate import MAX_READABLE, readable
from filmless.standards.data_set.scanner import scan
from filmless.standards.data_set.walk import Kind, walk

# Bytes of the numbers of a VR, which byte order turns (PS3.5 7.3); AT is two of two.
_WIDTHS = {"AT": 2, "OW": 2, "SS": 2, "US": 2, "FL": 4, "OF": 4, "OL": 4, "SL": 4, "UL": 4}
_WIDTHS |= dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8)
_UNITS = {2: "H", 4: "I", 8: "Q"}
_WITH_VALUE = (Kind.ELEMENT, Kind.FRAGMENTS, Kind.UNREAD)
_ENDS = (Kind.END_ITEM, Kind.END_SEQUENCE)

_Fact = tuple[Kind, int, bytes]  # what is compared of each step


def same_elements(a: Buffer, transfer_syntax_a: str, b: Buffer, transfer_syntax_b: str) -> bool:
    """Tell whether two data sets have the same elements with the same values, in the same order of their tags.

    The VR, defined or undefined lengths, group lengths, padding, byte order and deflation make no difference;
    fragments of pixel data are compared as bytes. What cannot be read as a whole is never the same.
    """
    for data, syntax in ((a, transfer_syntax_a), (b, transfer_syntax_b)):
        scanned = scan(data, syntax, frozenset())
        if isinstance(scanned, Fault) or scanned.truncated:
            return False
    whole_a, whole_b = (readable(data, syntax) for data, syntax in ((a, transfer_syntax_a), (b, transfer_syntax_b)))
    inflated = [len(whole) for (whole, _), data in ((whole_a, a), (whole_b, b)) if whole is not data]
    if max(inflated, default=0) >= MAX_READABLE:
        return False  # what lies beyond was not looked at
    facts = zip_longest(_facts(*whole_a), _facts(*whole_b))
    return all(_is_same(first, second) for first, second in facts)


def _facts(data: Buffer, encoding: Encoding) -> Iterator[tuple[_Fact, str, Encoding]]:
    for kind, tag, vr, start, stop, inner in walk(data, encoding):
        if kind is Kind.ELEMENT and tag & 0xFFFF == 0:
            continue  # group length
        value = bytes(data[start:stop]) if kind in _WITH_VALUE else b""
        yield (kind, 0 if kind in _ENDS else tag, value), vr, inner


def _is_same(first: tuple[_Fact, str, Encoding] | None, second: tuple[_Fact, str, Encoding] | None) -> bool:
    if first is None or second is None:
        return False
    (kind, tag, value), vr, encoding = first
    (other_kind, other_tag, other), other_vr, other_encoding = second
    if kind is not other_kind or tag != other_tag:
        return False
    if value == other and encoding.little_endian == other_encoding.little_endian:
        return True
    if kind is not Kind.ELEMENT:
        return value == other
    # Data without VRs leave some to the dictionary; the one that is written tells how values are turned.
    vr = vr if encoding.explicit_vr or not other_encoding.explicit_vr else other_vr
    value = _comparable(tag, vr, value, encoding)
    return value == _comparable(tag, vr, other, other_encoding)


def _comparable(tag: int, vr: str, value: bytes, encoding: Encoding) -> bytes:
    width = _WIDTHS.get(vr)
    if width is None:
        return value.rstrip(b"\0") if vr in ("OB", "UN") and tag not in PIXELS else value.rstrip(b" \0")
    if encoding.little_endian:
        return value
    count = len(value) // width
    whole = count * width
    return (
        struct.pack(f"<{count}{_UNITS[width]}", *struct.unpack(f">{count}{_UNITS[width]}", value[:whole]))
        + value[whole:]
    )
