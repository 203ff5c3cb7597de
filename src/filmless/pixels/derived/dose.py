"""Radiotherapy dose as a wash of colour (PS3.3 C.8.8.3)."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number, numbers
from filmless.pixels.derived.planes import Plane, plane_of

Levels = NDArray[np.uint8]
Dose = NDArray[np.float64]  # (row, column), in the units of Dose Units: Gy, or relative

FLOOR = 0.05  # of the highest dose: less is not coloured
OPACITY = 0.5  # over an image
ANCHORS = ((0.0, (0, 0, 160)), (0.25, (0, 160, 255)), (0.5, (0, 220, 0)), (0.75, (255, 230, 0)), (1.0, (255, 0, 0)))
"""Share of the highest dose and its colour; between two the colour runs from one to the other."""


def dose_of(dataset: Dataset, stored: NDArray[np.float64]) -> Dose:
    """Dose of stored values: x Dose Grid Scaling (C.8.8.3.4)."""
    return stored * (number(dataset, "DoseGridScaling") or 1.0)


def dose_plane(dataset: Dataset, frame: int) -> Plane | None:
    """Where a frame (from 0) lies: the image's plane, moved by Grid Frame Offset Vector (C.8.8.3.2)."""
    first = plane_of(dataset, 0)
    offsets = numbers(dataset, "GridFrameOffsetVector")
    if first is None or frame >= len(offsets):
        return first if frame == 0 else None
    return first.moved(offsets[frame] - offsets[0])  # from the first plane, or coordinates: the difference is one


def wash(dose: Dose, highest: float) -> Levels:
    """The colour (row, column, red green blue) of each dose."""
    shares = np.clip(dose / highest if highest > 0 else dose * 0, 0, 1)
    at = [share for share, _ in ANCHORS]
    channels = [np.interp(shares, at, [colour[channel] for _, colour in ANCHORS]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def washed(ground: Levels | None, dose: Dose, highest: float) -> Levels:
    """Dose over an image, grey (row, column) or colour, or over black; what is under the floor is not coloured."""
    colours = wash(dose, highest)
    is_dosed = (dose >= FLOOR * highest) & (dose > 0)
    if ground is None:
        return np.where(is_dosed[:, :, None], colours, 0).astype(np.uint8)
    base = np.repeat(ground[:, :, None], 3, axis=2) if ground.ndim == 2 else ground
    mixed = np.rint(base * (1 - OPACITY) + colours * OPACITY)
    return np.where(is_dosed[:, :, None], mixed, base).astype(np.uint8)
