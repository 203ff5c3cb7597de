"""The query parameters of WADO-URI: which there are, and what each may say (PS3.18 9.1.2, 9.4.1.2, 9.5.1.2)."""

import math
from collections.abc import Mapping, Sequence

from filmless.pixels.view import MAX_AREA, MAX_SIDE, Picture
from filmless.servers.dicomweb.negotiation import DICOM
from filmless.servers.dicomweb.retrieve.frames import frame_numbers
from filmless.servers.dicomweb.service import with_plus
from filmless.servers.http_messages import Problem, Request
from filmless.servers.media_types import MediaType, accepted
from filmless.standards.dicom.uids import is_uid

Parameters = Mapping[str, str]
Fields = list[tuple[str, str]]

IDENTIFYING = {"studyUID": "study", "seriesUID": "series", "objectUID": "instance"}
OF_STATES = ("presentationSeriesUID", "presentationUID")
WINDOW = ("windowCenter", "windowWidth")
OF_PICTURES = ("frameNumber", "rows", "columns", "region", *WINDOW, "imageQuality", *OF_STATES)
"""Not for objects and documents. ``annotation`` may go with an object, where it says nothing (table 9.4.1-1)."""

PARAMETERS = (
    "requestType",
    *IDENTIFYING,
    "contentType",
    "charset",
    "anonymize",
    "annotation",
    "imageAnnotation",  # its name in table 9.5.1-1
    *OF_PICTURES,
    "transferSyntax",
)
"""All there are; others are passed over (PS3.18 8.3)."""

_TEXT = "text/"
_RENDERED = frozenset((*Picture, "application/pdf", "video/mp4", "video/mpeg", "video/h265", "image/svg+xml"))


def parameters_of(request: Request) -> Parameters:
    """What was sent; ``Problem`` 400 for a parameter without one value, and where none names the object."""
    given: dict[str, str] = {}
    for name, value in request.query():
        if name not in PARAMETERS:
            continue
        if name in given:
            raise Problem(400, f"{name} is given twice.")
        given[name] = value.strip()
        if not given[name]:
            raise Problem(400, f"{name} has no value.")
    if given.get("requestType") != "WADO":
        raise Problem(400, "requestType must be WADO.")
    if missing := [name for name in IDENTIFYING if name not in given]:
        raise Problem(400, f"{missing[0]} is missing.")
    if "anonymize" in given:
        if given["anonymize"] != "yes":
            raise Problem(400, "anonymize has one value: yes.")
        raise Problem(406, "De-identified objects are not offered here. Ask without anonymize.")
    _check_states(given)
    return given


def refuse_those_of_pictures(given: Parameters, media_type: str) -> None:
    """``Problem`` 400 for what an object or a document cannot obey (PS3.18 9.5.1.2)."""
    if unfit := [name for name in OF_PICTURES if name in given]:
        raise Problem(400, f"{unfit[0]} is for pictures, not for {media_type}.")


def content_types(given: Parameters) -> list[MediaType]:
    """What ``contentType`` names; ``Problem`` 400 for what it must not (PS3.18 8.3.3.1, 9.1.2.2.1)."""
    ranges = accepted(with_plus(given["contentType"]))
    if any("*" in each.name for each in ranges):
        raise Problem(400, "contentType takes no wildcards: they go into the Accept header.")
    if any(name in each.parameters for each in ranges for name in ("transfer-syntax", "charset")):
        raise Problem(400, "contentType takes neither transfer-syntax nor charset: they are parameters of their own.")
    return unmixed(ranges)


def unmixed(ranges: Sequence[MediaType]) -> list[MediaType]:
    """Media types that are either DICOM's or rendered ones; ``Problem`` 400 for both (PS3.18 8.7.5)."""
    names = {each.name for each in ranges if each.quality > 0}
    is_rendered = any(name in _RENDERED or (name.startswith(_TEXT) and "*" not in name) for name in names)
    if DICOM in names and is_rendered:
        raise Problem(400, f"Ask for {DICOM} or for rendered media types, not for both.")
    return list(ranges)


def transfer_syntax_of(given: Parameters) -> str:
    """The UID that is asked for, or ``*``; ``Problem`` 400 for what is none (PS3.18 9.4.2.4)."""
    uid = given.get("transferSyntax", "*")
    if uid != "*" and not is_uid(uid):
        raise Problem(400, "transferSyntax must be one UID.")
    return uid


def frame_number(given: Parameters) -> int | None:
    """From 0; ``Problem`` 400 for what is no number (PS3.18 9.5.2.1)."""
    if "frameNumber" not in given:
        return None
    (number, *others) = frame_numbers(given["frameNumber"])
    if others:
        raise Problem(400, "frameNumber is one number.")
    return number


def rendering_fields(given: Parameters) -> Fields:
    """Quality, annotation and window as rendered resources name them (PS3.18 8.3.5)."""
    names = (("imageQuality", "quality"), ("annotation", "annotation"), ("imageAnnotation", "annotation"))
    return [(new, given[old]) for old, new in names if old in given] + _window(given)


def viewport_field(given: Parameters, extent: tuple[int, int] | None) -> Fields:
    """``rows``, ``columns`` and ``region`` (fractions of the image) as a viewport (PS3.18 8.3.5.1.3)."""
    sizes = [_whole(given, name) for name in ("columns", "rows")]
    if "region" not in given:
        return [] if sizes == [None, None] else [("viewport", ",".join(map(str, _size(*sizes))))]
    left, top, right, bottom = _region(given["region"])
    if extent is None:
        raise Problem(400, "region is for images.")
    columns, rows = extent
    part = (left * columns, top * rows, (right - left) * columns, (bottom - top) * rows)
    size = _size(*sizes) if sizes != [None, None] else (max(1, round(part[2])), max(1, round(part[3])))
    return [("viewport", ",".join(map(str, (*size, *part))))]


def _check_states(given: Parameters) -> None:
    """A presentation state is named by both UIDs, and goes without window and frame (PS3.18 9.5.1.2.7, 9.5.2.3).

    9.5.2.3 forbids a region too; 9.5.1.2.7 and 9.5.2.4, which says what it then means, allow it: so does this.
    """
    named = [name for name in OF_STATES if name in given]
    if not named:
        return
    if len(named) < len(OF_STATES):
        raise Problem(400, "presentationSeriesUID and presentationUID go together.")
    if unfit := [name for name in (*WINDOW, "frameNumber") if name in given]:
        raise Problem(400, f"{unfit[0]} does not go with a presentation state.")


def _window(given: Parameters) -> Fields:
    both = [given.get(name, "") for name in WINDOW]
    if not any(both):
        return []
    if not all(both):
        raise Problem(400, "windowCenter and windowWidth go together.")
    return [("window", f"{both[0]},{both[1]},linear")]


def _size(width: int | None, height: int | None) -> tuple[int, int]:
    """Where only one is given the other does not matter: the picture keeps its proportions."""
    width, height = width or _most(height), height or _most(width)
    return width, height


def _most(other: int | None) -> int:
    return min(MAX_SIDE, MAX_AREA // max(other or 1, 1))


def _whole(given: Parameters, name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= MAX_SIDE and len(text) < 9):
        raise Problem(400, f"{name} must be a number of pixels from 1 to {MAX_SIDE}.")
    return int(text)


def _region(text: str) -> tuple[float, float, float, float]:
    try:
        left, top, right, bottom = map(float, text.split(","))
    except ValueError:
        left = top = right = bottom = math.nan
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise Problem(400, "region must be left,top,right,bottom, fractions of the image from 0 to 1.")
    return left, top, right, bottom
