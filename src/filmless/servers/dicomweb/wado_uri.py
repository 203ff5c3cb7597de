"""WADO-URI: one object by the parameters of an address, as it is stored or as a picture (PS3.18 9)."""

import math
from collections.abc import Mapping
from dataclasses import replace

from filmless.archive.model import KeptInstance
from filmless.pixels.view import MAX_AREA, MAX_SIDE, Picture
from filmless.servers.byte_ranges import is_known
from filmless.servers.dicomweb.negotiation import DICOM, Offer, negotiate
from filmless.servers.dicomweb.render.extent import extent
from filmless.servers.dicomweb.render.parameters import view_of
from filmless.servers.dicomweb.render.pictures import Asked, Pictures
from filmless.servers.dicomweb.retrieve.frames import frame_numbers
from filmless.servers.dicomweb.retrieve.values import own_media_type
from filmless.servers.dicomweb.retrieve.wado import Wado, found
from filmless.servers.dicomweb.service import Service, entity_tag
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.servers.media_types import accepted

_NAMED = {"studyUID": "study", "seriesUID": "series", "objectUID": "instance"}
_OF_PICTURES = (
    "rows",
    "columns",
    "region",
    "windowCenter",
    "windowWidth",
    "imageQuality",
    "annotation",
    "presentationUID",
)

Parameters = Mapping[str, str]


class WadoUri:
    """Answers requests whose object is named by query parameters."""

    def __init__(self, service: Service, wado: Wado, pictures: Pictures) -> None:
        self._service, self._wado, self._pictures = service, wado, pictures

    async def retrieve(self, request: Request) -> Answer:
        """The object (PS3.18 9.4), or a picture of it or of one of its frames (PS3.18 9.5)."""
        given = _parameters(request)
        names = {name: given[parameter] for parameter, name in _NAMED.items()}
        request = replace(request, parameters=names, query_string=b"")
        (kept,) = await found(self._service, request)
        media_type = await self._media_type(given, kept, request)
        if media_type not in tuple(Picture):
            if unfit := [name for name in _OF_PICTURES if name in given]:
                raise Problem(400, f"{unfit[0]} is for pictures, not for {media_type}.")
            return await self._wado.retrieve(
                replace(request, headers={**request.headers, b"accept": _wanted(media_type, given)})
            )
        if "transferSyntax" in given:
            raise Problem(400, f"transferSyntax is for {DICOM}, not for {media_type}.")
        return await self._picture(given, kept, request, Picture(media_type))

    async def _media_type(self, given: Parameters, kept: KeptInstance, request: Request) -> str:
        """What ``contentType`` names; without it what PS3.18 9.3 has for the kind of object."""
        own = own_media_type(kept)
        offers = [Offer(DICOM), *([] if own is None else [Offer(own[0])])]
        pictures = [Offer(picture) for picture in Picture]
        if "contentType" in given:
            return negotiate(accepted(given["contentType"]), [*pictures, *offers]).media_type
        if kept.pixel_offset is None or own is not None:
            return DICOM
        table = await self._pictures.frames(kept, request.scope)
        is_one = "frameNumber" in given or table is None or table.count == 1
        return Picture.JPEG if is_one else DICOM

    async def _picture(self, given: Parameters, kept: KeptInstance, request: Request, picture: Picture) -> Answer:
        number = None
        if "frameNumber" in given:
            (number, *others) = frame_numbers(given["frameNumber"])
            if others:
                raise Problem(400, "frameNumber is one number.")
        fields = [
            (name, given[old])
            for old, name in (("imageQuality", "quality"), ("annotation", "annotation"))
            if old in given
        ]
        fields += [*_window(given), *await self._viewport(given, kept)]
        view = view_of(fields, picture)
        state = await self._state(given, request)
        tag = entity_tag([kept, *([] if state is None else [state])], repr(view), repr(number))
        headers = ((b"vary", b"accept"), (b"cache-control", b"private, no-cache"), (b"etag", tag.encode()))
        if is_known(request, tag):
            return Answer(304, headers=headers)
        asked = Asked(view, number)
        if state is not None:
            made = await self._pictures.through(state, kept, asked, request.scope)
        else:
            made = await self._pictures.of(kept, asked, request.scope)
        return Answer(200, made, picture, headers)

    async def _state(self, given: Parameters, request: Request) -> KeptInstance | None:
        """The presentation state through which the image is shown (PS3.18 9.5.12)."""
        uids = [given.get(name, "") for name in ("presentationSeriesUID", "presentationUID")]
        if not any(uids):
            return None
        if not all(uids) or any(name in given for name in ("windowCenter", "windowWidth")):
            raise Problem(400, "presentationUID needs presentationSeriesUID, and goes without a window.")
        names = {"study": given["studyUID"], "series": uids[0], "instance": uids[1]}
        return (await found(self._service, replace(request, parameters=names)))[0]

    async def _viewport(self, given: Parameters, kept: KeptInstance) -> list[tuple[str, str]]:
        """``rows``, ``columns`` and ``region`` (fractions of the image) as a viewport (PS3.18 8.3.5.1.3)."""
        sizes = [_whole(given, name) for name in ("columns", "rows")]
        if "region" not in given:
            return [] if sizes == [None, None] else [("viewport", ",".join(map(str, _size(*sizes))))]
        left, top, right, bottom = _region(given["region"])
        found_ = await self._service.call(extent, self._service.archive, kept)
        if found_ is None:
            raise Problem(400, "region is for images.")
        columns, rows = found_
        part = (left * columns, top * rows, (right - left) * columns, (bottom - top) * rows)
        size = _size(*sizes) if sizes != [None, None] else (max(1, round(part[2])), max(1, round(part[3])))
        return [("viewport", ",".join(map(str, (*size, *part))))]


def _parameters(request: Request) -> Parameters:
    """What was sent, each once; ``Problem`` 400 where the request names no object (PS3.18 9.1.2)."""
    given: dict[str, str] = {}
    for name, value in request.query():
        if name in given:
            raise Problem(400, f"{name} is given twice.")
        given[name] = value.strip()
    given = {name: value for name, value in given.items() if value}
    if given.get("requestType", "").upper() != "WADO":
        raise Problem(400, "requestType must be WADO.")
    if missing := [name for name in _NAMED if name not in given]:
        raise Problem(400, f"{missing[0]} is missing.")
    if "anonymize" in given:
        raise Problem(406, "De-identified objects are not offered here. Ask without anonymize.")
    return given


def _wanted(media_type: str, given: Parameters) -> bytes:
    if media_type != DICOM:
        return media_type.encode()
    return f'{DICOM}; transfer-syntax="{given.get("transferSyntax", "*")}"'.encode("latin-1", "replace")


def _window(given: Parameters) -> list[tuple[str, str]]:
    both = [given.get(name, "") for name in ("windowCenter", "windowWidth")]
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
