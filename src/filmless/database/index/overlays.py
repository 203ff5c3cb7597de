"""Overlays of instances: recorded with them, read only of studies that have any."""

from collections.abc import Sequence

from filmless.archive.model import StoredAs
from filmless.archive.ports import Entry
from filmless.database.connect import Connection
from filmless.database.edit_bytes import packed_edit
from filmless.standards.dicom.uids import uid_digest

_FORGET = "delete from overlay o using kept_instance i where i.uid_digest = %s and o.instance_id = i.id"
_ADD = """
insert into overlay (instance_id, record, edit) select id, %s, %s from kept_instance where uid_digest = %s
on conflict (instance_id) do update set record = excluded.record, edit = excluded.edit"""
_RAISE = "update study set correction_version = correction_version + 1 where id = any(%s)"


def record_overlays(connection: Connection, entries: Sequence[Entry], studies: Sequence[int]) -> None:
    """Make the overlays of entries whose rows were made, and raise the correction version of their studies."""
    for entry in entries:
        digest = uid_digest(entry.header.instance_uid)
        if entry.overlay is not None:
            connection.execute(_ADD, (entry.overlay.record.decode(), packed_edit(entry.overlay.edit), digest))
        elif entry.stored_as is StoredAs.REPLACED:
            connection.execute(_FORGET, (digest,))
    if studies:
        connection.execute(_RAISE, (sorted(studies),))
