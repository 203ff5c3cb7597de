"""Any part of a ZIP file of instances as they are stored, read from no more than it holds.

Where everything lies follows from the lengths of the members. Their check sums stand behind each of them and in the
central directory: those that went out lately are remembered, others are made of the bytes where a part holds them.
"""

import zlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from filmless.archive.archive import Archive
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.servers.dicomweb.retrieve.contents import WHOLE, Contents, Files
from filmless.servers.dicomweb.retrieve.zip_writer import Member, central_entry, closing, descriptor, local_head
from filmless.servers.dicomweb.service import sending

CHUNK = 1 << 20  # bytes of one read
REMEMBERED = 32_768  # check sums; some 8 MB
_GATHERED = 64 << 10  # bytes of entries of the central directory that are sent together


class Checksums:
    """CRC-32 of files that were given out; belongs to one event loop."""

    def __init__(self) -> None:
        self._held: OrderedDict[bytes, int] = OrderedDict()

    def note(self, kept: KeptInstance, crc: int) -> None:
        """Remember the check sum of a whole file."""
        key = _key(kept)
        self._held[key] = crc
        self._held.move_to_end(key)
        if len(self._held) > REMEMBERED:
            self._held.popitem(last=False)

    def known(self, kept: KeptInstance) -> int | None:
        """The check sum of a file; None where it is not remembered."""
        return self._held.get(_key(kept))


class ZipRanges:
    """Gives parts of the ZIP file whose first member has the bytes ``directory``, and the others are ``contents``."""

    def __init__(self, members: Sequence[Member], directory: bytes, contents: Contents, checksums: Checksums) -> None:
        self._members, self._directory, self._contents = members, directory, contents
        self._checksums = checksums

    async def part(self, start: int, stop: int) -> AsyncGenerator[bytes]:
        """The bytes of the file from one offset up to another."""
        at = 0
        async with aclosing(self._whole(start, stop).files()) as files:
            for number, member in enumerate(self._members):
                head = local_head(member)
                data, tail = at + len(head), at + len(head) + member.length
                end = tail + len(descriptor(member, 0))
                if at < stop and end > start:
                    yield _cut(head, at, start, stop)
                    if data < stop and tail > start:
                        async for chunk in self._data(number, max(start, data) - data, min(stop, tail) - data, files):
                            yield chunk
                    if tail < stop and end > start:
                        yield _cut(descriptor(member, await self._crc(number)), tail, start, stop)
                at = end
        async for chunk in self._central(at, start, stop):
            yield chunk

    async def _central(self, at: int, start: int, stop: int) -> AsyncGenerator[bytes]:
        """Of the central directory, which begins ``at``, what a part holds."""
        offset, place, gathered = at, 0, bytearray()
        for number, member in enumerate(self._members):
            length = len(central_entry(member, 0, place))
            if at < stop and at + length > start:
                gathered += _cut(central_entry(member, await self._crc(number), place), at, start, stop)
            at += length
            place += len(local_head(member)) + member.length + len(descriptor(member, 0))
            if len(gathered) >= _GATHERED:
                yield bytes(gathered)
                gathered.clear()
        yield bytes(gathered) + _cut(closing(len(self._members), at - offset, offset), at, start, stop)

    async def _data(self, number: int, first: int, last: int, files: Files) -> AsyncGenerator[bytes]:
        """Bytes of a member's data from one offset up to another."""
        member = self._members[number]
        if number == 0:
            yield self._directory[first:last]
            return
        kept, crc = self._contents.kept[number - 1], 0
        if (first, last) == (0, member.length):
            _, _, chunks = await anext(files)
            async for chunk in chunks:
                piece = bytes(chunk)
                crc = zlib.crc32(piece, crc)
                yield piece
            self._checksums.note(kept, crc)
        elif member.length <= WHOLE:
            yield (await self._file(kept))[first:last]
        else:
            service = self._contents.service
            for place in range(first, last, CHUNK):
                with sending(kept):
                    piece = await service.call(service.archive.read, kept, place, min(place + CHUNK, last))
                yield piece

    async def _file(self, kept: KeptInstance) -> bytes:
        """All of a file, compared with its hash."""
        service = self._contents.service
        with sending(kept):
            file = await service.call(_read, service.archive, kept, self._contents.scope)
        self._checksums.note(kept, zlib.crc32(file))
        return file

    async def _crc(self, number: int) -> int:
        if number == 0:
            return zlib.crc32(self._directory)
        kept = self._contents.kept[number - 1]
        crc = self._checksums.known(kept)
        if crc is None:
            service = self._contents.service
            with sending(kept):
                crc = await service.call(_crc_of, service.archive, kept, self._contents.scope)
            self._checksums.note(kept, crc)
        return crc

    def _whole(self, start: int, stop: int) -> Contents:
        """The instances of whose files a part holds every byte: they are read ahead."""
        at, found = 0, []
        for member, kept in zip(self._members, (None, *self._contents.kept), strict=True):
            data = at + len(local_head(member))
            if kept is not None and start <= data and data + member.length <= stop:
                found.append(kept)
            at = data + member.length + len(descriptor(member, 0))
        return Contents(self._contents.service, self._contents.scope, found)


def _cut(piece: bytes, at: int, start: int, stop: int) -> bytes:
    """What lies between two offsets of a piece that begins ``at``."""
    return piece[max(start - at, 0) : max(stop - at, 0)]


def _key(kept: KeptInstance) -> bytes:
    return kept.placement.head_sha256 + kept.digest


def _read(archive: Archive, kept: KeptInstance, scope: Scope) -> bytes:
    return b"".join(archive.chunks(kept, scope))


def _crc_of(archive: Archive, kept: KeptInstance, scope: Scope) -> int:
    """Without its hash being looked at: who was given other bytes before finds by this that they were."""
    crc = 0
    for piece in _pieces(archive, kept, scope):
        crc = zlib.crc32(piece, crc)
    return crc


def _pieces(archive: Archive, kept: KeptInstance, scope: Scope) -> Iterator[bytes]:
    if kept.edit is not None:  # one that is deflated would be inflated anew for each piece
        return archive.chunks(kept, scope)
    return (archive.read(kept, at, min(at + CHUNK, kept.length)) for at in range(0, kept.length, CHUNK))
