"""Overlay planes, in elements of their own or in unused bits of the pixels (PS3.3 C.9.2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from filmless.pixels.attributes import OVERLAY_ELEMENTS, OVERLAY_GROUPS, number, numbers, text, values

Mask = NDArray[np.bool_]
Containers = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Overlay:
    """One plane over one frame."""

    group: int
    mask: Mask  # (row, column) of the image: where it is drawn
    is_region: bool  # of interest (type R): its edge is shown; graphics (type G) are shown as they are


def overlays(dataset: Dataset, frame: int, containers: Containers) -> list[Overlay]:
    """The planes over a frame (from 0) whose stored containers are given, as (row, column, ...)."""
    groups = [group for group in OVERLAY_GROUPS if _tag(group, "rows") in dataset]
    found = (_overlay(dataset, group, frame, containers) for group in groups)
    return [overlay for overlay in found if overlay is not None]


def shown(overlay: Overlay) -> Mask:
    """The pixels that an overlay draws."""
    return _edge(overlay.mask) if overlay.is_region else overlay.mask


def activation_layer(dataset: Dataset, group: int) -> str:
    """The graphic layer that a presentation state shows an overlay group in; "" where it does not (PS3.3 C.11.7)."""
    return text(dataset, _tag(group, "layer"))


def _overlay(dataset: Dataset, group: int, frame: int, containers: Containers) -> Overlay | None:
    is_region = text(dataset, _tag(group, "type")) == "R"
    plane = _plane(dataset, group, frame)
    if plane is None:
        plane = _embedded(dataset, group, containers)
        return None if plane is None else Overlay(group, plane, is_region)
    origin = numbers(dataset, _tag(group, "origin")) or [1.0, 1.0]
    row, column = (int(at) - 1 for at in (origin * 2)[:2])
    return Overlay(group, _placed(plane, row, column, containers.shape), is_region)


def _plane(dataset: Dataset, group: int, frame: int) -> Mask | None:
    """The bits of an Overlay Data element for a frame, in the overlay's own rows and columns."""
    raw = next((each for each in values(dataset, _tag(group, "data")) if isinstance(each, bytes)), None)
    rows, columns = (int(number(dataset, _tag(group, name)) or 0) for name in ("rows", "columns"))
    if raw is None or rows <= 0 or columns <= 0:
        return None
    at = 0
    frames = number(dataset, _tag(group, "frames"))
    if frames is not None and frames > 1:
        at = frame + 1 - int(number(dataset, _tag(group, "first_frame")) or 1)
        if not 0 <= at < frames:
            return None
    bits = rows * columns
    start, first_bit = divmod(at * bits, 8)
    if not 0 <= start < len(raw) or (len(raw) - start) * 8 < first_bit + bits:
        return None
    if dataset.original_encoding[1] is False:  # big endian words (PS3.5 8.1.2)
        raw = np.frombuffer(raw[: len(raw) & ~1], np.uint16).byteswap().tobytes()
    piece = np.frombuffer(raw, np.uint8, count=min((first_bit + bits + 7) // 8, len(raw) - start), offset=start)
    unpacked = np.unpackbits(piece, count=first_bit + bits, bitorder="little")[first_bit:]
    return unpacked.reshape(rows, columns).astype(np.bool_)


def _embedded(dataset: Dataset, group: int, containers: Containers) -> Mask | None:
    """A plane in a bit of the pixels' containers (retired, PS3.3-2004 C.9.2)."""
    position = number(dataset, _tag(group, "bit_position"))
    if position is None or containers.ndim != 2 or containers.dtype.kind not in "iu":
        return None
    low = int(number(dataset, "HighBit") or 0) + 1 - int(number(dataset, "BitsStored") or 0)
    if not 0 <= position < containers.dtype.itemsize * 8 or low <= position <= (number(dataset, "HighBit") or 0):
        return None  # a bit of the pixel values themselves
    unsigned = containers.view(f"u{containers.dtype.itemsize}")
    mask: Mask = (unsigned >> unsigned.dtype.type(position)) & 1 == 1
    return mask


def _placed(plane: Mask, row: int, column: int, shape: tuple[int, ...]) -> Mask:
    """A plane whose first pixel lies at ``row`` and ``column`` of the image (from 0), cut to the image."""
    out = np.zeros(shape[:2], np.bool_)
    top, left = max(row, 0), max(column, 0)
    part = plane[top - row : shape[0] - row if shape[0] > row else 0, left - column :]
    part = part[:, : max(shape[1] - left, 0)]
    out[top : top + part.shape[0], left : left + part.shape[1]] = part
    return out


def _edge(mask: Mask) -> Mask:
    """The pixels of a region that have a neighbour outside of it."""
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside


def _tag(group: int, name: str) -> int:
    return group << 16 | OVERLAY_ELEMENTS[name]
