"""Rows of what users have set for the pages; each change is recorded, and made against the version it was read as."""

from psycopg.types.json import Jsonb

from filmless.access.user_settings import NOTHING_KEPT, Kept, UserSettings
from filmless.archive.events import Event, EventKind
from filmless.database.connect import Database
from filmless.database.events import EventLog

_READ = """
select c.version, c.settings from user_setting c join user_account u on u.id = c.user_id where u.name = %s"""
_ADD = """
insert into user_setting (user_id, version, settings)
select id, 1, %s from user_account where name = %s
on conflict (user_id) do nothing returning version"""
_CHANGE = """
update user_setting c set version = c.version + 1, settings = %s, changed_at = now()
from user_account u where u.id = c.user_id and u.name = %s and c.version = %s returning c.version"""


class UserSettingRows:
    """Reads and writes; any thread may use it."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database, self._events = database, events

    def read(self, user_name: str) -> Kept:
        """What this user has set."""
        with self._database.connection() as connection:
            row = connection.execute(_READ, (user_name,)).fetchone()
        return Kept(*row) if row else NOTHING_KEPT

    def write(self, user_name: str, settings: UserSettings, version: int, address: str) -> int | None:
        """Replace what was read as ``version``; the new version, None when it is another one by now."""
        value = Jsonb(dict(settings))
        with self._database.connection() as connection:
            if version:
                row = connection.execute(_CHANGE, (value, user_name, version)).fetchone()
            else:
                row = connection.execute(_ADD, (value, user_name)).fetchone()
            if row is None:
                return None
            details = {"settings": sorted(settings)}
            self._events.record(
                connection, Event(EventKind.SETTINGS_CHANGED, f"user:{user_name}", address, details=details)
            )
        return int(row[0])
