"""The queue of jobs: deferring in the transaction of the cause, and the right to be the one worker."""

from collections.abc import Mapping
from datetime import datetime

import orjson
import psycopg

from filmless.archive.errors import Unavailable
from filmless.database.connect import Connection, Database

_WORKER = 0x46_4C_4D_4A  # "FLMJ": advisory lock of the one worker
_DEFER = """
select unnest(procrastinate_defer_jobs_v1(array[
    row('default', %s, 0, %s, null, %s::jsonb, %s::timestamptz)::procrastinate_job_to_defer_v1]))"""
_LEFT_OVER = """
select procrastinate_retry_job_v2(id, now(), null, null, null) from procrastinate_jobs where status = 'doing'"""


def defer(
    connection: Connection,
    kind: str,
    arguments: Mapping[str, object],
    *,
    lock: str | None = None,
    at: datetime | None = None,
) -> None:
    """Have a job done when the transaction is committed: at once, or from ``at`` on (to within 5 s).

    ``kind`` is a row of ``jobs/kinds.py``, ``arguments`` are JSON. Of jobs with one ``lock`` one runs at a time,
    in the order in which they were deferred, even where the first is not due yet.
    """
    connection.execute(_DEFER, (kind, lock, orjson.dumps(arguments).decode(), at))


class JobQueue:
    """Who holds it is the one worker of this database; a connection of its own says so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Become the worker, and make due again what a worker before us left unfinished; False while there is one."""
        try:
            connection = self._connection or self._database.dedicated(autocommit=True, connect_timeout=5)
            self._connection = connection
            row = connection.execute("select pg_try_advisory_lock(%s)", (_WORKER,)).fetchone()
            if row is None or not row[0]:
                return False
            connection.execute(_LEFT_OVER)
        except (psycopg.OperationalError, Unavailable):
            self.close()
            return False
        return True

    def is_held(self) -> bool:
        """Whether the connection that holds the lock still stands."""
        try:
            return self._connection is not None and self._connection.execute("select 1").fetchone() is not None
        except psycopg.Error:
            return False

    def close(self) -> None:
        """Let another be the worker."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
