"""Notices of studies that have arrived: found when a study is quiet, kept until the peer has taken them."""

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter

from filmless.archive.availability import AvailableSeries, Notice
from filmless.archive.events import Event, EventKind, Outcome
from filmless.database.connect import Connection, Database
from filmless.database.events import EventLog
from filmless.database.jobs import defer
from filmless.standards.data_set.references import Reference

JOB = "availability"  # its row in jobs/kinds.py
ACTOR = "local:job"

# Arrivals are noticed in their order; those of one moment together, since the next look begins behind it.
_QUIET = """
select study_uid, last_received_at, is_shown from study
where last_received_at > %(after)s and last_received_at <= now() - %(seconds)s * interval '1 second'
order by last_received_at, id fetch first 500 rows with ties"""
_REFERENCES = """
select se.series_uid, c.uid, i.instance_uid
from study s join series se on se.study_id = s.id join instance i on i.series_id = se.id
join uid_code c on c.id = i.sop_class
where s.study_uid = %s order by se.id, i.instance_number, i.id"""


class Availability:
    """The table of notices; any thread may use it."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database, self._events = database, events

    def find_due(self) -> None:
        """Make a notice, with its job, for each peer and each study that came and is quiet; to be called often."""
        with self._database.connection() as connection:
            for title, after, seconds in connection.execute(
                "select title, notified_to, notify_after from ae where notify_after is not null for update"
            ).fetchall():
                quiet = connection.execute(_QUIET, {"after": after, "seconds": seconds}).fetchall()
                for study_uid, _, is_shown in quiet:
                    if is_shown:
                        _add(connection, title, study_uid)
                if quiet:
                    connection.execute("update ae set notified_to = %s where title = %s", (quiet[-1][1], title))

    def notice(self, key: int) -> Notice | None:
        """A notice that was not taken yet, with what its study has now; None when there is none any more."""
        with self._database.connection() as connection:
            row = connection.execute(
                "select notice_uid, ae, study_uid, attempts from availability_notice where id = %s", (key,)
            ).fetchone()
            if row is None:
                return None
            uid, ae, study_uid, attempts = row
            found = connection.execute(_REFERENCES, (study_uid,)).fetchall()
        series = [
            AvailableSeries(series_uid, [Reference(*one[1:]) for one in members])
            for series_uid, members in groupby(found, itemgetter(0))
        ]
        return Notice(key, uid, ae, study_uid, attempts, series)

    def taken(self, notice: Notice) -> None:
        """The peer knows."""
        with self._database.connection() as connection:
            self._end(connection, notice, Outcome.SUCCESS, {})

    def failed(self, notice: Notice, error: str, is_last: bool) -> None:
        """A try failed; the first one is recorded, and the last one, which gives the notice up."""
        with self._database.connection() as connection:
            if is_last:
                self._end(connection, notice, Outcome.FAILURE, {"error": error, "given_up": True})
                return
            connection.execute("update availability_notice set attempts = attempts + 1 where id = %s", (notice.key,))
            if notice.attempts == 0:
                self._record(connection, notice, Outcome.FAILURE, {"error": error})

    def _end(self, connection: Connection, notice: Notice, outcome: Outcome, details: Mapping[str, object]) -> None:
        connection.execute("delete from availability_notice where id = %s", (notice.key,))
        self._record(connection, notice, outcome, details)

    def _record(self, connection: Connection, notice: Notice, outcome: Outcome, details: Mapping[str, object]) -> None:
        told = {"destination": notice.ae, **details}
        event = Event(
            EventKind.AVAILABILITY, ACTOR, "", outcome, study_uid=notice.study_uid, count=notice.count, details=told
        )
        self._events.record(connection, event)


def _add(connection: Connection, title: str, study_uid: str) -> None:
    row = connection.execute(
        "insert into availability_notice (ae, study_uid) values (%s, %s) returning id", (title, study_uid)
    ).fetchone()
    if row is not None:
        defer(connection, JOB, {"notice": row[0]})
