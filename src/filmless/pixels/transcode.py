"""A stored object in another transfer syntax, nothing lost that the stored form still has.

Frames are decoded, or compressed in another way, one by one in codec children; the rest of the data set is written
anew (PS3.5 annex A). What comes out streams: no more than some frames and the attributes before the pixels are in
memory.
"""

import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import (
    MAX_HEADER_BYTES,
    PHOTOMETRIC_BYTES,
    Request,
    StoredImage,
    compressed_request,
    native_request,
)
from filmless.standards.data_set.byte_order import swapped, word_of
from filmless.standards.data_set.elements import ITEM, SEQUENCE_DELIMITATION, UNDEFINED, Encoding, read_header
from filmless.standards.data_set.fault import BadBytes, Fault
from filmless.standards.data_set.frames import FrameTable, native_frames, number_of_frames
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.transfer_syntaxes import RLE_LOSSLESS, transfer_syntax
from filmless.standards.editing.reencode import Value, element_header, reencode

Submit = Callable[[Request], "Future[bytes]"]

PART = 1 << 20  # bytes of native pixels read at once
AHEAD = 2  # frames that are decoded before they are asked for

_PIXEL_DATA = 0x7FE00010
_EXTENDED_OFFSET_TABLE, _ITS_LENGTHS = 0x7FE00001, 0x7FE00002
_SAMPLES, _PHOTOMETRIC, _PLANAR = 0x00280002, 0x00280004, 0x00280006
_BITS_ALLOCATED, _BITS_STORED, _HIGH_BIT = 0x00280100, 0x00280101, 0x00280102
_ROWS, _COLUMNS = 0x00280010, 0x00280011
_LOSSY = 0x00282110
_WANTED = frozenset((_ROWS, _COLUMNS, _SAMPLES, _PHOTOMETRIC, _BITS_ALLOCATED, _BITS_STORED, _HIGH_BIT, _LOSSY))
_DELIMITER = 8  # bytes of the delimiter behind the last fragment
_LONGEST = 0xFFFFFFFE  # bytes of a value (PS3.5 7.1)


@dataclass(frozen=True, slots=True)
class _Pixels:
    """The element that holds the pixels."""

    tag: int
    vr: str
    start: int  # of its value, in the data set
    length: int  # bytes; UNDEFINED when encapsulated


def transcoded(image: StoredImage, target_uid: str, submit: Submit) -> Iterator[bytes]:
    """The data set in a native transfer syntax or one of ``filmless.pixels.targets.LOSSLESS``, in parts.

    ``image`` is not deflated as a whole: inflate it first. Raises CannotRender, and what ``image.read`` raises.
    """
    try:
        parts = _Transcoding(image, target_uid, submit).parts()
        yield from _deflated(parts) if transfer_syntax(target_uid).deflated else parts
    except BadBytes as bad:
        raise CannotRender(Reason.DAMAGED, bad.fault.reason) from bad


