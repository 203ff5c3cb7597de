"""Patients for the pages: the search, one with all studies, documents and warnings, and who looked."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Protocol, TypeVar
from uuid import UUID

from filmless.access.roles import Right
from filmless.archive.errors import BadQuery
from filmless.archive.model import Level, Query
from filmless.archive.query.patients import (
    AlikePatient,
    PatientEntry,
    PatientPage,
    PatientRecord,
    PatientSeries,
    PatientStudy,
    Person,
    Reading,
)
from filmless.archive.scope import Scope
from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.servers.http_messages import Answer, Problem, Request, json_answer
from filmless.servers.routes import Route
from filmless.standards.dicom.sop_classes import SOP_CLASSES

T = TypeVar("T")

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
SEARCHED = ("text", "name", "id", "issuer", "birth_date", "limit", "cursor")
READ = ("limit", "after")
DOCUMENTS = frozenset((Kind.REPORT, Kind.PDF, Kind.CLINICAL_DOCUMENT))

_NAME, _ID, _ISSUER, _BIRTH_DATE = 0x00100010, 0x00100020, 0x00100021, 0x00100030
_DAY = re.compile(r"[0-9]{8}")
_WILD = re.compile(r"[*?\\]")  # letters that a value to match has a meaning for


class Records(Protocol):
    """Patients as they are kept; blocks."""

    def page(self, query: Query, scope: Scope, /) -> PatientPage:
        """Patients by name."""

    def one(self, public_id: UUID, scope: Scope, /) -> PatientRecord:
        """One with all studies; ``NotFound``."""

    def readers(self, public_id: UUID, scope: Scope, limit: int, before: int | None, /) -> Sequence[Reading]:
        """Who looked, newest first; ``NotFound``."""


class PatientPages:
    """Answers for ``/api/patients``."""

    def __init__(self, records: Records, executor: Executor) -> None:
        self._records, self._executor = records, executor

    def routes(self) -> Sequence[Route]:
        """One row each."""
        path = "/api/patients"
        one = path + "/{patient}"
        return (
            Route("GET", path, Right.FIND, self.list, "Patients by name, identifier or birth date", SEARCHED),
            Route("GET", one, Right.FIND, self.show, "A patient with all studies, warnings, and who may be the same"),
            Route("GET", one + "/readers", Right.AUDIT, self.readers, "Who looked at a patient's studies", READ),
        )

    async def list(self, request: Request) -> Answer:
        """A page of patients, with the total."""
        query = _query(dict(request.query()))
        found = await self._call(lambda: self._records.page(query, request.scope))
        total = {"number": found.total.number, "exact": found.total.is_exact}
        return json_answer({"patients": list(map(_entry, found.entries)), "cursor": found.cursor, "total": total})

    async def show(self, request: Request) -> Answer:
        """One patient."""
        public_id = _public_id(request)
        return json_answer(_record(await self._call(lambda: self._records.one(public_id, request.scope))))

    async def readers(self, request: Request) -> Answer:
        """Who looked, by page."""
        public_id, asked = _public_id(request), dict(request.query())
        limit, before = _number(asked, "limit") or DEFAULT_LIMIT, _number(asked, "after")
        limit = min(limit, MAX_LIMIT)
        found = await self._call(lambda: self._records.readers(public_id, request.scope, limit, before))
        cursor = str(found[-1].number) if len(found) == limit else None
        return json_answer({"readings": list(map(_reading, found)), "cursor": cursor})

    async def _call(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)


def _public_id(request: Request) -> UUID:
    try:
        return UUID(request.parameters["patient"])
    except ValueError:
        raise Problem(400, "The id in the address is malformed.") from None


def _query(asked: Mapping[str, str]) -> Query:
    matches = []
    if asked.get("name"):
        matches.append(((_NAME,), asked["name"]))
    for name, tag in (("id", _ID), ("issuer", _ISSUER)):
        if asked.get(name):
            if _WILD.search(asked[name]):
                raise BadQuery(f"{name} is the whole value")
            matches.append(((tag,), asked[name]))
    if asked.get("birth_date"):
        if not _DAY.fullmatch(asked["birth_date"]):
            raise BadQuery("birth_date is a day as YYYYMMDD")
        matches.append(((_BIRTH_DATE,), asked["birth_date"]))
    return Query(
        Level.PATIENT,
        matches=tuple(matches),
        fuzzy=True,  # of names: begins of words, and what sounds like them
        text=asked.get("text") or None,
        apart=True,
        limit=min(_number(asked, "limit") or DEFAULT_LIMIT, MAX_LIMIT),
        after=asked.get("cursor") or None,
    )


def _number(asked: Mapping[str, str], name: str) -> int | None:
    text = asked.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or not int(text):
        raise BadQuery(f"{name} is a whole number of 1 or more")
    return int(text)


def _person(person: Person) -> dict[str, object]:
    return {
        "key": str(person.public_id),
        "name": person.name,
        "name_ideographic": person.name_ideographic,
        "id": person.patient_id,
        "issuer": person.issuer,
        "birth_date": person.birth_date,
        "sex": person.sex,
    }


def _entry(entry: PatientEntry) -> dict[str, object]:
    return {
        "patient": _person(entry.person),
        "studies": entry.studies,
        "modalities": entry.modalities,
        "first": entry.first,
        "last": entry.last,
    }


def _record(record: PatientRecord) -> dict[str, object]:
    return {
        "patient": _person(record.person),
        "other_names": record.other_names,
        "comments": record.comments,
        "identifiers": [
            {"value": each.value, "issuer": each.issuer, "type": each.kind, "other": each.is_other}
            for each in record.identifiers
        ],
        "alerts": [
            {"kind": each.kind.name.lower(), "text": each.text, "study_uid": each.study_uid, "date": each.study_date}
            for each in record.alerts
        ],
        "studies": list(map(_study, record.studies)),
        "cut": record.is_cut,
        "alike": list(map(_alike, record.alike)),
    }


def _study(study: PatientStudy) -> dict[str, object]:
    return {
        "study_uid": study.study_uid,
        "date": study.study_date,
        "time": study.study_time,
        "description": study.description,
        "accession": study.accession_number,
        "modalities": study.modalities,
        "instances": study.instances,
        "warnings": study.findings,
        "series": [_series(study.study_uid, each) for each in study.series],
    }


def _series(study_uid: str, series: PatientSeries) -> dict[str, object]:
    sop_class, kind = SOP_CLASSES.get(series.sop_class_uid), KINDS.get(series.sop_class_uid)
    return {
        "series_uid": series.series_uid,
        "number": series.number,
        "modality": series.modality,
        "description": series.description,
        "body_part": series.body_part,
        "instances": series.instances,
        "first_instance": series.first_instance,
        "thumbnail": f"/dicomweb/studies/{study_uid}/series/{series.series_uid}/thumbnail",
        "kind": sop_class.name if sop_class else None,
        "document": kind.value if kind in DOCUMENTS else None,
    }


def _alike(alike: AlikePatient) -> dict[str, object]:
    return {**_entry(alike.entry), "reasons": [reason.value for reason in alike.reasons]}


def _reading(reading: Reading) -> dict[str, object]:
    study = {"study_uid": reading.study_uid, "date": reading.study_date, "description": reading.study_description}
    return {
        "at": reading.at,
        "actor": reading.actor,
        "address": reading.address,
        "kind": reading.kind,
        "outcome": reading.outcome,
        "count": reading.count,
        "study": study if reading.study_uid else None,
    }
