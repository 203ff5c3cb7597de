"""The files of instances one after the other, some read ahead; as they are stored, each checked against its hash, or
converted to another transfer syntax.
"""

import asyncio
import concurrent.futures
from asyncio import CancelledError, Future, ensure_future, wrap_future
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from tempfile import SpooledTemporaryFile

from filmless.archive.errors import Damaged
from filmless.archive.model import Chunk, KeptInstance
from filmless.archive.scope import Scope
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import DICOM
from filmless.servers.dicomweb.service import Service, sending
from filmless.servers.http_messages import BrokenOff
from filmless.servers.transcoding import PART, Transcoder, syntax_given
from filmless.standards.data_set.part10 import write_head

WHOLE = 4 << 20  # bytes: up to here an instance is read, and its hash checked, before any of it is sent
GROUP = 2 << 20  # bytes of neighbours that are read by one call
READ_AHEAD = 2  # groups of one answer that are read while another is sent


@dataclass(frozen=True, slots=True)
class Conversion:
    """What instances are converted to, and by whom; only so many at one time."""

    target: str  # transfer syntax UID
    transcoder: Transcoder
    free: asyncio.Semaphore


@dataclass(slots=True)
class Converted:
    """The file of an instance in another transfer syntax."""

    head: bytes
    spool: "SpooledTemporaryFile[bytes]"
    length: int  # bytes of the whole file

    def chunks(self) -> Iterator[bytes]:
        """The file in pieces; closes it."""
        with self.spool:
            yield self.head
            while part := self.spool.read(PART):
                yield part


_Content = list[Chunk] | Damaged | Iterator[Chunk] | Converted  # read, found damaged, or to be read in pieces
_Reading = tuple[Sequence[KeptInstance], "Future[list[_Content]] | None"]


Files = AsyncGenerator[tuple[KeptInstance, int, AsyncGenerator[Chunk]]]
"""Each instance with the length and the bytes of its file."""


