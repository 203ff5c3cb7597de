"""How long a login must wait after failures: ten are free, then each costs a growing delay."""

from collections.abc import Sequence
from datetime import datetime, timedelta

FREE_FAILURES = 10
MEMORY = timedelta(hours=1)  # failures older than this are forgotten
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=15)


def wait(failures: Sequence[datetime], now: datetime) -> timedelta:
    """Time until the next try is let through; ``failures`` are the moments within ``MEMORY``, oldest first.

    Ten failures are free; from then on the delay after the last failure doubles with every further ten,
    so no minute ever holds more than ten failures of one subject.
    """
    strikes = len(failures) // FREE_FAILURES
    if strikes == 0:
        return timedelta(0)
    delay = min(FIRST_DELAY * (1 << min(strikes - 1, 8)), LONGEST_DELAY)
    return max(failures[-1] + delay - now, timedelta(0))
