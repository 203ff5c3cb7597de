"""Which part of an image a presentation state shows, which way round and how large (PS3.3 C.10.4 and C.10.6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number, numbers, text
from filmless.pixels.presentation.state import Shown, applying

Levels = NDArray[np.uint8]
Points = NDArray[np.float64]  # (point, column row)
MAX_SIDE = 16_384  # pixels of a displayed area
MAX_PIXELS = 64 << 20
CSS_PIXEL = 25.4 / 96  # mm: how large a pixel of a screen is taken to be for TRUE SIZE


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of an image, edges in pixels from its upper left corner; it may reach beyond the image."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Projection:
    """From an image to the picture of it."""

    area: Area
    quarter_turns: int  # clockwise, before the flip
    flipped: bool  # left for right
    width: int  # of the picture, pixels
    height: int

    def points(self, places: Sequence[float] | Points) -> Points:
        """Places in the image, (column, row) from the outer corner of its first pixel, as places in the picture."""
        area = self.area
        pairs = np.asarray(places, np.float64).reshape(-1, 2)
        unit = (pairs - (area.left, area.top)) / (area.width, area.height)
        for _ in range(self.quarter_turns):
            unit = np.stack([1 - unit[:, 1], unit[:, 0]], axis=1)
        if self.flipped:
            unit[:, 0] = 1 - unit[:, 0]
        return unit * (self.width, self.height)

    def fractions(self, places: Sequence[float] | Points) -> Points:
        """Places in the displayed area as it is seen, 0 to 1 from its upper left corner, as places in the picture."""
        return np.asarray(places, np.float64).reshape(-1, 2) * (self.width, self.height)

    def picture(self, levels: Levels) -> Image.Image:
        """The picture of an image (row, column, ...); black where the area reaches beyond it."""
        turned = np.rot90(_cut(levels, self.area), -self.quarter_turns)
        if self.flipped:
            turned = turned[:, ::-1]
        image = Image.fromarray(np.ascontiguousarray(turned))
        if image.size == (self.width, self.height):
            return image
        shrinks = self.width < image.width
        filtered = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
        return image.resize((self.width, self.height), filtered, reducing_gap=2.0)


def projection(
    state: Dataset, shown: Shown, levels: Levels, aspect: float, viewport: tuple[int, int] | None
) -> Projection:
    """How the state shows an image (row, column, ...), in a viewport (columns, rows) if any."""
    item = next(applying(state, "DisplayedAreaSelectionSequence", shown), Dataset())
    area = _area(item, levels.shape[1], levels.shape[0])
    turns = int(number(state, "ImageRotation") or 0) // 90 % 4
    scale_x, scale_y = _scales(item, aspect)
    width, height = area.width * scale_x, area.height * scale_y
    if turns % 2:
        width, height = height, width
    fits = text(item, "PresentationSizeMode") not in ("TRUE SIZE", "MAGNIFY")
    limits = viewport or (MAX_SIDE, MAX_SIDE)
    if viewport is not None and fits:
        ratio = min(viewport[0] / width, viewport[1] / height)
        width, height = width * ratio, height * ratio
    flipped = text(state, "ImageHorizontalFlip") == "Y"
    whole = Projection(area, turns, flipped, max(1, round(width)), max(1, round(height)))
    return _centre(whole, limits)


def _area(item: Dataset, columns: int, rows: int) -> Area:
    """The displayed area: its corners are pixels, counted from 1, whichever is where after turning."""
    corners = [numbers(item, f"DisplayedArea{corner}HandCorner") for corner in ("TopLeft", "BottomRight")]
    image = Area(0, 0, columns, rows)
    if any(len(corner) != 2 for corner in corners):
        return image
    (x, right), (y, bottom) = (sorted(int(corner[axis]) for corner in corners) for axis in (0, 1))
    area = Area(x - 1, y - 1, right, bottom)
    misses = area.left >= columns or area.top >= rows or area.right <= 0 or area.bottom <= 0
    too_large = max(area.width, area.height) > MAX_SIDE or area.width * area.height > MAX_PIXELS
    return image if misses or too_large else area


def _scales(item: Dataset, aspect: float) -> tuple[float, float]:
    """Pixels of the picture for a pixel of the image, across and down, before it is fitted to a viewport."""
    spacing = numbers(item, "PresentationPixelSpacing")
    ratio = numbers(item, "PresentationPixelAspectRatio")
    for pair in (spacing, ratio):
        if len(pair) == 2 and pair[0] > 0 and pair[1] > 0 and 0.1 <= pair[0] / pair[1] <= 10:
            aspect = pair[0] / pair[1]
            break
    mode = text(item, "PresentationSizeMode")
    scale = 1.0
    if mode == "TRUE SIZE" and len(spacing) == 2:
        scale = spacing[1] / CSS_PIXEL
    elif mode == "MAGNIFY":
        scale = number(item, "PresentationPixelMagnificationRatio") or 1.0
    scale = min(max(scale, 1 / 64), 64)
    return scale, scale * aspect


def _centre(whole: Projection, limits: tuple[int, int]) -> Projection:
    """The middle of a picture that is larger than the limits."""
    if whole.width <= limits[0] and whole.height <= limits[1]:
        return whole
    width, height = min(whole.width, limits[0]), min(whole.height, limits[1])
    kept = (width / whole.width, height / whole.height)
    across, down = kept[::-1] if whole.quarter_turns % 2 else kept
    area = whole.area
    columns, rows = max(1, round(area.width * across)), max(1, round(area.height * down))
    left, top = area.left + (area.width - columns) // 2, area.top + (area.height - rows) // 2
    return replace(whole, area=Area(left, top, left + columns, top + rows), width=width, height=height)


def _cut(levels: Levels, area: Area) -> Levels:
    rows, columns = levels.shape[:2]
    inside = levels[max(area.top, 0) : max(area.bottom, 0), max(area.left, 0) : max(area.right, 0)]
    if inside.shape[:2] == (area.height, area.width):
        return inside
    out = np.zeros((area.height, area.width, *levels.shape[2:]), np.uint8)
    top, left = max(-area.top, 0), max(-area.left, 0)
    out[top : top + inside.shape[0], left : left + inside.shape[1]] = inside[:rows, :columns]
    return out
