"""The colours that grey values are shown in: the well-known palettes (PS3.6 Annex B) and those that objects carry."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_palette_files
from pydicom.dataset import Dataset

from filmless.pixels.attributes import text
from filmless.pixels.errors import CannotRender
from filmless.pixels.render.lookup import palette

Colours = NDArray[np.uint8]  # (entry, red green blue)

WELL_KNOWN = {
    "1.2.840.10008.1.5.1": "hotiron",
    "1.2.840.10008.1.5.2": "pet",
    "1.2.840.10008.1.5.3": "hotmetalblue",
    "1.2.840.10008.1.5.4": "pet20step",
    "1.2.840.10008.1.5.5": "spring",
    "1.2.840.10008.1.5.6": "summer",
    "1.2.840.10008.1.5.7": "fall",
    "1.2.840.10008.1.5.8": "winter",
}
HOT_IRON = "1.2.840.10008.1.5.1"


@lru_cache(len(WELL_KNOWN))
def well_known(palette_uid: str) -> Colours:
    """The palette of a UID of PS3.6 Table A-1; raises KeyError for any other."""
    return palette(dcmread(get_palette_files(f"{WELL_KNOWN[palette_uid]}.dcm")[0]), signed=False)[1]


def palette_of(dataset: Dataset) -> Colours | None:
    """The colours that an object's grey values are shown in: its own table, else the well-known one it names."""
    try:
        return palette(dataset, signed=False)[1]
    except CannotRender:
        named = text(dataset, "PaletteColorLookupTableUID")
        return well_known(named) if named in WELL_KNOWN else None
