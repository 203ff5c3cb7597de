"""One pack file: the writer's side with its sync, and the reader's side for replay."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from filmless.archive.errors import Unavailable
from filmless.archive.model import Buffer
from filmless.archive.ports import Appended, Label, Member, NewMember
from filmless.storage import tar
from filmless.storage.files import (
    FreeSpace,
    lock,
    make_folder,
    read_all,
    storage_error,
    sync_folder,
    write_all,
)

_WRITE_BACK = 32 << 20  # bytes of a large object after which the kernel is asked to start writing


class OpenPack:
    """A pack that this process appends to, locked against replay as long as it is open.

    A failed write is taken back by cutting the file; after a failed sync nothing may be believed of
    this descriptor any more (D7), so the pack is given up: ``broken`` says so.
    """

    def __init__(self, root: Path) -> None:
        now = datetime.now(UTC)
        self.name = f"ingest/{now:%Y/%m}/{now:%Y%m%dT%H%M%S}-{secrets.token_hex(6)}.tar"
        self.end = 0
        self.broken = False
        self._path = root / self.name
        self._new = True
        try:
            make_folder(root, self._path.parent)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise storage_error(error) from error
        lock(self._descriptor)

    def append(self, members: Sequence[NewMember]) -> list[int]:
        """Write members behind each other and sync; the offsets of their files."""
        buffers: list[Buffer] = []
        offsets, end = [], self.end
        for member in members:
            length = len(member.head) + len(member.data_set)
            header = tar.header(member.label, length)
            fill = tar.padding(length)
            buffers += (header, member.head, member.data_set, fill)
            offsets.append(end + len(header))
            end = offsets[-1] + length + len(fill)
        self.write(buffers)
        self.sync()
        return offsets

    def write(self, buffers: Sequence[Buffer], at: int | None = None) -> None:
        """Write at the end, or over what is there; a failure leaves the pack as it was."""
        try:
            end = write_all(self._descriptor, buffers, self.end if at is None else at)
            self.end = max(self.end, end)
        except OSError as error:
            self._take_back(self.end)
            raise storage_error(error) from error

    def sync(self) -> None:
        """Bring all that was written to stable storage, the name of a new pack too."""
        try:
            os.fdatasync(self._descriptor)
            if self._new:
                sync_folder(self._path.parent)
                self._new = False
        except OSError as error:
            self.broken = True
            raise storage_error(error) from error

    def read(self, start: int, stop: int) -> bytes:
        """Bytes of the pack as written."""
        return read_all(self._descriptor, start, stop)

    def void(self, offsets: Sequence[int], reason: str) -> None:
        """Append records that these files are not part of the archive; the next sync covers them."""
        self.write([piece for offset in offsets for piece in _void_record(offset, reason)])

    def write_back(self) -> None:
        """Let the kernel start writing, so that the sync of a large object has little left to do."""
        os.posix_fadvise(self._descriptor, max(0, self.end - 2 * _WRITE_BACK), _WRITE_BACK, os.POSIX_FADV_DONTNEED)

    def seal(self) -> None:
        """Close the archive with its end blocks; nothing is ever appended again."""
        try:
            self.write([tar.END])
            self.sync()
        finally:
            self.close()

    def give_up(self, end: int) -> None:
        """Let go of a pack that failed: what lies behind ``end`` was never acknowledged."""
        self._take_back(end)
        self.close()

    def remove(self) -> None:
        """Delete a pack of which nothing was acknowledged."""
        self._path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of the file and its lock; replay seals it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _take_back(self, end: int) -> None:
        try:
            os.ftruncate(self._descriptor, end)
            self.end = end
        except OSError:
            self.broken = True


class LargeObject:
    """A pack of its own for one object that streams through; its tar header is completed before the sync."""

    def __init__(self, root: Path, issuer: str, space: FreeSpace, sealed: Callable[[str], None]) -> None:
        space.demand(root, 0)
        self._root, self._space, self._sealed = root, space, sealed
        self._length: int | None = None  # bytes of the file, once it is whole
        self._pack = OpenPack(root)
        self._offset = tar.header_length(issuer)
        self._write_back_at = _WRITE_BACK
        self._pack.write([bytes(self._offset)])

    def write(self, chunk: Buffer) -> None:
        """Append a piece of the file."""
        self._pack.write([chunk])
        if self._pack.end >= self._write_back_at:
            self._write_back_at += _WRITE_BACK
            self._space.demand(self._root, 0)
            self._pack.write_back()

    def read(self, start: int, stop: int) -> bytes:
        """Bytes of the file, counted from its start."""
        return self._pack.read(self._offset + start, self._offset + stop)

    def flush(self) -> None:
        """The file is whole: sync it, so that little is left for ``finish``."""
        self._length = self._pack.end - self._offset
        self._pack.write([tar.padding(self._length)])
        self._pack.sync()

    def finish(self, label: Label) -> Appended:
        """Complete the header and sync: now the object is on stable storage under this label.

        A second label replaces the first, when a rival was faster.
        """
        if self._length is None or self._pack.broken:
            raise Unavailable("the pack of a large object is not whole")
        self._pack.write([tar.header(label, self._length)], at=0)
        self._pack.sync()
        return Appended(self._pack.name, (self._offset,), self._pack.end)

    def seal(self) -> None:
        """Close the pack after the object was recorded."""
        self._pack.seal()
        self._sealed(self._pack.name)

    def leave(self) -> None:
        """Close the pack without sealing it: replay decides."""
        self._pack.close()

    def abort(self) -> None:
        """Remove the pack: the object was not taken, or was there already."""
        self._pack.remove()


class ClaimedPack:
    """A pack without a writer, locked while its rows are made good."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        self.length = os.fstat(descriptor).st_size

    def members(self, start: int) -> Iterator[Member]:
        """Whole members from ``start``; void ones and the void records themselves are left out."""
        declared = (tar.voided_offset(found.label) for found in tar.walk(self.read, start, self.length))
        voided = frozenset(declared)
        for found in tar.walk(self.read, start, self.length):
            if found.offset not in voided and tar.voided_offset(found.label) is None:
                yield Member(found.label, found.offset, found.length)

    def read(self, start: int, stop: int) -> bytes:
        """Bytes of the pack."""
        try:
            return read_all(self._descriptor, start, stop)
        except OSError as error:
            raise storage_error(error) from error

    def seal(self, void: Sequence[int] = (), reason: str = "") -> int:
        """Cut off a torn tail, add void records and the end blocks; the length up to the end blocks.

        A pack that has end blocks already is left alone, one without a whole member is removed.
        """
        end = 0
        for found in tar.walk(self.read, 0, self.length):
            end = found.end
        if self.length == end + len(tar.END) and self.read(end, self.length) == tar.END:
            return end
        try:
            if not end:
                self._path.unlink()
                return 0
            os.ftruncate(self._descriptor, end)
            end = write_all(self._descriptor, [piece for at in void for piece in _void_record(at, reason)], end)
            write_all(self._descriptor, [tar.END], end)
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise storage_error(error) from error
        return end


def _void_record(offset: int, reason: str) -> Iterator[bytes]:
    text = reason.encode()
    yield tar.header(tar.void_label(offset, sha256(text).digest(), datetime.now(UTC)), len(text))
    yield text
    yield tar.padding(len(text))
