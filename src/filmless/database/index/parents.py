"""Patients, studies, series, packs and codes of what is recorded: found, remembered, made when new."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import orjson
import psycopg
from psycopg.rows import TupleRow

from filmless.archive.events import Event, EventKind
from filmless.archive.findings import FindingKind
from filmless.archive.header import PatientFacts, patient_facts, series_facts, study_facts
from filmless.archive.model import DicomJson, StoredAs
from filmless.archive.ports import Batch, Entry
from filmless.database.connect import Connection
from filmless.database.events import EventLog
from filmless.database.index.findings import add_finding

_REMEMBERED = 20_000  # series; then all is forgotten and read again as it is needed

_STUDY = """
select s.id, p.issuer, p.patient_id, p.name_folded, p.birth_date, p.sex
from study s join patient p on p.id = s.patient_id where s.study_uid = %s"""
_ADD_STUDY = """
insert into study (study_uid, patient_id, study_date, study_time, date_key, time_key, accession_number,
    description_folded, referrer_folded, modalities, attributes, first_received_at, last_received_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (study_uid) do nothing returning id"""
_ADD_SERIES = """
insert into series (study_id, series_uid, modality, series_number, attributes, source_ae, first_received_at,
    last_received_at)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (study_id, series_uid) do nothing returning id"""
_PATIENTS = """
select id, name_folded, birth_date, sex from patient
where issuer = %s and patient_id = %s and (patient_id <> '' or variant = %s) order by id"""
_ADD_PATIENT = """
insert into patient (issuer, patient_id, variant, name_folded, name_sounds, birth_date, sex, attributes)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (issuer, patient_id, variant) do nothing returning id"""

_SERIES = "select id from series where study_id = %s and series_uid = %s"
_PACK = (
    "select id from pack where name = %s",
    "insert into pack (name) values (%s) on conflict (name) do nothing returning id",
)
_CODE = (
    "select id from uid_code where uid = %s",
    "insert into uid_code (uid) values (%s) on conflict (uid) do nothing returning id",
)
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

Marks = tuple[bytes | str, ...]


@dataclass(slots=True)
class _Study:
    id: int
    issuer: str
    identifier: str  # Patient ID
    name: str
    birth_date: str
    sex: str
    series: dict[str, int] = field(default_factory=dict)  # Series UID to id
    accepted: set[Marks] = field(default_factory=set)  # patients' marks that were compared with this study's
    is_made: bool = False  # by the transaction that read it


class Parents:
    """The rows above instances, of one connection's transactions; to be forgotten after each that failed."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._studies: dict[str, _Study] = {}
        self._packs: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        self._count = 0
        self.made: set[int] = set()  # keys of the study rows that the latest ``resolve`` made

    def forget(self) -> None:
        """Read everything anew from the tables."""
        self._studies.clear()
        self._packs.clear()
        self._codes.clear()
        self._count = 0

    def know(self, batch: Batch) -> bool:
        """Whether the rows of a batch need nothing that is not remembered."""
        packs = {*batch.marks, *batch.sealed, *(entry.placement.pack for entry in batch.entries if entry.placement)}
        return packs <= self._packs.keys() and all(map(self._knows, batch.entries))

    def series_id(self, entry: Entry) -> int:
        """Key of the series row."""
        return self._studies[entry.header.study_uid].series[entry.header.series_uid]

    def study_id(self, entry: Entry) -> int:
        """Key of the study row."""
        return self._studies[entry.header.study_uid].id

    def pack_id(self, name: str) -> int:
        """Key of the pack row."""
        return self._packs[name]

    def code(self, uid: str) -> int:
        """Number of a SOP class or transfer syntax."""
        return self._codes[uid]

    def resolve(self, connection: Connection, batch: Batch) -> None:
        """Find or make the rows that a batch needs, in the order of their keys."""
        self.made.clear()
        packs = {*batch.marks, *batch.sealed, *(entry.placement.pack for entry in batch.entries if entry.placement)}
        for name in sorted(packs - self._packs.keys()):
            self._packs[name] = _number(connection, _PACK, name)
        uids = {uid for entry in batch.entries for uid in (entry.header.sop_class_uid, entry.transfer_syntax_uid)}
        for uid in sorted(uids - self._codes.keys()):
            self._codes[uid] = _number(connection, _CODE, uid)
        kept = [entry for entry in batch.entries if entry.stored_as in (StoredAs.NEW, StoredAs.REPLACED)]
        for entry in sorted(kept, key=lambda entry: (entry.header.study_uid, entry.header.series_uid)):
            if not self._knows(entry):
                self._resolve(connection, entry)

    def _knows(self, entry: Entry) -> bool:
        header = entry.header
        study = self._studies.get(header.study_uid)
        return (
            study is not None
            and header.series_uid in study.series
            and _marks(entry) in study.accepted
            and header.sop_class_uid in self._codes
            and entry.transfer_syntax_uid in self._codes
        )

    def _resolve(self, connection: Connection, entry: Entry) -> None:
        header = entry.header
        if self._count > _REMEMBERED:
            self._studies.clear()
            self._count = 0
        study = self._studies.get(header.study_uid)
        if study is None:
            study = self._studies[header.study_uid] = _study(connection, entry, self._events)
            self._count += 1
            if study.is_made:
                self.made.add(study.id)
        if _marks(entry) not in study.accepted:
            _compare(connection, study, entry)
            study.accepted.add(_marks(entry))
        if header.series_uid not in study.series:
            study.series[header.series_uid] = _series(connection, study, entry, self._events)
            self._count += 1


def _marks(entry: Entry) -> Marks:
    return (*entry.header.patient_marks, entry.issuer)


def _number(connection: Connection, statements: tuple[str, str], value: str) -> int:
    """Key of a row that is made when it is not there."""
    find, make = statements
    row = (
        connection.execute(find, (value,)).fetchone()
        or connection.execute(make, (value,)).fetchone()
        or connection.execute(find, (value,)).fetchone()  # made by another transaction meanwhile
    )
    if row is None:
        raise psycopg.errors.SerializationFailure(f"{value} is there and is not")
    return int(row[0])


def _study(connection: Connection, entry: Entry, events: EventLog) -> _Study:
    """The study of an entry, made with its patient when it is new."""
    uid = entry.header.study_uid
    row = connection.execute(_STUDY, (uid,)).fetchone()
    if row is None:
        patient = patient_facts(entry.header, entry.issuer)
        patient_id, mismatch = _patient(connection, patient, uid)
        if made := _add_study(connection, entry, patient_id):
            events.record(connection, _event(EventKind.STUDY_ARRIVED, entry))
            if mismatch:
                add_finding(connection, FindingKind.PATIENT_MISMATCH, made, uid, {"other_patients": mismatch})
            return _Study(
                made, patient.issuer, patient.patient_id, patient.name, patient.birth_date, patient.sex,
                accepted={_marks(entry)}, is_made=True,
            )  # fmt: skip
        row = connection.execute(_STUDY, (uid,)).fetchone()
    if row is None:
        raise psycopg.errors.SerializationFailure("a study is there and is not")
    return _Study(*row)


def _add_study(connection: Connection, entry: Entry, patient_id: int) -> int | None:
    facts = study_facts(entry.header)
    modality = series_facts(entry.header).modality  # at once: the row is in fourteen indexes, a second one is dear
    values = (
        entry.header.study_uid, patient_id, facts.study_date, facts.study_time, facts.date_key, facts.time_key,
        facts.accession_number, facts.description, facts.referrer, [modality] if modality else [],
        _json(facts.attributes), entry.received_at, entry.received_at,
    )  # fmt: skip
    row = connection.execute(_ADD_STUDY, values).fetchone()
    return int(row[0]) if row else None


def _series(connection: Connection, study: _Study, entry: Entry, events: EventLog) -> int:
    """The series of an entry, made when it is new."""
    key = (study.id, entry.header.series_uid)
    is_first = study.is_made and not study.series  # of a study that nobody else sees yet
    row = None if is_first else connection.execute(_SERIES, key).fetchone()
    if row is None:
        facts = series_facts(entry.header)
        values = (
            *key,
            facts.modality,
            facts.series_number,
            _json(facts.attributes),
            entry.source_ae,
            entry.received_at,
            entry.received_at,
        )
        row = connection.execute(_ADD_SERIES, values).fetchone()
        if row is not None:
            details = {"series_uid": entry.header.series_uid, "modality": facts.modality}
            events.record(connection, _event(EventKind.SERIES_ARRIVED, entry, details))
    row = row or connection.execute(_SERIES, key).fetchone()
    if row is None:
        raise psycopg.errors.SerializationFailure("a series is there and is not")
    return int(row[0])


def _patient(connection: Connection, facts: PatientFacts, study_uid: str) -> tuple[int, int]:
    """The patient of a new study, and how many others have the same key but another name, birth date or sex.

    Such a one becomes another row and is never merged; without a Patient ID each study has a patient of its own.
    """
    own = "" if facts.patient_id else study_uid
    key = (facts.issuer, facts.patient_id)
    rows = connection.execute(_PATIENTS, (*key, own)).fetchall()
    same = _same_person(rows, facts)
    if same is None:  # whoever makes a patient of this key holds its lock, so that two do not make the first one
        connection.execute(_LOCK, (f"patient {key!r}",))
        rows = connection.execute(_PATIENTS, (*key, own)).fetchall()
        same = _same_person(rows, facts)
    if same is not None:
        return same, 0
    values = (
        *key, own or (facts.variant if rows else ""), facts.name, list(facts.name_sounds), facts.birth_date, facts.sex,
        _json(facts.attributes),
    )  # fmt: skip
    row = connection.execute(_ADD_PATIENT, values).fetchone()
    if row is None:
        raise psycopg.errors.SerializationFailure("a patient is there and is not")
    return int(row[0]), len(rows)


def _same_person(rows: Sequence[TupleRow], facts: PatientFacts) -> int | None:
    """The first row that nothing speaks against."""
    return next((int(row[0]) for row in rows if not facts.differs_from(*row[1:])), None)


def _compare(connection: Connection, study: _Study, entry: Entry) -> None:
    """Flag an object that tells of another patient than its study: it is filed in the study all the same."""
    patient = patient_facts(entry.header, entry.issuer)
    same_key = (patient.issuer, patient.patient_id) == (study.issuer, study.identifier)
    if same_key and not patient.differs_from(study.name, study.birth_date, study.sex):
        return
    subject = sha256(repr((patient.issuer, patient.patient_id, patient.variant)).encode()).hexdigest()[:16]
    details = {
        "series_uid": entry.header.series_uid,
        "instance_uid": entry.header.instance_uid,
        "patient": patient.attributes,
    }
    add_finding(connection, FindingKind.STUDY_OF_TWO_PATIENTS, study.id, subject, details)


def _event(kind: EventKind, entry: Entry, details: Mapping[str, object] | None = None) -> Event:
    scope = entry.scope
    return Event(kind, scope.actor, scope.address, study_uid=entry.header.study_uid, details=details or {})


def _json(attributes: DicomJson) -> str:
    """JSON that PostgreSQL takes: its text has no NUL."""
    text = orjson.dumps(attributes).decode()
    return _NUL.sub(r"\1", text) if "\\u0000" in text else text
