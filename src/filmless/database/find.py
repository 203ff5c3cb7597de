"""Finds what a query asks for within a scope: pages, streams and counts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from filmless.archive.cursor import SortValue, read_cursor, write_cursor
from filmless.archive.errors import BadQuery
from filmless.archive.matching import read_query
from filmless.archive.model import Count, DicomJson, Page, Query
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.find_rows import Answer, ReadHeader, Row, RowReader, answer_to
from filmless.database.query_sql import Compiler, segments

Cursor = psycopg.Cursor[Any] | psycopg.ServerCursor[Any]

PAGE = 1_000  # rows, where a query names no limit
LARGEST_PAGE = 100_000  # rows
COUNTED = 10_000  # rows; more are counted on demand only
_FIRST_ROWS = 200  # of a stream are asked for at once: most lists end there
_FETCHED_ROWS = 500  # of a longer stream at a time
_LARGEST_OFFSET = 1 << 62


class PostgresFind:
    """Searches the rows of patient, study, series and instance."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, query: Query, scope: Scope, read_header: ReadHeader | None = None) -> Page:
        """Give one page; ``read_header`` is asked for attributes that only the stored object holds.

        Raises ``BadQuery`` for what cannot be understood, ``Unavailable`` when the database does not answer in time.
        """
        limit = _within(query.limit, "limit", PAGE, LARGEST_PAGE)
        offset = _within(query.offset, "offset", 0, _LARGEST_OFFSET)
        search = _Search(query, scope, headers=read_header is not None)
        after = read_cursor(query, search.kinds)
        with _cursor(self._database) as cursor:
            rows = search.first_rows(cursor, after, limit + 1, offset)
        matches = list(map(RowReader(search.answer, read_header), rows[:limit]))
        more = 0 < limit < len(rows)
        return Page(matches, search.cursor_at(rows[limit - 1]) if more else None, search.criteria.unsupported)

    def stream(self, query: Query, scope: Scope, read_header: ReadHeader | None = None) -> Iterator[DicomJson]:
        """Give all matches as they are read, up to the query's limit; closing the iterator frees the connection.

        Understands the query at once, so a bad one is refused before the first match is asked for.
        """
        limit = None if query.limit is None else _within(query.limit, "limit", 0, _LARGEST_OFFSET)
        offset = _within(query.offset, "offset", 0, _LARGEST_OFFSET)
        search = _Search(query, scope, headers=read_header is not None)
        after = read_cursor(query, search.kinds)
        return self._matches(search, _Span(after, offset, limit), read_header)

    def count(self, query: Query, scope: Scope, *, exact: bool = False) -> Count:
        """Count the matches: to 10,000 and then "more than", or all of them where it is asked for exactly."""
        compiler = Compiler(query, read_query(query), scope)
        statement = compiler.count(None if exact else COUNTED + 1)
        with _cursor(self._database) as cursor:
            counted = cursor.execute(statement.sql.encode(), statement.values, prepare=False).fetchone()
        number = int(counted["count"]) if counted else 0
        return Count(number, is_exact=True) if exact or number <= COUNTED else Count(COUNTED, is_exact=False)

    def _matches(self, search: "_Search", span: "_Span", read_header: ReadHeader | None) -> Iterator[DicomJson]:
        """Read the begin in one step, which is all of most lists, and what is left through a cursor of the server."""
        reader = RowReader(search.answer, read_header)
        wanted = _FIRST_ROWS if span.limit is None else min(span.limit, _FIRST_ROWS)
        with _cursor(self._database) as cursor:
            rows = search.first_rows(cursor, span.after, wanted, span.offset)
        yield from map(reader, rows)
        if len(rows) < wanted or wanted == span.limit:
            return
        left = None if span.limit is None else span.limit - wanted
        for segment in segments(search.compiler.sortings, search.sort_values(rows[-1])):
            statement = search.compiler.page(search.answer.fields, segment, left)
            with _cursor(self._database, name="matches") as cursor:
                cursor.execute(statement.sql.encode(), statement.values)
                for row in cursor:
                    yield reader(row)
                    left = None if left is None else left - 1
            if left == 0:
                return


@dataclass(frozen=True, slots=True)
class _Span:
    """The part of a list that is asked for."""

    after: Sequence[SortValue] | None
    offset: int
    limit: int | None


class _Search:
    """A query, understood: its statements and what its rows become."""

    def __init__(self, query: Query, scope: Scope, *, headers: bool) -> None:
        self._query = query
        self.criteria = read_query(query)
        self.answer: Answer = answer_to(query, self.criteria, headers=headers)
        self.compiler = Compiler(query, self.criteria, scope)
        self.kinds = [sorting.column.kind for sorting in self.compiler.sortings]

    def first_rows(self, cursor: Cursor, after: Sequence[SortValue] | None, limit: int, offset: int) -> list[Row]:
        """Read rows of all segments until there are enough; an offset counts from the begin of the list."""
        rows: list[Row] = []
        for segment in segments(self.compiler.sortings, after):
            skipped = offset if after is None else 0
            statement = self.compiler.page(self.answer.fields, segment, limit - len(rows), skipped)
            rows += cursor.execute(statement.sql.encode(), statement.values, prepare=False).fetchall()
            if len(rows) >= limit:
                break
        return rows

    def sort_values(self, row: Row) -> list[SortValue]:
        """Give what a row is sorted by."""
        return [row[f"sort{n}"] for n in range(len(self.kinds))]

    def cursor_at(self, row: Row) -> str:
        """Give the cursor of a page that ends with this row."""
        return write_cursor(self._query, self.sort_values(row))


@contextmanager
def _cursor(database: Database, name: str = "") -> Iterator[Cursor]:
    """Open a cursor, on the server where it has a name; values that the database cannot compare are a bad query."""
    with database.connection() as connection, connection.cursor(name, row_factory=dict_row) as cursor:
        if name:
            cursor.itersize = _FETCHED_ROWS
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
