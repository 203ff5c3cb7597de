"""Findings of ingest, written in the transaction that makes them true."""

from collections.abc import Mapping

import orjson

from filmless.archive.findings import FindingKind
from filmless.database.connect import Connection

_ADD = """
insert into finding (kind, patient_id, study_id, subject, details)
select %s, patient_id, id, %s, %s from study where id = %s on conflict (kind, study_id, subject) do nothing"""


def add_finding(
    connection: Connection, kind: FindingKind, study_id: int, subject: str, details: Mapping[str, object]
) -> None:
    """Something a person must look at; a second of the kind about the same subject is the same one."""
    connection.execute(_ADD, (kind.value, subject, orjson.dumps(details).decode(), study_id))
