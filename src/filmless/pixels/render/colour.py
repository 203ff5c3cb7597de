"""Three samples per pixel, or a palette, to red, green and blue (PS3.3 C.7.6.3.1.2)."""

import numpy as np
from numpy.typing import NDArray

from filmless.pixels.decode import Decoded
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule
from filmless.pixels.render.grey import BAND, Containers, each_value, stored_of
from filmless.pixels.render.lookup import palette
from filmless.pixels.stored_frame import Frame

Levels = NDArray[np.uint8]

_FULL = ((1, 0, 1.402), (1, -0.344136, -0.714136), (1, 1.772, 0))
_PARTIAL = ((1.1644, 0, 1.5960), (1.1644, -0.3917, -0.8129), (1.1644, 2.0173, 0))  # luminance 16 to 235
_INVERSE: dict[str, tuple[int, tuple[tuple[float, ...], ...]]] = {  # what is black in Y, and the matrix to RGB
    "YBR_FULL": (0, _FULL),
    "YBR_FULL_422": (0, _FULL),
    "YBR_ICT": (0, _FULL),  # of pixels that no JPEG 2000 decoder has turned back
    "YBR_PARTIAL_422": (16, _PARTIAL),
    "YBR_PARTIAL_420": (16, _PARTIAL),
}
_CHROMINANCE_ZERO = 128


def palette_colour(frame: Frame) -> Levels:
    """(row, column, red green blue) of a PALETTE COLOR frame."""
    stored = stored_of(frame.decoded, frame.module)
    first, table = palette(frame.dataset, signed=stored.signed)
    last = len(table) - 1
    return each_value(
        frame.decoded.values, lambda values: table[np.clip(stored(values) - first, 0, last).astype(np.intp)], (3,)
    )


def red_green_blue(decoded: Decoded, module: PixelModule) -> Levels:
    """(row, column, red green blue) in the object's own colour space; raises CannotRender."""
    if decoded.values.dtype.kind == "f":
        raise CannotRender(Reason.UNSUPPORTED, f"colour of type {decoded.values.dtype}")
    levels = _eight_bits(decoded.values, module)
    if decoded.photometric == "RGB":
        return levels
    if decoded.photometric not in _INVERSE:
        raise CannotRender(Reason.UNSUPPORTED, "colour model")
    black, matrix = _INVERSE[decoded.photometric]
    offset = np.array((black, _CHROMINANCE_ZERO, _CHROMINANCE_ZERO), np.float32)
    return _through(levels, offset, np.array(matrix, np.float32).T)


def _eight_bits(values: Containers, module: PixelModule) -> Levels:
    """The full range of the stored bits as 0 to 255."""
    bits = min(module.bits_stored, values.dtype.itemsize * 8)
    if bits == 8 and values.dtype.itemsize == 1:
        return np.ascontiguousarray(values).view(np.uint8)
    unsigned = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
    return each_value(unsigned, lambda codes: _scaled(codes, bits))


def _scaled(codes: Containers, bits: int) -> Levels:
    largest = 2**bits - 1
    levels: Levels = np.rint(np.minimum(codes, largest).astype(np.float64) * (255 / largest)).astype(np.uint8)
    return levels


def _through(ybr: Levels, offset: NDArray[np.float32], matrix: NDArray[np.float32]) -> Levels:
    """(value - offset) times matrix, band by band."""
    out = np.empty_like(ybr)
    rows = max(1, BAND // ybr.shape[1])
    for row in range(0, ybr.shape[0], rows):
        band = ybr[row : row + rows].astype(np.float32) - offset
        out[row : row + rows] = np.clip(np.rint(band @ matrix), 0, 255)
    return out
