"""What a query may ask: the table of keys, and the reading of a query by it (PS3.4 C.2.2.2, PS3.18 8.3.4.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from typing import TypeVar

from filmless.archive.errors import BadQuery
from filmless.archive.model import Level, Query, StudyStatus
from filmless.archive.query.match_values import (
    KIND_OF_VR,
    Dates,
    Kind,
    Times,
    Wanted,
    begins_of_words,
    is_universal,
    read_offset,
    read_value,
    sounds_like,
    words_of,
)
from filmless.standards.dicom.dictionary import keyword_of, vr_of
from filmless.standards.dicom.levels import PATIENT_TAGS, SERIES_TAGS, STUDY_TAGS

_Range = TypeVar("_Range", Dates, Times)

MAX_KEYS = 256  # of one query, items included
MAX_DEPTH = 8  # sequences within sequences


@dataclass(frozen=True, slots=True)
class Key:
    """An attribute that can be matched: ``field`` names what the index holds apart, None the level's attributes."""

    tag: int
    level: Level
    kind: Kind
    field: str | None = None


KEYS = {
    key.tag: key
    for key in (
        Key(0x00100010, Level.PATIENT, Kind.NAME, "patient_name"),
        Key(0x00100020, Level.PATIENT, Kind.TEXT, "patient_id"),
        Key(0x00100021, Level.PATIENT, Kind.TEXT, "issuer"),
        Key(0x00100030, Level.PATIENT, Kind.DATE, "birth_date"),
        Key(0x00100040, Level.PATIENT, Kind.CODE, "sex"),
        Key(0x00201200, Level.PATIENT, Kind.NUMBER, "patient_studies"),
        Key(0x00201202, Level.PATIENT, Kind.NUMBER, "patient_series"),
        Key(0x00201204, Level.PATIENT, Kind.NUMBER, "patient_instances"),
        Key(0x0020000D, Level.STUDY, Kind.UID, "study_uid"),
        Key(0x00080020, Level.STUDY, Kind.DATE, "study_date"),
        Key(0x00080030, Level.STUDY, Kind.TIME, "study_time"),
        Key(0x00080050, Level.STUDY, Kind.TEXT, "accession_number"),
        Key(0x00080061, Level.STUDY, Kind.CODE, "modalities"),
        Key(0x00080062, Level.STUDY, Kind.UID, "sop_classes"),
        Key(0x00081030, Level.STUDY, Kind.TEXT, "study_description"),
        Key(0x00080090, Level.STUDY, Kind.NAME, "referrer"),
        Key(0x00200010, Level.STUDY, Kind.TEXT, "study_number"),
        Key(0x00201206, Level.STUDY, Kind.NUMBER, "study_series"),
        Key(0x00201208, Level.STUDY, Kind.NUMBER, "study_instances"),
        Key(0x0020000E, Level.SERIES, Kind.UID, "series_uid"),
        Key(0x00080060, Level.SERIES, Kind.CODE, "modality"),
        Key(0x00200011, Level.SERIES, Kind.NUMBER, "series_number"),
        Key(0x00180015, Level.SERIES, Kind.CODE, "body_part"),
        Key(0x00080080, Level.SERIES, Kind.TEXT, "institution"),
        Key(0x00201209, Level.SERIES, Kind.NUMBER, "series_instances"),
        Key(0x00080018, Level.IMAGE, Kind.UID, "instance_uid"),
        Key(0x00080016, Level.IMAGE, Kind.UID, "sop_class_uid"),
        Key(0x00083002, Level.IMAGE, Kind.UID, "transfer_syntax_uid"),
        Key(0x00200013, Level.IMAGE, Kind.NUMBER, "instance_number"),
        Key(0x00280008, Level.IMAGE, Kind.NUMBER, "frame_count"),
        Key(0x00280010, Level.IMAGE, Kind.NUMBER, "rows"),
        Key(0x00280011, Level.IMAGE, Kind.NUMBER, "columns"),
        Key(0x00280100, Level.IMAGE, Kind.NUMBER, "bits_allocated"),
    )
}

