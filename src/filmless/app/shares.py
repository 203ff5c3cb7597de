"""What the server processes know of each other: associations of each, members that were checked, when any stored."""

import mmap
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from filmless.storage.checked import CheckedLately
from filmless.storage.latest_hiding import LatestHiding

TOGETHER = 8  # associations that one process serves before another begins: they share syncs and transactions
_COUNT = struct.Struct("=I")
_MOMENT = struct.Struct("=d")  # monotonic seconds, of one clock for all processes of a machine


class Shares:
    """One count per process and what they tell each other, in anonymous shared mappings; made before the fork."""

    def __init__(self, processes: int, now: Callable[[], float] = time.monotonic) -> None:
        self.processes = processes
        self.checked = CheckedLately()
        self.latest_hiding = LatestHiding()
        self._memory = mmap.mmap(-1, max(processes * _COUNT.size, 1))
        self._latest = mmap.mmap(-1, _MOMENT.size)
        self._now = now
        self.note_work()

    def of(self, number: int) -> "Share":
        """The view of one process; its count starts anew."""
        share = Share(self, number)
        share.say(0)
        return share

    def count(self, number: int) -> int:
        """Associations of a process."""
        (count,) = _COUNT.unpack_from(self._memory, number * _COUNT.size)
        return int(count)

    def set(self, number: int, count: int) -> None:
        """Note the associations of a process; four aligned bytes, written as one."""
        _COUNT.pack_into(self._memory, number * _COUNT.size, count)

    def note_work(self) -> None:
        """Something is being stored; eight aligned bytes, written as one."""
        _MOMENT.pack_into(self._latest, 0, self._now())

    def rest(self) -> float:
        """Seconds since any process stored something, or since all began."""
        (latest,) = _MOMENT.unpack_from(self._latest, 0)
        return self._now() - float(latest)


@dataclass(frozen=True, slots=True)
class Share:
    """The counts as one process sees them."""

    shares: Shares
    number: int

    def say(self, count: int) -> None:
        """Tell the others how many associations this process holds."""
        self.shares.set(self.number, count)

    def is_next(self) -> bool:
        """Whether the next association is for this process: the fullest that has room, else whoever is not far ahead.

        Far, since a process whose turn it is not pauses: one at a time from each would make a burst wait.
        """
        counts = [self.shares.count(number) for number in range(self.shares.processes)]
        room = [count for count in counts if count < TOGETHER]
        if room:
            return counts.index(max(room)) == self.number
        return counts[self.number] - min(counts) < TOGETHER
