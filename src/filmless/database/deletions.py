"""The bin: instances deleted by request are hidden in one transaction, and given back in one."""

from collections.abc import Callable, Sequence
from uuid import UUID

from psycopg.rows import dict_row

from filmless.archive.events import Event, EventKind
from filmless.archive.receive.decisions import Decision, Deletion, Journal, Restoration
from filmless.archive.rejections import DeletionEntry
from filmless.archive.scope import Scope
from filmless.database.connect import Connection, Database
from filmless.database.events import EventLog
from filmless.database.find.reach import Reach
from filmless.database.find.writing import Parameters, all_of
from filmless.standards.dicom.uids import uid_digest

SHOWN = 1000  # deletions of one list
STATEMENT_SECONDS = 300  # for a study of a million instances

_ADD = """
insert into deletion (study_uid, series_uid, instance_uid, reason, actor, instances)
values (%s, %s, %s, %s, %s, 0) returning id, public_id, deleted_at"""
_TAKEN = """
select i.instance_uid from deleted_instance d join kept_instance i on i.id = d.instance_id
where d.deletion_id = %s order by i.id"""
_ADD_AGAIN = """
insert into deletion (public_id, study_uid, series_uid, instance_uid, reason, actor, deleted_at, instances)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (public_id) do nothing"""
_IN_BIN = "select id from deletion where public_id = %s and restored_at is null"
# Rows first, counts last and in the order of their keys, as those who record instances do.
_COUNT = """
), changed as (
    select m.series_id, count(*) as number,
           count(*) filter (where exists (select from rejection_note n where n.note_uid = m.instance_uid)) as notes
    from moved m group by m.series_id
), held as (
    select id from series where id in (select series_id from changed) order by id for no key update
), counted as (
    update series s set instance_count = s.instance_count {sign} c.number, note_count = s.note_count {sign} c.notes
    from held join changed c on c.series_id = held.id where s.id = held.id
)
select coalesce(sum(number), 0) from changed"""
_HIDE = """
with chosen as (
    select i.id from study s join patient p on p.id = s.patient_id join series r on r.study_id = s.id
         join kept_instance i on i.series_id = r.id
    where not i.hidden and {condition} order by i.id for no key update of i
), moved as (
    update kept_instance i set hidden = true from chosen c where i.id = c.id and not i.hidden
    returning i.id, i.series_id, i.instance_uid
), kept as (
    insert into deleted_instance (instance_id, deletion_id) select id, {deletion} from moved
"""
_TAKE_OUT = """
update deletion set restored_by = %s, restored_at = coalesce(%s, now()) where public_id = %s and restored_at is null
returning id, study_uid, restored_at"""
# What a rejection note names meanwhile stays hidden.
_SHOW = """
with freed as (
    delete from deleted_instance where deletion_id = %s returning instance_id
), chosen as (
    select i.id from freed f join kept_instance i on i.id = f.instance_id
         join series r on r.id = i.series_id join study s on s.id = r.study_id
    where not exists (select from rejection j where j.uid_digest = i.uid_digest
                      and j.series_uid = r.series_uid and j.study_uid = s.study_uid)
    order by i.id for no key update of i
), moved as (
    update kept_instance i set hidden = false from chosen c where i.id = c.id returning i.series_id, i.instance_uid
"""
_LIST = """
select d.public_id, d.study_uid, d.series_uid, d.instance_uid, d.reason, d.actor, d.deleted_at, d.instances,
       d.restored_by, d.restored_at, p.attributes #>> '{00100010,Value,0,Alphabetic}' as patient_name,
       p.attributes #>> '{00100010,Value,0,Ideographic}' as patient_name_ideographic,
       nullif(p.patient_id, '') as patient_id, nullif(s.study_date, '') as study_date,
       s.attributes #>> '{00081030,Value,0}' as study_description
from deletion d left join study s on s.study_uid = d.study_uid left join patient p on p.id = s.patient_id
order by d.id desc limit %s"""


