"""What the headers of compressed pictures say: their size, samples and coding (ISO 10918, 14495, 15444, 14496-12)."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from filmless.standards.dicom import transfer_syntaxes as ts

Read = Callable[[int, int], bytes]
"""Bytes of a value from one position to another; fewer where it ends."""

MPEG_4_AVC_41 = "1.2.840.10008.1.2.4.102"
MPEG_4_AVC_42 = "1.2.840.10008.1.2.4.104"
HEVC_MAIN, HEVC_MAIN_10 = "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108"

_TRAILING = 64 << 10  # bytes behind the end of a picture that are looked through
_SEGMENTS = 1000  # marker segments, or boxes, that are looked through
_AVC_LEVEL_41 = 41


class NoHeader(Exception):
    """The bytes are not what their media type says."""


class CutOff(NoHeader):
    """The bytes end before the picture does."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The Image Pixel Description that a codestream implies (PS3.3 C.7.6.3, PS3.5 8.2)."""

    transfer_syntax_uid: str
    rows: int
    columns: int
    samples: int
    bits: int  # of a sample
    photometric: str
    is_signed: bool = False
    start: int = 0  # of the codestream within the value
    stop: int | None = None  # None: to its end
    frames: int | None = None  # None: one in each value
    frame_time: float = 0.0  # milliseconds from one frame to the next; 0: not said


def jpeg(read: Read, length: int) -> Picture:
    """JPEG of any process, and JPEG-LS."""
    adobe: int | None = None
    frame: tuple[int, bytes] | None = None
    for marker, body, end in _segments(read):
        if marker == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        elif marker in _FRAME_MARKERS and len(body) >= 6:
            frame = (marker, body)
        elif marker == 0xDA:
            if frame is None:
                break
            _see_its_end(read, end, length)
            return _jpeg_picture(frame[0], frame[1], body, adobe)
    raise NoHeader


def is_progressive_jpeg(read: Read) -> bool:
    """Whether it is a JPEG of full progression, whose transfer syntax is retired (PS3.5 10.4)."""
    return any(marker == _PROGRESSIVE for marker, _ in _before_scan(read))


def jpeg_orientation(read: Read) -> int:
    """Which way up a JPEG is, 1 to 8, as its EXIF says; 1 where it does not say."""
    return next((_orientation(body) for marker, body in _before_scan(read) if marker == _APP1), 1)


def _before_scan(read: Read) -> Iterator[tuple[int, bytes]]:
    try:
        for marker, body, _ in _segments(read):
            yield marker, body
            if marker in _FRAME_MARKERS:
                return
    except NoHeader:
        return


def _orientation(body: bytes) -> int:
    """Of the body of an APP1 segment: TIFF 6.0, tag 274 of its first directory."""
    order = {b"II": "<", b"MM": ">"}.get(body[6:8])
    if body[:6] != b"Exif\0\0" or order is None or len(body) < 14:
        return 1
    (at,) = struct.unpack_from(f"{order}I", body, 10)
    at += 6
    while at + 14 <= len(body):
        tag, kind, count, value = struct.unpack_from(f"{order}HHIH", body, at + 2)
        if (tag, kind, count) == (274, 3, 1):
            return value if 1 <= value <= 8 else 1
        if tag > 274:  # they are sorted
            break
        at += 12
    return 1


_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}  # SOFn; F7: SOF55 of JPEG-LS
_LOSSLESS, _LS, _PROGRESSIVE, _APP1 = 0xC3, 0xF7, 0xC2, 0xE1


def _segments(read: Read) -> Iterator[tuple[int, bytes, int]]:
    """Marker segments up to the first scan, and where each ends."""
    at = 2
    if read(0, 2) != b"\xff\xd8":
        raise NoHeader
    for _ in range(_SEGMENTS):
        head = read(at, at + 4)
        if len(head) < 4 or head[0] != 0xFF:
            raise NoHeader
        if head[1] == 0xFF:
            at += 1
            continue
        length = int.from_bytes(head[2:4], "big")
        yield head[1], read(at + 4, at + 2 + min(length, 256)), at + 2 + length
        at += 2 + length


