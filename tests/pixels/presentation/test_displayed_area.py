"""Displayed area, turning and size of a presentation state (PS3.3 C.10.4, C.10.6)."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from filmless.pixels.presentation.displayed_area import Extent, presented_placement
from filmless.pixels.presentation.state import Shown
from filmless.pixels.render.placement import Placement
from filmless.pixels.view import Viewport

Levels = NDArray[np.uint8]

SHOWN = Shown("1.2.3", 0)
NUMBERED: Levels = np.arange(6, dtype=np.uint8).reshape(2, 3)  # 0 1 2 / 3 4 5


def state(area: dict[str, object] | None = None, **values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    if area is not None:
        item = Dataset()
        for keyword, value in area.items():
            setattr(item, keyword, value)
        dataset.DisplayedAreaSelectionSequence = Sequence([item])
    return dataset


def corners(left: int, top: int, right: int, bottom: int, **more: object) -> dict[str, object]:
    area = {"DisplayedAreaTopLeftHandCorner": [left, top], "DisplayedAreaBottomRightHandCorner": [right, bottom]}
    return {**area, **more}


def placed(presentation: Dataset, levels: Levels = NUMBERED, viewport: Viewport | None = None) -> Placement:
    return presented_placement(presentation, SHOWN, Extent(*levels.shape), viewport)


def seen(presentation: Dataset, levels: Levels = NUMBERED) -> list[list[int]]:
    picture = placed(presentation, levels).place(levels)
    return np.asarray(picture).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("turned", "flip", "expected"),
    [
        (0, "N", [[0, 1, 2], [3, 4, 5]]),
        (90, "N", [[3, 0], [4, 1], [5, 2]]),
        (180, "N", [[5, 4, 3], [2, 1, 0]]),
        (270, "N", [[2, 5], [1, 4], [0, 3]]),
        (0, "Y", [[2, 1, 0], [5, 4, 3]]),
        (90, "Y", [[0, 3], [1, 4], [2, 5]]),
    ],
)
def test_an_image_is_turned_clockwise_and_then_flipped(turned: int, flip: str, expected: list[list[int]]) -> None:
    presentation = state(ImageRotation=turned, ImageHorizontalFlip=flip)
    assert seen(presentation) == expected
    x, y = placed(presentation).point(0.5, 1.5)  # the middle of the pixel 3
    assert expected[int(y)][int(x)] == 3


def test_only_the_displayed_area_is_seen_whichever_corner_is_named_first() -> None:
    assert seen(state(corners(2, 1, 3, 2))) == [[1, 2], [4, 5]]
    assert seen(state(corners(3, 2, 2, 1))) == [[1, 2], [4, 5]]


def test_what_of_the_area_lies_outside_of_the_image_is_black() -> None:
    assert seen(state(corners(0, 0, 2, 1)), NUMBERED + np.uint8(1)) == [[0, 0, 0], [0, 1, 2]]


@pytest.mark.parametrize("area", [corners(9, 9, 12, 12), corners(-(2**30), 1, 2**30, 2), {}])
def test_an_area_that_shows_nothing_or_is_absurd_is_the_whole_image(area: dict[str, object]) -> None:
    assert seen(state(area)) == NUMBERED.tolist()


def test_scale_to_fit_fills_the_viewport_and_keeps_proportions() -> None:
    fitted = placed(state(corners(1, 1, 3, 2)), NUMBERED, Viewport(300, 300))
    assert (fitted.width, fitted.height) == (300, 200)


def test_pixels_that_are_higher_than_wide_make_a_higher_picture() -> None:
    tall = placed(state({"PresentationPixelAspectRatio": [2, 1]}), NUMBERED)
    assert (tall.width, tall.height) == (3, 4)


def test_magnify_shows_the_middle_of_the_area_where_the_viewport_is_too_small() -> None:
    area = {"PresentationSizeMode": "MAGNIFY", "PresentationPixelMagnificationRatio": 2.0}
    levels = np.arange(100, dtype=np.uint8).reshape(10, 10)
    whole = placed(state(area), levels)
    assert (whole.width, whole.height) == (20, 20)
    middle = placed(state(area), levels, Viewport(8, 8))
    assert (middle.width, middle.height) == (8, 8)
    assert (middle.left, middle.region_width, middle.top, middle.region_height) == (3, 4, 3, 4)


def test_true_size_takes_the_pixels_of_the_screen_as_those_of_css() -> None:
    area = {"PresentationSizeMode": "TRUE SIZE", "PresentationPixelSpacing": [25.4 / 96 * 3, 25.4 / 96 * 2]}
    true = placed(state(area), NUMBERED)
    assert (true.width, true.height) == (6, 6)


def test_an_area_for_another_image_or_frame_is_not_taken() -> None:
    presentation = state(corners(1, 1, 1, 1))
    reference = Dataset()
    reference.ReferencedSOPInstanceUID, reference.ReferencedFrameNumber = "1.2.3", 2
    presentation.DisplayedAreaSelectionSequence[0].ReferencedImageSequence = Sequence([reference])
    assert seen(presentation) == NUMBERED.tolist()
    reference.ReferencedFrameNumber = 1
    assert seen(presentation) == [[0]]
