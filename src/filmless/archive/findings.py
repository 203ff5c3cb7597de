"""What a person must look at, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from filmless.archive.model import Placement


class FindingKind(StrEnum):
    """Why something waits for a person."""

    CONFLICT_VERSION = "conflict-version"
    PATIENT_MISMATCH = "patient-mismatch"
    STUDY_OF_TWO_PATIENTS = "study-of-two-patients"
    MISSING_BYTES = "missing-bytes"
    INCOMPLETE_OBJECT = "incomplete-object"


_TEXT = {
    FindingKind.CONFLICT_VERSION: "Another content came under a UID that was kept already; the first is served.",
    FindingKind.PATIENT_MISMATCH: "The Patient ID was known with another name, birth date or sex; they are kept apart.",
    FindingKind.STUDY_OF_TWO_PATIENTS: "An instance of this study names another patient; it is filed in the study.",
    FindingKind.INCOMPLETE_OBJECT: "An instance ends before all that it announces; it is kept as it came.",
    FindingKind.MISSING_BYTES: "Instances are no longer listed because their bytes are not on the disk.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One entry of the inbox."""

    kind: FindingKind
    study_uid: str
    subject: str  # what it is about: a SOP Instance UID (and the version of it), a digest of a patient's key
    details: Mapping[str, object]
    found_at: datetime

    @property
    def text(self) -> str:
        """A sentence without patient data."""
        return _TEXT[self.kind]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a list says of a study beside its attributes."""

    is_arriving: bool  # its last instance came a short time ago, and more may follow
    body_parts: tuple[str, ...]  # Body Part Examined (0018,0015) of its series
    institutions: tuple[str, ...]  # Institution Name (0008,0080) of its series


@dataclass(frozen=True, slots=True)
class ConflictVersion:
    """A content that is kept beside the one that is served."""

    study_uid: str
    series_uid: str
    instance_uid: str
    transfer_syntax_uid: str
    placement: Placement
    received_at: datetime
