"""The record of associations, as it is read: newest first, by page."""

from filmless.access.associations import RecordedAssociation
from filmless.archive.events import EventKind, Outcome
from filmless.database.connect import Database

_SELECT = """
select id, occurred_at, actor, address, outcome, details from event
where kind = %(kind)s and (%(before)s::bigint is null or id < %(before)s)
  and (%(actor)s::text is null or actor = %(actor)s) and (not %(failed)s or outcome <> %(success)s)
order by id desc limit %(limit)s"""


class Associations:
    """Reads the events of associations; any thread may use it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, limit: int, before: int | None = None, calling_ae: str | None = None, failed: bool = False
    ) -> list[RecordedAssociation]:
        """At most ``limit`` associations, newest first: those recorded before a number, of a peer, that failed."""
        asked = {
            "kind": EventKind.ASSOCIATION.value,
            "before": before,
            "actor": None if calling_ae is None else f"ae:{calling_ae}",
            "failed": failed,
            "success": Outcome.SUCCESS.value,
            "limit": limit,
        }
        with self._database.connection() as connection:
            rows = connection.execute(_SELECT, asked).fetchall()
        return [
            RecordedAssociation(number, moment, actor.removeprefix("ae:"), address, outcome != Outcome.SUCCESS, details)
            for number, moment, actor, address, outcome, details in rows
        ]
