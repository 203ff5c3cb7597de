"""A patient as people look at one: who it is, all studies over the years, what to beware of, who it may be as well."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from filmless.archive.model import Count, DicomJson

_OTHER_NAMES, _OTHER_IDS, _ID, _ISSUER, _TYPE = "00101001", "00101002", "00100020", "00100021", "00100022"
_COMMENTS = "00104000"
_EXPECTING = {2: "possibly pregnant", 3: "definitely pregnant"}  # (0010,21C0) Pregnancy Status (PS3.3 C.7.2.2)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a patient's objects name; what they leave out is None."""

    public_id: UUID
    name: str | None  # groups of components as received: alphabetic,
    name_ideographic: str | None
    patient_id: str | None
    issuer: str | None
    birth_date: str | None  # as received
    sex: str | None


@dataclass(frozen=True, slots=True)
class PatientEntry:
    """A patient in a list: how much there is, and from when."""

    person: Person
    studies: int
    modalities: Sequence[str]
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class PatientPage:
    """Patients by name; ``cursor`` asks for those that follow."""

    entries: Sequence[PatientEntry]
    cursor: str | None
    total: Count


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier of a patient, and who gave it; ``is_other`` where objects only mention it."""

    value: str
    issuer: str | None
    kind: str | None  # Type of Patient ID (0010,0022)
    is_other: bool


class Beware(StrEnum):
    """What a study says that whoever sees the patient must know; the value is its attribute (PS3.3 C.7.2.2, C.3.4)."""

    ALLERGY = "00102110"
    ALERT = "00102000"
    PREGNANCY = "001021C0"
    SPECIAL_NEED = "00380050"


@dataclass(frozen=True, slots=True)
class Alert:
    """A warning as a header carries it, and the newest study that does."""

    kind: Beware
    text: str
    study_uid: str
    study_date: str | None


@dataclass(frozen=True, slots=True)
class PatientSeries:
    """A series in the list of a patient's studies, with the instance of the lowest number."""

    series_uid: str
    number: int | None
    modality: str | None
    description: str | None
    body_part: str | None
    instances: int
    first_instance: str
    sop_class_uid: str


@dataclass(frozen=True, slots=True)
class PatientStudy:
    """A study in the list of a patient's; ``attributes`` are those of ``Beware`` alone."""

    study_uid: str
    study_date: str | None
    study_time: str | None
    description: str | None
    accession_number: str | None
    modalities: Sequence[str]
    instances: int
    findings: int
    attributes: DicomJson
    series: Sequence[PatientSeries]


class Likeness(StrEnum):
    """Why two patients may be one person; they are told apart until somebody decides."""

    SAME_KEY = "same-key"  # issuer and Patient ID, but another name, birth date or sex
    OTHER_ID = "other-id"  # one's objects mention the other's identifier
    SAME_NAME = "same-name-and-birth-date"
    SAME_ID = "same-id-of-another-issuer"


@dataclass(frozen=True, slots=True)
class AlikePatient:
    """A patient who may be the same person, and why."""

    entry: PatientEntry
    reasons: Sequence[Likeness]


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """All that a patient's page shows; ``attributes`` as first received."""

    person: Person
    attributes: DicomJson
    studies: Sequence[PatientStudy]  # newest first
    is_cut: bool  # there are older studies than these
    alike: Sequence[AlikePatient]

    @property
    def identifiers(self) -> list[Identifier]:
        """The patient's own and those that are mentioned beside it (PS3.3 C.2.2, Other Patient IDs Sequence)."""
        own = _identifier(self.attributes, self.person.patient_id, self.person.issuer, is_other=False)
        items = _values(self.attributes, _OTHER_IDS)
        others = (
            _identifier(item, _text(item, _ID), _text(item, _ISSUER), is_other=True)
            for item in items
            if isinstance(item, dict)
        )
        return list(dict.fromkeys(each for each in (own, *others) if each is not None))

    @property
    def other_names(self) -> list[str]:
        """Other Patient Names (0010,1001), the first group of each that has one."""
        names = (value for value in _values(self.attributes, _OTHER_NAMES) if isinstance(value, dict))
        return [str(found) for name in names if (found := next(iter(name.values()), None))]

    @property
    def comments(self) -> str | None:
        """Patient Comments (0010,4000)."""
        return _text(self.attributes, _COMMENTS)

    @property
    def alerts(self) -> list[Alert]:
        """Each warning once, by the newest study that has it; allergies first."""
        found: dict[tuple[Beware, str], Alert] = {}
        for study in self.studies:
            for alert in _alerts(study):
                found.setdefault((alert.kind, alert.text.casefold()), alert)
        return sorted(found.values(), key=lambda alert: list(Beware).index(alert.kind))


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody looked: one row for what one actor did with one study within a quarter of an hour."""

    number: int
    at: datetime
    actor: str
    address: str
    kind: str
    outcome: str
    count: int
    study_uid: str | None
    study_date: str | None
    study_description: str | None


def mentioned(attributes: DicomJson) -> list[tuple[str, str]]:
    """Identifiers that a patient's objects mention, as (issuer, Patient ID); the issuer may be unknown."""
    items = (item for item in _values(attributes, _OTHER_IDS) if isinstance(item, dict))
    return [(_text(item, _ISSUER) or "", found) for item in items if (found := _text(item, _ID))]


def _alerts(study: PatientStudy) -> Iterable[Alert]:
    for kind in Beware:
        for value in _values(study.attributes, kind.value):
            text = _EXPECTING.get(value) if kind is Beware.PREGNANCY and isinstance(value, int) else value
            if isinstance(text, str) and text.strip():
                yield Alert(kind, text.strip(), study.study_uid, study.study_date)


def _identifier(
    item: Mapping[str, object], value: str | None, issuer: str | None, *, is_other: bool
) -> Identifier | None:
    return Identifier(value, issuer, _text(item, _TYPE), is_other) if value else None


def _values(attributes: Mapping[str, object], key: str) -> list[object]:
    element = attributes.get(key)
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []


def _text(attributes: Mapping[str, object], key: str) -> str | None:
    values = _values(attributes, key)
    return str(values[0]).strip() or None if values and values[0] is not None else None