class Deletions:
    """The tables of the bin; any thread may use it.

    Each decision is written to the journal before its transaction commits, so that none is only in the database. One
    whose transaction fails after that is carried out by the next replay of its pack. ``tell`` is called when one is
    committed.
    """

    def __init__(self, database: Database, events: EventLog, journal: Journal, tell: Callable[[], None]) -> None:
        self._database, self._events, self._journal, self._tell = database, events, journal, tell

    def delete(self, uids: tuple[str, str | None, str | None], reason: str, scope: Scope) -> int:
        """Put what is served of a study, series or instance into the bin; how many instances that were."""
        with self._database.connection() as connection:
            _take_time(connection)
            row = connection.execute(_ADD, (*uids, reason, scope.actor)).fetchone()
            deletion, public_id, at = row or (0, None, None)
            number = _hide(connection, deletion, _named(uids, scope))
            if not number:
                connection.execute("delete from deletion where id = %s", (deletion,))
                return 0
            connection.execute("update deletion set instances = %s where id = %s", (number, deletion))
            details = {"deletion": str(public_id)}
            event = Event(
                EventKind.DELETED, scope.actor, scope.address, study_uid=uids[0], count=number, details=details
            )
            self._events.record(connection, event)
            taken = tuple(str(each) for (each,) in connection.execute(_TAKEN, (deletion,)))
            self._journal.note(Deletion(public_id, at, scope.actor, *uids, reason, taken))
        self._tell()
        return number

    def restore(self, public_id: UUID, scope: Scope) -> int | None:
        """Give back what one deletion took; how many are served again, None when it is not in the bin."""
        with self._database.connection() as connection:
            _take_time(connection)
            found = connection.execute(_TAKE_OUT, (scope.actor, None, public_id)).fetchone()
            if found is None:
                return None
            number = _show(connection, found[0])
            details = {"deletion": str(public_id)}
            event = Event(
                EventKind.RESTORED, scope.actor, scope.address, study_uid=found[1], count=number, details=details
            )
            self._events.record(connection, event)
            self._journal.note(Restoration(public_id, found[2], scope.actor))
        self._tell()
        return number

    def replay(self, decision: Decision) -> None:
        """Make true again what a pack says; done twice it changes nothing."""
        with self._database.connection() as connection:
            _take_time(connection)
            if isinstance(decision, Restoration):
                asked = (decision.actor, decision.at, decision.public_id)
                found = connection.execute(_TAKE_OUT, asked).fetchone()
                if found is not None:
                    _show(connection, found[0])
                return
            this, number = decision, len(decision.instances)
            values = (this.study_uid, this.series_uid, this.instance_uid, this.reason, this.actor, this.at, number)
            connection.execute(_ADD_AGAIN, (this.public_id, *values))
            row = connection.execute(_IN_BIN, (this.public_id,)).fetchone()
            if row is not None:
                digests = [uid_digest(uid) for uid in this.instances]
                _hide(connection, row[0], lambda bound: f"i.uid_digest = any({bound.bind(digests)})")

    def all(self) -> Sequence[DeletionEntry]:
        """The newest deletions, those that were taken back included."""
        with self._database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return [DeletionEntry(**row) for row in cursor.execute(_LIST, (SHOWN,))]


def _take_time(connection: Connection) -> None:
    connection.execute(f"set local statement_timeout = '{STATEMENT_SECONDS}s'".encode())


Condition = Callable[[Parameters], str]


def _named(uids: tuple[str, str | None, str | None], scope: Scope) -> Condition:
    """What of a study, series or instance a scope reaches."""
    study_uid, series_uid, instance_uid = uids

    def condition(bound: Parameters) -> str:
        conditions = [Reach(scope, bound).rows(series="r"), f"s.study_uid = {bound.bind(study_uid)}"]
        if series_uid is not None:
            conditions.append(f"r.series_uid = {bound.bind(series_uid)}")
        if instance_uid is not None:
            conditions.append(f"i.uid_digest = {bound.bind(uid_digest(instance_uid))}")
        return all_of(conditions)

    return condition


def _hide(connection: Connection, deletion: int, condition: Condition) -> int:
    bound = Parameters()
    hide = _HIDE.format(condition=condition(bound), deletion=bound.bind(deletion))
    row = connection.execute((hide + _COUNT.format(sign="-")).encode(), bound.values).fetchone()
    return int(row[0]) if row else 0


def _show(connection: Connection, deletion: int) -> int:
    row = connection.execute((_SHOW + _COUNT.format(sign="+")).encode(), (deletion,)).fetchone()
    return int(row[0]) if row else 0
