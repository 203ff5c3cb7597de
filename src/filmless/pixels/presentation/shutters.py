"""Display shutters: what of a frame is hidden, and by what (PS3.3 C.7.6.11, C.7.6.15, C.7.6.16.2.16)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from filmless.pixels.attributes import frame_holders, number, numbers, values
from filmless.pixels.presentation.colours import BLACK, RGB, rgb_of_cielab, rgb_of_p_value
from filmless.pixels.presentation.overlays import Mask, Overlay

MAX_VERTICES = 10_000


@dataclass(frozen=True, slots=True)
class Shutter:
    """What is hidden of a frame."""

    hidden: Mask  # (row, column)
    colour: RGB  # that stands there instead


def shutter(dataset: Dataset, frame: int, extent: tuple[int, int], planes: Sequence[Overlay] = ()) -> Shutter | None:
    """The shutter over a frame (from 0) of ``extent`` rows and columns; None where there is none.

    ``planes`` are the overlays of which a bitmap shutter names one. Where several shapes are named, what any of them
    hides is hidden.
    """
    holder = next(iter(frame_holders(dataset, frame, "FrameDisplayShutterSequence")))
    shapes = {str(shape).strip() for shape in values(holder, "ShutterShape")}
    hidden = np.zeros(extent, np.bool_)
    for shape in shapes & SHAPES.keys():
        visible = SHAPES[shape](holder, extent)
        if visible is not None:
            hidden |= ~visible
    if "BITMAP" in shapes:
        group = number(holder, "ShutterOverlayGroup")
        for plane in planes:
            if plane.group == group:
                hidden |= plane.mask
    if not hidden.any():
        return None
    return Shutter(hidden, _colour(holder))


def _colour(holder: Dataset) -> RGB:
    colour = rgb_of_cielab(numbers(holder, "ShutterPresentationColorCIELabValue"))
    if colour is not None:
        return colour
    grey = number(holder, "ShutterPresentationValue")
    return BLACK if grey is None else rgb_of_p_value(grey)


def _rectangle(holder: Dataset, extent: tuple[int, int]) -> Mask | None:
    """Inside the edges; a pixel on an edge is seen."""
    left, right = number(holder, "ShutterLeftVerticalEdge"), number(holder, "ShutterRightVerticalEdge")
    upper, lower = number(holder, "ShutterUpperHorizontalEdge"), number(holder, "ShutterLowerHorizontalEdge")
    if left is None or right is None or upper is None or lower is None:
        return None
    rows, columns = np.ogrid[1 : extent[0] + 1, 1 : extent[1] + 1]
    visible: Mask = (rows >= upper) & (rows <= lower) & (columns >= left) & (columns <= right)
    return visible


def _circle(holder: Dataset, extent: tuple[int, int]) -> Mask | None:
    """Not farther than the radius, in pixels, from the centre (row, column)."""
    centre, radius = numbers(holder, "CenterOfCircularShutter"), number(holder, "RadiusOfCircularShutter")
    if len(centre) != 2 or radius is None:
        return None
    rows, columns = np.ogrid[1 : extent[0] + 1, 1 : extent[1] + 1]
    visible: Mask = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    return visible


def _polygon(holder: Dataset, extent: tuple[int, int]) -> Mask | None:
    """Inside the vertices (row, column, row, column, ...), the first joined to the last."""
    flat = np.clip(numbers(holder, "VerticesOfThePolygonalShutter")[: 2 * MAX_VERTICES], -(2**20), 2**20)
    if len(flat) < 6:
        return None
    sheet = Image.new("1", (extent[1], extent[0]))
    points = [(float(column) - 1, float(row) - 1) for row, column in zip(flat[::2], flat[1::2], strict=False)]
    ImageDraw.Draw(sheet).polygon(points, fill=1, outline=1)
    return np.asarray(sheet, np.bool_)


SHAPES: Mapping[str, Callable[[Dataset, tuple[int, int]], Mask | None]] = {
    "RECTANGULAR": _rectangle,
    "CIRCULAR": _circle,
    "POLYGONAL": _polygon,
}
