"""Which image lies under a frame."""

import pytest
from pydicom.sequence import Sequence

from filmless.pixels.derived.slabs import Slab, nearest, slab_of
from filmless.standards.models.dicom_json import DicomJson
from objects import ct_image
from pixels.derived.test_needs import header, segmentation
from pixels.derived.test_scenes import item

AXIAL = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "FrameOfReferenceUID": "1.2.3"}


def at(z: float, **values: object) -> Slab | None:
    return slab_of(header(ct_image(**{"ImagePositionPatient": [7, 8, z], **AXIAL, **values})))


def test_the_nearest_plane_of_the_same_frame_of_reference_is_taken() -> None:
    slab = at(10.4)
    assert slab is not None
    assert nearest(slab, [at(0), None, at(10), at(12), at(10.4, FrameOfReferenceUID="9")]) == 2


def test_what_is_far_away_or_not_parallel_is_not_taken() -> None:
    slab = at(0)
    assert slab is not None
    assert nearest(slab, [at(6), at(0, ImageOrientationPatient=[1, 0, 0, 0, 0, 1])]) is None


def test_a_frame_lies_where_its_functional_groups_or_offsets_say() -> None:
    frames = [item(PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, z])])) for z in (1, 2)]
    image = segmentation(*frames)
    image.FrameOfReferenceUID = "1.2.3"
    orientation = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared = item(PlaneOrientationSequence=Sequence([orientation]))
    image.SharedFunctionalGroupsSequence = Sequence([shared])
    slab = slab_of(header(image), 1)
    assert slab is not None
    assert slab.position == (0, 0, 2)
    grid = slab_of(header(ct_image(ImagePositionPatient=[0, 0, 5], GridFrameOffsetVector=[0, 2.5], **AXIAL)), 1)
    assert grid is not None
    assert grid.position == (0, 0, 7.5)


@pytest.mark.parametrize("broken", [{}, {"00200037": {"vr": "DS", "Value": ["a", None, {}, 1, 0, 0]}}])
def test_a_header_without_a_plane_has_no_slab(broken: DicomJson) -> None:
    assert slab_of({"00200052": {"vr": "UI", "Value": ["1.2"]}, **broken}) is None
