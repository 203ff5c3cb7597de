"""``filmless commitments``: what peers asked us to keep safe, and what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from filmless.app.commands.command_error import CommandError
from filmless.app.commands.database import open_database
from filmless.app.tables import as_json, as_table
from filmless.archive.commitment import CommitmentEntry
from filmless.database.commitments import Commitments
from filmless.database.events import EventLog
from filmless.servers.pages.commitments import entry_json
from filmless.settings import Settings

ACTOR = "local:commitments"


HEADINGS = ("ID", "PEER", "TRANSACTION UID", "ASKED (UTC)", "STATE", "SAFE", "NEXT TRY", "LAST ERROR")


def list_commitments(settings: Settings, *, json: bool) -> str:
    """The newest commitments, as a table or a JSON array."""
    with _commitments(settings) as commitments:
        entries = commitments.all()
    if json:
        return as_json(entry_json(entry) for entry in entries)
    return "\n".join(as_table(HEADINGS, (_fields(entry) for entry in entries)))


def retry_commitment(settings: Settings, commitment_id: str) -> None:
    """Have a commitment carried out at once, by the server that runs or by the next one."""
    try:
        public_id = UUID(commitment_id)
    except ValueError:
        raise CommandError(f'"{commitment_id}" is no id of a commitment; filmless commitments shows them.') from None
    with _commitments(settings) as commitments:
        if not commitments.retry(public_id, ACTOR):
            raise CommandError(f"There is no commitment {commitment_id}; filmless commitments shows them.")


@contextmanager
def _commitments(settings: Settings) -> Iterator[Commitments]:
    with open_database(settings) as database:
        yield Commitments(database, EventLog(database))


def _fields(entry: CommitmentEntry) -> tuple[str, ...]:
    return (
        str(entry.public_id),
        entry.ae,
        entry.transaction_uid,
        _moment(entry.requested_at),
        entry.state,
        f"{'?' if entry.committed is None else entry.committed} of {entry.instances}",
        _moment(entry.next_at) if entry.next_at else "",
        entry.last_error,
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
