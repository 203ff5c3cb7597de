"""Bulk data: the value behind each BulkDataURI that metadata gives, in any part (PS3.18 10.4.1.1.5)."""

from collections.abc import AsyncGenerator

from filmless.archive.model import KeptInstance
from filmless.servers.byte_ranges import with_ranges
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import Form, Offer, both_forms, negotiate
from filmless.servers.dicomweb.retrieve.values import DOCUMENT, Value, locate, own_media_type, stream
from filmless.servers.dicomweb.retrieve.wado import found
from filmless.servers.dicomweb.service import Service, entity_tag, ranges
from filmless.servers.http_messages import Answer, Request
from filmless.standards.dicom.pixel_media_types import OCTETS, media_type_of

_ATTACHED = (b"content-disposition", b"attachment")


class Bulkdata:
    """Answers bulk data requests."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def retrieve(self, request: Request) -> Answer:
        """The value alone, or as parts; of encapsulated pixel data each frame is a part."""
        (kept,) = await found(self._service, request)
        path = request.parameters["path"]
        value = await self._service.call(locate, self._service.archive, kept, path, request.scope)
        offers = _offers(kept, value, path)
        offer = negotiate(ranges(request), both_forms(offers) if len(value.lengths) == 1 else offers)
        tag = entity_tag([kept], path, str(offer)).removeprefix("W/")
        headers = ((b"vary", b"accept"), _ATTACHED)
        service, lengths = self._service, value.lengths
        if offer.form is Form.SINGLE:
            answer = Answer(200, stream(service, kept, value, 0), offer.media_type, headers, lengths[0])
            return with_ranges(request, answer, tag, lambda *span: stream(service, kept, value, 0, span))
        writer = PartWriter(tag[1:-1])
        part_type = f"{offer.media_type}; transfer-syntax={kept.transfer_syntax_uid}"
        length = writer.length((part_type, each) for each in lengths)
        body = self._parts(kept, value, writer, part_type)
        return with_ranges(request, Answer(200, body, writer.media_type(offer.media_type), headers, length), tag)

    async def _parts(
        self, kept: KeptInstance, value: Value, writer: PartWriter, part_type: str
    ) -> AsyncGenerator[bytes]:
        for number in range(len(value.lengths)):
            yield writer.head(part_type, is_first=number == 0)
            async for chunk in stream(self._service, kept, value, number):
                yield chunk
        yield writer.end


def _offers(kept: KeptInstance, value: Value, path: str) -> list[Offer]:
    """As octets, and as what it is: compressed pixels, a video, a document."""
    syntax = frozenset((kept.transfer_syntax_uid,))
    octets = Offer(OCTETS, syntax, Form.MULTIPART)
    media_type = media_type_of(kept.transfer_syntax_uid)
    if value.is_encapsulated and media_type is not None:
        return [octets, Offer(media_type.name, syntax, Form.MULTIPART)]
    document = own_media_type(kept)
    if path == DOCUMENT and document is not None:
        return [octets, Offer(document[0], syntax, Form.MULTIPART)]
    return [octets]
