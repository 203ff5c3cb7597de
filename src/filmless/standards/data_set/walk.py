"""The walk through a data set and its nested sequences, in the order of the bytes and without recursion (PS3.5 7.5)."""

from collections.abc import Iterator
from enum import IntEnum

from filmless.standards.data_set.elements import (
    ITEM,
    ITEM_DELIMITATION,
    PIXELS,
    SEQUENCE_DELIMITATION,
    UNDEFINED,
    Buffer,
    Encoding,
    item_encoding,
    read_header,
    tag_and_length,
)
from filmless.standards.data_set.fault import MAX_DEPTH


class Kind(IntEnum):
    """What a walk comes to."""

    ELEMENT = 0
    FRAGMENTS = 1  # a value of undefined length that is no sequence: encapsulated pixel data (PS3.5 A.4)
    SEQUENCE = 2
    ITEM = 3
    END_ITEM = 4
    END_SEQUENCE = 5
    UNREAD = 6  # bytes that are no element: the rest of their container


Step = tuple[Kind, int, str, int, int, Encoding]
"""Kind, tag, VR, where the value starts and stops (UNDEFINED where a container's end is not known), its encoding."""

_MAX_CONTAINERS = 2 * (MAX_DEPTH + 1)  # a sequence and its item; one more than a scan lets through
_Container = tuple[Kind, int, int, bool, Encoding]  # kind of its end, tag, limit outside, defined?, encoding outside


def walk(data: Buffer, encoding: Encoding, *, in_items: bool = False) -> Iterator[Step]:
    """Go through a data set, or with ``in_items`` the content of a sequence; each SEQUENCE and ITEM has its end.

    Never raises: what cannot be read is UNREAD up to the end of its innermost container of defined length. A
    sequence deeper than MAX_DEPTH is given as an element of VR UN, or ends its container. Sequences and items that
    claim more than there is stop with what contains them; pixel data are given with the stop that they claim.
    """
    walker = Walker(data, encoding, in_items=in_items)
    while (step := walker.step()) is not None:
        yield step


class Walker:
    """A walk whose place can be seen: who reads elements faster may do so between steps and move ``position``."""

    __slots__ = ("_containers", "data", "encoding", "in_items", "limit", "position")

    def __init__(self, data: Buffer, encoding: Encoding, *, in_items: bool = False) -> None:
        self.data = data
        self.encoding = encoding  # of the container that is read
        self.in_items = in_items  # what comes next is an item, or the end of its sequence
        self.position = 0
        self.limit = len(data)  # of the innermost container of defined length
        self._containers: list[_Container] = []

    def step(self) -> Step | None:
        """Give the next step as ``walk`` does; None behind the last."""
        read = _next_item if self.in_items else _next_element
        step, self.position = read(self.data, self.position, self.limit, self.encoding, self._containers)
        if step is None:
            return self._leave()
        kind = step[0]
        if kind is Kind.SEQUENCE or kind is Kind.ITEM:
            self._enter(step, kind)
        return step

    def _enter(self, step: Step, kind: Kind) -> None:
        _, tag, _, _, stop, inner = step
        defined = stop != UNDEFINED
        end = Kind.END_SEQUENCE if kind is Kind.SEQUENCE else Kind.END_ITEM
        self._containers.append((end, tag, self.limit, defined, self.encoding))
        self.in_items = kind is Kind.SEQUENCE
        self.encoding = inner
        if defined:
            self.limit = stop

    def _leave(self) -> Step | None:
        if not self._containers:
            return None
        end, tag, self.limit, _, self.encoding = self._containers.pop()
        self.in_items = end is Kind.END_ITEM
        return end, tag, "", self.position, self.position, self.encoding


def _next_item(
    data: Buffer, position: int, limit: int, encoding: Encoding, containers: list[_Container]
) -> tuple[Step | None, int]:
    """The next item of a sequence, or None and where the sequence ends."""
    header = tag_and_length(data, position, limit, encoding)
    if header is None:
        return _unread(position, limit, encoding), limit
    tag, length = header
    value = position + 8
    if tag == ITEM and length == UNDEFINED:
        return (Kind.ITEM, tag, "", value, UNDEFINED, item_encoding(data, value, limit, encoding)), value
    if tag == ITEM:
        stop = min(value + length, limit)
        return (Kind.ITEM, tag, "", value, stop, item_encoding(data, value, limit, encoding)), value
    if tag == SEQUENCE_DELIMITATION:
        return None, limit if not containers or containers[-1][3] else value
    return _unread(position, limit, encoding), limit


def _next_element(
    data: Buffer, position: int, limit: int, encoding: Encoding, containers: list[_Container]
) -> tuple[Step | None, int]:
    """The next element of a data set or item and what follows it, or None and where the item ends."""
    while True:
        header = read_header(data, position, limit, encoding)
        if header is None:
            return _unread(position, limit, encoding), limit
        tag, vr, value, length = header
        if tag >> 16 != 0xFFFE:
            break
        if containers and not containers[-1][3]:  # an item of undefined length ends, its delimiter may be missing
            return None, value if tag == ITEM_DELIMITATION else position
        position = value  # a stray delimiter between elements is passed over
    if length == UNDEFINED:
        return _undefined(data, header, limit, encoding, len(containers))
    stop = value + length
    if stop > limit and vr != "SQ":
        if tag in PIXELS:
            return (Kind.ELEMENT, tag, vr, value, stop, encoding), limit
        return _unread(position, limit, encoding), limit
    stop = min(stop, limit)
    if vr == "SQ":
        if len(containers) < _MAX_CONTAINERS:
            return (Kind.SEQUENCE, tag, vr, value, stop, encoding), value
        vr = "UN"
    return (Kind.ELEMENT, tag, vr, value, stop, encoding), stop


def _unread(position: int, limit: int, encoding: Encoding) -> Step | None:
    return (Kind.UNREAD, 0, "", position, limit, encoding) if position < limit else None


def _undefined(
    data: Buffer, header: tuple[int, str, int, int], limit: int, encoding: Encoding, depth: int
) -> tuple[Step | None, int]:
    tag, vr, value, _ = header
    if vr == "SQ" or (vr == "UN" and tag not in PIXELS):
        if depth >= _MAX_CONTAINERS:
            return _unread(value, limit, encoding), limit
        return (Kind.SEQUENCE, tag, "SQ", value, UNDEFINED, encoding), value
    stop, _ = fragments_end(data, value, limit, encoding)
    return (Kind.FRAGMENTS, tag, vr, value, stop, encoding), stop


def fragments_end(data: Buffer, position: int, limit: int, encoding: Encoding) -> tuple[int, bool]:
    """Give where a value of fragments ends, its delimiter included, and whether the delimiter is there (PS3.5 A.4)."""
    while (header := tag_and_length(data, position, limit, encoding)) is not None:
        tag, length = header
        if tag == SEQUENCE_DELIMITATION:
            return position + 8, True
        if tag != ITEM or position + 8 + length > limit:
            break
        position += 8 + length
    return limit, False


def fragment_values(data: Buffer, start: int, stop: int, encoding: Encoding) -> Iterator[tuple[int, int]]:
    """Give where the fragments of a value lie, without the first item, which is the offset table (PS3.5 A.4)."""
    position, is_first = start, True
    while (header := tag_and_length(data, position, stop, encoding)) is not None:
        tag, length = header
        position += 8
        if tag != ITEM or position + length > stop:
            return
        if not is_first:
            yield position, position + length
        position += length
        is_first = False
