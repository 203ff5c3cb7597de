"""Recording instances: one SELECT before a group is written, one transaction after it."""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import psycopg
import structlog

from filmless.archive.errors import RecordRefused, Unavailable
from filmless.archive.findings import FindingKind
from filmless.archive.model import Placement, StoredAs
from filmless.archive.ports import Batch, Entry, Known
from filmless.database.connect import Connection, Database
from filmless.database.events import EventLog
from filmless.database.index.findings import add_finding
from filmless.database.index.frame_bytes import pack_fragments
from filmless.database.index.hot_statement import HotStatement
from filmless.database.index.overlays import record_overlays
from filmless.database.index.parents import Parents
from filmless.database.index.rejections import record_rejection
from filmless.database.index.versions import record_version
from filmless.standards.dicom.uids import uid_digest

RECONNECT_SECONDS = 6.0  # how long a group waits for a database that restarts before it is refused
_TRIES = 4  # of a transaction that lost a deadlock or a serialization conflict
_TOUCH_SECONDS = 2.0  # a study's arrival time is raised no more often: its row is in six indexes

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)

_HITS = "select uid_digest from kept_instance where uid_digest = any(%s::uuid[])"
_KNOWN = """
select i.instance_uid, i.id, s.study_uid, u.uid, p.name, i.pack_offset, i.length, i.head_length,
       i.head_sha256, i.data_set_sha256,
       array(select c.data_set_sha256 from conflict_version c where c.instance_id = i.id)
from kept_instance i join series r on r.id = i.series_id join study s on s.id = r.study_id
     join pack p on p.id = i.pack_id join uid_code u on u.id = i.transfer_syntax
where i.uid_digest = any(%s::uuid[])"""

# Rows first, counts last and in the order of their keys: the locks that others wait for are held shortest,
# and two processes take them in one order.
_RECORD = """
with entry as (
    select * from unnest(%s::bigint[], %s::integer[], %s::integer[], %s::integer[], %s::integer[], %s::integer[],
        %s::smallint[], %s::integer[], %s::bigint[], %s::bigint[], %s::bigint[], %s::integer[], %s::bigint[],
        %s::timestamptz[], %s::uuid[], %s::text[], %s::bytea[], %s::bytea[])
), added as (
    insert into kept_instance (series_id, sop_class, transfer_syntax, instance_number, rows, columns, bits_allocated,
        frame_count, pack_id, pack_offset, length, head_length, pixel_offset, received_at, uid_digest, instance_uid,
        head_sha256, data_set_sha256, hidden)
    select e.*, exists (select from rejection r where r.uid_digest = e.uid_digest and (r.series_uid, r.study_uid) =
        (select s.series_uid, t.study_uid from series s join study t on t.id = s.study_id where s.id = e.series_id))
    from entry e (series_id, sop_class, transfer_syntax, instance_number, rows, columns, bits_allocated, frame_count,
        pack_id, pack_offset, length, head_length, pixel_offset, received_at, uid_digest, instance_uid, head_sha256,
        data_set_sha256)
    on conflict (uid_digest) do nothing
    returning id, uid_digest, series_id, pack_id, received_at, hidden
), frames as (
    insert into frame_table (instance_id, first_frame, frame_size, frames, fragments)
    select a.id, 0, 0, f.frames, f.fragments
    from unnest(%s::uuid[], %s::integer[], %s::bytea[]) f (uid_digest, frames, fragments)
         join added a using (uid_digest)
), touched as (
    update study set last_received_at = greatest(last_received_at, (select max(received_at) from added)),
        arrived_in = pg_current_xact_id()
    where id = any(%s::bigint[])
), arrived as (
    select series_id, count(*) as number, max(received_at) as latest from added where not hidden group by series_id
), held as (
    select id from series where id in (select series_id from arrived) order by id for no key update
), counted as (
    update series s set instance_count = s.instance_count + n.number,
        last_received_at = greatest(s.last_received_at, n.latest)
    from held join arrived n on n.series_id = held.id where s.id = held.id
), tally as (
    select pack_id, count(*) as number from added group by pack_id
), marked as (
    update pack p set members = p.members + coalesce(m.number, 0),
        indexed_to = case when complete then greatest(p.indexed_to, m.mark) else p.indexed_to end,
        sealed_at = coalesce(p.sealed_at, m.sealed_at)
    from (select (select count(*) from added) = %s as complete, coalesce(u.id, t.pack_id) as id, mark, sealed_at, number
          from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) u (id, mark, sealed_at)
               full join tally t on t.pack_id = u.id) m
    where p.id = m.id
)
select uid_digest::text from added"""


