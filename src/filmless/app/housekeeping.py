"""What a server process does each second: write the record, tend the index, look whether all can be used."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, date, datetime
from pathlib import Path

import structlog

from filmless.archive.errors import Unavailable
from filmless.database.connect import Database
from filmless.database.events import EventLog

SECONDS = 1.0

log = structlog.get_logger()


class Housekeeping:
    """Keeps the answer to "is it ready?" and flushes gathered events."""

    def __init__(
        self, database: Database, events: EventLog, packs: Path, executor: Executor, tend: Callable[[], None]
    ) -> None:
        self._database = database
        self._packs = packs
        self._events = events
        self._executor = executor
        self._tend = tend
        self._is_ready = False
        self._partitions_of: date | None = None

    def is_ready(self) -> bool:
        """Whether the last look found database and packs usable."""
        return self._is_ready

    async def run(self) -> None:
        """Once a second until cancelled; the first look is at once."""
        loop = asyncio.get_running_loop()
        while True:
            self._tend()
            found = await loop.run_in_executor(self._executor, self._look)
            if found is not self._is_ready:
                log.info("ready" if found else "not_ready")
                self._is_ready = found
            await asyncio.sleep(SECONDS)

    def _look(self) -> bool:
        try:
            if os.statvfs(self._packs).f_flag & os.ST_RDONLY:
                return False
            with self._database.connection() as connection:
                connection.execute("select 1")
            today = datetime.now(UTC).date()
            if self._partitions_of != today:
                self._events.make_partitions(today)
                self._partitions_of = today
        except (Unavailable, OSError):
            return False
        return self._events.flush()
