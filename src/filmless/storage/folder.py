"""Packs below one local folder: the open ingest pack of this process, reads, and what replay needs."""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from filmless.archive.errors import Unavailable
from filmless.archive.ports import Appended, Member, NewMember
from filmless.storage import tar
from filmless.storage.direct import aligned_buffer
from filmless.storage.files import FreeSpace, read_all, read_cached, storage_error
from filmless.storage.pack import ClaimedPack, LargeObject, OpenPack

SEAL_AT = 1 << 30  # bytes of an ingest pack after which a new one is begun
_BUFFER = 4 << 20  # bytes gathered before they are written
OPEN_FOR_READING = 128  # descriptors kept by one process


class PackFolder:
    """Fulfils ``PackStore``. ``append``, ``void``, ``sealed`` and ``leave`` belong to the one committer thread."""

    def __init__(self, root: Path, *, space: FreeSpace | None = None, seal_at: int = SEAL_AT) -> None:
        self._root, self._space, self._seal_at = root, space or FreeSpace(), seal_at
        self._pack: OpenPack | None = None
        self._buffer = aligned_buffer(_BUFFER)
        self._sealed: list[str] = []
        self._reading = lru_cache(OPEN_FOR_READING)(self._open_for_reading)

    def append(self, members: Sequence[NewMember]) -> Appended:
        """Write members to the open pack and sync it: when this returns they are on stable storage."""
        self._space.demand(self._root, sum(len(member.head) + len(member.data_set) for member in members))
        pack = self._open_pack()
        try:
            offsets = pack.append(members)
        except Unavailable:
            if pack.broken:
                self.leave()
            raise
        return Appended(pack.name, offsets, pack.end)

    def void(self, offsets: Sequence[int], reason: str) -> None:
        """Declare files of the last append no part of the archive; as durable as they are."""
        if self._pack is not None:
            self._pack.void(offsets, reason)
            self._pack.sync()

    def sealed(self) -> Sequence[str]:
        """Packs sealed since the last call, for the index to know."""
        names, self._sealed = self._sealed, []
        return names

    def leave(self) -> None:
        """Go on in a new pack; the rows of this one are in doubt, so replay looks at it and seals it."""
        if self._pack is not None:
            self._pack.close()
            self._pack = None

    def seal(self) -> None:
        """Seal the open pack, since this process ends."""
        if self._pack is not None:
            pack, self._pack = self._pack, None
            pack.seal()
            self._note_sealed(pack.name)

    def open_large(self, issuer: str) -> LargeObject:
        """A pack of its own for one object that streams through; any thread may use it."""
        return LargeObject(self._root, issuer, self._space, self._note_sealed)

    def read(self, pack: str, start: int, stop: int) -> bytes:
        """Bytes of a pack; fewer than asked for only where it ends."""
        try:
            return read_all(self._reading(pack).number, start, stop)
        except OSError as error:
            raise storage_error(error) from error

    def read_cached(self, pack: str, start: int, stop: int) -> bytes | None:
        """Bytes of a pack that lie in memory; None where they would have to be waited for."""
        try:
            return read_cached(self._reading(pack).number, start, stop)
        except OSError:
            return None  # who waits for them is told what is wrong

    def lengths(self) -> Mapping[str, int]:
        """Every pack there is, with its bytes."""
        folder = self._root / "ingest"
        try:
            return {str(path.relative_to(self._root)): path.stat().st_size for path in folder.rglob("*.tar")}
        except OSError as error:
            raise storage_error(error) from error

    def members(self, pack: str, stop: int) -> Iterator[Member]:
        """Members of a pack that end before ``stop``, without void ones; also of one that is being written."""
        yield from tar.members(lambda start, end: self.read(pack, start, end), 0, stop)

    def member_at(self, pack: str, offset: int) -> Member | None:
        """The member whose file begins there; None where there is none that is whole, or no such pack."""
        try:
            status = os.fstat(self._reading(pack).number)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(error) from error
        if not status.st_nlink:  # removed while we had it open
            return None
        return tar.member_at(lambda start, stop: self.read(pack, start, stop), offset, status.st_size)

    @contextmanager
    def claim(self, pack: str) -> Iterator[ClaimedPack | None]:
        """A pack that nobody writes, locked as long as the context lasts; None when it has a writer."""
        path = self._root / pack
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise storage_error(error) from error
        try:
            yield ClaimedPack(path, descriptor) if _locked(descriptor) else None
        finally:
            os.close(descriptor)

    def _note_sealed(self, pack: str) -> None:
        self._sealed.append(pack)

    def _open_pack(self) -> OpenPack:
        if self._pack is not None and self._pack.end >= self._seal_at:
            self.seal()
        if self._pack is None:
            self._pack = OpenPack(self._root, self._buffer)
        return self._pack

    def _open_for_reading(self, pack: str) -> "_Descriptor":
        return _Descriptor(self._root / pack)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Descriptor:
    """A file open for reading, closed when the cache and the last reader have let go of it."""

    def __init__(self, path: Path) -> None:
        self.number = -1
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if self.number >= 0:
            os.close(self.number)
