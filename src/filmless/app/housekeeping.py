"""What a server process does each second: write the record, tend the index, look whether all can be used."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, date, datetime
from pathlib import Path

import structlog

from filmless.archive.errors import NoSpace, Unavailable
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.storage.files import FreeSpace

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
        self._has_space = True
        self._partitions_of: date | None = None

    def is_ready(self) -> bool:
        """Whether the last look found database and packs usable."""
        return self._is_ready

    def has_space(self) -> bool:
        """Whether the last look found room for more; without it all that is kept is still served."""
        return self._has_space

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
            self._look_for_space()
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

    def _look_for_space(self) -> None:
        try:
            FreeSpace().demand(self._packs, 0)
        except NoSpace as fault:
            found, reason = False, fault.reason
        else:
            found, reason = True, ""
        if found is not self._has_space:
            self._has_space = found
            if found:
                log.info("store_has_space_again")
            else:
                log.error("store_has_no_space", reason=reason)
