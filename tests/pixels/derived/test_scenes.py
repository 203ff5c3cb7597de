"""Pictures of several objects or frames, against values computed from the objects."""

from collections.abc import Sequence

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from filmless.pixels.errors import CannotRender
from filmless.pixels.view import View, Viewport
from objects import ct_image
from pixels.derived.scene import bare, picture, scene

STORAGE = "1.2.840.10008.5.1.4.1.1."
PLANE = {"ImagePositionPatient": [0, 0, 0], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [1, 1]}


def item(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def eight_bit(levels: Sequence[Sequence[int]], **values: object) -> Dataset:
    """An image whose grey levels are its values."""
    pixels = np.array(levels, np.uint8)
    layout = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "WindowCenter": "128", "WindowWidth": "256"}
    size = {"Rows": pixels.shape[0], "Columns": pixels.shape[1], "PixelData": pixels.tobytes()}
    return ct_image(**{**layout, **size, **values})


def state(image: Dataset, sop_class: str = "11.1", **values: object) -> Dataset:
    """A presentation state that shows an image as it is."""
    reference = item(ReferencedSOPInstanceUID=image.SOPInstanceUID, ReferencedSOPClassUID=image.SOPClassUID)
    series = item(SeriesInstanceUID=image.SeriesInstanceUID, ReferencedImageSequence=Items([reference]))
    made = ct_image(SOPClassUID=STORAGE + sop_class, Modality="PR", ReferencedSeriesSequence=Items([series]), **values)
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(made, keyword)
    if sop_class == "11.1" and "PresentationLUTSequence" not in made:
        made.PresentationLUTShape = values.get("PresentationLUTShape", "IDENTITY")
    return made


def through(image: Dataset, presentation: Dataset, frames: tuple[int, ...] = (0,)) -> np.ndarray:  # type: ignore[type-arg]
    return picture((bare(presentation), ()), (image, frames))


def test_a_state_without_voi_shows_the_whole_range_whatever_the_image_says() -> None:
    image = eight_bit([[0, 100, 255]], WindowCenter="10", WindowWidth="5", PhotometricInterpretation="MONOCHROME1")
    assert through(image, state(image)).tolist() == [[0, 100, 255]]
    assert through(image, state(image, PresentationLUTShape="INVERSE")).tolist() == [[255, 155, 0]]


def test_the_window_and_rescale_of_a_state_go_before_those_of_the_image() -> None:
    image = eight_bit([[0, 50, 100]], RescaleSlope="7", RescaleIntercept="-9")
    voi = Items([item(WindowCenter="100.5", WindowWidth="201")])
    presentation = state(image, RescaleSlope="2", RescaleIntercept="0", SoftcopyVOILUTSequence=voi)
    assert through(image, presentation).tolist() == [[0, 128, 255]]


def test_a_window_for_another_image_is_not_taken() -> None:
    image = eight_bit([[0, 50, 255]])
    other = item(ReferencedSOPInstanceUID="1.2.3")
    voi = Items([item(WindowCenter="1", WindowWidth="1", ReferencedImageSequence=Items([other]))])
    assert through(image, state(image, SoftcopyVOILUTSequence=voi)).tolist() == [[0, 50, 255]]


def test_a_presentation_table_gives_the_p_values() -> None:
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [256, 0, 16])
    table.add_new("LUTData", "US", [65535 - value * 257 for value in range(256)])
    image = eight_bit([[0, 100, 255]])
    presentation = state(image, PresentationLUTSequence=Items([table]))
    assert through(image, presentation).tolist() == [[255, 155, 0]]


def test_pseudo_colour_maps_the_window_into_a_palette() -> None:
    image = eight_bit([[0, 128, 255]])
    presentation = state(image, "11.3", PaletteColorLookupTableUID="1.2.840.10008.1.5.1")
    assert through(image, presentation).tolist() == [[[0, 0, 0], [255, 0, 0], [255, 255, 255]]]


