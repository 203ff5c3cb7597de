"""Which members were read whole and found unchanged lately, told to all server processes through shared memory."""

import mmap
import struct
import time
from collections.abc import Callable
from hashlib import blake2b

_SLOT = struct.Struct("=Q")
_SLOTS = 1 << 16
_PERIOD = 300.0  # seconds; a check is believed in its period and the next one


class CheckedLately:
    """Fingerprints of members as they were found, in an anonymous mapping that is made before the fork.

    A fingerprint tells pack file, its last change, and the member's place and hashes, so that whoever touches the pack
    has everything in it checked again. One slot is eight aligned bytes, written as one: readers see a whole
    fingerprint or another's, and then check again. Nothing is locked, nothing grows (docs/decisions/0025).
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT.size)
        self._now = now

    def holds(self, member: bytes) -> bool:
        """Whether it was checked in this period or the one before."""
        period = int(self._now() / _PERIOD)
        return any(self._is_noted(member, each) for each in (period, period - 1))

    def note(self, member: bytes) -> None:
        """It has just been checked."""
        slot, fingerprint = _fingerprint(member, int(self._now() / _PERIOD))
        _SLOT.pack_into(self._memory, slot * _SLOT.size, fingerprint)

    def _is_noted(self, member: bytes, period: int) -> bool:
        slot, fingerprint = _fingerprint(member, period)
        return bool(_SLOT.unpack_from(self._memory, slot * _SLOT.size)[0] == fingerprint)


def _fingerprint(member: bytes, period: int) -> tuple[int, int]:
    digest = blake2b(member, digest_size=16, salt=period.to_bytes(8, "big", signed=True)).digest()
    return int.from_bytes(digest[:2], "big"), int.from_bytes(digest[8:], "big")
