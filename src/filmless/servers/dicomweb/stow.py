"""STOW-RS: store instances (PS3.18 10.5); parts are stored while the rest of the body arrives."""

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime

from filmless.archive.large import LargeStore
from filmless.archive.model import Door, Outcome, Received, Refusal, Refused, Source
from filmless.archive.scope import Scope
from filmless.servers.dicomweb.multipart import PartBegins, PartEnds, PartReader, Step, boundary_of
from filmless.servers.dicomweb.service import Service, media_type, require_json
from filmless.servers.dicomweb.store_response import store_answer
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.standards.dicom.fault import Fault
from filmless.standards.dicom.part10 import read_head, write_head
from filmless.standards.dicom.scanner import Scan, scan

DICOM = "application/dicom"
LARGE = 4 << 20  # bytes: what is larger goes to the pack while it arrives
IN_FLIGHT = 16 << 20  # bytes of one request that wait for the committer; then the body is read no further

SOP_CLASS_UID, SOP_INSTANCE_UID = 0x00080016, 0x00080018
_IDENTITY = frozenset((SOP_CLASS_UID, SOP_INSTANCE_UID))

NOT_DICOM = Refused(Refusal.NOT_DICOM, "The part is no DICOM object")


class Stow:
    """Answers store requests."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def store(self, request: Request) -> Answer:
        """Store every part; one outcome per part."""
        reader = PartReader(boundary_of(media_type(request), DICOM))
        answer_type = require_json(request)
        study_uid = request.parameters.get("study")
        reception = _Reception(self._service, request.scope, Source(Door.STOW_RS, study_uid=study_uid))
        try:
            async for chunk in request.chunks():
                for step in reader.feed(chunk):
                    await reception.take(step)
            reader.finish()
        except BaseException:
            await reception.abort()
            raise
        outcomes = await reception.outcomes()
        if not outcomes:
            raise Problem(400, "The body has no parts.")
        return store_answer(outcomes, self._service.root(request), study_uid, answer_type)


@dataclass(slots=True)
class _Reception:
    """The parts of one request on their way into the archive."""

    service: Service
    scope: Scope
    source: Source
    stored: list[tuple[Outcome | Future[Outcome], int]] = field(default_factory=list)  # with bytes in memory
    oldest: int = 0  # the first in ``stored`` that is not known to be done
    in_flight: int = 0  # bytes
    chunks: list[bytes] = field(default_factory=list)  # of the part that arrives
    size: int = 0  # bytes of it
    large: LargeStore | None = None
    refused: Refused | None = None  # the part is not taken; the rest of it is passed over

    async def take(self, step: Step) -> None:
        """Go one step on."""
        if isinstance(step, bytes):
            await self._data(step)
        elif isinstance(step, PartEnds):
            await self._end()
        else:
            self._begin(step)

    async def outcomes(self) -> list[Outcome]:
        """All outcomes, in the order of the parts."""
        return [await _known(outcome) for outcome, _ in self.stored]

    async def abort(self) -> None:
        """The request broke off: what has not come whole leaves nothing behind."""
        if self.large is not None:
            await self.service.call(self.large.abort)
            self.large = None

    def _begin(self, part: PartBegins) -> None:
        self.chunks, self.size, self.large, self.refused = [], 0, None, None
        if part.content_type.partition(";")[0].strip().lower() not in ("", DICOM):
            self.refused = Refused(Refusal.NOT_DICOM, "The part is not application/dicom")

    async def _data(self, chunk: bytes) -> None:
        if self.refused is not None:
            return
        if self.large is not None:
            await self.service.call(self.large.write, chunk)
            return
        self.chunks.append(chunk)
        self.size += len(chunk)
        if self.size > LARGE:
            await self._begin_large(b"".join(self.chunks))
            self.chunks = []

    async def _begin_large(self, begun: bytes) -> None:
        head = read_head(begun)
        if isinstance(head, Fault):
            self.refused = Refused(Refusal.NOT_DICOM, head.reason)
            return
        self.large = await self.service.call(
            self.service.archive.store_large,
            source=self.source,
            transfer_syntax_uid=head.transfer_syntax_uid,
            sop_class_uid=None,
            instance_uid=None,
            scope=self.scope,
            received_at=datetime.now(UTC),
            head=begun[: head.head_length] or _made_head(begun, head.transfer_syntax_uid, final=False),
        )
        await self.service.call(self.large.write, begun[head.head_length :])

    async def _end(self) -> None:
        size = 0
        outcome: Outcome | Future[Outcome]
        if self.refused is not None:
            outcome = self.refused
        elif self.large is not None:
            large, self.large = self.large, None
            outcome = await self.service.call(large.finish)
        else:
            size = self.size
            outcome = self._store(self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks))
        self.chunks = []
        self.stored.append((outcome, size))
        self.in_flight += size
        while self.in_flight > IN_FLIGHT:
            oldest, size = self.stored[self.oldest]
            await _known(oldest)
            self.in_flight -= size
            self.oldest += 1

    def _store(self, part: bytes) -> Outcome | Future[Outcome]:
        head = read_head(part)
        if isinstance(head, Fault):
            return Refused(Refusal.NOT_DICOM, head.reason)
        data_set = memoryview(part)[head.head_length :]
        made = b"" if head.head_length else _made_head(part, head.transfer_syntax_uid)
        received = Received(
            head=part[: head.head_length] or made,
            data_set=data_set,
            transfer_syntax_uid=head.transfer_syntax_uid,
            source=self.source,
            received_at=datetime.now(UTC),
        )
        return self.service.archive.store(received, self.scope)


async def _known(outcome: Outcome | Future[Outcome]) -> Outcome:
    return await asyncio.wrap_future(outcome) if isinstance(outcome, Future) else outcome


def _made_head(data_set: bytes, transfer_syntax_uid: str, *, final: bool = True) -> bytes:
    """The head of a data set that came without one (PS3.10 7.1)."""
    found = scan(data_set, transfer_syntax_uid, _IDENTITY, final)
    values = found.values if isinstance(found, Scan) else {}
    sop_class_uid, instance_uid = (
        values.get(tag, b"").decode("ascii", "replace").strip(" \0") for tag in (SOP_CLASS_UID, SOP_INSTANCE_UID)
    )
    return write_head(sop_class_uid, instance_uid, transfer_syntax_uid)