def test_a_colour_state_turns_a_colour_image() -> None:
    image = eight_bit([[0]], PhotometricInterpretation="RGB", SamplesPerPixel=3, PlanarConfiguration=0)
    image.Rows, image.Columns, image.PixelData = 1, 2, bytes((255, 0, 0, 0, 0, 255))
    presentation = state(image, "11.2", ImageRotation=90, ImageHorizontalFlip="N")
    assert through(image, presentation).tolist() == [[[255, 0, 0]], [[0, 0, 255]]]


def test_the_shutter_of_a_state_hides_and_the_displayed_area_cuts() -> None:
    image = eight_bit([[10, 20, 30, 40], [50, 60, 70, 80]])
    edges = {"ShutterLeftVerticalEdge": 2, "ShutterRightVerticalEdge": 4}
    edges |= {"ShutterUpperHorizontalEdge": 1, "ShutterLowerHorizontalEdge": 1}
    area = item(DisplayedAreaTopLeftHandCorner=[1, 1], DisplayedAreaBottomRightHandCorner=[3, 2])
    presentation = state(
        image,
        ShutterShape="RECTANGULAR",
        ShutterPresentationValue=0xFFFF,
        DisplayedAreaSelectionSequence=Items([area]),
        **edges,
    )
    assert through(image, presentation).tolist() == [[255, 20, 30], [255, 255, 255]]


def test_masks_are_subtracted() -> None:
    image = eight_bit([[10, 20], [30, 40], [40, 40]], NumberOfFrames=3, Rows=1)
    voi = Items([item(WindowCenter="0", WindowWidth="100", VOILUTFunction="LINEAR_EXACT")])
    masks = Items([item(MaskOperation="AVG_SUB", MaskFrameNumbers=[1, 2])])
    presentation = state(image, SoftcopyVOILUTSequence=voi, MaskSubtractionSequence=masks)
    shown = through(image, presentation, (2, 0, 1))  # 40 - 20, 40 - 30
    assert shown.tolist() == [[round(0.7 * 255), round(0.6 * 255)]]


def test_an_image_shows_its_own_overlays_in_white_and_its_shutter() -> None:
    image = eight_bit([[10, 20, 30]], ShutterShape="RECTANGULAR", ShutterLeftVerticalEdge=1)
    image.ShutterRightVerticalEdge, image.ShutterUpperHorizontalEdge, image.ShutterLowerHorizontalEdge = 2, 1, 1
    for element, vr, value in ((0x10, "US", 1), (0x11, "US", 1), (0x40, "CS", "G"), (0x50, "SS", [1, 2])):
        image.add_new(0x60000000 | element, vr, value)
    image.add_new(0x60003000, "OW", b"\1\0")
    assert picture((image, (0,))).tolist() == [[10, 255, 0]]


