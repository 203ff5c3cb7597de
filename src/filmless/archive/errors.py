"""What can go wrong in the archive, as facts; doors choose the code."""

from dataclasses import dataclass


class ArchiveError(Exception):
    """Base of all that the archive raises."""


@dataclass(frozen=True)
class BadQuery(ArchiveError):
    """A key, value, cursor or order cannot be understood."""

    reason: str


@dataclass(frozen=True)
class NotFound(ArchiveError):
    """Nothing with these identifiers is kept, or the scope does not reach it."""

    what: str


@dataclass(frozen=True)
class Damaged(ArchiveError):
    """Stored bytes do not have the hash that was recorded."""

    instance_uid: str


@dataclass(frozen=True)
class Unavailable(ArchiveError):
    """Database or storage does not answer now."""

    reason: str
