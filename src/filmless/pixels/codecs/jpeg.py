"""JPEG (ISO/IEC 10918-1): baseline, extended 8 and 12 bit, progressive and lossless; and JPEG-LS (14495-1)."""

from dataclasses import dataclass

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule, check_extent

FRAME_MARKERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}  # SOFn, and SOF55 of JPEG-LS
LOSSLESS = frozenset({0xC3, 0xC7})
JPEG_LS = 0xF7
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
APP14 = 0xEE
START_OF_SCAN = 0xDA


@dataclass(frozen=True, slots=True)
class Stream:
    """What the markers before the first scan say."""

    marker: int  # which SOFn
    precision: int  # bits per sample
    rows: int
    columns: int
    samples: int
    components: bytes  # their identifiers
    adobe_transform: int | None  # of APP14: 0 as is, 1 YCbCr
    jfif: bool


def read_markers(frame: bytes) -> Stream:
    """Walk the marker segments up to the frame header; raises CannotRender where there is none."""
    at, adobe, jfif = 2, None, False
    while at + 4 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == 0xFF or marker in ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(frame[at + 2 : at + 4], "big")
        body = frame[at + 4 : at + 2 + length]
        if marker in FRAME_MARKERS and len(body) >= 6:
            return Stream(
                marker=marker,
                precision=body[0],
                rows=int.from_bytes(body[1:3], "big"),
                columns=int.from_bytes(body[3:5], "big"),
                samples=body[5],
                components=body[6::3][: body[5]],
                adobe_transform=adobe,
                jfif=jfif,
            )
        if marker == START_OF_SCAN or length < 2:
            break
        if marker == APP14 and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        jfif = jfif or body[:5] == b"JFIF\0"
        at += 2 + length
    raise CannotRender(Reason.DAMAGED, "JPEG without a frame header")


def decode(frame: bytes, module: PixelModule) -> tuple[NDArray[np.generic], str]:
    """Stored values and their photometric interpretation after decoding."""
    stream = read_markers(frame)
    check_extent(stream.rows, stream.columns, stream.samples, stream.precision)
    if stream.marker == JPEG_LS:
        return imagecodecs.jpegls_decode(frame), module.photometric
    if stream.marker in LOSSLESS:
        return np.ascontiguousarray(imagecodecs.jpegsof3_decode(frame)), module.photometric
    if stream.samples == 1:
        return imagecodecs.jpeg8_decode(frame), module.photometric
    if _holds_rgb(stream, module.photometric):
        return imagecodecs.jpeg8_decode(frame, colorspace="RGB", outcolorspace="RGB"), "RGB"
    return imagecodecs.jpeg8_decode(frame, colorspace="YCBCR", outcolorspace="RGB"), "RGB"


def _holds_rgb(stream: Stream, photometric: str) -> bool:
    """Whether components are red, green, blue: the stream is believed first, then Photometric Interpretation."""
    if stream.adobe_transform is not None:
        return stream.adobe_transform == 0
    if stream.components == b"RGB":
        return True
    return photometric == "RGB" and not stream.jfif
