"""Dates and times as senders write them (PS3.5 6.2)."""

from datetime import date, time


def date_of(text: str) -> date | None:
    """A DA, also as ACR-NEMA wrote it with full stops (PS3.5 6.2); None where it is no date."""
    digits = text.replace(".", "")
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def time_of(text: str) -> time | None:
    """A TM, which may end after hours or minutes (PS3.5 6.2); None where it is no time."""
    whole, _, fraction = text.replace(":", "").partition(".")
    if len(whole) not in (2, 4, 6) or not (whole + fraction).isascii() or not (whole + fraction).isdigit():
        return None
    try:
        hour, minute, second = (int(whole[at : at + 2] or 0) for at in (0, 2, 4))
        return time(hour, minute, min(second, 59), int(fraction[:6].ljust(6, "0")))  # a leap second has no type
    except ValueError:
        return None
