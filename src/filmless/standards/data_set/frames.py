"""Where the frames of an object lie: native by arithmetic, encapsulated by tables or fragments (PS3.5 8 and A.4)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from filmless.standards.data_set.byte_order import swapped, word_of
from filmless.standards.data_set.elements import (
    ITEM,
    SEQUENCE_DELIMITATION,
    UNDEFINED,
    Buffer,
    Encoding,
    tag_and_length,
)
from filmless.standards.data_set.scanner import EXTENDED_OFFSET_TABLE, Scan

MAX_FRAGMENTS = 1_000_000  # of one object; frames of one that has more are not located
MAX_OFFSET_TABLE = 16 << 20  # bytes

_SAMPLES_PER_PIXEL = 0x00280002
_PHOTOMETRIC_INTERPRETATION = 0x00280004
_NUMBER_OF_FRAMES = 0x00280008
_ROWS = 0x00280010
_COLUMNS = 0x00280011
_BITS_ALLOCATED = 0x00280100
# Native pixels of these share their chrominance (PS3.3 C.7.6.3.1.2): samples per pixel that are stored, as a fraction.
_SUBSAMPLED = {b"YBR_FULL_422": (2, 1), b"YBR_PARTIAL_422": (2, 1), b"YBR_PARTIAL_420": (3, 2)}

_WHOLE_WORDS = frozenset((8, 16, 32, 64))  # bits allocated

_MARK = 12  # bytes kept of each fragment to tell whether a frame starts with it
_STARTS = (
    b"\xff\xd8\xff",  # JPEG, JPEG-LS: start of image
    b"\xff\x4f\xff\x51",  # JPEG 2000, HTJ2K: start of codestream, size
    b"\x00\x00\x00\x0cjP  ",  # JPEG 2000 in its file format, which is met
    b"\xff\x0a",  # JPEG XL codestream
    b"\x00\x00\x00\x0cJXL ",  # JPEG XL container
)


@dataclass(frozen=True, slots=True)
class FrameTable:
    """Where frames lie, counted from the start of the data set as stored.

    Native: frame i starts at ``first + i * size``. Encapsulated: frame i is the joined fragments of
    ``fragments[i]``, pairs of (offset, length) of fragment values (PS3.5 A.4).
    """

    count: int
    first: int = 0
    size: int = 0
    fragments: tuple[tuple[tuple[int, int], ...], ...] = ()


def locate_frames(data_set: Buffer, scan: Scan) -> FrameTable | None:
    """Locate the frames of an object that is whole in memory; None where there are none or they cannot be told.

    Of a deflated data set give the inflated bytes.
    """
    if scan.pixel_offset is None:
        return None
    if scan.pixel_length != UNDEFINED:
        there = len(data_set) - scan.pixel_start if scan.truncated else scan.pixel_length
        return native_frames(scan, min(there, scan.pixel_length))
    reader = FragmentReader(scan)
    reader.feed(memoryview(data_set)[scan.pixel_start :])
    return reader.table()


@dataclass(frozen=True, slots=True)
class NativePixels:
    """Native pixels (PS3.5 8.1), from which each frame is cut."""

    count: int  # frames that are there whole
    frame_bits: int
    start: int  # of the value in the data set, bytes
    length: int  # bytes of the value that are there
    word: int = 1  # bytes of the words that big endian order turned around; 1: none

    def span(self, number: int) -> tuple[int, int]:
        """Where in the data set the bytes lie that hold frame ``number`` (from 0), whole words of them."""
        first, last = number * self.frame_bits // 8, -(-(number + 1) * self.frame_bits // 8)
        first, last = first // self.word * self.word, -(-last // self.word) * self.word
        return self.start + first, self.start + min(last, self.length)

    def cut(self, span: Buffer, number: int) -> bytes:
        """Frame ``number`` in little endian order out of the bytes of its span; its first bit is the lowest."""
        start = number * self.frame_bits
        if self.word > 1:
            span = swapped(span, self.word)
        skipped = start - start // 8 // self.word * self.word * 8  # bits of the span before the frame
        if skipped == 0 and self.frame_bits == len(span) * 8:
            return bytes(span)
        if skipped % 8 == 0 and self.frame_bits % 8 == 0:
            return bytes(span[skipped // 8 : (skipped + self.frame_bits) // 8])
        bits = int.from_bytes(span, "little") >> skipped & (1 << self.frame_bits) - 1  # PS3.5 8.1.1
        return bits.to_bytes(-(-self.frame_bits // 8), "little")


def native_pixels(scan: Scan, length: int) -> NativePixels | None:
    """How frames follow each other in a value of ``length`` bytes; None where there is not one whole frame."""
    allocated, claimed = _number(scan, _BITS_ALLOCATED), number_of_frames(scan)
    bits = _frame_bits(scan, claimed, length)
    count = min(claimed, length * 8 // bits) if bits else 0
    word = 1 if scan.little_endian else max(word_of(scan.pixel_vr), allocated // 8 if allocated in _WHOLE_WORDS else 1)
    return NativePixels(count, bits, scan.pixel_start, length, word) if count else None


def _frame_bits(scan: Scan, claimed: int, length: int) -> int:
    """Bits of one frame, where so many are claimed to lie in a value of ``length`` bytes."""
    samples = _number(scan, _SAMPLES_PER_PIXEL) or 1
    bits = _number(scan, _ROWS) * _number(scan, _COLUMNS) * _number(scan, _BITS_ALLOCATED)
    photometric = scan.values.get(_PHOTOMETRIC_INTERPRETATION, b"").strip(b" \0")
    if samples == 3 and photometric in _SUBSAMPLED and bits * 3 * claimed > length * 8:
        numerator, denominator = _SUBSAMPLED[photometric]
        return bits * numerator // denominator
    return bits * samples


def is_short(scan: Scan) -> bool:
    """Whether the value of native pixels announces fewer bytes than the pixels that the object describes take."""
    if scan.pixel_offset is None or scan.pixel_length == UNDEFINED:
        return False
    claimed = number_of_frames(scan)
    return _frame_bits(scan, claimed, scan.pixel_length) * claimed > scan.pixel_length * 8


def native_frames(scan: Scan, length: int) -> FrameTable | None:
    """Locate native frames in a value of ``length`` bytes: those that are there whole."""
    pixels = native_pixels(scan, length)
    if pixels is None or (pixels.frame_bits % 8 and number_of_frames(scan) > 1):
        return None  # bit-packed frames do not start at bytes (PS3.5 8.1.1)
    return FrameTable(pixels.count, scan.pixel_start, (pixels.frame_bits + 7) // 8)


def number_of_frames(scan: Scan) -> int:
    """Give the number of frames that the object claims; 1 where it says nothing that can be used."""
    raw = scan.values.get(_NUMBER_OF_FRAMES, b"").strip(b" \0")
    return int(raw) or 1 if raw.isdigit() and len(raw) <= 10 else 1


def _number(scan: Scan, tag: int) -> int:
    raw = scan.values.get(tag, b"")
    return int.from_bytes(raw[:2], "little" if scan.little_endian else "big")


class FragmentReader:
    """Finds the fragments of encapsulated pixel data as its bytes pass, and never holds them."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._encoding: Encoding = scan.encoding
        self._at = scan.pixel_start  # offset of the next byte that is fed
        self._header = scan.pixel_start  # offset of the header of the item that is read
        self._held = bytearray()  # that header and the first bytes of the value, as far as they have come
        self._need = 8
        self._length = 0
        self._offset_table: bytes | None = None
        self._fragments: list[tuple[int, int]] = []
        self._marks: list[bytes] = []
        self._is_broken = False
        self.has_ended = False

    def feed(self, chunk: Buffer) -> None:
        """Take the bytes that follow; the first ones are those at the start of the value of Pixel Data."""
        view = memoryview(chunk)
        stop = self._at + len(view)
        while not self.has_ended and self._header < stop:
            begin = max(self._header + len(self._held) - self._at, 0)
            self._held += view[begin : begin + self._need - len(self._held)]
            if len(self._held) < self._need:
                break
            if self._need == 8:
                self._read_header()
            if len(self._held) == self._need:
                self._end_item()
        self._at = stop

    def _read_header(self) -> None:
        tag, self._length = tag_and_length(self._held, 0, 8, self._encoding) or (0, 0)
        if tag == SEQUENCE_DELIMITATION:
            self.has_ended = True
        elif tag != ITEM or self._length == UNDEFINED or len(self._fragments) >= MAX_FRAGMENTS:
            self.has_ended = self._is_broken = True
        elif self._offset_table is None:
            self._need += self._length
            self.has_ended = self._is_broken = self._length > MAX_OFFSET_TABLE
        else:
            self._need += min(self._length, _MARK)

    def _end_item(self) -> None:
        if self.has_ended:
            return
        value = bytes(self._held[8:])
        if self._offset_table is None:
            self._offset_table = value
        else:
            self._fragments.append((self._header + 8, self._length))
            self._marks.append(value)
        self._header += 8 + self._length
        self._held.clear()
        self._need = 8

    def table(self) -> FrameTable | None:
        """Give the frames of what has been fed; None where there are more fragments than we follow."""
        if self._is_broken and len(self._fragments) >= MAX_FRAGMENTS:
            return None
        fragments = [(start, length) for start, length in self._fragments if start + length <= self._at]
        frames = number_of_frames(self._scan)
        starts = self._starts(fragments, frames)
        bounds = pairwise([*starts, len(fragments)])
        grouped = (tuple(fragments[first:last]) for first, last in bounds)
        table = tuple(tuple(fragment for fragment in group if fragment[1]) for group in grouped)
        return FrameTable(len(table), fragments=table)

    def _starts(self, fragments: Sequence[tuple[int, int]], frames: int) -> list[int]:
        """Give the index of the first fragment of each frame, by the surest way that fits."""
        if not fragments:
            return []
        by_table = self._by_offset_table(fragments)
        by_marks = [index for index, mark in enumerate(self._marks[: len(fragments)]) if mark.startswith(_STARTS)]
        each = list(range(len(fragments)))
        one = [0]
        for starts in (by_table, one, each, by_marks):
            if len(starts) == frames and starts[0] == 0:
                return starts
        if by_table:
            return by_table
        return each if by_marks and by_marks[0] == 0 else one  # a video has fewer fragments than frames

    def _by_offset_table(self, fragments: Sequence[tuple[int, int]]) -> list[int]:
        """Read the extended (PS3.3 C.7.6.3.1.8) or the basic offset table; empty when it does not fit the fragments."""
        order = "<" if self._scan.little_endian else ">"
        raw, code = self._scan.values.get(EXTENDED_OFFSET_TABLE, b""), "Q"
        if not raw:
            raw, code = self._offset_table or b"", "I"
        width = struct.calcsize(code)
        offsets = struct.unpack(f"{order}{len(raw) // width}{code}", raw[: len(raw) // width * width])
        first = fragments[0][0]
        index_at = {start - first: index for index, (start, _) in enumerate(fragments)}
        starts = [index_at.get(offset, -1) for offset in offsets]
        is_sound = starts[:1] == [0] and all(before < after for before, after in pairwise(starts))
        return starts if is_sound else []
