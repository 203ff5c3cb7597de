"""How the commitments of each peer are handled, beside the AE registry."""

from datetime import timedelta

from filmless.access.commitment_rules import CommitmentRules
from filmless.archive.commitment import Proof
from filmless.archive.events import Event, EventKind
from filmless.database.connect import Database
from filmless.database.events import EventLog

LOCAL = "local:command"


class CommitmentRegistry:
    """Rules by AE title; a change holds at once."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database, self._events = database, events

    def rules(self, title: str) -> CommitmentRules:
        """The rules of a peer; the default ones where it has none, or is not registered."""
        with self._database.connection() as connection:
            row = connection.execute(
                "select host, port, called_title, wait_seconds, proof from ae_commitment where title = %s", (title,)
            ).fetchone()
        if row is None:
            return CommitmentRules()
        host, port, called_title, wait_seconds, proof = row
        return CommitmentRules(host, port, called_title, timedelta(seconds=wait_seconds), Proof(proof))

    def set_rules(self, title: str, rules: CommitmentRules, *, actor: str = LOCAL) -> None:
        """Change the rules of a registered peer."""
        seconds = int(rules.wait.total_seconds())
        values = (title, rules.host, rules.port, rules.title, seconds, rules.proof.value)
        details = {
            "registered": title,
            "commit_to": f"{rules.host}:{rules.port}/{rules.title}",
            "commit_wait": seconds,
            "commit_proof": rules.proof.value,
        }
        with self._database.connection() as connection:
            connection.execute(
                "insert into ae_commitment (title, host, port, called_title, wait_seconds, proof)"
                " values (%s, %s, %s, %s, %s, %s) on conflict (title) do update set host = excluded.host,"
                " port = excluded.port, called_title = excluded.called_title, wait_seconds = excluded.wait_seconds,"
                " proof = excluded.proof",
                values,
            )
            self._events.record(connection, Event(EventKind.AE_CHANGED, actor, details=details))
