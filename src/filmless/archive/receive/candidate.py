"""An instance between the door and the shelf: examined once, then carried through the rounds of a group commit."""

from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import sha256

from filmless.archive.coercion.overlay import Overlay, coerced, edited_scan
from filmless.archive.coercion.rules import Rules
from filmless.archive.errors import NoSpace, Unavailable
from filmless.archive.header import WANTED, Header, patient_facts, read_header, series_facts
from filmless.archive.model import Buffer, Outcome, Placement, Received, Refusal, Refused, Source, Stored, StoredAs
from filmless.archive.ports import Entry, Known, Label, LargePack, NewMember
from filmless.archive.receive.identity import member_path
from filmless.archive.rejections import KEY_OBJECT_SELECTION, Rejection, read_rejection
from filmless.archive.scope import Scope, View
from filmless.standards.data_set.elements import UNDEFINED
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.frames import FrameTable, is_short, locate_frames
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax

# A rejection note holds, though another content is kept under its UID: its sender believes the images withdrawn.
_HOLDS = frozenset((StoredAs.NEW, StoredAs.REPLACED, StoredAs.CONFLICT))


@dataclass(slots=True)
class Candidate:
    """An instance that can be kept; what it becomes is decided when its group is committed."""

    received: Received  # without its data set where that is not in memory
    scope: Scope
    header: Header
    length: int  # bytes of head and data set
    head_sha256: bytes
    data_set_sha256: bytes
    frames: FrameTable | None
    overlay: Overlay | None = None
    large: LargePack | None = None  # where its bytes are already
    replayed: bool = False  # found in a pack by replay: its placement stands
    stored_as: StoredAs = StoredAs.NEW
    known: Known | None = None
    rejection: Rejection | None = None  # what it says, where it is a rejection note
    placement: Placement | None = None  # where its bytes lie, once they are on stable storage
    outcome: Outcome | None = None

    @property
    def uid(self) -> str:
        """SOP Instance UID."""
        return self.header.instance_uid

    def stored(self) -> Stored:
        """The answer when it is kept."""
        header = self.header
        is_served = self.stored_as in (StoredAs.NEW, StoredAs.REPLACED)
        originals = self.overlay.originals if self.overlay and is_served else None
        uids = (header.sop_class_uid, header.instance_uid, header.study_uid, header.series_uid)
        return Stored(*uids, self.stored_as, originals, not self._is_whole() or is_short(header.scan))

    def read_rejection(self) -> None:
        """Find out whether it is a rejection note; may raise ``Unavailable``."""
        if self.header.sop_class_uid == KEY_OBJECT_SELECTION:
            received = self.received
            data_set = self.large.view()[len(received.head) :] if self.large else received.data_set
            self.rejection = read_rejection(data_set, received.transfer_syntax_uid)

    def refuse(self, refusal: Refusal, comment: str) -> None:
        """The answer when it is not."""
        self.outcome = Refused(refusal, comment, self.header.sop_class_uid, self.header.instance_uid)

    def label(self) -> Label:
        """What its tar header says."""
        return Label(
            path=member_path(self.header, self.stored_as, self.data_set_sha256),
            head_sha256=self.head_sha256,
            data_set_sha256=self.data_set_sha256,
            received_at=self.received.received_at,
            issuer=self.received.source.issuer,
            replaces=self.stored_as is StoredAs.REPLACED,
        )

    def member(self) -> NewMember:
        """The file on its way into a pack."""
        overlay = self.overlay.record if self.overlay else b""
        return NewMember(self.label(), self.received.head, self.received.data_set, self.received.margins, overlay)

    def place(self, pack: str, offset: int) -> None:
        """Its bytes are on stable storage here."""
        self.placement = Placement(
            pack, offset, self.length, len(self.received.head), self.head_sha256, self.data_set_sha256
        )

    def entry(self) -> Entry:
        """What the index is to record."""
        return Entry(
            header=self.header,
            transfer_syntax_uid=self.received.transfer_syntax_uid,
            placement=self.placement,
            received_at=self.received.received_at,
            frames=self.frames,
            stored_as=self.stored_as,
            issuer=self.received.source.issuer,
            scope=self.scope,
            overlay=self.overlay,
            is_whole=self._is_whole(),
            known=self.known,
            source_ae=self.received.source.calling_ae,
            rejection=self.rejection if self.stored_as in _HOLDS else None,
        )

    def _is_whole(self) -> bool:
        found = self.header.scan
        if found.truncated or found.pixel_offset is None or found.pixel_length == UNDEFINED:
            return not found.truncated
        has_inflated_offsets = transfer_syntax(self.received.transfer_syntax_uid).deflated
        return has_inflated_offsets or found.pixel_start + found.pixel_length <= self.length - len(self.received.head)


