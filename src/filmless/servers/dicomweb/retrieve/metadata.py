"""Metadata of instances as DICOM JSON (PS3.18 10.4.1.1.2), made from each object's header, sent as it is made."""

import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence

from filmless.archive.archive import Archive
from filmless.archive.model import KeptInstance
from filmless.servers.byte_ranges import is_known
from filmless.servers.dicomweb.retrieve.wado import found
from filmless.servers.dicomweb.service import Service, entity_tag, instance_url, require_json
from filmless.servers.http_messages import Answer, Request
from filmless.standards.data_set.dicom_json import data_set_json
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax

BATCH = 32  # instances that one call of the executor does
PIXEL_ELEMENT = 20  # bytes of the pixel element's head and of the first item's, which say that there are pixels


class Metadata:
    """Answers metadata requests."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def retrieve(self, request: Request) -> Answer:
        """Of a study, a series or an instance."""
        media_type = require_json(request)
        kept = await found(self._service, request)
        root = self._service.root(request)
        tag = entity_tag(kept, media_type, root)
        headers = ((b"etag", tag.encode()), (b"vary", b"accept, accept-encoding"))
        if is_known(request, tag):
            return Answer(304, headers=headers)
        batches = [kept[start : start + BATCH] for start in range(0, len(kept), BATCH)]
        if len(batches) == 1 and not _takes_gzip(request):
            body = await self._service.call(_batch, self._service.archive, root, kept)
            return Answer(200, b"[" + body + b"]", media_type, headers)
        body_chunks = self._chunks(batches, root)
        if not _takes_gzip(request):
            return Answer(200, body_chunks, media_type, headers)
        return Answer(200, _gzip(body_chunks), media_type, (*headers, (b"content-encoding", b"gzip")))

    async def _chunks(self, batches: Sequence[Sequence[KeptInstance]], root: str) -> AsyncGenerator[bytes]:
        before = b"["
        for batch in batches:
            yield before + await self._service.call(_batch, self._service.archive, root, batch)
            before = b","
        yield b"]"


def header_of(archive: Archive, kept: KeptInstance) -> bytes:
    """The data set up to and with the head of its pixel element, or all of one that cannot be cut there."""
    start = kept.head_length
    if kept.pixel_offset is None or transfer_syntax(kept.transfer_syntax_uid).deflated:
        return archive.read(kept, start)
    return archive.read(kept, start, start + kept.pixel_offset + PIXEL_ELEMENT)


def _batch(archive: Archive, root: str, kept: Sequence[KeptInstance]) -> bytes:
    return b",".join(_one(archive, root, each) for each in kept)


def _one(archive: Archive, root: str, kept: KeptInstance) -> bytes:
    url = instance_url(root, kept.study_uid, kept.series_uid, kept.instance_uid)
    return data_set_json(header_of(archive, kept), kept.transfer_syntax_uid, url)


def _takes_gzip(request: Request) -> bool:
    return any(
        part.partition(";")[0].strip() == "gzip" and "q=0" not in part.replace(" ", "").split(";")
        for part in request.header(b"accept-encoding").lower().split(",")
    )


async def _gzip(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    packer = zlib.compressobj(1, wbits=31)
    async for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def pieces(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of at most ``size`` bytes that cover ``length`` bytes."""
    return ((start, min(start + size, length)) for start in range(0, length, size))
