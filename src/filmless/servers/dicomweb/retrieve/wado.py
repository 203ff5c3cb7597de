"""WADO-RS: retrieve instances as they are stored (PS3.18 10.4), read ahead, each checked against its hash."""

import secrets
from asyncio import Future, ensure_future
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice

from filmless.archive.errors import Damaged
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.servers.byte_ranges import is_known
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import DICOM, ZIP, Form, Offer, negotiate
from filmless.servers.dicomweb.retrieve.zip_writer import Member, ZipWriter, zip_length
from filmless.servers.dicomweb.service import Service, entity_tag, ranges
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.standards.dicom.uids import is_uid

WHOLE = 4 << 20  # bytes: up to here an instance is read, and its hash checked, before any of it is sent
GROUP = 2 << 20  # bytes of neighbours that are read by one call
READ_AHEAD = 2  # groups of one answer that are read while another is sent


class Wado:
    """Answers retrieve requests for instances."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def retrieve(self, request: Request) -> Answer:
        """A study, a series or an instance."""
        kept = await found(self._service, request)
        offer = negotiate(ranges(request), _offers(kept, is_single="instance" in request.parameters))
        tag = entity_tag(kept, str(offer))
        headers = ((b"etag", tag.encode()), (b"vary", b"accept"))
        if is_known(request, tag):
            return Answer(304, headers=headers)
        reader = _Reader(self._service, request.scope, kept)
        if offer.media_type == ZIP:
            name = f'attachment; filename="{kept[0].study_uid}.zip"'.encode()
            length = zip_length(map(_member, kept))
            return Answer(200, reader.zipped(), ZIP, (*headers, (b"content-disposition", name)), length)
        if offer.form is Form.SINGLE:
            return Answer(200, reader.single(), _part_type(kept[0]), headers, kept[0].length)
        writer = PartWriter(secrets.token_hex(16))
        length = writer.length((_part_type(each), each.length) for each in kept)
        return Answer(200, reader.parts(writer), writer.media_type(DICOM), headers, length)


def _offers(kept: Sequence[KeptInstance], *, is_single: bool) -> list[Offer]:
    """PS3.18 8.7.3.5.2 means Explicit VR Little Endian where no transfer syntax is named. What was received is never
    altered here, so who names none is given each instance as it is stored, and told its transfer syntax.
    """
    stored = frozenset(each.transfer_syntax_uid for each in kept)
    offers = [Offer(DICOM, stored, Form.MULTIPART), Offer(ZIP, stored, by_name=True)]
    return [*offers, Offer(DICOM, stored)] if is_single else offers


async def found(service: Service, request: Request) -> list[KeptInstance]:
    """The instances that the path names; ``Problem`` 400 for a malformed UID, ``NotFound`` for none."""
    study_uid, series_uid, instance_uid = (request.parameters.get(name) for name in ("study", "series", "instance"))
    if not all(is_uid(uid) for uid in (study_uid, series_uid, instance_uid) if uid is not None):
        raise Problem(400, "A UID in the address is malformed.")
    return await service.call(service.archive.instances, study_uid or "", series_uid, instance_uid, scope=request.scope)


_Content = list[bytes] | Damaged | Iterator[bytes]  # read, found damaged, or to be read in pieces
_Reading = tuple[Sequence[KeptInstance], "Future[list[_Content]] | None"]


@dataclass(slots=True)
class _Reader:
    """Reads instances in order, some ahead of the one that is sent."""

    service: Service
    scope: Scope
    kept: Sequence[KeptInstance]
    reading: deque[_Reading] = field(default_factory=deque)

    async def parts(self, writer: PartWriter) -> AsyncGenerator[bytes]:
        """The multipart body."""
        is_first = True
        async with aclosing(self._contents()) as contents:
            async for kept, content in contents:
                yield writer.head(_part_type(kept), is_first=is_first)
                is_first = False
                async for chunk in self._chunks(content):
                    yield chunk
        yield writer.end

    async def zipped(self) -> AsyncGenerator[bytes]:
        """A ZIP file of the instances (PS3.18, application/zip of Supplement 211)."""
        writer = ZipWriter()
        async with aclosing(self._contents()) as contents:
            async for kept, content in contents:
                yield writer.head(_member(kept))
                async for chunk in self._chunks(content):
                    yield writer.passed(chunk)
                yield writer.tail(_member(kept))
        yield writer.end()

    async def single(self) -> AsyncGenerator[bytes]:
        """The one instance alone."""
        async with aclosing(self._contents()) as contents:
            async for _, content in contents:
                async for chunk in self._chunks(content):
                    yield chunk

    async def _contents(self) -> AsyncGenerator[tuple[KeptInstance, _Content]]:
        groups = _groups(self.kept)
        try:
            self._read_ahead(islice(groups, READ_AHEAD))
            while self.reading:
                group, reading = self.reading.popleft()
                self._read_ahead(islice(groups, 1))
                if reading is None:
                    yield group[0], self.service.archive.chunks(group[0], self.scope)
                    continue
                for kept, content in zip(group, await reading, strict=True):
                    yield kept, content
        finally:
            self._stop()

    def _read_ahead(self, groups: Iterator[Sequence[KeptInstance]]) -> None:
        for group in groups:
            is_large = group[0].length > WHOLE
            reading = None if is_large else ensure_future(self.service.call(self._read, group))
            self.reading.append((group, reading))

    async def _chunks(self, content: _Content) -> AsyncGenerator[bytes]:
        if isinstance(content, Damaged):
            raise content
        if isinstance(content, list):
            for chunk in content:
                yield chunk
            return
        while chunk := await self.service.call(next, content, b""):
            yield chunk

    def _read(self, group: Sequence[KeptInstance]) -> list[_Content]:
        """All of each; damage is known before the first byte of it is sent."""
        return [self._whole(kept) for kept in group]

    def _whole(self, kept: KeptInstance) -> _Content:
        try:
            return list(self.service.archive.chunks(kept, self.scope))
        except Damaged as damage:
            return damage

    def _stop(self) -> None:
        for _, reading in self.reading:
            if reading is not None and not reading.cancel() and not reading.cancelled():
                reading.exception()  # it is read ahead for nobody: what went wrong there is no news


def _groups(kept: Sequence[KeptInstance]) -> Iterator[Sequence[KeptInstance]]:
    """Neighbours that are read by one call: small ones together, each large one alone."""
    group: list[KeptInstance] = []
    size = 0
    for each in kept:
        if group and size + each.length > GROUP:
            yield group
            group, size = [], 0
        group.append(each)
        size += each.length
    if group:
        yield group


def _member(kept: KeptInstance) -> Member:
    return Member(f"{kept.study_uid}/{kept.series_uid}/{kept.instance_uid}.dcm", kept.length)


def _part_type(kept: KeptInstance) -> str:
    return f"{DICOM}; transfer-syntax={kept.transfer_syntax_uid}"
