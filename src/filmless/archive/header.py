"""What the archive reads of a header: identifiers, the values of the row, the attributes of each level."""

from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from hashlib import sha256

from filmless.archive.model import DicomJson, Level, Refusal, Refused
from filmless.archive.query.match_values import name_key
from filmless.archive.query.matching import ATTRIBUTES
from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.scanner import Scan
from filmless.standards.dicom.dates import date_of, time_of
from filmless.standards.dicom.text import decode, fold, sounds
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax
from filmless.standards.dicom.uids import is_uid
from filmless.standards.models.dicom_json import level_json

_CHARACTER_SET, _SOP_CLASS, _INSTANCE = 0x00080005, 0x00080016, 0x00080018
_STUDY, _SERIES = 0x0020000D, 0x0020000E
_STUDY_DATE, _STUDY_TIME, _ACCESSION, _STUDY_DESCRIPTION = 0x00080020, 0x00080030, 0x00080050, 0x00081030
_REFERRER = 0x00080090
_NAME, _PATIENT_ID, _ISSUER, _BIRTH_DATE, _SEX = 0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040
_MODALITY, _SERIES_NUMBER, _INSTANCE_NUMBER = 0x00080060, 0x00200011, 0x00200013
_FRAMES, _ROWS, _COLUMNS, _BITS = 0x00280008, 0x00280010, 0x00280011, 0x00280100
_SAMPLES = 0x00280002

# What tells one patient from another, as it lies in the bytes: two objects that agree here agree in all.
_PATIENT_MARKS = (_CHARACTER_SET, _PATIENT_ID, _ISSUER, _NAME, _BIRTH_DATE, _SEX)

WANTED = (
    ATTRIBUTES[Level.PATIENT]
    | ATTRIBUTES[Level.STUDY]
    | ATTRIBUTES[Level.SERIES]
    | {*_PATIENT_MARKS, _SOP_CLASS, _INSTANCE, _INSTANCE_NUMBER, _SAMPLES, _FRAMES, _ROWS, _COLUMNS, _BITS}
)
"""Tags of the one scan that every instance gets."""

_INT32 = 1 << 31
_LONGEST_TEXT = 600  # characters of a searched text: an index entry has room for 2700 bytes
_LONGEST_KEY = 200  # characters of a part of a key; the standard allows 64
_MISSING = b""
_PADDING = b"\0 "  # PS3.5 9.1 allows one NUL; some modalities send a space


