"""Recording rejection notes: what they name is hidden in the same transaction, come or not."""

from datetime import UTC, datetime, timedelta

from filmless.archive.events import Event, EventKind
from filmless.archive.ports import Entry
from filmless.archive.rejections import Rejection
from filmless.database.connect import Connection
from filmless.database.events import EventLog
from filmless.database.jobs import defer
from filmless.standards.dicom.uids import uid_digest

JOB = "rejection"  # its row in jobs/kinds.py
AGAIN = timedelta(seconds=40)  # longer than a statement that records instances may take

_ADD_NOTE = """
insert into rejection_note (note_uid, title, study_uid, actor, received_at, instances)
values (%s, %s, %s, %s, %s, %s) on conflict (note_uid) do nothing returning id"""
_ADD = """
insert into rejection (uid_digest, instance_uid, note_id)
select digest, uid, %s from unnest(%s::uuid[], %s::text[]) as named (digest, uid) order by digest
on conflict (uid_digest) do nothing"""
_COUNT_NOTE = "update series set note_count = note_count + 1 where id = %s"
# Rows first, counts last and in the order of their keys, as those who record instances do.
_HIDE = """
with hidden as (
    update kept_instance i set hidden = true from rejection r
    where r.note_id = %s and i.uid_digest = r.uid_digest and not i.hidden returning i.series_id
), lower as (
    select series_id, count(*) as number from hidden group by series_id
), held as (
    select id from series where id in (select series_id from lower) order by id for no key update
), counted as (
    update series s set instance_count = s.instance_count - n.number
    from held join lower n on n.series_id = held.id where s.id = held.id
)
select coalesce(sum(number), 0) from lower"""


def record_rejection(
    connection: Connection, entry: Entry, rejection: Rejection, series_id: int, events: EventLog
) -> None:
    """Make a note hold; one that was recorded before changes nothing.

    Whoever records one of its instances at this moment may not see it yet: a job hides such a one afterwards.
    """
    header, scope = entry.header, entry.scope
    note = connection.execute(
        _ADD_NOTE,
        (header.instance_uid, rejection.title.value, header.study_uid, scope.actor, entry.received_at,
         len(rejection.instance_uids)),
    ).fetchone()  # fmt: skip
    if note is None:
        return
    own = (header.instance_uid,) if rejection.hides_itself else ()
    uids = [*rejection.instance_uids, *own]
    connection.execute(_ADD, (note[0], [uid_digest(uid) for uid in uids], uids))
    if not rejection.hides_itself:
        connection.execute(_COUNT_NOTE, (series_id,))
    number = hide(connection, note[0])
    details = {"note_uid": header.instance_uid, "title": rejection.title.value, "hidden": number}
    event = Event(
        EventKind.REJECTED, scope.actor, scope.address, study_uid=header.study_uid, count=len(uids), details=details
    )
    events.record(connection, event)
    defer(connection, JOB, {"note": note[0]}, at=datetime.now(UTC) + AGAIN)


def hide(connection: Connection, note_id: int) -> int:
    """Hide what a note names and what is still served; how many there were."""
    row = connection.execute(_HIDE, (note_id,)).fetchone()
    return int(row[0]) if row else 0