# What the index keeps of an object's header at each level, as first received.
ATTRIBUTES = {
    Level.PATIENT: frozenset(PATIENT_TAGS),
    Level.STUDY: frozenset(STUDY_TAGS) | {0x00080201},  # the offset from UTC of its dates and times
    Level.SERIES: frozenset(SERIES_TAGS),
}

# Say how a request or its answer is written; never matched (PS3.4 C.2.2.2, C.4.1.1.3.2).
_OFFSET = 0x00080201
NEVER_MATCHED = frozenset({0x00080005, 0x00080052, 0x00080053, 0x00080054, 0x00080056, 0x00080201, 0x00081190})

# Kept attributes of several values, of which a query may want each (PS3.4 C.2.2.2.8; VM of PS3.6).
_OF_SEVERAL_VALUES = frozenset({
    0x00080061, 0x00081048, 0x00081050, 0x00081060, 0x00081070, 0x00081080, 0x00101001, 0x00181020,
})  # fmt: skip

STUDY_ARRIVAL_DATE = 0x00321040  # when the study's last instance was received, in UTC; a sort key

DEPTH_OF = {Level.PATIENT: 0, Level.STUDY: 1, Level.SERIES: 2, Level.IMAGE: 3}


@dataclass(frozen=True, slots=True)
class Criterion:
    """The attribute has at least one value that is as one of these."""

    key: Key
    any_of: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class ItemCriterion:
    """One item of the sequence meets all of these (PS3.4 C.2.2.2.6)."""

    key: Key
    all_of: tuple["Criterion | ItemCriterion", ...]


@dataclass(frozen=True, slots=True)
class DateTimeCriterion:
    """Study Date and Study Time as one moment (PS3.4 C.2.2.2.5.4), ends included."""

    low: tuple[date, time] | None
    high: tuple[date, time] | None


Condition = Criterion | ItemCriterion | DateTimeCriterion


@dataclass(frozen=True, slots=True)
class Criteria:
    """A query, understood."""

    all_of: tuple[Condition, ...]
    words: tuple[str, ...]  # folded; each must be found
    returned: frozenset[int]  # tags that matching or a universal key asks to have returned
    unsupported: tuple[str, ...]  # keys that are not matched
    creators: tuple[tuple[int, str], ...] = ()  # private creators by the tag they are asked at (PS3.5 7.8.1)
    zone: int | None = None  # minutes east of UTC at which dates and times are asked for and answered
    within: tuple[Condition, ...] = ()  # one series of a study meets all of these
    status: StudyStatus | None = None


def key_of(tag: int) -> Key | None:
    """Give the key of a top-level attribute, None if the index does not hold it."""
    key = KEYS.get(tag)
    if key is not None:
        return key
    kind = KIND_OF_VR.get(vr_of(tag))
    if kind is None:
        return None
    return next((Key(tag, level, kind) for level, tags in ATTRIBUTES.items() if tag in tags), None)


def name_of(tag: int) -> str:
    """Keyword of a tag, else its eight digits."""
    return keyword_of(tag) or f"{tag:08X}"


def read_query(query: Query) -> Criteria:
    """Understand a query; raises ``BadQuery`` where it, or a value in it, cannot be understood."""
    if len(query.matches) > MAX_KEYS:
        raise BadQuery(f"more than {MAX_KEYS} keys")
    zone = read_offset(dict(query.matches).get((_OFFSET,), ""))
    supported: list[tuple[tuple[Key, ...], str]] = []
    unsupported: list[str] = []
    creators: list[tuple[int, str]] = []
    returned = set()
    for path, value in query.matches:
        if not path or len(path) > MAX_DEPTH:
            raise BadQuery("a key lies in too many sequences")
        if path[0] in NEVER_MATCHED:
            continue
        returned.add(path[0])
        if is_universal(value):
            continue
        if is_private_creator(path[-1]) and query.level is Level.IMAGE:
            creators.append((path[-1], value.strip(" \0")))
            continue
        keys = _keys(path, query.level)
        if keys:
            supported.append((keys, value))
        else:
            unsupported.append(".".join(name_of(tag) for tag in path))
    if query.all_values:
        supported = [(keys, one) for keys, value in supported for one in _each_value(keys[-1], value)]
    conditions: list[Condition] = list(_conditions(supported, fuzzy=query.fuzzy))
    if query.combined:
        conditions = _combined(conditions)
    words = words_of(query.text or "")
    within = _conditions(((KEYS[tag],), value) for tag, value in query.within if not is_universal(value))
    return Criteria(
        tuple(conditions),
        words,
        frozenset(returned),
        tuple(unsupported),
        tuple(creators),
        zone,
        within,
        query.status,
    )


