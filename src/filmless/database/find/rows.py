"""Rows become DICOM JSON: which attributes a level's answer holds, and where each comes from (PS3.18 10.6.3.3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from filmless.archive.errors import Damaged, NotFound
from filmless.archive.model import DicomJson, KeptInstance, Level, Placement, Query, edited
from filmless.archive.query.match_values import Exact
from filmless.archive.query.matching import (
    ATTRIBUTES,
    DEPTH_OF,
    STUDY_ARRIVAL_DATE,
    Criteria,
    Criterion,
    is_private_creator,
)
from filmless.archive.query.zone import at_offset, with_partners
from filmless.database.edit_bytes import unpacked_edit
from filmless.database.find.query_sql import Fields
from filmless.standards.dicom.dictionary import vr_of

Row = Mapping[str, Any]
ReadHeader = Callable[[KeptInstance], DicomJson]

_ALWAYS: DicomJson = {
    "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
    "00080056": {"vr": "CS", "Value": ["ONLINE"]},
}

# What an answer holds without being asked (PS3.18 tables 10.6.3-3 to 10.6.3-5).
DEFAULTS = {
    Level.PATIENT: frozenset({
        0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040, 0x00201200, 0x00201202, 0x00201204,
    }),
    Level.STUDY: frozenset({
        0x00080020, 0x00080030, 0x00080050, 0x00080061, 0x00080090, 0x00080201, 0x00081030, 0x00100010, 0x00100020,
        0x00100030, 0x00100040, 0x0020000D, 0x00200010, 0x00201206, 0x00201208,
    }),
    Level.SERIES: frozenset({
        0x00080060, 0x0008103E, 0x0020000D, 0x0020000E, 0x00200011, 0x00201209, 0x00400244, 0x00400245, 0x00400275,
    }),
    Level.IMAGE: frozenset({
        0x00080016, 0x00080018, 0x00083002, 0x0020000D, 0x0020000E, 0x00200013, 0x00280008, 0x00280010, 0x00280011,
        0x00280100,
    }),
}  # fmt: skip

# Attributes that a row holds apart from what the level's objects said.
_ROW = {
    0x0020000D: (Level.STUDY, "study_uid"),
    0x00080061: (Level.STUDY, "modalities"),
    0x00080062: (Level.STUDY, "study_sop_classes"),
    0x00201206: (Level.STUDY, "study_series"),
    0x00201208: (Level.STUDY, "study_instances"),
    STUDY_ARRIVAL_DATE: (Level.STUDY, "last_received_at"),
    0x00321041: (Level.STUDY, "last_received_at"),
    0x0020000E: (Level.SERIES, "series_uid"),
    0x00201209: (Level.SERIES, "instance_count"),
    0x00080018: (Level.IMAGE, "instance_uid"),
    0x00080016: (Level.IMAGE, "sop_class_uid"),
    0x00083002: (Level.IMAGE, "transfer_syntax_uid"),
    0x00200013: (Level.IMAGE, "instance_number"),
    0x00280008: (Level.IMAGE, "frame_count"),
    0x00280010: (Level.IMAGE, "rows"),
    0x00280011: (Level.IMAGE, "columns"),
    0x00280100: (Level.IMAGE, "bits_allocated"),
    0x00201200: (Level.PATIENT, "patient_studies"),
    0x00201202: (Level.PATIENT, "patient_series"),
    0x00201204: (Level.PATIENT, "patient_instances"),
}
_SOP_CLASSES = 0x00080062
_STUDY_COUNTS = frozenset({0x00201206, 0x00201208})
_PATIENT_COUNTS = frozenset({0x00201200, 0x00201202, 0x00201204})
_ISSUER = "00100021"
_MOMENT = {"DA": "%Y%m%d", "TM": "%H%M%S.%f"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What each match holds."""

    level: Level
    tags: tuple[int, ...]  # in order
    fields: Fields
    everything: bool  # also all else that is known
    in_header: frozenset[int]  # only the stored object holds these
    creators: Mapping[int, str]  # private creators by the tag they are asked at
    zone: int | None  # minutes east of UTC of dates and times; None: as sent


def answer_to(query: Query, criteria: Criteria, *, headers: bool) -> Answer:
    """Give what the matches of a query hold; ``headers`` says that stored objects can be read."""
    level = query.level
    tags = DEFAULTS[level] | query.include | criteria.returned
    if DEPTH_OF[level] > DEPTH_OF[Level.STUDY] and not _names_study(criteria):
        tags |= DEFAULTS[Level.STUDY]  # a relational query: the levels above are part of the answer
        tags |= DEFAULTS[Level.SERIES] if level is Level.IMAGE else frozenset()
    if criteria.zone is not None:
        tags |= with_partners(tags)
    reached = [one for one in Level if DEPTH_OF[one] <= DEPTH_OF[level]]
    held = {tag for one in reached for tag in ATTRIBUTES.get(one, frozenset())}
    held |= {tag for tag, (one, _) in _ROW.items() if one in reached}
    in_header = frozenset(tags - held) if headers and level is Level.IMAGE else frozenset()
    attributes = frozenset(one for one in reached if one in ATTRIBUTES and (query.include_all or tags & _kept(one)))
    counts_patient = bool(tags & _PATIENT_COUNTS)
    fields = Fields(
        attributes | {Level.PATIENT} if counts_patient else attributes,
        study_counts=Level.STUDY in reached and bool(tags & _STUDY_COUNTS or query.include_all),
        study_sop_classes=_SOP_CLASSES in tags and Level.STUDY in reached,
        patient_counts=counts_patient,
        placement=headers and level is Level.IMAGE and bool(in_header or query.include_all),
    )
    return Answer(
        level, tuple(sorted(tags & held)), fields, query.include_all, in_header, dict(criteria.creators), criteria.zone
    )


