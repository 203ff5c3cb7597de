"""Memory that is used again: to be given new pages costs more than to hash what is written to them."""

import ctypes
from collections import deque

BLOCK = 512  # bytes: what direct I/O asks of addresses, and tar of members


class Regions:
    """Spare regions of one size; to be used from one thread."""

    def __init__(self, size: int, spare: int) -> None:
        """``size`` in bytes; at most ``spare`` regions are kept."""
        self._size = size
        self._spare: deque[bytearray] = deque(maxlen=spare)

    def take(self) -> bytearray:
        """A region that nobody looks at."""
        for _ in range(len(self._spare)):
            region = self._spare.popleft()
            try:
                region.append(region.pop())  # a change of length, which Python refuses while there are views
            except BufferError:
                self._spare.append(region)
            else:
                return region
        return bytearray(self._size)

    def give(self, region: bytearray) -> None:
        """To be used again when the last view of it is gone."""
        if len(region) == self._size:
            self._spare.append(region)


def first_block(region: bytearray) -> int:
    """Bytes of a region before the first address that is a multiple of ``BLOCK``."""
    return -ctypes.addressof(ctypes.c_char.from_buffer(region)) % BLOCK
