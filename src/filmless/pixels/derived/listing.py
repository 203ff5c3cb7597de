"""What a radiotherapy structure set or plan holds, as a list: it has no picture of its own (PS3.3 A.19, A.20)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from filmless.pixels.attributes import items, number, numbers, text
from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.presentation.colours import RGB
from filmless.pixels.render.card import EDGE, GROUND, SUBTITLE, TITLE
from filmless.pixels.render.lettering import fitted, font_of

MAX_LINES = 200
LINE = 1.5  # heights of a letter from one line to the next


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that an object holds."""

    words: str
    colour: RGB | None = None  # of a region of interest


@dataclass(frozen=True, slots=True)
class Listing:
    """An object as a list."""

    title: str
    lines: tuple[Line, ...]


def listing_of(dataset: Dataset, sop_class_uid: str) -> Listing | None:
    """The list of an object; None where it is no structure set and no plan, or holds nothing."""
    kind = KINDS.get(sop_class_uid)
    found = LISTS[kind](dataset) if kind in LISTS else None
    return found if found is not None and found.lines else None


def drawn(listing: Listing, width: int, height: int) -> Image.Image:
    """A sheet with the list, in the size of the viewport (pixels); the end says how many more there are."""
    picture = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(picture)
    size = max(8.0, min(width, height) / 28)
    margin = size
    heading = font_of(size * 1.4)
    draw.text((margin, margin), fitted(listing.title, draw, heading, width - 2 * margin), TITLE, heading)
    top = margin + size * 1.4 * LINE
    draw.line([(margin, top), (width - margin, top)], EDGE, max(1, round(size / 10)))
    font = font_of(size)
    top += size * 0.6
    room = max(1, int((height - top - margin / 2) / (size * LINE)))
    shown = listing.lines if len(listing.lines) <= room else listing.lines[: room - 1]
    more = len(listing.lines) - len(shown)
    for line in (*shown, *([Line(f"and {more} more")] if more else [])):
        if line.colour is not None:
            draw.rectangle((margin, top + size * 0.15, margin + size * 0.8, top + size * 0.95), line.colour)
        left = margin + size * 1.4
        draw.text((left, top), fitted(line.words, draw, font, width - left - margin), SUBTITLE, font)
        top += size * LINE
    return picture


def _structure_set(dataset: Dataset) -> Listing:
    colours = {
        number(item, "ReferencedROINumber"): _colour(numbers(item, "ROIDisplayColor"))
        for item in items(dataset, "ROIContourSequence")
    }
    kinds = {
        number(item, "ReferencedROINumber"): text(item, "RTROIInterpretedType")
        for item in items(dataset, "RTROIObservationsSequence")
    }
    lines = []
    for roi in items(dataset, "StructureSetROISequence")[:MAX_LINES]:
        key = number(roi, "ROINumber")
        words = (text(roi, "ROIName") or f"ROI {int(key or 0)}", kinds.get(key, "").lower())
        lines.append(Line(", ".join(filter(None, words)), colours.get(key)))
    return Listing(text(dataset, "StructureSetLabel") or "RT structures", tuple(lines))


def _plan(dataset: Dataset) -> Listing:
    beams = [*items(dataset, "BeamSequence"), *items(dataset, "IonBeamSequence")]
    metersets = {
        number(reference, "ReferencedBeamNumber"): number(reference, "BeamMeterset")
        for group in items(dataset, "FractionGroupSequence")
        for reference in items(group, "ReferencedBeamSequence")
    }
    lines = [Line(words) for words in _fractions(dataset)]
    lines += [Line(_beam(beam, metersets)) for beam in beams[:MAX_LINES]]
    title = text(dataset, "RTPlanLabel") or text(dataset, "RTPlanName") or "RT plan"
    return Listing(title, tuple(lines))


def _fractions(dataset: Dataset) -> Iterator[str]:
    for group in items(dataset, "FractionGroupSequence"):
        fractions = number(group, "NumberOfFractionsPlanned")
        if fractions is not None:
            yield f"{int(fractions)} fractions"


def _beam(beam: Dataset, metersets: Mapping[float | None, float | None]) -> str:
    """Name, radiation, energy, kind and meterset of a beam."""
    key = number(beam, "BeamNumber")
    point = next(iter([*items(beam, "ControlPointSequence"), *items(beam, "IonControlPointSequence")]), None)
    energy, meterset = number(point, "NominalBeamEnergy"), metersets.get(key)
    words = (
        text(beam, "BeamName") or f"Beam {int(key or 0)}",
        text(beam, "RadiationType").lower(),
        "" if energy is None else f"{energy:g} MeV",
        text(beam, "BeamType").lower(),
        "" if meterset is None else f"{meterset:.1f} {text(beam, 'PrimaryDosimeterUnit') or 'MU'}",
    )
    return ", ".join(filter(None, words))


LISTS: Mapping[Kind | None, Callable[[Dataset], Listing]] = {
    Kind.STRUCTURE_SET: _structure_set,
    Kind.PLAN: _plan,
}


def _colour(channels: list[float]) -> RGB | None:
    if len(channels) != 3:
        return None
    red, green, blue = (min(max(int(channel), 0), 255) for channel in channels)
    return red, green, blue