@dataclass(frozen=True, slots=True)
class Header:
    """An instance's identifiers, the values of its row, and the scan from which its parents' rows are made."""

    sop_class_uid: str
    instance_uid: str
    study_uid: str
    series_uid: str
    instance_number: int | None
    rows: int | None
    columns: int | None
    bits_allocated: int | None
    frame_count: int | None
    pixel_offset: int | None  # of the element that holds the pixels in the data set as stored
    patient_marks: tuple[bytes, ...]
    scan: Scan


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """A patient as one object tells of him; ``name``, ``birth_date`` and ``sex`` are folded or stripped to compare."""

    issuer: str
    patient_id: str
    name: str
    name_sounds: tuple[str, ...]
    birth_date: str
    sex: str
    attributes: DicomJson

    def differs_from(self, name: str, birth_date: str, sex: str) -> bool:
        """Whether a value that both have is not the same: then they are not taken for one person."""
        pairs = ((self.name, name), (self.birth_date, birth_date), (self.sex, sex))
        return any(mine and other and mine != other for mine, other in pairs)

    @property
    def variant(self) -> str:
        """What tells this patient from others under the same key."""
        return sha256("\0".join((self.name, self.birth_date, self.sex)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """A study as its first object tells of it."""

    study_date: str
    study_time: str
    date_key: date | None
    time_key: time | None
    accession_number: str
    description: str
    referrer: str  # as a patient's name is found
    attributes: DicomJson


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A series as its first object tells of it."""

    modality: str
    series_number: int | None
    attributes: DicomJson


def read_header(found: Scan | Fault, transfer_syntax_uid: str) -> Header | Refused:
    """The header of an instance, or why it cannot be kept."""
    if isinstance(found, Fault):
        refusal = Refusal.LIMIT if found.kind is FaultKind.LIMIT else Refusal.NOT_DICOM
        return Refused(refusal, found.reason)
    values = found.values
    sop_class_uid, instance_uid, study_uid, series_uid = uids = [
        _uid(values.get(tag, _MISSING)) for tag in (_SOP_CLASS, _INSTANCE, _STUDY, _SERIES)
    ]
    for uid, name in zip(uids, ("SOP Class", "SOP Instance", "Study Instance", "Series Instance"), strict=True):
        if not is_uid_cached(uid):
            return Refused(Refusal.BAD_UID, f"{name} UID is missing or illegal")
    if not is_uid_cached(transfer_syntax_uid):
        return Refused(Refusal.BAD_UID, "Transfer Syntax UID is missing or illegal", sop_class_uid, instance_uid)
    syntax = transfer_syntax(transfer_syntax_uid)
    if not syntax.stored_pixels:
        return Refused(Refusal.UNSUPPORTED, "The transfer syntax carries no stored pixels", sop_class_uid, instance_uid)
    return Header(
        sop_class_uid=sop_class_uid,
        instance_uid=instance_uid,
        study_uid=study_uid,
        series_uid=series_uid,
        instance_number=_integer(values.get(_INSTANCE_NUMBER, _MISSING)),
        rows=_short(found, _ROWS),
        columns=_short(found, _COLUMNS),
        bits_allocated=_small(_short(found, _BITS)),
        frame_count=_integer(values.get(_FRAMES, _MISSING)),
        pixel_offset=None if syntax.deflated else found.pixel_offset,
        patient_marks=tuple([values.get(tag, _MISSING) for tag in _PATIENT_MARKS]),
        scan=found,
    )


def patient_facts(header: Header, issuer: str) -> PatientFacts:
    """The patient of an instance; ``issuer`` is used where the object names none."""
    name = _text(header.scan, _NAME, "PN")
    attributes = level_json(header.scan, ATTRIBUTES[Level.PATIENT])
    return PatientFacts(
        issuer=_bounded(_text(header.scan, _ISSUER, "LO") or issuer),
        patient_id=_bounded(_text(header.scan, _PATIENT_ID, "LO")),
        name=name_key(name)[:_LONGEST_TEXT],
        name_sounds=tuple(sounds(name[:_LONGEST_TEXT])),
        birth_date=_bounded(_text(header.scan, _BIRTH_DATE, "DA")),
        sex=_bounded(_text(header.scan, _SEX, "CS").upper()),
        attributes=attributes,
    )


def study_facts(header: Header) -> StudyFacts:
    """The study of an instance."""
    study_date, study_time = _text(header.scan, _STUDY_DATE, "DA"), _text(header.scan, _STUDY_TIME, "TM")
    return StudyFacts(
        study_date=_bounded(study_date),
        study_time=_bounded(study_time),
        date_key=date_of(study_date),
        time_key=time_of(study_time),
        accession_number=_bounded(_text(header.scan, _ACCESSION, "SH")),
        description=fold(_text(header.scan, _STUDY_DESCRIPTION, "LO"))[:_LONGEST_TEXT],
        referrer=name_key(_text(header.scan, _REFERRER, "PN"))[:_LONGEST_TEXT],
        attributes=level_json(header.scan, ATTRIBUTES[Level.STUDY]),
    )


def series_facts(header: Header) -> SeriesFacts:
    """The series of an instance."""
    return SeriesFacts(
        modality=_bounded(_text(header.scan, _MODALITY, "CS")),
        series_number=_integer(header.scan.values.get(_SERIES_NUMBER, _MISSING)),
        attributes=level_json(header.scan, ATTRIBUTES[Level.SERIES]),
    )


@lru_cache(4096)
def is_uid_cached(uid: str) -> bool:
    """Whether a UID is legal; most that come were seen before."""
    return is_uid(uid)


def _uid(raw: bytes) -> str:
    return raw.rstrip(_PADDING).lstrip(b" ").decode("latin-1")


def _text(scan: Scan, tag: int, vr: str) -> str:
    raw = scan.values.get(tag)
    return decode(raw, scan.values.get(_CHARACTER_SET), vr).replace("\0", "").strip() if raw else ""


def _bounded(text: str) -> str:
    """A text that fits into an index; a longer one keeps what tells it from its like."""
    if len(text) <= _LONGEST_KEY:
        return text
    return f"{text[: _LONGEST_KEY - 17]}~{sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _integer(raw: bytes) -> int | None:
    """An IS of one value that fits into the row; leniently."""
    try:
        number = int(raw.strip(_PADDING)) if raw else None
    except ValueError:
        return None
    return number if number is not None and -_INT32 <= number < _INT32 else None


def _short(scan: Scan, tag: int) -> int | None:
    raw = scan.values.get(tag)
    return int.from_bytes(raw[:2], "little" if scan.little_endian else "big") if raw else None


def _small(number: int | None) -> int | None:
    return number if number is not None and number < 1 << 15 else None
