"""From stored values to what is seen: modality and VOI transformations and palettes (PS3.3 C.11, C.7.9)."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from filmless.pixels.attributes import frame_holders, items, number, numbers, text, values
from filmless.pixels.errors import CannotRender, Reason

Floats = NDArray[np.float64]
MAX_ENTRIES = 65_536  # a descriptor's first number has 16 bits, 0 stands for 65,536 (PS3.3 C.11.1.1)


class Transformation(Protocol):
    """Numbers in, numbers out, of one shape."""

    def __call__(self, values: Floats) -> Floats:
        """The numbers transformed."""


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup table: the first entry stands for ``first`` and everything below (PS3.3 C.11.1.1)."""

    first: float
    entries: Floats

    def __call__(self, values: Floats) -> Floats:
        """The entry of each value."""
        last = len(self.entries) - 1
        return self.entries[np.clip(values - self.first, 0, last).astype(np.intp)]


@dataclass(frozen=True, slots=True)
class Rescale:
    """Output = slope x stored value + intercept (PS3.3 C.11.1.1.2)."""

    slope: float
    intercept: float

    def __call__(self, values: Floats) -> Floats:
        """The output of each value."""
        return values * self.slope + self.intercept


IDENTITY, INVERSE = Rescale(1.0, 0.0), Rescale(-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Window:
    """Window centre and width, giving 0 to 1 (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""

    centre: float
    width: float
    function: str = "LINEAR"

    def __call__(self, values: Floats) -> Floats:
        """The brightness of each value."""
        if self.function == "SIGMOID":
            steepness = np.clip(-4 * (values - self.centre) / self.width, -700, 700)
            return 1 / (1 + np.exp(steepness))
        if self.function == "LINEAR_EXACT":
            return np.clip((values - self.centre) / self.width + 0.5, 0, 1)
        if self.width <= 1:  # a threshold
            return (values > self.centre - 0.5).astype(np.float64)
        return np.clip((values - (self.centre - 0.5)) / (self.width - 1) + 0.5, 0, 1)


@dataclass(frozen=True, slots=True)
class PresentationTable:
    """A presentation LUT (PS3.3 C.11.6.1): P-values from 0 to 1 for brightness evenly from 0 to 1."""

    entries: Floats

    def __call__(self, values: Floats) -> Floats:
        """The P-value of each brightness."""
        return self.entries[np.rint(values * (len(self.entries) - 1)).astype(np.intp)]


def modality_transformation(dataset: Dataset, frame: int, signed: bool) -> Transformation:
    """Modality LUT or rescale of a frame; the identity where there is none."""
    for item in items(dataset, "ModalityLUTSequence")[:1]:
        table = _table(item, signed)
        if table is not None:
            return Table(table.first, table.entries)
    for holder in frame_holders(dataset, frame, "PixelValueTransformationSequence"):
        slope, intercept = number(holder, "RescaleSlope"), number(holder, "RescaleIntercept")
        if slope:
            return Rescale(slope, intercept or 0.0)
    return IDENTITY


def voi_transformation(dataset: Dataset, frame: int, signed: bool) -> Transformation | None:
    """The first VOI LUT or window of a frame, giving 0 to 1; None where the object has none that is usable."""
    for holder in frame_holders(dataset, frame, "FrameVOILUTSequence"):
        for item in items(holder, "VOILUTSequence")[:1]:
            table = _table(item, signed)
            if table is not None:
                return Table(table.first, table.entries / _maximum(item, table.entries))
        centre, width = number(holder, "WindowCenter"), number(holder, "WindowWidth")
        function = text(holder, "VOILUTFunction") or "LINEAR"
        if centre is not None and width is not None and (width >= 1 or (function != "LINEAR" and width > 0)):
            return Window(centre, width, function)
    return None


def presentation_transformation(dataset: Dataset) -> Transformation | None:
    """Presentation LUT or its shape; None where the object says neither (PS3.3 C.11.6.1)."""
    for item in items(dataset, "PresentationLUTSequence")[:1]:
        table = _table(item, signed=False)
        if table is not None:
            bits = min(max(int(numbers(item, "LUTDescriptor")[2]), 8), 16)
            return PresentationTable(np.clip(table.entries / (2**bits - 1), 0, 1))
    return {"IDENTITY": IDENTITY, "INVERSE": INVERSE}.get(text(dataset, "PresentationLUTShape"))


def spread(sample: Floats) -> Window:
    """A window over the 1st to 99th percentile of what is there, or over everything where these coincide."""
    if sample.size == 0:
        return Window(0.5, 1.0, "LINEAR_EXACT")
    low, high = np.percentile(sample, (1, 99))
    if low >= high:
        low, high = sample.min(), sample.max()
    if low >= high:  # one value everywhere: zero is black, anything else white
        return Window(0.0, 1e-9, "LINEAR_EXACT") if low else Window(0.5, 1.0, "LINEAR_EXACT")
    return Window(float(low) / 2 + float(high) / 2, float(high - low), "LINEAR_EXACT")


def palette(dataset: Dataset, *, signed: bool) -> tuple[int, NDArray[np.uint8]]:
    """First mapped value and (entry, red green blue) of a PALETTE COLOR image (PS3.3 C.7.6.3.1.5 and .6)."""
    columns, first = [], 0
    for colour in ("Red", "Green", "Blue"):
        descriptor = numbers(dataset, f"{colour}PaletteColorLookupTableDescriptor")
        if len(descriptor) != 3:
            raise CannotRender(Reason.DAMAGED, "palette without descriptor")
        count, first, bits = int(descriptor[0]) or MAX_ENTRIES, int(descriptor[1]), int(descriptor[2])
        order = ">u2" if dataset.original_encoding[1] is False else "<u2"
        plain = _words(values(dataset, f"{colour}PaletteColorLookupTableData"), count, order)
        if plain is None:
            segments = _words(values(dataset, f"Segmented{colour}PaletteColorLookupTableData"), None, order)
            plain = None if segments is None else _expanded(segments, count)
        if plain is None or len(plain) < count:
            raise CannotRender(Reason.DAMAGED, "palette shorter than its descriptor")
        # 8-bit entries stand in the low byte; some senders declare 16 bits and fill the low byte only
        columns.append(plain[:count] >> 8 if bits > 8 and plain.max() > 0xFF else plain[:count])
    if signed and first >= 0x8000:  # written as US though Pixel Representation makes it SS
        first -= 0x10000
    if len({len(column) for column in columns}) != 1:
        raise CannotRender(Reason.DAMAGED, "palettes of different lengths")
    return first, np.stack(columns, axis=1).astype(np.uint8)


def _table(item: Dataset, signed: bool) -> Table | None:
    descriptor = numbers(item, "LUTDescriptor")
    if len(descriptor) != 3:
        return None
    count, first = int(descriptor[0]) % MAX_ENTRIES or MAX_ENTRIES, descriptor[1]
    order = ">u2" if item.original_encoding[1] is False else "<u2"
    entries = _words(values(item, "LUTData"), count, order)
    if entries is None or len(entries) < count:
        return None
    if signed and first >= 0x8000:  # written as US though Pixel Representation makes it SS
        first -= 0x10000
    return Table(first, entries[:count].astype(np.float64))


def _maximum(item: Dataset, entries: Floats) -> float:
    """What full white is: the bits of the descriptor, unless the entries exceed or never approach them."""
    declared = float(2 ** min(max(int(numbers(item, "LUTDescriptor")[2]), 8), 16) - 1)
    largest = float(entries.max())
    return declared if declared / 2 < largest <= declared else max(largest, 1.0)


def _words(found: list[object], count: int | None, order: str) -> NDArray[np.uint16] | None:
    """Table data, which come as bytes (OW) or numbers (US, SS); ``count`` bytes are 8-bit entries."""
    if not found:
        return None
    if isinstance(found[0], bytes):
        raw = found[0]
        if count is not None and count <= len(raw) < 2 * count:
            return np.frombuffer(raw, np.uint8).astype(np.uint16)
        return np.frombuffer(raw, order, count=len(raw) // 2).astype(np.uint16)
    try:
        entries = np.array(found, np.int64)
    except (TypeError, ValueError, OverflowError):
        return None
    if count is not None and len(entries) * 2 == count + count % 2:  # two 8-bit entries in each word
        entries = np.frombuffer((entries & 0xFFFF).astype("<u2").tobytes(), np.uint8)
    return (entries & 0xFFFF).astype(np.uint16)


def _expanded(segments: NDArray[np.uint16], count: int) -> NDArray[np.uint16] | None:
    """Discrete (0), linear (1) and indirect (2) segments of a palette (PS3.3 C.7.9.2); None where they are wrong."""
    words: list[int] = segments.tolist()
    entries: list[int] = []
    resume: int | None = None
    at, left = 0, 0  # word, segments left of an indirect one, word after it
    while len(entries) < count:
        if resume is not None and left == 0:
            at, resume = resume, None
        if at + 2 >= len(words):
            return None
        kind, length, value = words[at : at + 3]
        left -= 1
        if kind == 0:
            entries += words[at + 2 : at + 2 + length]
            at += 2 + length
        elif kind == 1 and entries:
            entries += np.rint(np.linspace(entries[-1], value, length + 1)[1:]).astype(int).tolist()
            at += 3
        elif kind == 2 and resume is None and at + 3 < len(words):
            resume, left, at = at + 4, length, (value + (words[at + 3] << 16)) // 2
        else:
            return None
    return np.array(entries, np.uint16)
