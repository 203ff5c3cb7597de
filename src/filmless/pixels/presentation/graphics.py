"""Graphics and text of a presentation state, drawn into the picture (PS3.3 C.10.5, C.10.7)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from filmless.pixels.attributes import items, number, numbers, text, values
from filmless.pixels.presentation.colours import RGB, WHITE, rgb_of_cielab, rgb_of_p_value
from filmless.pixels.presentation.displayed_area import Area
from filmless.pixels.presentation.overlays import Mask, activation_layer
from filmless.pixels.presentation.state import Shown, applying
from filmless.pixels.render.lettering import font_of, legible
from filmless.pixels.render.placement import Placement

Points = NDArray[np.float64]  # (point, column row)

ARC = 128  # points of a circle or ellipse
CURVE = 16  # points between two of an interpolated line
MAX_POINTS = 20_000
MAX_TEXT = 4_096  # characters
FINE = 2  # lines are drawn this many times larger and made smaller again
MAX_FINE_PIXELS = 16 << 20
LINE = 1.5  # pixels of the picture
TEXT_LINE = 1 / 40  # of the picture's shorter side: text that has no box


@dataclass(frozen=True, slots=True)
class Where:
    """Where image and displayed area lie in a picture."""

    placement: Placement
    displayed: Area  # in pixels of the picture


@dataclass(frozen=True, slots=True)
class Layer:
    """A graphic layer: layers of lower order lie under the others (PS3.3 C.10.7)."""

    name: str
    order: float
    colour: RGB


def layers(state: Dataset) -> list[Layer]:
    """The graphic layers of a state, the lowest first."""
    found = [
        Layer(text(item, "GraphicLayer"), number(item, "GraphicLayerOrder") or 0.0, _layer_colour(item))
        for item in items(state, "GraphicLayerSequence")
    ]
    return sorted(found, key=lambda layer: layer.order)


def annotated(
    picture: Image.Image, state: Dataset, shown: Shown, where: Where, planes: Mapping[int, Mask]
) -> Image.Image:
    """The picture with what the state draws on it; ``planes`` are the overlays (row, column) of the image by group."""
    annotations = list(applying(state, "GraphicAnnotationSequence", shown))
    activated = {group: activation_layer(state, group) for group in planes}
    if not annotations and not any(activated.values()):
        return picture
    sheet = _Sheet(picture.convert("RGB"), where)
    for layer in layers(state):
        for group, name in activated.items():
            if name == layer.name:
                sheet.plane(planes[group], layer.colour)
        for item in annotations:
            if text(item, "GraphicLayer") == layer.name:
                _annotate(sheet, item, layer.colour)
    return sheet.picture


class _Sheet:
    """A picture that is drawn on."""

    def __init__(self, picture: Image.Image, where: Where) -> None:
        self.picture = picture
        self.where = where
        self._fine = FINE if picture.width * picture.height * FINE * FINE <= MAX_FINE_PIXELS else 1

    def place(self, item: Dataset, keyword: str, units: str) -> Points:
        """The points of an attribute (column, row, ...) in the picture."""
        flat = numbers(item, keyword)[: 2 * MAX_POINTS]
        flat = flat[: len(flat) // 2 * 2]
        pairs = np.asarray(flat, np.float64).reshape(-1, 2)
        if text(item, units) == "DISPLAY":  # shares of the displayed area as it is seen
            left, top, width, height = self.where.displayed
            places = pairs * (width, height) + (left, top)
        else:
            places = np.array([self.where.placement.point(*pair) for pair in pairs.tolist()]).reshape(-1, 2)
        return np.clip(places, -(2.0**20), 2.0**20)

    def line(self, points: Points, colour: RGB, width: float = LINE, filled: bool = False) -> None:
        """Join points, or fill what they enclose."""
        cover = Image.new("L", (self.picture.width * self._fine, self.picture.height * self._fine))
        draw = ImageDraw.Draw(cover)
        path = [(float(x) * self._fine, float(y) * self._fine) for x, y in points]
        if filled and len(path) > 2:
            draw.polygon(path, fill=255)
        draw.line(path, fill=255, width=max(1, round(width * self._fine)), joint="curve")
        self._ink(cover.resize(self.picture.size, Image.Resampling.BOX), colour)

    def dot(self, point: Points, colour: RGB) -> None:
        """A small cross."""
        x, y = point[0]
        size = max(3.0, min(self.picture.size) / 100)
        self.line(np.array([[x - size, y], [x + size, y]]), colour)
        self.line(np.array([[x, y - size], [x, y + size]]), colour)

    def words(self, words: str, box: tuple[float, float, float, float], align: str, colour: RGB) -> None:
        """Lines of text in a box (left, top, right, bottom), as large as it allows; upright whatever was turned."""
        left, top, right, bottom = box
        lines = max(1, words.count("\n") + 1)
        size = min(max((bottom - top) / lines / 1.25, 7.0), 200.0)
        draw = ImageDraw.Draw(self.picture)
        anchor, x = {"RIGHT": ("ra", right), "CENTER": ("ma", (left + right) / 2)}.get(align, ("la", left))
        words = "\n".join(map(legible, words.split("\n")))
        draw.multiline_text((x, top), words, colour, font_of(size), anchor=anchor, align=align.lower())

    def plane(self, mask: Mask, colour: RGB) -> None:
        """The pixels of an overlay."""
        self._ink(self.where.placement.place(mask.astype(np.uint8) * np.uint8(255)), colour)

    def _ink(self, cover: Image.Image, colour: RGB) -> None:
        self.picture.paste(colour, (0, 0), cover)


def _annotate(sheet: _Sheet, item: Dataset, colour: RGB) -> None:
    for graphic in items(item, "GraphicObjectSequence"):
        _draw(sheet, graphic, colour)
    for words in items(item, "TextObjectSequence"):
        _write(sheet, words, colour)


def _draw(sheet: _Sheet, graphic: Dataset, colour: RGB) -> None:
    points = sheet.place(graphic, "GraphicData", "GraphicAnnotationUnits")
    shape = SHAPES.get(text(graphic, "GraphicType"))
    style = next(iter(items(graphic, "LineStyleSequence")), None)
    colour = rgb_of_cielab(numbers(style, "PatternOnColorCIELabValue")) or colour
    if text(graphic, "GraphicType") == "POINT" and len(points):
        sheet.dot(points, colour)
    elif shape is not None and (path := shape(points)) is not None:
        width = min(max(number(style, "LineThickness") or LINE, 1.0), 100.0)
        sheet.line(path, colour, width, text(graphic, "GraphicFilled") == "Y")


def _write(sheet: _Sheet, words: Dataset, colour: RGB) -> None:
    style = next(iter(items(words, "TextStyleSequence")), None)
    colour = rgb_of_cielab(numbers(style, "TextColorCIELabValue")) or colour
    lines = (
        str(next(iter(values(words, "UnformattedTextValue")), ""))[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    )
    corners = [
        sheet.place(words, f"BoundingBox{corner}HandCorner", "BoundingBoxAnnotationUnits")
        for corner in ("TopLeft", "BottomRight")
    ]
    anchor = sheet.place(words, "AnchorPoint", "AnchorPointAnnotationUnits")
    if all(len(corner) for corner in corners):
        (left, top), (right, bottom) = np.min(corners, axis=0)[0], np.max(corners, axis=0)[0]
        align = text(words, "BoundingBoxTextHorizontalJustification") or "LEFT"
        sheet.words(lines, (left, top, right, bottom), align, colour)
        if len(anchor) and text(words, "AnchorPointVisibility") == "Y":
            near = np.clip(anchor[0], (left, top), (right, bottom))
            sheet.line(np.stack([anchor[0], near]), colour)
    elif len(anchor):
        x, y = anchor[0]
        height = TEXT_LINE * min(sheet.picture.size) * (lines.count("\n") + 1)
        sheet.words(lines, (x, y, x, y + height), "LEFT", colour)


def _layer_colour(item: Dataset) -> RGB:
    lab = rgb_of_cielab(numbers(item, "GraphicLayerRecommendedDisplayCIELabValue"))
    if lab is not None:
        return lab
    grey = number(item, "GraphicLayerRecommendedDisplayGrayscaleValue")
    return WHITE if grey is None else rgb_of_p_value(grey)


def _polyline(points: Points) -> Points | None:
    return points if len(points) > 1 else None


def _interpolated(points: Points) -> Points | None:
    """A curve through the points (Catmull-Rom), closed where the last is the first."""
    if len(points) < 3:
        return _polyline(points)
    closed = bool(np.allclose(points[0], points[-1]))
    before, after = (points[-2], points[1]) if closed else (points[0], points[-1])
    around = np.vstack([before, points, after])
    return np.vstack([*_pieces(around), points[-1:]])


def _pieces(around: Points) -> Iterator[Points]:
    at = np.linspace(0, 1, CURVE, endpoint=False)[:, None]
    for index in range(len(around) - 3):
        a, b, c, d = around[index : index + 4]
        yield 0.5 * (2 * b + (c - a) * at + (2 * a - 5 * b + 4 * c - d) * at**2 + (3 * b - a - 3 * c + d) * at**3)


def _circle(points: Points) -> Points | None:
    """Centre and a point of the circumference."""
    if len(points) < 2:
        return None
    across = points[1] - points[0]
    return _arc(points[0], across, np.array([-across[1], across[0]]))


def _ellipse(points: Points) -> Points | None:
    """The two ends of the major and of the minor axis."""
    if len(points) < 4:
        return None
    centre = (points[0] + points[1]) / 2
    return _arc(centre, (points[1] - points[0]) / 2, (points[3] - points[2]) / 2)


def _arc(centre: Points, across: Points, down: Points) -> Points:
    angle = np.linspace(0, 2 * np.pi, ARC + 1)[:, None]
    return centre + across * np.cos(angle) + down * np.sin(angle)


SHAPES: Mapping[str, Callable[[Points], Points | None]] = {
    "POLYLINE": _polyline,
    "INTERPOLATED": _interpolated,
    "CIRCLE": _circle,
    "ELLIPSE": _ellipse,
}
