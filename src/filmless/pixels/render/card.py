"""The card shown for an object that has no picture of its own: it says what the object is."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from filmless.pixels.render.lettering import fitted, font_of, legible
from filmless.standards.dicom.sop_classes import SOP_CLASSES

CARD_SIZE = (512, 512)  # columns, rows where no viewport is asked for
GROUND, EDGE, GLYPH, TITLE, SUBTITLE = "#151c26", "#34445a", "#5ab8ff", "#e8eef5", "#a9b8c9"

_LINES = 4
_LARGE = 14.0  # pixels of the unit from which small lines can be read

TITLES: tuple[tuple[str, str], ...] = (
    ("Key Object Selection", "Key images"),
    ("Radiation Dose SR", "Dose report"),
    (" SR ", "Structured report"),
    ("Encapsulated PDF", "PDF"),
    ("Encapsulated CDA", "Clinical document"),
    ("Encapsulated STL", "3D model"),
    ("Encapsulated OBJ", "3D model"),
    ("Encapsulated MTL", "3D model"),
    ("ECG", "ECG"),
    ("Audio", "Audio"),
    ("Waveform", "Waveform"),
    ("Video", "Video"),
    ("Presentation State", "Presentation state"),
    ("RT Structure Set", "RT structures"),
    ("RT Ion Plan", "RT plan"),
    ("RT Plan", "RT plan"),
    ("RT Dose", "RT dose"),
    ("Treatment Record", "RT record"),
    ("RT ", "Radiotherapy"),
    ("Radiation", "Radiotherapy"),
    ("Segmentation", "Segmentation"),
    ("Registration", "Registration"),
    ("Fiducials", "Fiducials"),
    ("Surface", "Surface"),
    ("Tractography", "Tractography"),
    ("Real World Value", "Value mapping"),
    ("Raw Data", "Raw data"),
    ("Spectroscopy", "Spectroscopy"),
    ("Color Palette", "Colour palette"),
    ("Hanging Protocol", "Hanging protocol"),
    ("Protocol", "Protocol"),
    ("Media Storage Directory", "DICOMDIR"),
    ("Image", "Image"),
)
"""First match in the name of the SOP class gives the title."""


def names(sop_class_uid: str, video: bool = False) -> tuple[str, str]:
    """Title and subtitle of the card for an object of a SOP class."""
    known = SOP_CLASSES.get(sop_class_uid)
    if known is None:
        return ("Video", "") if video else ("DICOM object", "Private class")
    subtitle = known.name.removesuffix(" Storage")
    title = "Video" if video else next((title for part, title in TITLES if part in known.name), "DICOM object")
    return title, "" if subtitle.casefold() == title.casefold() else subtitle


def card(title: str, lines: Sequence[str], width: int, height: int) -> Image.Image:
    """A sheet with a title and lines, in the size of the viewport (pixels); a small one has the first line alone."""
    picture = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(picture)
    unit = max(1.0, min(width, height) / 16)
    _sheet(draw, width / 2, height * 0.3, unit)
    _line(draw, title, (width, height * 0.57), 1.9 * unit, TITLE)
    shown = [line for line in lines if line][: _LINES if unit >= _LARGE else 1]
    for place, line in enumerate(shown):
        _line(
            draw, line, (width, height * 0.69 + place * 1.25 * unit), (0.85 if len(shown) > 1 else 1.2) * unit, SUBTITLE
        )
    return picture


def _sheet(draw: ImageDraw.ImageDraw, x: float, y: float, unit: float) -> None:
    half_width, half_height, fold, stroke = 2.2 * unit, 2.9 * unit, 1.4 * unit, max(1, round(unit / 4))
    left, right, top, bottom = x - half_width, x + half_width, y - half_height, y + half_height
    outline = [(left, top), (right - fold, top), (right, top + fold), (right, bottom), (left, bottom), (left, top)]
    draw.line(outline, GLYPH, stroke, joint="curve")
    draw.line([(right - fold, top), (right - fold, top + fold), (right, top + fold)], GLYPH, stroke)
    for line in (-0.4, 0.7, 1.8):
        draw.line([(left + unit, y + line * unit), (right - unit, y + line * unit)], EDGE, stroke)


def _line(draw: ImageDraw.ImageDraw, text: str, place: tuple[int, float], size: float, colour: str) -> None:
    """One centred line, smaller where it would not fit and cut where even that does not do."""
    width, y = place
    room = width * 0.92
    size = max(size, 7.0)
    while draw.textlength(legible(text), font_of(size)) > room and size > 9:
        size -= 1
    draw.text((width / 2, y), fitted(text, draw, font_of(size), room), colour, font_of(size), anchor="mm")
