"""Reads from the packs below one local folder."""

import os
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from filmless.archive.model import Placement, Span
from filmless.archive.ports import Member
from filmless.storage import tar
from filmless.storage.checked import CheckedLately
from filmless.storage.files import bring, read_all, read_cached, storage_error

OPEN_FOR_READING = 128  # descriptors kept by one process
QUIET_NS = 2_000_000_000  # file systems tell the time of a change in steps: what changed just now may change unseen


class PackReading:
    """The reading half of ``PackStore``; any thread may use it."""

    def __init__(self, root: Path, checked: CheckedLately) -> None:
        self._root, self._checked = root, checked
        self._reading = lru_cache(OPEN_FOR_READING)(self._open_for_reading)

    def read(self, pack: str, start: int, stop: int) -> bytes:
        """Bytes of a pack; fewer than asked for only where it ends."""
        try:
            file = self._reading(pack)
        except OSError as error:
            raise storage_error(error) from error
        return file.read(start, stop)

    def read_cached(self, pack: str, start: int, stop: int) -> bytes | None:
        """Bytes of a pack that lie in memory; None where they would have to be waited for."""
        try:
            return self._reading(pack).read_cached(start, stop)
        except OSError:
            return None  # who waits for them is told what is wrong

    def span(self, pack: str, start: int, stop: int) -> Span:
        """Bytes of a pack where they lie, brought into memory so that nobody waits for the disk who sends them now."""
        try:
            file = self._reading(pack)
            bring(file.number, start, stop)
        except OSError as error:
            raise storage_error(error) from error
        return Span(file, start, stop - start)

    def check(self, place: Placement) -> "MemberCheck":
        """What is to be done about the hashes of a member whose bytes are read next."""
        try:
            status = self._reading(place.pack).status()
        except OSError as error:
            raise storage_error(error) from error
        state = f"{status.st_dev} {status.st_ino} {status.st_ctime_ns} {place.offset} {place.length} "
        is_quiet = time.time_ns() - status.st_ctime_ns > QUIET_NS
        return MemberCheck(self._checked, state.encode() + place.head_sha256 + place.data_set_sha256, is_quiet)

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
            status = self._reading(pack).status()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(error) from error
        if not status.st_nlink:  # removed while we had it open
            return None
        return tar.member_at(lambda start, stop: self.read(pack, start, stop), offset, status.st_size)

    def _open_for_reading(self, pack: str) -> "_Descriptor":
        return _Descriptor(self._root / pack)


class MemberCheck:
    """Fulfils ``Check``: of a member in the pack as it was when it was asked for."""

    def __init__(self, checked: CheckedLately, member: bytes, is_quiet: bool) -> None:
        """``is_quiet`` where a further write would change the time of the pack's last change."""
        self._checked, self._member, self._is_quiet = checked, member, is_quiet
        self.is_due = not checked.holds(member)

    def passed(self) -> None:
        """The bytes have the hashes that they had on reception."""
        if self._is_quiet:
            self._checked.note(self._member)


class _Descriptor:
    """A file open for reading, closed when the cache and the last reader have let go of it.

    Of two threads that open a pack at once the cache keeps what one has opened: whoever takes the bare number must
    hold on to the rest.
    """

    def __init__(self, path: Path) -> None:
        self.number = -1
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, start: int, stop: int) -> bytes:
        """Bytes of the file; fewer than asked for only where it ends."""
        try:
            return read_all(self.number, start, stop)
        except OSError as error:
            raise storage_error(error) from error

    def read_cached(self, start: int, stop: int) -> bytes | None:
        """Bytes of the file that lie in memory; None where they would have to be waited for."""
        return read_cached(self.number, start, stop)

    def status(self) -> os.stat_result:
        """Length, links and times of the file."""
        return os.fstat(self.number)

    def __del__(self) -> None:
        if self.number >= 0:
            os.close(self.number)