def _deflated(parts: Iterator[bytes]) -> Iterator[bytes]:
    """One deflate stream, of even length (PS3.5 A.5)."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    length = 0
    for part in parts:
        if piece := deflater.compress(part):
            length += len(piece)
            yield piece
    rest = deflater.flush()
    yield rest + b"\0" * ((length + len(rest)) % 2)


class _Transcoding:
    def __init__(self, image: StoredImage, target_uid: str, submit: Submit) -> None:
        self._image, self._submit = image, submit
        source, target = transfer_syntax(image.transfer_syntax_uid), transfer_syntax(target_uid)
        self._compress_as = target.uid if target.encapsulated else None
        self._source = Encoding(source.little_endian, source.explicit_vr)
        self._target = Encoding(target.little_endian, target.explicit_vr)
        self._syntax = source
        self._length = image.length - image.head_length  # bytes of the data set

    def parts(self) -> Iterator[bytes]:
        offset = self._image.pixel_offset
        if offset is None and self._compress_as:
            raise CannotRender(Reason.UNSUPPORTED, "no pixels to compress")
        if offset is None:
            yield reencode(self._read(0, self._length), self._actual(), self._target, {})
            return
        found = scan(self._read(0, offset + 12), self._image.transfer_syntax_uid, _WANTED, final=False)
        if isinstance(found, Fault):
            raise CannotRender(Reason.DAMAGED, found.reason)
        self._source = found.encoding
        pixels = _Pixels(found.pixel_tag, found.pixel_vr, found.pixel_start, found.pixel_length)
        header = self._read(0, offset)
        if self._compress_as:
            yield from self._compressed(found, header, pixels, self._compress_as)
        elif pixels.length == UNDEFINED:
            yield from self._decoded(found, header, pixels)
        else:
            yield from self._native(found, header, pixels)

    def _actual(self) -> Encoding:
        found = scan(self._read(0, self._length), self._image.transfer_syntax_uid, frozenset())
        if isinstance(found, Fault):
            raise CannotRender(Reason.DAMAGED, found.reason)
        return found.encoding

    def _native(self, found: Scan, header: bytes, pixels: _Pixels) -> Iterator[bytes]:
        """Pixels that are native already: only their bytes may have to be turned around."""
        stop = pixels.start + pixels.length
        if stop > self._length:
            raise CannotRender(Reason.DAMAGED, "Pixel Data claims more than there is")
        bits, little = _number(found, _BITS_ALLOCATED), self._target.little_endian
        vr = "OW" if pixels.vr == "OB" and bits > 8 else pixels.vr
        yield reencode(header, self._source, self._target, {})
        yield element_header(pixels.tag, vr, pixels.length, self._target)
        word = max(word_of(vr), bits // 8) if vr == "OW" else word_of(vr)
        for start in range(pixels.start, stop, PART):
            part = self._read(start, min(start + PART, stop))
            yield swapped(part, word) if self._source.little_endian != little else part
        yield self._trailer(stop)

    def _decoded(self, found: Scan, header: bytes, pixels: _Pixels) -> Iterator[bytes]:
        """Compressed frames, decoded one after the other."""
        table, frames, bits = self._table(found, pixels), number_of_frames(found), _number(found, _BITS_ALLOCATED)
        decoded = self._made(frames, partial(native_request, self._image))
        first = next(decoded)
        photometric, size = first[:PHOTOMETRIC_BYTES].rstrip(b" "), len(first) - PHOTOMETRIC_BYTES
        length = (frames * _frame_bits(found) + 7) // 8 if bits == 1 else frames * size
        if length > _LONGEST:
            raise CannotRender(Reason.TOO_LARGE, "more pixels than a native object may have")
        vr, word = ("OB", 1) if bits <= 8 else ("OW", bits // 8)
        yield reencode(header, self._source, self._target, self._changes(found, photometric))
        yield element_header(pixels.tag, vr, length + length % 2, self._target)
        same = (self._ordered(frame, word) for frame in _same(first, decoded))
        yield from _packed(same, _frame_bits(found)) if bits == 1 else same
        yield b"\0" * (length % 2) + self._trailer(_end_of(table) + _DELIMITER)

    def _compressed(self, found: Scan, header: bytes, pixels: _Pixels, target_uid: str) -> Iterator[bytes]:
        """Frames compressed one after the other, each a fragment; the offset table is left empty (PS3.5 A.4)."""
        if pixels.tag != _PIXEL_DATA:
            raise CannotRender(Reason.UNSUPPORTED, "float pixels are not compressed")
        table = self._table(found, pixels)
        image = replace(self._image, frames=table)
        made = self._made(table.count, lambda number: compressed_request(image, number, target_uid))
        first = next(made)
        kind = first[:PHOTOMETRIC_BYTES]
        yield reencode(header, self._source, self._target, self._changes(found, kind.rstrip(b" ")))
        yield element_header(_PIXEL_DATA, "OB", UNDEFINED, self._target) + element_header(ITEM, "", 0, self._target)
        for frame in chain((first,), made):
            if frame[:PHOTOMETRIC_BYTES] != kind:
                raise CannotRender(Reason.DAMAGED, "frames of different kinds")
            stream = frame[PHOTOMETRIC_BYTES:] + b"\0" * (len(frame) % 2)
            yield element_header(ITEM, "", len(stream), self._target) + stream
        stop = _end_of(table) + _DELIMITER if table.fragments else pixels.start + pixels.length
        yield element_header(SEQUENCE_DELIMITATION, "", 0, self._target) + self._trailer(stop)

    def _table(self, found: Scan, pixels: _Pixels) -> FrameTable:
        """Where all frames lie."""
        if pixels.length == UNDEFINED:
            table = self._image.frames
        else:
            table = native_frames(found, min(pixels.length, self._length - pixels.start))
        if table is None or not (table.fragments or table.size) or table.count != number_of_frames(found):
            raise CannotRender(Reason.UNSUPPORTED, "frames that cannot be told apart")
        return table

    def _made(self, frames: int, request: Callable[[int], Request]) -> Iterator[bytes]:
        coming: deque[Future[bytes]] = deque()
        try:
            for number in range(frames):
                coming.append(self._submit(request(number)))
                if len(coming) > AHEAD:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for future in coming:
                future.cancel()

    def _ordered(self, frame: bytes, word: int) -> bytes:
        pixels = frame[PHOTOMETRIC_BYTES:]
        return pixels if self._target.little_endian else swapped(pixels, word)

    def _changes(self, found: Scan, photometric: bytes) -> Mapping[int, Value]:
        """What the attributes must say of decoded pixels; that something was lost stays said (PS3.3 C.7.6.1.1.5)."""
        changes = {tag: Value("", None) for tag in (_EXTENDED_OFFSET_TABLE, _ITS_LENGTHS)}
        changes[_PHOTOMETRIC] = Value("CS", photometric + b" " * (len(photometric) % 2))
        if _number(found, _SAMPLES) > 1:
            changes[_PLANAR] = self._us(0)
        decoded = self._syntax.encapsulated and self._syntax.uid != RLE_LOSSLESS
        if decoded and (stored := _number(found, _BITS_STORED)):
            changes[_HIGH_BIT] = self._us(stored - 1)  # a decoder gives values at the low end of their words
        if self._syntax.lossy:
            changes[_LOSSY] = Value("CS", b"01")
        return changes

    def _us(self, number: int) -> Value:
        return Value("US", number.to_bytes(2, "little" if self._target.little_endian else "big"))

    def _trailer(self, start: int) -> bytes:
        """What stands behind the pixels: signatures, padding."""
        data = self._read(start, self._length)
        if read_header(data, 0, len(data), self._source) is None:
            return b""  # too short for an element
        return reencode(data, self._source, self._target, {})

    def _read(self, start: int, stop: int) -> bytes:
        """Bytes of the data set."""
        if stop - start > MAX_HEADER_BYTES:
            raise CannotRender(Reason.TOO_LARGE, f"{stop - start} bytes beside the pixels")
        head = self._image.head_length
        return bytes(self._image.read(head + start, head + max(start, stop)))


def _same(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    """All frames, which must be of one kind and size."""
    yield first
    for frame in others:
        if frame[:PHOTOMETRIC_BYTES] != first[:PHOTOMETRIC_BYTES] or len(frame) != len(first):
            raise CannotRender(Reason.DAMAGED, "frames of different kinds")
        yield frame


def _packed(frames: Iterator[bytes], bits: int) -> Iterator[bytes]:
    """Frames of one bit per pixel, which need not begin at bytes (PS3.5 8.1.1): the lowest bit comes first."""
    waiting, held = 0, 0
    for frame in frames:
        waiting |= (int.from_bytes(frame, "little") & ((1 << bits) - 1)) << held
        held += bits
        whole, held = divmod(held, 8)
        yield (waiting & ((1 << 8 * whole) - 1)).to_bytes(whole, "little")
        waiting >>= 8 * whole
    yield waiting.to_bytes(bool(held), "little")


def _frame_bits(found: Scan) -> int:
    return _number(found, _ROWS) * _number(found, _COLUMNS) * (_number(found, _SAMPLES) or 1)


def _number(found: Scan, tag: int) -> int:
    return int.from_bytes(found.values.get(tag, b"")[:2], "little" if found.little_endian else "big")


def _end_of(table: FrameTable) -> int:
    """Where the last fragment ends."""
    return max((offset + length for frame in table.fragments for offset, length in frame), default=0)
