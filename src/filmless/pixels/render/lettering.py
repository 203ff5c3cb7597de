"""Words on pictures: in a font that is there, with no character that it does not have."""

from functools import lru_cache

from PIL import ImageDraw, ImageFont

from filmless.standards.dicom.text import romanised

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

MAX_CHARACTERS = 300  # of a line
_NO_CHARACTER = "\uffff"


@lru_cache(maxsize=64)
def font_of(size: float) -> Font:
    """The one font that the program brings, in pixels: of Latin letters."""
    return ImageFont.load_default(size)


def legible(words: str) -> str:
    """A line of characters that the font has; others in Latin letters, or as question marks, never as boxes."""
    return "".join(
        each if _is_drawn(each) else romanised(each) or "?" for each in words[:MAX_CHARACTERS] if each.isprintable()
    )


def fitted(words: str, draw: ImageDraw.ImageDraw, font: Font, room: float) -> str:
    """A legible line, cut to ``room`` pixels."""
    words = legible(words)
    if draw.textlength(words, font) <= room:
        return words
    while words and draw.textlength(words + "…", font) > room:
        words = words[:-1]
    return words.rstrip() + "…"


@lru_cache(maxsize=4096)
def _is_drawn(character: str) -> bool:
    if " " <= character <= "~":
        return True
    return _shape(character) != _shape(_NO_CHARACTER)


@lru_cache(maxsize=4096)
def _shape(character: str) -> tuple[tuple[int, int], bytes]:
    mask = font_of(20).getmask(character)
    return mask.size, bytes(mask)
