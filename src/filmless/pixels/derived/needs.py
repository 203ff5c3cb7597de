"""What a picture of an object needs beside it: which frames of it, and which frame of which other object.

Decided from the object's header in the DICOM JSON model; imports no pixel library.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from filmless.standards.models.dicom_json import DicomJson

PLANE_FRAMES = 256  # segments of one plane that are shown together
POSITION_DECIMALS = 3  # of a mm: planes that differ less are one

SCALE_BYTES = 64 << 20  # of a dose grid of which all is read for the scale
SCALE_FRAMES = 4096

_PER_FRAME, _SHARED = "52009230", "52009229"
_DERIVATION, _SOURCES = "00089124", "00082112"
_REFERENCED_INSTANCE, _REFERENCED_FRAME = "00081155", "00081160"
_REFERENCED_SERIES, _REFERENCED_IMAGES = "00081115", "00081140"
_NUMBER_OF_FRAMES = "00280008"
_ROWS, _COLUMNS, _BITS = "00280010", "00280011", "00280100"
_PLANE_POSITION, _POSITION = "00209113", "00200032"
_SLIDE_POSITION, _SLIDE_ROW, _SLIDE_COLUMN = "0048021A", "0048021F", "0048021E"
_MASKS, _MASK_FRAMES = "00286100", "00286110"
_BLENDING, _BLENDING_POSITION = "00700402", "00700405"


@dataclass(frozen=True, slots=True)
class Reference:
    """A frame of another object of the archive."""

    instance_uid: str
    frame: int | None = None  # from 0; None: the object has one, or any will do


@dataclass(frozen=True, slots=True)
class Needs:
    """What a picture is made of."""

    frames: tuple[int, ...]  # of the object itself, from 0
    source: Reference | None  # what lies under it


def segmentation_needs(header: DicomJson, frame: int | None) -> Needs:
    """Of a segmentation's frame (from 0), or of all segments in the plane of its middle frame (PS3.3 C.8.20.3)."""
    per_frame = items(header, _PER_FRAME)
    count = frame_count(header)
    if frame is not None:
        return Needs((frame,), _source(header, _item(per_frame, frame)))
    middle = count // 2
    plane = _plane(_item(per_frame, middle))
    same = [number for number, item in enumerate(per_frame[:count]) if plane is not None and _plane(item) == plane]
    return Needs(tuple(same[:PLANE_FRAMES]) or (middle,), _source(header, _item(per_frame, middle)))


def dose_needs(header: DicomJson, frame: int | None) -> Needs:
    """Of a dose grid's frame, or its middle one; the image under it is the one it refers to, where it does.

    The other frames follow, since one scale of colours holds for all: but not those of a very large grid.
    """
    count = frame_count(header)
    chosen = count // 2 if frame is None else frame
    references = [*_references(header, _REFERENCED_IMAGES), *_references(header, _SOURCES)]
    source = references[min(chosen, len(references) - 1)] if references else None
    rows, columns, bits = (integer(header, tag) or 0 for tag in (_ROWS, _COLUMNS, _BITS))
    is_small = 0 < rows * columns * bits // 8 * count <= SCALE_BYTES and count <= SCALE_FRAMES
    others = [number for number in range(count) if number != chosen] if is_small and chosen < count else []
    return Needs((chosen, *others), source)


def frame_count(header: DicomJson) -> int:
    """Number of Frames, as the object claims it; at least 1."""
    return max(integer(header, _NUMBER_OF_FRAMES) or 1, 1)


def shown_images(header: DicomJson) -> list[Reference]:
    """The frames that a presentation state refers to, in its order (PS3.3 C.11.11); of blending the lower ones."""
    holder = next(blended_items(header, "UNDERLYING"), header)
    return _images(holder)


def superimposed_images(header: DicomJson) -> list[Reference]:
    """The frames that a blending presentation state lays over others (PS3.3 C.11.14)."""
    return [reference for item in blended_items(header, "SUPERIMPOSED") for reference in _images(item)]


def blended_items(header: DicomJson, position: str) -> Iterator[DicomJson]:
    """The items of the Blending Sequence at a Blending Position."""
    return (item for item in items(header, _BLENDING) if text(item, _BLENDING_POSITION) == position)


def _images(holder: DicomJson) -> list[Reference]:
    series = items(holder, _REFERENCED_SERIES)
    return [reference for item in series for reference in _references(item, _REFERENCED_IMAGES)]


def mask_frames(header: DicomJson) -> tuple[int, ...]:
    """The frames (from 0) that a presentation state subtracts from the others (PS3.3 C.11.13)."""
    found: list[int] = []
    for item in items(header, _MASKS)[:1]:
        found += _numbers(item, _MASK_FRAMES)
    return tuple(dict.fromkeys(found))[:PLANE_FRAMES]


def items(holder: Mapping[str, object], tag: str) -> list[DicomJson]:
    """The items of a sequence."""
    return [item for item in values(holder, tag) if isinstance(item, dict)]


def values(holder: Mapping[str, object], tag: str) -> list[object]:
    """The values of an attribute; empty where it is not there."""
    attribute = holder.get(tag)
    found = attribute.get("Value") if isinstance(attribute, dict) else None
    return found if isinstance(found, list) else []


def integer(holder: Mapping[str, object], tag: str) -> int | None:
    """The first value of an attribute as a whole number."""
    try:
        return int(values(holder, tag)[0])  # type: ignore[call-overload,no-any-return]  # whatever int() refuses
    except (IndexError, TypeError, ValueError, OverflowError):
        return None


def text(holder: Mapping[str, object], tag: str) -> str:
    """The first value of an attribute as text."""
    return str(next(iter(values(holder, tag)), "") or "").strip()


def _source(header: DicomJson, item: DicomJson) -> Reference | None:
    """What a frame was derived from: as it says, as all say, or the one image that the object refers to."""
    for holder in (item, *items(header, _SHARED)[:1]):
        for derivation in items(holder, _DERIVATION):
            for reference in _references(derivation, _SOURCES):
                return reference
    sources = list(_references(header, _SOURCES))
    return sources[0] if len(sources) == 1 else None


def _references(holder: DicomJson, sequence: str) -> Iterator[Reference]:
    for item in items(holder, sequence):
        instance_uid = text(item, _REFERENCED_INSTANCE)
        if not instance_uid:
            continue
        frames = _numbers(item, _REFERENCED_FRAME)
        yield from (Reference(instance_uid, frame) for frame in frames) if frames else iter([Reference(instance_uid)])


def _numbers(item: DicomJson, tag: str) -> list[int]:
    """Frame numbers, from 0."""
    return [number - 1 for number in values(item, tag) if isinstance(number, int) and number > 0]


def _plane(item: DicomJson) -> tuple[object, ...] | None:
    """What two frames of one plane have in common."""
    for position in items(item, _PLANE_POSITION):
        numbers = [number for number in values(position, _POSITION) if isinstance(number, (int, float))]
        if len(numbers) == 3:
            return tuple(round(number, POSITION_DECIMALS) for number in numbers)
    for position in items(item, _SLIDE_POSITION):
        return ("slide", integer(position, _SLIDE_ROW), integer(position, _SLIDE_COLUMN))
    for reference in _derived(item):
        return reference.instance_uid, reference.frame
    return None


def _derived(item: DicomJson) -> Iterator[Reference]:
    for derivation in items(item, _DERIVATION):
        yield from _references(derivation, _SOURCES)


def _item(per_frame: list[DicomJson], frame: int) -> DicomJson:
    return per_frame[frame] if frame < len(per_frame) else {}
