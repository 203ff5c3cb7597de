"""Values of one plane of the patient seen on another."""

from collections.abc import Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from filmless.pixels.derived.planes import distance, plane_of, seen_on
from objects import ct_image

AXIAL = (1, 0, 0, 0, 1, 0)


def placed(position: list[float], spacing: list[float], direction: Sequence[float] = AXIAL) -> Dataset:
    return ct_image(ImagePositionPatient=position, ImageOrientationPatient=list(direction), PixelSpacing=spacing)


def test_a_finer_plane_takes_the_nearest_value_and_nothing_outside() -> None:
    coarse, fine = plane_of(placed([0, 0, 5], [2, 2]), 0), plane_of(placed([-1.5, -0.5, 5], [1, 1]), 0)
    assert coarse is not None
    assert fine is not None
    values = np.array([[1, 2], [3, 4]])
    assert seen_on(values, coarse, fine, (4, 5)).tolist() == [
        [0, 1, 1, 2, 2],
        [0, 1, 1, 2, 2],
        [0, 3, 3, 4, 4],
        [0, 3, 3, 4, 4],
    ]


def test_a_plane_that_is_turned_is_seen_turned() -> None:
    one = plane_of(placed([0, 0, 0], [1, 1]), 0)
    other = plane_of(placed([1, 0, 0], [1, 1], [0, 1, 0, -1, 0, 0]), 0)
    assert one is not None
    assert other is not None
    assert seen_on(np.array([[1, 2], [3, 4]]), one, other, (2, 2)).tolist() == [[2, 4], [1, 3]]


def test_planes_have_a_distance() -> None:
    one, other = plane_of(placed([7, 0, 10], [1, 1]), 0), plane_of(placed([0, 3, 4], [1, 1]), 0)
    assert one is not None
    assert other is not None
    assert distance(one, other) == 6


def test_a_frame_lies_where_its_functional_groups_say() -> None:
    def group(**sequences: Dataset) -> Dataset:
        item = Dataset()
        for keyword, value in sequences.items():
            setattr(item, keyword, Items([value]))
        return item

    shared, frames = placed([0, 0, 0], [2, 3]), [placed([0, 0, z], [9, 9]) for z in (1, 2)]
    image = Dataset()
    image.SharedFunctionalGroupsSequence = Items([group(PixelMeasuresSequence=shared, PlaneOrientationSequence=shared)])
    image.PerFrameFunctionalGroupsSequence = Items([group(PlanePositionSequence=frame) for frame in frames])
    plane = plane_of(image, 1)
    assert plane is not None
    assert (plane.origin[2], plane.along_column.tolist(), plane.along_row.tolist()) == (2, [0, 2, 0], [3, 0, 0])


def test_a_plane_that_is_no_plane_is_none() -> None:
    assert plane_of(placed([0, 0, 0], [0, 1]), 0) is None
    assert plane_of(placed([0, 0, 0], [1, 1], [1, 0, 0, 1, 0, 0]), 0) is None
    assert plane_of(ct_image(), 0) is None
