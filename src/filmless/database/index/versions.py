"""Recording what came under a UID that was kept already: conflict versions, replacements, other encodings."""

from filmless.archive.events import Event, EventKind
from filmless.archive.findings import FindingKind
from filmless.archive.model import StoredAs
from filmless.archive.ports import Entry, Known
from filmless.database.connect import Connection
from filmless.database.events import EventLog
from filmless.database.index.findings import add_finding
from filmless.database.index.frame_bytes import pack_fragments
from filmless.database.index.parents import Parents

_ADD_CONFLICT = """
insert into conflict_version (instance_id, transfer_syntax, pack_id, pack_offset, length, head_length, pixel_offset,
    received_at, head_sha256, data_set_sha256)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (instance_id, data_set_sha256) do nothing"""
_SET_ASIDE = """
insert into conflict_version (instance_id, transfer_syntax, pack_id, pack_offset, length, head_length, pixel_offset,
    received_at, head_sha256, data_set_sha256)
select id, transfer_syntax, pack_id, pack_offset, length, head_length, pixel_offset, received_at, head_sha256,
    data_set_sha256
from kept_instance where id = %s and data_set_sha256 = %s for update
on conflict (instance_id, data_set_sha256) do nothing"""
_REPLACE = """
update kept_instance new set series_id = %s, sop_class = %s, transfer_syntax = %s, instance_number = %s, rows = %s,
    columns = %s, bits_allocated = %s, frame_count = %s, pack_id = %s, pack_offset = %s, length = %s, head_length = %s,
    pixel_offset = %s, received_at = %s, head_sha256 = %s, data_set_sha256 = %s
from kept_instance old where new.id = %s and old.id = new.id and old.data_set_sha256 = %s
returning old.series_id, old.hidden"""
_ADD_FRAMES = """
insert into frame_table (instance_id, first_frame, frame_size, frames, fragments) values (%s, 0, 0, %s, %s)"""
_MOVE_COUNT = """
update series set instance_count = instance_count + case when id = %(new)s then 1 else -1 end
where id in (%(old)s, %(new)s)"""
_COUNT_MEMBER = "update pack set members = members + 1 where id = %s"
_STUDY_OF = """
select s.id, s.study_uid from kept_instance i join series r on r.id = i.series_id join study s on s.id = r.study_id
where i.id = %s"""


def record_version(connection: Connection, entry: Entry, parents: Parents, events: EventLog) -> bool:
    """Record what a known instance's newcomer is; False when the known one is no longer what is served."""
    known = entry.known
    if known is None:
        raise ValueError("a version needs the instance it is a version of")
    study = connection.execute(_STUDY_OF, (known.instance_id,)).fetchone()
    if study is None:
        return False
    if entry.stored_as is StoredAs.CONFLICT and not _add_conflict(connection, entry, known, parents):
        return False  # a rival recorded the same content first
    if entry.stored_as is StoredAs.REPLACED and not _replace(connection, entry, known, parents):
        return False
    if entry.placement is not None:
        connection.execute(_COUNT_MEMBER, (parents.pack_id(entry.placement.pack),))
    details: dict[str, object] = {
        "instance_uid": entry.header.instance_uid,
        "transfer_syntax": entry.transfer_syntax_uid,
        "received_at": entry.received_at.isoformat(),
    }
    if entry.stored_as is StoredAs.CONFLICT:
        version = entry.placement.data_set_sha256.hex()[:16] if entry.placement else ""
        subject = f"{entry.header.instance_uid} {version}"  # one finding for each content
        details |= {"study_uid": entry.header.study_uid, "series_uid": entry.header.series_uid}
        add_finding(connection, FindingKind.CONFLICT_VERSION, study[0], subject, details)
    scope = entry.scope
    event = Event(_EVENT[entry.stored_as], scope.actor, scope.address, study_uid=study[1], details=details)
    events.record(connection, event)
    return True


_EVENT = {
    StoredAs.CONFLICT: EventKind.CONFLICT,
    StoredAs.REPLACED: EventKind.REPLACED,
    StoredAs.SAME_ELEMENTS: EventKind.SAME_ELEMENTS,
}


def _place(entry: Entry, parents: Parents) -> tuple[object, ...]:
    place = entry.placement
    if place is None:
        raise ValueError("a version has no place")
    return (parents.pack_id(place.pack), place.offset, place.length, place.head_length, entry.header.pixel_offset,
            entry.received_at, place.head_sha256, place.data_set_sha256)  # fmt: skip


def _add_conflict(connection: Connection, entry: Entry, known: Known, parents: Parents) -> bool:
    values = (known.instance_id, parents.code(entry.transfer_syntax_uid), *_place(entry, parents))
    return connection.execute(_ADD_CONFLICT, values).rowcount == 1


def _replace(connection: Connection, entry: Entry, known: Known, parents: Parents) -> bool:
    """Serve the newcomer, keep the former as a conflict version."""
    header, former = entry.header, known.placement.data_set_sha256
    new_series = parents.series_id(entry)
    values = (
        new_series, parents.code(header.sop_class_uid), parents.code(entry.transfer_syntax_uid), header.instance_number,
        header.rows, header.columns, header.bits_allocated, header.frame_count, *_place(entry, parents),
        known.instance_id, former,
    )  # fmt: skip
    connection.execute(_SET_ASIDE, (known.instance_id, former))
    row = connection.execute(_REPLACE, values).fetchone()
    if row is None:
        return False
    connection.execute("delete from frame_table where instance_id = %s", (known.instance_id,))
    if entry.frames is not None:
        connection.execute(
            _ADD_FRAMES,
            (known.instance_id, entry.frames.count, pack_fragments(entry.frames)),
        )
    if row[0] != new_series and not row[1]:
        connection.execute(_MOVE_COUNT, {"old": row[0], "new": new_series})
    return True
