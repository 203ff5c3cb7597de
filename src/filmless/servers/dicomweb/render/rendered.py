"""Rendered resources (PS3.18 10.4.1.1.3): pictures of a study, a series, an instance or some of its frames."""

import secrets
from asyncio import Future, ensure_future
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.pixels.view import Picture, View
from filmless.servers.byte_ranges import is_known
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import Form, Offer, negotiate
from filmless.servers.dicomweb.render.documents import Documents
from filmless.servers.dicomweb.render.parameters import thumbnail_view, unknown_annotations, view_of
from filmless.servers.dicomweb.render.pictures import Asked, Pictures
from filmless.servers.dicomweb.render.scenes import is_scene
from filmless.servers.dicomweb.retrieve.frames import frame_numbers
from filmless.servers.dicomweb.retrieve.located import LocatedFrames
from filmless.servers.dicomweb.retrieve.wado import found
from filmless.servers.dicomweb.service import Service, annotation_warning, entity_tag, instance_url, ranges, sending
from filmless.servers.http_messages import Answer, Problem, Request

AHEAD = 6  # pictures of one answer that are made while another is sent: no codec child waits for us
AHEAD_BYTES = 16 << 20  # of pictures that were made and are not sent yet: of larger ones there are fewer

_SINGLE = [Offer(picture) for picture in Picture]
_PARTS = [Offer(picture, form=Form.MULTIPART) for picture in Picture]


@dataclass(frozen=True, slots=True)
class _Part:
    """One picture of an answer."""

    kept: KeptInstance
    asked: Asked
    location: str  # its own address


