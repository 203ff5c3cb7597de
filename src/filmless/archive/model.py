"""The nouns of the archive, and what a store may come to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from filmless.standards.editing.splice import Edit

Buffer = bytes | bytearray | memoryview


class OpenFile(Protocol):
    """A file that is open for as long as this lives."""

    number: int  # its descriptor

    def read(self, start: int, stop: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a file where they lie: cut like bytes, sent without being read, or read by ``bytes()``."""

    file: OpenFile
    start: int
    length: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, part: slice) -> "Span":
        first, last, _ = part.indices(self.length)
        return Span(self.file, self.start + first, max(0, last - first))

    def __bytes__(self) -> bytes:
        return self.file.read(self.start, self.start + self.length)


Chunk = bytes | Span


class Level(StrEnum):
    """Query/Retrieve levels (PS3.4 C.3)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


class Door(StrEnum):
    """The way an instance came in."""

    C_STORE = "C-STORE"
    STOW_RS = "STOW-RS"
    IMPORT = "import"


class DuplicatePolicy(StrEnum):
    """What is done with another content under a SOP Instance UID that is already kept."""

    KEEP_BOTH = "keep-both"  # the first stays what is served, the newcomer is a conflict version
    REFUSE = "refuse"
    REPLACE = "replace"  # the newcomer is served, the first is kept as a conflict version


@dataclass(frozen=True, slots=True)
class Source:
    """Where an instance came from and the rules that hold for this sender."""

    door: Door
    calling_ae: str = ""
    called_ae: str = ""
    duplicates: DuplicatePolicy = DuplicatePolicy.KEEP_BOTH
    issuer: str = ""  # issuer of Patient ID that the sender's objects leave out
    study_uid: str | None = None  # the study that the request addresses (STOW-RS to a study)


@dataclass(frozen=True, slots=True)
class Margins:
    """The writable memory around a data set, in which its member can be put together without a copy."""

    memory: memoryview  # begins at an address that direct I/O takes
    start: int  # bytes in ``memory`` before the data set
    stop: int

    def enclose(self, before: bytes, after: int, block: int) -> memoryview | None:
        """The data set with ``before`` and ``after`` zero bytes around it; None where it would not lie on blocks."""
        begin, end = self.start - len(before), self.stop + after
        if begin < 0 or begin % block or end > len(self.memory):
            return None
        self.memory[begin : self.start] = before
        self.memory[self.stop : end] = bytes(after)
        return self.memory[begin:end]


@dataclass(frozen=True, slots=True)
class Received:
    """One instance as it came, whole in memory.

    ``head`` is what precedes the data set in the stored member: preamble, ``DICM`` and group 0002
    (PS3.10 7.1), as received, or made by the door when the network brought a bare data set.
    """

    head: bytes
    data_set: Buffer
    transfer_syntax_uid: str
    source: Source
    received_at: datetime
    sop_class_uid: str | None = None  # as the command said (PS3.7 9.3.1.1); None: only the data set says
    instance_uid: str | None = None
    margins: Margins | None = None  # of the data set, where the door left room


class StoredAs(StrEnum):
    """What a successful store did."""

    NEW = "new"
    SAME = "same"  # the identical data set was there: kept once
    SAME_ELEMENTS = "same-elements"  # the same elements in another encoding: kept once
    CONFLICT = "conflict"  # kept whole beside the first, not served
    REPLACED = "replaced"  # now served, the former kept as conflict version


class Refusal(StrEnum):
    """Why an instance was not taken; each door has its own code for each."""

    NOT_DICOM = "not-dicom"  # cannot be parsed up to Pixel Data
    BAD_UID = "bad-uid"  # a UID is missing or illegal (PS3.5 9.1)
    MISMATCH = "mismatch"  # data set does not match the SOP class or instance that was announced
    LIMIT = "limit"  # nesting, element count, value or inflated size
    DUPLICATE = "duplicate"  # policy of the sender: another content is not taken
    OTHER_STUDY = "other-study"  # STOW-RS to a study: the instance belongs to another
    UNSUPPORTED = "unsupported"  # transfer syntax that carries no stored pixels
    NO_SPACE = "no-space"  # disk full or below the free-space mark
    COERCION = "coercion"  # a rule is to change it, and it cannot be edited
    STORAGE_FAILED = "storage-failed"  # I/O or database fault; try again
    NOT_ALLOWED = "not-allowed"


@dataclass(frozen=True, slots=True)
class Stored:
    """An instance is on stable storage and can be queried."""

    sop_class_uid: str
    instance_uid: str
    study_uid: str
    series_uid: str
    stored_as: StoredAs
    originals: "DicomJson | None" = None  # where it was coerced: what its values were (PS3.18 I.1)
    lacks_bytes: bool = False  # it ends too early, or has fewer pixels than it describes; kept as it came

    @property
    def remark(self) -> str:
        """What its sender should know of a store that succeeded, "" for nothing; fits an Error Comment."""
        if self.stored_as is StoredAs.CONFLICT:
            return "Kept as another version: this UID has another content"
        return "Kept as it came: it has fewer bytes than it describes" if self.lacks_bytes else ""


@dataclass(frozen=True, slots=True)
class Refused:
    """An instance was not taken; nothing of it is kept."""

    refusal: Refusal
    comment: str  # one sentence without patient data, at most 64 characters for an Error Comment
    sop_class_uid: str = ""
    instance_uid: str = ""


Outcome = Stored | Refused


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a member lies: ``offset`` and ``length`` of the file (without tar header) in its pack."""

    pack: str  # name of the pack, relative to the store's root
    offset: int  # bytes
    length: int  # bytes
    head_length: int  # bytes of preamble, DICM and group 0002
    head_sha256: bytes
    data_set_sha256: bytes


