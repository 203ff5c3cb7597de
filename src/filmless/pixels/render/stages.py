"""The stages between a decoded frame and a picture (PS3.4 N.2), each of which may be replaced.

``stages_of`` gives the stages as the object itself and the client's view say them. A presentation state, or an
object that is more than its pixels, replaces some (``dataclasses.replace``) and has ``rendered`` run them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filmless.pixels.attributes import pixel_aspect
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.render.annotations import annotated
from filmless.pixels.render.colour import palette_colour, red_green_blue
from filmless.pixels.render.grey import Grey, grey_levels, grey_of
from filmless.pixels.render.icc import conversion
from filmless.pixels.render.placement import Placement, placement_of
from filmless.pixels.stored_frame import Frame
from filmless.pixels.view import View

Levels = NDArray[np.uint8]
Plane = Callable[[Levels], Levels]
"""(row, column) or (row, column, red green blue) in and out, in the pixels of the image: overlays, shutters."""
Drawing = Callable[[Image.Image, Placement], Image.Image]
"""What is drawn on the picture where it has its final size: text, graphics."""


@dataclass(frozen=True, slots=True)
class Stages:
    """How one frame becomes a picture; the stages run in this order."""

    grey: Grey  # modality, VOI, presentation LUT, pseudo-colour; of one sample per pixel
    colour: Plane  # from the colour space of the object to that of the picture; of three samples per pixel
    planes: tuple[Plane, ...]
    placement: Placement
    drawings: tuple[Drawing, ...]


def stages_of(frame: Frame, view: View) -> Stages:
    """As the object says, except where the view says otherwise."""
    rows, columns = frame.decoded.values.shape[:2]
    drawings: tuple[Drawing, ...] = ()
    if view.annotations:
        drawings = (lambda image, _: annotated(image, frame.dataset, frame.number, view),)
    return Stages(
        grey=grey_of(frame, view.window),
        colour=conversion(frame.dataset, view.profile),
        planes=(),
        placement=placement_of(rows, columns, pixel_aspect(frame.dataset, frame.number), view.viewport),
        drawings=drawings,
    )


def rendered(frame: Frame, stages: Stages) -> Image.Image:
    """Run the stages; raises CannotRender."""
    levels = _levels(frame, stages)
    if levels.ndim == 3:
        levels = stages.colour(levels)
    for plane in stages.planes:
        levels = plane(levels)
    image = stages.placement.place(levels)
    for drawing in stages.drawings:
        image = drawing(image, stages.placement)
    return image


def _levels(frame: Frame, stages: Stages) -> Levels:
    decoded = frame.decoded
    if decoded.values.ndim == 3:
        return red_green_blue(decoded, frame.module)
    if decoded.photometric == "PALETTE COLOR":
        return palette_colour(frame)
    if frame.module.samples != 1:
        raise CannotRender(Reason.UNSUPPORTED, "one sample decoded where three are described")
    return grey_levels(frame, stages.grey)
