"""How far packs are indexed, and the rows whose bytes are gone."""

from collections.abc import Mapping

from filmless.archive.findings import FindingKind
from filmless.archive.ports import Mark
from filmless.database.connect import Database
from filmless.database.index.findings import add_finding

_RECENT = 64  # packs whose rows are counted at start: what a crash or a restore may have lost is among the newest

_MARKS = """
select p.name, p.indexed_to, p.sealed_at is not null, p.id > (select max(id) from pack) - %s and p.members <>
    (select count(*) from kept_instance i where i.pack_id = p.id)
    + (select count(*) from conflict_version v where v.pack_id = p.id)
from pack p"""
_QUARANTINE = """
with gone as (
    delete from kept_instance i using pack p
    where p.name = %(pack)s and i.pack_id = p.id and i.pack_offset + i.length > %(length)s
    returning i.*
), noted as (
    insert into missing_instance (series_id, instance_uid, pack_id, pack_offset, length, head_sha256, data_set_sha256,
        received_at)
    select series_id, instance_uid, pack_id, pack_offset, length, head_sha256, data_set_sha256, received_at from gone
), counted as (
    update series s set instance_count = s.instance_count - n.number
    from (select series_id, count(*) as number from gone where not hidden group by series_id) n
    where s.id = n.series_id
)
select s.id, count(*)
from gone g join series r on r.id = g.series_id join study s on s.id = r.study_id group by s.id order by s.id"""
_QUARANTINE_VERSIONS = """
delete from conflict_version v using pack p
where p.name = %(pack)s and v.pack_id = p.id and v.pack_offset + v.length > %(length)s"""
_LOWER = "update pack set indexed_to = least(indexed_to, %(length)s), sealed_at = null where name = %(pack)s"
_HOLD_SERIES = """
select id from series
where id in (select j.series_id from kept_instance j join pack p on p.id = j.pack_id where p.name = %(pack)s)
order by id for update"""
_RECOUNT_SERIES = """
update series s set instance_count = n.number
from (select i.series_id, count(*) as number from instance i
      where i.series_id in (select j.series_id from kept_instance j join pack p on p.id = j.pack_id
                            where p.name = %(pack)s)
      group by i.series_id) n
where s.id = n.series_id and s.instance_count <> n.number"""
_RECOUNT_PACK = """
update pack p set members = (select count(*) from kept_instance i where i.pack_id = p.id)
    + (select count(*) from conflict_version v where v.pack_id = p.id)
where p.name = %(pack)s"""


class IndexMarks:
    """What replay asks of the index and says to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def marks(self) -> Mapping[str, Mark]:
        """Every pack that the index knows."""
        with self._database.connection() as connection:
            return {
                name: Mark(end, sealed, lacks) for name, end, sealed, lacks in connection.execute(_MARKS, (_RECENT,))
            }

    def quarantine(self, pack: str, length: int) -> int:
        """Take rows out of service whose bytes would lie behind ``length``; how many there were.

        They are noted in ``missing_instance`` and in a finding of their study; should the bytes come back, replay
        from the lowered mark brings the rows back.
        """
        place = {"pack": pack, "length": length}
        with self._database.connection() as connection:
            connection.execute("set local statement_timeout = 0")
            studies = connection.execute(_QUARANTINE, place).fetchall()
            connection.execute(_QUARANTINE_VERSIONS, place)
            connection.execute(_LOWER, place)
            connection.execute(_RECOUNT_PACK, place)
            for study_id, number in studies:
                add_finding(connection, FindingKind.MISSING_BYTES, study_id, pack, {"pack": pack, "instances": number})
        return sum(row[1] for row in studies)

    def recount(self, pack: str) -> None:
        """Set the counts of a pack and of the series with rows in it to what is there."""
        with self._database.connection() as connection:
            connection.execute("set local statement_timeout = 0")
            connection.execute(_HOLD_SERIES, {"pack": pack})  # who adds to them now does so after the count
            connection.execute(_RECOUNT_SERIES, {"pack": pack})
            connection.execute(_RECOUNT_PACK, {"pack": pack})
