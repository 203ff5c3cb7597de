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

# Transactions end in another order than they begin, and replay brings studies that were received long ago: so arrivals
# are followed by the transactions that recorded them, up to the oldest that still runs, and none is missed. What is
# noticed waits, as one notice however often the study goes on arriving, until it is quiet.
_NOTICE = """
with ended as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as mark),
peer as materialized (select title, noticed_to from ae where notify_after is not null order by title for update),
made as (
    insert into availability_notice (ae, study_uid)
    select peer.title, s.study_uid from ended cross join peer
        join study s on s.arrived_in >= peer.noticed_to and s.arrived_in < ended.mark and s.is_shown
    on conflict (ae, study_uid) where not is_due do nothing
)
update ae set noticed_to = ended.mark from ended
where title in (select title from peer)
    and exists (select from study s where s.arrived_in >= ae.noticed_to and s.arrived_in < ended.mark)"""
_DUE = """
update availability_notice n set is_due = true from ae, study s
where not n.is_due and ae.title = n.ae and s.study_uid = n.study_uid and s.is_shown
    and s.last_received_at <= now() - ae.notify_after * interval '1 second'
returning n.id"""
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
        """Make a notice for each peer and each study that came, with its job when that is quiet; to be called often."""
        with self._database.connection() as connection:
            connection.execute(_NOTICE)
            for (key,) in connection.execute(_DUE).fetchall():
                defer(connection, JOB, {"notice": key})

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
