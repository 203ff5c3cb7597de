"""Presentation states over stored images, against what the formulas of PS3.3 C.7 to C.11 and PS3.4 N.2 give."""

from collections.abc import Sequence
from urllib.parse import urlencode

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from objects import ct_image
from pixels.derived.test_scenes import STORAGE, item, state
from servers.dicomweb.render.test_rendered import get, levels, parts, store
from servers.dicomweb.render.test_scenes import one_study
from web_house import WebHouse

Numbers = NDArray[np.float64]
ROWS, COLUMNS = 12, 16
VALUES = np.random.default_rng(7).integers(0, 4096, (ROWS, COLUMNS))
ROW, COLUMN = np.mgrid[1 : ROWS + 1, 1 : COLUMNS + 1]
CSS_PIXEL = 25.4 / 96  # mm


def twelve_bit(values: NDArray[np.int64] = VALUES, **more: object) -> Dataset:
    """An image whose own window and photometric interpretation must not matter to a state."""
    frames = values if values.ndim == 3 else values[None]
    own = {"BitsStored": 12, "HighBit": 11, "WindowCenter": "7", "WindowWidth": "3", "NumberOfFrames": len(frames)}
    size = {"Rows": values.shape[-2], "Columns": values.shape[-1], "PixelData": frames.astype("<u2").tobytes()}
    return ct_image(**{**own, **size, "PixelRepresentation": 0, "RescaleSlope": "9", "RescaleIntercept": "5", **more})


def table(entries: Sequence[int], first: int = 0, bits: int = 16) -> Items:
    made = Dataset()
    made.add_new("LUTDescriptor", "US", [len(entries) % 65536, first, bits])
    made.add_new("LUTData", "OW", np.array(entries, "<u2").tobytes())
    return Items([made])


def palette(*channels: Sequence[int]) -> dict[str, object]:
    made: dict[str, object] = {}
    for colour, entries in zip(("Red", "Green", "Blue"), channels, strict=True):
        made[f"{colour}PaletteColorLookupTableDescriptor"] = [len(entries), 0, 16]
        made[f"{colour}PaletteColorLookupTableData"] = np.array(entries, "<u2").tobytes()
    return made


def voi(**values: object) -> Items:
    return Items([item(**values)])


def linear(values: Numbers, centre: float, width: float) -> Numbers:
    """C.11.2.1.2.1, to 0 to 1."""
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def eight(values: Numbers) -> Numbers:
    return np.rint(np.clip(values, 0, 1) * 255)


