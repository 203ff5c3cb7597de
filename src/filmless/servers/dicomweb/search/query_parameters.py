"""The query string of a search as the archive's ``Query`` (PS3.18 8.3.4)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from filmless.archive.model import Level, Order, Query
from filmless.servers.http_messages import Problem
from filmless.standards.dicom.dictionary import tag_of
from filmless.standards.dicom.uids import is_uid

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000  # a higher one is taken as this, with a Warning and a Link when there is more
MAX_OFFSET = 2**31 - 1

STUDY_UID, SERIES_UID = (0x0020000D,), (0x0020000E,)

_TAG = re.compile(r"[0-9A-Fa-f]{8}")


@dataclass(slots=True)
class _Reading:
    query: Query
    matches: list[tuple[tuple[int, ...], str]] = field(default_factory=list)
    include: set[int] = field(default_factory=set)
    ignored: list[str] = field(default_factory=list)
    is_counted: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The query, and what a search may ask for beside it."""

    query: Query
    ignored: tuple[str, ...] = ()  # fields asked to be included that no dictionary knows
    is_counted: bool = False  # the number of all matches is wanted


def read_query(fields: list[tuple[str, str]], level: Level, parameters: dict[str, str]) -> Asked:
    """What a query string asks for; ``Problem`` 400 where it cannot be understood."""
    reading = _Reading(Query(level, limit=DEFAULT_LIMIT, combined=True))
    for name, path in (("study", STUDY_UID), ("series", SERIES_UID)):
        if name in parameters:
            reading.matches.append((path, _legal_uid(parameters[name])))
    for name, value in fields:
        reader = _READERS.get(name.lower())
        if reader is not None:
            reader(reading, value)
        else:
            reading.matches.append((_path(name), value))
    query = replace(reading.query, matches=tuple(reading.matches), include=frozenset(reading.include))
    return Asked(query, tuple(reading.ignored), reading.is_counted)


def _legal_uid(text: str) -> str:
    if not is_uid(text):
        raise Problem(400, "A UID in the address is malformed.")
    return text


def _path(name: str) -> tuple[int, ...]:
    """The tags that an attribute's name stands for: keywords or tags, joined by points."""
    tags = tuple(_tag(part) for part in name.split("."))
    known = tuple(tag for tag in tags if tag is not None)
    if len(known) != len(tags):
        raise Problem(400, "A query parameter is neither an attribute nor one of this service.")
    return known


def _tag(text: str) -> int | None:
    return int(text, 16) if _TAG.fullmatch(text) else tag_of(text)


def _number(name: str, value: str, highest: int) -> int:
    if not (value.isascii() and value.isdecimal()):
        raise Problem(400, f"{name} must be a number of 0 or more.")
    return min(int(value[:20]), highest)


def _limit(reading: _Reading, value: str) -> None:
    reading.query = replace(reading.query, limit=_number("limit", value, MAX_LIMIT))


def _offset(reading: _Reading, value: str) -> None:
    reading.query = replace(reading.query, offset=_number("offset", value, MAX_OFFSET))


def _cursor(reading: _Reading, value: str) -> None:
    reading.query = replace(reading.query, after=value)


def _fuzzy(reading: _Reading, value: str) -> None:
    reading.query = replace(reading.query, fuzzy=_truth("fuzzymatching", value))


def _multiple(reading: _Reading, value: str) -> None:
    reading.query = replace(reading.query, all_values=_truth("multiplevaluematching", value))


def _empty(_reading: _Reading, value: str) -> None:
    _truth("emptyvaluematching", value)  # two quotation marks match what has no value in any case


def _truth(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise Problem(400, f"{name} must be true or false.")
    return value.lower() == "true"


def _order(reading: _Reading, value: str) -> None:
    """Names of attributes, parted by commas; a hyphen before one turns its order round."""
    orders = []
    for name in filter(None, (part.strip() for part in value.split(","))):
        tag = _tag(name.removeprefix("-"))
        if tag is None:
            raise Problem(400, "orderby names what is no attribute.")
        orders.append(Order(tag, descending=name.startswith("-")))
    reading.query = replace(reading.query, order=(*reading.query.order, *orders))


def _count(reading: _Reading, value: str) -> None:
    reading.is_counted = _truth("totalcount", value)


def _include(reading: _Reading, value: str) -> None:
    for name in filter(None, (part.strip() for part in value.split(","))):
        if name.lower() == "all":
            reading.query = replace(reading.query, include_all=True)
            continue
        tag = _tag(name.split(".")[0])
        if tag is None:
            reading.ignored.append(f"includefield {name[:64]}")
        else:
            reading.include.add(tag)


def _nothing(reading: _Reading, value: str) -> None:
    """``accept`` is read by the content negotiation."""


_READERS: dict[str, Callable[[_Reading, str], None]] = {
    "limit": _limit,
    "offset": _offset,
    "cursor": _cursor,
    "fuzzymatching": _fuzzy,
    "multiplevaluematching": _multiple,
    "emptyvaluematching": _empty,
    "includefield": _include,
    "orderby": _order,
    "totalcount": _count,
    "accept": _nothing,
    "charset": _nothing,
}

SEARCH_PARAMETERS = tuple(_READERS)
