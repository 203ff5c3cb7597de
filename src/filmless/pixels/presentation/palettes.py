"""The well-known colour palettes (PS3.6 Annex B) and the ones that objects carry, as tables of 256 colours."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_palette_files
from pydicom.dataset import Dataset

from filmless.pixels.attributes import text
from filmless.pixels.errors import CannotRender
from filmless.pixels.lookup import palette

Colours = NDArray[np.uint8]  # (entry, red green blue)
ENTRIES = 256

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
HOT_IRON, PET = "1.2.840.10008.1.5.1", "1.2.840.10008.1.5.2"


@lru_cache(len(WELL_KNOWN))
def well_known(palette_uid: str) -> Colours:
    """The palette of a UID of PS3.6 Table A-1; raises KeyError for any other."""
    return _evenly(palette(dcmread(get_palette_files(f"{WELL_KNOWN[palette_uid]}.dcm")[0]))[1])


def palette_of(dataset: Dataset) -> Colours | None:
    """The colours that an object's grey values are shown in: its own table, else the well-known one it names."""
    try:
        return _evenly(palette(dataset)[1])
    except CannotRender:
        named = text(dataset, "PaletteColorLookupTableUID")
        return well_known(named) if named in WELL_KNOWN else None


def coloured(levels: NDArray[np.uint8], colours: Colours) -> NDArray[np.uint8]:
    """Grey levels (row, column) through a palette, as (row, column, red green blue)."""
    return colours[levels]


def _evenly(colours: Colours) -> Colours:
    """A palette of any length over the 256 grey levels."""
    at = np.rint(np.linspace(0, len(colours) - 1, ENTRIES)).astype(np.intp)
    return colours[at]
