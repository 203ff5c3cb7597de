"""How long what failed waits for its next try, and when it is given up."""

from dataclasses import dataclass
from datetime import timedelta

PAUSES = tuple(timedelta(seconds=each) for each in (10, 30, 60, 120, 300, 600, 1200, 1800))
LONGEST_PAUSE = timedelta(hours=1)
MEMORY = timedelta(hours=24)  # what still fails after this is given up


@dataclass(eq=False)
class NotDone(Exception):
    """A job's purpose is not reached and another try may help; ``reason`` is for the log, without patient data."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def pause_after(failures: int) -> timedelta | None:
    """How long a job waits that has failed so often; None when it is given up: pauses grow, and end after a day."""
    waited = sum((_pause(number) for number in range(failures - 1)), start=timedelta(0))
    return None if waited > MEMORY else _pause(failures - 1)


def _pause(failure: int) -> timedelta:
    return PAUSES[failure] if failure < len(PAUSES) else LONGEST_PAUSE
