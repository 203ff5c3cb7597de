"""Where a picture goes: region, turns, scale (PS3.18 8.3.5.1.3, PS3.3 C.7.6.3.1.7)."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.view import Viewport

_TURNS = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)  # clockwise


@dataclass(frozen=True, slots=True)
class Placement:
    """A region of the source, turned clockwise by quarters, then flipped, scaled to the picture's size."""

    left: float  # of the region, in pixels of the source
    top: float
    region_width: float
    region_height: float
    width: int  # of the picture, pixels
    height: int
    aspect: float = 1.0  # height of a pixel of the picture over its width
    quarter_turns: int = 0
    flip_horizontally: bool = False
    flip_vertically: bool = False

    def place(self, levels: NDArray[np.uint8]) -> Image.Image:
        """The picture of (row, column) or (row, column, red green blue); black where the region lies beyond them."""
        rows, columns = levels.shape[:2]
        right, bottom = self.left + self.region_width, self.top + self.region_height
        if self.left < 0 or self.top < 0 or right > columns or bottom > rows:
            first_column, first_row = math.floor(self.left), math.floor(self.top)
            levels = _padded(levels, first_column, first_row, math.ceil(right), math.ceil(bottom))
            return replace(self, left=self.left - first_column, top=self.top - first_row).place(levels)
        image = Image.fromarray(levels)
        turned = self.quarter_turns % 2 == 1
        size = (self.height, self.width) if turned else (self.width, self.height)
        box = (self.left, self.top, right, bottom)
        if image.size != size or box != (0, 0, *size):
            smaller = size[0] < self.region_width
            filtered = Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC
            image = image.resize(size, filtered, box, reducing_gap=2.0)
        for step in (
            _TURNS[self.quarter_turns % 4],
            Image.Transpose.FLIP_LEFT_RIGHT if self.flip_horizontally else None,
            Image.Transpose.FLIP_TOP_BOTTOM if self.flip_vertically else None,
        ):
            image = image if step is None else image.transpose(step)
        return image

    def point(self, column: float, row: float) -> tuple[float, float]:
        """Where a point of the source (0, 0: the outer corner of the first pixel) lies in the picture."""
        x, y = (column - self.left) / self.region_width, (row - self.top) / self.region_height
        for _ in range(self.quarter_turns % 4):
            x, y = 1 - y, x
        if self.flip_horizontally:
            x = 1 - x
        if self.flip_vertically:
            y = 1 - y
        return x * self.width, y * self.height


def placement_of(rows: int, columns: int, aspect: float, viewport: Viewport | None) -> Placement:
    """All of the source pixel by pixel, or a region of it that fits the viewport, whole and with square pixels."""
    if viewport is None:
        return Placement(0, 0, columns, rows, columns, rows, aspect)
    left, top = viewport.left, viewport.top
    right = columns if viewport.region_width is None else min(left + viewport.region_width, columns)
    bottom = rows if viewport.region_height is None else min(top + viewport.region_height, rows)
    width, height = right - left, bottom - top
    if width <= 0 or height <= 0:
        raise CannotRender(Reason.NO_REGION, f"{columns} columns by {rows} rows")
    scale = min(viewport.width / width, viewport.height / (height * aspect))
    return Placement(
        left,
        top,
        width,
        height,
        max(1, min(round(width * scale), viewport.width)),
        max(1, min(round(height * aspect * scale), viewport.height)),
        flip_horizontally=viewport.flip_horizontally,
        flip_vertically=viewport.flip_vertically,
    )


def _padded(levels: NDArray[np.uint8], left: int, top: int, right: int, bottom: int) -> NDArray[np.uint8]:
    """A rectangle of the source that reaches beyond it."""
    out = np.zeros((bottom - top, right - left, *levels.shape[2:]), np.uint8)
    inside = levels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    row, column = max(-top, 0), max(-left, 0)
    out[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
    return out
