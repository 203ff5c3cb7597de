"""Sessions of people in browsers: a random cookie, kept as a digest, idle 15 minutes, 12 hours at most."""

import secrets
from datetime import timedelta

from filmless.access.credentials import digest
from filmless.access.roles import Role
from filmless.access.scope import Kind, Principal
from filmless.archive.events import Event, EventKind
from filmless.database.connect import Database
from filmless.database.events import EventLog

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)


class Sessions:
    """Rows of sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events = EventLog(database)

    def open(self, user_name: str, address: str) -> str:
        """The secret of a new session of this user; sessions that have ended are cleared away."""
        secret = secrets.token_urlsafe(32)
        with self._database.connection() as connection:
            connection.execute(
                "delete from session where last_seen_at < now() - %s::interval or created_at < now() - %s::interval",
                (IDLE, ABSOLUTE),
            )
            connection.execute(
                "insert into session (sha256, user_id, address) select %s, id, %s from user_account where name = %s",
                (digest(secret), address, user_name),
            )
        return secret

    def find(self, secret: str, address: str) -> Principal | None:
        """Whose session this is; None when it has ended or the user is disabled. Notes its use each minute."""
        return self._find(secret, address, noting=True)

    def look(self, secret: str, address: str) -> Principal | None:
        """As ``find``, for what nobody did: the session ends as if this had not been asked."""
        return self._find(secret, address, noting=False)

    def _find(self, secret: str, address: str, *, noting: bool) -> Principal | None:
        with self._database.connection() as connection:
            row = connection.execute(
                """
                select u.name, u.role, s.created_at + %s::interval, s.last_seen_at < now() - interval '1 minute'
                from session s join user_account u on u.id = s.user_id
                where s.sha256 = %s and u.disabled_at is null
                  and s.last_seen_at > now() - %s::interval and s.created_at > now() - %s::interval
                """,
                (ABSOLUTE, digest(secret), IDLE, ABSOLUTE),
            ).fetchone()
            if row is None:
                return None
            name, role, until, is_unnoted = row
            if noting and is_unnoted:
                connection.execute("update session set last_seen_at = now() where sha256 = %s", (digest(secret),))
        return Principal(Kind.USER, name, Role(role), address, until)

    def close(self, secret: str, address: str) -> None:
        """End a session at once."""
        with self._database.connection() as connection:
            row = connection.execute(
                "delete from session s using user_account u where s.sha256 = %s and u.id = s.user_id returning u.name",
                (digest(secret),),
            ).fetchone()
            if row is not None:
                self._events.record(connection, Event(EventKind.LOGOUT, f"user:{row[0]}", address))
