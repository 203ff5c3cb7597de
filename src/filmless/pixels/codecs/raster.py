"""A picture that was sent to be stored and that no transfer syntax has, as native pixels; runs in the codec child."""

import struct
from collections.abc import Callable

import imagecodecs
import numpy as np

from filmless.pixels.codecs.jpeg import read_markers
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import MAX_ANSWER_BYTES, RASTER, Question
from filmless.standards.composing.codestream import jpeg_orientation

_Values = np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # of a decoded pixel, by colour type (ISO 15948 11.2.2); a palette is RGB
# What lies where, first row and first column, by Orientation of EXIF (TIFF 6.0 tag 274): how it is turned upright.
_TURNED: dict[int, Callable[[_Values], _Values]] = {
    1: lambda values: values,
    2: lambda values: values[:, ::-1],
    3: lambda values: values[::-1, ::-1],
    4: lambda values: values[::-1],
    5: lambda values: values.swapaxes(0, 1),
    6: lambda values: values.swapaxes(0, 1)[:, ::-1],
    7: lambda values: values.swapaxes(0, 1)[::-1, ::-1],
    8: lambda values: values.swapaxes(0, 1)[::-1],
}


def raster(question: Question) -> bytes:
    """Rows, columns, samples, bits; then the samples of a PNG or a JPEG: little endian, colour by pixel.

    Samples of less than 8 bits, and those of a palette, become samples of 8 bits. DICOM keeps no transparency: an alpha
    channel is left out where every pixel is opaque, else the picture is refused. A JPEG is turned as its EXIF says.
    """
    file = question.members[0].header
    values = _jpeg(file) if file[:2] == b"\xff\xd8" else _png(file)
    rows, columns, samples = values.shape
    pixels = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return RASTER.pack(rows, columns, samples, 8 * values.dtype.itemsize) + pixels.tobytes()


def _png(png: bytes) -> _Values:
    if png[:8] != _SIGNATURE or png[12:16] != b"IHDR" or len(png) < 33:
        raise CannotRender(Reason.DAMAGED, "The part is no PNG")
    columns, rows, depth, kind = struct.unpack_from(">IIBB", png, 16)
    if kind not in _SAMPLES:
        raise CannotRender(Reason.DAMAGED, "The PNG has a size or colour that DICOM cannot keep")
    _see_extent("PNG", rows, columns, (_SAMPLES[kind] + 1) * max(depth // 8, 1))
    try:
        values = np.asarray(imagecodecs.png_decode(png))
    except (imagecodecs.PngError, ValueError):
        raise CannotRender(Reason.DAMAGED, "The PNG is damaged or cut off") from None
    return _opaque(values.reshape(rows, columns, -1))


def _jpeg(jpeg: bytes) -> _Values:
    stream = read_markers(jpeg)
    if stream.samples not in (1, 3) or stream.precision != 8:
        raise CannotRender(Reason.UNSUPPORTED, "The JPEG has a size or colour that DICOM cannot keep")
    _see_extent("JPEG", stream.rows, stream.columns, stream.samples)
    try:
        values = np.asarray(imagecodecs.jpeg8_decode(jpeg))
    except (imagecodecs.Jpeg8Error, ValueError):
        raise CannotRender(Reason.DAMAGED, "The JPEG is damaged or cut off") from None
    values = values.reshape(stream.rows, stream.columns, stream.samples)
    orientation = jpeg_orientation(lambda start, stop: jpeg[start:stop])
    return _TURNED[orientation](values)


def _see_extent(name: str, rows: int, columns: int, pixel_bytes: int) -> None:
    if not (0 < columns < 1 << 16 and 0 < rows < 1 << 16):
        raise CannotRender(Reason.DAMAGED, f"The {name} has a size or colour that DICOM cannot keep")
    if rows * columns * pixel_bytes > MAX_ANSWER_BYTES - RASTER.size:
        raise CannotRender(Reason.TOO_LARGE, f"The {name} has too many pixels")


def _opaque(values: _Values) -> _Values:
    if values.shape[2] in (1, 3):
        return values
    if (values[..., -1] != np.iinfo(values.dtype).max).any():
        raise CannotRender(Reason.UNSUPPORTED, "The PNG has transparent pixels, which DICOM cannot keep")
    return values[..., :-1]