class RowReader:
    """Makes DICOM JSON of rows that follow each other; what they share is parsed once."""

    def __init__(self, answer: Answer, read_header: ReadHeader | None) -> None:
        self._answer = answer
        self._read_header = read_header
        self._levels = [one for one in ATTRIBUTES if one in answer.fields.attributes]
        plan = {f"{tag:08X}": (vr_of(tag), _ROW[tag][1] if tag in _ROW else None) for tag in answer.tags}
        self._plan = [(key, *plan.get(key, ("", None))) for key in sorted(plan | _ALWAYS)]
        self._parsed: dict[Level, tuple[str, DicomJson]] = {}

    def __call__(self, row: Row) -> DicomJson:
        """Give the attributes of one match, in the order of their tags."""
        match = self._as_sent(row)
        return match if self._answer.zone is None else at_offset(match, self._answer.zone)

    def _as_sent(self, row: Row) -> DicomJson:
        kept = dict(_ALWAYS)
        for level in self._levels:
            kept |= self._attributes(level, row)
        if row.get("issuer"):
            kept[_ISSUER] = {"vr": "LO", "Value": [row["issuer"]]}
        match = {
            key: kept.get(key) or {"vr": vr} if column is None else _element(vr, row.get(column))
            for key, vr, column in self._plan
        }
        if not self._answer.everything and not self._answer.fields.placement:
            return match
        if self._answer.everything:
            match = kept | self._all_of_row(row) | match
        if self._answer.fields.placement and self._read_header is not None:
            match = self._with_header(match, row, self._read_header)
        return {key: match[key] for key in sorted(match)}

    def _attributes(self, level: Level, row: Row) -> DicomJson:
        text = row[f"{level.lower()}_attributes"]
        known = self._parsed.get(level)
        if known is None or known[0] != text:
            known = self._parsed[level] = (text, orjson.loads(text))
        return known[1]

    def _all_of_row(self, row: Row) -> DicomJson:
        places = [(tag, name) for tag, (_, name) in _ROW.items() if row.get(name) is not None]
        return {f"{tag:08X}": _element(vr_of(tag), row[name]) for tag, name in places}

    def _with_header(self, match: DicomJson, row: Row, read_header: ReadHeader) -> DicomJson:
        try:
            header = read_header(_kept_instance(row))
        except (Damaged, NotFound):
            return match  # one bad object breaks no list
        if self._answer.everything:
            return header | match
        return match | {
            f"{tag:08X}": header[found]
            for tag in self._answer.in_header
            if (found := _place(tag, self._answer.creators, header)) in header
        }


def _place(tag: int, creators: Mapping[int, str], header: DicomJson) -> str:
    """Give where an object has an attribute: a private block may lie elsewhere than it is asked at (PS3.5 7.8.1)."""
    asked_at = tag if is_private_creator(tag) else tag & 0xFFFF0000 | tag >> 8 & 0xFF
    creator = creators.get(asked_at)
    if creator is None:
        return f"{tag:08X}"
    group = tag >> 16
    for block in range(0x10, 0x100):
        if header.get(f"{group:04X}{block:04X}", {}).get("Value") == [creator]:
            return f"{group:04X}{block:04X}" if asked_at == tag else f"{group:04X}{block << 8 | tag & 0xFF:04X}"
    return ""


def _names_study(criteria: Criteria) -> bool:
    """Tell whether the query is within one study, as a hierarchical one is."""
    found = [one.any_of for one in criteria.all_of if isinstance(one, Criterion) and one.key.field == "study_uid"]
    return any(len(wanted) == 1 and isinstance(wanted[0], Exact) for wanted in found)


def _kept(level: Level) -> frozenset[int]:
    return ATTRIBUTES[level] - _ROW.keys()


def _element(vr: str, value: object) -> dict[str, object]:
    if value is None:
        return {"vr": vr}
    if isinstance(value, datetime):
        return {"vr": vr, "Value": [value.strftime(_MOMENT[vr])]}
    if vr in {"IS", "US"}:
        return {"vr": vr, "Value": [int(str(value))]}
    # a list that is empty stays one: viewers read the modalities of a study without asking whether there are any
    return {"vr": vr, "Value": value if isinstance(value, list) else [value]}


def _kept_instance(row: Row) -> KeptInstance:
    kept = KeptInstance(
        study_uid=row["study_uid"],
        series_uid=row["series_uid"],
        instance_uid=row["instance_uid"],
        sop_class_uid=row["sop_class_uid"],
        transfer_syntax_uid=row["transfer_syntax_uid"],
        placement=Placement(
            pack=row["pack"],
            offset=row["pack_offset"],
            length=row["length"],
            head_length=row["head_length"],
            head_sha256=row["head_sha256"],
            data_set_sha256=row["data_set_sha256"],
        ),
        pixel_offset=row["pixel_offset"],
        received_at=row["received_at"],
    )
    return edited(kept, unpacked_edit(row["edit"]))
