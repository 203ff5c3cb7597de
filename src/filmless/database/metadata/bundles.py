"""Metadata bundles as rows: found only where they were made of what the series has now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from filmless import __version__
from filmless.archive.errors import Unavailable
from filmless.archive.metadata.deflated import Measure
from filmless.archive.metadata.series import Bundle, SeriesNow, Uids
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.database.connect import Connection, Database
from filmless.database.edit_bytes import EDIT_OF
from filmless.database.find.reach import Reach
from filmless.database.find.writing import Parameters
from filmless.database.index.read import located
from filmless.standards.dicom.uids import uid_digest

HELD = 8 << 20  # bytes of bundles that are read with the rows about them; what is beyond is read as it is sent

# The state says of what a bundle was made: of each instance in its order the UID, both hashes, and how it is edited
# on the way out. It is computed from the rows that whoever asks may see, at the moment when he asks: a bundle that
# was made of anything else is not found, whatever became of the rows and whoever changed them.
_LOOK = """
with here as (
    select r.id, r.series_uid, r.series_number, count(*) as instances, sha256(string_agg(
        convert_to(i.instance_uid || ' ', 'UTF8') || i.head_sha256 || i.data_set_sha256
            || coalesce(sha256({edit}), ''::bytea),
        ''::bytea order by i.instance_number nulls last, i.id)) as state
    from study s join patient p on p.id = s.patient_id join series r on r.study_id = s.id
         join instance i on i.series_id = r.id
    where {condition} group by r.id
)
select h.id, h.series_uid, h.instances, h.state, b.root, b.crc32, b.length, octet_length(b.deflated),
       b.serial
from here h left join metadata_bundle b on b.series_id = h.id and b.state = h.state and b.writer = {writer}
order by h.series_number nulls last, h.id"""
_PIECES = "select series_id, deflated from metadata_bundle where series_id = any(%s)"
_READ = """
select substring(deflated from %s for %s) from metadata_bundle
where series_id = %s and serial = %s"""
_KEEP = """
insert into metadata_bundle (series_id, state, writer, root, instances, crc32, length, deflated)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (series_id) do update set state = excluded.state, writer = excluded.writer, root = excluded.root,
    instances = excluded.instances, crc32 = excluded.crc32, length = excluded.length, deflated = excluded.deflated,
    serial = excluded.serial"""


class MetadataBundles:
    """Fulfils ``Bundles``; any thread may use it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look(self, scope: Scope, uids: Uids) -> list[SeriesNow]:
        """Series in the order of their numbers, with bundles where they hold, else with their instances."""
        with self._database.connection() as connection:
            connection.execute("set transaction isolation level repeatable read, read only")
            bound = Parameters()
            condition = _condition(scope, bound, uids)
            statement = _LOOK.format(edit=EDIT_OF, condition=condition, writer=bound.bind(__version__))
            rows = connection.execute(statement.encode(), bound.values).fetchall()
            pieces = _pieces(connection, rows)
            found = [_series(uids[0], row, pieces) for row in rows]
            return _with_instances(connection, scope, uids, found)

    def read(self, series: SeriesNow, start: int, stop: int) -> bytes:
        """Bytes of a bundle."""
        serial = series.bundle.serial if series.bundle is not None else None
        values = (start + 1, stop - start, series.series_id, serial)
        with self._database.connection() as connection:
            row = connection.execute(_READ, values, binary=True).fetchone()
        if row is None or len(row[0]) != stop - start:
            raise Unavailable("a metadata bundle was made anew while it was sent")
        return bytes(row[0])

    def keep(self, series: SeriesNow, bundle: Bundle) -> None:
        """Keep a bundle in the place of the one that the series had."""
        measure = bundle.measure
        values = (series.series_id, series.state, __version__, bundle.root, series.count)
        with self._database.connection() as connection:
            connection.execute(_KEEP, (*values, measure.crc32, measure.length, bundle.piece))


def _condition(scope: Scope, bound: Parameters, uids: Uids) -> str:
    study_uid, series_uid, instance_uid = uids
    conditions = [Reach(scope, bound).rows(series="r"), f"s.study_uid = {bound.bind(study_uid)}"]
    if series_uid is not None:
        conditions.append(f"r.series_uid = {bound.bind(series_uid)}")
    if instance_uid is not None:
        conditions.append(f"i.uid_digest = {bound.bind(uid_digest(instance_uid))}")
    return " and ".join(conditions)


def _pieces(connection: Connection, rows: Sequence[Sequence[Any]]) -> dict[int, bytes]:
    """The first bundles, as many as may be held."""
    wanted, size = [], 0
    for row in rows:
        size += row[7] or 0
        if size > HELD:
            break
        if row[7] is not None:
            wanted.append(row[0])
    if not wanted:
        return {}
    return {row[0]: bytes(row[1]) for row in connection.execute(_PIECES, (wanted,), binary=True)}


def _series(study_uid: str, row: Sequence[Any], pieces: dict[int, bytes]) -> SeriesNow:
    series_id, series_uid, count, state, root, crc32, length, size, serial = row
    bundle = None if root is None else Bundle(root, Measure(crc32, length), size, pieces.get(series_id), serial)
    return SeriesNow(series_id, study_uid, series_uid, count, state, bundle)


def _with_instances(connection: Connection, scope: Scope, uids: Uids, found: Sequence[SeriesNow]) -> list[SeriesNow]:
    """Those without bundles with their instances, as they are at the same moment."""
    instances: dict[int, list[KeptInstance]] = {each.series_id: [] for each in found if each.bundle is None}
    if not instances:
        return list(found)
    bound = Parameters()
    condition = f"{_condition(scope, bound, uids)} and r.id = any({bound.bind(list(instances))})"
    ids = {each.series_uid: each.series_id for each in found}
    for kept in located(connection, condition, bound):
        instances[ids[kept.series_uid]].append(kept)
    return [replace(each, instances=instances.get(each.series_id, ())) for each in found]
