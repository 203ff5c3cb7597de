"""The table of events: written with what made them true, or gathered and written within a second."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

import orjson
import psycopg
import structlog

from filmless.archive.errors import Unavailable
from filmless.archive.events import Event, EventKey, EventKind, Gathered, key_of, window_of
from filmless.database.connect import Connection, Database

KEPT_APART = 20_000  # gathered events; beyond them, while the database does not answer, they are told by actor alone

_log = structlog.get_logger(__name__)

# An event names its study by UID, its patient by public id; a study that is not kept leaves its UID in the details.
_INSERT = b"""
with named as (
    select (select id from study where study_uid = %(study_uid)s) as study_id,
           (select id from patient where public_id = %(patient)s) as patient_id
)
insert into event (occurred_at, kind, actor, address, outcome, patient_id, study_id, count, details)
select %(occurred_at)s::timestamptz, %(kind)s, %(actor)s, %(address)s, %(outcome)s,
       coalesce((select patient_id from study where id = named.study_id), named.patient_id), named.study_id,
       %(count)s::bigint,
       %(details)s::jsonb || case when named.study_id is null and %(study_uid)s::text is not null
           then jsonb_build_object('study_uid', %(study_uid)s::text) else '{}' end
from named
returning id, occurred_at
"""
_RAISE = b"update event set count = count + %(count)s where id = %(id)s and occurred_at = %(occurred_at)s"


class EventLog:
    """Records events; ``gather`` may be called from any thread."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock
        self._open: dict[tuple[datetime, EventKey], Gathered] = {}
        self._apart: list[Gathered] = []
        self._lock = threading.Lock()  # of the gathered events
        self._writing = threading.Lock()  # one flush at a time: a second waits for what the first writes

    def record(self, connection: Connection, event: Event) -> None:
        """Write an event within the caller's transaction, which makes it true."""
        connection.execute(_INSERT, _values(event, event.count, self._clock()))

    def gather(self, event: Event) -> None:
        """Count an event with those of its kind, actor and study within 15 minutes; written by the next ``flush``."""
        now = self._clock()
        with self._lock:
            if len(self._open) >= KEPT_APART:
                event = Event(EventKind.EVENTS_MERGED, event.actor, outcome=event.outcome, count=event.count)
            key = (window_of(now), key_of(event))
            gathered = self._open.get(key)
            if gathered is None:
                self._open[key] = Gathered(event, now, event.count)
            else:
                gathered.unwritten += event.count

    def gather_apart(self, event: Event) -> None:
        """Have the next ``flush`` write an event that is counted with no other."""
        with self._lock:
            if len(self._apart) < KEPT_APART:
                self._apart.append(Gathered(event, self._clock(), event.count))
                return
        self.gather(event)

    def flush(self) -> bool:
        """Write what was gathered; False when it could not be written and is kept for the next time.

        Called each second, and before an answer that must not leave unrecorded (denied, exported).
        """
        with self._writing:
            now = self._clock()
            with self._lock:
                all_gathered = (*self._open.values(), *self._apart)
                waiting = [(gathered, gathered.unwritten) for gathered in all_gathered if gathered.unwritten]
            try:
                rows = self._write(waiting)
            except (Unavailable, psycopg.Error) as error:
                _log.error("events_not_written", kept=len(waiting), error=type(error).__name__)
                return False
            with self._lock:
                for (gathered, written), row in zip(waiting, rows, strict=True):
                    gathered.unwritten -= written
                    gathered.row = row
                self._apart = [gathered for gathered in self._apart if gathered.unwritten]
                self._close_windows(now)
            return True

    def make_partitions(self, today: date) -> None:
        """Make the partitions of this month and the next two; asked at start and daily."""
        with self._database.connection() as connection:
            for ahead in range(3):
                connection.execute(
                    "select make_event_partition((%s::date + make_interval(months => %s))::date)", (today, ahead)
                )

    def _write(self, waiting: Iterable[tuple[Gathered, int]]) -> list[tuple[int, datetime]]:
        """Write in one transaction, all or none; gives the row of each."""
        rows: list[tuple[int, datetime]] = []
        if not waiting:
            return rows
        with self._database.connection() as connection:
            for gathered, count in waiting:
                rows.append(_raised(connection, gathered, count) or _inserted(connection, gathered, count))
        return rows

    def _close_windows(self, now: datetime) -> None:
        """Forget windows that are over and written: the next event of their key is a new row."""
        current = window_of(now)
        over = [key for key, gathered in self._open.items() if key[0] != current and not gathered.unwritten]
        for key in over:
            del self._open[key]


def _raised(connection: Connection, gathered: Gathered, count: int) -> tuple[int, datetime] | None:
    """Raise the count of a window's row; None where it has none, or has it no more."""
    if gathered.row is None:
        return None
    number, moment = gathered.row
    done = connection.execute(_RAISE, {"count": count, "id": number, "occurred_at": moment})
    return gathered.row if done.rowcount else None


def _inserted(connection: Connection, gathered: Gathered, count: int) -> tuple[int, datetime]:
    (row,) = connection.execute(_INSERT, _values(gathered.event, count, gathered.began_at)).fetchall()
    return int(row[0]), row[1]


def _values(event: Event, count: int, occurred_at: datetime) -> dict[str, Any]:
    return {
        "occurred_at": occurred_at,
        "kind": event.kind.value,
        "actor": event.actor,
        "address": event.address,
        "outcome": event.outcome.value,
        "study_uid": event.study_uid,
        "patient": event.patient,
        "count": count,
        "details": orjson.dumps(event.details).decode(),
    }