def segmentation(
    planes: Sequence[Sequence[int]], segments: Sequence[int], z: Sequence[float], **more: object
) -> Dataset:
    """Frames of one row, 8 bits, fractional."""
    frames = [
        item(
            SegmentIdentificationSequence=Items([item(ReferencedSegmentNumber=segment)]),
            PlanePositionSequence=Items([item(ImagePositionPatient=[0, 0, at])]),
        )
        for segment, at in zip(segments, z, strict=True)
    ]
    shared = item(
        PixelMeasuresSequence=Items([item(PixelSpacing=[1, 1])]),
        PlaneOrientationSequence=Items([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
    )
    described = [item(SegmentNumber=1, RecommendedDisplayCIELabValue=[65535, 32896, 32896]), item(SegmentNumber=2)]
    values = {
        "SOPClassUID": STORAGE + "66.4",
        "SegmentationType": "FRACTIONAL",
        "MaximumFractionalValue": 100,
        "NumberOfFrames": len(planes),
        "SegmentSequence": Items(described),
        "PerFrameFunctionalGroupsSequence": Items(frames),
        "SharedFunctionalGroupsSequence": Items([shared]),
    }
    return eight_bit(planes, **{**values, "Rows": 1})


def test_segments_lie_over_their_source_each_in_its_colour() -> None:
    source = eight_bit([[100, 100, 100]], **PLANE)
    drawn = segmentation([[0, 100, 50], [0, 0, 0]], [1, 2], [0, 0])
    seen = picture((drawn, (0, 1)), (source, (0,)))
    white = 100 + (255 - 100) * 0.5
    assert seen[0, :, 0].tolist() == [100, round(white), round(100 + (255 - 100) * 0.25)]


def test_segments_are_found_on_a_source_of_another_grid() -> None:
    source = eight_bit([[100] * 4] * 2, **{**PLANE, "ImagePositionPatient": [-1, 0, 0]})
    drawn = segmentation([[100, 0, 0]], [1], [0])
    assert np.argwhere(picture((drawn, (0,)), (source, (0,)))[:, :, 0] != 100).tolist() == [[0, 1]]


def test_segments_without_a_source_stand_on_black() -> None:
    drawn = segmentation([[100, 0], [0, 100]], [1, 1], [0, 0])
    assert picture((drawn, (0, 1)))[0, :, 0].tolist() == [255, 255]
    assert picture((drawn, (0,)))[0, :, 0].tolist() == [255, 0]


def test_a_source_that_cannot_be_decoded_is_left_out() -> None:
    source = eight_bit([[100, 100]], **PLANE)
    source.PixelData = b""
    assert picture((segmentation([[100, 0]], [1], [0]), (0,)), (source, (0,)))[0, :, 0].tolist() == [255, 0]


def test_dose_is_washed_over_its_source_on_the_scale_of_all_frames() -> None:
    dose = ct_image(
        SOPClassUID=STORAGE + "481.2",
        Rows=1,
        Columns=2,
        NumberOfFrames=2,
        DoseGridScaling="0.5",
        PixelData=np.array([0, 1000, 0, 2000], "<u2").tobytes(),
        GridFrameOffsetVector=[0, 3],
        **PLANE,
    )
    source = eight_bit([[60, 60]], **PLANE)
    assert picture((dose, (0, 1)))[0].tolist() == [[0, 0, 0], [0, 220, 0]]
    assert picture((dose, (0, 1)), (source, (0,)))[0].tolist() == [[60, 60, 60], [30, 140, 30]]


def test_a_parametric_map_is_seen_in_colours() -> None:
    values = np.array([0, 0.5, 1], np.float32)
    quantity = ct_image(SOPClassUID=STORAGE + "30", Rows=1, Columns=3, BitsAllocated=32)
    del quantity.PixelData
    quantity.FloatPixelData = values.tobytes()
    quantity.WindowCenter, quantity.WindowWidth = "0.5", "1"
    assert picture((quantity, (0,))).tolist() == [[[0, 0, 0], [255, 0, 0], [255, 255, 255]]]


WHOLE = np.arange(8 * 12 * 3, dtype=np.uint16).reshape(8, 12, 3).astype(np.uint8)


def slide() -> Dataset:
    """The array WHOLE in 2 x 3 tiles of 4 x 4 pixels."""
    tiles = [WHOLE[row : row + 4, column : column + 4] for row in (0, 4) for column in (0, 4, 8)]
    return eight_bit(
        [[0]],
        SOPClassUID=STORAGE + "77.1.6",
        TotalPixelMatrixColumns=12,
        TotalPixelMatrixRows=8,
        Rows=4,
        Columns=4,
        NumberOfFrames=6,
        DimensionOrganizationType="TILED_FULL",
        PhotometricInterpretation="RGB",
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PixelData=b"".join(tile.tobytes() for tile in tiles),
    )


def test_a_slide_is_put_together_of_its_tiles() -> None:
    assert (picture((slide(), tuple(range(6)))) == WHOLE).all()


def test_a_region_of_a_slide_takes_the_tiles_that_it_touches() -> None:
    view = View(viewport=Viewport(4, 3, 6, 2, 4, 3))
    assert (picture((slide(), (1, 2, 4, 5)), view=view) == WHOLE[2:5, 6:10]).all()


@pytest.mark.parametrize("numbers", [(), (99,)])
def test_frames_that_are_not_there_are_told(numbers: tuple[int, ...]) -> None:
    assert isinstance(scene((slide(), numbers or (99,))), CannotRender)


def test_a_state_without_its_image_has_no_picture_but_a_card() -> None:
    assert picture((bare(state(ct_image())), ())).shape[:2] == (512, 512)
