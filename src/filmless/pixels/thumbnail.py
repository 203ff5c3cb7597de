"""A small JPEG of one object; runs in the codec child."""

import io

from PIL import Image

from filmless.pixels.card import card, names
from filmless.pixels.picture import Picture, picture
from filmless.pixels.request import Facts

JPEG_QUALITY = 85


def thumbnail(facts: Facts, header: bytes, frame: bytes) -> bytes:
    """JPEG bytes of the frame, or of a card where there are no pixels; raises CannotRender."""
    seen = picture(facts, header, frame)
    if seen is None:
        title, subtitle = names(facts.sop_class_uid, facts.video)
        return _jpeg(card(title, facts.note or subtitle, facts.width, facts.height))
    return _jpeg(fit(seen, facts.width, facts.height))


def fit(seen: Picture, width: int, height: int) -> Image.Image:
    """Scale to the viewport, whole and with square pixels."""
    rows, columns = seen.levels.shape[:2]
    scale = min(width / columns, height / (rows * seen.aspect))
    size = max(1, round(columns * scale)), max(1, round(rows * seen.aspect * scale))
    filtered = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    return Image.fromarray(seen.levels).resize(size, filtered, reducing_gap=2.0)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
