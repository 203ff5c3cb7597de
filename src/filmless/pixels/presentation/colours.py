"""Colours of the standard, CIELab with D50 white (PS3.3 C.10.7.1.1), as sRGB."""

from collections.abc import Sequence

import numpy as np

RGB = tuple[int, int, int]

WHITE: RGB = (255, 255, 255)
BLACK: RGB = (0, 0, 0)

_D50 = np.array([0.96422, 1.0, 0.82521])
_TO_LINEAR_SRGB = np.array(  # XYZ of D50, adapted by Bradford to the D65 of sRGB
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)
_EDGE = 6 / 29  # of the linear part of CIELab


def rgb_of_cielab(encoded: Sequence[float]) -> RGB | None:
    """The colour of three encoded numbers, 0 to 65535 each; None where there are not three."""
    if len(encoded) != 3:
        return None
    lightness, a, b = np.clip(np.asarray(encoded, np.float64), 0, 65535) / 65535
    y = (lightness * 100 + 16) / 116
    ratios = np.array([y + (a * 255 - 128) / 500, y, y - (b * 255 - 128) / 200])
    xyz = np.where(ratios > _EDGE, ratios**3, 3 * _EDGE**2 * (ratios - 4 / 29)) * _D50
    linear = np.clip(_TO_LINEAR_SRGB @ xyz, 0, 1)
    encoded_levels = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = np.rint(encoded_levels * 255).astype(int).tolist()
    return red, green, blue


def rgb_of_p_value(value: float) -> RGB:
    """The grey of a P-Value of 16 bits (PS3.3 C.10.4)."""
    level = round(min(max(value, 0), 65535) / 257)
    return level, level, level
