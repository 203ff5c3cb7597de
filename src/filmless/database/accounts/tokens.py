"""Bearer tokens of the HTTP interfaces: made once, kept as a digest, listed by prefix, revoked."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from filmless.access.credentials import SHOWN, TOKEN_BYTES, digest, is_token, token_text
from filmless.access.roles import Role
from filmless.access.scope import Kind, Principal
from filmless.archive.events import Event, EventKind
from filmless.database.connect import Database
from filmless.database.events import EventLog

LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; its text is not."""

    public_id: UUID
    name: str
    prefix: str
    role: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class Tokens:
    """Rows of tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events = EventLog(database)

    def create(self, name: str, role: Role, *, created_by: str, lifetime: timedelta = LIFETIME) -> str:
        """A new token's text, shown this once."""
        text = token_text(secrets.token_bytes(TOKEN_BYTES))
        with self._database.connection() as connection:
            connection.execute(
                """
                insert into token (name, prefix, sha256, role, created_by, expires_at)
                values (%s, %s, %s, %s, %s, %s)
                """,
                (name, text[:SHOWN], digest(text), role.value, created_by, datetime.now(UTC) + lifetime),
            )
            details = {"made": text[:SHOWN], "role": role.value}
            self._events.record(connection, Event(EventKind.TOKEN_CHANGED, created_by, details=details))
        return text

    def find(self, text: str, address: str) -> Principal | None:
        """Whom a token speaks for; None for one that is unknown, expired or revoked. Notes its use each minute."""
        if not is_token(text):
            return None
        with self._database.connection() as connection:
            row = connection.execute(
                """
                select id, name, role, expires_at,
                       last_used_at is null or last_used_at < now() - interval '1 minute'
                from token where sha256 = %s and revoked_at is null and expires_at > now()
                """,
                (digest(text),),
            ).fetchone()
            if row is None:
                return None
            key, name, role, expires_at, note_use = row
            if note_use:
                connection.execute("update token set last_used_at = now() where id = %s", (key,))
        return Principal(Kind.TOKEN, name, Role(role), address, expires_at)

    def look(self, text: str, address: str) -> Principal | None:
        """As ``find``: the use of a token has no bearing on its end."""
        return self.find(text, address)

    def all(self) -> list[Token]:
        """Every token, newest first."""
        with self._database.connection() as connection, connection.cursor(row_factory=class_row(Token)) as cursor:
            return cursor.execute(
                """
                select public_id, name, prefix, role, created_by, created_at, expires_at, last_used_at, revoked_at
                from token order by created_at desc, id desc
                """
            ).fetchall()

    def revoke(self, public_id: UUID, *, actor: str) -> bool:
        """End a token at once; False when there is none that could end."""
        with self._database.connection() as connection:
            row = connection.execute(
                "update token set revoked_at = now() where public_id = %s and revoked_at is null returning prefix",
                (public_id,),
            ).fetchone()
            if row is None:
                return False
            self._events.record(connection, Event(EventKind.TOKEN_CHANGED, actor, details={"revoked": row[0]}))
        return True
