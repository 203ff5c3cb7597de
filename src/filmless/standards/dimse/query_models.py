"""Query/Retrieve information models: their levels, and the unique key of each level (PS3.4 C.3, C.6)."""

from collections.abc import Mapping
from dataclasses import dataclass

from filmless.standards.dicom.dictionary import keyword_of
from filmless.standards.dicom.sop_classes import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    PATIENT_STUDY_ONLY_FIND,
    PATIENT_STUDY_ONLY_GET,
    PATIENT_STUDY_ONLY_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)

PATIENT, STUDY, SERIES, IMAGE = "PATIENT", "STUDY", "SERIES", "IMAGE"

UNIQUE_KEYS = {PATIENT: 0x00100020, STUDY: 0x0020000D, SERIES: 0x0020000E, IMAGE: 0x00080018}

_PATIENT_ROOT, _STUDY_ROOT = (PATIENT, STUDY, SERIES, IMAGE), (STUDY, SERIES, IMAGE)
_PATIENT_STUDY_ONLY = (PATIENT, STUDY)  # retired (PS3.4-2004 C.6.3)

FIND_LEVELS: dict[str, tuple[str, ...]] = {
    PATIENT_ROOT_FIND: _PATIENT_ROOT,
    STUDY_ROOT_FIND: _STUDY_ROOT,
    PATIENT_STUDY_ONLY_FIND: _PATIENT_STUDY_ONLY,
}
"""Levels of each model for C-FIND, from the top."""

MOVE_LEVELS: dict[str, tuple[str, ...]] = {
    PATIENT_ROOT_MOVE: _PATIENT_ROOT,
    STUDY_ROOT_MOVE: _STUDY_ROOT,
    PATIENT_STUDY_ONLY_MOVE: _PATIENT_STUDY_ONLY,
}
GET_LEVELS: dict[str, tuple[str, ...]] = {
    PATIENT_ROOT_GET: _PATIENT_ROOT,
    STUDY_ROOT_GET: _STUDY_ROOT,
    PATIENT_STUDY_ONLY_GET: _PATIENT_STUDY_ONLY,
}
RETRIEVE_LEVELS = MOVE_LEVELS | GET_LEVELS


def wrong_unique_key(levels: tuple[str, ...], level: str, values: Mapping[tuple[int, ...], str]) -> str | None:
    """Say which unique key above a level is not one single value, as a hierarchical search needs (PS3.4 C.4.1.2.1).

    ``values`` are the keys of the request by their path. None: all are as they must be.
    """
    for above in levels[: levels.index(level)]:
        tag = UNIQUE_KEYS[above]
        value = values.get((tag,), "")
        if not value or any(character in value for character in "*?\\"):
            return keyword_of(tag)
    return None


@dataclass(frozen=True, slots=True)
class Extensions:
    """What both sides agreed on beyond the baseline of C-FIND (PS3.4 C.5.1.1, Tables C.5-1 and C.5-2)."""

    relational: bool = False  # unique keys of higher levels may be left out
    combined: bool = False  # ranges of a date and its time are one range
    fuzzy: bool = False  # names that sound alike match
    zone: bool = False  # dates and times are converted to the offset from UTC that the request names
    empty: bool = False  # two quotation marks match what has no value
    multiple: bool = False  # each of several values must be there


# In the order of the bytes; the fifth asks for views of enhanced multi-frame images, which are not made.
_BYTES: tuple[str | None, ...] = ("relational", "combined", "fuzzy", "zone", None, "empty", "multiple")


def agreed_extensions(asked: bytes) -> bytes:
    """Answer the application information of a request: what is asked for and served is 1, all else 0."""
    return bytes(asked[at] == 1 and name is not None for at, name in enumerate(_BYTES) if at < len(asked))


def read_extensions(agreed: bytes) -> Extensions:
    """Read what was agreed; bytes that are not there ask for nothing."""
    return Extensions(**{name: True for name, byte in zip(_BYTES, agreed, strict=False) if name and byte})
