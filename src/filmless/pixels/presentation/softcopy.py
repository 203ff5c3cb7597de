"""An image shown through a presentation state: the stages of its picture as the state says them (PS3.4 N.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset

from filmless.pixels.attributes import items, pixel_aspect, text
from filmless.pixels.presentation.displayed_area import Extent, area_in_picture, presented_placement
from filmless.pixels.presentation.graphics import Where, annotated
from filmless.pixels.presentation.overlays import Mask, overlays
from filmless.pixels.presentation.palettes import palette_of
from filmless.pixels.presentation.planes import painted
from filmless.pixels.presentation.shutters import shutter
from filmless.pixels.presentation.state import Shown
from filmless.pixels.presentation.transformations import has_grey_scale, presented, transformed
from filmless.pixels.render.grey import Grey, Stored, stored_of
from filmless.pixels.render.lookup import IDENTITY, Floats, Window, presentation_transformation
from filmless.pixels.render.placement import Placement
from filmless.pixels.render.stages import Drawing, Stages, stages_of
from filmless.pixels.stored_frame import Frame
from filmless.pixels.view import View


def softcopy(frame: Frame, state: Dataset, view: View) -> tuple[Frame, Stages]:
    """The frame with the attributes of the state, and its stages."""
    shown = Shown(text(frame.dataset, "SOPInstanceUID"), frame.number)
    replaced = replace(frame, dataset=presented(frame.dataset, state, shown))
    stages = stages_of(replaced, view)
    if has_grey_scale(state) and frame.decoded.values.ndim == 2:
        stages = replace(stages, grey=_grey(stages.grey, state))
    rows, columns = frame.decoded.values.shape[:2]
    extent = Extent(rows, columns, pixel_aspect(frame.dataset, frame.number))
    own = overlays(frame.dataset, frame.number, frame.decoded.values)
    planes = {plane.group: plane for plane in (*own, *overlays(state, frame.number, frame.decoded.values))}
    cover = shutter(state, frame.number, (rows, columns), list(planes.values()))
    masks = {group: plane.mask for group, plane in planes.items()}
    return replaced, replace(
        stages,
        planes=() if cover is None else (painted(cover.hidden, cover.colour),),
        placement=presented_placement(state, shown, extent, view.viewport),
        drawings=(
            _drawing(state, shown, extent, masks),
            *stages.drawings,
        ),
    )


def layer_of_blending(frame: Frame, state: Dataset, position: str, view: View) -> tuple[Frame, Stages]:
    """The grey scale of one of the two images that a state blends (PS3.4 N.2.4): VOI to the whole of black to white.

    ``position`` is a Blending Position. A state without that item shows the whole range.
    """
    item = next((each for each in items(state, "BlendingSequence") if text(each, "BlendingPosition") == position), None)
    shown = Shown(text(frame.dataset, "SOPInstanceUID"), frame.number)
    replaced = replace(frame, dataset=transformed(frame.dataset, item or Dataset(), shown))
    stages = stages_of(replaced, view)
    voi = _everything(stages.grey) if stages.grey.is_spread else stages.grey.voi
    grey = replace(stages.grey, voi=voi, presentation=IDENTITY, is_spread=False)
    rows, columns = frame.decoded.values.shape[:2]
    extent = Extent(rows, columns, pixel_aspect(frame.dataset, frame.number))
    return replaced, replace(
        stages,
        grey=grey,
        planes=(),
        placement=presented_placement(state, shown, extent, view.viewport),
        drawings=(
            _drawing(state, shown, extent, {}),
            *stages.drawings,
        ),
    )


def _drawing(state: Dataset, shown: Shown, extent: Extent, masks: Mapping[int, Mask]) -> Drawing:
    """The graphics of a state, and of the overlays in ``masks`` those that it activates."""

    def draw(image: Image.Image, placement: Placement) -> Image.Image:
        where = Where(placement, area_in_picture(state, shown, extent, placement))
        return annotated(image, state, shown, where, masks)

    return draw


def subtracted(frame: Frame, masks: Sequence[Frame]) -> Frame:
    """A frame less the mean of its masks, as real numbers (AVG_SUB of PS3.3 C.7.6.10)."""
    values = _real(frame)
    mean = reduce(np.add, map(_real, masks)) / len(masks)
    return replace(frame, decoded=replace(frame.decoded, values=values - mean))


def _real(frame: Frame) -> Floats:
    return stored_of(frame.decoded, frame.module)(frame.decoded.values)


def _grey(grey: Grey, state: Dataset) -> Grey:
    """The presentation LUT or palette of the state; without a VOI it shows everything that may be there."""
    presentation = presentation_transformation(state) or IDENTITY
    colours = palette_of(state)
    voi = _everything(grey) if grey.is_spread else grey.voi
    return replace(grey, voi=voi, presentation=presentation, colours=colours, is_spread=False)


def _everything(grey: Grey) -> Window:
    ends = grey.modality(np.array(_range(grey.stored), np.float64))
    low, high = float(ends.min()), float(ends.max())
    return Window((low + high) / 2, max(high - low, 1e-9), "LINEAR_EXACT")


def _range(stored: Stored) -> tuple[float, float]:
    """The least and the greatest stored value that there can be."""
    if stored.signed:
        return -(2.0 ** (stored.bits - 1)), 2.0 ** (stored.bits - 1) - 1
    return 0.0, 2.0**stored.bits - 1
