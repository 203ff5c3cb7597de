"""Dates and times at the offset from UTC that a query names (Timezone Offset From UTC, PS3.3 C.12.1.1.1)."""

from datetime import date, datetime, time, timedelta

from filmless.archive.errors import BadQuery
from filmless.archive.model import DicomJson
from filmless.archive.query.match_values import read_offset
from filmless.standards.dicom.dates import date_of, time_of

OFFSET = 0x00080201

# Each date with the time that belongs to it; a birth date is no moment.
TIME_OF_DATE = {
    0x00080020: 0x00080030,
    0x00080021: 0x00080031,
    0x00080022: 0x00080032,
    0x00080023: 0x00080033,
    0x00400244: 0x00400245,
    0x00400250: 0x00400251,
}
DATE_OF_TIME = {time_tag: date_tag for date_tag, time_tag in TIME_OF_DATE.items()}


def with_partners(tags: frozenset[int]) -> frozenset[int]:
    """Add what it takes to move dates and times: each its other half, and the offset of the sender."""
    halves = TIME_OF_DATE | DATE_OF_TIME
    return tags | {OFFSET} | {halves[tag] for tag in tags if tag in halves}


def at_offset(match: DicomJson, minutes: int) -> DicomJson:
    """Give the match with its moments at this offset; without an offset of the sender they stay as they are."""
    try:
        sent_at = read_offset(_value(match, OFFSET))
    except BadQuery:
        sent_at = None
    if sent_at is None:
        return match
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    moved: DicomJson = {_key(OFFSET): {"vr": "SH", "Value": [f"{sign}{hours:02d}{rest:02d}"]}}
    for date_tag, time_tag in TIME_OF_DATE.items():
        day, moment = date_of(_value(match, date_tag)), time_of(_value(match, time_tag))
        if day is not None and moment is not None:
            shifted = _shifted(day, moment, minutes - sent_at)
            if shifted is not None:
                moved[_key(date_tag)] = {"vr": "DA", "Value": [shifted.strftime("%Y%m%d")]}
                moved[_key(time_tag)] = {"vr": "TM", "Value": [_as_precise(shifted, _value(match, time_tag))]}
    return match | moved


def _shifted(day: date, moment: time, minutes: int) -> datetime | None:
    try:
        return datetime.combine(day, moment) + timedelta(minutes=minutes)
    except OverflowError:
        return None


def _as_precise(moment: datetime, sent: str) -> str:
    """Write a time with the parts that the sender wrote."""
    whole, _, fraction = sent.replace(":", "").strip(" \0").partition(".")
    if fraction:
        return moment.strftime("%H%M%S.%f")[: 7 + len(fraction)]
    return moment.strftime("%H%M%S")[: max(len(whole), 4)]  # a shift by half an hour needs the minutes


def _value(match: DicomJson, tag: int) -> str:
    values = match.get(_key(tag), {}).get("Value")
    return str(values[0]) if isinstance(values, list) and values and values[0] is not None else ""


def _key(tag: int) -> str:
    return f"{tag:08X}"
