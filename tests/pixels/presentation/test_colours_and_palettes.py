"""Colours as the standard writes them."""

import numpy as np
import pytest

from filmless.pixels.presentation.colours import rgb_of_cielab, rgb_of_p_value
from filmless.pixels.presentation.palettes import palette_of, well_known
from objects import ct_image


def encoded(lightness: float, a: float, b: float) -> list[float]:
    """CIELab as PS3.3 C.10.7.1.1 writes it."""
    return [lightness / 100 * 65535, (a + 128) / 255 * 65535, (b + 128) / 255 * 65535]


@pytest.mark.parametrize(
    ("lab", "rgb"),
    [
        ((100, 0, 0), (255, 255, 255)),
        ((0, 0, 0), (0, 0, 0)),
        ((53.59, 0, 0), (128, 128, 128)),
        ((54.29, 80.81, 69.89), (255, 0, 0)),
        ((87.82, -79.27, 80.99), (0, 255, 0)),
        ((29.57, 68.30, -112.03), (0, 0, 255)),
    ],
)
def test_cielab_of_d50_becomes_srgb(lab: tuple[float, float, float], rgb: tuple[int, int, int]) -> None:
    found = rgb_of_cielab(encoded(*lab))
    assert found is not None
    assert np.abs(np.subtract(found, rgb)).max() <= 2


def test_a_colour_needs_three_numbers() -> None:
    assert rgb_of_cielab([1, 2]) is None


def test_p_values_span_the_greys() -> None:
    assert [rgb_of_p_value(value)[0] for value in (0, 32768, 65535, 1e9)] == [0, 128, 255, 255]


def test_the_well_known_palettes_are_those_of_the_standard() -> None:
    hot_iron, pet = well_known("1.2.840.10008.1.5.1"), well_known("1.2.840.10008.1.5.2")
    assert hot_iron.shape == pet.shape == (256, 3)
    assert [hot_iron[at].tolist() for at in (0, 64, 128, 255)] == [[0, 0, 0], [128, 0, 0], [255, 0, 0], [255, 255, 255]]
    assert (pet[0].tolist(), pet[255].tolist()) == ([0, 0, 0], [255, 255, 255])


def test_an_object_that_names_a_well_known_palette_is_shown_in_it() -> None:
    colours = palette_of(ct_image(PaletteColorLookupTableUID="1.2.840.10008.1.5.1"))
    assert colours is not None
    assert (colours[0].tolist(), colours[255].tolist()) == ([0, 0, 0], [255, 255, 255])
    assert palette_of(ct_image(PaletteColorLookupTableUID="1.2.3")) is None
