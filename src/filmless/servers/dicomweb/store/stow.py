"""STOW-RS: store instances (PS3.18 10.5); parts are stored while the rest of the body arrives."""

from collections import deque
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from filmless.archive.model import Door, Outcome, Received, Refusal, Refused, Source
from filmless.archive.receive.large import LargeStore
from filmless.archive.scope import Scope
from filmless.servers.dicomweb.data_sets import DATA_SET
from filmless.servers.dicomweb.multipart import REGION, PartBegins, PartEnds, PartReader, Step, boundary_of
from filmless.servers.dicomweb.negotiation import negotiate
from filmless.servers.dicomweb.service import Service, all_done, media_type, ranges
from filmless.servers.dicomweb.store.metadata_request import DICOM_JSON, DICOM_XML, MetadataReception
from filmless.servers.dicomweb.store.spool import Spool
from filmless.servers.dicomweb.store.store_response import store_answer
from filmless.servers.http_messages import Answer, BodyReader, Problem, Request
from filmless.servers.memory import Regions
from filmless.servers.transcoding import Codecs
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.part10 import read_head, write_head
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.uids import is_uid

DICOM = "application/dicom"
IN_FLIGHT = 16 << 20  # bytes of one request that wait for the committer; then the body is read no further

SOP_CLASS_UID, SOP_INSTANCE_UID = 0x00080016, 0x00080018
_IDENTITY = frozenset((SOP_CLASS_UID, SOP_INSTANCE_UID))

_PIXEL_DATA = b"\xe0\x7f\x10\x00O"  # Explicit VR Little Endian, OB or OW (PS3.5 7.1.2)

NOT_DICOM = Refused(Refusal.NOT_DICOM, "The part is no DICOM object")

SPARE = 4  # regions kept for the next requests


class Reception(Protocol):
    """The parts of one request on their way into the archive."""

    async def take(self, step: Step, /) -> None:
        """Go one step on."""

    async def outcomes(self) -> list[Outcome]:
        """What became of everything, when the body has come whole."""

    async def abort(self) -> None:
        """The request broke off."""


class Stow:
    """Answers store requests."""

    def __init__(self, service: Service, codecs: Codecs) -> None:
        self._service, self._codecs = service, codecs
        self._regions = Regions(REGION, SPARE)

    async def store(self, request: Request) -> Answer:
        """Store every part; one outcome per part."""
        sent = media_type(request)
        kind = sent.parameters.get("type", DICOM).lower()
        boundary = boundary_of(sent, kind if kind in (DICOM_JSON, DICOM_XML) else DICOM)
        answer_type = negotiate(ranges(request), DATA_SET).media_type
        study_uid = request.parameters.get("study")
        if study_uid is not None and not is_uid(study_uid):
            raise Problem(400, "A UID in the address is malformed.")
        source = Source(Door.STOW_RS, study_uid=study_uid)
        spool = Spool(self._service.spool_folder)
        reception: Reception = _Reception(self._service, request.scope, source)
        if kind in (DICOM_JSON, DICOM_XML):
            reception = MetadataReception(self._service, self._codecs, request.scope, source, spool)
        reader = PartReader(boundary, self._regions, request.body_length, _likely_length)
        with closing(request.body()) as body, closing(reader), closing(spool):
            try:
                await _receive(body, reader, reception)
            except BaseException:
                await reception.abort()
                raise
            outcomes = await reception.outcomes()
        if not outcomes:
            raise Problem(400, "The body has no instances.")
        return store_answer(outcomes, self._service.root(request), study_uid, answer_type)


async def _receive(body: BodyReader, reader: PartReader, reception: "Reception") -> None:
    is_whole = False
    while not is_whole:
        room = reader.room()
        count = await body.fill(room)
        is_whole = count < len(room)
        for step in reader.take(count, is_last=is_whole):
            await reception.take(step)
    reader.finish()


