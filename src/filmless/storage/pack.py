"""One pack file: the writer's side with its sync, and the reader's side for replay."""

import mmap
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from filmless.archive.errors import Unavailable
from filmless.archive.model import Buffer
from filmless.archive.ports import Appended, Label, Member, NewMember, Note
from filmless.storage import tar
from filmless.storage.direct import DirectFile, aligned_buffer
from filmless.storage.files import FreeSpace, make_folder, mapped, read_all, storage_error, sync_folder, write_all

_LARGE_BUFFER = 1 << 20  # bytes gathered of a large object before they are written
_LOOK_EVERY = 64 << 20  # bytes of a large object after which free space is looked at again


class OpenPack:
    """A pack that this process appends to, locked against replay as long as it is open.

    A failed write is taken back by cutting the file; after a failed sync nothing may be believed of
    this descriptor any more (D7), so the pack must be given up: ``broken`` says so.
    """

    def __init__(self, root: Path, buffer: mmap.mmap) -> None:
        now = datetime.now(UTC)
        self.name = f"ingest/{now:%Y/%m}/{now:%Y%m%dT%H%M%S}-{secrets.token_hex(6)}.tar"
        self.broken = False
        self._path = root / self.name
        self._good_end = 0  # what lies before it was synced
        self._new = True
        try:
            make_folder(root, self._path.parent)
            self._file = DirectFile(self._path, buffer)
        except OSError as error:
            raise storage_error(error) from error

    @property
    def end(self) -> int:
        """Bytes of the pack, those not synced yet included."""
        return self._file.end

    def append(self, members: Sequence[NewMember]) -> list[int]:
        """Write members behind each other and sync; the offsets of their files."""
        offsets = []
        for member in members:
            length = len(member.head) + len(member.data_set)
            header = tar.header(member.label, length)
            if member.overlay:
                self._append_overlay(member, len(header))
            offsets.append(self.end + len(header))
            padding = tar.padding(length)
            before = header + member.head
            whole = member.margins and member.margins.enclose(before, len(padding), tar.BLOCK)
            if whole:
                self._try_writing(partial(self._file.append_in_place, whole))
            else:
                self.write((before, member.data_set, padding))
        self.sync()
        return offsets

    def _append_overlay(self, member: NewMember, header_length: int) -> None:
        """Before its file, so that a file is never whole without it."""
        size = len(member.overlay)
        offset = self.end + tar.header_length("") + size + -size % tar.BLOCK + header_length
        self.write(list(_overlay_record(offset, member.overlay, member.label.received_at)))

    def write(self, buffers: Sequence[Buffer]) -> None:
        """Write at the end; a failure takes back all that was not synced."""
        self._try_writing(lambda: self._file.append(buffers))

    def sync(self) -> None:
        """Bring all that was written to stable storage, the name of a new pack too."""
        self._try_writing(self._file.flush)
        try:
            self._file.sync()
            if self._new:
                sync_folder(self._path.parent)
                self._new = False
        except OSError as error:
            self.broken = True
            self._take_back()
            raise storage_error(error) from error
        self._good_end = self._file.end

    def overwrite(self, header: bytes) -> None:
        """Complete the header at the start of the pack."""
        try:
            self._file.overwrite(header)
        except OSError as error:
            self.broken = True
            raise storage_error(error) from error

    def view(self) -> memoryview:
        """What was synced, as memory that the kernel pages in."""
        return mapped(self._path, self._good_end)

    def void(self, offsets: Sequence[int], reason: str) -> None:
        """Append records that these files are not part of the archive."""
        self.write([piece for offset in offsets for piece in _void_record(offset, reason)])

    def seal(self) -> None:
        """Close the archive with its end blocks; nothing is ever appended again."""
        try:
            self.write([tar.END])
            self.sync()
        finally:
            self.close()

    def remove(self) -> None:
        """Delete a pack of which nothing was acknowledged."""
        self.close()
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error) from error

    def close(self) -> None:
        """Let go of the file and its lock; replay cuts off what is torn and seals it."""
        self._file.close()

    def _try_writing(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._take_back()
            raise storage_error(error) from error

    def _take_back(self) -> None:
        try:
            self._file.cut(self._good_end)
        except OSError:
            self.broken = True


class LargeObject:
    """A pack of its own for one object that streams through; its tar header is completed before the sync."""

    def __init__(self, root: Path, issuer: str, space: FreeSpace, sealed: Callable[[str], None]) -> None:
        space.demand(root, 0)
        self._root, self._space, self._sealed = root, space, sealed
        self._pack = OpenPack(root, aligned_buffer(_LARGE_BUFFER))
        self._offset = tar.header_length(issuer)
        self._length: int | None = None  # bytes of the file, once it is whole
        self._look_at = _LOOK_EVERY
        self._pack.write([bytes(self._offset)])

    def write(self, chunk: Buffer) -> None:
        """Append a piece of the file."""
        self._pack.write([chunk])
        if self._pack.end >= self._look_at:
            self._look_at += _LOOK_EVERY
            self._space.demand(self._root, 0)

    def flush(self) -> None:
        """The file is whole: sync it, so that little is left for ``finish``."""
        self._length = self._pack.end - self._offset
        self._pack.write([tar.padding(self._length)])
        self._pack.sync()

    def view(self) -> memoryview:
        """The whole file as memory that the kernel pages in."""
        return self._pack.view()[self._offset : self._offset + (self._length or 0)]

    def overlay(self, record: bytes) -> None:
        """Sync the record of its overlay behind the file, which counts only when its header is completed."""
        self._pack.write(list(_overlay_record(self._offset, record, datetime.now(UTC))))
        self._pack.sync()

    def finish(self, label: Label) -> Appended:
        """Complete the header and sync: now the object is on stable storage under this label.

        A second label replaces the first, when a rival was faster.
        """
        if self._length is None or self._pack.broken:
            raise Unavailable("the pack of a large object is not whole")
        self._pack.overwrite(tar.header(label, self._length))
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
        yield from tar.members(self.read, start, self.length)

    def decisions(self, start: int) -> Iterator[Note]:
        """Where records of decisions lie from ``start`` on."""
        yield from tar.decisions(self.read, start, self.length)

    def read(self, start: int, stop: int) -> bytes:
        """Bytes of the pack."""
        try:
            return read_all(self._descriptor, start, stop)
        except OSError as error:
            raise storage_error(error) from error

    def view(self, start: int, stop: int) -> memoryview:
        """A part of the pack as memory that the kernel pages in."""
        return mapped(self._path, stop)[start:stop]

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
    return _record(tar.void_label(offset, sha256(text).digest(), datetime.now(UTC)), text)


def _overlay_record(offset: int, text: bytes, received_at: datetime) -> Iterator[bytes]:
    return _record(tar.overlay_label(offset, sha256(text).digest(), received_at), text)


def _record(label: Label, text: bytes) -> Iterator[bytes]:
    """A member that tells of a file of the same pack."""
    yield tar.header(label, len(text))
    yield text
    yield tar.padding(len(text))
