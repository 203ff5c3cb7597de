"""Which tiles of a slide a part of it needs, and how they lie beside each other."""

import json

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from filmless.pixels.derived.mosaic import Levels, mosaic, reduction
from filmless.pixels.derived.slides import MAX_TILES, Level, Region, Tile, best_level, level_of
from filmless.standards.models.dicom_json import data_set_json
from objects import ct_image, data_set_bytes


def slide(columns: int, rows: int, tile: int = 4, **values: object) -> Dataset:
    count = -(-columns // tile) * -(-rows // tile)
    common = {
        "TotalPixelMatrixColumns": columns,
        "TotalPixelMatrixRows": rows,
        "Rows": tile,
        "Columns": tile,
        "NumberOfFrames": count,
        "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        "DimensionOrganizationType": "TILED_FULL",
    }
    return ct_image(**{**common, **values})


def level(image: Dataset) -> Level:
    found = level_of(json.loads(data_set_json(data_set_bytes(image), "1.2.840.10008.1.2.1", None)))
    assert found is not None
    return found


def test_a_region_needs_only_the_tiles_that_it_touches() -> None:
    whole = level(slide(10, 9))  # 3 x 3 tiles
    assert [tile.frame for tile in whole.tiles(Region(0, 0, 10, 9))] == list(range(9))
    assert whole.tiles(Region(5, 1, 3, 3)) == [Tile(1, 4, 0)]
    assert whole.tiles(Region(7, 3, 2, 2)) == [Tile(1, 4, 0), Tile(2, 8, 0), Tile(4, 4, 4), Tile(5, 8, 4)]
    assert whole.tiles(Region(100, 100, 5, 5)) == []


def test_tiles_of_a_sparse_slide_lie_where_their_frames_say() -> None:
    def frame(column: int, row: int) -> Dataset:
        position, group = Dataset(), Dataset()
        position.ColumnPositionInTotalImagePixelMatrix, position.RowPositionInTotalImagePixelMatrix = column, row
        group.PlanePositionSlideSequence = Sequence([position])
        return group

    frames = Sequence([frame(5, 1), frame(1, 5), frame(5, 1)])  # the third is a second focal plane
    sparse = level(slide(8, 8, DimensionOrganizationType="TILED_SPARSE", PerFrameFunctionalGroupsSequence=frames))
    assert sparse.tiles(Region(0, 0, 8, 8)) == [Tile(0, 4, 0), Tile(1, 0, 4)]


def test_the_level_with_just_enough_pixels_is_taken() -> None:
    pyramid = [level(slide(*size)) for size in ((1600, 800), (400, 200), (100, 50), (100, 100))]
    whole, corner = Region(0, 0, 1600, 800), Region(0, 0, 200, 100)
    assert best_level(pyramid, pyramid[0], whole, 100, 50) == 2
    assert best_level(pyramid, pyramid[0], whole, 101, 101) == 2
    assert best_level(pyramid, pyramid[0], whole, 200, 200) == 1
    assert best_level(pyramid, pyramid[0], corner, 200, 200) == 0
    assert best_level(pyramid, pyramid[0], corner, 9999, 9999) == 0


def test_no_more_tiles_are_counted_than_a_picture_may_have() -> None:
    absurd = level(slide(4, 4, TotalPixelMatrixColumns=2**32 - 1, TotalPixelMatrixRows=2**32 - 1, NumberOfFrames=2))
    assert [tile.frame for tile in absurd.tiles(Region(0, 0, 2**32, 2**32))] == [0, 1]
    many = level(slide(4, 4, TotalPixelMatrixColumns=2**32 - 1, TotalPixelMatrixRows=4, NumberOfFrames=2**31 - 1))
    assert len(many.tiles(Region(0, 0, 2**32, 4))) == MAX_TILES + 1


def test_an_image_without_a_total_pixel_matrix_is_no_slide() -> None:
    assert level_of({}) is None


@pytest.mark.parametrize("reduced", [1, 2])
def test_tiles_make_the_picture_that_was_cut_into_them(reduced: int) -> None:
    whole = np.arange(8 * 12, dtype=np.uint8).reshape(8, 12)
    tiles = level(slide(12, 8)).tiles(Region(0, 0, 12, 8))

    def cut(tile: Tile) -> Levels:
        return whole[tile.top : tile.top + 4, tile.left : tile.left + 4]

    picture = mosaic(((tile, cut(tile)) for tile in tiles), Region(0, 0, 12, 8), reduced)
    blocks = whole.reshape(8 // reduced, reduced, 12 // reduced, reduced).mean(axis=(1, 3))
    assert np.abs(picture[:, :, 0] - blocks).max() <= 0.5
    part = mosaic(((tile, cut(tile)) for tile in tiles), Region(6, 2, 4, 4))
    assert (part[:, :, 1] == whole[2:6, 6:10]).all()


def test_tiles_are_made_smaller_only_as_far_as_the_picture_allows() -> None:
    assert reduction(Region(0, 0, 1000, 1000), 250, 250, (256, 256)) == 4
    assert reduction(Region(0, 0, 1000, 1000), 251, 250, (256, 256)) == 2
    assert reduction(Region(0, 0, 1000, 1000), 10, 10, (6, 6)) == 2
