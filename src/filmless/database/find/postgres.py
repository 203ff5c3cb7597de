"""Finds what a query asks for within a scope: pages, streams and counts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from filmless.archive.errors import BadQuery, Unavailable
from filmless.archive.model import Count, DicomJson, Page, Query
from filmless.archive.query.cursor import Seal, SortValue, read_cursor, write_cursor
from filmless.archive.query.matching import read_query, unsupported_keys
from filmless.archive.scope import Scope
from filmless.database.connect import Database, Interrupt
from filmless.database.find.query_sql import Compiler, Segment, Statement, segments
from filmless.database.find.rows import Answer, ReadHeader, Row, RowReader, answer_to

Cursor = psycopg.Cursor[Any]

PAGE = 1_000  # rows, where a query names no limit
LARGEST_PAGE = 100_000  # rows
COUNTED = 10_000  # rows; more are counted on demand only, and are not sorted to find the first
_FIRST_ROWS = 200  # of a stream are asked for at once: most lists end there
_MORE_ROWS = 2_000  # of a longer stream at a time
_LARGEST_OFFSET = 1 << 62
_KEPT_PLAN = 2_000  # rows by their ids; for more the planner looks for a way of its own


class PostgresFind:
    """Searches the rows of patient, study, series and instance."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    def find(self, query: Query, scope: Scope, read_header: ReadHeader | None = None) -> Page:
        """Give one page; ``read_header`` is asked for attributes that only the stored object holds.

        Raises ``BadQuery`` for what cannot be understood, ``Unavailable`` when the database does not answer in time.
        """
        limit = _within(query.limit, "limit", PAGE, LARGEST_PAGE)
        offset = _within(query.offset, "offset", 0, _LARGEST_OFFSET)
        search = KeySearch(query, scope, headers=read_header is not None)
        after = read_cursor(query, search.kinds, self._seal)
        with open_cursor(self._database) as cursor:
            keys = search.keys(cursor, after, limit + 1, offset)
            rows = search.rows(cursor, keys[:limit])
        matches = list(map(RowReader(search.answer, read_header), rows))
        more = 0 < limit < len(keys)
        cursor_text = write_cursor(query, search.sort_values(keys[limit - 1]), self._seal) if more else None
        return Page(matches, cursor_text, search.criteria.unsupported)

    def stream(self, query: Query, scope: Scope, read_header: ReadHeader | None = None) -> "Stream":
        """Give all matches as they are read, up to the query's limit; no connection is held between them.

        Understands the query at once, so a bad one is refused before the first match is asked for.
        """
        limit = None if query.limit is None else _within(query.limit, "limit", 0, _LARGEST_OFFSET)
        offset = _within(query.offset, "offset", 0, _LARGEST_OFFSET)
        search = KeySearch(query, scope, headers=read_header is not None)
        after = read_cursor(query, search.kinds, self._seal)
        return Stream(self._database, search, _Span(after, offset, limit), RowReader(search.answer, read_header))

    def count(self, query: Query, scope: Scope, *, exact: bool = False) -> Count:
        """Count the matches: to 10,000 and then "more than", or all of them where it is asked for exactly."""
        search = KeySearch(query, scope, headers=False)
        with open_cursor(self._database) as cursor:
            return search.count(cursor, exact=exact)


@dataclass(frozen=True, slots=True)
class _Span:
    """The part of a list that is asked for."""

    after: Sequence[SortValue] | None
    offset: int
    limit: int | None


class Stream:
    """Matches in order, read in portions, each behind the last: while a peer takes its time no connection is held."""

    def __init__(self, database: Database, search: "KeySearch", span: _Span, reader: RowReader) -> None:
        self.unsupported = unsupported_keys(search.query, search.criteria)
        self._interrupt = Interrupt()
        self._matches = _matches(database, search, span, reader, self._interrupt)

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> DicomJson:
        return next(self._matches)

    def cancel(self) -> None:
        """End it from another thread: what the database does for it is broken off."""
        self._interrupt.set()


