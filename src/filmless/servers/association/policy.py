"""What holds for a DICOM listener: its title, its limits, and what it is given to work with."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from filmless.access.accounts import User
from filmless.access.called_titles import CalledTitle
from filmless.access.peers import Peer
from filmless.archive.commitment import Commitment, Request, Ticket
from filmless.archive.model import Buffer, KeptInstance, Matches, Outcome, Query, Received, Source
from filmless.archive.query.selection import Selection
from filmless.archive.scope import Scope
from filmless.pixels.request import Request as CodecRequest
from filmless.servers.association.refusals import Why
from filmless.servers.association.secured import HandshakeFault
from filmless.servers.association.summary import AssociationSummary
from filmless.servers.memory import BLOCK, Regions
from filmless.standards.data_set.frames import FrameTable
from filmless.standards.upper_layer.association import Limits
from filmless.standards.upper_layer.items import UserIdentity

MEMORY_LIMIT = 3 << 20  # bytes of a data set that are held at once
ROOM = 8 * BLOCK  # bytes before a data set, for the headers of its member
REGION = MEMORY_LIMIT + (512 << 10)  # bytes: reading stops at the limit, but what was read already still comes
SPARE = 8  # regions kept for the next data sets
TRANSCODING = 4  # objects at one time: each holds a thread of the executor, and the other threads serve everybody else


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules of one listener; times in seconds, limits for this process."""

    ae_title: str
    any_called_ae: bool = False  # serve whatever title the peer calls
    is_loopback: bool = True  # bound to loopback alone: any calling AE is served
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

    def select(self, selection: Selection, scope: Scope, destination: str = "") -> list[KeptInstance]:
        """Instances to be retrieved, for an AE where that is not who asks; blocks."""

    def read(self, kept: KeptInstance, start: int = 0, stop: int | None = None) -> bytes:
        """A part of the stored file; blocks."""

    def chunks(self, kept: KeptInstance, scope: Scope) -> Iterator[bytes]:
        """The stored file in pieces, compared with its hash before the last one; the iterator blocks."""

    def frames(self, kept: KeptInstance, scope: Scope) -> FrameTable:
        """Where its frames lie; blocks."""


class Codecs(Protocol):
    """The pool of codec children."""

    def submit(self, request: CodecRequest, /) -> Future[bytes]:
        """Queue a request; the future holds the answer or ``CannotRender``."""


class Commitments(Protocol):
    """Storage commitments; all of it blocks, and may raise ``Unavailable``."""

    def ask(self, request: Request) -> Ticket | None:
        """Record a request; with the ticket the door goes on, without one its report follows by itself."""

    def settle(self, ticket: Ticket, now: datetime) -> Commitment | None:
        """What is safe; None where that is not known yet."""

    def reported(self, commitment: Commitment) -> None:
        """The peer has taken the report."""

    def let_go(self, commitment: Commitment) -> None:
        """The peer was not told here."""


class Peers(Protocol):
    """The AE registry; may block."""

    def find(self, title: str) -> Peer | None:
        """The peer of this title."""

    def find_called(self, title: str) -> CalledTitle | None:
        """The title of ours that is called like this, beside the configured one."""


class Identities(Protocol):
    """Proof of users who name themselves while associating; may block."""

    def verify(self, claimed: UserIdentity, address: str) -> User | Why | None:
        """The user who is proved, or why not; None for a bare name, which proves nobody."""


class Record(Protocol):
    """Where ends of associations are recorded; may block, must not raise."""

    def record_association(self, summary: AssociationSummary) -> None:
        """Write the end of an association."""

    def record_refused_tls(self, address: str, fault: HandshakeFault) -> None:
        """Note that somebody came to a TLS port and no connection was made; does not block."""


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Everything that associations of a listener are given."""

    archive: Archive
    peers: Peers
    record: Record
    commitments: Commitments
    codecs: Codecs
    executor: Executor  # for calls that block
    identities: Identities
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context  # by which peers are called that want it
    transcoding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TRANSCODING))
    memory: Regions = field(default_factory=lambda: Regions(REGION, SPARE))  # where data sets gather