@dataclass(frozen=True, slots=True)
class KeptInstance:
    """An instance that is served: its identifiers, where its bytes are, and how they are edited on the way out.

    ``length``, ``head_length`` and ``pixel_offset`` are those of the file as it is given out.
    """

    study_uid: str
    series_uid: str
    instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    placement: Placement
    pixel_offset: int | None  # offset of the (7FE0,00xx) element in the data set; None: no pixels
    received_at: datetime
    edit: Edit | None = None  # None: it is given out as it was received

    @property
    def length(self) -> int:
        """Bytes of the file."""
        place = self.placement
        if self.edit is None:
            return place.length
        return place.head_length + self.edit.length(place.length - place.head_length)

    @property
    def head_length(self) -> int:
        """Bytes of preamble, DICM and group 0002, which no edit changes."""
        return self.placement.head_length

    @property
    def digest(self) -> bytes:
        """What tells this content from every other."""
        content = self.placement.data_set_sha256
        return content if self.edit is None else content + self.edit.digest


def edited(kept: KeptInstance, edit: Edit | None) -> KeptInstance:
    """An instance whose places are as received, as it is given out."""
    if edit is None:
        return kept
    offset = None if kept.pixel_offset is None else edit.offset(kept.pixel_offset)
    return replace(kept, edit=edit, pixel_offset=offset)


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key: a tag of the level and its direction; NULLs come last either way."""

    tag: int
    descending: bool = False


class StudyStatus(StrEnum):
    """What the index knows of how far a study is."""

    ARRIVING = "arriving"  # its last instance came a short time ago, and more may follow
    FINDINGS = "findings"  # something of it waits for a person


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for (PS3.4 C.2, PS3.18 8.3.4); values are text as the standard writes them."""

    level: Level
    matches: tuple[tuple[tuple[int, ...], str], ...] = ()  # (path of tags, value to match)
    include: frozenset[int] = frozenset()  # tags asked for beyond the level's default
    include_all: bool = False
    fuzzy: bool = False
    combined: bool = False  # ranges of Study Date and Study Time are one range (PS3.4 C.2.2.2.5.4)
    all_values: bool = False  # of several values of a key each must be there (PS3.4 C.2.2.2.8), not only one
    within: tuple[tuple[int, str], ...] = ()  # (tag, value) of series: of studies with one that meets all of these
    status: StudyStatus | None = None
    text: str | None = None  # each word is in the patient's name or ID, accession number or study description
    apart: bool = False  # each patient who has a key of several is listed, not the first of them alone
    limit: int | None = None
    offset: int = 0
    after: str | None = None  # opaque cursor of the page before
    order: tuple[Order, ...] = ()


DicomJson = dict[str, dict[str, object]]
"""One data set in the DICOM JSON model (PS3.18 F.2): "GGGGEEEE" to {"vr", "Value"}."""


class Matches(Protocol):
    """All matches of a query as they are read; holds nothing of the database between two of them."""

    unsupported: tuple[str, ...]  # keys that are not matched, or not returned (PS3.4 C.4.1.1.4: status FF01)

    def __iter__(self) -> Iterator[DicomJson]: ...

    def __next__(self) -> DicomJson: ...

    def cancel(self) -> None:
        """End it from another thread: a statement that runs is broken off, and no further match comes."""


@dataclass(frozen=True, slots=True)
class Page:
    """Matches in order; ``cursor`` asks for what follows, None at the end."""

    matches: Sequence[DicomJson]
    cursor: str | None = None
    unsupported: tuple[str, ...] = field(default=())  # keys that were not matched (PS3.18 8.3.4.4 warning)


@dataclass(frozen=True, slots=True)
class Count:
    """How many match; where not exact, more than that."""

    number: int
    is_exact: bool
