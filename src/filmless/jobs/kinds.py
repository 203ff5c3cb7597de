"""The kinds of jobs, one row each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from filmless.jobs.availability import availability
from filmless.jobs.commitment import commitment
from filmless.jobs.rejection import rejection
from filmless.jobs.settling import settling
from filmless.jobs.work import Work


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job. ``run`` may be called again for what it did already: run twice, it gives the same result."""

    name: str
    run: Callable[[Work, Mapping[str, object]], Awaitable[None]]


KINDS: tuple[Kind, ...] = (
    Kind("availability", availability),
    Kind("commitment", commitment),
    Kind("rejection", rejection),
    Kind("settling", settling),
)
