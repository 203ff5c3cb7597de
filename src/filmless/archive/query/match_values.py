"""Values of keys as a query writes them, read into what is wanted (PS3.4 C.2.2.2)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, auto

from filmless.archive.errors import BadQuery
from filmless.standards.dicom.text import fold, sounds
from filmless.standards.dicom.uids import is_uid

MAX_VALUE = 4_096  # characters of one value
MAX_VALUES = 10_000  # in a list of UIDs
MAX_WORDS = 16  # of a free text


class Kind(Enum):
    """How values of a key are compared."""

    UID = auto()
    CODE = auto()  # no comma can be part of a value, so lists may be written with it
    TEXT = auto()
    LONG_TEXT = auto()  # a backslash is part of the value (PS3.5 6.2)
    NAME = auto()
    DATE = auto()
    TIME = auto()
    DATETIME = auto()
    NUMBER = auto()
    SEQUENCE = auto()


KIND_OF_VR = {
    "AE": Kind.TEXT, "AS": Kind.TEXT, "AT": Kind.TEXT, "CS": Kind.CODE, "DA": Kind.DATE, "DS": Kind.NUMBER,
    "DT": Kind.DATETIME, "FD": Kind.NUMBER, "FL": Kind.NUMBER, "IS": Kind.NUMBER, "LO": Kind.TEXT,
    "LT": Kind.LONG_TEXT, "PN": Kind.NAME, "SH": Kind.TEXT, "SL": Kind.NUMBER, "SQ": Kind.SEQUENCE,
    "SS": Kind.NUMBER, "ST": Kind.LONG_TEXT, "SV": Kind.NUMBER, "TM": Kind.TIME, "UC": Kind.TEXT, "UI": Kind.UID,
    "UL": Kind.NUMBER, "UR": Kind.LONG_TEXT, "US": Kind.NUMBER, "UT": Kind.LONG_TEXT, "UV": Kind.NUMBER,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exact:
    """Single value matching, case and all (PS3.4 C.2.2.2.1)."""

    text: str


@dataclass(frozen=True, slots=True)
class Like:
    """Wild card matching: ``*`` any characters, ``?`` one (PS3.4 C.2.2.2.4)."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name: one folded pattern for any group, or one per group (PS3.5 6.2.1.1); "" matches all."""

    groups: tuple[str, ...]
    text: str  # as asked, where what is compared with is not folded


@dataclass(frozen=True, slots=True)
class Sounds:
    """Fuzzy matching of a person's name: each word's code is among the codes of the name (PS3.18 8.3.4.2)."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Fuzzy matching of a person's name: each folded word begins a word of the name, in whatever order."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dates:
    """Range matching, both ends included (PS3.4 C.2.2.2.5)."""

    low: date | None
    high: date | None


@dataclass(frozen=True, slots=True)
class Times:
    """Range matching; an end without minutes or seconds reaches over all of them."""

    low: time | None
    high: time | None


@dataclass(frozen=True, slots=True)
class Moments:
    """Range matching of DT: ends as 20 digits, YYYYMMDDHHMMSSFFFFFF; in UTC where an end named its offset."""

    low: str | None
    high: str | None
    is_utc: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """Single value matching of IS, DS and binary numbers, by value."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Empty:
    """Empty value matching (PS3.4 C.2.2.2.7)."""


Wanted = Exact | Like | Name | Sounds | Words | Dates | Times | Moments | Number | Empty


