"""WADO-URI: one object by the parameters of an address, as it is stored or rendered (PS3.18 9)."""

from dataclasses import replace

from filmless.archive.errors import NotFound
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.pixels.view import Picture
from filmless.servers.byte_ranges import is_known
from filmless.servers.dicomweb.charsets import charset_of
from filmless.servers.dicomweb.negotiation import DICOM, Offer, best, negotiate
from filmless.servers.dicomweb.render.documents import MP4, Documents
from filmless.servers.dicomweb.render.extent import extent, number_of_frames
from filmless.servers.dicomweb.render.parameters import unknown_annotations, view_of
from filmless.servers.dicomweb.render.pictures import Asked, Pictures
from filmless.servers.dicomweb.render.scenes import is_scene
from filmless.servers.dicomweb.retrieve.values import own_media_type
from filmless.servers.dicomweb.retrieve.wado import TARGETS, Wado, found
from filmless.servers.dicomweb.service import Service, annotation_warning, entity_tag
from filmless.servers.dicomweb.uri_parameters import (
    IDENTIFYING,
    OF_STATES,
    Parameters,
    content_types,
    frame_number,
    parameters_of,
    refuse_those_of_pictures,
    rendering_fields,
    transfer_syntax_of,
    unmixed,
    viewport_field,
)
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.servers.media_types import accepted


class WadoUri:
    """Answers requests whose object is named by query parameters."""

    def __init__(self, service: Service, wado: Wado, pictures: Pictures) -> None:
        self._service, self._wado, self._pictures = service, wado, pictures
        self._documents = Documents(service, pictures)

    async def retrieve(self, request: Request) -> Answer:
        """The object (PS3.18 9.4), or what is rendered of it or of one of its frames (PS3.18 9.5)."""
        given = parameters_of(request)
        charset_of(request)  # 400 for one that is not known, of pictures too
        names = {name: given[parameter] for parameter, name in IDENTIFYING.items()}
        request = replace(request, parameters=names)
        (kept,) = await found(self._service, request)
        media_type = await self._media_type(given, kept, request)
        if media_type == DICOM:
            return await self._object(given, kept, request)
        if "transferSyntax" in given:
            raise Problem(400, f"transferSyntax is for {DICOM}, not for {media_type}.")
        if media_type in tuple(Picture):
            return await self._picture(given, kept, request, Picture(media_type))
        refuse_those_of_pictures(given, media_type)
        return await self._documents.answer(request, kept, media_type)

    async def _media_type(self, given: Parameters, kept: KeptInstance, request: Request) -> str:
        """The Selected Media Type: by ``contentType``, else by the Accept header (PS3.18 8.7.8.1)."""
        named = content_types(given) if "contentType" in given else []
        offers = await self._offers(given, kept, request.scope)
        offer = best(named, offers)
        if offer is None:
            ranges = accepted(request.header(b"accept"))
            offer = negotiate(ranges if named else unmixed(ranges), offers)
        return offer.media_type

    async def _offers(self, given: Parameters, kept: KeptInstance, scope: Scope) -> list[Offer]:
        """What can be had, that which a wildcard means first: the default of the category (PS3.18 table 8.7.4-1).

        Where that has none, which is of several frames, videos and what is neither image nor text: the object.
        """
        rendered = await self._documents.offers(kept, [Offer(picture) for picture in Picture], scope)
        own = own_media_type(kept)
        first = next(each.media_type for each in rendered if not each.by_name)
        if own is not None and all(each.media_type != own[0] for each in rendered):
            rendered.append(Offer(own[0], by_name=True))
        if first in tuple(Picture):
            is_default = own is None and await self._is_one_frame(given, kept, scope)
        else:
            is_default = first != MP4
        return [*rendered, Offer(DICOM)] if is_default else [Offer(DICOM), *rendered]

    async def _is_one_frame(self, given: Parameters, kept: KeptInstance, scope: Scope) -> bool:
        if kept.pixel_offset is None:
            return False
        table = await self._pictures.frames(kept, scope)
        return "frameNumber" in given or table is None or table.count == 1

    async def _object(self, given: Parameters, kept: KeptInstance, request: Request) -> Answer:
        """The file; its media type goes without parameters (PS3.18 9.1.3)."""
        refuse_those_of_pictures(given, DICOM)
        uid = transfer_syntax_of(given)
        if uid not in ("*", kept.transfer_syntax_uid, *TARGETS):
            listed = ", ".join(dict.fromkeys((kept.transfer_syntax_uid, *TARGETS)))
            raise Problem(406, f"This transferSyntax is not offered here: it may be one of {listed}.")
        accept = f'{DICOM}; transfer-syntax="{uid}"'.encode()
        answer = await self._wado.retrieve(
            replace(request, headers={**request.headers, b"accept": accept}, query_string=b"")
        )
        return replace(answer, media_type=DICOM)

    async def _picture(self, given: Parameters, kept: KeptInstance, request: Request, picture: Picture) -> Answer:
        number = await self._number(given, kept)
        size = await self._service.call(extent, self._service.archive, kept) if "region" in given else None
        fields = [*rendering_fields(given), *viewport_field(given, size)]
        view = view_of(fields, picture)
        state = await self._state(given, kept, request)
        headers = [(b"vary", b"accept"), (b"cache-control", b"private, no-cache")]
        if unknown := unknown_annotations(fields):
            headers.append(annotation_warning(self._service.root(request), unknown))
        if state is not None or not is_scene(kept.sop_class_uid):  # others show objects that change by themselves
            tag = entity_tag([kept, *([] if state is None else [state])], repr(view), repr(number))
            headers.append((b"etag", tag.encode()))
            if is_known(request, tag):
                return Answer(304, headers=tuple(headers))
        asked = Asked(view, number)
        if state is not None:
            made = await self._pictures.through(state, kept, asked, request.scope)
        else:
            made = await self._pictures.of(kept, asked, request.scope)
        return Answer(200, made, picture, tuple(headers))

    async def _number(self, given: Parameters, kept: KeptInstance) -> int | None:
        """The frame, from 0; ``Problem`` 400 where the object has no frames, or not so many (PS3.18 9.5.2.1)."""
        number = frame_number(given)
        if number is None:
            return None
        count = await self._service.call(number_of_frames, self._service.archive, kept)
        if count is None:
            raise Problem(400, "frameNumber is for images of several frames, which this one is not.")
        if number >= count:
            raise Problem(400, f"There is no frame {number + 1}: the instance has {count} frames.")
        return number

    async def _state(self, given: Parameters, kept: KeptInstance, request: Request) -> KeptInstance | None:
        """The presentation state through which the image is shown; ``Problem`` 400 for none (PS3.18 9.5.2.3)."""
        series_uid, instance_uid = (given.get(name) for name in OF_STATES)
        if series_uid is None or instance_uid is None:
            return None
        names = {"study": given["studyUID"], "series": series_uid, "instance": instance_uid}
        try:
            (state,) = await found(self._service, replace(request, parameters=names))
        except NotFound:
            raise Problem(400, "There is no such presentation state in this study.") from None
        if not await self._pictures.shows(state, kept):
            raise Problem(400, "What presentationUID names is no presentation state of this image.")
        return state
