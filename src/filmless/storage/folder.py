"""Packs below one local folder: the open ingest pack of this process, and what replay needs."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filmless.archive.errors import Unavailable
from filmless.archive.ports import Appended, NewMember
from filmless.storage.checked import CheckedLately
from filmless.storage.direct import aligned_buffer
from filmless.storage.files import FreeSpace, storage_error
from filmless.storage.pack import ClaimedPack, LargeObject, OpenPack
from filmless.storage.reading import PackReading

SEAL_AT = 1 << 30  # bytes of an ingest pack after which a new one is begun
_BUFFER = 4 << 20  # bytes gathered before they are written


class PackFolder(PackReading):
    """Fulfils ``PackStore``. ``append``, ``void``, ``sealed`` and ``leave`` belong to the one committer thread."""

    def __init__(
        self,
        root: Path,
        *,
        space: FreeSpace | None = None,
        seal_at: int = SEAL_AT,
        checked: CheckedLately | None = None,
    ) -> None:
        """``checked`` is what several processes tell each other; without it this one remembers for itself."""
        super().__init__(root, checked or CheckedLately())
        self._space, self._seal_at = space or FreeSpace(), seal_at
        self._pack: OpenPack | None = None
        self._buffer = aligned_buffer(_BUFFER)
        self._sealed: list[str] = []

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


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
