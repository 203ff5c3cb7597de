"""The AE registry: which DICOM peers are known, where they are and what they may do."""

from typing import Any

from psycopg.rows import dict_row

from filmless.access.peers import Peer
from filmless.archive.events import Event, EventKind
from filmless.archive.model import DuplicatePolicy
from filmless.database.connect import Database
from filmless.database.events import EventLog

LOCAL = "local:command"  # who changes the registry by a command on this machine

_SELECT = (
    "select title, host, port, allow, tls, duplicates, issuer, transfer_syntaxes, find_limit, last_seen_at from ae"
)


class AeTitles:
    """Rows of the registry; every process reads them anew, so a change holds without a restart."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events = EventLog(database)

    def add(self, peer: Peer, *, actor: str = LOCAL) -> None:
        """Register a peer, or change the one that has this title."""
        values = (
            peer.title,
            peer.host,
            peer.port,
            sorted(peer.allow),
            peer.tls,
            peer.duplicates.value,
            peer.issuer,
            list(peer.transfer_syntaxes),
            peer.find_limit,
        )
        with self._database.connection() as connection:
            connection.execute(
                """
                insert into ae (title, host, port, allow, tls, duplicates, issuer, transfer_syntaxes, find_limit)
                values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
                on conflict (title) do update set host = excluded.host, port = excluded.port, allow = excluded.allow,
                    tls = excluded.tls, duplicates = excluded.duplicates, issuer = excluded.issuer,
                    transfer_syntaxes = excluded.transfer_syntaxes, find_limit = excluded.find_limit
                """,
                values,
            )
            details = {
                "registered": peer.title,
                "host": peer.host,
                "port": peer.port,
                "allow": sorted(peer.allow),
                "duplicates": peer.duplicates.value,
                "find_limit": peer.find_limit,
            }
            self._events.record(connection, Event(EventKind.AE_CHANGED, actor, details=details))

    def remove(self, title: str, *, actor: str = LOCAL) -> bool:
        """Forget a peer; False when none has this title."""
        with self._database.connection() as connection:
            removed = connection.execute("delete from ae where title = %s", (title,)).rowcount == 1
            if removed:
                self._events.record(connection, Event(EventKind.AE_CHANGED, actor, details={"removed": title}))
        return removed

    def find(self, title: str) -> Peer | None:
        """The peer of this title, None when it is not registered."""
        with self._database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(_SELECT + " where title = %s", (title.strip(),)).fetchone()
        return None if row is None else _peer(row)

    def all(self) -> list[Peer]:
        """Every peer, by title."""
        with self._database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return [_peer(row) for row in cursor.execute(_SELECT + " order by title")]

    def seen(self, title: str) -> None:
        """Note that a peer has spoken to us; written at most once a minute."""
        with self._database.connection() as connection:
            connection.execute(
                """
                update ae set last_seen_at = now()
                where title = %s and (last_seen_at is null or last_seen_at < now() - interval '1 minute')
                """,
                (title,),
            )


def _peer(row: dict[str, Any]) -> Peer:
    listed = {
        "allow": frozenset(row["allow"]),
        "duplicates": DuplicatePolicy(row["duplicates"]),
        "transfer_syntaxes": tuple(row["transfer_syntaxes"]),
    }
    return Peer(**{**row, **listed})
