"""The job worker on a real queue: each job is done, whatever ends in between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import psycopg
import pytest

from filmless.database.connect import Database
from filmless.database.jobs import JobQueue, defer
from filmless.database.migrate import shipped
from filmless.jobs.kinds import Kind
from filmless.jobs.pauses import NotDone
from filmless.jobs.work import Work
from filmless.jobs.worker import QueueLost, Worker
from serving import wait_until

pytestmark = pytest.mark.slow

WORK = cast(Work, None)  # these jobs use nothing of the house
Run = Callable[[Mapping[str, object]], Awaitable[None]]


@pytest.fixture
def queue(database: Database) -> Iterator[JobQueue]:
    queue = JobQueue(database)
    yield queue
    queue.close()


class Bench:
    """A worker with one kind of job, and what was run."""

    def __init__(self, database: Database, queue: JobQueue, run: Run) -> None:
        self.ran: list[dict[str, object]] = []
        self.stop = asyncio.Event()
        self._run = run
        self._executor = ThreadPoolExecutor(2)
        self.worker = Worker(database.dsn, queue, [Kind("kind", self._record)], WORK, self._executor, lambda: None)

    async def _record(self, work: Work, arguments: Mapping[str, object]) -> None:
        self.ran.append(dict(arguments))
        await self._run(arguments)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Work until something holds."""
        task = asyncio.create_task(self.worker.run(self.stop))
        await asyncio.to_thread(wait_until, lambda: holds() or task.done())
        self.stop.set()
        await task


async def done(arguments: Mapping[str, object]) -> None:
    """Nothing is to be done."""


async def failing(arguments: Mapping[str, object]) -> None:
    raise NotDone("the peer sleeps")


def jobs(database: Database) -> list[tuple[str, int, datetime | None]]:
    with database.connection() as connection:
        rows = connection.execute("select status::text, attempts, scheduled_at from procrastinate_jobs order by id")
        return [(row[0], row[1], row[2]) for row in rows.fetchall()]


def make_due(database: Database) -> None:
    with database.connection() as connection:
        connection.execute("update procrastinate_jobs set scheduled_at = now()")


def test_a_job_is_done_when_its_cause_is_committed(database: Database, queue: JobQueue) -> None:
    bench = Bench(database, queue, done)
    with database.connection() as connection:
        defer(connection, "kind", {"cause": "kept"})
    with database.connection() as connection:
        defer(connection, "kind", {"cause": "rolled back"})
        connection.rollback()
    asyncio.run(bench.until(lambda: not jobs(database)))
    assert bench.ran == [{"cause": "kept"}]


def test_a_failed_job_waits_and_is_tried_again(database: Database, queue: JobQueue) -> None:
    with database.connection() as connection:
        defer(connection, "kind", {"n": 1})
    first = Bench(database, queue, failing)
    asyncio.run(first.until(lambda: [job[:2] for job in jobs(database)] == [("todo", 1)]))
    (waiting,) = jobs(database)
    assert waiting[2] is not None
    assert timedelta(0) < waiting[2] - datetime.now(UTC) <= timedelta(seconds=10)
    make_due(database)
    second = Bench(database, queue, done)
    asyncio.run(second.until(lambda: not jobs(database)))
    assert second.ran == [{"n": 1}]


def test_a_job_that_never_succeeds_is_given_up_and_stays_to_be_seen(database: Database, queue: JobQueue) -> None:
    with database.connection() as connection:
        defer(connection, "kind", {"n": 1})
        connection.execute("update procrastinate_jobs set attempts = 1000")
    asyncio.run(Bench(database, queue, failing).until(lambda: jobs(database)[0][0] == "failed"))


def test_jobs_that_a_dead_worker_left_are_done_at_once(database: Database, queue: JobQueue) -> None:
    with database.connection() as connection:
        defer(connection, "kind", {"n": 1})
        connection.execute("update procrastinate_jobs set status = 'doing'")  # its worker was killed
    bench = Bench(database, queue, done)
    asyncio.run(bench.until(lambda: not jobs(database)))
    assert bench.ran == [{"n": 1}]


def test_a_second_worker_waits_until_the_first_ends(database: Database, queue: JobQueue) -> None:
    assert queue.take()
    other = JobQueue(database)
    assert not other.take()
    queue.close()
    wait_until(other.take)
    other.close()


def test_a_worker_that_lost_the_queue_ends(
    database: Database, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filmless.jobs.worker.POLL_SECONDS", 0.01)

    async def lose() -> None:
        bench = Bench(database, queue, done)
        task = asyncio.create_task(bench.worker.run(bench.stop))

        def has_ended() -> bool:  # one that was cut off before it began takes the queue again
            _cut_off(database)
            return task.done()

        await asyncio.to_thread(wait_until, has_ended)
        await task

    with pytest.raises(QueueLost):
        asyncio.run(lose())


def _cut_off(database: Database) -> None:
    """End the session of whoever holds the queue."""
    with database.connection() as connection:
        connection.execute(
            "select count(pg_terminate_backend(pid)) from pg_locks"
            " where locktype = 'advisory' and granted and pid <> pg_backend_pid()"
            " and database = (select oid from pg_database where datname = current_database())"
        )


def test_the_queue_is_that_of_the_library(database_dsn: str) -> None:
    (ours,) = [each for each in shipped() if each.name == "jobs"]
    import procrastinate

    theirs = Path(procrastinate.__file__).parent.joinpath("sql", "schema.sql").read_text(encoding="utf-8")
    assert ours.sql.endswith(theirs), "a new version of the library needs a migration that brings its schema"
    with psycopg.connect(database_dsn) as connection:
        assert connection.execute("select count(*) from procrastinate_jobs").fetchone() == (0,)
