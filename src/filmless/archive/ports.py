"""What the archive needs of a place for bytes and of an index; ``storage`` and ``database`` fulfil it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from filmless.archive.model import Buffer, FrameTable, KeptInstance, Placement, StoredAs
from filmless.archive.scope import Scope
from filmless.archive.header import Header


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


@dataclass(frozen=True, slots=True)
class Member:
    """A whole file found in a pack."""

    label: Label
    offset: int  # bytes, of the file
    length: int  # bytes


@dataclass(frozen=True, slots=True)
class Appended:
    """Members that are on stable storage: the offset of each file, and where the pack now ends."""

    pack: str
    offsets: Sequence[int]
    end: int


class LargePack(Protocol):
    """A pack of its own for one object that is not held in memory."""

    def write(self, chunk: Buffer) -> None: ...
    def read(self, start: int, stop: int) -> bytes: ...
    def flush(self) -> None: ...
    def finish(self, label: Label) -> Appended: ...
    def seal(self) -> None: ...
    def leave(self) -> None: ...
    def abort(self) -> None: ...


class PackReader(Protocol):
    """A pack that nobody writes, claimed for replay."""

    length: int

    def members(self, start: int) -> Iterator[Member]: ...
    def read(self, start: int, stop: int) -> bytes: ...
    def seal(self, void: Sequence[int] = (), reason: str = "") -> int: ...


class PackStore(Protocol):
    """Where packs lie. Every method may raise ``Unavailable``, of which ``NoSpace`` is one."""

    def append(self, members: Sequence[NewMember]) -> Appended: ...
    def void(self, offsets: Sequence[int], reason: str) -> None: ...
    def sealed(self) -> Sequence[str]: ...
    def leave(self) -> None: ...
    def open_large(self, issuer: str) -> LargePack: ...
    def read(self, pack: str, start: int, stop: int) -> bytes: ...
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
    known: Known | None = None  # what was there, for everything but NEW


@dataclass(frozen=True, slots=True)
class Batch:
    """What becomes true in one transaction."""

    entries: Sequence[Entry]
    marks: Mapping[str, int]  # pack to the bytes of it that rows speak of, set if no entry is lost
    sealed: Sequence[str] = ()


class Index(Protocol):
    """The rows of the archive. Every method may raise ``Unavailable``."""

    def known(self, instance_uids: Sequence[str]) -> Mapping[str, Known]: ...
    def record(self, batch: Batch) -> frozenset[str]: ...
    def marks(self) -> Mapping[str, int]: ...
    def quarantine(self, pack: str, length: int) -> int: ...
    def locate(
        self, scope: Scope, study_uid: str, series_uid: str | None, instance_uid: str | None
    ) -> list[KeptInstance]: ...
    def frames(self, instance_uid: str) -> FrameTable | None: ...
