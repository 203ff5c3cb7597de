"""Facts of a surface that is kept as STL, OBJ or MTL (PS3.3 A.85): its format, triangles and bounds."""

import re
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_ELEMENTS = 5_000_000  # vertices or faces that are counted
_TRIANGLE = np.dtype([("normal", "<f4", 3), ("points", "<f4", (3, 3)), ("attribute", "<u2")])
_BINARY_HEAD = 84  # bytes: text, number of triangles
_NUMBER = rb"[ \t]+([-+0-9.eE]+)"
_STL_VERTEX = re.compile(rb"^[ \t]*vertex" + 3 * _NUMBER, re.MULTILINE)
_OBJ_VERTEX = re.compile(rb"^v" + 3 * _NUMBER, re.MULTILINE)
_OBJ_FACE = re.compile(rb"^f[ \t]+(.{1,4096})", re.MULTILINE)
_MATERIAL = re.compile(rb"^newmtl[ \t]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Surface:
    """What is said of a surface; ``size`` of its bounds in the unit of the model."""

    form: str
    count: str  # of triangles, faces or materials
    size: tuple[float, float, float] | None = None

    def __str__(self) -> str:
        bounds = "" if self.size is None else " × ".join(f"{side:.4g}" for side in self.size)
        return " · ".join(filter(None, (self.form, self.count, bounds)))


def surface_of(document: bytes) -> Surface | None:
    """Read a surface; None of what is none. Never raises."""
    if len(document) >= _BINARY_HEAD:
        (count,) = struct.unpack_from("<I", document, 80)
        if 0 < count <= MAX_ELEMENTS and _BINARY_HEAD + count * _TRIANGLE.itemsize <= len(document):
            triangles = np.frombuffer(document, _TRIANGLE, count, _BINARY_HEAD)
            return Surface("STL, binary", f"{count:,} triangles", _size(triangles["points"].reshape(-1, 3)))
    if document.lstrip()[:5].lower() == b"solid":
        points = _points(_STL_VERTEX, document)
        return Surface("STL, text", f"{len(points) // 3:,} triangles", _size(points))
    points = _points(_OBJ_VERTEX, document)
    if len(points):
        faces = sum(max(len(corners.split()) - 2, 0) for corners in _OBJ_FACE.findall(document)[:MAX_ELEMENTS])
        return Surface("Wavefront OBJ", f"{faces:,} triangles", _size(points))
    materials = len(_MATERIAL.findall(document))
    return Surface("Wavefront MTL", f"{materials:,} materials") if materials else None


def _points(pattern: re.Pattern[bytes], document: bytes) -> NDArray[np.float64]:
    found = [match.groups() for _, match in zip(range(MAX_ELEMENTS), pattern.finditer(document), strict=False)]
    try:
        return np.array(found, "S32").astype(np.float64).reshape(-1, 3)
    except ValueError:
        return np.empty((0, 3))


def _size(points: NDArray[np.floating]) -> tuple[float, float, float] | None:
    known = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    if not len(known):
        return None
    width, height, depth = (known.max(axis=0) - known.min(axis=0)).tolist()
    return width, height, depth
