"""A page of grid paper as a picture; runs in the codec child."""

from PIL import Image, ImageDraw

from filmless.pixels.documents.paper import Page
from filmless.pixels.render.lettering import font_of, legible

PER_MM = 8.0  # pixels, where no viewport asks for others
_MAX_PIXELS = 24_000_000
_FINE, _STRONG, _INK = "#f3c6c6", "#e39a9a", "#111111"


def sheet(page: Page, room: tuple[int, int] | None) -> Image.Image:
    """Draw the page as large as fits into ``room`` (columns, rows), or at 8 pixels a millimetre."""
    scale = min(PER_MM, (_MAX_PIXELS / (page.width * page.height)) ** 0.5)
    if room is not None:
        scale = min(room[0] / page.width, room[1] / page.height)
    picture = Image.new("RGB", (max(1, round(page.width * scale)), max(1, round(page.height * scale))), "#ffffff")
    draw = ImageDraw.Draw(picture)
    if scale >= 3:
        _grid(draw, page, scale, 1, _FINE)
    if scale >= 0.8:
        _grid(draw, page, scale, 5, _STRONG)
    stroke = max(1, round(scale / 4))
    for points in (*page.curves, *page.calibrations):
        draw.line([(x * scale, y * scale) for x, y in points], _INK, stroke)
    for words in page.words:
        if words.size * scale >= 5:
            font = font_of(words.size * scale)
            draw.text((words.x * scale, words.y * scale), legible(words.text), _INK, font, anchor="ls")
    return picture


def _grid(draw: ImageDraw.ImageDraw, page: Page, scale: float, step: int, colour: str) -> None:
    width, height = page.width * scale, page.height * scale
    for place in range(0, int(page.width) + 1, step):
        draw.line([(place * scale, 0), (place * scale, height)], colour)
    for place in range(0, int(page.height) + 1, step):
        draw.line([(0, place * scale), (width, place * scale)], colour)
