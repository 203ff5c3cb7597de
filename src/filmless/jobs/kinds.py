"""The kinds of jobs, one row each, and how long a failed job waits for its next try."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from filmless.jobs.work import Work

PAUSES = tuple(timedelta(seconds=each) for each in (10, 30, 60, 120, 300, 600, 1200, 1800))
LONGEST_PAUSE = timedelta(hours=1)
MEMORY = timedelta(hours=24)  # a job that still fails after this is given up


@dataclass(eq=False)
class NotDone(Exception):
    """A job's purpose is not reached and another try may help; ``reason`` is for the log, without patient data."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a job."""

    number: int  # 0 for the first
    pause: timedelta | None  # until the next run, should this one fail; None: this is the last


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job. ``run`` may be called again for what it did already: run twice, it gives the same result."""

    name: str
    run: Callable[[Work, Mapping[str, object], Attempt], Awaitable[None]]


def pause_after(failures: int) -> timedelta | None:
    """How long a job waits that has failed so often; None when it is given up: pauses grow, and end after a day."""
    waited = sum((_pause(number) for number in range(failures - 1)), start=timedelta(0))
    return None if waited > MEMORY else _pause(failures - 1)


def _pause(failure: int) -> timedelta:
    return PAUSES[failure] if failure < len(PAUSES) else LONGEST_PAUSE


KINDS: tuple[Kind, ...] = ()
