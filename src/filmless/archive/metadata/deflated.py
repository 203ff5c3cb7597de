"""Compressed texts that are put together without being inflated: pieces of deflate (RFC 1951) in one gzip member."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # RFC 1952 2.3: deflate, no name, no time, unknown system
_TAIL = 8  # bytes: CRC-32 and length of what was compressed
_STORED = 5  # bytes of the head of a stored block
_POLYNOMIAL = 0xEDB88320  # of CRC-32, reflected
_LEVEL = 6  # 0.04 ms an instance, a thirtieth of what making its JSON takes; level 1 gives twice the bytes (2026)
INFLATED = 256 << 10  # bytes that are inflated at a time


@dataclass(frozen=True, slots=True)
class Measure:
    """What gzip has to know of a text."""

    crc32: int = 0
    length: int = 0  # bytes

    def with_text(self, text: bytes) -> "Measure":
        """Of this text followed by another."""
        return Measure(zlib.crc32(text, self.crc32), self.length + len(text))

    def followed_by(self, other: "Measure") -> "Measure":
        """Of this text followed by another, neither of which has to be there."""
        return Measure(_shifted(self.crc32, other.length) ^ other.crc32, self.length + other.length)


class PieceWriter:
    """Deflates a text that comes in parts; the piece ends on a byte boundary, and another can follow it."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
        self.measure = Measure()

    def write(self, text: bytes) -> bytes:
        """What there is now of the piece."""
        self.measure = self.measure.with_text(text)
        return self._compressor.compress(text)

    def end(self) -> bytes:
        """The rest of the piece."""
        return self._compressor.flush(zlib.Z_SYNC_FLUSH)


def stored(text: bytes, *, is_last: bool = False) -> bytes:
    """A short text as a piece that is not compressed (RFC 1951 3.2.4)."""
    size = len(text)
    return bytes((is_last,)) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + text


def gzip_tail(measure: Measure) -> bytes:
    """What ends a gzip member, behind its last piece."""
    return measure.crc32.to_bytes(4, "little") + (measure.length & 0xFFFFFFFF).to_bytes(4, "little")


def gzip_length(pieces: Iterable[int], texts: Iterable[bytes]) -> int:
    """Bytes of a gzip member of pieces of these lengths and of these short texts."""
    return len(HEAD) + sum(pieces) + sum(_STORED + len(text) for text in texts) + _TAIL


def inflated(piece: Iterable[bytes]) -> Iterator[bytes]:
    """The text of a piece, in parts of bounded size."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for part in piece:
        pending = part
        while pending:
            text = inflater.decompress(pending, INFLATED)
            pending = inflater.unconsumed_tail
            if text:
                yield text


def replaced(text: Iterable[bytes], old: bytes, new: bytes) -> Iterator[bytes]:
    """A text that comes in parts with ``old`` replaced, also where it lies across them."""
    held = b""
    for part in text:
        *before, last = (held + part).split(old)
        cut = max(len(last) - len(old) + 1, 0)
        held = last[cut:]
        yield new.join((*before, last[:cut]))
    if held:
        yield held


def _shifted(crc32: int, length: int) -> int:
    """The CRC-32 of a text as it stands in that of the text followed by so many bytes: times x to the 8 * length."""
    power, factor = 1 << 23, 1 << 31  # x to the 8, and 1: the highest coefficient is the lowest bit
    while length:
        if length & 1:
            factor = _product(factor, power)
        power = _product(power, power)
        length >>= 1
    return _product(crc32, factor)


def _product(one: int, other: int) -> int:
    """The product of two polynomials modulo that of CRC-32."""
    product = 0
    while one:
        if one & 0x80000000:
            product ^= other
        one = one << 1 & 0xFFFFFFFF
        other = other >> 1 ^ (_POLYNOMIAL if other & 1 else 0)
    return product
