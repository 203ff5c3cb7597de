"""What the archive needs of a place for bytes and of an index; ``storage`` and ``database`` fulfil it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from filmless.archive.coercion.overlay import Overlay
from filmless.archive.events import Event
from filmless.archive.findings import ConflictVersion, Finding
from filmless.archive.header import Header
from filmless.archive.model import (
    Buffer,
    Count,
    DicomJson,
    KeptInstance,
    Margins,
    Matches,
    Page,
    Placement,
    Query,
    Span,
    StoredAs,
)
from filmless.archive.query.selection import Selection
from filmless.archive.rejections import Rejection
from filmless.archive.scope import Scope
from filmless.standards.data_set.frames import FrameTable

CONFLICT = ".conflict-"  # in the name of a member that is kept beside another content
ReadHeader = Callable[[KeptInstance], DicomJson]


@dataclass(frozen=True, slots=True)
class Label:
    """What the tar header of a member says of its file, so that replay needs nothing else."""

    path: str  # STUDY/SERIES/INSTANCE.dcm
    head_sha256: bytes
    data_set_sha256: bytes
    received_at: datetime
    issuer: str = ""  # issuer of Patient ID that the sender's objects leave out
    replaces: bool = False  # the sender's policy was to replace what was kept


@dataclass(frozen=True, slots=True)
class NewMember:
    """A file on its way into a pack: ``head`` and ``data_set`` follow each other."""

    label: Label
    head: bytes
    data_set: Buffer
    margins: Margins | None = None  # of the data set
    overlay: bytes = b""  # the record of its overlay, written before it


@dataclass(frozen=True, slots=True)
class Note:
    """A record among the files of a pack."""

    offset: int  # bytes
    length: int  # bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Member:
    """A whole file found in a pack."""

    label: Label
    offset: int  # bytes, of the file
    length: int  # bytes
    overlay: Note | None = None  # the record of its overlay

    @property
    def instance_uid(self) -> str:
        """SOP Instance UID, as the path tells it."""
        return self.label.path.rpartition("/")[2].removesuffix(".dcm").partition(CONFLICT)[0]

    @property
    def is_conflict(self) -> bool:
        """Whether it was kept beside another content."""
        return CONFLICT in self.label.path


@dataclass(frozen=True, slots=True)
class Appended:
    """Members that are on stable storage: the offset of each file, and where the pack now ends."""

    pack: str
    offsets: Sequence[int]
    end: int


class LargePack(Protocol):
    """A pack of its own for one object that is not held in memory."""

    def write(self, chunk: Buffer) -> None: ...
    def flush(self) -> None: ...
    def view(self) -> memoryview: ...
    def overlay(self, record: bytes) -> None: ...
    def finish(self, label: Label) -> Appended: ...
    def seal(self) -> None: ...
    def leave(self) -> None: ...
    def abort(self) -> None: ...


class PackReader(Protocol):
    """A pack that nobody writes, claimed for replay."""

    length: int

    def members(self, start: int) -> Iterator[Member]: ...
    def decisions(self, start: int) -> Iterator[Note]: ...
    def read(self, start: int, stop: int) -> bytes: ...
    def view(self, start: int, stop: int) -> memoryview: ...
    def seal(self, void: Sequence[int] = (), reason: str = "") -> int: ...


class PackBytes(Protocol):
    """The reading half of a place for packs."""

    def read(self, pack: str, start: int, stop: int) -> bytes: ...
    def read_cached(self, pack: str, start: int, stop: int) -> bytes | None: ...


class Check(Protocol):
    """The check of a member that is about to be read whole."""

    is_due: bool  # False: its bytes were found unchanged lately, and nothing was written to the pack since

    def passed(self) -> None: ...


class PackStore(Protocol):
    """Where packs lie. Every method may raise ``Unavailable``, of which ``NoSpace`` is one."""

    def append(self, members: Sequence[NewMember]) -> Appended: ...
    def void(self, offsets: Sequence[int], reason: str) -> None: ...
    def sealed(self) -> Sequence[str]: ...
    def leave(self) -> None: ...
    def open_large(self, issuer: str) -> LargePack: ...
    def read(self, pack: str, start: int, stop: int) -> bytes: ...
    def span(self, pack: str, start: int, stop: int) -> Span: ...
    def check(self, place: Placement) -> "Check": ...
    def lengths(self) -> Mapping[str, int]: ...
    def claim(self, pack: str) -> AbstractContextManager[PackReader | None]: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What the index has under one SOP Instance UID."""

    instance_id: int
    instance_uid: str
    study_uid: str
    transfer_syntax_uid: str
    placement: Placement
    conflicts: frozenset[bytes] = frozenset()  # SHA-256 of the data sets kept as conflict versions