@dataclass(slots=True)
class _Reception:
    """The parts of one request on their way into the archive."""

    service: Service
    scope: Scope
    source: Source
    stored: list[Outcome | Future[Outcome]] = field(default_factory=list)
    unsettled: deque[tuple[Future[Outcome], int]] = field(default_factory=deque)  # with bytes in memory
    in_flight: int = 0  # bytes
    large: LargeStore | None = None
    refused: Refused | None = None  # the part is not taken; the rest of it is passed over

    async def take(self, step: Step) -> None:
        """Go one step on."""
        if isinstance(step, PartBegins):
            self._begin(step)
        elif isinstance(step, PartEnds):
            await self._end(step.view)
        elif self.refused is None:
            await self._write(step.view)

    async def outcomes(self) -> list[Outcome]:
        """All outcomes, in the order of the parts."""
        await all_done([future for future, _ in self.unsettled])
        return [outcome.result() if isinstance(outcome, Future) else outcome for outcome in self.stored]

    async def abort(self) -> None:
        """The request broke off: what has not come whole leaves nothing behind."""
        if self.large is not None:
            await self.service.call(self.large.abort)
            self.large = None

    def _begin(self, part: PartBegins) -> None:
        self.large, self.refused = None, None
        if part.content_type.partition(";")[0].strip().lower() not in ("", DICOM):
            self.refused = Refused(Refusal.NOT_DICOM, "The part is not application/dicom")

    async def _write(self, piece: memoryview) -> None:
        if self.large is None:
            piece = await self._begin_large(piece)
        if self.large is not None:
            await self.service.call(self.large.write, piece)

    async def _begin_large(self, begun: memoryview) -> memoryview:
        """What of the first piece belongs to the data set."""
        head = read_head(begun)
        if isinstance(head, Fault):
            self.refused = Refused(Refusal.NOT_DICOM, head.reason)
            return begun
        self.large = await self.service.call(
            self.service.archive.store_large,
            source=self.source,
            transfer_syntax_uid=head.transfer_syntax_uid,
            sop_class_uid=None,
            instance_uid=None,
            scope=self.scope,
            received_at=datetime.now(UTC),
            head=bytes(begun[: head.head_length]) or _made_head(begun, head.transfer_syntax_uid, final=False),
        )
        return begun[head.head_length :]

    async def _end(self, rest: memoryview) -> None:
        outcome: Outcome | Future[Outcome]
        size = 0
        if self.refused is not None:
            outcome = self.refused
        elif self.large is not None:
            await self.service.call(self.large.write, rest)
            large, self.large = self.large, None
            outcome = await self.service.call(large.finish)
        else:
            size = len(rest)
            outcome = self._store(rest)
        self.stored.append(outcome)
        if isinstance(outcome, Future):
            self.unsettled.append((outcome, size))
            self.in_flight += size
        if self.in_flight > IN_FLIGHT:
            await self._settle(IN_FLIGHT // 2)

    async def _settle(self, in_flight: int) -> None:
        """Wait for the oldest until no more than this many bytes are in flight."""
        waited_for = []
        while self.in_flight > in_flight:
            future, size = self.unsettled.popleft()
            self.in_flight -= size
            waited_for.append(future)
        await all_done(waited_for)

    def _store(self, part: memoryview) -> Outcome | Future[Outcome]:
        head = read_head(part)
        if isinstance(head, Fault):
            return Refused(Refusal.NOT_DICOM, head.reason)
        received = Received(
            head=bytes(part[: head.head_length]) or _made_head(part, head.transfer_syntax_uid),
            data_set=part[head.head_length :],
            transfer_syntax_uid=head.transfer_syntax_uid,
            source=self.source,
            received_at=datetime.now(UTC),
        )
        return self.service.archive.store(received, self.scope)


def _likely_length(begun: memoryview) -> int:
    """Where Pixel Data of a native image ends, which is where most objects end; 0 when it is not in sight."""
    head = bytes(begun)
    found = head.find(_PIXEL_DATA)
    if found < 0:
        return 0
    length = int.from_bytes(head[found + 8 : found + 12], "little")
    return found + 12 + length


def _made_head(data_set: memoryview, transfer_syntax_uid: str, *, final: bool = True) -> bytes:
    """The head of a data set that came without one (PS3.10 7.1)."""
    found = scan(data_set, transfer_syntax_uid, _IDENTITY, final)
    values = found.values if isinstance(found, Scan) else {}
    sop_class_uid, instance_uid = (
        values.get(tag, b"").decode("ascii", "replace").strip(" \0") for tag in (SOP_CLASS_UID, SOP_INSTANCE_UID)
    )
    return write_head(sop_class_uid, instance_uid, transfer_syntax_uid)
