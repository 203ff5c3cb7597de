"""Text in the corners of a picture: who it is of and how it was made (PS3.18 8.3.5.1.1)."""

from collections.abc import Iterator

from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number, text
from filmless.pixels.render.lettering import font_of, legible
from filmless.pixels.view import Annotation, View

_PATIENT = (
    ("", "PatientName", ""),
    ("", "PatientID", ""),
    ("born ", "PatientBirthDate", ""),
    ("", "PatientSex", ""),
)
_TECHNIQUE = (
    ("", "Modality", ""),
    ("", "StudyDate", ""),
    ("", "SeriesDescription", ""),
    ("Se ", "SeriesNumber", ""),
    ("Im ", "InstanceNumber", ""),
    ("", "KVP", " kV"),
    ("", "XRayTubeCurrent", " mA"),
    ("", "Exposure", " mAs"),
    ("TR ", "RepetitionTime", " ms"),
    ("TE ", "EchoTime", " ms"),
    ("", "SliceThickness", " mm"),
)

_LONGEST = 48  # characters of a line


def annotated(image: Image.Image, dataset: Dataset, frame: int, view: View) -> Image.Image:
    """The picture with the lines asked for: the patient at the left, the technique at the right."""
    size = max(9, min(image.size) // 32)
    font = font_of(size)
    draw = ImageDraw.Draw(image)
    white = 255 if image.mode == "L" else (255, 255, 255)
    black = 0 if image.mode == "L" else (0, 0, 0)
    technique = [*_lines(dataset, _TECHNIQUE), *_frame_line(dataset, frame)]
    corners = (
        (Annotation.PATIENT, list(_lines(dataset, _PATIENT)), size // 2, "la"),
        (Annotation.TECHNIQUE, technique, image.width - size // 2, "ra"),
    )
    for annotation, lines, x, anchor in corners:
        if annotation in view.annotations:
            for place, line in enumerate(lines):
                y = size // 2 + place * (size + size // 4)
                draw.text(
                    (x, y),
                    legible(line),
                    white,
                    font,
                    anchor=anchor,
                    stroke_width=max(1, size // 12),
                    stroke_fill=black,
                )
    return image


def _lines(dataset: Dataset, rows: tuple[tuple[str, str, str], ...]) -> Iterator[str]:
    for before, keyword, unit in rows:
        if value := text(dataset, keyword).replace("^", " ").partition("=")[0].strip():
            yield f"{before}{value}{unit}"[:_LONGEST]


def _frame_line(dataset: Dataset, frame: int) -> Iterator[str]:
    if (count := number(dataset, "NumberOfFrames") or 1) > 1:
        yield f"Fr {frame + 1}/{count:.0f}"
