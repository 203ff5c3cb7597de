"""One pass over the bytes of a data set: the values asked for, where pixels start, whether it can be read."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from struct import Struct

from filmless.standards.data_set.elements import (
    LONG_VRS,
    PIXELS,
    SHORT_VRS,
    UNDEFINED,
    Buffer,
    Encoding,
    actual_encoding,
    read_header,
)
from filmless.standards.data_set.fault import MAX_ELEMENTS, MAX_VALUE, BadBytes, Fault, FaultKind
from filmless.standards.data_set.inflate import inflate_chunks
from filmless.standards.data_set.sequences import skip_sequence
from filmless.standards.data_set.walk import fragments_end
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax

SPECIFIC_CHARACTER_SET = 0x00080005
EXTENDED_OFFSET_TABLE = 0x7FE00001
EXTENDED_OFFSET_TABLE_LENGTHS = 0x7FE00002
_PIXEL_MODULE = (0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011, 0x00280100)  # tell how many frames
_ALWAYS = frozenset((SPECIFIC_CHARACTER_SET, EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS, *_PIXEL_MODULE))


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found; offsets count from the start of the data set, of a deflated one when inflated."""

    values: dict[int, bytes]  # raw value fields of wanted top-level elements; of a repeated tag the last
    vrs: dict[int, str]  # as read; of data without VRs as the dictionary says
    sequences: dict[int, bytes]  # raw content of wanted sequences, delimiters of undefined length included
    encoding: Encoding  # as it is written, which the label may not tell
    pixel_offset: int | None = None  # of the element that holds the pixels
    pixel_tag: int = 0
    pixel_vr: str = ""
    pixel_start: int = 0  # of its value
    pixel_length: int = 0  # bytes; UNDEFINED when encapsulated
    end: int = 0  # where reading stopped: beyond it lies what is no element, or was not looked at
    truncated: bool = False  # the last element, or Pixel Data, claims more than there is

    @property
    def little_endian(self) -> bool:
        """Tell the byte order in which it is written."""
        return self.encoding.little_endian

    @property
    def explicit_vr(self) -> bool:
        """Tell whether it is written with VRs."""
        return self.encoding.explicit_vr


def scan(data_set: Buffer, transfer_syntax_uid: str, wanted: frozenset[int], final: bool = True) -> Scan | Fault:
    """Read a data set once; never raises for its bytes.

    A data set that ends within its last element or its Pixel Data is read as far as it goes and marked ``truncated``:
    such objects are met, and an archive keeps what it is sent.

    Beside the wanted, the character set and what tells the frames is kept.

    With ``final`` false the bytes are a prefix, which must reach Pixel Data: a fault of kind INCOMPLETE asks for more.
    A data set of an unknown transfer syntax is read as Explicit VR Little Endian (PS3.5 A.4).
    """
    syntax = transfer_syntax(transfer_syntax_uid)
    labelled = Encoding(syntax.little_endian, syntax.explicit_vr)
    try:
        if syntax.deflated:
            return _scan_deflated(data_set, labelled, wanted, final)
        return _Scanner(data_set, labelled, wanted, final).run()
    except BadBytes as bad:
        return bad.fault


class _Layout:
    """How headers of one byte order are unpacked: as (tag as an integer, VR as an integer, 16-bit length)."""

    def __init__(self, order: str) -> None:
        little = order == "<"
        self.explicit: Callable[[Buffer, int], tuple[int, int, int]] = Struct(order + "IHH").unpack_from
        self.implicit: Callable[[Buffer, int], tuple[int, int]] = Struct(order + "II").unpack_from
        self.length: Callable[[Buffer, int], tuple[int]] = Struct(order + "I").unpack_from
        self.long = frozenset(int.from_bytes(vr, "little" if little else "big") for vr in LONG_VRS)
        self.short = {int.from_bytes(vr, "little" if little else "big"): vr.decode() for vr in SHORT_VRS}


