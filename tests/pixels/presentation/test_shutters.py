"""What a display shutter hides (PS3.3 C.7.6.11, C.7.6.15)."""

import numpy as np
from pydicom.dataset import Dataset

from filmless.pixels.presentation.overlays import Mask, Overlay
from filmless.pixels.presentation.shutters import shutter


def state(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


RECTANGLE = {
    "ShutterLeftVerticalEdge": 2,
    "ShutterRightVerticalEdge": 3,
    "ShutterUpperHorizontalEdge": 1,
    "ShutterLowerHorizontalEdge": 2,
}


def hidden(dataset: Dataset, extent: tuple[int, int], planes: tuple[Overlay, ...] = ()) -> Mask:
    found = shutter(dataset, 0, extent, planes)
    assert found is not None
    return found.hidden


def test_outside_the_edges_of_a_rectangle_is_hidden() -> None:
    mask = hidden(state(ShutterShape="RECTANGULAR", **RECTANGLE), (3, 4))
    assert (~mask).astype(int).tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]


def test_outside_the_radius_of_a_circle_is_hidden() -> None:
    mask = hidden(state(ShutterShape="CIRCULAR", CenterOfCircularShutter=[3, 3], RadiusOfCircularShutter=1), (5, 5))
    assert (~mask).sum() == 5
    assert not mask[2, 1:4].any()


def test_outside_the_vertices_of_a_polygon_is_hidden() -> None:
    vertices = [2, 2, 2, 6, 6, 6, 6, 2]  # row, column
    mask = hidden(state(ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=vertices), (8, 8))
    expected = np.ones((8, 8), bool)
    expected[1:6, 1:6] = False
    assert (mask == expected).all()


def test_several_shapes_hide_together() -> None:
    circle = {"CenterOfCircularShutter": [1, 2], "RadiusOfCircularShutter": 1}
    mask = hidden(state(ShutterShape=["RECTANGULAR", "CIRCULAR"], **RECTANGLE, **circle), (3, 4))
    assert (~mask).astype(int).tolist() == [[0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_a_bitmap_hides_where_its_overlay_is_set() -> None:
    plane = Overlay(0x6002, np.array([[True, False]]), is_region=False)
    mask = hidden(state(ShutterShape="BITMAP", ShutterOverlayGroup=0x6002), (1, 2), (plane,))
    assert mask.tolist() == [[True, False]]


def test_what_is_hidden_has_the_colour_that_the_shutter_says() -> None:
    found = shutter(state(ShutterShape="RECTANGULAR", ShutterPresentationValue=65535, **RECTANGLE), 0, (3, 4))
    assert found is not None
    assert found.colour == (255, 255, 255)


def test_a_shutter_without_its_numbers_hides_nothing() -> None:
    assert shutter(state(ShutterShape=["RECTANGULAR", "CIRCULAR", "POLYGONAL"]), 0, (3, 4)) is None
    assert shutter(state(), 0, (3, 4)) is None
