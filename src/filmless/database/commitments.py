"""Commitments: recorded with the job that carries them out, and told to people."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from filmless.archive.commitment import Commitment, CommitmentEntry, Found, Request, State, Ticket
from filmless.archive.events import Event, EventKind, Outcome
from filmless.archive.model import Placement
from filmless.database.connect import Connection, Database
from filmless.database.events import EventLog
from filmless.database.jobs import defer
from filmless.standards.data_set.references import Reference
from filmless.standards.dicom.uids import uid_digest

JOB = "commitment"  # its row in jobs/kinds.py
SHOWN = 1000  # commitments of one list
_LOOKED_UP = 2000  # instances of one question

_LOCK = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
_ADD = """
insert into commitment (ae, called_ae, address, transaction_uid, list_sha256, is_duplicate, sop_classes, instance_uids,
    requested_at, wait_seconds)
values (%(ae)s, %(called_ae)s, %(address)s, %(transaction_uid)s, %(list)s,
    exists (select from commitment
            where ae = %(ae)s and transaction_uid = %(transaction_uid)s and list_sha256 <> %(list)s),
    %(sop_classes)s, %(instance_uids)s, %(requested_at)s,
    coalesce((select wait_seconds from ae_commitment where title = %(ae)s), 600))
on conflict (ae, transaction_uid, list_sha256) do update set called_ae = excluded.called_ae, failures = null,
    address = excluded.address, requested_at = excluded.requested_at, wait_seconds = excluded.wait_seconds
returning id"""
_GO_ON = """
update commitment set serial = serial + 1, next_at = coalesce(%(at)s, now()),
    attempts = coalesce(%(attempts)s, attempts), last_error = coalesce(%(error)s, last_error),
    state = case when failures is null then 'waiting' else 'reporting' end
where id = %(id)s returning serial"""
_LOAD = """
select id, serial, ae, called_ae, address, transaction_uid, sop_classes, instance_uids, requested_at, wait_seconds,
       is_duplicate, failures, attempts
from commitment where id = %s and serial = %s and state in ('waiting', 'reporting')"""
_FOUND = """
select i.instance_uid, c.uid, p.name, i.pack_offset, i.length, i.head_length, i.head_sha256, i.data_set_sha256, i.hidden
from kept_instance i join uid_code c on c.id = i.sop_class join pack p on p.id = i.pack_id
where i.uid_digest = any(%s::uuid[])"""
_SHOW = """
select public_id, ae, called_ae, transaction_uid, requested_at, cardinality(instance_uids) as instances,
       case when failures is null then null
            else cardinality(failures) - cardinality(array_remove(failures, 0)) end as committed,
       attempts, case when state in ('waiting', 'reporting') then next_at end as next_at, reported_at, last_error, state
