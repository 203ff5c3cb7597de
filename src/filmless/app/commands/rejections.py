"""``filmless rejections``: what rejection notes took out of use."""

from filmless.app.commands.database import open_database
from filmless.app.tables import as_json, as_table
from filmless.archive.rejections import RejectionEntry
from filmless.database.rejections import Rejections
from filmless.servers.pages.rejections import entry_json
from filmless.settings import Settings

HEADINGS = ("RECEIVED (UTC)", "TITLE", "MEANING", "STUDY UID", "NAMED", "HIDDEN", "BY", "NOTE UID")


def list_rejections(settings: Settings, *, json: bool) -> str:
    """The newest notes, as a table or a JSON array."""
    with open_database(settings) as database:
        entries = Rejections(database).all()
    if json:
        return as_json(entry_json(entry) for entry in entries)
    return "\n".join(as_table(HEADINGS, (_fields(entry) for entry in entries)))


def _fields(entry: RejectionEntry) -> tuple[str, ...]:
    counts = (str(entry.instances), str(entry.hidden))
    return (f"{entry.received_at:%Y-%m-%d %H:%M:%S}", entry.title, entry.meaning, entry.study_uid, *counts,
            entry.actor, entry.note_uid)  # fmt: skip
