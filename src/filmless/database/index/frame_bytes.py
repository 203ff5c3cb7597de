"""How the fragments of a frame table lie in one column: counts and (offset, length) pairs, little endian."""

import struct

from filmless.standards.data_set.frames import FrameTable

_COUNT, _FRAGMENT = struct.Struct("<I"), struct.Struct("<QI")


def pack_fragments(table: FrameTable) -> bytes:
    """Per frame the number of its fragments, then their offsets and lengths in bytes."""
    pieces = []
    for fragments in table.fragments:
        pieces.append(_COUNT.pack(len(fragments)))
        pieces += [_FRAGMENT.pack(offset, length) for offset, length in fragments]
    return b"".join(pieces)


def unpack_fragments(packed: bytes) -> tuple[tuple[tuple[int, int], ...], ...]:
    """What ``pack_fragments`` packed."""
    frames, at = [], 0
    while at < len(packed):
        stop = at + _COUNT.size + _COUNT.unpack_from(packed, at)[0] * _FRAGMENT.size
        frames.append(tuple(_FRAGMENT.iter_unpack(packed[at + _COUNT.size : stop])))
        at = stop
    return tuple(frames)
