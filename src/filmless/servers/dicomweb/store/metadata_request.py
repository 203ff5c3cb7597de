"""Store requests of metadata and bulk data (PS3.18 8.6.1.2.2, 10.5.2): spooled, put together, stored."""

from asyncio import wrap_future
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

from filmless.archive.model import Outcome, Received, Refusal, Refused, Source
from filmless.archive.scope import Scope
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import RASTER, raster_request
from filmless.servers.dicomweb.multipart import LARGE, PartBegins, PartEnds, Step
from filmless.servers.dicomweb.service import Service, all_done
from filmless.servers.dicomweb.store.spool import Spool
from filmless.servers.dicomweb.store.store_response import RETRY_SECONDS
from filmless.servers.http_messages import Problem
from filmless.servers.media_types import MediaType, parse
from filmless.servers.transcoding import Codecs
from filmless.standards.composing.codestream import Picture, is_progressive_jpeg, jpeg_orientation
from filmless.standards.composing.instance import PIXEL_DATA, Bulk, Composed, Piece, Unfit, compose, identity
from filmless.standards.composing.metadata import Attributes, metadata_of_json, metadata_of_xml
from filmless.standards.data_set.fault import BadBytes, FaultKind
from filmless.standards.data_set.part10 import write_head

DICOM_JSON, DICOM_XML = "application/dicom+json", "application/dicom+xml"
MAX_METADATA = 16 << 20  # bytes of all metadata of a request
MAX_DECODED = 1 << 30  # bytes of pixels of all pictures of a request that are decoded
CHUNK = 1 << 20  # bytes of one write

_READERS: dict[str, Callable[[bytes], list[Attributes]]] = {
    DICOM_JSON: metadata_of_json,
    "application/json": metadata_of_json,
    DICOM_XML: metadata_of_xml,
}
_REFUSALS = {FaultKind.LIMIT: Refusal.LIMIT}
_BEYOND = frozenset((Reason.TOO_LARGE, Reason.MEMORY, Reason.TIME))
_RETRY = ((b"retry-after", str(RETRY_SECONDS).encode()),)
_UNNAMED = Refused(Refusal.MISMATCH, "No metadata name the location of a bulk data part")


