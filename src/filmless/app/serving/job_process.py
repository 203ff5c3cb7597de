"""The job worker's process: one beside the server processes."""

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import uvloop

from filmless.database.connect import Database
from filmless.database.jobs import JobQueue
from filmless.jobs.kinds import KINDS
from filmless.jobs.work import Work

THREADS = 4  # for calls that block


@dataclass(frozen=True, slots=True)
class JobProcess:
    """The work of the process in which jobs run."""

    dsn: str

    def __call__(self, number: int, *, life: int, after_crash: bool) -> None:  # noqa: ARG002  the queue knows what was left
        """Work until SIGTERM; end at once when the supervisor's end of ``life`` closes."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches us too; the supervisor decides
        database = Database(self.dsn, connections=2)
        queue = JobQueue(database)
        try:
            uvloop.run(self._work(queue, life))
        finally:
            queue.close()
            database.close()

    async def _work(self, queue: JobQueue, life: int) -> None:
        from filmless.jobs.worker import Worker  # noqa: PLC0415  0.2 s, which nobody who starts has to wait for

        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_reader(life, os._exit, 1)  # nothing is ever written: readable means that the supervisor is gone
        with ThreadPoolExecutor(THREADS, thread_name_prefix="job") as executor:
            await Worker(self.dsn, queue, KINDS, Work(), executor).run(stop)
