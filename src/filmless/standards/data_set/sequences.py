"""Passing over sequences quickly, within the limits of depth and number, and without recursion (PS3.5 7.5)."""

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
from filmless.standards.data_set.fault import MAX_DEPTH, MAX_ELEMENTS, MAX_VALUE, BadBytes, FaultKind
from filmless.standards.data_set.walk import fragments_end

_MAX_CONTAINERS = 2 * MAX_DEPTH  # a sequence and its item
_BYTES_PER_CONTAINER = 8  # the least that a further container takes: its header
_BYTES_PER_ELEMENT = 32  # in a content that is passed over unread, an estimate for the count


class _Move(IntEnum):
    NEXT = 0  # go on behind what was passed
    ENTER = 1  # into an item or sequence
    LEAVE = 2  # the container ends
    BAD = 3  # cannot be read


_Moved = tuple[_Move, int, int, Encoding]  # the move, position after it, stop of what is entered
_Container = tuple[bool, int, bool, Encoding]  # items expected outside?, limit outside, defined?, encoding outside


def skip_sequence(data: Buffer, position: int, length: int, limit: int, encoding: Encoding, count: list[int]) -> int:
    """Give the position behind a sequence whose first item is at ``position``.

    A content of defined length is entered only where it could be deeper than the limit; what cannot be read within
    it is passed over. Raises BadBytes where a sequence of undefined length cannot be followed to its end, or a limit
    is exceeded. ``count`` holds the number of elements so far and is raised.
    """
    containers: list[_Container] = [(False, limit, length != UNDEFINED, encoding)]
    limit = limit if length == UNDEFINED else position + length
    if length != UNDEFINED and length < MAX_DEPTH * 2 * _BYTES_PER_CONTAINER:
        count[0] += 1 + length // _BYTES_PER_ELEMENT
        return limit
    in_items = True
    while True:
        count[0] += 1
        if count[0] > MAX_ELEMENTS:
            raise BadBytes(FaultKind.LIMIT, "Data set has too many elements")
        read = _item if in_items else _element
        move, position, stop, inner = read(data, position, limit, encoding, containers)
        if move is _Move.ENTER:
            if len(containers) >= _MAX_CONTAINERS:
                raise BadBytes(FaultKind.LIMIT, "Sequences are nested too deeply")
            containers.append((in_items, limit, stop != UNDEFINED, encoding))
            limit = limit if stop == UNDEFINED else stop
            in_items, encoding = not in_items, inner
        elif move is not _Move.NEXT:
            if move is _Move.BAD:
                position = _leave_bad(containers, limit)
            in_items, limit, _, encoding = containers.pop()
            if not containers:
                return position


def _leave_bad(containers: list[_Container], limit: int) -> int:
    """Give up the containers within the innermost of defined length, and say where that stops."""
    while not containers[-1][2]:
        if len(containers) == 1:
            raise BadBytes(FaultKind.NOT_DICOM, "A sequence of undefined length does not end")
        containers.pop()
    return limit


def _may_be_deep(length: int, containers: list[_Container]) -> bool:
    return len(containers) + length // _BYTES_PER_CONTAINER > _MAX_CONTAINERS


def _item(data: Buffer, position: int, limit: int, encoding: Encoding, containers: list[_Container]) -> _Moved:
    header = tag_and_length(data, position, limit, encoding)
    if header is None:
        return (_Move.LEAVE if containers[-1][2] else _Move.BAD), limit, 0, encoding
    tag, length = header
    value = position + 8
    if tag == SEQUENCE_DELIMITATION:
        return _Move.LEAVE, limit if containers[-1][2] else value, 0, encoding
    if tag != ITEM:
        return _Move.BAD, position, 0, encoding
    if length == UNDEFINED:
        return _Move.ENTER, value, UNDEFINED, item_encoding(data, value, limit, encoding)
    stop = value + length
    if stop > limit:
        return _Move.BAD, position, 0, encoding
    if _may_be_deep(length, containers):
        return _Move.ENTER, value, stop, item_encoding(data, value, limit, encoding)
    return _Move.NEXT, stop, 0, encoding


def _element(data: Buffer, position: int, limit: int, encoding: Encoding, containers: list[_Container]) -> _Moved:
    header = read_header(data, position, limit, encoding)
    if header is None:
        return (_Move.LEAVE if containers[-1][2] else _Move.BAD), limit, 0, encoding
    tag, vr, value, length = header
    if tag >> 16 == 0xFFFE:
        if containers[-1][2]:  # a stray delimiter in an item whose length is given
            return _Move.NEXT, value, 0, encoding
        return _Move.LEAVE, value if tag == ITEM_DELIMITATION else position, 0, encoding
    if length == UNDEFINED:
        return _undefined_element(data, header, limit, encoding)
    stop = value + length
    if stop > limit:
        return _Move.BAD, position, 0, encoding
    if length > MAX_VALUE:
        raise BadBytes(FaultKind.LIMIT, "A value exceeds the limit")
    if vr == "SQ" and _may_be_deep(length, containers):
        return _Move.ENTER, value, stop, encoding
    return _Move.NEXT, stop, 0, encoding


def _undefined_element(data: Buffer, header: tuple[int, str, int, int], limit: int, encoding: Encoding) -> _Moved:
    tag, vr, value, _ = header
    if vr == "SQ" or (vr == "UN" and tag not in PIXELS):
        return _Move.ENTER, value, UNDEFINED, encoding
    stop, ended = fragments_end(data, value, limit, encoding)
    return (_Move.NEXT if ended else _Move.BAD), stop, 0, encoding