def _see_its_end(read: Read, start: int, stop: int) -> None:
    """EOI or EOC; bytes behind it are borne, and within coded data it does not occur (ISO 10918-1 B.1.1.5)."""
    if b"\xff\xd9" not in read(max(start, stop - _TRAILING), stop):
        raise CutOff


def _jpeg_picture(marker: int, frame: bytes, scan: bytes, adobe: int | None) -> Picture:
    bits, rows, columns, samples = struct.unpack_from(">BHHB", frame)
    if samples not in (1, 3) or not rows or not columns:
        raise NoHeader
    parameters = scan[1 + 2 * scan[0] :] if scan else b""
    if marker == _LS:
        is_lossless = not parameters or parameters[0] == 0  # NEAR (ISO 14495-1 C.2.3)
        syntax = ts.JPEG_LS_LOSSLESS if is_lossless else ts.JPEG_LS_NEAR_LOSSLESS
    elif marker == _LOSSLESS:
        syntax = ts.JPEG_LOSSLESS_SV1 if parameters[:1] == b"\1" else ts.JPEG_LOSSLESS
    elif marker == 0xC0:
        syntax = ts.JPEG_BASELINE
    elif marker == 0xC1:
        syntax = ts.JPEG_EXTENDED
    else:
        raise NoHeader  # progressive and arithmetic coding have no transfer syntax that is not retired
    is_rgb = marker in (_LS, _LOSSLESS) or adobe == 0
    is_halved = samples == 3 and len(frame) > 7 and frame[7] >> 4 == 2
    colour = "RGB" if is_rgb else "YBR_FULL_422" if is_halved else "YBR_FULL"
    return Picture(syntax, rows, columns, samples, bits, "MONOCHROME2" if samples == 1 else colour)


def jpeg_2000(read: Read, length: int) -> Picture:
    """JPEG 2000 and HTJ2K, bare or in the boxes of JP2; DICOM keeps the codestream (PS3.5 A.4.4)."""
    start, stop = (0, length) if read(0, 2) == b"\xff\x4f" else _codestream_box(read, length)
    header = read(start, min(start + (64 << 10), stop))
    if header[:4] != b"\xff\x4f\xff\x51" or len(header) < 45:
        raise NoHeader
    columns, rows, x, y = struct.unpack_from(">4I", header, 8)
    samples, depth = int.from_bytes(header[40:42], "big"), header[42]
    columns, rows, bits = columns - x, rows - y, (depth & 0x7F) + 1
    if not (0 < columns < 1 << 16 and 0 < rows < 1 << 16) or samples not in (1, 3):
        raise NoHeader
    is_ht, is_reversible, is_mixed, progression = _coding(header)
    _see_its_end(read, start, stop)
    if is_ht:
        reversible = ts.HTJ2K_LOSSLESS_RPCL if progression == 2 else ts.HTJ2K_LOSSLESS
        syntax = reversible if is_reversible else ts.HTJ2K
    else:
        syntax = ts.JPEG_2000_LOSSLESS if is_reversible else ts.JPEG_2000
    mixed = "YBR_RCT" if is_reversible else "YBR_ICT"
    photometric = "MONOCHROME2" if samples == 1 else mixed if is_mixed else "RGB"
    return Picture(syntax, rows, columns, samples, bits, photometric, bool(depth & 0x80), start, stop)


def _coding(header: bytes) -> tuple[bool, bool, bool, int]:
    """Whether it is of high throughput, reversible, with mixed components; its progression (15444-1 A.6.1)."""
    at, is_ht = 2, False
    while at + 4 <= len(header) and header[at] == 0xFF:
        marker, length = header[at + 1], int.from_bytes(header[at + 2 : at + 4], "big")
        if marker == 0x50:  # CAP: bit 14 of Pcap says Part 15
            is_ht = bool(int.from_bytes(header[at + 4 : at + 8], "big") & 1 << 17)
        if marker == 0x52 and at + 14 <= len(header):  # COD
            return is_ht, header[at + 13] == 1, header[at + 8] == 1, header[at + 5]
        at += 2 + length
    raise NoHeader


