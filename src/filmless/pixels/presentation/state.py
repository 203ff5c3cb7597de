"""Which parts of a presentation state hold for an image (PS3.3 A.33, C.10 and C.11)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from filmless.pixels.attributes import items, numbers, text


@dataclass(frozen=True, slots=True)
class Shown:
    """The frame that is shown through a presentation state."""

    instance_uid: str
    frame: int  # from 0


def applies(item: Dataset, shown: Shown) -> bool:
    """Whether an item holds for a frame: it names no images, or the image and not other frames of it (C.11.8)."""
    references = items(item, "ReferencedImageSequence")
    return not references or any(_names(reference, shown) for reference in references)


def applying(state: Dataset, sequence: str, shown: Shown) -> Iterator[Dataset]:
    """The items of a sequence that hold for a frame."""
    return (item for item in items(state, sequence) if applies(item, shown))


def _names(reference: Dataset, shown: Shown) -> bool:
    if text(reference, "ReferencedSOPInstanceUID") != shown.instance_uid:
        return False
    frames = numbers(reference, "ReferencedFrameNumber")
    return not frames or shown.frame + 1 in frames