@dataclass(slots=True)
class Contents:
    """Reads instances in order, some ahead of the one that is sent."""

    service: Service
    scope: Scope
    kept: Sequence[KeptInstance]
    conversion: Conversion | None = None
    by_span: bool = False  # what is given as it is stored is not read by who can send it unread
    reading: deque[_Reading] = field(default_factory=deque)
    groups: Iterator[Sequence[KeptInstance]] | None = None  # what is not being read yet

    def syntax(self, kept: KeptInstance) -> str:
        """The transfer syntax in which an instance is given."""
        return kept.transfer_syntax_uid if self.conversion is None else syntax_given(kept, self.conversion.target)

    def is_converted(self, kept: KeptInstance) -> bool:
        """Whether an instance is not given as it is stored."""
        return self.syntax(kept) != kept.transfer_syntax_uid

    def part_type(self, kept: KeptInstance) -> str:
        """The media type of an instance's file."""
        return f"{DICOM}; transfer-syntax={self.syntax(kept)}"

    async def parts(self, writer: PartWriter) -> AsyncGenerator[Chunk]:
        """The multipart body."""
        is_first = True
        async with aclosing(self.files()) as files:
            async for kept, _, chunks in files:
                yield writer.head(self.part_type(kept), is_first=is_first)
                is_first = False
                async for chunk in chunks:
                    yield chunk
        yield writer.end

    async def alone(self) -> tuple[int, AsyncGenerator[Chunk]]:
        """The length and the bytes of the one instance; raises what its conversion raises."""
        (kept,) = self.kept
        if self.conversion is None or not self.is_converted(kept):
            return kept.length, self._stored_alone()
        async with self.conversion.free:
            converted = await self.service.call(_converted, self.conversion, kept)
        return converted.length, self._chunks(kept, converted)

    async def files(self) -> Files:
        """Each instance with the length and the bytes of its file."""
        groups = self._begun()
        try:
            while self.reading:
                group, reading = self.reading.popleft()
                self._read_ahead(islice(groups, 1))
                if reading is None:
                    yield group[0], group[0].length, self._chunks(group[0], self._stored(group[0]))
                    continue
                with sending(group[0]):
                    contents = await reading
                for kept, content in zip(group, contents, strict=True):
                    length = content.length if isinstance(content, Converted) else kept.length
                    yield kept, length, self._chunks(kept, content)
        finally:
            self.close()

    async def begin(self) -> None:
        """Have the first instance ready; raises what its conversion raises, while that can still be answered."""
        self._begun()
        reading = self.reading[0][1] if self.reading else None
        try:
            if reading is not None:
                await reading
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Nobody wants what was read ahead."""
        for _, unread in self.reading:
            if unread is not None and unread.done():
                _let_go(unread)
            elif unread is not None:
                unread.add_done_callback(_let_go)
                unread.cancel()
        self.reading.clear()

    def _begun(self) -> Iterator[Sequence[KeptInstance]]:
        if self.groups is None:
            self.groups = _groups(self.kept) if self.conversion is None else ([each] for each in self.kept)
            self._read_ahead(islice(self.groups, READ_AHEAD))
        return self.groups

    async def _stored_alone(self) -> AsyncGenerator[Chunk]:
        async with aclosing(self.files()) as files:
            async for _, _, chunks in files:
                async for chunk in chunks:
                    yield chunk

    def _read_ahead(self, groups: Iterator[Sequence[KeptInstance]]) -> None:
        for group in groups:
            if self.conversion is not None and self.is_converted(group[0]):
                self.reading.append((group, ensure_future(self._convert(self.conversion, group[0]))))
            elif group[0].length > WHOLE:
                self.reading.append((group, None))
            else:
                self.reading.append((group, ensure_future(self.service.call(self._read, group))))

    async def _chunks(self, kept: KeptInstance, content: _Content) -> AsyncGenerator[Chunk]:
        if isinstance(content, Damaged):
            raise BrokenOff(kept.study_uid, kept.instance_uid, "damaged") from content
        if isinstance(content, list):
            for chunk in content:
                yield chunk
            return
        pieces = content.chunks() if isinstance(content, Converted) else content
        while chunk := await self._next(kept, pieces):
            yield chunk

    async def _next(self, kept: KeptInstance, pieces: Iterator[Chunk]) -> Chunk:
        with sending(kept):
            return await self.service.call(next, pieces, b"")

    async def _convert(self, conversion: Conversion, kept: KeptInstance) -> list[_Content]:
        async with conversion.free:
            converting = self.service.executor.submit(_converted, conversion, kept)
            try:
                converted = await wrap_future(converting)
            except CancelledError:
                converting.add_done_callback(_close)  # a thread is at it, which does not end before it is done
                raise
            return [converted]

    def _read(self, group: Sequence[KeptInstance]) -> list[_Content]:
        """All of each; damage is known before the first byte of it is sent."""
        return [self._whole(kept) for kept in group]

    def _stored(self, kept: KeptInstance) -> Iterator[Chunk]:
        archive = self.service.archive
        return (archive.spans if self.by_span else archive.chunks)(kept, self.scope)

    def _whole(self, kept: KeptInstance) -> _Content:
        try:
            return list(self._stored(kept))
        except Damaged as damage:
            return damage


def _converted(conversion: Conversion, kept: KeptInstance) -> Converted:
    target = syntax_given(kept, conversion.target)
    head = write_head(kept.sop_class_uid, kept.instance_uid, target)
    spool = conversion.transcoder.transcode(kept, target)
    length = spool.seek(0, 2)
    spool.seek(0)
    return Converted(head, spool, len(head) + length)


def _let_go(unread: "Future[list[_Content]]") -> None:
    """What was read ahead for nobody: what went wrong there is no news."""
    if unread.cancelled() or unread.exception() is not None:
        return
    for content in unread.result():
        if isinstance(content, Converted):
            content.spool.close()


def _close(unwanted: "concurrent.futures.Future[Converted]") -> None:
    if not unwanted.cancelled() and unwanted.exception() is None:
        unwanted.result().spool.close()


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
