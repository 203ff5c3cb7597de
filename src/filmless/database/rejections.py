"""Rejection notes as jobs and people see them."""

from psycopg.rows import dict_row

from filmless.archive.rejections import RejectionEntry
from filmless.database.connect import Database
from filmless.database.index.rejections import hide

SHOWN = 1000  # notes of one list

_SHOW = """
select n.public_id, n.note_uid, n.title, n.study_uid, n.actor, n.received_at, n.instances,
       (select count(*) from rejection r join kept_instance i on i.uid_digest = r.uid_digest
        where r.note_id = n.id and i.hidden and r.instance_uid <> n.note_uid) as hidden
from rejection_note n order by n.id desc limit %s"""


class Rejections:
    """The tables of rejections; any thread may use it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hide(self, note: int) -> int:
        """Hide what a note names and was recorded while it was; how many there were."""
        with self._database.connection() as connection:
            return hide(connection, note)

    def all(self) -> list[RejectionEntry]:
        """The newest notes."""
        with self._database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return [RejectionEntry(**row) for row in cursor.execute(_SHOW, (SHOWN,))]
