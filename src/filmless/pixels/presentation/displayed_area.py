"""Which part of an image a presentation state shows, which way round and how large (PS3.3 C.10.4 and C.10.6)."""

from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from filmless.pixels.attributes import number, numbers, text
from filmless.pixels.presentation.state import Shown, applying
from filmless.pixels.render.placement import Placement
from filmless.pixels.view import MAX_AREA, MAX_SIDE, Viewport

MAX_REGION_SIDE = 16_384  # pixels of a displayed area
MAX_REGION = 64 << 20
MAX_SCALE = 64.0
CSS_PIXEL = 25.4 / 96  # mm: how large a pixel of a screen is taken to be for TRUE SIZE


Area = tuple[float, float, float, float]  # left, top, width and height


@dataclass(frozen=True, slots=True)
class Extent:
    """An image and the form of its pixels."""

    rows: int
    columns: int
    aspect: float = 1.0  # height of a pixel over its width


def presented_placement(state: Dataset, shown: Shown, extent: Extent, viewport: Viewport | None = None) -> Placement:
    """Where the state puts an image.

    A viewport bounds the picture: SCALE TO FIT fills it, of a larger MAGNIFY or TRUE SIZE it shows the middle. Its
    region, where it names one, goes before the displayed area, and its flips are made after those of the state.
    """
    item = next(applying(state, "DisplayedAreaSelectionSequence", shown), Dataset())
    left, top, width, height = _region(item, extent, viewport)
    turns = int(number(state, "ImageRotation") or 0) // 90 % 4
    across, down = _scales(item, extent.aspect)
    picture = (width * across, height * down)
    seen_width, seen_height = picture[::-1] if turns % 2 else picture
    if viewport is not None and text(item, "PresentationSizeMode") not in ("TRUE SIZE", "MAGNIFY"):
        ratio = min(viewport.width / seen_width, viewport.height / seen_height)
        seen_width, seen_height = seen_width * ratio, seen_height * ratio
    flips = text(state, "ImageHorizontalFlip") == "Y"
    whole = Placement(
        left,
        top,
        width,
        height,
        max(1, round(seen_width)),
        max(1, round(seen_height)),
        quarter_turns=turns,
        flip_horizontally=flips != (viewport is not None and viewport.flip_horizontally),
        flip_vertically=viewport is not None and viewport.flip_vertically,
    )
    return _middle(whole, viewport)


def area_in_picture(state: Dataset, shown: Shown, extent: Extent, placement: Placement) -> Area:
    """Where the specified displayed area lies in a picture, which may show more or less than it (PS3.3 C.10.4)."""
    item = next(applying(state, "DisplayedAreaSelectionSequence", shown), Dataset())
    left, top, width, height = _region(item, extent, None)
    (x, y), (right, bottom) = placement.point(left, top), placement.point(left + width, top + height)
    return min(x, right), min(y, bottom), abs(right - x), abs(bottom - y)


def _region(item: Dataset, extent: Extent, viewport: Viewport | None) -> Area:
    """Left, top, width and height: the corners are pixels, counted from 1, whichever is where after turning."""
    image = (0.0, 0.0, float(extent.columns), float(extent.rows))
    if viewport is not None and (viewport.left or viewport.top or viewport.region_width or viewport.region_height):
        width = viewport.region_width or extent.columns - viewport.left
        height = viewport.region_height or extent.rows - viewport.top
        return (viewport.left, viewport.top, width, height) if min(width, height) > 0 else image
    corners = [numbers(item, f"DisplayedArea{corner}HandCorner") for corner in ("TopLeft", "BottomRight")]
    if any(len(corner) != 2 for corner in corners):
        return image
    (x, right), (y, bottom) = (sorted(corner[axis] for corner in corners) for axis in (0, 1))
    left, top, width, height = x - 1, y - 1, right - x + 1, bottom - y + 1
    misses = left >= extent.columns or top >= extent.rows or right <= 0 or bottom <= 0
    too_large = max(width, height) > MAX_REGION_SIDE or width * height > MAX_REGION
    return image if misses or too_large else (left, top, width, height)


def _scales(item: Dataset, aspect: float) -> tuple[float, float]:
    """Pixels of the picture for a pixel of the image, across and down, before it is fitted to a viewport."""
    spacing = numbers(item, "PresentationPixelSpacing")
    for pair in (spacing, numbers(item, "PresentationPixelAspectRatio")):
        if len(pair) == 2 and pair[0] > 0 and pair[1] > 0 and 0.1 <= pair[0] / pair[1] <= 10:
            aspect = pair[0] / pair[1]
            break
    mode = text(item, "PresentationSizeMode")
    scale = 1.0
    if mode == "TRUE SIZE" and len(spacing) == 2:
        scale = spacing[1] / CSS_PIXEL
    elif mode == "MAGNIFY":
        scale = number(item, "PresentationPixelMagnificationRatio") or 1.0
    scale = min(max(scale, 1 / MAX_SCALE), MAX_SCALE)
    return scale, scale * aspect


def _middle(whole: Placement, viewport: Viewport | None) -> Placement:
    """The middle of a picture that is larger than the viewport, or than any may be."""
    width, height = whole.width, whole.height
    if viewport is not None:
        width, height = min(width, viewport.width), min(height, viewport.height)
    width, height = min(width, MAX_SIDE), min(height, MAX_SIDE)
    if width * height > MAX_AREA:
        width = height = int(MAX_AREA**0.5)
    if (width, height) == (whole.width, whole.height):
        return whole
    kept = (width / whole.width, height / whole.height)
    across, down = kept[::-1] if whole.quarter_turns % 2 else kept
    return replace(
        whole,
        left=whole.left + whole.region_width * (1 - across) / 2,
        top=whole.top + whole.region_height * (1 - down) / 2,
        region_width=whole.region_width * across,
        region_height=whole.region_height * down,
        width=width,
        height=height,
    )
