"""Events and findings of ingest, written in the transaction that makes them true."""

from collections.abc import Mapping

import orjson

from filmless.archive.scope import Scope
from filmless.database.connect import Connection


def add_event(
    connection: Connection,
    kind: str,
    scope: Scope,
    *,
    study_id: int,
    patient_id: int | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """One row of the history."""
    connection.execute(
        "insert into event (kind, actor, address, study_id, patient_id, details) values (%s, %s, %s, %s, %s, %s)",
        (kind, scope.actor, scope.address, study_id, patient_id, orjson.dumps(details or {}).decode()),
    )


def add_finding(
    connection: Connection,
    kind: str,
    study_id: int,
    subject: str,
    details: Mapping[str, object],
    *,
    patient_id: int | None = None,
) -> None:
    """Something a person must look at; a second of the kind about the same subject is the same one."""
    connection.execute(
        "insert into finding (kind, patient_id, study_id, subject, details) values (%s, %s, %s, %s, %s)"
        " on conflict (kind, study_id, subject) do nothing",
        (kind, patient_id, study_id, subject, orjson.dumps(details).decode()),
    )
