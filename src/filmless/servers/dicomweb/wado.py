"""WADO-RS: retrieve instances as they are stored (PS3.18 10.4), read ahead, each checked against its hash."""

import secrets
from asyncio import Future, ensure_future
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import DICOM, Form, form_of
from filmless.servers.dicomweb.service import Service, entity_tag, is_known, ranges
from filmless.servers.dicomweb.zip_writer import ZIP, Member, ZipWriter, zip_length
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.standards.dicom.uids import is_uid

WHOLE = 4 << 20  # bytes: up to here an instance is read, and its hash checked, before any of it is sent
READ_AHEAD = 4  # instances of one answer that are read while another is sent


class Wado:
    """Answers retrieve requests for instances."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def retrieve(self, request: Request) -> Answer:
        """A study, a series or an instance."""
        kept = await found(self._service, request)
        syntaxes = {each.transfer_syntax_uid for each in kept}
        form = form_of(ranges(request), DICOM, syntaxes, is_single="instance" in request.parameters)
        tag = entity_tag(kept, form)
        headers = ((b"etag", tag.encode()), (b"vary", b"accept"))
        if is_known(request, tag):
            return Answer(304, headers=headers)
        reader = _Reader(self._service, request.scope, kept)
        if form is Form.SINGLE:
            return Answer(200, reader.single(), _part_type(kept[0]), headers, kept[0].placement.length)
        if form is Form.ZIP:
            name = f'attachment; filename="{kept[0].study_uid}.zip"'.encode()
            length = zip_length(map(_member, kept))
            return Answer(200, reader.zipped(), ZIP, (*headers, (b"content-disposition", name)), length)
        writer = PartWriter(secrets.token_hex(16))
        length = writer.length((_part_type(each), each.placement.length) for each in kept)
        return Answer(200, reader.parts(writer), writer.media_type(DICOM), headers, length)


async def found(service: Service, request: Request) -> list[KeptInstance]:
    """The instances that the path names; ``Problem`` 400 for a malformed UID, ``NotFound`` for none."""
    study_uid, series_uid, instance_uid = (request.parameters.get(name) for name in ("study", "series", "instance"))
    if not all(is_uid(uid) for uid in (study_uid, series_uid, instance_uid) if uid is not None):
        raise Problem(400, "A UID in the address is malformed.")
    return await service.call(service.archive.instances, study_uid or "", series_uid, instance_uid, scope=request.scope)


@dataclass(slots=True)
class _Reader:
    """Reads instances in order, a few ahead of the one that is sent."""

    service: Service
    scope: Scope
    kept: Sequence[KeptInstance]
    reading: deque[Future[list[bytes]] | Iterator[bytes]] = field(default_factory=deque)

    async def parts(self, writer: PartWriter) -> AsyncGenerator[bytes]:
        """The multipart body."""
        coming = iter(self.kept)
        try:
            self._read_ahead(islice(coming, READ_AHEAD))
            for number, each in enumerate(self.kept):
                self._read_ahead(islice(coming, 1))
                yield writer.head(_part_type(each), is_first=number == 0)
                async for chunk in self._next():
                    yield chunk
            yield writer.end
        finally:
            self._stop()

    async def zipped(self) -> AsyncGenerator[bytes]:
        """A ZIP file of the instances (PS3.18, application/zip of Supplement 211)."""
        writer = ZipWriter()
        coming = iter(self.kept)
        try:
            self._read_ahead(islice(coming, READ_AHEAD))
            for each in self.kept:
                self._read_ahead(islice(coming, 1))
                yield writer.head(_member(each))
                async for chunk in self._next():
                    yield writer.passed(chunk)
                yield writer.tail(_member(each))
            yield writer.end()
        finally:
            self._stop()

    async def single(self) -> AsyncGenerator[bytes]:
        """The one instance alone."""
        try:
            self._read_ahead(iter(self.kept))
            async for chunk in self._next():
                yield chunk
        finally:
            self._stop()

    def _read_ahead(self, kept: Iterator[KeptInstance]) -> None:
        for each in kept:
            if each.placement.length > WHOLE:
                self.reading.append(self.service.archive.chunks(each, self.scope))
            else:
                self.reading.append(ensure_future(self.service.call(self._whole, each)))

    async def _next(self) -> AsyncGenerator[bytes]:
        reading = self.reading.popleft()
        if isinstance(reading, Future):
            for chunk in await reading:
                yield chunk
            return
        while True:
            chunk = await self.service.call(next, reading, b"")
            if not chunk:
                return
            yield chunk

    def _whole(self, kept: KeptInstance) -> list[bytes]:
        """All of an instance; ``Damaged`` comes before the first byte is sent."""
        return list(self.service.archive.chunks(kept, self.scope))

    def _stop(self) -> None:
        for reading in self.reading:
            if isinstance(reading, Future) and not reading.cancel() and not reading.cancelled():
                reading.exception()  # it is read ahead for nobody: what went wrong there is no news


def _member(kept: KeptInstance) -> Member:
    return Member(f"{kept.study_uid}/{kept.series_uid}/{kept.instance_uid}.dcm", kept.placement.length)


def _part_type(kept: KeptInstance) -> str:
    return f"{DICOM}; transfer-syntax={kept.transfer_syntax_uid}"
