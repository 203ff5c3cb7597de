"""What a picture needs beside its object, decided from headers alone."""

import json

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from filmless.pixels.derived.needs import Needs, Reference, dose_needs, mask_frames, segmentation_needs, shown_images
from filmless.standards.models.dicom_json import DicomJson, data_set_json
from objects import ct_image, data_set_bytes


def header(dataset: Dataset) -> DicomJson:
    return json.loads(data_set_json(data_set_bytes(dataset), "1.2.840.10008.1.2.1", None))  # type: ignore[no-any-return]


def item(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def reference(uid: str, frames: list[int] | None = None) -> Dataset:
    found = item(ReferencedSOPInstanceUID=uid)
    if frames:
        found.ReferencedFrameNumber = frames
    return found


def derived(uid: str, z: float, frame: int | None = None) -> Dataset:
    source = reference(uid, None if frame is None else [frame])
    return item(
        DerivationImageSequence=Sequence([item(SourceImageSequence=Sequence([source]))]),
        PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, z])]),
    )


def segmentation(*frames: Dataset) -> Dataset:
    return ct_image(NumberOfFrames=len(frames), PerFrameFunctionalGroupsSequence=Sequence(frames))


def test_all_segments_of_the_plane_in_the_middle_are_shown_over_their_source() -> None:
    frames = [derived("1.1", 0), derived("1.2", 5), derived("1.1", 0), derived("1.2", 5)]
    assert segmentation_needs(header(segmentation(*frames)), None) == Needs((0, 2), Reference("1.1"))


def test_a_frame_that_is_asked_for_is_shown_alone_over_the_frame_it_was_drawn_on() -> None:
    frames = [derived("1.1", 0, 1), derived("1.1", 5, 7)]
    assert segmentation_needs(header(segmentation(*frames)), 1) == Needs((1,), Reference("1.1", 6))


def test_a_segmentation_that_says_nothing_of_its_source_stands_alone() -> None:
    assert segmentation_needs(header(ct_image(NumberOfFrames=3)), None) == Needs((1,), None)


def test_dose_lies_over_the_image_of_its_plane() -> None:
    images = Sequence([reference("1.1"), reference("1.2")])
    grid = ct_image(NumberOfFrames=4, ReferencedImageSequence=images)
    assert dose_needs(header(grid), 0) == Needs((0, 1, 2, 3), Reference("1.1"))
    assert dose_needs(header(grid), None) == Needs((2, 0, 1, 3), Reference("1.2"))
    assert dose_needs(header(ct_image()), None) == Needs((0,), None)


def test_of_a_very_large_grid_only_the_frame_that_is_shown_is_read() -> None:
    assert dose_needs(header(ct_image(NumberOfFrames=4000, Rows=200, Columns=200)), 7) == Needs((7,), None)


def test_a_grid_that_claims_what_it_has_not_is_not_counted_through() -> None:
    assert dose_needs(header(ct_image(NumberOfFrames=2**31 - 1, Rows=0)), 0) == Needs((0,), None)


def test_a_presentation_state_shows_the_frames_it_refers_to_in_order() -> None:
    series = [item(ReferencedImageSequence=Sequence([reference("1.1"), reference("1.2", [2, 5])]))]
    state = ct_image(ReferencedSeriesSequence=Sequence(series))
    assert shown_images(header(state)) == [Reference("1.1"), Reference("1.2", 1), Reference("1.2", 4)]


def test_the_frames_of_a_mask_are_counted_from_zero() -> None:
    assert mask_frames(header(ct_image(MaskSubtractionSequence=Sequence([item(MaskFrameNumbers=[1, 2])])))) == (0, 1)
    assert mask_frames(header(ct_image())) == ()
