"""That something was hidden, given back or replaced just now, told to all server processes through shared memory.

What a process remembers of rows (where frames lie, for a second) must not outlive a deletion: who was answered 204 sees
the instance nowhere. To ask the database before each frame would cost more than the frame; a NOTIFY comes after the
answer, at some moment. So whoever has committed such a change writes a new random number into eight shared bytes, made
before the fork, and whoever remembers rows keeps the number that stood there before they were read: another number, and
they are read again. Random, since two who count up at once could write the same. Reading it takes less than 0.1 us.

It reaches the server processes of one machine. Where several serve one database, and for commands and jobs that are
programs of their own, the bound is what it was: a second.
"""

import mmap
import os


class LatestHiding:
    """Eight aligned bytes, read and written as one (docs/decisions/0025)."""

    def __init__(self) -> None:
        self._number = memoryview(mmap.mmap(-1, 8)).cast("Q")

    def number(self) -> int:
        """Another one than before the latest change."""
        return self._number[0]

    def tell(self) -> None:
        """Something was hidden, given back or replaced, and its transaction is committed."""
        self._number[0] = int.from_bytes(os.urandom(8), "little")
