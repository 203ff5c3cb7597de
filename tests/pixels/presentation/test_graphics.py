"""What a presentation state draws lies where it says (PS3.3 C.10.5)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from filmless.pixels.presentation.displayed_area import Extent, presented_placement
from filmless.pixels.presentation.graphics import Where, annotated
from filmless.pixels.presentation.overlays import Mask
from filmless.pixels.presentation.state import Shown

Levels = NDArray[np.uint8]

SHOWN = Shown("1.2.3", 0)
BLACK: Levels = np.zeros((100, 200), np.uint8)


def item(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def graphic(kind: str, data: list[float] | list[int], units: str = "PIXEL", **more: object) -> Dataset:
    return item(GraphicType=kind, GraphicData=data, GraphicAnnotationUnits=units, **more)


def state(*graphics: Dataset, texts: tuple[Dataset, ...] = (), **values: object) -> Dataset:
    layer = item(GraphicLayer="L", GraphicLayerOrder=1, GraphicLayerRecommendedDisplayGrayscaleValue=65535)
    annotation = item(GraphicLayer="L", GraphicObjectSequence=Sequence(graphics), TextObjectSequence=Sequence(texts))
    sequences = {"GraphicLayerSequence": [layer], "GraphicAnnotationSequence": [annotation]}
    return item(**{name: Sequence(items) for name, items in sequences.items()}, **values)


def drawn(presentation: Dataset, levels: Levels = BLACK, planes: Mapping[int, Mask] | None = None) -> Levels:
    """The red of the picture."""
    placement = presented_placement(presentation, SHOWN, Extent(*levels.shape))
    where = Where(placement, (0, 0, placement.width, placement.height))
    picture = annotated(placement.place(levels), presentation, SHOWN, where, planes or {})
    return np.asarray(picture.convert("RGB"))[:, :, 0]


def box(levels: Levels) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is drawn."""
    rows, columns = np.nonzero(levels > 64)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def test_a_line_joins_its_points() -> None:
    levels = drawn(state(graphic("POLYLINE", [20, 50, 180, 50])))
    left, top, right, bottom = box(levels)
    assert (abs(left - 20) <= 1, abs(right - 180) <= 1, abs(top - 50) <= 1, abs(bottom - 50) <= 1) == (True,) * 4
    assert levels[50, 100] > 128 or levels[49, 100] > 128


def test_a_circle_has_its_centre_and_radius() -> None:
    levels = drawn(state(graphic("CIRCLE", [100, 50, 130, 50])))
    assert np.abs(np.subtract(box(levels), (70, 20, 130, 80))).max() <= 1
    assert levels[50, 100] == 0


def test_a_filled_circle_is_full() -> None:
    levels = drawn(state(graphic("CIRCLE", [100, 50, 130, 50], GraphicFilled="Y")))
    assert levels[50, 100] == 255
    assert abs((levels > 128).sum() - np.pi * 30.5**2) < 100


def test_an_ellipse_has_its_two_axes() -> None:
    levels = drawn(state(graphic("ELLIPSE", [60, 50, 140, 50, 100, 30, 100, 70])))
    assert np.abs(np.subtract(box(levels), (60, 30, 140, 70))).max() <= 1


def test_an_interpolated_line_goes_through_its_points() -> None:
    levels = drawn(state(graphic("INTERPOLATED", [20, 80, 100, 20, 180, 80])))
    for x, y in ((20, 80), (100, 20), (179, 79)):
        assert levels[max(y - 1, 0) : y + 2, x - 1 : x + 2].max() > 100


def test_a_point_is_marked() -> None:
    levels = drawn(state(graphic("POINT", [100, 50])))
    left, top, right, bottom = box(levels)
    assert (abs((left + right) / 2 - 100) <= 1, abs((top + bottom) / 2 - 50) <= 1) == (True, True)


def test_display_units_are_shares_of_the_displayed_area_as_it_is_seen() -> None:
    line = graphic("POLYLINE", [0.25, 0.5, 0.75, 0.5], "DISPLAY")
    levels = drawn(state(line, ImageRotation=90))
    assert levels.shape == (200, 100)
    assert np.abs(np.subtract(box(levels), (25, 100, 75, 100))).max() <= 1


def test_pixel_units_turn_with_the_image() -> None:
    levels = drawn(state(graphic("POLYLINE", [20, 10, 60, 10]), ImageRotation=90))
    assert np.abs(np.subtract(box(levels), (90, 20, 90, 60))).max() <= 1


def test_layers_of_higher_order_lie_above() -> None:
    presentation = state()
    presentation.GraphicLayerSequence.append(
        item(GraphicLayer="UPPER", GraphicLayerOrder=2, GraphicLayerRecommendedDisplayGrayscaleValue=32768)
    )
    square = [40, 20, 160, 20, 160, 80, 40, 80, 40, 20]
    filled = graphic("POLYLINE", square, GraphicFilled="Y")
    for layer in ("UPPER", "L"):
        presentation.GraphicAnnotationSequence.append(
            item(GraphicLayer=layer, GraphicObjectSequence=Sequence([filled]))
        )
    assert drawn(presentation)[50, 100] == 128


def test_text_lies_in_its_box_and_stays_upright() -> None:
    words = item(
        UnformattedTextValue="HHHH",
        BoundingBoxAnnotationUnits="PIXEL",
        BoundingBoxTopLeftHandCorner=[20, 20],
        BoundingBoxBottomRightHandCorner=[120, 50],
        BoundingBoxTextHorizontalJustification="LEFT",
    )
    upright = drawn(state(texts=(words,)))
    left, top, right, bottom = box(upright)
    assert (left >= 19, top >= 19, right <= 121, bottom <= 51) == (True,) * 4
    assert right - left > bottom - top
    turned = drawn(state(texts=(words,), ImageRotation=180))
    left, top, right, bottom = box(turned)
    assert right - left > bottom - top
    assert left >= 79


def test_an_anchor_is_joined_to_its_text_where_it_is_visible() -> None:
    words = item(
        UnformattedTextValue="x",
        BoundingBoxAnnotationUnits="PIXEL",
        BoundingBoxTopLeftHandCorner=[10, 10],
        BoundingBoxBottomRightHandCorner=[30, 30],
        AnchorPoint=[150, 90],
        AnchorPointAnnotationUnits="PIXEL",
        AnchorPointVisibility="Y",
    )
    assert drawn(state(texts=(words,)))[88:92, 148:152].max() > 100
    words.AnchorPointVisibility = "N"
    assert drawn(state(texts=(words,)))[88:92, 148:152].max() == 0


def test_an_overlay_is_shown_in_the_layer_that_activates_it_and_else_not() -> None:
    mask = np.zeros((100, 200), np.bool_)
    mask[10, 20] = True
    presentation = state()
    assert not drawn(presentation, planes={0x6000: mask}).any()
    presentation.add_new(0x60001001, "CS", "L")
    assert np.argwhere(drawn(presentation, planes={0x6000: mask})).tolist() == [[10, 20]]


def test_graphics_that_make_no_sense_draw_nothing() -> None:
    bad = [graphic("CIRCLE", [5.0]), graphic("POLYLINE", []), graphic("STAR", [1, 2, 3, 4]), graphic("ELLIPSE", [1, 2])]
    picture = drawn(state(*bad, graphic("POLYLINE", [-1e30, 1e30, 1e300, 5])))
    assert picture.shape == (100, 200)
    assert isinstance(Image.fromarray(picture), Image.Image)
