"""What holds for a DICOM listener: its title, its limits, and what it is given to work with."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from filmless.access.peers import Peer
from filmless.archive.model import Buffer, KeptInstance, Matches, Outcome, Query, Received, Source
from filmless.archive.query.selection import Selection
from filmless.archive.scope import Scope
from filmless.servers.memory import Regions
from filmless.standards.upper_layer.association import Limits

MEMORY_LIMIT = 3 << 20  # bytes of a data set that are held at once
REGION = MEMORY_LIMIT + (512 << 10)  # bytes: reading stops at the limit, but what was read already still comes
SPARE = 8  # regions kept for the next data sets


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules of one listener; times in seconds, limits for this process."""

    ae_title: str
    any_called_ae: bool = False  # serve whatever title the peer calls
    is_loopback: bool = True  # bound to loopback only: any calling AE is served
    max_associations: int = 500
    max_associations_per_peer: int = 50  # by network address
    idle: float = 600.0  # an association without a message is ended
    spare_idle: float = 30.0  # one idle for so long goes when its slot is needed
    limits: Limits = field(default_factory=Limits)


class LargeStore(Protocol):
    """An instance on its way into the archive that is not held in memory; its faults are told by ``finish``."""

    def write(self, chunk: Buffer) -> None:
        """Append; blocks."""

    def finish(self) -> Future[Outcome]:
        """Everything is written; blocks."""

    def abort(self) -> None:
        """Leave nothing of it; blocks."""


class Archive(Protocol):
    """What this door asks of the archive."""

    def store(self, received: Received, scope: Scope) -> Future[Outcome]:
        """Keep an instance; does not block."""

    def store_large(  # noqa: PLR0913, PLR0917  what a Received holds, but for the bytes
        self,
        source: Source,
        transfer_syntax_uid: str,
        sop_class_uid: str | None,
        instance_uid: str | None,
        scope: Scope,
        received_at: datetime,
        head: bytes,
    ) -> LargeStore:
        """Begin to keep a large instance; blocks."""

    def stream(self, query: Query, scope: Scope) -> Matches:
        """Every match; the iterator blocks."""

    def select(self, selection: Selection, scope: Scope) -> list[KeptInstance]:
        """Instances to be retrieved; blocks."""

    def read(self, kept: KeptInstance, start: int = 0, stop: int | None = None) -> bytes:
        """A part of the stored file; blocks."""

    def chunks(self, kept: KeptInstance, scope: Scope) -> Iterator[bytes]:
        """The stored file in pieces, compared with its hash before the last one; the iterator blocks."""


class Peers(Protocol):
    """The AE registry; may block."""

    def find(self, title: str) -> Peer | None:
        """The peer of this title."""


@dataclass(frozen=True, slots=True)
class AssociationSummary:
    """One association as the record keeps it, written when it has ended."""

    calling_ae: str
    called_ae: str
    address: str
    implementation_class_uid: str
    implementation_version: str
    began_at: datetime  # UTC
    seconds: float
    proposed: int  # presentation contexts
    accepted: int
    refused: tuple[str, ...]  # abstract syntaxes of the contexts that were not accepted, each once
    counts: dict[str, int]  # answers by "C-STORE success", "C-FIND failure", ...
    end: str  # "released", "rejected: ...", "aborted by peer", "connection lost", "idle", ...


class Record(Protocol):
    """Where ends of associations are recorded; may block, must not raise."""

    def record_association(self, summary: AssociationSummary) -> None:
        """Write the end of an association."""


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Everything that associations of a listener are given."""

    archive: Archive
    peers: Peers
    record: Record
    executor: Executor  # for calls that block
    memory: Regions = field(default_factory=lambda: Regions(REGION, SPARE))  # where data sets gather
