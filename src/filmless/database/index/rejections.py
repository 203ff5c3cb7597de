"""Recording rejection notes: what they name is hidden in the same transaction, come or not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from filmless.archive.events import Event, EventKind
from filmless.archive.model import StoredAs
from filmless.archive.ports import Entry
from filmless.archive.rejections import Rejection, Title
from filmless.database.connect import Connection
from filmless.database.events import EventLog
from filmless.database.jobs import defer
from filmless.standards.data_set.references import Reference
from filmless.standards.dicom.uids import uid_digest

JOB = "rejection"  # its row in jobs/kinds.py
AGAIN = timedelta(seconds=40)  # longer than a statement that records instances may take

_ADD_NOTE = """
insert into rejection_note (note_uid, title, study_uid, actor, received_at, instances)
values (%s, %s, %s, %s, %s, 0) on conflict (note_uid) do nothing returning id"""
_NOTE = "select id from rejection_note where note_uid = %s"
# Other notes stay, unless retention is over: they tell workstations what to drop.
_ADD = """
with named as (
    select * from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) as named (digest, uid, study, series)
), added as (
    insert into rejection (uid_digest, instance_uid, note_id, study_uid, series_uid)
    select digest, uid, %s, study, series from named
    where %s or not exists (select from rejection_note n where n.note_uid = named.uid) order by digest
    on conflict (uid_digest, note_id) do nothing returning instance_uid
)
update rejection_note n set instances = n.instances + (select count(*) from added a where a.instance_uid <> n.note_uid)
where id = %s
returning (select count(*) from added)"""
_SPARE = """
with spared as (
    delete from rejection r using rejection_note n
    where r.uid_digest = %s and n.id = r.note_id and n.title <> %s returning 1
), shown as (
    update kept_instance i set hidden = false where i.uid_digest = %s and i.hidden and exists (select from spared)
        and not exists (select from rejection r join rejection_note n on n.id = r.note_id
                        where r.uid_digest = i.uid_digest and n.title = %s)
        and not exists (select from deleted_instance d where d.instance_id = i.id) returning series_id
)
update series set instance_count = instance_count + 1 where id = (select series_id from shown)"""
_COUNT_NOTE = "update series set note_count = note_count + 1 where id = %s"
# Rows first, counts last and in the order of their keys, as those who record instances do.
_HIDE = """
with hidden as (
    update kept_instance i set hidden = true
    from rejection r join series s on s.series_uid = r.series_uid join study t on t.id = s.study_id
    where r.note_id = %s and i.uid_digest = r.uid_digest and not i.hidden
          and i.series_id = s.id and t.study_uid = r.study_uid returning i.series_id
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
    """Make a note hold; what it has said already changes nothing.

    Whoever records one of its instances at this moment may not see it yet: a job hides such a one afterwards.
    """
    header, scope, title = entry.header, entry.scope, rejection.title.value
    is_kept_apart = entry.stored_as is StoredAs.CONFLICT  # beside another content under its UID, which stays
    values = (header.instance_uid, title, header.study_uid, scope.actor, entry.received_at)
    added = connection.execute(_ADD_NOTE, values).fetchone()
    note = added or connection.execute(_NOTE, (header.instance_uid,)).fetchone()
    if note is None:
        raise psycopg.errors.SerializationFailure("a rejection note is there and is not")
    named = list(rejection.references)
    if rejection.hides_itself and not is_kept_apart:
        own = Reference(header.sop_class_uid, header.instance_uid, header.study_uid, header.series_uid)
        named = [*(one for one in named if one.instance_uid != own.instance_uid), own]
    elif not is_kept_apart:
        own_digest = uid_digest(header.instance_uid)
        connection.execute(_SPARE, (own_digest, Title.EXPIRED.value, own_digest, Title.EXPIRED.value))
    if added and not rejection.hides_itself and not is_kept_apart:
        connection.execute(_COUNT_NOTE, (series_id,))
    number = _add(connection, note[0], named, is_all=rejection.title is Title.EXPIRED)
    if not (added or number):
        return
    hidden = hide(connection, note[0])
    details = {"note_uid": header.instance_uid, "title": title, "hidden": hidden}
    event = Event(
        EventKind.REJECTED, scope.actor, scope.address, study_uid=header.study_uid, count=number, details=details
    )
    events.record(connection, event)
    defer(connection, JOB, {"note": note[0]}, at=datetime.now(UTC) + AGAIN)


def _add(connection: Connection, note_id: int, named: Sequence[Reference], *, is_all: bool) -> int:
    """Note what a note rejects; how many it had not rejected before."""
    uids = [one.instance_uid for one in named]
    places = ([one.study_uid for one in named], [one.series_uid for one in named])
    row = connection.execute(
        _ADD, ([uid_digest(uid) for uid in uids], uids, *places, note_id, is_all, note_id)
    ).fetchone()
    return int(row[0]) if row else 0


def hide(connection: Connection, note_id: int) -> int:
    """Hide what a note names and what is still served; how many there were."""
    row = connection.execute(_HIDE, (note_id,)).fetchone()
    return int(row[0]) if row else 0
