"""The worker: takes jobs from the queue, several at a time, and has failed ones tried again."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job

from filmless.archive.errors import Unavailable
from filmless.jobs.kinds import Kind
from filmless.jobs.pauses import NotDone, pause_after
from filmless.jobs.work import Work

CONCURRENCY = 8  # jobs at one time
CONNECTIONS = 3  # that take jobs and say what came of them; one more listens
POLL_SECONDS = 5.0  # a job whose moment comes waits no longer than this; a new one is taken at once
TAKE_SECONDS = 0.5  # between looks whether another worker has ended
STOP_SECONDS = 15.0  # for jobs in progress; then they are cancelled and wait for the next start

T = TypeVar("T")

log = structlog.get_logger()


class QueueLost(Exception):
    """The database went away, and with it the right to be the one worker; a new process begins anew."""


class Queue(Protocol):
    """The right to work on the queue: one worker at a time has it. Calls may block."""

    def take(self) -> bool:
        """Become the one worker; jobs that the one before left unfinished are due again."""

    def is_held(self) -> bool:
        """Whether we still are."""


class Worker:
    """Runs jobs until it is told to stop."""

    def __init__(
        self,
        dsn: str,
        queue: Queue,
        kinds: Sequence[Kind],
        work: Work,
        executor: Executor,
        find_due: Callable[[], None],
    ) -> None:
        self._dsn, self._queue, self._kinds, self._work, self._executor = dsn, queue, kinds, work, executor
        self._find_due = find_due  # defers what no transaction could: called every few seconds, blocks

    async def run(self, stop: asyncio.Event) -> None:
        """Wait for the right to work, then work; ``QueueLost`` when it was lost."""
        jobs_log = logging.getLogger("procrastinate.worker")  # it logs arguments; each job has its line here
        jobs_log.propagate, jobs_log.handlers = False, [logging.NullHandler()]
        while not await self._call(self._queue.take):
            if await _is_set(stop, TAKE_SECONDS):
                return
        application = self._application()
        async with application.open_async():
            working = asyncio.create_task(_work(application))
            watching = asyncio.create_task(self._watch())
            stopping = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait((working, watching, stopping), return_when=asyncio.FIRST_COMPLETED)
            finally:
                ended = await _end(working, watching, stopping)
        for task in ended:
            if not task.cancelled() and (fault := task.exception()) is not None:
                raise fault

    def _application(self) -> App:
        connector = PsycopgConnector(conninfo=self._dsn, min_size=1, max_size=CONNECTIONS)
        application = App(connector=connector)
        for kind in self._kinds:
            application.task(name=kind.name, retry=_Again(), pass_context=True)(self._runner(kind))
        return application

    def _runner(self, kind: Kind) -> Callable[..., Awaitable[None]]:
        async def run(context: JobContext, **arguments: object) -> None:
            try:
                await kind.run(self._work, arguments)
            except Exception as fault:
                _log_failure(kind, context.job.attempts, fault)
                raise
            log.info("job_done", kind=kind.name, attempt=context.job.attempts)

        return run

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not await self._call(self._queue.is_held):
                raise QueueLost
            try:
                await self._call(self._find_due)
            except Unavailable as fault:
                log.warning("due_jobs_not_found", reason=fault.reason)

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


class _Again(BaseRetryStrategy):
    """Failed jobs wait longer each time; one that was cut short by the end of the program waits for the next start."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_at=datetime.now(UTC))
        pause = pause_after(job.attempts + 1)
        return None if pause is None else RetryDecision(retry_at=datetime.now(UTC) + pause)


async def _work(application: App) -> None:
    await application.run_worker_async(
        concurrency=CONCURRENCY,
        fetch_job_polling_interval=POLL_SECONDS,
        shutdown_graceful_timeout=STOP_SECONDS,
        delete_jobs="successful",
        install_signal_handlers=False,
    )


async def _end(*tasks: asyncio.Task[object]) -> set[asyncio.Task[object]]:
    """Cancel, and wait for jobs in progress no longer than they have."""
    for task in tasks:
        task.cancel()
    ended, _ = await asyncio.wait(tasks, timeout=STOP_SECONDS + 1)
    return ended


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Whether it is set within the time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _log_failure(kind: Kind, attempt: int, fault: Exception) -> None:
    """The texts of foreign exceptions may quote a patient's values: their types and places are logged."""
    reason = str(fault) if isinstance(fault, NotDone) else type(fault).__name__
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)]
    end = "job_failed" if pause_after(attempt + 1) is not None else "job_given_up"
    log.warning(end, kind=kind.name, attempt=attempt, reason=reason, raised_at=places[-1])
