"""What takes instances out of use: rejection notes (IHE RAD TF IOCM, PS3.16 CID 7011), and deletion by request."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from filmless.archive.model import Buffer
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.references import REFERENCED_SOPS, Reference, read_references
from filmless.standards.dicom.uids import is_uid

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
MAX_REFERENCES = 1_000_000  # of one note; a longer one is kept and rejects nothing

_EVIDENCE = (0x0040A375, 0x00081115, REFERENCED_SOPS)  # Current Requested Procedure Evidence Sequence (PS3.3 C.17.6)
_TITLE, _SCHEME = (0x0040A043, 0x00080100), (0x0040A043, 0x00080102)  # Concept Name Code Sequence: the document title
_DCM = "DCM"


class Title(StrEnum):
    """Document titles that reject, by their codes."""

    QUALITY = "113001"  # Rejected for Quality Reasons
    PATIENT_SAFETY = "113037"  # Rejected for Patient Safety Reasons
    WRONG_WORKLIST_ENTRY = "113038"  # Incorrect Modality Worklist Entry
    EXPIRED = "113039"  # Data Retention Policy Expired


_MEANINGS = {  # PS3.16 CID 7011
    "113001": "Rejected for Quality Reasons",
    "113037": "Rejected for Patient Safety Reasons",
    "113038": "Incorrect Modality Worklist Entry",
    "113039": "Data Retention Policy Expired",
}


@dataclass(frozen=True, slots=True)
class RejectionEntry:
    """A rejection note as people see it; moments are UTC."""

    public_id: UUID
    note_uid: str  # SOP Instance UID of the Key Object Selection Document
    title: str  # code of its title
    study_uid: str
    actor: str  # who sent it
    received_at: datetime
    instances: int  # that it names
    hidden: int  # of them that are here and not served

    @property
    def meaning(self) -> str:
        """The title in words."""
        return _MEANINGS.get(self.title, "")


@dataclass(frozen=True, slots=True)
class DeletionEntry:
    """What was deleted by request, as people see it; moments are UTC."""

    public_id: UUID
    study_uid: str
    series_uid: str | None  # None: the whole study
    instance_uid: str | None
    reason: str  # as whoever deleted it wrote it, "" for none
    actor: str
    deleted_at: datetime
    instances: int  # that were taken out of use
    restored_by: str | None
    restored_at: datetime | None  # None: they lie in the bin
    patient_name: str | None  # as the study list has it: the alphabetic group; None where nothing is known
    patient_name_ideographic: str | None
    patient_id: str | None
    study_date: str | None  # DA
    study_description: str | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """What a note says."""

    title: Title
    references: tuple[Reference, ...]  # each instance once, in its study and series

    @property
    def hides_itself(self) -> bool:
        """Whether the note is served no more than what it names: retention is over for both."""
        return self.title is Title.EXPIRED


def read_rejection(data_set: Buffer, transfer_syntax_uid: str) -> Rejection | None:
    """The rejection that a Key Object Selection Document expresses; None for others. Never raises for its bytes."""
    texts = frozenset((_TITLE, _SCHEME))
    found = read_references(data_set, transfer_syntax_uid, _EVIDENCE, texts, MAX_REFERENCES)
    if isinstance(found, Fault) or found.texts.get(_SCHEME) != _DCM or found.texts.get(_TITLE) not in set(Title):
        return None
    named = {one.instance_uid: one for one in found.references if is_uid(one.instance_uid)}
    return Rejection(Title(found.texts[_TITLE]), tuple(named.values()))
