"""Two images blended as a presentation state says, one in colours over one in grey (PS3.3 C.11.14, PS3.4 N.2.4)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number, text
from filmless.pixels.derived.planes import plane_of, seen_on
from filmless.pixels.presentation.palettes import palette_of
from filmless.pixels.presentation.softcopy import layer_of_blending
from filmless.pixels.render.grey import grey_levels
from filmless.pixels.render.stages import Stages
from filmless.pixels.stored_frame import Frame
from filmless.pixels.view import AS_IS, View

Levels = NDArray[np.uint8]
Cover = tuple[Levels, NDArray[np.bool_]]  # (row, column, red green blue), and where there is anything


def blended_frames(state: Dataset, under: Frame, over: Frame | None, view: View) -> tuple[Frame, Stages]:
    """The lower frame, its stages, and the upper one as a plane on it.

    A window that the client has chosen is that of the lower one. Where the upper one has no pixel, or cannot be
    placed, the lower one is seen.
    """
    frame, stages = layer_of_blending(under, state, "UNDERLYING", view)
    if over is None or under.decoded.values.ndim != 2 or over.decoded.values.ndim != 2:
        return frame, stages
    opacity = min(max(number(state, "RelativeOpacity") or 0.0, 0.0), 1.0)

    def blend(levels: Levels) -> Levels:
        cover = _on(over, under, _coloured(over, state))
        return levels if cover is None else _mixed(levels, cover, opacity)

    return frame, replace(stages, planes=(blend,))


def _coloured(over: Frame, state: Dataset) -> Levels:
    """The upper frame in the palette of the state; in grey where it has none."""
    frame, stages = layer_of_blending(over, state, "SUPERIMPOSED", AS_IS)
    levels = grey_levels(frame, replace(stages.grey, colours=palette_of(state)))
    return levels if levels.ndim == 3 else np.repeat(levels[:, :, None], 3, axis=2)


def _on(over: Frame, under: Frame, colours: Levels) -> Cover | None:
    """Colours of the upper frame on the pixels of the lower one, by their places in the patient where both say them."""
    at, target = plane_of(over.dataset, over.number), plane_of(under.dataset, under.number)
    rows, columns = under.decoded.values.shape[:2]
    there = np.ones(colours.shape[:2], np.bool_)
    frames = {text(each.dataset, "FrameOfReferenceUID") for each in (over, under)}
    if at is None or target is None or len(frames) > 1:
        return (colours, there) if colours.shape[:2] == under.decoded.values.shape[:2] else None
    channels = [seen_on(colours[:, :, each], at, target, (rows, columns)) for each in range(3)]
    return np.stack(channels, axis=2), seen_on(there, at, target, (rows, columns))


def _mixed(levels: Levels, cover: Cover, opacity: float) -> Levels:
    colours, there = cover
    grey = np.repeat(levels[:, :, None], 3, axis=2)
    mixed = np.rint(colours * opacity + grey * (1 - opacity)).astype(np.uint8)
    return np.where(there[:, :, None], mixed, grey)
