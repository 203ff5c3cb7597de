"""The query parameters of rendered resources (PS3.18 8.3.5)."""

import math
from collections.abc import Sequence

from filmless.pixels.view import (
    MAX_AREA,
    MAX_SIDE,
    Annotation,
    ChosenWindow,
    Function,
    Picture,
    Profile,
    View,
    Viewport,
)
from filmless.servers.http_messages import Problem

Fields = Sequence[tuple[str, str]]

THUMBNAIL = Viewport(128, 128)

_FUNCTIONS = {
    "linear": Function.LINEAR,
    "linear-exact": Function.LINEAR_EXACT,
    "linear_exact": Function.LINEAR_EXACT,
    "sigmoid": Function.SIGMOID,
}
_SIZE, _REGION = 2, 6  # numbers of a viewport
_CAN_EMBED = frozenset((Picture.JPEG, Picture.PNG))
_MAX_QUALITY = 100


def view_of(fields: Fields, picture: Picture) -> View:
    """How the client wants to see it; ``Problem`` 400 with what to change."""
    profile = _profile(_once(fields, "iccprofile"), picture)
    return View(
        media_type=picture,
        viewport=_viewport(_once(fields, "viewport")),
        window=_window(_once(fields, "window")),
        quality=_quality(_once(fields, "quality")),
        annotations=tuple(each for each in Annotation if each in _words(fields, "annotation")),
        profile=profile,
    )


def thumbnail_view(fields: Fields, picture: Picture) -> View:
    """A small picture: of all parameters it takes the size of the viewport (PS3.18 8.3.5.2)."""
    text = _once(fields, "viewport")
    if text and text.count(",") != _SIZE - 1:
        raise Problem(400, "viewport of a thumbnail must be two numbers of pixels: width,height.")
    return View(picture, _viewport(text) or THUMBNAIL)


def unknown_annotations(fields: Fields) -> list[str]:
    """What was asked for that is not known here: the answer warns of it (PS3.18 8.3.5.1.1)."""
    return [each for each in _words(fields, "annotation") if each not in tuple(Annotation)]


def _once(fields: Fields, wanted: str) -> str:
    found = [value for name, value in fields if name.lower() == wanted]
    if len(found) > 1:
        raise Problem(400, f"{wanted} is given {len(found)} times.")
    return found[0].strip() if found else ""


def _words(fields: Fields, wanted: str) -> list[str]:
    return [each.strip().lower() for each in _once(fields, wanted).split(",") if each.strip()]


def _viewport(text: str) -> Viewport | None:
    """``width,height[,left,top,region width,region height]``: a negative region flips, an empty one is the default."""
    if not text:
        return None
    texts = text.split(",")
    size = [_whole(each) for each in texts[:_SIZE]]
    if len(size) != _SIZE or len(texts) > _REGION or any(number is None or number < 1 for number in size):
        raise Problem(400, "viewport must be width,height, or width,height,left,top,region width,region height.")
    width, height = (number or 0 for number in size)
    if max(width, height) > MAX_SIDE or width * height > MAX_AREA:
        raise Problem(400, f"A viewport has at most {MAX_SIDE} pixels a side and {MAX_AREA} pixels in all.")
    given = [*texts[_SIZE:], "", "", "", ""][: _REGION - _SIZE]
    left, top, region_width, region_height = (_decimal(each, "viewport") if each.strip() else None for each in given)
    if region_width == 0 or region_height == 0:
        raise Problem(400, "The region of the viewport has no area.")
    return Viewport(
        width,
        height,
        abs(left or 0.0),
        abs(top or 0.0),
        None if region_width is None else abs(region_width),
        None if region_height is None else abs(region_height),
        flip_horizontally=(region_width or 0) < 0,
        flip_vertically=(region_height or 0) < 0,
    )


def _window(text: str) -> ChosenWindow | None:
    """``centre,width,function``."""
    if not text:
        return None
    texts = [each.strip() for each in text.split(",")]
    function = _FUNCTIONS.get(texts[-1].lower())
    if len(texts) != 3 or function is None:
        raise Problem(400, "window must be centre,width,function; the function linear, linear-exact or sigmoid.")
    centre, width = (_decimal(each, "window") for each in texts[:2])
    if width <= 0 or (function is Function.LINEAR and width < 1):  # PS3.3 C.11.2.1.2
        raise Problem(400, "The width of a window must be above 0, that of a linear one at least 1.")
    return ChosenWindow(centre, width, function)


def _quality(text: str) -> int:
    if not text:
        return View().quality
    quality = _whole(text)
    if quality is None or not 1 <= quality <= _MAX_QUALITY:
        raise Problem(400, "quality must be a whole number from 1 to 100.")
    return quality


def _profile(text: str, picture: Picture) -> Profile:
    try:
        profile = Profile(text.lower() or Profile.NO)
    except ValueError:
        raise Problem(400, f"iccprofile must be one of {', '.join(Profile)}.") from None
    if profile is not Profile.NO and picture not in _CAN_EMBED:
        raise Problem(400, f"{picture} carries no ICC profile here: ask for image/jpeg or image/png, or iccprofile=no.")
    return profile


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text[:9]) if text.isascii() and text.isdecimal() else None


def _decimal(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Problem(400, f"{name} has something that is no number.")
    return number