_EMPTY = '""'  # two quotation marks (PS3.4 C.2.2.2.7)
_DATE = re.compile(r"(\d{4})(\.?)(\d{2})\2(\d{2})", re.ASCII)  # with dots: as before 1993 (PS3.5 6.2)
_TIME = re.compile(r"(\d{2})(?:(:?)(\d{2})(?:\2(\d{2})(?:\.(\d{1,6}))?)?)?", re.ASCII)
_MOMENT = re.compile(r"(\d{4}(?:\d{2}){0,5})(?:\.(\d{1,6}))?([+-](?:0\d|1[0-4])[0-5]\d)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_OFFSET = re.compile(r"([+-])(0\d|1[0-4])([0-5]\d)", re.ASCII)
_FIRST_MOMENT, _LAST_MOMENT = "00000101000000000000", "99991231235959999999"


def is_universal(value: str) -> bool:
    """Tell whether the value matches everything, the unknown too (PS3.4 C.2.2.2.3)."""
    return not value.strip(" \0*")


def is_wild(text: str) -> bool:
    """Tell whether the text holds a wild card."""
    return "*" in text or "?" in text


def words_of(text: str) -> tuple[str, ...]:
    """Give the folded words of a free text; raises ``BadQuery`` for too many and for what no text can hold."""
    _check("text", text)
    words = [word for part in re.split(r"[\s^=,]+", text) for word in fold(part).split()]
    if len(words) > MAX_WORDS:
        raise BadQuery(f"more than {MAX_WORDS} words")
    return tuple(words)


def name_key(text: str) -> str:
    """Give what a person's name is found by: each group folded, closing carets dropped, joined by ``=``."""
    return "=".join(_folded_group(group) for group in text.split("=")[:3]).rstrip("=")


def read_value(name: str, kind: Kind, value: str) -> tuple[Wanted, ...]:
    """Read the value of a key, one of which must be met; raises ``BadQuery`` that names the key."""
    value = value.strip(" \0")
    if kind is Kind.UID:
        return _uids(name, value)
    _check(name, value)
    if kind is Kind.LONG_TEXT:
        parts = [value]
    else:
        parts = [part.strip(" \0") for part in re.split(r"[\\,]" if kind is Kind.CODE else r"\\", value)]
    read = _READERS[kind]
    return tuple(Empty() if part == _EMPTY else read(name, part) for part in parts if part)


def sounds_like(value: str) -> Sounds | None:
    """Give the sound of a name that is asked for, None where its letters have none."""
    codes = tuple(sorted(set(sounds(value.replace("*", " ").replace("?", " ")))))
    return Sounds(codes) if codes else None


def begins_of_words(value: str) -> Words | None:
    """Give the words of a name that is asked for, None where there are none."""
    words = tuple(sorted(set(re.findall(r"\w+", fold(value)))))[:MAX_WORDS]
    return Words(words) if words else None


def _check(name: str, value: str) -> None:
    """Refuse what no stored text can be equal to and what the database cannot be asked."""
    if len(value) > MAX_VALUE:
        raise BadQuery(f"{name}: the value is longer than {MAX_VALUE} characters")
    if any(character < " " and character not in "\t\n\f\r\x1b" for character in value):
        raise BadQuery(f"{name}: the value holds a control character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadQuery(f"{name}: the value is not text") from error


def _uids(name: str, value: str) -> tuple[Wanted, ...]:
    uids = [uid for uid in (part.strip(" \0") for part in re.split(r"[\\,]", value)) if uid]
    if len(uids) > MAX_VALUES:
        raise BadQuery(f"{name}: more than {MAX_VALUES} UIDs")
    if not all(is_uid(uid) for uid in uids):
        raise BadQuery(f"{name}: not a UID or a list of UIDs")
    return tuple(Exact(uid) for uid in dict.fromkeys(uids))


def _text(_name: str, value: str) -> Wanted:
    return Like(_merged_wild_cards(value)) if is_wild(value) else Exact(value)


def _merged_wild_cards(value: str) -> str:
    """Write each run of wild cards as its question marks and one asterisk: the same meaning, no needless search."""
    return re.sub(r"[*?]{2,}", lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), value)


def _name(name: str, value: str) -> Wanted:
    groups = tuple("" if is_universal(group) else _folded_group(group) for group in value.split("=")[:3])
    if not any(groups) and value.strip("^=* "):
        raise BadQuery(f"{name}: the value holds no letters")
    return Name(groups, _merged_wild_cards(value.rstrip("^= ")))


def _folded_group(group: str) -> str:
    pieces = re.split(r"([*?]+)", group)
    folded = "".join(_merged_wild_cards(piece) if is_wild(piece) else fold(piece) for piece in pieces)
    return folded.strip().rstrip("^ ")


def _dates(name: str, value: str) -> Wanted:
    low, high = _ends(name, value)
    return Dates(_date(name, low), _date(name, high))


def _ends(name: str, value: str) -> tuple[str, str]:
    """Split a range at its hyphen; a single value is both ends."""
    low, hyphen, high = (part.strip() for part in value.partition("-"))
    if not hyphen:
        return low, low
    if not low and not high:
        raise BadQuery(f"{name}: a range needs a begin or an end")
    return low, high


def _date(name: str, text: str) -> date | None:
    if not text:
        return None
    parts = _DATE.fullmatch(text)
    try:
        if parts is not None:
            return date(int(parts[1]), int(parts[3]), int(parts[4]))
    except ValueError:
        pass
    raise BadQuery(f"{name}: not a date (YYYYMMDD) or a range of dates")


def _times(name: str, value: str) -> Wanted:
    low, high = _ends(name, value)
    return Times(_time(name, low, last=False), _time(name, high, last=True))


def _time(name: str, text: str, *, last: bool) -> time | None:
    """Read the first or the last moment that the text, with what it leaves out, can mean."""
    if not text:
        return None
    parts = _TIME.fullmatch(text)
    if parts is None:
        raise BadQuery(f"{name}: not a time (HHMMSS) or a range of times")
    rest = "59" if last else "00"
    hour, minute, second = int(parts[1]), int(parts[3] or rest), min(int(parts[4] or rest), 60)
    fraction = int((parts[5] or "").ljust(6, "9" if last else "0"))
    try:
        return time(hour, minute, min(second, 59), fraction)  # 60 is a leap second (PS3.5 6.2)
    except ValueError as error:
        raise BadQuery(f"{name}: not a time (HHMMSS) or a range of times") from error


def _moments(name: str, value: str) -> Wanted:
    """Read a moment or a range; a hyphen with four digits behind a moment is an offset from UTC (PS3.5 6.2)."""
    hyphens = [match.start() for match in re.finditer("-", value)]
    for low, high in [(value, value), *((value[:at].strip(), value[at + 1 :].strip()) for at in hyphens)]:
        ends = [_MOMENT.fullmatch(end) if end else None for end in (low, high)]
        if (low or high) and all(found is not None or not end for found, end in zip(ends, (low, high), strict=True)):
            is_utc = any(end is not None and end[3] for end in ends)
            return Moments(_digits(ends[0], _FIRST_MOMENT), _digits(ends[1], _LAST_MOMENT), is_utc)
    raise BadQuery(f"{name}: not a moment (YYYYMMDDHHMMSS) or a range of moments")


def _digits(moment: re.Match[str] | None, rest: str) -> str | None:
    if moment is None:
        return None
    digits = moment[1]
    fraction = "" if moment[2] is None else moment[2]
    if len(digits) == 14:
        digits += fraction
    digits += rest[len(digits) :]
    return _in_utc(digits, read_offset(moment[3])) if moment[3] else digits


def _in_utc(digits: str, minutes: int | None) -> str:
    """Take the offset off; what no calendar has stays as it is."""
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S%f") - timedelta(minutes=minutes or 0)  # noqa: DTZ007  digits
    except (ValueError, OverflowError):
        return digits
    return f"{moment.year:04d}{moment:%m%d%H%M%S%f}"


def read_offset(value: str) -> int | None:
    """Give the minutes east of UTC that an offset names, None for an empty one; ``BadQuery`` for what is none."""
    text = value.strip(" \0")
    if not text:
        return None
    parts = _OFFSET.fullmatch(text)
    if parts is None:
        raise BadQuery("TimezoneOffsetFromUTC: not an offset such as +0100")
    return (-1 if parts[1] == "-" else 1) * (int(parts[2]) * 60 + int(parts[3]))


def _number(name: str, value: str) -> Wanted:
    if _NUMBER.fullmatch(value) is None:
        raise BadQuery(f"{name}: not a number")
    return Number(Decimal(value))


_READERS: dict[Kind, Callable[[str, str], Wanted]] = {
    Kind.CODE: _text,
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _text,
    Kind.NAME: _name,
    Kind.DATE: _dates,
    Kind.TIME: _times,
    Kind.DATETIME: _moments,
    Kind.NUMBER: _number,
}
