"""Rendered resources of objects that are shown together with others."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from objects import ct_image
from pixels.derived.test_scenes import STORAGE, eight_bit, item, slide, state
from servers.dicomweb.render.test_rendered import get, levels, parts, picture_of, store
from web_house import WebHouse


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def one_study(*images: Dataset) -> tuple[Dataset, ...]:
    for image in images:
        image.StudyInstanceUID = images[0].StudyInstanceUID
    return images


def test_a_presentation_state_shows_its_image_through_it(house: WebHouse) -> None:
    image = eight_bit([[0, 100, 255]])
    presentation = state(image, PresentationLUTShape="INVERSE", ImageRotation=180, ImageHorizontalFlip="N")
    path = store(house, *one_study(presentation, image))
    assert levels(get(house, path + "/rendered")).tolist() == [[0, 155, 255]]
    assert picture_of(get(house, path + "/thumbnail?viewport=30,30")).size == (30, 10)


def test_of_a_state_for_several_images_each_is_a_part(house: WebHouse) -> None:
    one, other = eight_bit([[10]]), eight_bit([[20]])
    presentation = state(one)
    reference = item(ReferencedSOPInstanceUID=other.SOPInstanceUID)
    presentation.ReferencedSeriesSequence[0].ReferencedImageSequence.append(reference)
    path = store(house, *one_study(presentation, one, other))
    shown = parts(get(house, path + "/rendered", 'multipart/related; type="image/png"'))
    assert [np.asarray(picture).tolist() for _, _, picture in shown] == [[[10]], [[20]]]
    assert levels(get(house, path + "/frames/2/rendered")).tolist() == [[20]]
    assert get(house, path + "/frames/3/rendered").status == 404


def test_a_state_whose_image_is_not_kept_is_a_card(house: WebHouse) -> None:
    path = store(house, state(ct_image()))
    assert picture_of(get(house, path + "/rendered")).size == (512, 512)


def test_a_segmentation_lies_over_the_image_it_was_drawn_on(house: WebHouse) -> None:
    source = eight_bit([[100, 100]])
    reference = item(ReferencedSOPInstanceUID=source.SOPInstanceUID)
    derivation = item(SourceImageSequence=Sequence([reference]))
    segment = item(SegmentNumber=1, RecommendedDisplayCIELabValue=[65535, 32896, 32896])
    drawn = eight_bit(
        [[0, 1]],
        SOPClassUID=STORAGE + "66.7",
        SegmentationType="LABELMAP",
        SegmentSequence=Sequence([segment]),
        PerFrameFunctionalGroupsSequence=Sequence([item(DerivationImageSequence=Sequence([derivation]))]),
    )
    path = store(house, *one_study(drawn, source))
    for resource in ("/rendered", "/frames/1/rendered"):
        assert levels(get(house, path + resource))[0, :, 0].tolist() == [100, 178]
    assert get(house, path + "/frames/2/rendered").status == 404


def test_what_is_made_of_other_objects_too_has_no_entity_tag(house: WebHouse) -> None:
    image = eight_bit([[0]])
    path = store(house, *one_study(state(image), image))
    reply = get(house, path + "/rendered")
    assert "etag" not in reply.headers
    assert get(house, path + "/rendered", **{"if-none-match": "*"}).status == 200


def test_the_picture_follows_the_image_that_it_shows(house: WebHouse) -> None:
    image = eight_bit([[10]])
    path = store(house, *one_study(state(image), image))
    assert levels(get(house, path + "/rendered")).tolist() == [[10]]
    del house.archive.files[image.SOPInstanceUID]
    assert picture_of(get(house, path + "/rendered")).size == (512, 512)


def test_a_slide_is_one_picture_and_each_frame_a_tile(house: WebHouse) -> None:
    path = store(house, slide())
    assert picture_of(get(house, path + "/rendered")).size == (12, 8)
    assert picture_of(get(house, path + "/frames/2/rendered")).size == (4, 4)
    assert picture_of(get(house, path + "/thumbnail?viewport=6,4")).size == (6, 4)
    assert picture_of(get(house, path + "/rendered?viewport=4,3,6,2,4,3")).size == (4, 3)
    assert get(house, path + "/rendered?viewport=4,3,60,2,4,3").status == 400


def test_a_small_picture_of_a_slide_is_made_of_a_smaller_level(house: WebHouse) -> None:
    whole, small = slide(), slide()
    small.TotalPixelMatrixColumns, small.TotalPixelMatrixRows, small.NumberOfFrames = 6, 4, 2
    small.PixelData = b"\7" * 96
    small.SeriesInstanceUID = whole.SeriesInstanceUID
    path = store(house, *one_study(whole, small))
    assert (levels(get(house, path + "/rendered?viewport=6,4")) == 7).all()
    assert (levels(get(house, path + "/rendered?viewport=12,8")) != 7).any()
    assert (levels(get(house, path + "/rendered?viewport=6,4,0,0,6,4")) != 7).any()


def test_dose_lies_over_the_image_of_its_place_where_it_refers_to_none(house: WebHouse) -> None:
    place = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [1, 1], "FrameOfReferenceUID": "1.2.3"}
    images = [
        eight_bit([[level]], ImagePositionPatient=[0, 0, z], **place) for level, z in ((60, 0), (80, 3), (100, 6))
    ]
    dose = ct_image(
        SOPClassUID=STORAGE + "481.2",
        Rows=1,
        Columns=1,
        NumberOfFrames=2,
        PixelData=np.array([2000, 2000], "<u2").tobytes(),
        GridFrameOffsetVector=[0, 3.4],
        ImagePositionPatient=[0, 0, 0],
        **place,
    )
    path = store(house, *one_study(dose, *images))
    red = [levels(get(house, f"{path}/frames/{frame}/rendered"))[0, 0].tolist() for frame in (1, 2)]
    assert red == [[158, 30, 30], [168, 40, 40]]
    for image in images:
        del house.archive.files[image.SOPInstanceUID]
    assert levels(get(house, f"{path}/frames/1/rendered"))[0, 0].tolist() == [255, 0, 0]
