"""Connections to PostgreSQL: a pool per process, one transaction per use."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from filmless.archive.errors import Unavailable

Connection = psycopg.Connection[TupleRow]

STATEMENT_SECONDS = 10  # a read that takes longer is cut off
# Rows asked for lie in memory or on an SSD: reading one costs little more than reading the next.
PLANNING = "-c random_page_cost=1.1"
CHECKOUT_SECONDS = 5.0  # waiting for a free connection; then the door answers "try again"


class Database:
    """A small pool of connections; opened after the fork, since it holds threads and sockets."""

    def __init__(self, dsn: str, *, connections: int = 4, statement_seconds: int = STATEMENT_SECONDS) -> None:
        self.dsn = dsn
        self._pool = ConnectionPool(
            dsn,
            min_size=1,
            max_size=connections,
            timeout=CHECKOUT_SECONDS,
            num_workers=1,
            reconnect_timeout=2,
            check=_check,
            open=True,
            kwargs={"options": f"-c statement_timeout={statement_seconds}s -c timezone=UTC {PLANNING}"},
        )

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in one transaction, committed at the end; ``Unavailable`` when the server is lost."""
        try:
            with self._pool.connection() as connection:
                try:
                    yield connection
                except psycopg.errors.QueryCanceled as error:
                    raise Unavailable("the database took too long") from error
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    if connection.closed:
                        raise Unavailable("the database connection was lost") from error
                    raise
        except PoolTimeout as error:
            raise Unavailable("the database does not answer") from error

    def dedicated(self, **options: Any) -> Connection:
        """A connection of its own, outside the pool (LISTEN, the committer); the caller closes it."""
        try:
            return psycopg.connect(self.dsn, **options)
        except psycopg.OperationalError as error:
            raise Unavailable("the database does not answer") from error

    def close(self) -> None:
        """Close all connections; the pool cannot be used again."""
        self._pool.close()


def _check(connection: psycopg.Connection[Any]) -> None:
    """Refuse a connection whose server went away while it lay idle: only then is its socket readable."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)
