"""Where frames lie in the patient, to find the image that lies under one; imports no pixel library."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, sqrt

from filmless.pixels.derived.needs import items, text, values
from filmless.standards.models.dicom_json import DicomJson

NEAR = 5.0  # mm: what lies farther away is not under a frame
PARALLEL = 0.999  # cosine between the normals of two planes that are taken for parallel

_FRAME_OF_REFERENCE = "00200052"
_PER_FRAME, _SHARED = "52009230", "52009229"
_PLANE_POSITION, _POSITION = "00209113", "00200032"
_PLANE_ORIENTATION, _ORIENTATION = "00209116", "00200037"
_OFFSETS = "3004000C"

Vector = tuple[float, float, float]  # mm


@dataclass(frozen=True, slots=True)
class Slab:
    """The plane of a frame."""

    frame_of_reference_uid: str
    position: Vector  # of the first pixel
    normal: Vector  # of length 1

    def distance(self, other: "Slab") -> float | None:
        """Mm to a parallel plane of the same frame of reference; None where it is no such."""
        if self.frame_of_reference_uid != other.frame_of_reference_uid:
            return None
        if abs(_dot(self.normal, other.normal)) < PARALLEL:
            return None
        apart = [one - two for one, two in zip(self.position, other.position, strict=True)]
        return abs(_dot(self.normal, apart))


def slab_of(header: DicomJson, frame: int = 0) -> Slab | None:
    """Where a frame (from 0) lies, of a dose grid by its offset vector (PS3.3 C.8.8.3.2); None where it is not said."""
    uid = text(header, _FRAME_OF_REFERENCE)
    holders = [*items(header, _PER_FRAME)[frame : frame + 1], *items(header, _SHARED)[:1]]
    position = _numbers([*_groups(holders, _PLANE_POSITION), header], _POSITION, 3)
    axes = _numbers([*_groups(holders, _PLANE_ORIENTATION), header], _ORIENTATION, 6)
    normal = None if axes is None else _normal(axes)
    if not uid or position is None or normal is None:
        return None
    offsets = _numbers([header], _OFFSETS)
    along = offsets[frame] - offsets[0] if offsets is not None and frame < len(offsets) else 0.0
    x, y, z = (at + along * step for at, step in zip(position, normal, strict=True))
    return Slab(uid, (x, y, z), normal)


def nearest(slab: Slab, others: Iterable[Slab | None]) -> int | None:
    """Which of the others lies under a frame; None where none is near."""
    distances = [(None if other is None else slab.distance(other), number) for number, other in enumerate(others)]
    near = [(distance, number) for distance, number in distances if distance is not None and distance <= NEAR]
    return min(near)[1] if near else None


def _groups(holders: Iterable[DicomJson], tag: str) -> list[DicomJson]:
    return [item for holder in holders for item in items(holder, tag)[:1]]


def _numbers(holders: Iterable[DicomJson], tag: str, count: int | None = None) -> list[float] | None:
    for holder in holders:
        found = [float(value) for value in values(holder, tag) if isinstance(value, (int, float)) and isfinite(value)]
        if found and count in {None, len(found)}:
            return found
    return None


def _normal(axes: list[float]) -> Vector | None:
    a, b, c, d, e, f = axes
    across = (b * f - c * e, c * d - a * f, a * e - b * d)
    length = sqrt(_dot(across, across))
    return (across[0] / length, across[1] / length, across[2] / length) if isfinite(length) and length > 0.5 else None


def _dot(one: Iterable[float], two: Iterable[float]) -> float:
    return sum(x * y for x, y in zip(one, two, strict=True))