def is_private_creator(tag: int) -> bool:
    """Tell whether the element names who a block of private elements belongs to (PS3.5 7.8.1)."""
    return bool(tag & 0x10000) and 0x10 <= tag & 0xFFFF <= 0xFF


def unsupported_keys(query: Query, criteria: Criteria) -> tuple[str, ...]:
    """Name the keys of a query that are not matched, or not returned (PS3.4 C.4.1.1.4: status FF01)."""
    absent = (
        () if query.level is Level.IMAGE else (tag for tag in sorted(query.include) if not _is_kept(tag, query.level))
    )
    return tuple(dict.fromkeys((*criteria.unsupported, *map(name_of, absent))))


def _is_kept(tag: int, level: Level) -> bool:
    key = key_of(tag)
    return tag in NEVER_MATCHED or (key is not None and DEPTH_OF[key.level] <= DEPTH_OF[level])


def _each_value(key: Key, value: str) -> list[str]:
    """Take values apart of which each must be there."""
    return value.split("\\") if key.tag in _OF_SEVERAL_VALUES else [value]


def _keys(path: tuple[int, ...], level: Level) -> tuple[Key, ...]:
    """Give the keys along a path, none if the index cannot match it at this level."""
    first = key_of(path[0])
    if first is None or DEPTH_OF[first.level] > DEPTH_OF[level]:
        return ()
    kinds = [KIND_OF_VR.get(vr_of(tag)) for tag in path[1:]]
    keys = (first, *(Key(tag, first.level, kind) for tag, kind in zip(path[1:], kinds, strict=True) if kind))
    are_sequences = [key.kind is Kind.SEQUENCE for key in keys]
    return keys if are_sequences == [True] * (len(path) - 1) + [False] else ()


def _conditions(
    supported: Iterable[tuple[tuple[Key, ...], str]], *, fuzzy: bool = False
) -> tuple[Criterion | ItemCriterion, ...]:
    """Bring together what is asked of items of one sequence: one item must meet all of it."""
    conditions: list[Criterion | ItemCriterion] = []
    items: dict[Key, list[tuple[tuple[Key, ...], str]]] = {}
    for keys, value in supported:
        if len(keys) > 1:
            items.setdefault(keys[0], []).append((keys[1:], value))
        else:
            conditions.append(Criterion(keys[0], _wanted(keys[0], value, fuzzy=fuzzy)))
    return (*conditions, *(ItemCriterion(key, _conditions(inner)) for key, inner in items.items()))


def _wanted(key: Key, value: str, *, fuzzy: bool) -> tuple[Wanted, ...]:
    wanted = read_value(name_of(key.tag), key.kind, value)
    if not fuzzy or key.kind is not Kind.NAME:
        return wanted
    alike = (begins_of_words(value), sounds_like(value) if key.field == "patient_name" else None)
    return (*wanted, *(one for one in alike if one is not None))


def _combined(conditions: list[Condition]) -> list[Condition]:
    """Make one range of Study Date and Study Time where both are asked for (PS3.4 C.2.2.2.5.4)."""
    dates, times = _only(conditions, "study_date", Dates), _only(conditions, "study_time", Times)
    if dates is None or times is None:
        return conditions
    low = (dates.low, times.low or time.min) if dates.low else None
    high = (dates.high, times.high or time.max) if dates.high else None
    rest = [c for c in conditions if not (isinstance(c, Criterion) and c.key.field in {"study_date", "study_time"})]
    return [*rest, DateTimeCriterion(low, high)]


def _only(conditions: list[Condition], field: str, kind: type[_Range]) -> _Range | None:
    """Give the one range that a field is asked for."""
    found = [c.any_of for c in conditions if isinstance(c, Criterion) and c.key.field == field]
    if len(found) == 1 and len(found[0]) == 1 and isinstance(found[0][0], kind):
        return found[0][0]
    return None
