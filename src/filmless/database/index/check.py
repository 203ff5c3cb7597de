"""The index as the consistency check reads it."""

from collections.abc import Mapping, Sequence

from filmless.archive.model import Placement
from filmless.database.connect import Database
from filmless.database.index.marks import IndexMarks
from filmless.standards.dicom.uids import uid_digest

_PLACED = """
select i.instance_uid, p.name, i.pack_offset, i.length, i.head_length, i.head_sha256, i.data_set_sha256
from kept_instance i join pack p on p.id = i.pack_id where p.name = %(pack)s
union all
select i.instance_uid, p.name, v.pack_offset, v.length, v.head_length, v.head_sha256, v.data_set_sha256
from conflict_version v join kept_instance i on i.id = v.instance_id join pack p on p.id = v.pack_id
where p.name = %(pack)s order by 3"""
_OVERLAYS = """
select i.pack_offset, o.record
from kept_instance i join pack p on p.id = i.pack_id left join overlay o on o.instance_id = i.id where p.name = %s"""
_KEPT = """
select instance_uid, data_set_sha256 from kept_instance where uid_digest = any(%(digests)s)
union all
select i.instance_uid, v.data_set_sha256 from conflict_version v join kept_instance i on i.id = v.instance_id
where i.uid_digest = any(%(digests)s)"""
_WRONG_COUNTS = """
select s.series_uid from series s
left join (select series_id, count(*) as number from instance group by series_id) n on n.series_id = s.id
where s.instance_count <> coalesce(n.number, 0) order by s.id"""


class IndexCheck(IndexMarks):
    """Reads all rows of a pack at once, however many there are."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database

    def placed_in(self, pack: str) -> Sequence[tuple[str, Placement]]:
        """What rows say of a pack: SOP Instance UID and place, conflict versions included."""
        with self._database.connection() as connection:
            connection.execute("set local statement_timeout = 0")
            return [(row[0], Placement(*row[1:])) for row in connection.execute(_PLACED, {"pack": pack})]

    def overlays_in(self, pack: str) -> Mapping[int, object]:
        """The records of overlays of a pack's files that are served, by offset; None for one without an overlay."""
        with self._database.connection() as connection:
            connection.execute("set local statement_timeout = 0")
            return {row[0]: row[1] for row in connection.execute(_OVERLAYS, (pack,))}

    def kept(self, instance_uids: Sequence[str]) -> frozenset[tuple[str, bytes]]:
        """SOP Instance UID and hash of all contents that are kept under these UIDs."""
        digests = [uid_digest(uid) for uid in instance_uids]
        with self._database.connection() as connection:
            return frozenset((row[0], row[1]) for row in connection.execute(_KEPT, {"digests": digests}))

    def wrong_counts(self) -> Sequence[str]:
        """Series whose count is not the number of their instances."""
        with self._database.connection() as connection:
            connection.execute("set local statement_timeout = 0")
            return [row[0] for row in connection.execute(_WRONG_COUNTS)]