from commitment order by id desc limit %s"""


class Commitments:
    """The table of commitments; any thread may use it."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database, self._events = database, events

    def ask(self, request: Request, *, at: datetime | None = None) -> Ticket:
        """Record a request with its job, due at a moment or at once. The same once more is carried out once more."""
        digest = sha256("\n".join(f"{one.sop_class_uid} {one.instance_uid}" for one in request.references).encode())
        values = {
            "ae": request.ae,
            "called_ae": request.called_ae,
            "address": request.address,
            "transaction_uid": request.transaction_uid,
            "list": digest.digest(),
            "sop_classes": [one.sop_class_uid for one in request.references],
            "instance_uids": [one.instance_uid for one in request.references],
            "requested_at": request.requested_at,
        }
        with self._database.connection() as connection:
            connection.execute(_LOCK, (f"commitment {request.ae} {request.transaction_uid}",))
            key = _number(connection, _ADD, values)
            serial = _go_on(connection, key, at=at)
            self._record(connection, EventKind.COMMITMENT_ASKED, request, {})
        return Ticket(key, serial)

    def pending(self, key: int, serial: int) -> Commitment | None:
        """A commitment, for the job that may go on with it; None when another may, or nothing is left to do."""
        with self._database.connection() as connection:
            row = connection.execute(_LOAD, (key, serial)).fetchone()
        return None if row is None else _commitment(row)

    def found(self, instance_uids: Sequence[str]) -> Mapping[str, Found]:
        """What is kept under these SOP Instance UIDs."""
        found: dict[str, Found] = {}
        with self._database.connection() as connection:
            for first in range(0, len(instance_uids), _LOOKED_UP):
                digests = [uid_digest(uid) for uid in instance_uids[first : first + _LOOKED_UP]]
                for uid, sop_class_uid, *place, is_rejected in connection.execute(_FOUND, (digests,)):
                    found[uid] = Found(sop_class_uid, Placement(*place), is_rejected)
        return found

    def decided(self, commitment: Commitment, failures: Sequence[int]) -> None:
        """Keep what was found out."""
        with self._database.connection() as connection:
            connection.execute(
                "update commitment set failures = %s, state = 'reporting' where id = %s and serial = %s",
                (list(failures), commitment.key, commitment.serial),
            )

    def postpone(self, commitment: Commitment, at: datetime | None) -> None:
        """Have a job go on at a moment, or at once."""
        with self._database.connection() as connection:
            if _holds(connection, commitment):
                _go_on(connection, commitment.key, at=at)

    def failed(self, commitment: Commitment, at: datetime, error: str) -> None:
        """A report did not reach the peer: try again at a moment."""
        with self._database.connection() as connection:
            if _holds(connection, commitment):
                _go_on(connection, commitment.key, at=at, error=error, attempts=commitment.attempts + 1)

    def reported(self, commitment: Commitment) -> None:
        """The peer has taken the report."""
        failures = commitment.failures or ()
        details: dict[str, object] = {"failed": sum(map(bool, failures))}
        with self._database.connection() as connection:
            connection.execute(
                "update commitment set state = 'reported', reported_at = now(), next_at = null, last_error = ''"
                " where id = %s",
                (commitment.key,),
            )
            self._record(connection, EventKind.COMMITMENT_REPORTED, commitment.request, details)

    def given_up(self, commitment: Commitment, error: str) -> None:
        """The peer did not take the report for too long."""
        with self._database.connection() as connection:
            connection.execute(
                "update commitment set state = 'given-up', next_at = null, attempts = %s, last_error = %s"
                " where id = %s and serial = %s",
                (commitment.attempts + 1, error, commitment.key, commitment.serial),
            )
            details: dict[str, object] = {"error": error}
            self._record(connection, EventKind.COMMITMENT_REPORTED, commitment.request, details, Outcome.FAILURE)

    def all(self) -> list[CommitmentEntry]:
        """The newest commitments."""
        with self._database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_SHOW, (SHOWN,)).fetchall()
        return [CommitmentEntry(**{**row, "state": State(row["state"])}) for row in rows]

    def retry(self, public_id: UUID, actor: str) -> bool:
        """Find out anew and report at once, whatever the state; False when there is no such commitment."""
        with self._database.connection() as connection:
            row = connection.execute(
                "update commitment set failures = null where public_id = %s returning id, transaction_uid", (public_id,)
            ).fetchone()
            if row is not None:
                _go_on(connection, row[0], at=None, attempts=0)
                details = {"transaction_uid": row[1]}
                self._events.record(connection, Event(EventKind.COMMITMENT_ASKED, actor, details=details))
        return row is not None

    def _record(
        self,
        connection: Connection,
        kind: EventKind,
        request: Request,
        details: dict[str, object],
        outcome: Outcome = Outcome.SUCCESS,
    ) -> None:
        details = {"transaction_uid": request.transaction_uid, **details}
        count = len(request.references)
        event = Event(kind, f"ae:{request.ae}", request.address, outcome, count=count, details=details)
        self._events.record(connection, event)


def _go_on(
    connection: Connection, key: int, *, at: datetime | None, error: str | None = None, attempts: int | None = None
) -> int:
    """Have the next step done by a job, and no longer by those before it."""
    serial = _number(connection, _GO_ON, {"id": key, "at": at, "error": error, "attempts": attempts})
    defer(connection, JOB, {"key": key, "serial": serial}, at=at)
    return serial


def _holds(connection: Connection, commitment: Commitment) -> bool:
    found = connection.execute(
        "select from commitment where id = %s and serial = %s for update", (commitment.key, commitment.serial)
    )
    return found.fetchone() is not None


def _number(connection: Connection, statement: str, values: Mapping[str, object]) -> int:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None:
        raise LookupError("the commitment is gone")
    return int(row[0])


def _commitment(row: Sequence[Any]) -> Commitment:
    key, serial, ae, called_ae, address, transaction_uid, sop_classes, instance_uids, requested_at, wait, *rest = row
    is_duplicate, failures, attempts = rest
    references = tuple(Reference(*pair) for pair in zip(sop_classes, instance_uids, strict=True))
    request = Request(ae, called_ae, address, transaction_uid, references, requested_at)
    known = None if failures is None else tuple(failures)
    return Commitment(key, serial, request, timedelta(seconds=wait), is_duplicate, known, attempts)