_LAYOUTS = {True: _Layout("<"), False: _Layout(">")}
_PLAIN_LENGTH = 1000  # bytes: a value up to this is passed over whatever it is, being too short to be nested deeply


@lru_cache(maxsize=64)
def _keys(wanted: frozenset[int], little_endian: bool) -> dict[int, int]:
    """Map the tag as an integer of the byte order (little endian swaps its halves) to the tag."""
    tags = wanted | _ALWAYS | PIXELS
    return {(tag >> 16 | (tag & 0xFFFF) << 16) if little_endian else tag: tag for tag in tags}


class _Scanner:
    """One scan; ``run`` gives its result or raises BadBytes."""

    def __init__(self, data: Buffer, labelled: Encoding, wanted: frozenset[int], final: bool) -> None:
        self.data = data
        self.end = len(data)
        self.wanted = wanted
        self.final = final
        self.encoding = actual_encoding(data, 0, self.end, labelled)
        self.values: dict[int, bytes] = {}
        self.vrs: dict[int, str] = {}
        self.sequences: dict[int, bytes] = {}
        self.count = [0]  # elements within sequences
        self.position = 0
        self.pixels: tuple[int, int, str, int, int] | None = None  # offset, tag, VR, start and length of the value

    def run(self) -> Scan:
        layout = _LAYOUTS[self.encoding.little_endian]
        keys = _keys(self.wanted, self.encoding.little_endian)
        truncated = False
        try:
            (self._explicit if self.encoding.explicit_vr else self._implicit)(layout, keys)
        except BadBytes as bad:
            truncated = bad.fault.kind is FaultKind.TRUNCATED
            if not truncated:
                raise
        if self.pixels is None and not self.final:
            raise self._cut()
        if not isinstance(self.data, bytes):
            self.values = {tag: bytes(value) for tag, value in self.values.items()}
        # What is left is too short for an element: padding, or the beginning of one that was cut.
        truncated = truncated or self.position > self.end or (self.final and any(self.data[self.position :]))
        offset, tag, vr, start, length = self.pixels or (None, 0, "", 0, 0)
        end = min(self.position, self.end)
        return Scan(
            self.values, self.vrs, self.sequences, self.encoding, offset, tag, vr, start, length, end, truncated
        )

    def _explicit(self, layout: _Layout, keys: dict[int, int]) -> None:
        data, unpack, unpack_length = self.data, layout.explicit, layout.length
        short, long, values, vrs = layout.short, layout.long, self.values, self.vrs
        position, last = 0, self.end - 12
        for _ in repeat(None, MAX_ELEMENTS):
            if position > last:
                position = self._last(position)
                if position < 0:
                    return
                continue
            key, vr, length = unpack(data, position)
            if vr in short:
                start = position + 8
                position = start + length
                if key in keys:
                    tag = keys[key]
                    values[tag] = data[start:position]  # type: ignore[assignment]  # run() makes them bytes
                    vrs[tag] = short[vr]
            elif vr in long and key not in keys and (length := unpack_length(data, position + 8)[0]) < _PLAIN_LENGTH:
                position += 12 + length
            else:
                position = self._other(position)
                if position < 0:
                    return
        raise BadBytes(FaultKind.LIMIT, "Data set has too many elements")

    def _last(self, position: int) -> int:
        """Read what may be a last short element: give the position behind it, or -1 where there is none."""
        if position > self.end - 8:
            self.position = position
            return -1
        return self._other(position)

    def _implicit(self, layout: _Layout, keys: dict[int, int]) -> None:
        data, unpack = self.data, layout.implicit
        position, last = 0, self.end - 8
        for _ in repeat(None, MAX_ELEMENTS):
            if position > last:
                self.position = position
                return
            key, length = unpack(data, position)
            if length <= _PLAIN_LENGTH and key not in keys and key not in _DELIMITERS:
                position += 8 + length
            else:
                position = self._other(position)
                if position < 0:
                    return
        raise BadBytes(FaultKind.LIMIT, "Data set has too many elements")

    def _other(self, position: int) -> int:
        """Read what the fast loops leave: give the position behind it, or -1 where the scan is to stop."""
        self.position = position
        header = read_header(self.data, position, self.end, self.encoding)
        if header is None:
            raise self._cut()
        tag, vr, start, length = header
        if tag >> 16 == 0xFFFE:
            return start  # a stray delimiter or item is passed over
        if tag in PIXELS and vr != "SQ":
            return self._pixel_element(position, header)
        stop = start + length
        if length == UNDEFINED or vr == "SQ":
            return self._sequence(header)
        if self.final and stop > self.end:
            raise self._cut()
        if length > MAX_VALUE:
            raise BadBytes(FaultKind.LIMIT, "A value exceeds the limit")
        if stop > self.end:
            raise self._cut()
        self._keep(tag, vr, start, stop)
        return stop

    def _keep(self, tag: int, vr: str, start: int, stop: int) -> None:
        if tag in self.wanted or tag in _ALWAYS:
            (self.sequences if vr == "SQ" else self.values)[tag] = bytes(self.data[start:stop])
            self.vrs[tag] = vr

    def _sequence(self, header: tuple[int, str, int, int]) -> int:
        tag, vr, start, length = header
        if length != UNDEFINED and start + length > self.end:
            raise self._cut()
        if vr in ("SQ", "UN"):
            try:
                stop = skip_sequence(self.data, start, length, self.end, self.encoding, self.count)
            except BadBytes as bad:
                if self.final or bad.fault.kind is FaultKind.LIMIT:
                    raise
                raise self._cut() from None
            self._keep(tag, "SQ", start, stop)
            return stop
        stop, ended = fragments_end(self.data, start, self.end, self.encoding)
        if not ended:
            raise self._cut()
        return stop

    def _pixel_element(self, position: int, header: tuple[int, str, int, int]) -> int:
        tag, vr, start, length = header
        found = (position, tag, vr, start, length)
        if not self.final:
            self.pixels = found
            return -1
        if length == UNDEFINED:
            stop, ended = fragments_end(self.data, start, self.end, self.encoding)
        else:
            stop, ended = start + length, start + length <= self.end
        self.pixels = found
        if ended:
            return stop
        if length == UNDEFINED:
            raise BadBytes(FaultKind.NOT_DICOM, "Fragments of Pixel Data do not end")
        raise BadBytes(FaultKind.TRUNCATED, "Pixel Data claims more than there is")

    def _cut(self) -> BadBytes:
        if self.final:
            return BadBytes(FaultKind.TRUNCATED, "Data set ends within an element")
        return BadBytes(FaultKind.INCOMPLETE, "Data set does not reach Pixel Data")


_DELIMITERS = frozenset((0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD, 0xE000FFFE, 0xE00DFFFE, 0xE0DDFFFE))  # in either order

_FIRST_TRY = 1 << 20  # inflated bytes at which a scan is first tried; then each four times as many
_MAX_HEAD = 256 << 20  # inflated bytes held in search of Pixel Data


def _scan_deflated(deflated: Buffer, encoding: Encoding, wanted: frozenset[int], final: bool) -> Scan:
    """Scan what is inflated so far until Pixel Data is reached; the rest is only checked, and let go."""
    held = bytearray()
    next_try = _FIRST_TRY
    chunks = inflate_chunks(deflated, final)
    for chunk in chunks:
        held += chunk
        if len(held) < next_try:
            continue
        try:
            found = _Scanner(bytes(held), encoding, wanted, final=False).run()
        except BadBytes as bad:
            if bad.fault.kind is not FaultKind.INCOMPLETE:
                raise
        else:
            for _ in chunks:
                pass
            return found
        if len(held) > _MAX_HEAD:
            raise BadBytes(FaultKind.LIMIT, "Data set before Pixel Data exceeds the limit")
        next_try *= 4
    return _Scanner(bytes(held), encoding, wanted, final).run()