def _codestream_box(read: Read, length: int) -> tuple[int, int]:
    for kind, start, stop in _boxes(read, 0, length):
        if kind == b"jp2c":
            return start, stop
    raise NoHeader


def _boxes(read: Read, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Boxes of ISO 15444-1 and ISO 14496-12: kind, and where their content lies."""
    for _ in range(_SEGMENTS):
        head = read(start, min(start + 16, stop))
        if len(head) < 8:
            return
        size, kind, content = int.from_bytes(head[:4], "big"), head[4:8], start + 8
        if size == 1 and len(head) == 16:
            size, content = int.from_bytes(head[8:16], "big"), start + 16
        end = stop if size == 0 else start + size
        if end > stop or end < content:
            return
        yield kind, content, end
        start = end


def mp4(read: Read, length: int) -> Picture:
    """The first video track of an MP4 file; DICOM keeps the file (PS3.5 8.2.7)."""
    for kind, start, stop in _boxes(read, 0, length):
        if kind != b"moov":
            continue
        for track in (each for each in _boxes(read, start, stop) if each[0] == b"trak"):
            table = _inner(read, track[1:], (b"mdia", b"minf", b"stbl"))
            picture = _video(read, table) if table else None
            if picture is not None:
                _see_all_boxes(read, length)
                return replace(picture, frame_time=_milliseconds(read, track[1:]) / (picture.frames or 1))
    raise NoHeader


def _milliseconds(read: Read, track: tuple[int, int]) -> float:
    """How long a track is (ISO 14496-12 8.4.2); 0 where it does not say."""
    header = _inner(read, track, (b"mdia", b"mdhd"))
    body = read(header[0], min(header[0] + 32, header[1])) if header else b""
    layout, at = (">IQ", 20) if body[:1] == b"\1" else (">II", 12)
    if len(body) < at + struct.calcsize(layout):
        return 0.0
    scale, duration = struct.unpack_from(layout, body, at)
    return float(duration * 1000 / scale) if scale else 0.0


def _see_all_boxes(read: Read, length: int) -> None:
    end = 0
    for _, _, end in _boxes(read, 0, length):  # noqa: B007  the last one counts
        pass
    if length - end >= 8:  # bytes of the head of a further box, which ends behind the file
        raise CutOff


def _inner(read: Read, span: tuple[int, int], kinds: tuple[bytes, ...]) -> tuple[int, int] | None:
    for wanted in kinds:
        found = next(((start, stop) for kind, start, stop in _boxes(read, *span) if kind == wanted), None)
        if found is None:
            return None
        span = found
    return span


def _video(read: Read, table: tuple[int, int]) -> Picture | None:
    entries, sizes = _inner(read, table, (b"stsd",)), _inner(read, table, (b"stsz",))
    if entries is None or sizes is None:
        return None
    entry = read(entries[0] + 8, min(entries[0] + 4096, entries[1]))
    if len(entry) < 86 or entry[4:8] not in (b"avc1", b"avc3", b"hvc1", b"hev1"):
        return None
    columns, rows = struct.unpack_from(">HH", entry, 32)
    configuration = entry.find(b"hvcC" if entry[4:5] == b"h" else b"avcC")
    profile = entry[configuration + 4 :]
    if configuration < 0 or len(profile) < 4 or not rows or not columns:
        return None
    if entry[4:5] == b"h":
        is_deep = profile[1] & 0x1F == 2  # Main 10
        syntax, bits = (HEVC_MAIN_10, 10) if is_deep else (HEVC_MAIN, 8)
    else:
        syntax, bits = (MPEG_4_AVC_41 if profile[3] <= _AVC_LEVEL_41 else MPEG_4_AVC_42), 8
    frames = int.from_bytes(read(sizes[0] + 8, sizes[0] + 12), "big")
    return Picture(syntax, rows, columns, 3, bits, "YBR_PARTIAL_420", frames=max(frames, 1))
