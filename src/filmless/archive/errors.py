"""What can go wrong in the archive, as facts; doors choose the code."""

from dataclasses import dataclass


class ArchiveError(Exception):
    """Base of all that the archive raises.

    Not frozen: the interpreter sets ``__traceback__``; compared by identity like every exception.
    """


@dataclass(eq=False)
class BadQuery(ArchiveError):
    """A key, value, cursor or order cannot be understood."""

    reason: str


@dataclass(eq=False)
class NotFound(ArchiveError):
    """Nothing with these identifiers is kept, or the scope does not reach it."""

    what: str


@dataclass(eq=False)
class Damaged(ArchiveError):
    """Stored bytes do not have the hash that was recorded."""

    instance_uid: str


@dataclass(eq=False)
class Unavailable(ArchiveError):
    """Database or storage does not answer now."""

    reason: str


@dataclass(eq=False)
class NoSpace(Unavailable):
    """The store is full, or below its free-space mark: nothing more is taken."""


@dataclass(eq=False)
class RecordRefused(ArchiveError):
    """The index does not take a batch: one of its entries is at fault, the others may be recorded without it."""

    reason: str