def _matches(
    database: Database, search: "KeySearch", span: _Span, reader: RowReader, interrupt: Interrupt
) -> Iterator[DicomJson]:
    after, offset, left, portion = span.after, span.offset, span.limit, _FIRST_ROWS
    while left is None or left > 0:
        wanted = portion if left is None else min(left, portion)
        try:
            with open_cursor(database, interrupt) as cursor:
                keys = search.keys(cursor, after, wanted, offset)
                rows = search.rows(cursor, keys)
        except Unavailable:
            if interrupt.is_set:
                return
            raise
        yield from map(reader, rows)
        if len(keys) < wanted:
            return
        after, offset, portion = search.sort_values(keys[-1]), 0, _MORE_ROWS
        left = None if left is None else left - wanted


class KeySearch:
    """A query, understood: its statements and what its rows become."""

    def __init__(self, query: Query, scope: Scope, *, headers: bool) -> None:
        self.query, self.criteria = query, read_query(query)
        self.answer: Answer = answer_to(query, self.criteria, headers=headers)
        self.compiler = Compiler(query, self.criteria, scope)
        self.kinds = [sorting.column.kind for sorting in self.compiler.sortings]
        self._id = f"sort{len(self.kinds) - 1}"

    def keys(self, cursor: Cursor, after: Sequence[SortValue] | None, limit: int, offset: int) -> list[Row]:
        """Find rows of all segments until there are enough; an offset counts from the begin of the list."""
        keys: list[Row] = []
        for segment in segments(self.compiler.sortings, after):
            keys += self._segment_keys(cursor, segment, limit - len(keys), offset if after is None else 0)
            if len(keys) >= limit:
                break
        return keys

    def count(self, cursor: Cursor, *, exact: bool = False) -> Count:
        """Count the matches: to 10,000 and then "more than", or all of them."""
        (counted,) = _fetched(cursor, self.compiler.count(None if exact else COUNTED + 1))
        number = int(counted["count"])
        return Count(number, is_exact=True) if exact or number <= COUNTED else Count(COUNTED, is_exact=False)

    def rows(self, cursor: Cursor, keys: Sequence[Row]) -> list[Row]:
        """Read what is shown of the rows that were found, in their order."""
        if not keys:
            return []
        ids = [row[self._id] for row in keys]
        statement = self.compiler.rows(self.answer.fields, ids)
        found = {row["id"]: row for row in _fetched(cursor, statement, keep_plan=len(ids) <= _KEPT_PLAN)}
        return [found[one] for one in ids if one in found]  # one may be gone since

    def _segment_keys(self, cursor: Cursor, segment: Segment, limit: int, offset: int) -> list[Row]:
        if self.compiler.is_narrowed:
            keys = _fetched(cursor, self.compiler.keys(segment, limit, offset, among=COUNTED))
            if keys[0]["found"] <= COUNTED if keys else offset == 0:
                return keys
        return _fetched(cursor, self.compiler.keys(segment, limit, offset))

    def sort_values(self, row: Row) -> list[SortValue]:
        """Give what a row is sorted by."""
        return [row[f"sort{n}"] for n in range(len(self.kinds))]


def _fetched(cursor: Cursor, statement: Statement, *, keep_plan: bool = False) -> list[Row]:
    """Run a statement. Without ``keep_plan`` it is planned for its own values: no other plan knows which are rare."""
    rows: list[Row] = cursor.execute(statement.sql.encode(), statement.values, prepare=keep_plan).fetchall()
    return rows


@contextmanager
def open_cursor(database: Database, interrupt: Interrupt | None = None) -> Iterator[Cursor]:
    """Open a cursor; values that the database cannot compare are a bad query."""
    with (
        database.reading() as connection,
        nullcontext() if interrupt is None else interrupt.over(connection),
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        try:
            yield cursor
        except psycopg.DataError as error:
            raise BadQuery("a value cannot be compared") from error


def _within(number: int | None, name: str, default: int, largest: int) -> int:
    """Give a count of rows that was asked for, cut at the largest."""
    if number is None:
        return default
    if number < 0:
        raise BadQuery(f"{name}: less than 0")
    return min(number, largest)
