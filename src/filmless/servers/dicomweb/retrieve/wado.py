"""WADO-RS: instances as they are stored or in another transfer syntax: parts, alone, or as a ZIP (PS3.18 10.4)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from filmless.archive.model import KeptInstance
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.targets import LOSSLESS
from filmless.servers.byte_ranges import is_known, with_ranges
from filmless.servers.dicomweb.made import Made
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import DICOM, ZIP, Form, Offer, negotiate
from filmless.servers.dicomweb.retrieve.contents import Contents, Conversion
from filmless.servers.dicomweb.retrieve.file_set import file_set, file_set_members, zipped
from filmless.servers.dicomweb.retrieve.values import locate, own_media_type, stream
from filmless.servers.dicomweb.retrieve.zip_ranges import Checksums, ZipRanges
from filmless.servers.dicomweb.retrieve.zip_writer import zip_length
from filmless.servers.dicomweb.service import Service, entity_tag, ranges
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.servers.transcoding import Codecs, Transcoder, is_decodable
from filmless.standards.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax,
)
from filmless.standards.dicom.uids import is_uid

# PS3.18 8.7.3.1 leaves out the other native ones.
TARGETS = (EXPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, *LOSSLESS)
_OWN_HEADERS = ((b"vary", b"accept"), (b"content-disposition", b"inline"))
DIRECTORY_BYTES = 8 << 20  # of the latest DICOMDIRs of ZIP files: a header of each instance is read for one
CONVERSIONS = 4  # at one time: each holds a thread of the executor


class Wado:
    """Answers retrieve requests for instances."""

    def __init__(self, service: Service, codecs: Codecs) -> None:
        self._service, self._codecs = service, codecs
        self._free = asyncio.Semaphore(CONVERSIONS)
        self._directories, self._checksums = Made(DIRECTORY_BYTES), Checksums()

    async def retrieve(self, request: Request) -> Answer:
        """A study, a series or an instance."""
        kept = await found(self._service, request)
        offer = negotiate(ranges(request), _offers(kept, is_single="instance" in request.parameters))
        tag = entity_tag(kept, str(offer)).removeprefix("W/")
        if offer.media_type not in (DICOM, ZIP):
            return await self._own(request, kept[0], tag)
        if is_known(request, tag):
            return with_ranges(request, Answer(200), tag)
        if offer.media_type == ZIP and not offer.is_made:
            return await self._zip(request, kept, tag)
        answer = await self._answer(request, kept, offer, tag)
        return with_ranges(request, answer, tag)

    async def _zip(self, request: Request, kept: Sequence[KeptInstance], tag: str) -> Answer:
        """The same instances give the same bytes, so that a download that broke off can be taken up."""
        service = self._service
        make = partial(service.call, file_set, service.archive, kept, None)
        directory = await self._directories.get(tag, make)
        members = file_set_members(directory, kept)
        parts = ZipRanges(members, directory, Contents(service, request.scope, kept), self._checksums)
        length = zip_length(members)
        return with_ranges(
            request, Answer(200, parts.part(0, length), ZIP, _zip_headers(kept), length), tag, parts.part
        )

    async def _own(self, request: Request, kept: KeptInstance, tag: str) -> Answer:
        """The document or video that an instance is a wrapper of."""
        media_type, path = own_media_type(kept) or ("", "")
        service = self._service
        value = await service.call(locate, service.archive, kept, path, request.scope)
        value = replace(value, parts=[[span for part in value.parts for span in part]])  # a video is one stream
        length = value.lengths[0]
        answer = Answer(200, stream(service, kept, value, 0), media_type, _OWN_HEADERS, length)
        return with_ranges(request, answer, tag, lambda *span: stream(service, kept, value, 0, span))

    async def _answer(self, request: Request, kept: Sequence[KeptInstance], offer: Offer, tag: str) -> Answer:
        vary = (b"vary", b"accept")
        conversion: Conversion | None = None
        target: str | None = None
        if offer.is_made:
            (target,) = offer.transfer_syntaxes
            conversion = Conversion(target, Transcoder(self._service.archive, self._codecs, request.scope), self._free)
        by_span = conversion is None and offer.media_type == DICOM and request.direct_answer is not None
        contents = Contents(self._service, request.scope, kept, conversion, by_span)
        if offer.form is Form.SINGLE and offer.media_type == DICOM:
            return await _alone(contents, kept[0], (vary,))
        directory = b""
        if offer.media_type == ZIP:
            directory = await self._service.call(file_set, self._service.archive, kept, target)
        if conversion is not None:
            await _begin(contents, kept[0])
            if request.method == "HEAD":
                contents.close()  # there is no body that would do it
        if offer.media_type == ZIP:
            return Answer(200, zipped(directory, contents), ZIP, _zip_headers(kept))
        writer = PartWriter(tag[1:-1])
        length = None
        if conversion is None:
            length = writer.length((contents.part_type(each), each.length) for each in kept)
        return Answer(200, contents.parts(writer), writer.media_type(DICOM), (vary,), length)


def _zip_headers(kept: Sequence[KeptInstance]) -> tuple[tuple[bytes, bytes], ...]:
    name = f'attachment; filename="{kept[0].study_uid}.zip"'.encode()
    return ((b"vary", b"accept"), (b"content-disposition", name))


async def _alone(contents: Contents, kept: KeptInstance, headers: tuple[tuple[bytes, bytes], ...]) -> Answer:
    try:
        length, body = await contents.alone()
    except CannotRender as failure:
        raise _problem(failure, kept) from None
    return Answer(200, body, contents.part_type(kept), headers, length)


async def _begin(contents: Contents, first: KeptInstance) -> None:
    """Convert the first before anything is answered; where a later one fails the answer ends before its end."""
    try:
        await contents.begin()
    except CannotRender as failure:
        raise _problem(failure, first) from None


def _problem(failure: CannotRender, kept: KeptInstance) -> Problem:
    if failure.reason is Reason.BUSY:
        return Problem(503, "Too many objects are being converted. Try again.", ((b"retry-after", b"5"),))
    which = f"Instance {kept.instance_uid} cannot be converted ({failure.reason})."
    return Problem(406, f"{which} Accept it in {kept.transfer_syntax_uid}.")


def _offers(kept: Sequence[KeptInstance], *, is_single: bool) -> list[Offer]:
    """PS3.18 8.7.3.5.2 means Explicit VR Little Endian where no transfer syntax is named. Who names none is given each
    instance as it was received, without any risk of a change, and told its transfer syntax.
    """
    stored = frozenset(each.transfer_syntax_uid for each in kept)
    offers = [Offer(DICOM, stored, Form.MULTIPART), Offer(ZIP, stored, by_name=True)]
    if is_single:
        offers.append(Offer(DICOM, stored))
        own = own_media_type(kept[0])
        offers += [] if own is None else [Offer(own[0], by_name=True)]
    if not all(is_decodable(transfer_syntax(uid)) for uid in stored):
        return offers
    for target in TARGETS:
        if stored != {target}:
            made = frozenset((target,))
            forms = (Form.MULTIPART, Form.SINGLE) if is_single else (Form.MULTIPART,)
            offers += [Offer(DICOM, made, form, is_default=False, is_made=True) for form in forms]
            offers.append(Offer(ZIP, made, is_default=False, is_made=True, by_name=True))
    return offers


async def found(service: Service, request: Request) -> list[KeptInstance]:
    """The instances that the path names; ``Problem`` 400 for a malformed UID, ``NotFound`` for none."""
    study_uid, series_uid, instance_uid = (request.parameters.get(name) for name in ("study", "series", "instance"))
    if not all(is_uid(uid) for uid in (study_uid, series_uid, instance_uid) if uid is not None):
        raise Problem(400, "A UID in the address is malformed.")
    return await service.call(service.archive.instances, study_uid or "", series_uid, instance_uid, scope=request.scope)