class Rendered:
    """Answers requests for rendered resources and thumbnails."""

    def __init__(self, service: Service, located: LocatedFrames, pictures: Pictures) -> None:
        self._service = service
        self._located = located
        self._pictures = pictures
        self._documents = Documents(service, pictures)

    async def retrieve(self, request: Request) -> Answer:
        """A picture alone where there is one instance or frame, else one part for each frame.

        Who takes no parts gets the middle instance of a series or study alone.
        """
        numbers = frame_numbers(request.parameters["frames"]) if "frames" in request.parameters else []
        is_single = len(numbers) == 1 or ("instance" in request.parameters and not numbers)
        kept = await self._found(request)
        offers = _offers(numbers, is_single=is_single)
        if is_single and not numbers:
            offers = await self._documents.offers(kept[0], offers, request.scope)
        offer = negotiate(ranges(request), offers)
        if offer.media_type not in tuple(Picture):
            return await self._documents.answer(request, kept[0], offer.media_type)
        fields = request.query()
        view = view_of(fields, Picture(offer.media_type))
        headers = [(b"vary", b"accept"), (b"cache-control", b"private, no-cache")]
        if unknown := unknown_annotations(fields):
            headers.append(annotation_warning(self._service.root(request), unknown))
        if tag := _tag(kept, repr(view), offer.form, repr(numbers)):
            headers.append((b"etag", tag.encode()))
            if is_known(request, tag):
                return Answer(304, headers=tuple(headers))
        if offer.form is Form.SINGLE:
            picture = await self._pictures.of(kept[len(kept) // 2], _only(view, numbers), request.scope)
            return Answer(200, picture, view.media_type, tuple(headers))
        if numbers:
            await self._require(kept[0], numbers, request.scope)
        writer = PartWriter(secrets.token_hex(16))
        body = self._multipart(writer, self._parts(request, kept, numbers, view), request.scope)
        return Answer(200, body, writer.media_type(view.media_type), tuple(headers))

    async def thumbnail(self, request: Request) -> Answer:
        """A small picture of the frame, of the instance, or of the middle instance of the series or study."""
        numbers = frame_numbers(request.parameters["frames"]) if "frames" in request.parameters else []
        offer = negotiate(ranges(request), _SINGLE)
        view = thumbnail_view(request.query(), Picture(offer.media_type))
        kept = await self._found(request)
        chosen = kept[len(kept) // 2]
        headers = [(b"vary", b"accept"), (b"cache-control", b"private, max-age=300")]
        if tag := _tag([chosen], repr(view), repr(numbers)):
            headers.append((b"etag", tag.encode()))
            if is_known(request, tag):
                return Answer(304, headers=tuple(headers))
        asked = Asked(view, numbers[0] if numbers else None)
        picture = await self._pictures.of(chosen, asked, request.scope)
        return Answer(200, picture, view.media_type, tuple(headers))

    async def _found(self, request: Request) -> Sequence[KeptInstance]:
        """What the path names; of one instance after the other of a series each is not looked up by itself."""
        if "instance" in request.parameters:
            return [await self._located.instance(request)]
        return await found(self._service, request)

    async def _require(self, kept: KeptInstance, numbers: Sequence[int], scope: Scope) -> None:
        """``Problem`` 404 for a frame that is not there, before the first is sent."""
        if kept.pixel_offset is None:  # a presentation state: its images count as frames
            count: int | None = len(await self._pictures.numbers(kept, scope))
        else:
            table = await self._pictures.frames(kept, scope)
            count = None if table is None else table.count
        if count is not None and max(numbers) >= count:
            raise Problem(404, f"There is no frame {max(numbers) + 1}: the instance has {count} frames.")

    async def _parts(
        self, request: Request, kept: Sequence[KeptInstance], numbers: Sequence[int], view: View
    ) -> AsyncGenerator[_Part]:
        root = self._service.root(request)
        for each, following in zip_longest(kept, kept[1:]):
            if following is not None and following.series_uid == each.series_uid:
                await self._located.expect(request.scope, each.study_uid, each.series_uid)
            address = instance_url(root, each.study_uid, each.series_uid, each.instance_uid)
            if view.media_type is Picture.GIF and not numbers:
                yield _Part(each, Asked(view, moves=True), f"{address}/rendered")
                continue
            for number in numbers or await self._pictures.numbers(each, request.scope):
                part = "/rendered" if number is None else f"/frames/{number + 1}/rendered"
                yield _Part(each, Asked(view, number), address + part)

    async def _multipart(self, writer: PartWriter, parts: AsyncGenerator[_Part], scope: Scope) -> AsyncGenerator[bytes]:
        coming: deque[tuple[_Part, Future[bytes]]] = deque()
        is_first = True
        try:
            while True:
                while _has_room(coming) and (part := await anext(parts, None)) is not None:
                    making = self._pictures.of(part.kept, part.asked, scope, patient=True)
                    coming.append((part, ensure_future(making)))
                if not coming:
                    break
                part, picture = coming.popleft()
                head = writer.head(part.asked.view.media_type, is_first=is_first, location=part.location)
                if is_first:  # the client sees that the answer has begun
                    yield head
                    head, is_first = b"", False
                with sending(part.kept):
                    made = await picture
                yield head + made
            yield writer.end
        finally:
            for _, picture in coming:
                picture.cancel()
            await parts.aclose()


def _has_room(coming: "deque[tuple[_Part, Future[bytes]]]") -> bool:
    """Whether one more picture may be made before the first of these is sent."""
    made = (len(picture.result()) for _, picture in coming if _is_made(picture))
    return not coming or (len(coming) <= AHEAD and sum(made) < AHEAD_BYTES)


def _is_made(picture: "Future[bytes]") -> bool:
    return picture.done() and not picture.cancelled() and picture.exception() is None


def _offers(numbers: Sequence[int], *, is_single: bool) -> list[Offer]:
    """The pictures that are offered, best first; never one frame for several that were asked for by their numbers."""
    if is_single:
        return [*_SINGLE, *_PARTS]
    return _PARTS if numbers else [*_PARTS, *_SINGLE]


def _only(view: View, numbers: Sequence[int]) -> Asked:
    """The one frame, or the instance: moving where that is what the media type is for."""
    if numbers:
        return Asked(view, numbers[0])
    return Asked(view, moves=view.media_type is Picture.GIF)


def _tag(kept: Sequence[KeptInstance], *form: str) -> str | None:
    """ETag of pictures; None where they may show other objects too, which change by themselves."""
    return None if any(is_scene(each.sop_class_uid) for each in kept) else entity_tag(kept, *form)
