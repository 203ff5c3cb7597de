"""Tiles of whole-slide images: which of them a part of the slide needs, at which level (PS3.3 C.8.12.4, C.7.6.17.3).

Decided from headers in the DICOM JSON model; imports no pixel library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from filmless.pixels.derived.needs import integer, items, text, values
from filmless.standards.models.dicom_json import DicomJson

DEFAULT_SIDE = 2048  # pixels of a picture of a whole slide where no viewport is asked for
MAX_TILES = 4096  # of one picture
NEAR = 0.02  # by which the proportions of two levels of one slide may differ

_ROWS, _COLUMNS, _FRAMES = "00280010", "00280011", "00280008"
_TOTAL_COLUMNS, _TOTAL_ROWS = "00480006", "00480007"
_ORGANIZATION, _IMAGE_TYPE = "00209311", "00080008"
_PER_FRAME, _POSITION = "52009230", "0048021A"
_COLUMN_POSITION, _ROW_POSITION = "0048021E", "0048021F"
_FRAME_OF_REFERENCE = "00200052"


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a total pixel matrix, in its pixels."""

    left: float
    top: float
    width: float
    height: float

    def scaled(self, by: float) -> "Region":
        """The same part in the pixels of another level."""
        return Region(self.left * by, self.top * by, self.width * by, self.height * by)


@dataclass(frozen=True, slots=True)
class Tile:
    """A frame and where its upper left pixel lies in the total pixel matrix, from 0."""

    frame: int  # from 0
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class Level:
    """One instance of a slide's pyramid."""

    columns: int  # of the total pixel matrix
    rows: int
    tile_columns: int
    tile_rows: int
    frames: int
    flavour: str  # VOLUME, LABEL, OVERVIEW, THUMBNAIL
    frame_of_reference_uid: str
    places: tuple[tuple[int, int], ...] | None  # left and top of each frame; None: tiled full, by arithmetic

    def is_of_slide(self, other: "Level") -> bool:
        """Whether both show the same slide at some resolution."""
        same = (self.flavour, self.frame_of_reference_uid) == (other.flavour, other.frame_of_reference_uid)
        one, two = self.columns / self.rows, other.columns / other.rows
        return same and abs(one - two) <= NEAR * max(one, two)

    def tiles(self, region: Region) -> list[Tile]:
        """The tiles that a region touches, of the first focal plane and optical path."""
        return self._by_arithmetic(region) if self.places is None else self._by_place(self.places, region)

    def _by_arithmetic(self, region: Region) -> list[Tile]:
        across = -(-self.columns // self.tile_columns)
        down = -(-self.rows // self.tile_rows)
        first, last = _touched(region.left, region.width, self.tile_columns, across)
        top, bottom = _touched(region.top, region.height, self.tile_rows, down)
        within = (
            Tile(row * across + column, column * self.tile_columns, row * self.tile_rows)
            for row in range(top, min(bottom, -(-self.frames // across)))
            for column in range(first, min(last, self.frames - row * across))
        )
        return list(islice(within, MAX_TILES + 1))

    def _by_place(self, places: Sequence[tuple[int, int]], region: Region) -> list[Tile]:
        seen: set[tuple[int, int]] = set()
        found = []
        for frame, (left, top) in enumerate(places[: self.frames]):
            touches_x = left < region.left + region.width and left + self.tile_columns > region.left
            touches_y = top < region.top + region.height and top + self.tile_rows > region.top
            if touches_x and touches_y and (left, top) not in seen:
                seen.add((left, top))
                found.append(Tile(frame, left, top))
        return found


def level_of(header: DicomJson) -> Level | None:
    """The level that an instance is; None where it is no tiled image."""
    tile_rows, tile_columns = integer(header, _ROWS) or 0, integer(header, _COLUMNS) or 0
    columns, rows = integer(header, _TOTAL_COLUMNS) or 0, integer(header, _TOTAL_ROWS) or 0
    if min(tile_rows, tile_columns, columns, rows) <= 0:
        return None
    image_type = values(header, _IMAGE_TYPE)
    return Level(
        columns=columns,
        rows=rows,
        tile_columns=tile_columns,
        tile_rows=tile_rows,
        frames=max(integer(header, _FRAMES) or 1, 1),
        flavour=str(image_type[2]) if len(image_type) > 2 else "",
        frame_of_reference_uid=text(header, _FRAME_OF_REFERENCE),
        places=None if text(header, _ORGANIZATION) == "TILED_FULL" else _places(header),
    )


def best_level(levels: Sequence[Level], asked: Level, region: Region, width: int, height: int) -> int:
    """Which of the levels of the asked one's slide has just pixels enough to show its region in this size."""
    needed = min(width / region.width, height / region.height, 1.0)
    fit = [
        (level.columns, number)
        for number, level in enumerate(levels)
        if level.is_of_slide(asked) and needed * asked.columns <= level.columns * (1 + NEAR)
    ]
    return min(fit, default=max((level.columns, number) for number, level in enumerate(levels)))[1]


def _touched(start: float, extent: float, size: int, count: int) -> tuple[int, int]:
    first = max(int(start // size), 0)
    return first, min(int(-(-(start + extent) // size)), count)


def _places(header: DicomJson) -> tuple[tuple[int, int], ...] | None:
    """Left and top of each frame as its functional group says; None where they do not."""
    places = []
    for item in items(header, _PER_FRAME):
        position = next(iter(items(item, _POSITION)), {})
        left, top = integer(position, _COLUMN_POSITION), integer(position, _ROW_POSITION)
        if left is None or top is None:
            return None
        places.append((left - 1, top - 1))
    return tuple(places) or None
