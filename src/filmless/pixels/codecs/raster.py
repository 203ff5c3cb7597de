"""A PNG that was sent to be stored, as native pixels (PS3.18 8.6.1.2.2); runs in the codec child."""

import struct

import imagecodecs
import numpy as np

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import MAX_ANSWER_BYTES, RASTER, Question

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # of a decoded pixel, by colour type (ISO 15948 11.2.2); a palette is RGB


def raster(question: Question) -> bytes:
    """Rows, columns, samples, bits; then the samples: little endian, colour by pixel.

    Samples of less than 8 bits, and those of a palette, become samples of 8 bits. DICOM keeps no transparency: an alpha
    channel is left out where every pixel is opaque, else the picture is refused.
    """
    png = question.members[0].header
    if png[:8] != _SIGNATURE or png[12:16] != b"IHDR" or len(png) < 33:
        raise CannotRender(Reason.DAMAGED, "The part is no PNG")
    columns, rows, depth, kind = struct.unpack_from(">IIBB", png, 16)
    if not (0 < columns < 1 << 16 and 0 < rows < 1 << 16) or kind not in _SAMPLES:
        raise CannotRender(Reason.DAMAGED, "The PNG has a size or colour that DICOM cannot keep")
    if rows * columns * (_SAMPLES[kind] + 1) * max(depth // 8, 1) > MAX_ANSWER_BYTES - RASTER.size:
        raise CannotRender(Reason.TOO_LARGE, "The PNG has too many pixels")
    try:
        values = np.asarray(imagecodecs.png_decode(png))
    except (imagecodecs.PngError, ValueError):
        raise CannotRender(Reason.DAMAGED, "The PNG is damaged or cut off") from None
    values = _opaque(values.reshape(rows, columns, -1))
    bits = 8 * values.dtype.itemsize
    pixels = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return RASTER.pack(rows, columns, values.shape[2], bits) + pixels.tobytes()


def _opaque(
    values: "np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]":
    if values.shape[2] in (1, 3):
        return values
    if (values[..., -1] != np.iinfo(values.dtype).max).any():
        raise CannotRender(Reason.UNSUPPORTED, "The PNG has transparent pixels, which DICOM cannot keep")
    return values[..., :-1]
