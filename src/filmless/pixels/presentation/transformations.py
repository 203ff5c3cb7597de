"""The grey scale of an image replaced by the one of its presentation state (PS3.3 A.33.1.3, C.11.8, C.11.6)."""

from copy import copy

from pydicom.dataset import Dataset

from filmless.pixels.attributes import items
from filmless.pixels.presentation.state import Shown, applying

MODALITY = ("ModalityLUTSequence", "RescaleIntercept", "RescaleSlope", "RescaleType")
VOI = ("VOILUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction")
PRESENTATION = ("PresentationLUTSequence", "PresentationLUTShape")
PALETTE = tuple(
    f"{kind}{colour}PaletteColorLookupTable{part}"
    for kind, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
    for colour in ("Red", "Green", "Blue")
)
GROUPS = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
OVERRIDDEN = ("PixelValueTransformationSequence", "FrameVOILUTSequence", "FrameDisplayShutterSequence")


def presented(image: Dataset, state: Dataset, shown: Shown) -> Dataset:
    """The image's attributes with the transformations of the state in place of its own.

    A grey-scale state says all of them: what it leaves out is the identity, and for the VOI the full range. Its
    presentation LUT decides which end is white, whatever the photometric interpretation (PS3.3 C.11.6.1.2).
    A colour state says none of them.
    """
    return transformed(image, state, shown) if has_grey_scale(state) else copy(image)


def transformed(image: Dataset, state: Dataset, shown: Shown) -> Dataset:
    """The image's attributes with modality and VOI of the state, or of an item of it, in place of its own."""
    result = copy(image)
    for keyword in MODALITY + VOI + PRESENTATION:
        result.pop(keyword, None)
    for keyword in GROUPS:
        if keyword in result:
            setattr(result, keyword, [_without(item) for item in items(result, keyword)])
    for keyword in MODALITY:
        _take(result, state, keyword)
    for item in applying(state, "SoftcopyVOILUTSequence", shown):
        for keyword in VOI:
            _take(result, item, keyword)
        break
    return result


def has_grey_scale(state: Dataset) -> bool:
    """Whether a state says how grey values are shown: those for grey images and in pseudo-colour do."""
    return any(keyword in state for keyword in (*PRESENTATION, *PALETTE, "PaletteColorLookupTableUID"))


def _without(item: Dataset) -> Dataset:
    """A functional group item without what a state replaces."""
    kept = copy(item)
    for keyword in OVERRIDDEN:
        kept.pop(keyword, None)
    return kept


def _take(target: Dataset, source: Dataset, keyword: str) -> None:
    if keyword in source:
        target[keyword] = source[keyword]
