"""The stages of one frame by itself, as its kind of object is to be seen."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from filmless.pixels.derived.dose import dose_of, washed
from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.derived.segmentation import blended, segments
from filmless.pixels.presentation.palettes import HOT_IRON, palette_of, well_known
from filmless.pixels.presentation.planes import own_planes
from filmless.pixels.render.grey import stored_of
from filmless.pixels.render.lookup import Window
from filmless.pixels.render.stages import Stages, stages_of
from filmless.pixels.stored_frame import Frame
from filmless.pixels.view import View

Levels = NDArray[np.uint8]
Stored = NDArray[np.float64]  # (row, column)


def alone(frame: Frame, sop_class_uid: str, view: View) -> Stages:
    """The stages of a frame: of an image its own, with its overlays and shutter."""
    kind = KINDS.get(sop_class_uid)
    if kind in BY_KIND and frame.decoded.values.ndim == 2:
        return BY_KIND[kind](frame, stages_of(frame, view))
    return replace(stages_of(frame, view), planes=own_planes(frame))


def stored_values(frame: Frame) -> Stored:
    """The stored values of a frame of one sample."""
    return stored_of(frame.decoded, frame.module)(frame.decoded.values)


def black(levels: Levels) -> Levels:
    """Nothing, as large as a picture."""
    return np.zeros(levels.shape[:2], np.uint8)


def _segmentation(frame: Frame, stages: Stages) -> Stages:
    def colour(levels: Levels) -> Levels:
        return blended(black(levels), segments(frame.dataset, frame.number, stored_values(frame)), opacity=1.0)

    return replace(stages, planes=(colour,))


def _dose(frame: Frame, stages: Stages) -> Stages:
    def colour(_: Levels) -> Levels:
        dose = dose_of(frame.dataset, stored_values(frame))
        return washed(None, dose, float(dose.max()))

    return replace(stages, planes=(colour,))


def _parametric_map(frame: Frame, stages: Stages) -> Stages:
    """Real values in the map's own palette, or from black over red to white.

    A LINEAR window counts whole steps: one of width 1 would be a threshold (C.11.2.1.2). Of real values it is exact.
    """
    colours = palette_of(frame.dataset)
    voi = stages.grey.voi
    if frame.module.floating and isinstance(voi, Window) and voi.function == "LINEAR":
        voi = replace(voi, function="LINEAR_EXACT")
    colours = well_known(HOT_IRON) if colours is None else colours
    return replace(stages, grey=replace(stages.grey, voi=voi, colours=colours))


BY_KIND: Mapping[Kind | None, Callable[[Frame, Stages], Stages]] = {
    Kind.SEGMENTATION: _segmentation,
    Kind.DOSE: _dose,
    Kind.PARAMETRIC_MAP: _parametric_map,
}
