"""What changes in the archive, as PostgreSQL tells it, and what of it a scope reaches."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from filmless.archive.errors import Unavailable
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.find.reach import Reach
from filmless.database.find.writing import Parameters

# What was on its way when a page last heard of us: rows that were not committed yet, a study that was about to settle.
_OVERLAP = timedelta(minutes=10)
_NOW = "select now()"
_LOOK = """
select s.study_uid, s.is_shown, false from study s join patient p on p.id = s.patient_id
where s.study_uid = any({uids}::text[]) and {scope}"""
_ARRIVED = """
select s.study_uid, s.is_shown, s.first_received_at >= {since} from study s join patient p on p.id = s.patient_id
where s.last_received_at >= {before} and {scope} order by s.last_received_at desc limit {limit}"""
_HIDDEN = """
select s.study_uid, s.is_shown, false from study s join patient p on p.id = s.patient_id
where s.study_uid in (
    select study_uid from deletion where greatest(deleted_at, restored_at) >= {before}
    union select study_uid from rejection_note where received_at >= {before}
) and {scope} limit {limit}"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A study that changed, as a scope reaches it."""

    study_uid: str
    is_shown: bool  # False: nothing of it is served any more
    is_new: bool  # it came since the moment that was asked for


class StudyChanges:
    """Listens, and looks; ``follow`` belongs to one event loop, the rest to any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def follow(self) -> AsyncGenerator[str]:
        """Give "" when listening has begun, then each notice as it comes; ``Unavailable`` when the server is lost."""
        try:
            connection = await psycopg.AsyncConnection.connect(self._database.dsn, autocommit=True)
            async with connection:
                await connection.execute("listen filmless_changes")
                yield ""
                async for notice in connection.notifies():
                    yield notice.payload
        except psycopg.Error as error:
            raise Unavailable("the database does not answer") from error

    def look(self, scope: Scope, study_uids: Sequence[str]) -> tuple[datetime, list[Seen]]:
        """Which of these studies are reached, as of the moment that is given with them."""
        bound = Parameters()
        uids, reached = bound.bind(list(study_uids)), Reach(scope, bound).rows()
        with self._database.connection() as connection:
            moment = _moment(connection.execute(_NOW).fetchone())
            rows = connection.execute(_LOOK.format(uids=uids, scope=reached).encode(), bound.values).fetchall()
        return moment, [Seen(*row) for row in rows]

    def since(self, scope: Scope, moment: datetime | None, limit: int) -> tuple[datetime, list[Seen] | None]:
        """What changed since, or a little longer; None when that is more than ``limit``, nothing for no moment."""
        with self._database.connection() as connection:
            now = _moment(connection.execute(_NOW).fetchone())
            if moment is None:
                return now, []
            seen = {}
            for statement in (_HIDDEN, _ARRIVED):
                bound = Parameters()
                named = {
                    "since": bound.bind(moment),
                    "before": bound.bind(moment - _OVERLAP),
                    "limit": bound.bind(limit + 1),
                    "scope": Reach(scope, bound).rows(),
                }
                rows = connection.execute(statement.format(**named).encode(), bound.values).fetchall()
                seen.update({row[0]: Seen(*row) for row in rows})
        return now, None if len(seen) > limit else list(seen.values())


def _moment(row: Any) -> datetime:
    moment: datetime = row[0]
    return moment