class IndexRecord:
    """The writing half of the index. One thread at a time may use it; it holds a connection of its own.

    What this process has seen of patients, studies and series is remembered, so that a further instance
    of a series costs one statement; foreign keys find out should the memory be wrong. ``tell`` is called when something
    that was served is not any more.
    """

    def __init__(
        self,
        database: Database,
        events: EventLog,
        *,
        reconnect_seconds: float = RECONNECT_SECONDS,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._reconnect_seconds, self._tell = database, reconnect_seconds, tell
        self._connection: Connection | None = None
        self._was_interrupted = False
        self._parents, self._events = Parents(events), events
        self._touched: dict[int, float] = {}  # study to the monotonic moment of its last raise

    def known(self, instance_uids: Sequence[str]) -> Mapping[str, Known]:
        """What is kept under these SOP Instance UIDs."""
        digests = _array([uid_digest(uid).hex for uid in set(instance_uids)])
        if not self._attempt(lambda connection: _HOT_HITS.rows(connection, (digests,))):
            return {}
        rows = self._attempt(lambda connection: connection.execute(_KNOWN, (digests,)).fetchall())
        return {row[0]: _known(row) for row in rows}

    def record(self, batch: Batch) -> frozenset[str]:
        """Make rows of a batch in one transaction; returned are the UIDs that a rival recorded first.

        ``RecordRefused`` when an entry is at fault; ``Unavailable`` when it cannot be said whether it was done.
        """
        attempts = itertools.count()

        def once(connection: Connection) -> frozenset[str]:
            if not next(attempts):
                return self._record(connection, batch)
            if (rivals := _committed(connection, batch)) is not None:
                return rivals  # the connection was lost after the commit
            # Rows before these may be gone with the database: replay must find their pack longer than its mark.
            return self._record(connection, replace(batch, marks={}))

        try:
            return self._attempt(once)
        except (RecordRefused, Unavailable):
            self._parents.forget()
            raise

    def was_interrupted(self) -> bool:
        """Whether the database was lost since the last question, and with it what it had not flushed."""
        was_interrupted, self._was_interrupted = self._was_interrupted, False
        return was_interrupted

    def ping(self) -> None:
        """Find out whether the database is still the one that it was."""
        self._attempt(lambda connection: connection.execute("select 1").fetchone())

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _record(self, connection: Connection, batch: Batch) -> frozenset[str]:
        new = [entry for entry in batch.entries if entry.stored_as is StoredAs.NEW]
        broken = [entry for entry in new if not entry.is_whole]
        edited = [
            entry for entry in batch.entries if entry.overlay or entry.rejection or entry.stored_as is StoredAs.REPLACED
        ]
        if len(new) == len(batch.entries) and not (broken or edited) and self._parents.know(batch):
            return self._insert(connection, new, batch)  # one statement is one transaction
        with connection.transaction():
            self._parents.resolve(connection, batch)
            self._touched.update(dict.fromkeys(self._parents.made, time.monotonic()))  # they hold when they arrived
            versions = [entry for entry in batch.entries if entry.stored_as is not StoredAs.NEW]
            lost = {
                entry.header.instance_uid
                for entry in versions
                if not record_version(connection, entry, self._parents, self._events)
            }
            for entry in broken:
                subject = entry.header.instance_uid
                add_finding(connection, FindingKind.INCOMPLETE_OBJECT, self._parents.study_id(entry), subject, {})
            rivals = self._insert(connection, new, batch, frozenset(lost))
            recorded = [each for each in edited if each.header.instance_uid not in rivals]
            self._record_overlays(connection, recorded)
            for entry in recorded:
                if entry.rejection is not None:
                    record_rejection(connection, entry, entry.rejection, self._parents.series_id(entry), self._events)
        if any(entry.rejection or entry.stored_as is StoredAs.REPLACED for entry in recorded):
            self._tell()
        return rivals

    def _record_overlays(self, connection: Connection, edited: Sequence[Entry]) -> None:
        served = [entry for entry in edited if entry.stored_as in (StoredAs.NEW, StoredAs.REPLACED)]
        studies = {self._parents.study_id(entry) for entry in served if entry.overlay}
        record_overlays(connection, served, sorted(studies))

    def _insert(
        self, connection: Connection, new: Sequence[Entry], batch: Batch, lost: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        digests = {uid_digest(entry.header.instance_uid).hex: entry for entry in new}
        rows = [_row(entry, digest, self._parents) for digest, entry in digests.items()]
        columns = [_array(column) for column in zip(*rows, strict=True)] if rows else ["{}"] * 18
        marks = {} if lost else batch.marks
        parameters = (
            *columns,
            *_frame_columns(digests),
            _array(self._studies_to_touch(new)),
            str(len(new)),
            *_mark_columns(marks, batch.sealed, self._parents),
        )
        added = set(_HOT_RECORD.rows(connection, parameters))
        rivals = (entry.header.instance_uid for digest, entry in digests.items() if _dashed(digest) not in added)
        return lost.union(rivals) if len(added) < len(digests) else lost

    def _studies_to_touch(self, new: Sequence[Entry]) -> list[int]:
        now = time.monotonic()
        if len(self._touched) > 10_000:
            self._touched.clear()
        studies = {self._parents.study_id(entry) for entry in new}
        due = sorted(study for study in studies if now - self._touched.get(study, -60.0) > _TOUCH_SECONDS)
        self._touched.update(dict.fromkeys(due, now))
        return due

    def _attempt(self, operation: Callable[[Connection], Result]) -> Result:
        """Run an operation, again after a lost race or a lost connection."""
        deadline = time.monotonic() + self._reconnect_seconds
        tries, stale = _TRIES, True
        while True:
            try:
                return operation(self._connected(deadline))
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
                tries -= 1
                if not tries:
                    raise Unavailable("the database is too busy") from error
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if self._connection is not None and not self._connection.closed:
                    raise Unavailable("the database does not take more now") from error
            except psycopg.IntegrityError as error:
                if not stale:
                    raise _refused(error) from error
                stale = False
            except psycopg.Error as error:
                raise _refused(error) from error
            self._parents.forget()

    def _connected(self, deadline: float) -> Connection:
        while self._connection is None or self._connection.closed:
            try:
                self._was_interrupted = self._was_interrupted or self._connection is not None
                self._connection = self._database.dedicated(autocommit=True, connect_timeout=5, options=_OPTIONS)
                for statement in (_HOT_HITS, _HOT_RECORD):
                    statement.prepare(self._connection)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        return self._connection


_HOT_HITS, _HOT_RECORD = HotStatement("hits", _HITS), HotStatement("record", _RECORD)

# Every statement here goes by key: one plan for all, which must not change its mind while tables are small.
# No commit waits for the database's own disk: a synced pack brings its rows back (docs/decisions/0006).
_OPTIONS = (
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c statement_timeout=30s -c timezone=UTC"
    " -c synchronous_commit=off"
)


def _refused(error: psycopg.Error) -> RecordRefused:
    _log.error("instances_not_recorded", error=type(error).__name__, sqlstate=error.sqlstate)
    return RecordRefused(type(error).__name__)


def _committed(connection: Connection, batch: Batch) -> frozenset[str] | None:
    """If the batch's transaction was committed, the UIDs that are not ours in it; None if it was not."""
    places = {
        (entry.placement.pack, entry.placement.offset): entry.header.instance_uid
        for entry in batch.entries
        if entry.stored_as is StoredAs.NEW and entry.placement
    }
    rows = connection.execute(
        "select p.name, i.pack_offset from kept_instance i join pack p on p.id = i.pack_id"
        " where i.instance_uid = any(%s) and i.uid_digest = any(%s)",
        (list(places.values()), [uid_digest(uid) for uid in places.values()]),
    ).fetchall()
    ours = {places[row[0], row[1]] for row in rows if (row[0], row[1]) in places}
    return frozenset(places.values()) - ours if ours else None


def _known(row: Sequence[Any]) -> Known:
    uid, instance_id, study_uid, syntax, pack, offset, length, head_length, head_sha256, data_set_sha256, others = row
    place = Placement(pack, offset, length, head_length, head_sha256, data_set_sha256)
    return Known(instance_id, uid, study_uid, syntax, place, frozenset(others))


def _row(entry: Entry, digest: str, parents: Parents) -> tuple[object, ...]:
    """The values of an instance row in the order of the statement, as array elements."""
    header, place = entry.header, entry.placement
    if place is None:
        raise ValueError("a new instance has no place")
    return (
        parents.series_id(entry),
        parents.code(header.sop_class_uid),
        parents.code(entry.transfer_syntax_uid),
        header.instance_number,
        header.rows,
        header.columns,
        header.bits_allocated,
        header.frame_count,
        parents.pack_id(place.pack),
        place.offset,
        place.length,
        place.head_length,
        header.pixel_offset,
        entry.received_at.isoformat(),
        digest,
        header.instance_uid,
        _bytes(place.head_sha256),
        _bytes(place.data_set_sha256),
    )


def _frame_columns(digests: Mapping[str, Entry]) -> tuple[str, str, str]:
    tables = [(digest, entry.frames) for digest, entry in digests.items() if entry.frames is not None]
    if not tables:
        return "{}", "{}", "{}"
    return (
        _array([digest for digest, _ in tables]),
        _array([table.count for _, table in tables]),
        _array([_bytes(pack_fragments(table)) for _, table in tables]),
    )


def _mark_columns(marks: Mapping[str, int], sealed: Sequence[str], parents: Parents) -> tuple[str, str, str]:
    """Packs, their marks and the moments of their sealing."""
    names = sorted({*marks, *sealed})
    return (
        _array([parents.pack_id(name) for name in names]),
        _array([marks.get(name) for name in names]),
        _array(["now" if name in sealed else None for name in names]),
    )


def _array(values: Sequence[object]) -> str:
    """An array literal of numbers, UIDs, digests and moments: none has a character that must be quoted.

    One text costs a twentieth of what the adaptation of a list does.
    """
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _bytes(value: bytes) -> str:
    return "\\\\x" + value.hex()


def _dashed(digest: str) -> str:
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"
