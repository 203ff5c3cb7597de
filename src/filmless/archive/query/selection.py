"""What a retrieve asks for: entities of one level by their unique keys (PS3.4 C.4.2.1.4.1, C.4.3.1.3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from filmless.archive.errors import BadQuery
from filmless.archive.model import Level
from filmless.standards.dicom.uids import is_uid

_PATIENT_ID = 0x00100020
_UNIQUE_KEY = {Level.STUDY: 0x0020000D, Level.SERIES: 0x0020000E, Level.IMAGE: 0x00080018}
_NAME = {
    Level.PATIENT: "Patient ID",
    Level.STUDY: "Study Instance UID",
    Level.SERIES: "Series Instance UID",
    Level.IMAGE: "SOP Instance UID",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """The unique keys that instances must have; an empty one was not given."""

    patient_id: str = ""
    study_uids: tuple[str, ...] = ()
    series_uids: tuple[str, ...] = ()
    instance_uids: tuple[str, ...] = ()


def read_selection(level: Level, keys: Mapping[int, str]) -> Selection:
    """Read the unique keys down to ``level``; keys that are not unique say nothing here.

    The key of the level itself must be there. Keys above it may be missing: what is asked for is found without them.
    Raises ``BadQuery`` with a reason fit for an Error Comment.
    """
    patient_id = keys.get(_PATIENT_ID, "").strip()
    uids: dict[Level, tuple[str, ...]] = {}
    for each, tag in _UNIQUE_KEY.items():
        uids[each] = _uids(each, keys.get(tag, ""))
        if each is level:
            break
    if not (uids.get(level) if level is not Level.PATIENT else patient_id):
        raise BadQuery(f"{_NAME[level]} is missing, which level {level} needs")
    if level is Level.PATIENT:
        return Selection(patient_id)
    return Selection(patient_id, uids[Level.STUDY], uids.get(Level.SERIES, ()), uids.get(Level.IMAGE, ()))


def _uids(level: Level, value: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(uid for one in value.split("\\") if (uid := one.strip(" \0"))))
    if not all(map(is_uid, found)):
        raise BadQuery(f"{_NAME[level]} is not a UID or a list of UIDs")
    return found
