"""Writes to a folder: whole, synced, and with faults told apart."""

import errno
import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filmless.archive.errors import NoSpace, Unavailable
from filmless.archive.model import Buffer

_MOST_BUFFERS = 1024  # IOV_MAX of Linux
_NO_WAIT: int = getattr(os, "RWF_NOWAIT", 0)  # Linux
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """Below this mark nothing more is taken, so that the rest of the machine keeps working."""

    fraction: float = 0.02  # of the file system
    minimum: int = 1 << 30  # bytes

    def demand(self, folder: Path, length: int) -> None:
        """Raise ``NoSpace`` when writing ``length`` bytes would leave less than the mark."""
        system = os.statvfs(folder)
        free = system.f_bavail * system.f_frsize - length
        if free < max(self.minimum, self.fraction * system.f_blocks * system.f_frsize):
            raise NoSpace("the file system of the packs is below its free-space mark")


def storage_error(error: OSError) -> Unavailable:
    """The fault of a file system as the archive knows it."""
    if error.errno in _FULL:
        return NoSpace("the file system of the packs is full")
    return Unavailable(f"the file system of the packs failed: {os.strerror(error.errno or errno.EIO)}")


def write_all(descriptor: int, buffers: Sequence[Buffer], offset: int) -> int:
    """Write every byte from ``offset`` on and return the end."""
    waiting = [memoryview(buffer) for buffer in buffers if len(buffer)]
    first = 0
    while first < len(waiting):
        written = os.pwritev(descriptor, waiting[first : first + _MOST_BUFFERS], offset)
        offset += written
        while first < len(waiting) and written >= len(waiting[first]):
            written -= len(waiting[first])
            first += 1
        if written:
            waiting[first] = waiting[first][written:]
    return offset


def read_all(descriptor: int, start: int, stop: int) -> bytes:
    """The bytes from ``start`` to ``stop``, fewer only at the end of the file."""
    piece = os.pread(descriptor, stop - start, start)
    if len(piece) == stop - start or not piece:
        return piece
    pieces = [piece]
    while start + sum(map(len, pieces)) < stop:
        piece = os.pread(descriptor, stop - start - sum(map(len, pieces)), start + sum(map(len, pieces)))
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)


def read_cached(descriptor: int, start: int, stop: int) -> bytes | None:
    """The bytes from ``start`` to ``stop`` if all lie in the page cache; None where the disk would be waited for."""
    if not _NO_WAIT:
        return None
    piece = bytearray(stop - start)
    try:
        count = os.preadv(descriptor, [piece], start, _NO_WAIT)
    except OSError:  # EAGAIN: not there; or the file system does not know the flag
        return None
    return bytes(piece) if count == stop - start else None


def bring(descriptor: int, start: int, stop: int) -> None:
    """Have the bytes from ``start`` to ``stop`` in the page cache; they are not copied from there."""
    while start < stop:
        count = os.sendfile(_nowhere(), descriptor, start, stop - start)
        if not count:
            return
        start += count


@lru_cache(1)
def _nowhere() -> int:
    """A file that takes all pages and looks at none."""
    return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def mapped(path: Path, length: int) -> memoryview:
    """The first bytes of a file as read-only memory: it costs the page cache, and goes when nobody looks at it."""
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), length, prot=mmap.PROT_READ))
    except OSError as error:
        raise storage_error(error) from error


def make_folder(root: Path, folder: Path) -> None:
    """Make ``folder`` below ``root``; each new folder's name is on stable storage afterwards."""
    if folder == root or folder.is_dir():
        return
    make_folder(root, folder.parent)
    folder.mkdir(mode=0o750, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
