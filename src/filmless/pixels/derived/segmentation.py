"""Segments as colours over the image that they were drawn on (PS3.3 C.8.20)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from filmless.pixels.attributes import frame_holders, items, number, numbers, text
from filmless.pixels.errors import CannotRender
from filmless.pixels.presentation.colours import RGB, rgb_of_cielab
from filmless.pixels.render.lookup import palette

Levels = NDArray[np.uint8]
Coverage = NDArray[np.float32]  # (row, column): 0 to 1
OPACITY = 0.5  # of a segment over an image; over nothing it is opaque

UNNAMED: tuple[RGB, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
"""Colours for segments that recommend none: told apart by all kinds of eyes."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What of one segment a frame shows."""

    colour: RGB
    coverage: Coverage


def segments(dataset: Dataset, frame: int, stored: NDArray[np.float64]) -> list[Segment]:
    """The segments in a frame (from 0) of stored values (row, column)."""
    kind = text(dataset, "SegmentationType")
    if kind == "LABELMAP":
        return _labelled(dataset, stored)
    identification = next(iter(frame_holders(dataset, frame, "SegmentIdentificationSequence")))
    segment = int(number(identification, "ReferencedSegmentNumber") or 1)
    largest = (number(dataset, "MaximumFractionalValue") or 255.0) if kind == "FRACTIONAL" else 1.0
    return [Segment(_colour(dataset, segment), np.clip(stored / largest, 0, 1).astype(np.float32))]


def blended(ground: Levels, shown: Iterable[Segment], opacity: float = OPACITY) -> Levels:
    """Segments over an image, grey (row, column) or colour, the later over the earlier."""
    out = (np.repeat(ground[:, :, None], 3, axis=2) if ground.ndim == 2 else ground).astype(np.float32)
    for segment in shown:
        weight = segment.coverage[:, :, None] * np.float32(opacity)
        out += (np.array(segment.colour, np.float32) - out) * weight
    return np.rint(out).astype(np.uint8)


def _labelled(dataset: Dataset, stored: NDArray[np.float64]) -> list[Segment]:
    """Of a label map: each value is a segment's number, the padding value none."""
    background = number(dataset, "PixelPaddingValue") or 0.0
    labels = [int(label) for label in np.unique(stored) if label != background]
    return [Segment(_colour(dataset, label), (stored == label).astype(np.float32)) for label in labels]


def _colour(dataset: Dataset, segment: int) -> RGB:
    for item in items(dataset, "SegmentSequence"):
        if number(item, "SegmentNumber") == segment:
            named = rgb_of_cielab(numbers(item, "RecommendedDisplayCIELabValue"))
            if named is not None:
                return named
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        try:
            first, table = palette(dataset, signed=False)
        except CannotRender:
            pass
        else:
            red, green, blue = table[min(max(segment - first, 0), len(table) - 1)].tolist()
            return red, green, blue
    return UNNAMED[(segment - 1) % len(UNNAMED)]