WHOLE = eight(VALUES / 4095)
MODALITY = [min(65535, 16 * each + 5) for each in range(4096)]
VOI_TABLE = [255 - abs(each - 255) // 2 for each in range(512)]
P_TABLE = [4095 * each * each // (255 * 255) for each in range(256)]

GREY: dict[str, tuple[dict[str, object], Numbers]] = {
    "nothing: the whole range": ({}, WHOLE),
    "presentation LUT inverse": ({"PresentationLUTShape": "INVERSE"}, 255 - WHOLE),
    "modality LUT": (
        {
            "ModalityLUTSequence": table(MODALITY),
            "SoftcopyVOILUTSequence": voi(WindowCenter="30000", WindowWidth="40000"),
        },
        eight(linear(np.array(MODALITY)[VALUES], 30000, 40000)),
    ),
    "modality LUT that begins later, and the first entry below it": (
        {
            "ModalityLUTSequence": table(MODALITY[1000:3000], first=1000),
            "SoftcopyVOILUTSequence": voi(WindowCenter="30000", WindowWidth="40000"),
        },
        eight(linear(np.array(MODALITY)[np.clip(VALUES, 1000, 2999)], 30000, 40000)),
    ),
    "rescale and linear window": (
        {
            "RescaleSlope": "2",
            "RescaleIntercept": "-1000",
            "SoftcopyVOILUTSequence": voi(WindowCenter="900", WindowWidth="3000"),
        },
        eight(linear(VALUES * 2.0 - 1000, 900, 3000)),
    ),
    "exact window": (
        {"SoftcopyVOILUTSequence": voi(WindowCenter="1000", WindowWidth="500", VOILUTFunction="LINEAR_EXACT")},
        eight((VALUES - 1000) / 500 + 0.5),
    ),
    "sigmoid window": (
        {"SoftcopyVOILUTSequence": voi(WindowCenter="2000", WindowWidth="1500", VOILUTFunction="SIGMOID")},
        eight(1 / (1 + np.exp(-4 * (VALUES - 2000) / 1500))),
    ),
    "VOI LUT": (
        {
            "RescaleSlope": "0.25",
            "RescaleIntercept": "0",
            "SoftcopyVOILUTSequence": voi(VOILUTSequence=table(VOI_TABLE, first=300, bits=8)),
        },
        eight(np.array(VOI_TABLE)[np.clip(VALUES // 4 - 300, 0, 511)] / 255),
    ),
    "presentation LUT table": (
        {"PresentationLUTSequence": table(P_TABLE, bits=12)},
        eight(np.array(P_TABLE)[np.rint(VALUES / 4095 * 255).astype(int)] / 4095),
    ),
    "rectangular shutter": (
        {
            "ShutterShape": "RECTANGULAR",
            "ShutterLeftVerticalEdge": "3",
            "ShutterRightVerticalEdge": "10",
            "ShutterUpperHorizontalEdge": "2",
            "ShutterLowerHorizontalEdge": "9",
            "ShutterPresentationValue": 25700,
        },
        np.where((COLUMN >= 3) & (COLUMN <= 10) & (ROW >= 2) & (ROW <= 9), WHOLE, 100),
    ),
    "circular shutter": (
        {
            "ShutterShape": "CIRCULAR",
            "CenterOfCircularShutter": ["6", "8"],
            "RadiusOfCircularShutter": "4",
            "ShutterPresentationValue": 0,
        },
        np.where((ROW - 6) ** 2 + (COLUMN - 8) ** 2 <= 16, WHOLE, 0),
    ),
    "polygonal shutter": (  # a right triangle: its edges lie on pixels or between them without ambiguity
        {
            "ShutterShape": "POLYGONAL",
            "VerticesOfThePolygonalShutter": ["1", "1", "11", "1", "11", "11"],
            "ShutterPresentationValue": 65535,
        },
        np.where((COLUMN <= ROW) & (ROW <= 11), WHOLE, 255),
    ),
    "rectangle and circle: what either hides": (
        {
            "ShutterShape": ["RECTANGULAR", "CIRCULAR"],
            "ShutterLeftVerticalEdge": "1",
            "ShutterRightVerticalEdge": "8",
            "ShutterUpperHorizontalEdge": "1",
            "ShutterLowerHorizontalEdge": "12",
            "CenterOfCircularShutter": ["6", "8"],
            "RadiusOfCircularShutter": "5",
            "ShutterPresentationValue": 0,
        },
        np.where(((ROW - 6) ** 2 + (COLUMN - 8) ** 2 <= 25) & (COLUMN <= 8), WHOLE, 0),
    ),
    "turned clockwise": ({"ImageRotation": 90, "ImageHorizontalFlip": "N"}, np.rot90(WHOLE, -1)),
    "turned, then flipped": ({"ImageRotation": 90, "ImageHorizontalFlip": "Y"}, np.fliplr(np.rot90(WHOLE, -1))),
    "turned by 270 and flipped": ({"ImageRotation": 270, "ImageHorizontalFlip": "Y"}, np.fliplr(np.rot90(WHOLE, 1))),
    "displayed area": (
        {
            "DisplayedAreaSelectionSequence": Items(
                [
                    item(
                        DisplayedAreaTopLeftHandCorner=[3, 2],
                        DisplayedAreaBottomRightHandCorner=[10, 9],
                        PresentationSizeMode="SCALE TO FIT",
                        PresentationPixelAspectRatio=[1, 1],
                    )
                ]
            )
        },
        WHOLE[1:9, 2:10],
    ),
    "displayed area of a turned image: its corners are those that are seen": (
        {
            "ImageRotation": 180,
            "ImageHorizontalFlip": "N",
            "DisplayedAreaSelectionSequence": Items(
                [
                    item(
                        DisplayedAreaTopLeftHandCorner=[10, 9],
                        DisplayedAreaBottomRightHandCorner=[3, 2],
                        PresentationSizeMode="SCALE TO FIT",
                        PresentationPixelAspectRatio=[1, 1],
                    )
                ]
            ),
        },
        WHOLE[1:9, 2:10][::-1, ::-1],
    ),
    "displayed area beyond the image": (
        {
            "DisplayedAreaSelectionSequence": Items(
                [
                    item(
                        DisplayedAreaTopLeftHandCorner=[-1, 0],
                        DisplayedAreaBottomRightHandCorner=[18, 12],
                        PresentationSizeMode="SCALE TO FIT",
                        PresentationPixelAspectRatio=[1, 1],
                    )
                ]
            )
        },
        np.pad(WHOLE, ((1, 0), (2, 2))),
    ),
}


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def close(reply_levels: NDArray[np.uint8], expected: Numbers, within: float = 1) -> None:
    """Equal but for a level, which rounding in another order may give."""
    assert reply_levels.shape == expected.shape
    assert np.abs(reply_levels.astype(float) - expected).max() <= within


def through_uri(house: WebHouse, image: Dataset, presentation: Dataset) -> NDArray[np.uint8]:
    """The image asked for by WADO-URI, shown through a state (PS3.18 9.5.12)."""
    fields = {
        "requestType": "WADO",
        "studyUID": image.StudyInstanceUID,
        "seriesUID": image.SeriesInstanceUID,
        "objectUID": image.SOPInstanceUID,
        "contentType": "image/png",
        "presentationUID": presentation.SOPInstanceUID,
        "presentationSeriesUID": presentation.SeriesInstanceUID,
    }
    return levels(
        house.ask("GET", f"/dicomweb/wado?{urlencode(fields)}", role="radiologist", headers={"accept": "image/png"})
    )


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize("case", GREY)
def test_a_grey_scale_state_gives_what_the_standard_computes(house: WebHouse, case: str, photometric: str) -> None:
    values, expected = GREY[case]
    image = twelve_bit(PhotometricInterpretation=photometric)
    presentation = state(image, **values)
    path = store(house, *one_study(presentation, image))
    close(levels(get(house, path + "/rendered")), expected)
    close(through_uri(house, image, presentation), expected)


def test_a_bitmap_shutter_hides_what_its_overlay_marks(house: WebHouse) -> None:
    image = twelve_bit()
    presentation = state(image, ShutterShape="BITMAP", ShutterOverlayGroup=0x6002, ShutterPresentationValue=32896)
    hidden = (ROW + COLUMN) % 3 == 0
    bits = np.packbits(hidden.reshape(-1), bitorder="little").tobytes()
    for element, vr, value in (
        (0x0010, "US", ROWS),
        (0x0011, "US", COLUMNS),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x3000, "OW", bits),
    ):
        presentation.add_new(0x60020000 | element, vr, value)
    path = store(house, *one_study(presentation, image))
    close(levels(get(house, path + "/rendered")), np.where(hidden, 128, WHOLE))


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({"PresentationSizeMode": "MAGNIFY", "PresentationPixelMagnificationRatio": 4.0}, (64, 48)),
        ({"PresentationSizeMode": "TRUE SIZE", "PresentationPixelSpacing": [str(3 * CSS_PIXEL)[:16]] * 2}, (48, 36)),
        ({"PresentationSizeMode": "SCALE TO FIT", "PresentationPixelAspectRatio": [2, 1]}, (16, 24)),
    ],
)
def test_the_size_mode_says_how_large(house: WebHouse, values: dict[str, object], size: tuple[int, int]) -> None:
    steps = np.repeat(np.repeat(np.array([[0, 4095], [4095, 0]]), ROWS // 2, 0), COLUMNS // 2, 1)
    image = twelve_bit(steps)
    ends = {"DisplayedAreaTopLeftHandCorner": [1, 1], "DisplayedAreaBottomRightHandCorner": [COLUMNS, ROWS]}
    presentation = state(image, DisplayedAreaSelectionSequence=Items([item(**ends, **values)]))
    path = store(house, *one_study(presentation, image))
    shown = levels(get(house, path + "/rendered"))
    assert shown.shape[::-1] == size
    height, width = shown.shape
    quarters = shown[height // 4 :: height // 2, width // 4 :: width // 2]
    assert quarters.tolist() == [[0, 255], [255, 0]]


def filled(units: str, *points: tuple[float, float]) -> dict[str, object]:
    """A filled polygon in a layer of its own colour."""
    flat = [float(number) for point in (*points, points[0]) for number in point]
    graphic = item(
        GraphicAnnotationUnits=units,
        GraphicDimensions=2,
        NumberOfGraphicPoints=len(points) + 1,
        GraphicData=flat,
        GraphicType="POLYLINE",
        GraphicFilled="Y",
    )
    layer = item(GraphicLayer="ONE", GraphicLayerOrder=1, GraphicLayerRecommendedDisplayGrayscaleValue=65535)
    annotation = item(GraphicLayer="ONE", GraphicObjectSequence=Items([graphic]))
    return {"GraphicAnnotationSequence": Items([annotation]), "GraphicLayerSequence": Items([layer])}


SQUARE = ((10.0, 20.0), (30.0, 20.0), (30.0, 40.0), (10.0, 40.0))
PART = {
    "DisplayedAreaTopLeftHandCorner": [1, 1],
    "DisplayedAreaBottomRightHandCorner": [100, 80],
    "PresentationSizeMode": "SCALE TO FIT",
    "PresentationPixelAspectRatio": [1, 1],
}
DRAWN: dict[str, tuple[dict[str, object], str, tuple[int, int, int, int]]] = {
    "pixels": ({}, "", (10, 20, 30, 40)),
    "pixels, turned": ({"ImageRotation": 90, "ImageHorizontalFlip": "N"}, "", (40, 10, 60, 30)),
    "pixels, turned and flipped": ({"ImageRotation": 90, "ImageHorizontalFlip": "Y"}, "", (20, 10, 40, 30)),
    "pixels, twice as large": ({}, "?viewport=200,160", (20, 40, 60, 80)),
    "display": ({}, "", (10, 16, 30, 32)),
    "display, turned: relative to what is seen": (
        {"ImageRotation": 90, "ImageHorizontalFlip": "N"},
        "",
        (8, 20, 24, 40),
    ),
    "display, of an area of which the viewport shows a part": (
        {},
        "?viewport=50,40,0,0,50,40",
        (10, 16, 30, 32),
    ),
}


@pytest.mark.parametrize("case", DRAWN)
def test_graphics_lie_where_their_units_say(house: WebHouse, case: str) -> None:
    values, query, (left, top, right, bottom) = DRAWN[case]
    image = twelve_bit(np.zeros((80, 100), np.int64))
    square = SQUARE if case.startswith("pixels") else tuple((x / 100, y / 100) for x, y in SQUARE)
    units = "PIXEL" if case.startswith("pixels") else "DISPLAY"
    area = {"DisplayedAreaSelectionSequence": Items([item(**PART)])}
    presentation = state(image, **values, **area, **filled(units, *square))
    path = store(house, *one_study(presentation, image))
    shown = levels(get(house, path + "/rendered" + query))[:, :, 0]
    rows, columns = np.nonzero(shown > 127)
    found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert np.abs(np.subtract(found, (left, top, right, bottom))).max() <= 1  # half of the line's width
    assert (shown[top + 2 : bottom - 2, left + 2 : right - 2] == 255).all()


def test_text_stands_in_its_box(house: WebHouse) -> None:
    image = twelve_bit(np.zeros((80, 100), np.int64))
    words = item(
        BoundingBoxAnnotationUnits="PIXEL",
        UnformattedTextValue="MM",
        BoundingBoxTopLeftHandCorner=[20.0, 30.0],
        BoundingBoxBottomRightHandCorner=[80.0, 60.0],
        BoundingBoxTextHorizontalJustification="LEFT",
    )
    layer = item(GraphicLayer="ONE", GraphicLayerOrder=1)
    annotation = item(GraphicLayer="ONE", TextObjectSequence=Items([words]))
    drawn = {"GraphicAnnotationSequence": Items([annotation]), "GraphicLayerSequence": Items([layer])}
    path = store(house, *one_study(state(image, **drawn), image))
    rows, columns = np.nonzero(levels(get(house, path + "/rendered"))[:, :, 0] > 127)
    assert rows.size > 50
    assert rows.min() >= 29
    assert rows.max() <= 60
    assert 19 <= columns.min() <= 26


def test_each_frame_that_a_state_refers_to_is_shown_as_it_says_of_it(house: WebHouse) -> None:
    frames = np.stack([VALUES, VALUES[::-1], VALUES[:, ::-1]])
    image = twelve_bit(frames)
    first, third = (
        item(ReferencedSOPInstanceUID=image.SOPInstanceUID, ReferencedFrameNumber=number) for number in (1, 3)
    )
    windows = Items(
        [
            item(WindowCenter="1000", WindowWidth="1000", ReferencedImageSequence=Items([first])),
            item(WindowCenter="3000", WindowWidth="500", ReferencedImageSequence=Items([third])),
        ]
    )
    presentation = state(image, SoftcopyVOILUTSequence=windows)
    presentation.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedFrameNumber = [1, 3]
    path = store(house, *one_study(presentation, image))
    shown = parts(get(house, path + "/rendered", 'multipart/related; type="image/png"'))
    assert len(shown) == 2
    close(np.asarray(shown[0][2]), eight(linear(frames[0], 1000, 1000)))
    close(np.asarray(shown[1][2]), eight(linear(frames[2], 3000, 500)))
    close(levels(get(house, path + "/frames/2/rendered")), eight(linear(frames[2], 3000, 500)))


RED, GREEN, BLUE = (
    [257 * each for each in range(256)],
    [65535 - 257 * each for each in range(256)],
    [65535 if each > 99 else 0 for each in range(256)],
)
COLOURS = np.stack([RED, GREEN, BLUE], axis=1) / 65535


def test_pseudo_colour_gives_the_window_the_whole_palette(house: WebHouse) -> None:
    image = twelve_bit(PhotometricInterpretation="MONOCHROME1")
    presentation = state(
        image,
        "11.3",
        SoftcopyVOILUTSequence=voi(WindowCenter="2000", WindowWidth="3001"),
        ImageRotation=90,
        ImageHorizontalFlip="N",
        **palette(RED, GREEN, BLUE),
    )
    entry = np.rint(linear(VALUES, 2000, 3001) * 255).astype(int)
    expected = np.rot90(np.rint(COLOURS[entry] * 255), -1)
    path = store(house, *one_study(presentation, image))
    close(levels(get(house, path + "/rendered")), expected)
    close(through_uri(house, image, presentation), expected)


def test_a_colour_state_leaves_the_colours_and_turns_what_it_shows(house: WebHouse) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (ROWS, COLUMNS, 3)).astype(np.uint8)
    image = ct_image(
        Rows=ROWS,
        Columns=COLUMNS,
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation="RGB",
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
        PixelData=pixels.tobytes(),
        SOPClassUID=STORAGE + "7",
    )
    area = item(
        DisplayedAreaTopLeftHandCorner=[5, 12],
        DisplayedAreaBottomRightHandCorner=[12, 1],
        PresentationSizeMode="SCALE TO FIT",
        PresentationPixelAspectRatio=[1, 1],
    )
    presentation = state(
        image, "11.2", ImageRotation=90, ImageHorizontalFlip="N", DisplayedAreaSelectionSequence=Items([area])
    )
    expected = np.rot90(pixels[:, 4:12], -1).astype(float)
    path = store(house, *one_study(presentation, image))
    close(levels(get(house, path + "/rendered")), expected, 0)
    close(through_uri(house, image, presentation), expected, 0)


def blending(under: Sequence[Dataset], over: Sequence[Dataset], opacity: float, **values: object) -> Dataset:
    """A blending state: each set in a window of its own (PS3.3 C.11.14)."""
    presentation = state(under[0], "11.4", RelativeOpacity=opacity, **palette(RED, GREEN, BLUE), **values)
    del presentation.ReferencedSeriesSequence
    positions = (
        ("UNDERLYING", under, {"SoftcopyVOILUTSequence": voi(WindowCenter="2048", WindowWidth="4096")}),
        (
            "SUPERIMPOSED",
            over,
            {
                "RescaleSlope": "2",
                "RescaleIntercept": "-100",
                "SoftcopyVOILUTSequence": voi(WindowCenter="4000", WindowWidth="7000"),
            },
        ),
    )
    presentation.BlendingSequence = Items(
        [
            item(
                BlendingPosition=position,
                StudyInstanceUID=images[0].StudyInstanceUID,
                ReferencedSeriesSequence=Items(
                    [
                        item(
                            SeriesInstanceUID=images[0].SeriesInstanceUID,
                            ReferencedImageSequence=Items(
                                [
                                    item(
                                        ReferencedSOPClassUID=each.SOPClassUID,
                                        ReferencedSOPInstanceUID=each.SOPInstanceUID,
                                    )
                                    for each in images
                                ]
                            ),
                        )
                    ]
                ),
                **said,
            )
            for position, images, said in positions
        ]
    )
    return presentation


def mixed(under: Numbers, over: Numbers, opacity: float) -> Numbers:
    """PS3.4 N.2.4.3, without turning anything."""
    grey = linear(under, 2048, 4096)[:, :, None]
    colours = COLOURS[np.rint(linear(over * 2.0 - 100, 4000, 7000) * 255).astype(int)]
    return np.asarray(255 * (colours * opacity + grey * (1 - opacity)))


OTHER = np.random.default_rng(8).integers(0, 4096, (ROWS, COLUMNS))


@pytest.mark.parametrize("opacity", [0.0, 0.25, 1.0])
def test_blending_mixes_grey_and_colours_by_the_opacity(house: WebHouse, opacity: float) -> None:
    under, over = twelve_bit(PhotometricInterpretation="MONOCHROME1"), twelve_bit(OTHER)
    presentation = blending([under], [over], opacity, ImageRotation=180, ImageHorizontalFlip="Y")
    path = store(house, *one_study(presentation, under, over))
    expected = np.fliplr(np.rot90(mixed(VALUES, OTHER, opacity), 2))
    close(levels(get(house, path + "/rendered")), expected)
    close(through_uri(house, under, presentation), expected)


def test_blended_images_of_other_grids_meet_where_they_lie_in_the_patient(house: WebHouse) -> None:
    place = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "FrameOfReferenceUID": "1.2.3"}
    under = twelve_bit(ImagePositionPatient=[0, 0, 5], PixelSpacing=[1, 1], **place)
    coarse = OTHER[:4, :4]
    wrong, right = (
        twelve_bit(values, ImagePositionPatient=[4.5, 2.5, z], PixelSpacing=[2, 2], **place)
        for values, z in ((coarse * 0, 0), (coarse, 5.5))
    )
    presentation = blending([under], [wrong, right], 0.5)
    path = store(house, *one_study(presentation, under, wrong, right))
    fine = np.zeros((ROWS, COLUMNS))
    fine[2:10, 4:12] = np.repeat(np.repeat(coarse, 2, 0), 2, 1)
    covered = np.zeros((ROWS, COLUMNS, 1), bool)
    covered[2:10, 4:12] = True
    expected = np.where(covered, mixed(VALUES, fine, 0.5), mixed(VALUES, fine, 0))
    close(levels(get(house, path + "/rendered")), expected)


def test_each_lower_image_is_blended_with_the_upper_one_of_its_rank(house: WebHouse) -> None:
    lower, upper = [twelve_bit(), twelve_bit(OTHER)], [twelve_bit(OTHER[::-1]), twelve_bit(VALUES[::-1])]
    presentation = blending(lower, upper, 0.5)
    path = store(house, *one_study(presentation, *lower, *upper))
    shown = parts(get(house, path + "/rendered", 'multipart/related; type="image/png"'))
    assert len(shown) == 2
    close(np.asarray(shown[0][2]), mixed(VALUES, OTHER[::-1], 0.5))
    close(np.asarray(shown[1][2]), mixed(OTHER, VALUES[::-1], 0.5))
    assert get(house, path + "/frames/3/rendered").status == 404


def test_of_a_blending_whose_upper_image_is_not_kept_the_lower_one_is_shown(house: WebHouse) -> None:
    under = twelve_bit()
    presentation = blending([under], [twelve_bit(OTHER)], 0.5)
    path = store(house, *one_study(presentation, under))
    close(levels(get(house, path + "/rendered")), eight(linear(VALUES, 2048, 4096)))


def test_a_damaged_upper_image_does_not_hide_the_lower_one(house: WebHouse) -> None:
    under, over = twelve_bit(), twelve_bit(OTHER, BitsAllocated=24)
    path = store(house, *one_study(blending([under], [over], 0.5), under, over))
    close(levels(get(house, path + "/rendered")), eight(linear(VALUES, 2048, 4096)))
