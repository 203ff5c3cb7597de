"""Segments and dose as colours, with values that can be computed by hand."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from filmless.pixels.derived.dose import dose_of, dose_plane, wash, washed
from filmless.pixels.derived.segmentation import UNNAMED, blended, segments
from objects import ct_image

RED_LAB = [35578, 53663, 50859]  # CIELab of sRGB red


def segmentation(kind: str, **values: object) -> Dataset:
    first, second = Dataset(), Dataset()
    first.SegmentNumber, first.RecommendedDisplayCIELabValue = 1, RED_LAB
    second.SegmentNumber = 2
    return ct_image(SegmentationType=kind, SegmentSequence=Sequence([first, second]), **values)


def test_a_binary_segment_covers_its_pixels_in_its_own_colour() -> None:
    (segment,) = segments(segmentation("BINARY"), 0, np.array([[0.0, 1.0]]))
    assert np.abs(np.subtract(segment.colour, (255, 0, 0))).max() <= 2
    assert segment.coverage.tolist() == [[0, 1]]
    assert blended(np.array([[100, 100]], np.uint8), [segment], 0.5)[0].tolist() == [
        [100, 100, 100],
        [
            round((100 + segment.colour[0]) / 2),
            round((100 + segment.colour[1]) / 2),
            round((100 + segment.colour[2]) / 2),
        ],
    ]


def test_a_fractional_segment_covers_as_much_as_its_value_says() -> None:
    (segment,) = segments(segmentation("FRACTIONAL", MaximumFractionalValue=200), 0, np.array([[0.0, 50.0, 200.0]]))
    assert segment.coverage.tolist() == [[0, 0.25, 1]]


def test_each_label_of_a_map_is_a_segment_and_the_padding_none() -> None:
    found = segments(segmentation("LABELMAP", PixelPaddingValue=5), 0, np.array([[5.0, 1.0, 2.0]]))
    assert [segment.coverage.tolist() for segment in found] == [[[0, 1, 0]], [[0, 0, 1]]]
    assert found[1].colour == UNNAMED[1]


def test_a_later_segment_lies_over_an_earlier_one() -> None:
    base = np.zeros((1, 1), np.uint8)
    both = segments(segmentation("BINARY"), 0, np.ones((1, 1))) * 2
    assert blended(base, both, 1.0).tolist() == [[list(both[0].colour)]]


def test_dose_is_scaled_and_its_highest_is_red() -> None:
    dose = dose_of(ct_image(DoseGridScaling="0.01"), np.array([[0.0, 100.0, 200.0]]))
    assert dose.tolist() == [[0, 1, 2]]
    assert wash(dose, 2.0)[0].tolist() == [[0, 0, 160], [0, 220, 0], [255, 0, 0]]


def test_little_dose_leaves_the_image_as_it_is() -> None:
    ground = np.array([[10, 20, 30]], np.uint8)
    over = washed(ground, np.array([[0.0, 0.01, 2.0]]), 2.0)
    assert over[0].tolist() == [[10, 10, 10], [20, 20, 20], [142, 15, 15]]
    assert washed(None, np.array([[0.0, 2.0]]), 2.0)[0].tolist() == [[0, 0, 0], [255, 0, 0]]
    assert not washed(None, np.zeros((1, 2)), 0.0).any()


def test_a_dose_plane_lies_at_its_offset() -> None:
    grid = ct_image(
        ImagePositionPatient=[1, 2, 30],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[2, 2],
        GridFrameOffsetVector=[0, 2.5, 5],
    )
    plane = dose_plane(grid, 2)
    assert plane is not None
    assert plane.origin.tolist() == [1, 2, 35]
    grid.GridFrameOffsetVector = [30, 32.5, 35]  # coordinates
    plane = dose_plane(grid, 1)
    assert plane is not None
    assert plane.origin.tolist() == [1, 2, 32.5]
    assert dose_plane(grid, 3) is None
