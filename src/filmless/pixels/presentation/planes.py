"""What lies over the pixels of an object that no presentation state speaks of: its overlays and its shutter."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filmless.pixels.presentation.colours import RGB, WHITE
from filmless.pixels.presentation.overlays import Mask, overlays, shown
from filmless.pixels.presentation.shutters import shutter
from filmless.pixels.render.stages import Plane
from filmless.pixels.stored_frame import Frame

Levels = NDArray[np.uint8]


def own_planes(frame: Frame) -> tuple[Plane, ...]:
    """The shutter of the object, under its overlays in white; none for most objects."""
    containers = frame.decoded.values
    planes = overlays(frame.dataset, frame.number, containers)
    cover = shutter(frame.dataset, frame.number, (containers.shape[0], containers.shape[1]), planes)
    found: list[Plane] = []
    if cover is not None:
        found.append(painted(cover.hidden, cover.colour))
    if planes:
        found.append(painted(_any([shown(plane) for plane in planes]), WHITE))
    return tuple(found)


def painted(mask: Mask, colour: RGB) -> Plane:
    """A stage that gives the pixels of a mask (row, column) one colour."""

    def paint(levels: Levels) -> Levels:
        if levels.ndim == 2 and len(set(colour)) > 1:
            levels = np.repeat(levels[:, :, None], 3, axis=2)
        painted_levels = levels.copy()
        painted_levels[mask] = colour if levels.ndim == 3 else colour[0]
        return painted_levels

    return paint


def _any(masks: Sequence[Mask]) -> Mask:
    return np.logical_or.reduce(masks)  # type: ignore[no-any-return]  # of masks it is one
