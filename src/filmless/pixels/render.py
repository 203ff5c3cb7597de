"""Stored values to 8 bits a sample, as a person is to see them (PS3.3 C.7.6.3.1.2 and C.11)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number
from filmless.pixels.decode import Decoded
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.lookup import Floats, Transformation, modality_transformation, palette, spread, voi_transformation
from filmless.pixels.pixel_module import PixelModule

Bytes = NDArray[np.uint8]
Containers = NDArray[np.generic]
BAND = 1 << 18  # samples worked on at a time: keeps intermediate arrays small whatever the frame's size
SAMPLE = 1 << 16  # values that the spread of a frame is judged by

GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
YBR_FULL = frozenset({"YBR_FULL", "YBR_FULL_422"})

PADDING = (
    ("PixelPaddingValue", "PixelPaddingRangeLimit"),
    ("FloatPixelPaddingValue", "FloatPixelPaddingRangeLimit"),
    ("DoubleFloatPixelPaddingValue", "DoubleFloatPixelPaddingRangeLimit"),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the stored value lies in its container."""

    bits: int
    shift: int
    signed: bool

    def __call__(self, container: Containers) -> Floats:
        """Stored values of container values; bits above them (old overlays) are dropped."""
        if container.dtype.kind == "f":
            return container.astype(np.float64)
        if container.dtype.kind == "i":
            container = container.view(f"u{container.dtype.itemsize}")
        codes = (container.astype(np.uint64) >> np.uint64(self.shift)) & np.uint64(2**self.bits - 1)
        if self.signed:
            sign = np.uint64(1 << (self.bits - 1))
            return ((codes ^ sign) - sign).astype(np.int64).astype(np.float64)
        return codes.astype(np.float64)


def render(decoded: Decoded, module: PixelModule, dataset: Dataset, frame: int) -> Bytes:
    """(row, column) grey or (row, column, red green blue) of a frame (from 0); raises CannotRender."""
    if decoded.values.ndim == 3:
        return _colour(decoded, module)
    stored = _stored(decoded, module)
    if decoded.photometric == "PALETTE COLOR":
        first, table = palette(dataset)
        last = len(table) - 1
        return _through(decoded.values, lambda v: table[np.clip(stored(v) - first, 0, last).astype(np.intp)], (3,))
    if decoded.photometric not in GREY and module.samples != 1:
        raise CannotRender(Reason.UNSUPPORTED, "one sample decoded where three are described")
    return _grey(decoded, stored, dataset, frame)


def _stored(decoded: Decoded, module: PixelModule) -> Stored:
    values = decoded.values
    bits = min(module.bits_stored, values.dtype.itemsize * 8)
    if not decoded.compressed:
        return Stored(bits, module.high_bit + 1 - bits, module.signed)
    if values.dtype.kind == "i":  # the code stream itself says that it is signed (JPEG 2000)
        return Stored(values.dtype.itemsize * 8, 0, signed=True)
    return Stored(bits, 0, module.signed)


def _grey(decoded: Decoded, stored: Stored, dataset: Dataset, frame: int) -> Bytes:
    modality = modality_transformation(dataset, frame, stored.signed)
    padding = _padding(dataset, stored.signed)
    voi = voi_transformation(dataset, frame, stored.signed)
    if voi is None:
        voi = spread(_sample(decoded.values, stored, modality, padding))
    inverted = decoded.photometric == "MONOCHROME1"

    def seen(container: Containers) -> Bytes:
        values = stored(container)
        brightness = np.nan_to_num(voi(modality(values)), nan=0.0, posinf=1.0, neginf=0.0)
        levels = np.rint((1 - brightness if inverted else brightness) * 255).astype(np.uint8)
        if padding is not None:
            levels[(values >= padding[0]) & (values <= padding[1])] = 0
        return levels

    return _through(decoded.values, seen, ())


def _through(values: Containers, seen: Callable[[Containers], Bytes], sample: tuple[int, ...]) -> Bytes:
    """``seen`` of each value: once for each possible container value where these are few, else band by band."""
    look: Callable[[Containers], Bytes] = seen
    if values.dtype.kind in "ui" and values.dtype.itemsize <= 2:
        values = values.view(f"u{values.dtype.itemsize}")
        every = seen(np.arange(256**values.dtype.itemsize, dtype=values.dtype))
        look = every.__getitem__
    out = np.empty((*values.shape, *sample), np.uint8)
    rows = max(1, BAND // values.shape[1])
    for row in range(0, values.shape[0], rows):
        out[row : row + rows] = look(values[row : row + rows])
    return out


def _sample(
    values: Containers, stored: Stored, modality: Transformation, padding: tuple[float, float] | None
) -> Floats:
    """Evenly taken output values of the modality transformation, padding and what is no number left out."""
    step = max(1, values.size // SAMPLE) | 1  # odd: does not fall into step with the columns
    some = stored(values.reshape(-1)[::step])
    if padding is not None:
        some = some[(some < padding[0]) | (some > padding[1])]
    seen = modality(some)
    return seen[np.isfinite(seen)]


def _padding(dataset: Dataset, signed: bool) -> tuple[float, float] | None:
    """Range of stored values outside the picture (PS3.3 C.7.5.1.1.2)."""
    for value, limit in PADDING:
        edge = number(dataset, value)
        if edge is not None:
            other = number(dataset, limit)
            ends = [_sign(edge, signed), _sign(edge if other is None else other, signed)]
            return min(ends), max(ends)
    return None


def _sign(value: float, signed: bool) -> float:
    """A padding value written as US where Pixel Representation makes it SS."""
    return value - 0x10000 if signed and 0x8000 <= value <= 0xFFFF else value


def _colour(decoded: Decoded, module: PixelModule) -> Bytes:
    values = decoded.values
    if values.dtype.kind == "f":
        raise CannotRender(Reason.UNSUPPORTED, f"colour of type {values.dtype}")
    if values.dtype.itemsize > 1:
        surplus = max(min(module.bits_stored, values.dtype.itemsize * 8) - 8, 0)
        unsigned = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
        values = np.minimum(unsigned >> unsigned.dtype.type(surplus), 255).astype(np.uint8)
    levels = np.ascontiguousarray(values).view(np.uint8)
    if decoded.photometric in YBR_FULL:
        return _red_green_blue(levels)
    if decoded.photometric != "RGB":
        raise CannotRender(Reason.UNSUPPORTED, "colour model")
    return levels


def _red_green_blue(ybr: Bytes) -> Bytes:
    """YBR_FULL to RGB (PS3.3 C.7.6.3.1.2), band by band."""
    matrix = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], np.float32).T
    out = np.empty_like(ybr)
    rows = max(1, BAND // ybr.shape[1])
    for row in range(0, ybr.shape[0], rows):
        band = ybr[row : row + rows].astype(np.float32)
        band[:, :, 1:] -= 128
        out[row : row + rows] = np.clip(np.rint(band @ matrix), 0, 255)
    return out
