"""Memory that is used again: to be given new pages costs more than to hash what is written to them."""

from collections import deque


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
