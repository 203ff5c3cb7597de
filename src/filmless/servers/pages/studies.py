"""The study list and one study, as the pages want them."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Protocol, TypeVar

from filmless.archive.archive import Archive
from filmless.archive.errors import BadQuery, NotFound
from filmless.archive.findings import Finding, Standing
from filmless.archive.model import Count, DicomJson, Level, Order, Query, StudyStatus
from filmless.archive.scope import Scope
from filmless.servers.http_messages import Answer, Problem, Request, json_answer
from filmless.standards.dicom.sop_classes import SOP_CLASSES
from filmless.standards.dicom.uids import is_uid

T = TypeVar("T")

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

NAME, PATIENT_ID, ISSUER, BIRTH_DATE, SEX = 0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040
DATE, TIME, ACCESSION, MODALITIES, DESCRIPTION = 0x00080020, 0x00080030, 0x00080050, 0x00080061, 0x00081030
REFERRER, INSTITUTION = 0x00080090, 0x00080080
STUDY_UID, SERIES_COUNT, INSTANCE_COUNT = 0x0020000D, 0x00201206, 0x00201208
ARRIVAL_DATE, ARRIVAL_TIME = 0x00321040, 0x00321041
SERIES_UID, NUMBER, MODALITY, SERIES_DESCRIPTION, BODY_PART, SERIES_INSTANCES = (
    0x0020000E, 0x00200011, 0x00080060, 0x0008103E, 0x00180015, 0x00201209,
)  # fmt: skip

_SORTS = {
    "date": (DATE, TIME),
    "name": (NAME,),
    "modality": (MODALITIES,),
    "description": (DESCRIPTION,),
    "received": (ARRIVAL_DATE,),
    "accession": (ACCESSION,),
    "patient_id": (PATIENT_ID,),
}
_ROW = frozenset((ISSUER, REFERRER, ARRIVAL_DATE, ARRIVAL_TIME))
_OF_SERIES = (("body_part", BODY_PART), ("institution", INSTITUTION))
_MOST_UIDS = 1000  # named by one request
_UNKNOWN = Standing(is_arriving=False, body_parts=(), institutions=())
_DAY = re.compile(r"[0-9]{8}")


class Overview(Protocol):
    """What the pages show beside what a query finds."""

    def warnings(self, scope: Scope, study_uids: Sequence[str], /) -> Mapping[str, int]:
        """How many findings wait for a person, of each of these studies that has any."""

    def patients(self, scope: Scope, study_uids: Sequence[str], /) -> Mapping[str, str]:
        """Keys of the patients of these studies, by which their pages are addressed."""

    def standings(self, scope: Scope, study_uids: Sequence[str], /) -> Mapping[str, Standing]:
        """How far these studies are, what they show and where they were made."""

    def choices(self, scope: Scope, /) -> tuple[Sequence[str], Sequence[str]]:
        """The body parts and the institutions that there are to choose from."""

    def first_instances(self, scope: Scope, study_uid: str, /) -> Mapping[str, tuple[str, str]]:
        """Series Instance UID to (SOP Instance UID, SOP Class UID) of the instance with the lowest number."""


class Studies:
    """Answers the study list and the study page."""

    def __init__(self, archive: Archive, overview: Overview, executor: Executor) -> None:
        self._archive = archive
        self._overview = overview
        self._executor = executor

    async def list(self, request: Request) -> Answer:
        """One page of studies, with the total."""
        asked = dict(request.query())
        return json_answer(await self._call(lambda: self._page(_query(asked), request.scope)))

    async def choices(self, request: Request) -> Answer:
        """What the list can be filtered by."""
        body_parts, institutions = await self._call(lambda: self._overview.choices(request.scope))
        return json_answer({"body_parts": body_parts, "institutions": institutions})

    async def show(self, request: Request) -> Answer:
        """One study with its series and findings."""
        study_uid = request.parameters["study"]
        if not is_uid(study_uid):
            raise Problem(400, "The UID in the address is malformed.")
        return json_answer(await self._call(lambda: self._study(study_uid, request.scope)))

    async def inbox(self, request: Request) -> Answer:
        """What somebody must look at, newest first."""
        found = await self._call(lambda: self._archive.findings(request.scope))
        return json_answer({"findings": [_finding(each) | {"study_uid": each.study_uid} for each in found]})

    def _page(self, query: Query, scope: Scope) -> dict[str, object]:
        page = self._archive.find(query, scope)
        total = _total(query, page.cursor, len(page.matches)) or self._archive.count(query, scope)
        uids = [_text(match, STUDY_UID) or "" for match in page.matches]
        warnings, standings = self._overview.warnings(scope, uids), self._overview.standings(scope, uids)
        keys = self._overview.patients(scope, uids)
        return {
            "studies": [
                _row(match, warnings.get(uid, 0), keys.get(uid), standings.get(uid, _UNKNOWN))
                for match, uid in zip(page.matches, uids, strict=True)
            ],
            "cursor": page.cursor,
            "total": {"number": total.number, "exact": total.is_exact},
        }

    def _study(self, study_uid: str, scope: Scope) -> dict[str, object]:
        this = (((STUDY_UID,), study_uid),)
        page = self._archive.find(Query(Level.STUDY, matches=this, include=_ROW), scope)
        if not page.matches:
            raise NotFound(study_uid)
        found = self._archive.findings(scope, study_uid)
        query = Query(Level.SERIES, matches=this, include=frozenset((BODY_PART,)), limit=10_000, order=(Order(NUMBER),))
        series = self._archive.find(query, scope).matches
        firsts = self._overview.first_instances(scope, study_uid)
        key = self._overview.patients(scope, [study_uid]).get(study_uid)
        standing = self._overview.standings(scope, [study_uid]).get(study_uid, _UNKNOWN)
        return {
            **_row(page.matches[0], len(found), key, standing),
            "series": [_series(study_uid, match, firsts) for match in series],
            "findings": [_finding(each) for each in found],
        }

    async def _call(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)


def _query(asked: Mapping[str, str]) -> Query:
    """The archive's query for the list's address."""
    text, sounds = asked.get("text", "").strip(), _sounds(asked.get("sounds", ""))
    matches = [((STUDY_UID,), _uids(asked["study"]))] if asked.get("study") else []
    if sounds and text:
        matches.append(((NAME,), text))
    for name, tag in (("patient_id", PATIENT_ID), ("accession", ACCESSION), ("name", NAME)):
        if asked.get(name):
            matches.append(((tag,), asked[name]))
    if asked.get("modality"):
        matches.append(((MODALITIES,), _alternatives(asked["modality"])))
    days = asked.get("from", ""), asked.get("to", "")
    if any(day and not _DAY.fullmatch(day) for day in days):
        raise BadQuery("from and to are days as YYYYMMDD")
    if any(days):
        matches.append(((DATE,), "-".join(days)))
    return Query(
        Level.STUDY,
        matches=tuple(matches),
        include=_ROW,
        fuzzy=sounds,
        within=tuple((tag, asked[name]) for name, tag in _OF_SERIES if asked.get(name)),
        status=_status(asked.get("status", "")),
        text=None if sounds else text or None,
        limit=_limit(asked.get("limit", "")),
        after=asked.get("cursor") or None,
        order=_order(asked.get("sort") or "-date"),
    )


def _alternatives(text: str) -> str:
    """Give what the commas part as values of which one must be there; a backslash is in no value (PS3.5 6.2)."""
    return text.replace(",", "\\")


def _uids(text: str) -> str:
    uids = text.split(",")
    if len(uids) > _MOST_UIDS or not all(map(is_uid, uids)):
        raise BadQuery(f"study is up to {_MOST_UIDS} Study Instance UIDs, parted by commas")
    return "\\".join(uids)


def _sounds(text: str) -> bool:
    if text not in ("", "false", "true"):
        raise BadQuery("sounds is true or false")
    return text == "true"


def _status(text: str) -> StudyStatus | None:
    if not text:
        return None
    if text not in set(StudyStatus):
        raise BadQuery(f"status is one of {', '.join(StudyStatus)}")
    return StudyStatus(text)


def _limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal()) or not int(text[:9]):
        raise BadQuery("limit is a number of 1 or more")
    return min(int(text[:9]), MAX_LIMIT)


def _order(text: str) -> tuple[Order, ...]:
    name = text.removeprefix("-")
    if name not in _SORTS:
        raise BadQuery(f"sort is one of {', '.join(_SORTS)}, with - before it for descending")
    return tuple(Order(tag, text.startswith("-")) for tag in _SORTS[name])


def _total(query: Query, cursor: str | None, matches: int) -> Count | None:
    """The total where the first page has everything; then nothing need be counted."""
    return Count(matches, is_exact=True) if cursor is None and query.after is None else None


def _row(match: DicomJson, warnings: int, patient: str | None, standing: Standing) -> dict[str, object]:
    return {
        "study_uid": _text(match, STUDY_UID),
        "patient": {
            "key": patient,
            "name": _name(match, "Alphabetic"),
            "name_ideographic": _name(match, "Ideographic"),
            "id": _text(match, PATIENT_ID),
            "issuer": _text(match, ISSUER),
            "birth_date": _text(match, BIRTH_DATE),
            "sex": _text(match, SEX),
        },
        "date": _text(match, DATE),
        "time": _text(match, TIME),
        "modalities": _values(match, MODALITIES),
        "description": _text(match, DESCRIPTION),
        "accession": _text(match, ACCESSION),
        "series": _number(match, SERIES_COUNT) or 0,
        "instances": _number(match, INSTANCE_COUNT) or 0,
        "received_at": _moment(match),
        "warnings": warnings,
        "referrer": _name(match, "Alphabetic", REFERRER),
        "body_parts": standing.body_parts,
        "institutions": standing.institutions,
        "arriving": standing.is_arriving,
    }


def _series(study_uid: str, match: DicomJson, firsts: Mapping[str, tuple[str, str]]) -> dict[str, object]:
    series_uid = _text(match, SERIES_UID) or ""
    instance_uid, sop_class_uid = firsts.get(series_uid, (None, ""))
    sop_class = SOP_CLASSES.get(sop_class_uid)
    return {
        "series_uid": series_uid,
        "number": _number(match, NUMBER),
        "modality": _text(match, MODALITY),
        "description": _text(match, SERIES_DESCRIPTION),
        "body_part": _text(match, BODY_PART),
        "instances": _number(match, SERIES_INSTANCES) or 0,
        "first_instance": instance_uid,
        "thumbnail": f"/dicomweb/studies/{study_uid}/series/{series_uid}/thumbnail",
        "kind": sop_class.name if sop_class else None,
    }


def _values(match: DicomJson, tag: int) -> list[object]:
    values = match.get(f"{tag:08X}", {}).get("Value")
    return values if isinstance(values, list) else []


def _text(match: DicomJson, tag: int) -> str | None:
    values = _values(match, tag)
    return str(values[0]) if values and values[0] is not None else None


def _number(match: DicomJson, tag: int) -> int | None:
    text = _text(match, tag)
    try:
        return int(float(text)) if text else None
    except (ValueError, OverflowError):
        return None


def _name(match: DicomJson, group: str, tag: int = NAME) -> str | None:
    values = _values(match, tag)
    value = values[0].get(group) if values and isinstance(values[0], dict) else None
    return str(value) if value else None


def _moment(match: DicomJson) -> str | None:
    """When the study's last instance came, as RFC 3339 in UTC."""
    day, clock = _text(match, ARRIVAL_DATE), (_text(match, ARRIVAL_TIME) or "000000")
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}T{clock[:2]}:{clock[2:4]}:{clock[4:6]}Z" if day else None


def _finding(finding: Finding) -> dict[str, object]:
    return {"kind": finding.kind, "text": finding.text, "found_at": finding.found_at}
