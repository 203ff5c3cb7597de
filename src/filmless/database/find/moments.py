"""Moments of rows as SQL, at the offset from UTC that a query names."""

from datetime import date, timedelta

from filmless.archive.query.zone import DATE_OF_TIME, TIME_OF_DATE

STUDY_DATE = 0x00080020

_FARTHEST = timedelta(days=2)  # two offsets from UTC are at most 26 hours apart
_SENT_AT = "s.attributes #>> '{00080201,Value,0}'"
_ANY_DAY = "date '2000-01-03'"


def is_moment(tag: int) -> bool:
    """Tell whether it is a date that has its time, or such a time."""
    return tag in TIME_OF_DATE or tag in DATE_OF_TIME


def moment_of(date_tag: int, zone: str | None) -> str:
    """Give the timestamp of a date and its time; ``zone`` holds minutes east of UTC, None leaves it as sent."""
    day, moment = _columns(date_tag)
    if zone is None:
        return f"({day} + coalesce({moment}, time '00:00'))"
    return f"moment_at({day}, {moment}, {_SENT_AT}, {zone}::integer)"


def time_of_day(time_tag: int, zone: str) -> str:
    """Give a timestamp with the time of day, null where there is no time; it may have no date."""
    day, moment = _columns(DATE_OF_TIME[time_tag])
    at_zone = f"moment_at(coalesce({day}, {_ANY_DAY}), {moment}, {_SENT_AT}, {zone}::integer)"
    return f"(case when {moment} is not null then {at_zone} end)"


def near(end: date, sign: str, zone: str | None) -> date:
    """Give the end of a range of days as sent that no moment at another offset lies beyond."""
    try:
        return end if zone is None else end - _FARTHEST if sign == ">=" else end + _FARTHEST
    except OverflowError:
        return end


def _columns(date_tag: int) -> tuple[str, str]:
    if date_tag == STUDY_DATE:
        return "s.date_key", "s.time_key"
    tags = (date_tag, TIME_OF_DATE[date_tag])
    day, moment = (f"e.attributes #>> '{{{tag:08X},Value,0}}'" for tag in tags)
    return f"date_of({day})", f"time_of({moment})"
