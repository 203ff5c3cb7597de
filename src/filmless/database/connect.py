"""Connections to PostgreSQL: a pool per process, one transaction per use."""

import select
import threading
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
CANCEL_SECONDS = 5.0  # for the server to take notice of a cancel
IDLE_SECONDS = 30.0  # then a connection beyond the first is closed: each has a server process of its own
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
            max_idle=IDLE_SECONDS,
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

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose statements each see what is committed: nothing but they goes to the server and back."""
        with self.connection() as connection:
            connection.autocommit = True
            try:
                yield connection
            finally:
                if not connection.closed:
                    connection.autocommit = False

    def dedicated(self, **options: Any) -> Connection:
        """A connection of its own, outside the pool (LISTEN, the committer); the caller closes it."""
        try:
            return psycopg.connect(self.dsn, **options)
        except psycopg.OperationalError as error:
            raise Unavailable("the database does not answer") from error

    def close(self) -> None:
        """Close all connections; the pool cannot be used again."""
        self._pool.close()


class Interrupt:
    """Breaks off, from another thread, the statement that runs within ``over``."""

    def __init__(self) -> None:
        self.is_set = False
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def set(self) -> None:
        """Break off what runs now, and whatever would begin later."""
        with self._lock:
            self.is_set = True
            if self._connection is not None:
                self._connection.cancel_safe(timeout=CANCEL_SECONDS)

    @contextmanager
    def over(self, connection: Connection) -> Iterator[None]:
        """Run statements that may be broken off: ``Unavailable`` when they are."""
        with self._lock:
            self._connection = connection
        try:
            if self.is_set:
                raise Unavailable("it was broken off")
            yield
        finally:
            with self._lock:
                self._connection = None
            if self.is_set:  # a cancel that arrives late would hit the statement of the next user
                connection.close()


def _check(connection: psycopg.Connection[Any]) -> None:
    """Refuse a connection whose server went away while it lay idle: only then is its socket readable."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)