@dataclass(frozen=True, slots=True)
class Entry:
    """One instance to record: what its header says and where its bytes lie."""

    header: Header
    transfer_syntax_uid: str
    placement: Placement | None  # None for what was there already
    received_at: datetime
    frames: FrameTable | None
    stored_as: StoredAs
    issuer: str
    scope: Scope
    overlay: Overlay | None = None
    is_whole: bool = True  # no element announces more bytes than came
    known: Known | None = None  # what was there, for everything but NEW
    source_ae: str = ""  # AE title that sent it
    rejection: Rejection | None = None  # what it says, where it is a rejection note that is served


@dataclass(frozen=True, slots=True)
class Batch:
    """What becomes true in one transaction."""

    entries: Sequence[Entry]
    marks: Mapping[str, int]  # pack to the bytes of it that rows speak of, set if no entry is lost
    sealed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the index speaks of a pack."""

    indexed_to: int  # bytes
    sealed: bool
    lacks_rows: bool = False  # fewer rows point into it than were made: looked at for recent packs only


class Index(Protocol):
    """The rows of the archive as the committer writes them. Every method may raise ``Unavailable``."""

    def known(self, instance_uids: Sequence[str]) -> Mapping[str, Known]: ...
    def record(self, batch: Batch) -> frozenset[str]: ...
    def was_interrupted(self) -> bool: ...


class Marks(Protocol):
    """How far the index knows each pack; what replay asks and says. Every method may raise ``Unavailable``."""

    def marks(self) -> Mapping[str, Mark]: ...
    def quarantine(self, pack: str, length: int) -> int: ...
    def recount(self, pack: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Located:
    """An instance and what rows say of its frames: a long table is not brought along."""

    kept: KeptInstance
    table: FrameTable | None
    has_table: bool


class Catalog(Protocol):
    """The rows of the archive as they are read. Every method may raise ``Unavailable``."""

    def locate(self, scope: Scope, uids: tuple[str, str | None, str | None]) -> list[KeptInstance]: ...
    def select(self, selection: Selection, scope: Scope) -> list[KeptInstance]: ...
    def frames(self, instance_uid: str) -> FrameTable | None: ...
    def locate_frames(self, scope: Scope, uids: tuple[str, str, str | None], limit: int) -> list[Located]: ...
    def findings(self, scope: Scope, study_uid: str | None) -> list[Finding]: ...
    def conflicts(self, scope: Scope, study_uid: str | None) -> list[ConflictVersion]: ...


class Search(Protocol):
    """Queries; ``read_header`` is asked for attributes that no row holds."""

    def find(self, query: Query, scope: Scope, read_header: ReadHeader | None = None) -> Page: ...
    def stream(self, query: Query, scope: Scope, read_header: ReadHeader | None = None) -> Matches: ...
    def count(self, query: Query, scope: Scope, *, exact: bool = False) -> Count: ...


class History(Protocol):
    """Where reads are remembered: gathered, written a moment later."""

    def gather(self, event: Event, /) -> None: ...
