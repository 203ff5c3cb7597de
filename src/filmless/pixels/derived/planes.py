"""Where the pixels of a frame lie in the patient, and values of one plane seen on another (PS3.3 C.7.6.2.1.1)."""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from filmless.pixels.attributes import frame_holders, numbers

Vector = NDArray[np.float64]  # x y z, mm
Sample = TypeVar("Sample", bound=np.generic)
BAND = 256  # rows worked on at a time


@dataclass(frozen=True, slots=True)
class Plane:
    """One frame's pixels in the patient."""

    origin: Vector  # centre of the first pixel
    along_column: Vector  # from a pixel to the next row
    along_row: Vector  # from a pixel to the next column

    @property
    def normal(self) -> Vector:
        """Of length 1."""
        across = np.cross(self.along_row, self.along_column)
        return across / np.linalg.norm(across)

    def moved(self, offset: float) -> "Plane":
        """The plane ``offset`` mm along the normal."""
        return replace(self, origin=self.origin + self.normal * offset)


def plane_of(dataset: Dataset, frame: int) -> Plane | None:
    """The plane of a frame (from 0); None where it is not said or is absurd."""
    position = _triple(dataset, frame, "PlanePositionSequence", "ImagePositionPatient", 3)
    direction = _triple(dataset, frame, "PlaneOrientationSequence", "ImageOrientationPatient", 6)
    spacing = _triple(dataset, frame, "PixelMeasuresSequence", "PixelSpacing", 2)
    if position is None or direction is None or spacing is None or min(spacing) <= 0:
        return None
    row, column = np.array(direction[:3]), np.array(direction[3:])
    if not np.linalg.norm(np.cross(row, column)) > 0.5:
        return None
    return Plane(np.array(position), column * spacing[0], row * spacing[1])


def seen_on(values: NDArray[Sample], at: Plane, target: Plane, extent: tuple[int, int]) -> NDArray[Sample]:
    """Values (row, column) of one plane at the pixels of another of ``extent``, the nearest; 0 outside of them."""
    basis = np.stack([at.along_column, at.along_row], axis=1)
    to_pixels = np.linalg.pinv(basis)  # (2, 3): from mm to row and column
    start = to_pixels @ (target.origin - at.origin)
    down, across = to_pixels @ target.along_column, to_pixels @ target.along_row
    columns = np.arange(extent[1], dtype=np.float64)
    out = np.zeros(extent, values.dtype)
    for first in range(0, extent[0], BAND):
        rows = np.arange(first, min(first + BAND, extent[0]), dtype=np.float64)[:, None]
        row = np.floor(start[0] + down[0] * rows + across[0] * columns + 0.5)
        column = np.floor(start[1] + down[1] * rows + across[1] * columns + 0.5)
        inside = (row >= 0) & (row < values.shape[0]) & (column >= 0) & (column < values.shape[1])
        band = out[first : first + len(rows)]
        band[inside] = values[row[inside].astype(np.intp), column[inside].astype(np.intp)]
    return out


def distance(one: Plane, other: Plane) -> float:
    """Mm between the first pixel of a plane and another plane, along the other's normal."""
    return abs(float(np.dot(one.origin - other.origin, other.normal)))


def _triple(dataset: Dataset, frame: int, group: str, keyword: str, count: int) -> list[float] | None:
    for holder in frame_holders(dataset, frame, group):
        found = numbers(holder, keyword)
        if len(found) == count:
            return found
    return None