@dataclass(slots=True)
class MetadataReception:
    """The parts of one request: metadata in memory, bulk data in the spool."""

    service: Service
    codecs: Codecs
    scope: Scope
    source: Source
    spool: Spool
    metadata: list[tuple[str, bytearray]] = field(default_factory=list)  # media type and text
    bulk: dict[str, list[Bulk]] = field(default_factory=dict)  # by location
    _type: MediaType = field(default_factory=lambda: MediaType(""))
    _location: str = ""
    _start: int = 0  # of the part in the spool
    decoded: int = 0  # bytes of pixels that pictures were decoded to

    async def take(self, step: Step) -> None:
        """Go one step on."""
        if isinstance(step, PartBegins):
            self._begin(step)
            return
        if self._type.name in _READERS:
            text = self.metadata[-1][1]
            text += step.view
            if sum(len(each) for _, each in self.metadata) > MAX_METADATA:
                raise Problem(413, "The metadata are larger than 16 MiB.")
        else:
            await self._keep(step.view)
            if isinstance(step, PartEnds):
                self._end()

    async def outcomes(self) -> list[Outcome]:
        """One for each data set of the metadata."""
        data_sets, outcomes = await self.service.call(self._read)
        named: set[str] = set()
        for attributes in data_sets:
            named |= _addresses(attributes)
            outcomes.append(await self._store(attributes))
        if set(self.bulk) - named:
            outcomes.append(_UNNAMED)
        await all_done([each for each in outcomes if isinstance(each, Future)])
        return [each.result() if isinstance(each, Future) else each for each in outcomes]

    async def abort(self) -> None:
        """Nothing was stored yet."""

    def _begin(self, part: PartBegins) -> None:
        self._type, self._location, self._start = parse(part.content_type), part.location, self.spool.length
        if self._type.name in _READERS:
            self.metadata.append((self._type.name, bytearray()))

    async def _keep(self, view: memoryview) -> None:
        try:
            await self.service.call(self.spool.write, view)
        except OSError:
            raise Problem(503, "There is no space for the request. Try again later.", _RETRY) from None

    def _end(self) -> None:
        stop = self.spool.length
        syntax = self._type.parameters.get("transfer-syntax", "")
        part = Bulk(self._type.name, syntax, stop - self._start, self.spool.reader(self._start, stop))
        self.bulk.setdefault(self._location, []).append(part)

    def _read(self) -> "tuple[list[Attributes], list[Outcome | Future[Outcome]]]":
        data_sets: list[Attributes] = []
        refused: list[Outcome | Future[Outcome]] = []
        for kind, text in self.metadata:
            try:
                data_sets += _READERS[kind](bytes(text))
            except BadBytes as bad:
                refused.append(Refused(_REFUSALS.get(bad.fault.kind, Refusal.NOT_DICOM), bad.fault.reason))
        return data_sets, refused

    async def _store(self, attributes: Attributes) -> "Outcome | Future[Outcome]":
        sop_class_uid, instance_uid = identity(attributes)
        try:
            bulk = await self._decoded(str(attributes.get(PIXEL_DATA, {}).get("BulkDataURI", "")))
            composed = await self.service.call(compose, attributes, bulk)
        except Unfit as unfit:
            return Refused(Refusal.MISMATCH, str(unfit), sop_class_uid, instance_uid)
        except BadBytes as bad:
            refusal = _REFUSALS.get(bad.fault.kind, Refusal.NOT_DICOM)
            return Refused(refusal, bad.fault.reason, sop_class_uid, instance_uid)
        head = write_head(sop_class_uid, instance_uid, composed.transfer_syntax_uid)
        if composed.length > LARGE:
            return await self._store_large(composed, head)
        data_set = await self.service.call(b"".join, _chunks(composed))
        received = Received(head, data_set, composed.transfer_syntax_uid, self.source, datetime.now(UTC))
        return self.service.archive.store(received, self.scope)

    async def _decoded(self, location: str) -> dict[str, list[Bulk]]:
        """The bulk data, those at this location as native pixels where no transfer syntax has them as they are."""
        frames = self.bulk.get(location, [])
        are_decoded = {await self.service.call(is_decoded, frame) for frame in frames}
        if True not in are_decoded:
            return self.bulk
        if False in are_decoded:
            raise Unfit("The frames are not of one size and coding")
        return {**self.bulk, location: [await self._native(frame) for frame in frames]}

    async def _native(self, frame: Bulk) -> Bulk:
        """In a codec child; the pixels go to the spool."""
        try:
            answer = await wrap_future(self.codecs.submit(raster_request(frame.read, frame.length)))
        except CannotRender as failure:
            if failure.reason is Reason.BUSY:
                raise Problem(503, "Too many pictures wait. Try again.", _RETRY) from None
            if failure.reason in _BEYOND:
                raise BadBytes(FaultKind.LIMIT, failure.detail or "The picture takes more than may be used") from None
            raise Unfit(failure.detail or "The picture is damaged") from None
        rows, columns, samples, bits = RASTER.unpack_from(answer)
        self.decoded += len(answer)
        if self.decoded > MAX_DECODED:
            raise BadBytes(FaultKind.LIMIT, "The pictures have too many pixels")
        start = self.spool.length
        await self._keep(memoryview(answer)[RASTER.size :])
        stop = self.spool.length
        picture = Picture("", rows, columns, samples, bits, "MONOCHROME2" if samples == 1 else "RGB")
        return Bulk(frame.media_type, "", stop - start, self.spool.reader(start, stop), picture, frame.length)

    async def _store_large(self, composed: Composed, head: bytes) -> "Outcome | Future[Outcome]":
        large = await self.service.call(
            self.service.archive.store_large,
            source=self.source,
            transfer_syntax_uid=composed.transfer_syntax_uid,
            sop_class_uid=None,
            instance_uid=None,
            scope=self.scope,
            received_at=datetime.now(UTC),
            head=head,
        )
        try:
            for chunk in _chunks(composed):
                await self.service.call(large.write, chunk)
        except BaseException:
            await self.service.call(large.abort)
            raise
        return await self.service.call(large.finish)


def is_decoded(frame: Bulk) -> bool:
    """Whether no transfer syntax has it as it is: PNG, and JPEG that is progressive or stored lying on its side."""
    if frame.media_type != "image/jpeg":
        return frame.media_type == "image/png"
    return is_progressive_jpeg(frame.read) or jpeg_orientation(frame.read) != 1


def _chunks(composed: Composed) -> Iterator[bytes]:
    return chain.from_iterable(map(_of_piece, composed.pieces))


def _of_piece(piece: Piece) -> Iterator[bytes]:
    if isinstance(piece, bytes):
        yield piece
        return
    for start in range(piece.start, piece.stop, CHUNK):
        yield piece.read(start, min(start + CHUNK, piece.stop))


def _addresses(attributes: Attributes) -> set[str]:
    """Every BulkDataURI of a data set, those within items too."""
    found: set[str] = set()
    waiting: list[object] = [attributes]
    while waiting:
        data_set = waiting.pop()
        for attribute in data_set.values() if isinstance(data_set, dict) else ():
            if "BulkDataURI" in attribute:
                found.add(str(attribute["BulkDataURI"]))
            values = attribute.get("Value")
            waiting += values if attribute.get("vr") == "SQ" and isinstance(values, list) else []
    return found
