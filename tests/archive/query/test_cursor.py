"""Cursors tell nothing, and are good only where and for what they were given."""

import base64
from datetime import UTC, date, datetime, time

import pytest

from filmless.access.seal import KEY_BYTES, AesSivSeal
from filmless.archive.errors import BadQuery
from filmless.archive.model import Level, Order, Query
from filmless.archive.query.cursor import SortKind, SortValue, read_cursor, write_cursor
from seals import SEAL

PATIENT_NAME, PATIENT_ID = 0x00100010, 0x00100020
BY_NAME = Query(Level.STUDY, order=(Order(PATIENT_NAME),))
KINDS = (SortKind.TEXT, SortKind.NUMBER)
CURSOR = write_cursor(BY_NAME, ("müller^anna", 4711), SEAL)


def behind(cursor: str, query: Query = BY_NAME) -> Query:
    return Query(query.level, query.matches, order=query.order, after=cursor)


def raw(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def test_a_cursor_shows_neither_names_nor_keys() -> None:
    assert not any(secret.encode() in raw(CURSOR) for secret in ("müller", "anna", "4711"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SortKind.TEXT, "müller^anna"),
        (SortKind.NUMBER, -(1 << 63)),
        (SortKind.DATE, date(2026, 2, 28)),
        (SortKind.TIME, time(23, 59, 59, 999_999)),
        (SortKind.MOMENT, datetime(2026, 2, 28, 12, tzinfo=UTC)),
        (SortKind.TEXTS, ["CT", "SR"]),
        (SortKind.TEXT, None),
    ],
)
def test_a_cursor_gives_back_the_values_it_holds(kind: SortKind, value: SortValue) -> None:
    cursor = write_cursor(BY_NAME, (value, 1), SEAL)
    assert read_cursor(behind(cursor), (kind, SortKind.NUMBER), SEAL) == [value, 1]


def test_a_cursor_with_any_bit_changed_is_refused() -> None:
    for place in range(len(raw(CURSOR))):
        changed = bytearray(raw(CURSOR))
        changed[place] ^= 1
        with pytest.raises(BadQuery, match="ask without it"):
            read_cursor(behind(base64.urlsafe_b64encode(changed).decode()), KINDS, SEAL)


@pytest.mark.parametrize("length", range(0, len(CURSOR), 7))
def test_a_cursor_that_was_cut_is_refused(length: int) -> None:
    with pytest.raises(BadQuery):
        read_cursor(behind(CURSOR[:length]), KINDS, SEAL)


def test_a_cursor_of_another_archive_is_refused() -> None:
    theirs = write_cursor(BY_NAME, ("müller^anna", 4711), AesSivSeal(bytes(KEY_BYTES)))
    with pytest.raises(BadQuery):
        read_cursor(behind(theirs), KINDS, SEAL)


@pytest.mark.parametrize(
    "other",
    [
        Query(Level.SERIES, order=BY_NAME.order),
        Query(Level.STUDY, order=(Order(PATIENT_NAME, descending=True),)),
        Query(Level.STUDY, (((PATIENT_ID,), "P1"),), order=BY_NAME.order),
    ],
)
def test_a_cursor_of_another_query_is_refused(other: Query) -> None:
    with pytest.raises(BadQuery):
        read_cursor(behind(CURSOR, other), KINDS, SEAL)