def examine(received: Received, scope: Scope, rules: Rules) -> Candidate | Refused:
    """Whether an instance can be kept at all, and what the archive must know of it."""
    found = scan(received.data_set, received.transfer_syntax_uid, rules.wanted)
    header = accept(found, received)
    if isinstance(header, Refused):
        return header
    overlay = coerced(received.data_set, header.scan, received, rules) if rules.rules else None
    header = as_found(header, received.data_set, received, scope, overlay)
    if isinstance(header, Refused):
        return header
    return Candidate(
        received=received,
        scope=scope,
        header=header,
        length=len(received.head) + len(received.data_set),
        head_sha256=sha256(received.head).digest(),
        data_set_sha256=sha256(received.data_set).digest(),
        frames=None if is_native(header.scan, received) else locate_frames(received.data_set, header.scan),
        overlay=overlay if isinstance(overlay, Overlay) else None,
    )


def as_found(
    header: Header, data_set: Buffer, received: Received, scope: Scope, overlay: Overlay | Fault | None
) -> Header | Refused:
    """The header that queries find and views show; an object that cannot be edited is not taken."""
    uids = (header.sop_class_uid, header.instance_uid)
    if overlay is not None:
        syntax = received.transfer_syntax_uid
        edit = overlay.edit if isinstance(overlay, Overlay) else overlay
        found = edit if isinstance(edit, Fault) else edited_scan(data_set, header.scan, edit, syntax, WANTED)
        again = read_header(found, syntax)
        if isinstance(again, Refused):
            return Refused(Refusal.COERCION, "It is to be coerced, and cannot be edited", *uids)
        header = again
    if scope.view is not None and not shows(scope.view, header, received.source):
        return Refused(Refusal.NOT_ALLOWED, "Outside the view of the AE title that was called", *uids)
    return header


def accept(found: Scan | Fault, received: Received) -> Header | Refused:
    """The header of an instance that is what its sender announced and asked for, or why it is not taken."""
    header = read_header(found, received.transfer_syntax_uid)
    if isinstance(header, Refused):
        return header
    announced = (received.sop_class_uid or header.sop_class_uid, received.instance_uid or header.instance_uid)
    if announced != (header.sop_class_uid, header.instance_uid):
        return Refused(Refusal.MISMATCH, "Data set does not match the announced SOP Class or Instance", *announced)
    if received.source.study_uid not in (None, header.study_uid):
        return Refused(Refusal.OTHER_STUDY, "The instance belongs to another study", *announced)
    return header


def shows(view: View, header: Header, source: Source) -> bool:
    """Whether a view shows the series of an instance, judged as the index does once it is kept."""
    series = series_facts(header)
    institution = series.attributes.get("00080080", {}).get("Value")
    found = (
        (view.modalities, series.modality),
        (view.institutions, institution[0] if isinstance(institution, list) and institution else ""),
        (view.issuers, patient_facts(header, source.issuer).issuer),
        (view.source_aes, source.calling_ae),
    )
    return all(not shown or value in shown for shown, value in found)


def is_native(found: Scan, received: Received) -> bool:
    """Whether frames are found by arithmetic, or not at all: such objects have no frame table."""
    encapsulated = found.pixel_offset is not None and found.pixel_length == UNDEFINED
    return not encapsulated or transfer_syntax(received.transfer_syntax_uid).deflated


def storage_refusal(fault: Unavailable) -> Refused:
    """Nothing was stored: the sender may try again."""
    if isinstance(fault, NoSpace):
        return Refused(Refusal.NO_SPACE, "The archive has no space left")
    return Refused(Refusal.STORAGE_FAILED, "The store does not work now; try again")


def answered(outcome: Outcome) -> "Future[Outcome]":
    """An outcome that is known at once."""
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future
