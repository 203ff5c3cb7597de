"""Stored values of one sample to what is seen: modality, VOI and presentation LUT (PS3.3 C.11, PS3.4 N.2.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number
from filmless.pixels.decode import Decoded
from filmless.pixels.pixel_module import PixelModule
from filmless.pixels.render.lookup import (
    IDENTITY,
    INVERSE,
    Floats,
    Transformation,
    Window,
    modality_transformation,
    presentation_transformation,
    spread,
    voi_transformation,
)
from filmless.pixels.stored_frame import Frame
from filmless.pixels.view import ChosenWindow

Levels = NDArray[np.uint8]
Containers = NDArray[np.generic]
BAND = 1 << 18  # samples worked on at a time: keeps intermediate arrays small whatever the frame's size
SAMPLE = 1 << 16  # values that the spread of a frame is judged by

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


@dataclass(frozen=True, slots=True)
class Grey:
    """The grey stages of a frame."""

    stored: Stored
    modality: Transformation
    voi: Transformation  # output of the modality stage to 0 to 1
    presentation: Transformation = IDENTITY  # 0 to 1 to P-values from 0 to 1
    padding: tuple[float, float] | None = None  # stored values that are no part of the picture: black
    colours: Levels | None = None  # (entry, red green blue) for P-values from 0 to 1
    is_spread: bool = False  # neither object nor client have said what to see: the VOI is what is there


def grey_of(frame: Frame, window: ChosenWindow | None = None) -> Grey:
    """The stages as the object says, with the window if one was chosen."""
    dataset, number_, signed = frame.dataset, frame.number, frame.module.signed
    stored = stored_of(frame.decoded, frame.module)
    modality = modality_transformation(dataset, number_, stored.signed)
    padding = _padding(dataset, stored.signed)
    voi: Transformation | None
    if window is not None:
        voi = Window(window.centre, window.width, window.function)
    else:
        voi = voi_transformation(dataset, number_, signed)
    is_spread = voi is None
    if voi is None:
        voi = spread(_sample(frame.decoded.values, stored, modality, padding))
    presentation = _presentation(dataset, frame.decoded.photometric)
    return Grey(stored, modality, voi, presentation, padding, is_spread=is_spread)


def grey_levels(frame: Frame, grey: Grey) -> Levels:
    """(row, column), or (row, column, red green blue) where the stages end in colours."""

    def seen(container: Containers) -> Levels:
        values = grey.stored(container)
        brightness = grey.presentation(np.nan_to_num(grey.voi(grey.modality(values)), nan=0.0, posinf=1.0, neginf=0.0))
        if grey.colours is None:
            levels = np.rint(brightness * 255).astype(np.uint8)
        else:
            levels = grey.colours[np.rint(brightness * (len(grey.colours) - 1)).astype(np.intp)]
        if grey.padding is not None:
            levels[(values >= grey.padding[0]) & (values <= grey.padding[1])] = 0
        return levels

    return each_value(frame.decoded.values, seen, () if grey.colours is None else (3,))


def stored_of(decoded: Decoded, module: PixelModule) -> Stored:
    """Where stored values lie in the containers that were decoded."""
    values = decoded.values
    bits = min(module.bits_stored, values.dtype.itemsize * 8)
    if not decoded.compressed:
        return Stored(bits, module.high_bit + 1 - bits, module.signed)
    if values.dtype.kind == "i":  # the code stream itself says that it is signed (JPEG 2000)
        return Stored(values.dtype.itemsize * 8, 0, signed=True)
    return Stored(bits, 0, module.signed)


def each_value(values: Containers, seen: Callable[[Containers], Levels], sample: tuple[int, ...] = ()) -> Levels:
    """``seen`` of each value: once for each container value that may occur where these are few, else band by band."""
    look: Callable[[Containers], Levels] = seen
    if values.dtype.kind in "ui" and values.dtype.itemsize <= 2:
        width = values.dtype.itemsize
        signed = values.view(f"i{width}")
        lowest, highest = int(signed.min()), int(signed.max())
        some = np.arange(lowest, highest + 1).astype(signed.dtype).view(f"u{width}")
        table = np.empty((256**width, *sample), np.uint8)
        table[some] = seen(some)
        values = values.view(some.dtype)
        look = partial(np.take, table, axis=0)
    out = np.empty((*values.shape, *sample), np.uint8)
    rows = max(1, BAND // values.shape[1])
    for row in range(0, values.shape[0], rows):
        out[row : row + rows] = look(values[row : row + rows])
    return out


def _presentation(dataset: Dataset, photometric: str) -> Transformation:
    """Presentation LUT Shape (PS3.3 C.11.6.1.2) where the image has one, else what its photometric means."""
    return presentation_transformation(dataset) or (INVERSE if photometric == "MONOCHROME1" else IDENTITY)


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
