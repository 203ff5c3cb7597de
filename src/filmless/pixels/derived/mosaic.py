"""Tiles of a slide put together into one picture."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from filmless.pixels.derived.slides import Region, Tile

Levels = NDArray[np.uint8]
MAX_CANVAS_BYTES = 192 << 20
GROUND = 255  # where a sparse slide has no tile: glass is white


def mosaic(tiles: Iterable[tuple[Tile, Levels]], region: Region, reduced: int = 1) -> Levels:
    """The region as (row, column, red green blue), each ``reduced`` x ``reduced`` pixels made one.

    Tiles may come as they are decoded. What no tile covers is white.
    """
    left, top = int(region.left) // reduced, int(region.top) // reduced
    right, bottom = (-(-int(at) // reduced) for at in (region.left + region.width, region.top + region.height))
    canvas = np.full((max(bottom - top, 1), max(right - left, 1), 3), GROUND, np.uint8)
    for tile, levels in tiles:
        piece = _reduced(levels, reduced)
        _paste(canvas, piece, tile.left // reduced - left, tile.top // reduced - top)
    return canvas


def reduction(region: Region, width: int, height: int, tile: tuple[int, int]) -> int:
    """By how much tiles (columns, rows) may be made smaller before they are put together: a power of two."""
    factor = 1
    while (
        region.width / (factor * 2) >= width
        and region.height / (factor * 2) >= height
        and tile[0] % (factor * 2) == 0
        and tile[1] % (factor * 2) == 0
    ):
        factor *= 2
    return factor


def canvas_bytes(region: Region, reduced: int) -> int:
    """Bytes that the picture of a region takes."""
    return int(region.width / reduced + 1) * int(region.height / reduced + 1) * 3


def _reduced(levels: Levels, by: int) -> Levels:
    colours = np.repeat(levels[:, :, None], 3, axis=2) if levels.ndim == 2 else levels
    if by == 1:
        return colours
    rows, columns = colours.shape[0] // by, colours.shape[1] // by
    blocks = colours[: rows * by, : columns * by].reshape(rows, by, columns, by, 3)
    means: Levels = np.rint(blocks.mean(axis=(1, 3), dtype=np.float32)).astype(np.uint8)
    return means


def _paste(canvas: Levels, piece: Levels, left: int, top: int) -> None:
    x, y = max(left, 0), max(top, 0)
    cut = piece[y - top : canvas.shape[0] - top, x - left : canvas.shape[1] - left]
    canvas[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
