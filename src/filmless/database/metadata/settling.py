"""Studies that wait to be settled: found when nothing more comes, taken off when what they have was dealt with."""

from collections.abc import Sequence
from datetime import timedelta

from filmless.archive.events import Event, EventKind
from filmless.archive.metadata.series import Unsettled
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.database.jobs import defer

JOB = "settling"  # its row in jobs/kinds.py
ACTOR = "local:job"
SHORTEST_QUIET = timedelta(seconds=5)  # an arrival within 2 s of another is not noted at its study

_NEXT = """
select w.study_id, s.study_uid, w.serial, w.failures from settling w join study s on s.id = w.study_id
where w.changed_at <= now() - %(quiet)s and coalesce(w.not_before <= now(), true)
order by w.changed_at limit 1"""
_IS_DUE = """
select 1 from settling w
where w.changed_at <= now() - %(quiet)s and coalesce(w.not_before <= now(), true) and not exists (
    select from procrastinate_jobs where task_name = %(job)s and status in ('todo', 'doing'))
limit 1"""
_SERIES = "select series_uid from series where study_id = %s order by id"
_SETTLED = "delete from settling where study_id = %s and serial = %s returning study_id"
_FORGET = """
delete from metadata_bundle b using series r
where r.id = b.series_id and r.study_id = %s and not r.id = any(%s)"""
_FAILED = """
update settling set failures = failures + 1, not_before = now() + %s where study_id = %s and serial = %s"""


class Settling:
    """The table of unsettled studies; any thread may use it."""

    def __init__(self, database: Database, events: EventLog, quiet: timedelta) -> None:
        self._database, self._events, self._quiet = database, events, quiet

    def find_due(self) -> None:
        """Have the job run where a study has been quiet for long enough; to be called often."""
        with self._database.connection() as connection:
            if connection.execute(_IS_DUE, {"quiet": self._quiet, "job": JOB}).fetchone() is not None:
                defer(connection, JOB, {})

    def next(self) -> Unsettled | None:
        """A study to be settled now: of those that are quiet, the one that has waited longest."""
        with self._database.connection() as connection:
            row = connection.execute(_NEXT, {"quiet": self._quiet}).fetchone()
        return Unsettled(*row) if row is not None else None

    def series(self, study: Unsettled) -> list[str]:
        """UIDs of the study's series."""
        with self._database.connection() as connection:
            return [row[0] for row in connection.execute(_SERIES, (study.study_id,))]

    def settled(self, study: Unsettled, series_ids: Sequence[int], count: int) -> None:
        """These series, with so many instances, have their bundles; what came since keeps the study unsettled."""
        with self._database.connection() as connection:
            connection.execute(_FORGET, (study.study_id, list(series_ids)))
            if connection.execute(_SETTLED, (study.study_id, study.serial)).fetchone() is not None:
                event = Event(EventKind.SETTLED, ACTOR, study_uid=study.study_uid, count=count)
                self._events.record(connection, event)

    def failed(self, study: Unsettled, pause: timedelta) -> None:
        """It could not be settled now: after the pause it is tried again."""
        with self._database.connection() as connection:
            connection.execute(_FAILED, (pause, study.study_id, study.serial))
