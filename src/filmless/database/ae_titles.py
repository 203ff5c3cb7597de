"""The AE registry: which DICOM peers are known and what they may do, and which titles of ours they may call."""

from collections.abc import Sequence
from typing import Any

from psycopg.rows import dict_row

from filmless.access.called_titles import CalledTitle
from filmless.access.peers import Peer
from filmless.archive.events import Event, EventKind
from filmless.archive.model import DuplicatePolicy
from filmless.archive.scope import View
from filmless.database.connect import Database
from filmless.database.events import EventLog

LOCAL = "local:command"  # who changes the registry by a command on this machine

_SELECT = """
select title, host, port, allow, tls, duplicates, issuer, transfer_syntaxes, find_limit, certificate, parallel,
       notify_after, last_seen_at
from ae"""

_SELECT_CALLED = "select title, allow, modalities, institutions, issuers, source_aes from called_ae"


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
            peer.certificate,
            peer.parallel,
            peer.notify_after,
        )
        with self._database.connection() as connection:
            connection.execute(
                """
                insert into ae (title, host, port, allow, tls, duplicates, issuer, transfer_syntaxes, find_limit,
                    certificate, parallel, notify_after)
                values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                on conflict (title) do update set host = excluded.host, port = excluded.port, allow = excluded.allow,
                    tls = excluded.tls, duplicates = excluded.duplicates, issuer = excluded.issuer,
                    transfer_syntaxes = excluded.transfer_syntaxes, find_limit = excluded.find_limit,
                    certificate = excluded.certificate, parallel = excluded.parallel,
                    notify_after = excluded.notify_after,
                    noticed_to = case when ae.notify_after is null then excluded.noticed_to else ae.noticed_to end
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
                "tls": peer.tls,
                "certificate": peer.certificate,
                "parallel": peer.parallel,
                "notify_after": peer.notify_after,
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

    def add_called(self, called: CalledTitle, *, actor: str = LOCAL) -> None:
        """Serve a title beside the configured one, or change what it shows and allows."""
        view = called.view
        values = (
            called.title,
            sorted(called.allow),
            *(sorted(one) for one in (view.modalities, view.institutions, view.issuers, view.source_aes)),
        )
        with self._database.connection() as connection:
            connection.execute(
                """
                insert into called_ae (title, allow, modalities, institutions, issuers, source_aes)
                values (%s, %s, %s, %s, %s, %s)
                on conflict (title) do update set allow = excluded.allow, modalities = excluded.modalities,
                    institutions = excluded.institutions, issuers = excluded.issuers, source_aes = excluded.source_aes
                """,
                values,
            )
            names = ("allow", "modalities", "institutions", "issuers", "source_aes")
            details = {"served": called.title, **dict(zip(names, values[1:], strict=True))}
            self._events.record(connection, Event(EventKind.AE_CHANGED, actor, details=details))

    def remove_called(self, title: str, *, actor: str = LOCAL) -> bool:
        """Serve a title no more; False when it was not."""
        with self._database.connection() as connection:
            removed = connection.execute("delete from called_ae where title = %s", (title,)).rowcount == 1
            if removed:
                self._events.record(connection, Event(EventKind.AE_CHANGED, actor, details={"no_longer_served": title}))
        return removed

    def find_called(self, title: str) -> CalledTitle | None:
        """The title of ours that is called like this, None when there is none beside the configured one."""
        with self._database.connection() as connection:
            row = connection.execute(_SELECT_CALLED + " where title = %s", (title.strip(),)).fetchone()
        return None if row is None else _called(row)

    def all_called(self) -> list[CalledTitle]:
        """Every title that is served beside the configured one, by title."""
        with self._database.connection() as connection:
            return [_called(row) for row in connection.execute(_SELECT_CALLED + " order by title")]

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


def _called(row: Sequence[Any]) -> CalledTitle:
    title, allow, *restrictions = row
    return CalledTitle(title, frozenset(allow), View(*map(frozenset, restrictions)))
