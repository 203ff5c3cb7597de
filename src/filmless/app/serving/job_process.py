"""The job worker's process: one beside the server processes."""

import asyncio
import os
import signal
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import uvloop

from filmless.app.dicom_tls import calling_tls
from filmless.app.wiring import packs_folder
from filmless.archive.members import Members
from filmless.database.ae_titles import AeTitles
from filmless.database.availability import Availability
from filmless.database.commitment_rules import CommitmentRegistry
from filmless.database.commitments import Commitments
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.database.jobs import JobQueue
from filmless.database.metadata.bundles import MetadataBundles
from filmless.database.metadata.settling import SHORTEST_QUIET, Settling
from filmless.database.rejections import Rejections
from filmless.jobs.kinds import KINDS
from filmless.jobs.work import Metadata, Work
from filmless.settings import Settings
from filmless.storage.folder import PackFolder

THREADS = 4  # for calls that block


@dataclass(frozen=True, slots=True)
class JobProcess:
    """The work of the process in which jobs run."""

    settings: Settings
    dsn: str
    web: str  # address of the web, as most who ask know it

    def __call__(self, number: int, *, life: int, after_crash: bool) -> None:  # noqa: ARG002  the queue knows what was left
        """Work until SIGTERM; end at once when the supervisor's end of ``life`` closes."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches us too; the supervisor decides
        database = Database(self.dsn, connections=2)
        queue = JobQueue(database)
        try:
            uvloop.run(self._work(database, queue, life))
        finally:
            queue.close()
            database.close()

    async def _work(self, database: Database, queue: JobQueue, life: int) -> None:
        from filmless.jobs.worker import Worker  # noqa: PLC0415  0.2 s, which nobody who starts has to wait for

        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_reader(life, os._exit, 1)  # nothing is ever written: readable means that the supervisor is gone
        with ThreadPoolExecutor(THREADS, thread_name_prefix="job") as executor:
            events = EventLog(database)
            notices = Availability(database, events)
            quiet = max(timedelta(seconds=self.settings.settle_after), SHORTEST_QUIET)
            unsettled = Settling(database, events, quiet)

            def find_due() -> None:
                notices.find_due()
                unsettled.find_due()
                events.flush()

            work = self._house(database, executor, events, notices, unsettled)
            await Worker(self.dsn, queue, KINDS, work, executor, find_due).run(stop)

    def _house(
        self, database: Database, executor: Executor, events: EventLog, notices: Availability, unsettled: Settling
    ) -> Work:
        """What jobs are given to work with."""
        packs = PackFolder(packs_folder(self.settings))
        return Work(
            commitments=Commitments(database, events),
            rejections=Rejections(database),
            availability=notices,
            rules=CommitmentRegistry(database, events),
            peers=AeTitles(database),
            files=packs,
            metadata=Metadata(
                unsettled, MetadataBundles(database), Members(packs, events).read, self.web + "/dicomweb"
            ),
            executor=executor,
            now=lambda: datetime.now(UTC),
            ae_title=self.settings.ae,
            tls=calling_tls(self.settings),
        )
