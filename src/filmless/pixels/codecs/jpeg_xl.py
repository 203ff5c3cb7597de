"""JPEG XL (ISO/IEC 18181-1)."""

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless.pixels.pixel_module import COLOUR_SAMPLES, PixelModule


def decode(frame: bytes, module: PixelModule) -> tuple[NDArray[np.generic], str]:
    """Stored values and their photometric interpretation; the decoder gives RGB whatever lies inside.

    The size in the stream is not known before decoding: it may differ from the attributes, and only the
    memory limit of the process stands against a lie.
    """
    values = imagecodecs.jpegxl_decode(frame)
    return values, "RGB" if module.samples == COLOUR_SAMPLES else module.photometric
