"""SOP classes: which service each belongs to, and whether its instances have a patient (PS3.4, PS3.6 A)."""

from dataclasses import dataclass
from enum import StrEnum

from filmless.standards.dicom.sop_class_table import ROWS


class Service(StrEnum):
    """What a SOP class is for."""

    STORAGE = "storage"
    FIND = "find"
    MOVE = "move"
    GET = "get"
    VERIFICATION = "verification"
    COMMITMENT = "commitment"
    PROCEDURE_STEP = "procedure-step"
    WORKITEM = "workitem"
    NOTIFICATION = "notification"
    OTHER = "other"


class Hierarchy(StrEnum):
    """What the stored instances of a SOP class hang from."""

    PATIENT = "patient"  # patient, study, series (PS3.4 B.5)
    NON_PATIENT = "non-patient"  # Non-Patient Object Storage (PS3.4 GG)
    NONE = "none"  # nothing is stored


@dataclass(frozen=True, slots=True)
class SopClass:
    """One SOP class of the standard."""

    uid: str
    name: str
    service: Service
    hierarchy: Hierarchy


VERIFICATION = "1.2.840.10008.1.1"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_STUDY_ONLY_FIND = "1.2.840.10008.5.1.4.1.2.3.1"  # retired
PATIENT_STUDY_ONLY_MOVE = "1.2.840.10008.5.1.4.1.2.3.2"  # retired, and still asked for
PATIENT_STUDY_ONLY_GET = "1.2.840.10008.5.1.4.1.2.3.3"
STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"  # Push Model
STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"  # the well-known one (PS3.4 J.3.5)
INSTANCE_AVAILABILITY = "1.2.840.10008.5.1.4.33"  # Notification

VIDEO_CLASSES = frozenset(f"1.2.840.10008.5.1.4.1.1.77.1.{kind}.1" for kind in (1, 2, 4))
"""Video Endoscopic, Microscopic and Photographic Image Storage."""

_KINDS = {
    "storage": (Service.STORAGE, Hierarchy.PATIENT),
    "non-patient-storage": (Service.STORAGE, Hierarchy.NON_PATIENT),
}

SOP_CLASSES: dict[str, SopClass] = {
    uid: SopClass(uid, name, *(_KINDS.get(kind) or (Service(kind), Hierarchy.NONE))) for uid, name, kind in ROWS
}


def is_storage(uid: str) -> bool:
    """Tell whether instances of this SOP class of the standard are sent with C-STORE."""
    known = SOP_CLASSES.get(uid)
    return known is not None and known.service is Service.STORAGE
