"""Metadata (PS3.18 10.4.1.1.2) as DICOM JSON: bundles as they are kept, what has none as it is made; or as XML."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256

from filmless import __version__
from filmless.archive.errors import Unavailable
from filmless.archive.metadata.deflated import (
    HEAD,
    Measure,
    PieceWriter,
    gzip_length,
    gzip_tail,
    stored,
)
from filmless.archive.metadata.series import Bundle, SeriesNow
from filmless.archive.model import KeptInstance
from filmless.servers.byte_ranges import is_known
from filmless.servers.dicomweb.data_sets import DATA_SETS, DICOM_XML
from filmless.servers.dicomweb.negotiation import Offer, negotiate
from filmless.servers.dicomweb.retrieve.metadata_xml import xml_metadata
from filmless.servers.dicomweb.service import Service, ranges
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.servers.media_types import parse
from filmless.standards.dicom.uids import is_uid

BATCH = 32  # instances that one call of the executor does at most; the first does one, so that the answer begins soon
WORTH_KEEPING = 8  # instances of a series whose bundle is kept by whoever had to make it
AT_ONCE = 1 << 20  # bytes of an answer that is sent in one piece


class Metadata:
    """Answers metadata requests."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def retrieve(self, request: Request) -> Answer:
        """Of a study, a series or an instance."""
        alone = [Offer(DICOM_XML, by_name=True)] if "instance" in request.parameters else []
        offer = negotiate(ranges(request), [*DATA_SETS, *alone])
        media_type = offer.media_type
        if media_type == DICOM_XML:
            return await xml_metadata(self._service, request, offer.form)
        uids = [request.parameters.get(name) for name in ("study", "series", "instance")]
        if not all(is_uid(uid) for uid in uids if uid is not None):
            raise Problem(400, "A UID in the address is malformed.")
        look = self._service.metadata.look
        found = await self._service.call(look, (uids[0] or "", uids[1], uids[2]), request.scope)
        root = self._service.root(request)
        tag = _entity_tag(found, media_type, root)
        headers = ((b"etag", tag.encode()), (b"vary", b"accept, accept-encoding"))
        if is_known(request, tag):
            return Answer(304, headers=headers)
        text = _Text(self._service, root, found, may_keep=uids[2] is None)
        if not _takes_gzip(request):
            return Answer(200, text.plain(), media_type, headers, text.plain_length)
        length, coded = text.gzip_length, (*headers, (b"content-encoding", b"gzip"))
        if length is None or length > AT_ONCE:
            return Answer(200, text.gzipped(), media_type, coded, length)
        return Answer(200, b"".join([part async for part in text.gzipped()]), media_type, coded)


class _Text:
    """The JSON array of the instances of some series, plain or compressed."""

    def __init__(self, service: Service, root: str, found: Sequence[SeriesNow], *, may_keep: bool) -> None:
        self._service, self._root, self._found, self._may_keep = service, root, found, may_keep
        bundles = [series.bundle for series in found if series.bundle is not None and series.bundle.root == root]
        self._bundles = bundles if len(bundles) == len(found) else None
        self._measure = Measure()  # of the text that is compressed so far

    @property
    def plain_length(self) -> int | None:
        """Bytes, where they are known before."""
        if self._bundles is None:
            return None
        return sum(bundle.measure.length for bundle in self._bundles) + len(self._bundles) + 1

    @property
    def gzip_length(self) -> int | None:
        """Bytes of the compressed form, where they are known before."""
        if self._bundles is None:
            return None
        return gzip_length((bundle.size for bundle in self._bundles), [b"["] * len(self._bundles) + [b"]"])

    async def plain(self) -> AsyncGenerator[bytes]:
        """As it is."""
        before = b"["
        for series in self._found:
            yield before
            before = b","
            if series.bundle is not None:
                async for part in self._parts(self._service.metadata.text(series, series.bundle, self._root)):
                    yield part
            else:
                async for text, _ in self._made(series):
                    yield text
        yield b"]"

    async def gzipped(self) -> AsyncGenerator[bytes]:
        """As one gzip member (RFC 1952): browsers stop after the first. Bundles go into it as they are kept."""
        yield HEAD
        before = b"["
        for series in self._found:
            yield stored(before)
            self._measure = self._measure.with_text(before)
            before = b","
            async for part in self._piece(series):
                yield part
        yield stored(b"]", is_last=True) + gzip_tail(self._measure.with_text(b"]"))

    async def _piece(self, series: SeriesNow) -> AsyncGenerator[bytes]:
        bundle = series.bundle
        if bundle is None:
            async for _, part in self._made(series):
                yield part
        elif bundle.root == self._root:
            async for part in self._parts(self._service.metadata.piece(series, bundle)):
                yield part
            self._measure = self._measure.followed_by(bundle.measure)
        else:
            writer = PieceWriter()
            text = self._service.metadata.text(series, bundle, self._root)
            async for part in self._parts(map(writer.write, text)):
                yield part
            yield writer.end()
            self._measure = self._measure.followed_by(writer.measure)

    async def _made(self, series: SeriesNow) -> AsyncGenerator[tuple[bytes, bytes]]:
        """Text and compressed text of a series that has no bundle; it is kept for the next who asks."""
        writer = self._service.metadata.writer(self._root)
        for batch in _batches(series.instances):
            yield await self._service.call(writer.write, batch)
        yield b"", await self._service.call(writer.end)
        self._measure = self._measure.followed_by(writer.measure)
        bundle = writer.bundle()
        if bundle is not None and self._may_keep and series.count >= WORTH_KEEPING:
            self._service.executor.submit(self._keep, series, bundle)

    def _keep(self, series: SeriesNow, bundle: Bundle) -> None:
        with suppress(Unavailable):  # then the next who asks has it made again
            self._service.metadata.keep(series, bundle)

    async def _parts(self, parts: Iterator[bytes]) -> AsyncGenerator[bytes]:
        while (part := await self._service.call(next, parts, None)) is not None:
            yield part


def _batches(instances: Sequence[KeptInstance]) -> Iterator[Sequence[KeptInstance]]:
    start, size = 0, 1
    while start < len(instances):
        yield instances[start : start + size]
        start, size = start + size, min(2 * size, BATCH)


def _entity_tag(found: Sequence[SeriesNow], *form: str) -> str:
    """ETag (RFC 9110 8.8.3) of the instances as they are now, in this form: weak, since the coding varies."""
    state = sha256("\0".join((__version__, *form)).encode())
    for series in found:
        state.update(series.state)
    return f'W/"{state.hexdigest()[:32]}"'


def _takes_gzip(request: Request) -> bool:
    """Whether gzip is taken, and no less gladly than what is not compressed (RFC 9110 12.5.3)."""
    ranges = map(parse, request.header(b"accept-encoding").split(","))
    weights = {each.name: each.quality for each in ranges}
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)
